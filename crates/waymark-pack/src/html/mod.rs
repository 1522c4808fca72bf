//! HTML content: sanitized here, once, with its inserts in place, so that each insert is known to
//! stand where its value can be made safe.

mod policy;
mod scan;

use std::collections::{BTreeMap, BTreeSet};

use waymark_engine::program::{Escape, Part, Template};
use waymark_model::fnv1a64;

use crate::declared::Desk;
use crate::diagnostic::Code;
use crate::json::At;
use crate::leaving;
use crate::template::{Hole, Piece};
use scan::{Place, Token};

/// The template of HTML, of which only what is harmless is left.
pub(crate) fn of_html(pieces: &[Piece], at: At, desk: &mut Desk<'_>) -> Option<Template> {
    let marked = Marked::of(pieces);
    let clean = policy::clean(&marked.html);
    let mut removed = removed(&scan::tokens(&marked.html), &scan::tokens(&clean));
    // An insert in the place of a name is a problem of its own.
    removed.retain(|name| !name.contains(&marked.sign));
    if !removed.is_empty() {
        let message = format!("the sanitizer took out {}", removed.join(", "));
        let problem = desk.problems.warn(Code::HtmlSanitized, at, message);
        problem.mend("leave it out: what remains is what visitors see");
    }
    marked.template(&clean, desk)
}

/// What of some HTML is harmless, as of a pack's own.
pub fn sanitized(html: &str) -> String {
    policy::clean(html)
}

/// HTML with a word for each insert.
struct Marked<'p> {
    html: String,
    /// What every such word begins with. It is letters and digits, which no parser changes, begins
    /// as the scheme of a URL may, and is made of the content's own hash, so that the content cannot
    /// contain it.
    sign: String,
    holes: Vec<&'p Hole>,
}

/// Ends the number of an insert.
const END: char = 'z';

impl<'p> Marked<'p> {
    fn of(pieces: &'p [Piece]) -> Self {
        let literals: String = pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Literal(text) => Some(text.as_str()),
                Piece::Insert(_) => None,
            })
            .collect();
        let sign = format!("wm{:016x}i", fnv1a64(literals.as_bytes()));
        let mut marked = Self { html: String::new(), sign, holes: Vec::new() };
        for piece in pieces {
            match piece {
                Piece::Literal(text) => marked.html.push_str(text),
                Piece::Insert(hole) => {
                    let mark = format!("{}{}{END}", marked.sign, marked.holes.len());
                    marked.html.push_str(&mark);
                    marked.holes.push(hole);
                }
            }
        }
        marked
    }

    /// Puts the inserts back, each escaped for where its mark came to stand.
    fn template(&self, clean: &str, desk: &mut Desk<'_>) -> Option<Template> {
        let places = scan::tokens(clean);
        let mut parts = Vec::new();
        let mut placed = BTreeSet::new();
        let mut misplaced = BTreeSet::new();
        let mut astray = BTreeSet::new();
        let mut rest = 0;
        while let Some(found) = clean[rest..].find(&self.sign) {
            let start = rest + found;
            let digits = &clean[start + self.sign.len()..];
            let length = digits.find(END)?;
            let number = digits[..length].parse::<usize>().ok()?;
            let hole = *self.holes.get(number)?;
            if start > rest {
                parts.push(Part::Literal(clean[rest..start].to_owned()));
            }
            if self.may_leave(&places, clean, start) {
                astray.insert(number);
            }
            match escape(&places, clean, start) {
                Some(escape) => {
                    placed.insert(number);
                    parts.push(Part::Insert(hole.clone().escaped(escape)));
                }
                None => {
                    misplaced.insert(number);
                }
            }
            rest = start + self.sign.len() + length + END.len_utf8();
        }
        if rest < clean.len() {
            parts.push(Part::Literal(clean[rest..].to_owned()));
        }
        let mut right = true;
        for (number, hole) in self.holes.iter().enumerate() {
            if !placed.contains(&number) || misplaced.contains(&number) {
                right = false;
                let message = "no value can be shown here safely";
                desk.problems
                    .error(Code::TemplateMisplaced, hole.at, message)
                    .mend("an insert stands in text, or in the value of an attribute that is kept");
            }
        }
        for number in astray {
            right = false;
            desk.problems.error(Code::UnsafeUrl, self.holes[number].at, leaving::LEAVES);
        }
        right.then_some(Template(parts))
    }

    /// Whether the insert at a place is in an address that names another host when its values are empty.
    fn may_leave(&self, tokens: &[Token<'_>], clean: &str, start: usize) -> bool {
        let Some(token) = token_at(tokens, start) else { return false };
        let Place::Value { name, .. } = &token.place else { return false };
        if !policy::is_url(name) {
            return false;
        }
        let mut pieces = Vec::new();
        let mut rest = &clean[token.range.clone()];
        while let Some((before, marked)) = rest.split_once(self.sign.as_str()) {
            let Some((digits, after)) = marked.split_once(END) else { return false };
            let hole = digits.parse::<usize>().ok().and_then(|number| self.holes.get(number));
            let Some(hole) = hole else { return false };
            pieces.extend([Piece::Literal(before.to_owned()), Piece::Insert((*hole).clone())]);
            rest = after;
        }
        pieces.push(Piece::Literal(rest.to_owned()));
        leaving::may(&pieces)
    }
}

fn token_at<'t, 'h>(tokens: &'t [Token<'h>], start: usize) -> Option<&'t Token<'h>> {
    let before = tokens.partition_point(|token| token.range.start <= start);
    tokens.get(before.checked_sub(1)?).filter(|token| start < token.range.end)
}

/// How a value is made safe at a place of sanitized HTML, if it can be.
fn escape(tokens: &[Token<'_>], clean: &str, start: usize) -> Option<Escape> {
    let token = token_at(tokens, start)?;
    match &token.place {
        Place::Text => Some(Escape::Text),
        Place::Value { name, .. } if policy::is_url(name) => {
            // Control characters and spaces in front of a URL do not count.
            let front = &clean[token.range.start..start];
            let begins = front.chars().all(|c| c <= ' ');
            Some(if begins { Escape::Url } else { Escape::UrlPart })
        }
        Place::Value { .. } => Some(Escape::Attribute),
        Place::Element { .. } | Place::Attribute { .. } => None,
    }
}

/// What was there before and is not afterwards, named as a marketer wrote it.
fn removed(before: &[Token<'_>], after: &[Token<'_>]) -> Vec<String> {
    let (before, after) = (Inventory::of(before), Inventory::of(after));
    let mut names: BTreeSet<String> = before
        .elements
        .iter()
        .filter(|(name, count)| after.elements.get(*name).is_none_or(|left| left < count))
        .map(|(name, _)| format!("`<{name}>`"))
        .collect();
    for ((element, name), count) in &before.attributes {
        let left = after.attributes.get(&(element.clone(), name.clone()));
        let kept = after.elements.contains_key(element);
        if kept && left.is_none_or(|left| left < count) {
            names.insert(format!("`{name}` of `<{element}>`"));
        }
    }
    names.into_iter().collect()
}

/// How often each element and attribute occurs.
#[derive(Default)]
struct Inventory {
    elements: BTreeMap<String, usize>,
    attributes: BTreeMap<(String, String), usize>,
}

impl Inventory {
    fn of(tokens: &[Token<'_>]) -> Self {
        let mut inventory = Self::default();
        for token in tokens {
            match &token.place {
                Place::Element { name } => {
                    *inventory.elements.entry(name.to_ascii_lowercase()).or_default() += 1;
                }
                Place::Attribute { element, name } => {
                    let key = (element.to_ascii_lowercase(), name.to_ascii_lowercase());
                    *inventory.attributes.entry(key).or_default() += 1;
                }
                Place::Text | Place::Value { .. } => {}
            }
        }
        inventory
    }
}
