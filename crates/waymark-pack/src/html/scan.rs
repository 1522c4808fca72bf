//! Where text, elements and attributes stand in HTML.
//!
//! Sanitized HTML is read exactly. HTML as somebody wrote it is read well enough to say what the
//! sanitizer took out of it; nothing that concerns safety depends on that.

use std::ops::Range;

#[derive(Debug)]
pub(super) struct Token<'h> {
    pub range: Range<usize>,
    pub place: Place<'h>,
}

#[derive(Debug)]
pub(super) enum Place<'h> {
    Text,
    /// The name in an opening tag.
    Element {
        name: &'h str,
    },
    /// The name of an attribute.
    Attribute {
        element: &'h str,
        name: &'h str,
    },
    /// The value of an attribute, without quotes.
    Value {
        name: &'h str,
    },
}

/// Elements whose content is text up to their end tag.
const RAW: [&str; 9] =
    ["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes", "noscript"];

pub(super) fn tokens(html: &str) -> Vec<Token<'_>> {
    let mut scanner = Scanner { html, at: 0, tokens: Vec::new() };
    while scanner.at < html.len() {
        scanner.step();
    }
    scanner.tokens
}

struct Scanner<'h> {
    html: &'h str,
    at: usize,
    tokens: Vec<Token<'h>>,
}

impl<'h> Scanner<'h> {
    fn rest(&self) -> &'h str {
        &self.html[self.at..]
    }

    fn push(&mut self, range: Range<usize>, place: Place<'h>) {
        self.tokens.push(Token { range, place });
    }

    fn step(&mut self) {
        let rest = self.rest();
        if rest.starts_with("<!--") {
            self.skip_past("-->");
        } else if rest.starts_with("</") || rest.starts_with("<!") || rest.starts_with("<?") {
            self.skip_past(">");
        } else if rest.as_bytes().first() == Some(&b'<')
            && rest.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic)
        {
            self.tag();
        } else {
            // A `<` that begins no tag is text.
            let skip = usize::from(rest.starts_with('<'));
            let length = rest[skip..].find('<').map_or(rest.len(), |next| next + skip);
            self.push(self.at..self.at + length, Place::Text);
            self.at += length;
        }
    }

    fn skip_past(&mut self, end: &str) {
        let rest = self.rest();
        self.at += rest.find(end).map_or(rest.len(), |found| found + end.len());
    }

    fn tag(&mut self) {
        self.at += 1;
        let element = self.name(|c| c == '>' || c == '/' || c.is_ascii_whitespace());
        let start = self.at - element.len();
        self.push(start..self.at, Place::Element { name: element });
        while self.attribute(element) {}
        if let Some(name) = RAW.iter().find(|name| element.eq_ignore_ascii_case(name)) {
            self.skip_raw(name);
        }
    }

    /// Reads one attribute; `false` once the tag is over.
    fn attribute(&mut self, element: &'h str) -> bool {
        self.name(|c| !(c == '/' || c.is_ascii_whitespace()));
        if self.rest().is_empty() {
            return false;
        }
        if self.rest().starts_with('>') {
            self.at += 1;
            return false;
        }
        let start = self.at;
        // An equals sign in front belongs to the name.
        if self.rest().starts_with('=') {
            self.at += 1;
        }
        self.name(|c| matches!(c, '=' | '>' | '/') || c.is_ascii_whitespace());
        let name = &self.html[start..self.at];
        self.push(start..self.at, Place::Attribute { element, name });
        let before = self.at;
        self.name(|c| !c.is_ascii_whitespace());
        if !self.rest().starts_with('=') {
            self.at = before;
            return true;
        }
        self.at += 1;
        self.name(|c| !c.is_ascii_whitespace());
        let quote = self.rest().chars().next().filter(|c| matches!(c, '"' | '\''));
        if let Some(quote) = quote {
            self.at += 1;
            let start = self.at;
            self.name(|c| c == quote);
            self.push(start..self.at, Place::Value { name });
            self.at = (self.at + 1).min(self.html.len());
        } else {
            let start = self.at;
            self.name(|c| c == '>' || c.is_ascii_whitespace());
            self.push(start..self.at, Place::Value { name });
        }
        true
    }

    /// What stands before the next character that `ends` it.
    fn name(&mut self, ends: impl Fn(char) -> bool) -> &'h str {
        let rest = self.rest();
        let length = rest.find(ends).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn skip_raw(&mut self, name: &str) {
        let bytes = self.rest().as_bytes();
        let end = (0..bytes.len()).find(|at| {
            bytes[*at..].starts_with(b"</")
                && bytes
                    .get(at + 2..at + 2 + name.len())
                    .is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes()))
        });
        self.at += end.unwrap_or(bytes.len());
    }
}
