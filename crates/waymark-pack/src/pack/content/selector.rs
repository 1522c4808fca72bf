//! Whether a text is a selector of CSS: a page that is asked with anything else throws.
//!
//! Of Selectors Level 4 what pages need: types, `*`, ids, classes, attributes, the pseudo-classes
//! below, and combinators.

const PLAIN: [&str; 14] = [
    "first-child",
    "last-child",
    "only-child",
    "first-of-type",
    "last-of-type",
    "only-of-type",
    "empty",
    "root",
    "checked",
    "disabled",
    "enabled",
    "required",
    "optional",
    "link",
];
const OF_SELECTORS: [&str; 4] = ["not", "is", "where", "has"];
const OF_NUMBERS: [&str; 4] = ["nth-child", "nth-last-child", "nth-of-type", "nth-last-of-type"];
/// Selectors inside each other.
const DEPTH: usize = 3;

pub(super) fn is_valid(text: &str) -> bool {
    let mut reader = Reader { rest: text };
    reader.list(DEPTH, false).is_some() && reader.rest.is_empty()
}

struct Reader<'t> {
    rest: &'t str,
}

impl<'t> Reader<'t> {
    /// `relative` lets each begin with a combinator, as in `:has(> a)`.
    fn list(&mut self, depth: usize, relative: bool) -> Option<()> {
        loop {
            self.space();
            if relative && self.eat(['>', '+', '~']) {
                self.space();
            }
            self.complex(depth)?;
            self.space();
            if !self.eat([',']) {
                return Some(());
            }
        }
    }

    fn complex(&mut self, depth: usize) -> Option<()> {
        self.compound(depth)?;
        loop {
            let spaced = self.space();
            if self.eat(['>', '+', '~']) {
                self.space();
            } else if !spaced || self.rest.is_empty() || self.rest.starts_with([',', ')']) {
                return Some(());
            }
            self.compound(depth)?;
        }
    }

    fn compound(&mut self, depth: usize) -> Option<()> {
        let mut found = self.eat(['*']) || self.name().is_some();
        loop {
            if self.eat(['#', '.']) {
                self.name()?;
            } else if self.eat(['[']) {
                self.attribute()?;
            } else if self.eat([':']) {
                self.pseudo(depth)?;
            } else {
                return found.then_some(());
            }
            found = true;
        }
    }

    fn attribute(&mut self) -> Option<()> {
        self.space();
        self.name()?;
        self.space();
        if self.eat([']']) {
            return Some(());
        }
        self.eat(['~', '|', '^', '$', '*']);
        self.eat(['=']).then_some(())?;
        self.space();
        match self.rest.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inside = &self.rest[1..];
                let end = inside.find([quote, '\\', '\n', '\r', '\x0c'])?;
                self.rest = inside[end..].strip_prefix(quote)?;
            }
            _ => {
                self.name()?;
            }
        }
        self.space();
        if self.eat(['i', 's']) {
            self.space();
        }
        self.eat([']']).then_some(())
    }

    fn pseudo(&mut self, depth: usize) -> Option<()> {
        let name = self.name()?;
        if PLAIN.contains(&name) {
            return Some(());
        }
        self.eat(['(']).then_some(())?;
        if OF_SELECTORS.contains(&name) {
            self.list(depth.checked_sub(1)?, name == "has")?;
        } else if OF_NUMBERS.contains(&name) {
            let end = self.rest.find(')')?;
            let (formula, rest) = self.rest.split_at(end);
            is_formula(formula.trim()).then_some(())?;
            self.rest = rest;
        } else {
            return None;
        }
        self.space();
        self.eat([')']).then_some(())
    }

    /// An identifier without escapes.
    fn name(&mut self) -> Option<&'t str> {
        let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_' || !c.is_ascii();
        let length = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(length);
        let begins = name.strip_prefix('-').unwrap_or(name);
        let good = begins.starts_with(|c: char| !c.is_ascii_digit() && c != '-');
        if !good {
            return None;
        }
        self.rest = rest;
        Some(name)
    }

    fn space(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']);
        self.rest.len() < before
    }

    fn eat<const N: usize>(&mut self, signs: [char; N]) -> bool {
        self.rest.strip_prefix(signs).is_some_and(|rest| {
            self.rest = rest;
            true
        })
    }
}

/// `odd`, `even`, `3`, `2n`, `-n+3`.
fn is_formula(text: &str) -> bool {
    let digits = |text: &str| text.len() <= 4 && text.bytes().all(|b| b.is_ascii_digit());
    if matches!(text, "odd" | "even") {
        return true;
    }
    match text.split_once('n') {
        None => !text.is_empty() && digits(text),
        Some((steps, rest)) => {
            let rest = rest.trim();
            let offset = rest.strip_prefix(['+', '-']).map(str::trim);
            digits(steps.strip_prefix(['+', '-']).unwrap_or(steps))
                && (rest.is_empty() || offset.is_some_and(|o| !o.is_empty() && digits(o)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn selectors_are_told_from_what_throws() {
        for good in [
            "#buy",
            "a",
            "*",
            ".price > b",
            "[data-id=\"7\"] a",
            "ul li:nth-child(2n + 1)",
            "a,b , c",
            "main:has(> .sale) a:not(.x, #y)",
            "[href^='/p' i]",
            "li:first-child",
            "a + b ~ c",
            "[data-waymark-slot=hero] img",
            "-x",
            "p:nth-of-type(odd)",
            ".帐篷",
        ] {
            assert!(is_valid(good), "{good}");
        }
        for bad in [
            "",
            " ",
            "a >",
            "> a",
            "#",
            "..x",
            "#1",
            "a:hover(",
            "a::before",
            "[x",
            "[x=]",
            "a,,b",
            "a{",
            "a:foo",
            "a:nth-child()",
            "a:nth-child(n n)",
            "\\41",
            "a:not(",
            "a)",
            "[x=\"\n\"]",
            "a:not(b:not(c:not(d:not(e))))",
            "a:is()",
            "a/**/b",
            "--x",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
