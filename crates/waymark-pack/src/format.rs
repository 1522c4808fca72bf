//! One layout for every pack, with its comments.
//!
//! Two spaces deeper for each object and list; what was written on one line stays on it while it is
//! short enough; what its author opened over several lines stays open; at most one empty line between
//! members. Strings and numbers stay as they are written. A pack that has comments or trailing commas
//! gets a comma after every last member, any other none. To format what was formatted changes nothing.

use crate::input::File;
use crate::json;
use crate::problem::Problems;
use crate::{Report, json::Node};

/// Characters in a line; only a string or a comment makes one longer.
const WIDTH: usize = 120;

/// A source in the one layout, or what keeps it from being read.
pub fn format(source: &str) -> Result<String, Report> {
    let mut problems = Problems::default();
    let Some(root) = json::parse(source, &mut problems) else {
        return Err(problems.into_report(&[File {
            name: None,
            text: source,
            start: 0,
            root: None,
        }]));
    };
    let formatted = Document::of(source).written();
    // A mistake of the layout must not cost anybody a pack.
    let same = json::parse(&formatted, &mut Problems::default());
    if same.is_some_and(|same| same_json(&root, &same)) {
        return Ok(formatted);
    }
    Ok(source.to_owned())
}

fn same_json(one: &Node, other: &Node) -> bool {
    use json::Json::{Array, Bool, Null, Number, Object, Text};
    match (&one.json, &other.json) {
        (Null, Null) => true,
        (Bool(one), Bool(other)) => one == other,
        (Number(one), Number(other)) => one.to_bits() == other.to_bits(),
        (Text(one), Text(other)) => one == other,
        (Array(one), Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| same_json(a, b))
        }
        (Object(one), Object(other)) => {
            let same = |(a, b): (&json::Member, &json::Member)| {
                a.key == b.key && same_json(&a.value, &b.value)
            };
            one.len() == other.len() && one.iter().zip(other).all(same)
        }
        _ => false,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    Close,
    Comma,
    Colon,
    Scalar,
    Comment,
}

#[derive(Debug, Clone, Copy)]
struct Token<'s> {
    kind: Kind,
    text: &'s str,
    /// Line breaks since the token before it.
    breaks: usize,
}

/// The tokens of a source that is known to be right.
fn tokens(source: &str) -> Vec<Token<'_>> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut at = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut breaks = 0;
    while let Some(c) = source.get(at..).and_then(|rest| rest.chars().next()) {
        if c.is_whitespace() {
            breaks += usize::from(c == '\n' || (c == '\r' && bytes.get(at + 1) != Some(&b'\n')));
            at += c.len_utf8();
            continue;
        }
        let rest = &source[at..];
        let (kind, length) = match c {
            '{' | '[' => (Kind::Open, 1),
            '}' | ']' => (Kind::Close, 1),
            ',' => (Kind::Comma, 1),
            ':' => (Kind::Colon, 1),
            '"' => (Kind::Scalar, string(rest)),
            '/' if rest.starts_with("/*") => {
                (Kind::Comment, rest[2..].find("*/").map_or(rest.len(), |end| end + 4))
            }
            '/' => (Kind::Comment, rest.find(['\n', '\r']).unwrap_or(rest.len())),
            _ => {
                let ends = |c: char| c.is_whitespace() || "{}[],:/\"".contains(c);
                (Kind::Scalar, rest.find(ends).unwrap_or(rest.len()).max(c.len_utf8()))
            }
        };
        tokens.push(Token { kind, text: &rest[..length], breaks });
        breaks = 0;
        at += length;
    }
    tokens
}

/// Bytes of the string that a text begins with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[derive(Debug)]
struct Document<'s> {
    before: Vec<Comment<'s>>,
    root: Item<'s>,
    after: Vec<Comment<'s>>,
    commas: bool,
}

#[derive(Debug)]
enum Value<'s> {
    Scalar(&'s str),
    Group {
        brackets: (&'s str, &'s str),
        items: Vec<Item<'s>>,
        /// Whether its author began it on a new line.
        open: bool,
        /// Comments after its last item.
        last: Vec<Comment<'s>>,
    },
}

#[derive(Debug)]
struct Item<'s> {
    comments: Vec<Comment<'s>>,
    /// Whether an empty line stands before it.
    apart: bool,
    key: Option<&'s str>,
    value: Value<'s>,
    /// Comments behind it on its line.
    behind: Vec<Comment<'s>>,
}

#[derive(Debug)]
struct Comment<'s> {
    text: &'s str,
    apart: bool,
}

impl Comment<'_> {
    fn ends_line(&self) -> bool {
        self.text.starts_with("//")
    }
}

impl<'s> Document<'s> {
    fn of(source: &'s str) -> Self {
        let tokens = tokens(source);
        let mut reader = Reader { tokens: &tokens, at: 0 };
        let mut before = Vec::new();
        let mut root = reader.item(&mut before);
        let mut after = Vec::new();
        while let Some(token) = reader.next() {
            match token.kind {
                Kind::Comment
                    if token.breaks == 0
                        && after.is_empty()
                        && !root.behind.iter().any(Comment::ends_line) =>
                {
                    root.behind.push(token.comment());
                }
                Kind::Comment => after.push(token.comment()),
                _ => {}
            }
        }
        let commas = tokens.iter().any(|token| token.kind == Kind::Comment)
            || tokens
                .windows(2)
                .any(|pair| pair[0].kind == Kind::Comma && pair[1].kind == Kind::Close);
        Self { before, root, after, commas }
    }

    fn written(&self) -> String {
        let mut out = Writer { text: String::new(), commas: self.commas };
        let mut first = true;
        for comment in self.before.iter().chain(&self.root.comments) {
            out.own_line(comment, 0, &mut first);
        }
        if self.root.apart && !first {
            out.text.push('\n');
        }
        out.value(&self.root.value, 0, 0, true);
        out.behind(&self.root.behind);
        out.text.push('\n');
        first = false;
        for comment in &self.after {
            out.own_line(comment, 0, &mut first);
        }
        out.text
    }
}

struct Reader<'t, 's> {
    tokens: &'t [Token<'s>],
    at: usize,
}

impl<'s> Token<'s> {
    const fn comment(&self) -> Comment<'s> {
        Comment { text: self.text, apart: self.breaks > 1 }
    }
}

impl<'s> Reader<'_, 's> {
    fn next(&mut self) -> Option<Token<'s>> {
        let token = self.tokens.get(self.at).copied();
        self.at += usize::from(token.is_some());
        token
    }

    fn peek(&self) -> Option<Token<'s>> {
        self.tokens.get(self.at).copied()
    }

    /// The item that begins here, behind the comments that were read before it.
    fn item(&mut self, before: &mut Vec<Comment<'s>>) -> Item<'s> {
        let mut comments = std::mem::take(before);
        let mut key = None;
        let mut apart = None;
        loop {
            let Some(token) = self.next() else {
                let value = Value::Scalar("");
                return Item { comments, apart: false, key, value, behind: Vec::new() };
            };
            if token.kind != Kind::Comment {
                apart.get_or_insert(token.breaks > 1);
            }
            let value = match token.kind {
                Kind::Comment => {
                    // One between a key and its value comes to stand above both.
                    let apart = apart.is_none() && token.breaks > 1;
                    comments.push(Comment { text: token.text, apart });
                    continue;
                }
                Kind::Open => self.group(token.text),
                Kind::Scalar if self.is_key() => {
                    key = Some(token.text);
                    continue;
                }
                Kind::Scalar => Value::Scalar(token.text),
                Kind::Close | Kind::Comma | Kind::Colon => continue,
            };
            let apart = apart.unwrap_or_default();
            return Item { comments, apart, key, value, behind: Vec::new() };
        }
    }

    /// Whether what was read is followed by a colon.
    fn is_key(&self) -> bool {
        let rest = self.tokens[self.at..].iter();
        rest.map(|token| token.kind).find(|kind| *kind != Kind::Comment) == Some(Kind::Colon)
    }

    fn group(&mut self, opening: &'s str) -> Value<'s> {
        let open = self.peek().is_some_and(|token| token.breaks > 0);
        let mut items: Vec<Item<'s>> = Vec::new();
        let mut comments = Vec::new();
        let mut closing = if opening == "{" { "}" } else { "]" };
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Close => {
                    closing = token.text;
                    self.at += 1;
                    break;
                }
                Kind::Comma | Kind::Colon => self.at += 1,
                Kind::Comment => {
                    self.at += 1;
                    match items.last_mut() {
                        Some(item)
                            if comments.is_empty()
                                && self.is_behind(token)
                                && !item.behind.iter().any(Comment::ends_line) =>
                        {
                            item.behind.push(Comment { text: token.text, apart: false });
                        }
                        _ => comments.push(token.comment()),
                    }
                }
                Kind::Open | Kind::Scalar => items.push(self.item(&mut comments)),
            }
        }
        Value::Group { brackets: (opening, closing), items, open, last: comments }
    }

    /// Whether a comment, which was just read, belongs to the item on its left.
    fn is_behind(&self, comment: Token<'s>) -> bool {
        let next = self.peek();
        let more = next
            .is_some_and(|next| next.breaks == 0 && matches!(next.kind, Kind::Open | Kind::Scalar));
        comment.breaks == 0 && !more
    }
}

impl Value<'_> {
    /// Whether it cannot stand on one line, whatever its length.
    fn is_open(&self) -> bool {
        let Self::Group { items, open, last, .. } = self else { return false };
        let plain =
            items.iter().all(|item| item.key.is_none() && matches!(item.value, Value::Scalar(_)));
        (*open && !plain)
            || !last.is_empty()
            || items.iter().any(|item| {
                !item.comments.is_empty() || !item.behind.is_empty() || item.value.is_open()
            })
    }

    /// Characters of it on one line.
    fn width(&self) -> usize {
        match self {
            Self::Scalar(text) => text.chars().count(),
            Self::Group { items, .. } if items.is_empty() => 2,
            Self::Group { brackets, items, .. } => {
                let inside: usize = items.iter().map(Item::width).sum();
                let padding = if brackets.0 == "{" { 2 } else { 0 };
                2 + padding + inside + 2 * (items.len() - 1)
            }
        }
    }
}

impl Item<'_> {
    fn width(&self) -> usize {
        self.key.map_or(0, |key| key.chars().count() + 2) + self.value.width()
    }
}

struct Writer {
    text: String,
    commas: bool,
}

impl Writer {
    fn indent(&mut self, depth: usize) {
        self.text.extend(std::iter::repeat_n("  ", depth));
    }

    /// `used` characters stand before it on its line, behind the indent.
    fn value(&mut self, value: &Value<'_>, depth: usize, used: usize, whole: bool) {
        let Value::Group { brackets, items, last, .. } = value else {
            if let Value::Scalar(text) = value {
                self.text.push_str(text);
            }
            return;
        };
        let empty = items.is_empty() && last.is_empty();
        let fits = 2 * depth + used + value.width() < WIDTH;
        if empty || (fits && !whole && !value.is_open()) {
            return self.flat(value);
        }
        self.text.push_str(brackets.0);
        self.text.push('\n');
        let mut first = true;
        for (number, item) in items.iter().enumerate() {
            for comment in &item.comments {
                self.own_line(comment, depth + 1, &mut first);
            }
            if item.apart && !first {
                self.text.push('\n');
            }
            first = false;
            self.indent(depth + 1);
            let mut used = 0;
            if let Some(key) = item.key {
                self.text.push_str(key);
                self.text.push_str(": ");
                used = key.chars().count() + 2;
            }
            self.value(&item.value, depth + 1, used, false);
            if self.commas || number + 1 < items.len() {
                self.text.push(',');
            }
            self.behind(&item.behind);
            self.text.push('\n');
        }
        for comment in last {
            self.own_line(comment, depth + 1, &mut first);
        }
        self.indent(depth);
        self.text.push_str(brackets.1);
    }

    fn flat(&mut self, value: &Value<'_>) {
        let (brackets, items) = match value {
            Value::Scalar(text) => return self.text.push_str(text),
            Value::Group { brackets, items, .. } => (brackets, items),
        };
        let padded = brackets.0 == "{" && !items.is_empty();
        self.text.push_str(brackets.0);
        self.text.push_str(if padded { " " } else { "" });
        for (number, item) in items.iter().enumerate() {
            self.text.push_str(if number == 0 { "" } else { ", " });
            if let Some(key) = item.key {
                self.text.push_str(key);
                self.text.push_str(": ");
            }
            self.flat(&item.value);
        }
        self.text.push_str(if padded { " " } else { "" });
        self.text.push_str(brackets.1);
    }

    fn own_line(&mut self, comment: &Comment<'_>, depth: usize, first: &mut bool) {
        if comment.apart && !*first {
            self.text.push('\n');
        }
        *first = false;
        self.indent(depth);
        self.comment(comment.text);
        self.text.push('\n');
    }

    fn behind(&mut self, comments: &[Comment<'_>]) {
        for comment in comments {
            self.text.push(' ');
            self.comment(comment.text);
        }
    }

    fn comment(&mut self, text: &str) {
        // A block comment keeps its lines as they are.
        let text = if text.starts_with("//") { text.trim_end() } else { text };
        self.text.push_str(&text.replace("\r\n", "\n"));
    }
}
