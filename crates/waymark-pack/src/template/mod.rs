//! Templates: `{{ path | filter: arg, arg }}` inside text.

mod filter;
mod json;

use waymark_engine::program::{Escape, Filter, Insert, Part, Path, Root, Template};
use waymark_model::Value;

use crate::condition::{Subject, path_of_visitor};
use crate::declared::{Desk, Scope};
use crate::diagnostic::Code;
use crate::json::{At, place_in_text};
use crate::problem::shown;

pub(crate) use json::Written;

/// A piece of a template, whose values are not yet escaped for any place.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Literal(String),
    Insert(Hole),
}

#[derive(Debug, Clone)]
pub(crate) struct Hole {
    pub at: At,
    pub path: Path,
    pub filters: Vec<Filter>,
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
/// The BCP 47 tag of content in no particular language.
pub(crate) const NO_LOCALE: &str = "und";

/// The pieces of a text that stands in the source as the string `literal`, and is shown in a locale.
pub(crate) fn parse(
    text: &str,
    literal: At,
    locale: &str,
    desk: &mut Desk<'_>,
) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut right = true;
    let mut rest = 0;
    while let Some(open) = text[rest..].find(OPEN) {
        let open = rest + open;
        let inside = open + OPEN.len();
        let Some(close) = closing(&text[inside..]) else {
            let at = at(desk.source, literal, open, inside);
            let message = "`{{` has no `}}`";
            desk.problems
                .error(Code::BadTemplate, at, message)
                .mend("write for example {{ traits.firstName | default: 'friend' }}");
            return None;
        };
        let close = inside + close;
        if open > rest {
            pieces.push(Piece::Literal(text[rest..open].to_owned()));
        }
        let mut reader = Reader { text, literal, locale, at: inside, end: close };
        match reader.hole(open, desk) {
            Some(hole) => pieces.push(Piece::Insert(hole)),
            None => right = false,
        }
        rest = close + CLOSE.len();
    }
    if rest < text.len() {
        pieces.push(Piece::Literal(text[rest..].to_owned()));
    }
    right.then_some(pieces)
}

/// The template of plain text, in which nothing needs an escape.
pub(crate) fn of_text(pieces: Vec<Piece>) -> Template {
    let parts = pieces.into_iter().map(|piece| match piece {
        Piece::Literal(text) => Part::Literal(text),
        Piece::Insert(hole) => Part::Insert(hole.escaped(Escape::None)),
    });
    Template(parts.collect())
}

impl Hole {
    pub fn escaped(self, escape: Escape) -> Insert {
        Insert { path: self.path, filters: self.filters, escape }
    }
}

/// Where `}}` stands outside quotes.
fn closing(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            None if text[at..].starts_with(CLOSE) => return Some(at),
            _ => {}
        }
    }
    None
}

fn at(source: &str, literal: At, start: usize, end: usize) -> At {
    let start = place_in_text(source, literal, start);
    At { start, end: place_in_text(source, literal, end).max(start) }
}

/// Reads what stands between the braces.
struct Reader<'t> {
    text: &'t str,
    literal: At,
    locale: &'t str,
    at: usize,
    end: usize,
}

impl<'t> Reader<'t> {
    fn hole(&mut self, open: usize, desk: &mut Desk<'_>) -> Option<Hole> {
        self.skip_space();
        let start = self.at;
        let path = self.word();
        if path.is_empty() {
            return self.refuse(start, "an insert begins with a path", desk);
        }
        let path = visitor_path(path, self.place(desk, start, self.at), desk);
        let mut filters = Some(Vec::new());
        self.skip_space();
        while self.at < self.end {
            if !self.eat('|') {
                let message = "after a path or a filter comes `|` or `}}`";
                return self.refuse(self.at, message, desk);
            }
            let filter = self.filter(desk);
            filters = filters.zip(filter).map(|(mut filters, filter): (Vec<Filter>, _)| {
                filters.push(filter);
                filters
            });
            self.skip_space();
        }
        let at = self.place(desk, open, self.end + CLOSE.len());
        Some(Hole { at, path: path?, filters: filters? })
    }

    fn filter(&mut self, desk: &mut Desk<'_>) -> Option<Filter> {
        self.skip_space();
        let start = self.at;
        let name = self.word();
        let named = self.place(desk, start, self.at);
        self.skip_space();
        if name.is_empty() {
            return self.refuse(start, "after `|` comes a filter", desk);
        }
        let mut arguments = Vec::new();
        if self.eat(':') {
            arguments.push(self.argument(desk)?);
            self.skip_space();
            while self.eat(',') {
                arguments.push(self.argument(desk)?);
                self.skip_space();
            }
        }
        filter::filter(name, arguments, self.locale, named, desk)
    }

    fn argument(&mut self, desk: &mut Desk<'_>) -> Option<Value> {
        self.skip_space();
        let start = self.at;
        for quote in ['\'', '"'] {
            if self.eat(quote) {
                let inside = self.rest();
                let length = inside.find(quote)?;
                self.at += length + quote.len_utf8();
                return Some(Value::Text(inside[..length].to_owned()));
            }
        }
        let word = self.word();
        match word.parse::<f64>().ok().filter(|number| number.is_finite()) {
            Some(number) => Some(Value::Number(number + 0.0)),
            None => self.refuse(start, "an argument is a number, or text in quotes", desk),
        }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..self.end]
    }

    /// Up to the next space, filter or argument.
    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let stops = |c: char| c.is_whitespace() || "|:,'\"{}".contains(c);
        let length = rest.find(stops).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn skip_space(&mut self) {
        self.at = self.end - self.rest().trim_start().len();
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn place(&self, desk: &Desk<'_>, start: usize, end: usize) -> At {
        at(desk.source, self.literal, start, end)
    }

    fn refuse<T>(&self, start: usize, message: &str, desk: &mut Desk<'_>) -> Option<T> {
        // When nothing is left, the closing braces are what surprises.
        let end = if start < self.end { self.end } else { self.end + CLOSE.len() };
        let at = self.place(desk, start, end);
        desk.problems.error(Code::BadTemplate, at, message);
        None
    }
}

pub(crate) fn visitor_path(path: &str, at: At, desk: &mut Desk<'_>) -> Option<Path> {
    if let Some(rest) = path.strip_prefix("item") {
        return item_path(path, rest, at, desk);
    }
    let (root, key) = path.split_once('.').unwrap_or((path, ""));
    let of_messages = OF_MESSAGES.into_iter().find(|(name, _)| *name == root);
    if let Some((root, known)) = of_messages.filter(|_| desk.declared.scope == Scope::Message) {
        return message_path(root, key, known, at, desk);
    }
    let (subject, _) = path_of_visitor(path, at, desk)?;
    Some(match subject {
        Subject::Path(path) => path,
        Subject::Session(key) => Path { root: Root::Session, keys: vec![key.name().to_owned()] },
        Subject::Feature(id) => Path { root: Root::Feature, keys: vec![id] },
        Subject::Score(id) => Path { root: Root::Score, keys: vec![id] },
        Subject::Time(key, _) => Path { root: Root::Time, keys: vec![key.name().to_owned()] },
        // No path names one.
        Subject::Remembered(_) => return None,
    })
}

/// What templates of messages may read besides.
const OF_MESSAGES: [(&str, &[&str]); 2] = [
    (
        "message",
        &[
            "id",
            "name",
            "destination",
            "trigger",
            "journey",
            "step",
            "key",
            "at",
            "survey",
            "link",
            "due",
            "overdue",
        ],
    ),
    ("visitor", &["id", "userId", "anonymousId"]),
];

/// What is read of a message, or of whom it is to.
fn message_path(
    root: &str,
    key: &str,
    known: &[&str],
    at: At,
    desk: &mut Desk<'_>,
) -> Option<Path> {
    if known.contains(&key) {
        return Some(Path { root: Root::Item, keys: vec![root.to_owned(), key.to_owned()] });
    }
    let message = format!("{} has no {}", shown(root), shown(key));
    let problem = desk.problems.error(Code::UnknownPath, at, message);
    problem.mean(key, known.iter().copied());
    None
}

/// `item`, or `item.` and what is read of it.
fn item_path(path: &str, rest: &str, at: At, desk: &mut Desk<'_>) -> Option<Path> {
    let keys: Vec<String> = rest.split('.').skip(1).map(str::to_owned).collect();
    let whole = rest.is_empty();
    if !(whole || rest.starts_with('.')) || keys.iter().any(String::is_empty) {
        let message = format!("{} is no path", shown(path));
        desk.problems.error(Code::UnknownPath, at, message).mend("write for example item.title");
        return None;
    }
    if desk.declared.scope != Scope::List {
        let message = "there is an item in `each` only";
        desk.problems.error(Code::UnknownPath, at, message);
        return None;
    }
    let known = desk.declared.fields.as_ref();
    if let (Some(fields), Some(field)) = (known, keys.first())
        && !fields.contains(field)
    {
        let names: Vec<String> = fields.iter().cloned().collect();
        let message = format!("the catalogue declares no field {}", shown(field));
        let problem = desk.problems.warn(Code::UnknownProperty, at, message);
        problem.mean(field, names.iter().map(String::as_str));
    }
    Some(Path { root: Root::Item, keys })
}
