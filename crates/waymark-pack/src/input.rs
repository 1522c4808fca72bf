//! What is compiled: a pack's file, and the parts that its `include` names.
//!
//! The parts are laid behind the pack, as if all were one text, so that a position says which file it
//! is in. So is the file of the catalogue's rows, one on each line. A part is an object of the pack's own keys: what it has is added to what is there, objects
//! by key and lists at their end. Nothing replaces anything: the same key in two files is an error.

use std::borrow::Cow;
use std::rc::Rc;

use waymark_model::{Timestamp, limits};

use crate::diagnostic::{Code, Report};
use crate::json::{self, At, Json, Member, Node};
use crate::language::quote;
use crate::problem::{Problems, shown};

/// A pack with everything that belongs to it.
#[derive(Debug, Clone, Default)]
pub struct Input<'s> {
    /// The pack's JSON.
    pub text: &'s str,
    /// The parts that its `include` names, in their order; `None` where nobody reads files: then a pack
    /// with `include` is refused.
    pub parts: Option<Vec<Part<'s>>>,
    /// The file of the catalogue's rows, which its `source` names.
    pub rows: Option<Part<'s>>,
    /// When it is, for schedules that are over; nothing is said of them without it.
    pub today: Option<Timestamp>,
}

/// A part of a pack.
#[derive(Debug, Clone)]
pub struct Part<'s> {
    /// How messages call it.
    pub name: &'s str,
    /// Its JSON.
    pub text: &'s str,
}

/// The patterns of a pack's `include`, also of a pack that has mistakes.
pub fn includes(text: &str) -> Vec<String> {
    let root = json::parse(text, &mut Problems::default());
    let Some(Json::Array(items)) =
        root.as_ref().and_then(|root| root.member("include")).map(|node| &node.json)
    else {
        return Vec::new();
    };
    let patterns = items.iter().filter_map(|item| match &item.json {
        Json::Text(pattern) if stays_inside(pattern) => Some(pattern.clone()),
        _ => None,
    });
    patterns.collect()
}

/// The file that the catalogue of a pack, or of a part, names, also of one that has mistakes.
pub fn catalog_source(text: &str) -> Option<String> {
    let root = json::parse(text, &mut Problems::default())?;
    match &root.member("catalog")?.member("source")?.json {
        Json::Text(name) if stays_inside(name) => Some(name.clone()),
        _ => None,
    }
}

/// Whether a pattern names files beside the pack or below, on every system.
pub(crate) fn stays_inside(pattern: &str) -> bool {
    !pattern.is_empty()
        && !pattern.contains(['\\', ':'])
        && pattern.split('/').all(|name| !name.is_empty() && name != "..")
}

/// A file in the text of all.
#[derive(Debug)]
pub(crate) struct File<'s> {
    /// `None` for the pack's own.
    pub name: Option<&'s str>,
    pub text: &'s str,
    /// Where it begins.
    pub start: usize,
    pub root: Option<Rc<Node>>,
}

/// All files, and the tree of all.
#[derive(Debug)]
pub(crate) struct Read<'s> {
    pub text: Cow<'s, str>,
    pub files: Vec<File<'s>>,
    /// `None` when one of them could not be read.
    pub root: Option<Rc<Node>>,
}

impl<'s> Input<'s> {
    /// A pack in one file.
    pub const fn of(text: &'s str) -> Self {
        Self { text, parts: None, rows: None, today: None }
    }

    pub(crate) fn read(&self, problems: &mut Problems) -> Read<'s> {
        let parts = self.parts.as_deref().unwrap_or_default();
        let mut text = Cow::Borrowed(self.text);
        let mut files = vec![File {
            name: None,
            text: self.text,
            start: 0,
            root: json::parse(self.text, problems).map(Rc::new),
        }];
        let parse_part: fn(&str, &mut Problems) -> Option<Node> = json::parse;
        let parts = parts.iter().map(|part| (part, parse_part));
        for (part, parse) in parts.chain(self.rows.iter().map(|rows| (rows, parse_rows as _))) {
            let start = text.len() + 1;
            let whole = text.to_mut();
            whole.push('\n');
            whole.push_str(part.text);
            let mut found = Problems::default();
            let mut root = parse(part.text, &mut found);
            if let Some(root) = &mut root {
                root.shift(start);
            }
            problems.take_over(found, start);
            files.push(File {
                name: Some(part.name),
                text: part.text,
                start,
                root: root.map(Rc::new),
            });
        }
        if text.len() > limits::PACK_BYTES && files.len() > 1 {
            let (limit, size) = (limits::PACK_BYTES, text.len());
            let message =
                format!("a pack and its parts have at most {limit} bytes, and these {size}");
            problems.error(Code::PackTooLarge, At::default(), message);
        }
        let root = merged(&files, self.rows.is_some(), problems);
        Read { text, files, root }
    }

    /// One text that says the same, for a host that reads no files.
    pub fn bundled(&self) -> Result<Cow<'s, str>, Report> {
        let alone = self.parts.as_ref().is_none_or(Vec::is_empty) && self.rows.is_none();
        if alone && includes(self.text).is_empty() {
            return Ok(Cow::Borrowed(self.text));
        }
        self.json().map(Cow::Owned)
    }

    /// The same as JSON: without comments, on one line.
    pub fn json(&self) -> Result<String, Report> {
        let mut problems = Problems::default();
        let read = self.read(&mut problems);
        match &read.root {
            Some(root) if !problems.has_errors() => {
                let mut root = Node::clone(root);
                if let Json::Object(members) = &mut root.json {
                    members.retain(|member| member.key != "include");
                }
                let mut out = String::new();
                write(&root, &read.text, &mut out);
                Ok(out)
            }
            _ => Err(problems.into_report(&read.files)),
        }
    }
}

/// A list of what stands on each line.
fn parse_rows(text: &str, problems: &mut Problems) -> Option<Node> {
    let mut rows = Some(Vec::new());
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let mut found = Problems::default();
        if !line.trim().is_empty() {
            let row = json::parse(line.trim_end(), &mut found);
            rows = rows.zip(row).map(|(mut rows, mut row)| {
                row.shift(start);
                rows.push(row);
                rows
            });
        }
        problems.take_over(found, start);
        start += line.len();
    }
    let at = At { start: 0, end: text.len() };
    rows.map(|rows| Node { at, json: Json::Array(rows) })
}

/// The pack with what its parts have. If it has `rows`, the last file is those.
fn merged(files: &[File<'_>], has_rows: bool, problems: &mut Problems) -> Option<Rc<Node>> {
    let (first, rest) = files.split_first()?;
    let (parts, rows) = rest.split_at(rest.len() - usize::from(has_rows));
    if rest.is_empty() {
        return first.root.clone();
    }
    let mut root = Node::clone(first.root.as_deref()?);
    let places: Vec<(usize, &str)> = std::iter::once((0, "the pack itself"))
        .chain(rest.iter().map(|part| (part.start, part.name.unwrap_or_default())))
        .collect();
    let mut whole = true;
    for part in parts {
        let Some(node) = part.root.as_deref() else {
            whole = false;
            continue;
        };
        let Json::Object(added) = &node.json else {
            let message = format!("a part of a pack is an object, and this is {}", node.kind());
            problems.error(Code::WrongType, node.at, message);
            continue;
        };
        if let Json::Object(members) = &mut root.json {
            Merge { places: &places, problems }.pack(members, added.clone());
        }
    }
    for rows in rows {
        let node = rows.root.as_deref()?;
        if let Json::Object(members) = &mut root.json {
            Merge { places: &places, problems }.catalogue(members, node);
        }
    }
    whole.then(|| Rc::new(root))
}

struct Merge<'m> {
    /// Where each file begins, and its name.
    places: &'m [(usize, &'m str)],
    problems: &'m mut Problems,
}

impl Merge<'_> {
    fn pack(&mut self, members: &mut Vec<Member>, added: Vec<Member>) {
        for member in added {
            match member.key.as_str() {
                "$schema" => continue,
                "include" => {
                    let message = "a part of a pack includes nothing itself";
                    self.problems.error(Code::BadInclude, member.key_at, message);
                    continue;
                }
                _ => {}
            }
            let Some(there) = members.iter_mut().find(|there| there.key == member.key) else {
                members.push(member);
                continue;
            };
            match (&mut there.value.json, member.value.json) {
                (Json::Array(items), Json::Array(more)) => items.extend(more),
                (Json::Object(members), Json::Object(more)) => self.object(members, more),
                _ => {
                    let (first, second) = (there.key_at, member.key_at);
                    self.twice(&member.key, first, second);
                }
            }
        }
    }

    /// Puts rows in the place of the catalogue's `source`.
    fn catalogue(&mut self, members: &mut [Member], rows: &Node) {
        let catalog = members.iter_mut().find(|member| member.key == "catalog");
        let Some(Json::Object(fields)) = catalog.map(|member| &mut member.value.json) else {
            return;
        };
        let own = fields.iter().find(|field| field.key == "rows").map(|field| field.key_at);
        let Some(source) = fields.iter_mut().find(|field| field.key == "source") else { return };
        if let Some(own) = own {
            let message = "a catalogue has `rows` or a `source` of them, and this has both";
            self.problems.error(Code::DuplicateKey, own, message);
        }
        "rows".clone_into(&mut source.key);
        source.value = rows.clone();
    }

    fn object(&mut self, members: &mut Vec<Member>, added: Vec<Member>) {
        for member in added {
            match members.iter().find(|there| there.key == member.key) {
                Some(there) => self.twice(&member.key, there.key_at, member.key_at),
                None => members.push(member),
            }
        }
    }

    fn twice(&mut self, key: &str, first: At, second: At) {
        let file = |at: At| {
            let number = self.places.partition_point(|(start, _)| *start <= at.start);
            number.checked_sub(1).and_then(|number| self.places.get(number)).map_or("", |it| it.1)
        };
        let message = format!("{} is in {} and in {}", shown(key), file(first), file(second));
        let problem = self.problems.error(Code::DuplicateKey, second, message);
        problem.mend("keep one of the two; a part only adds to the pack");
    }
}

/// A tree as JSON on one line, its scalars as they are written in the source.
fn write(node: &Node, source: &str, out: &mut String) {
    let between =
        |out: &mut String, number: usize| out.push_str(if number == 0 { "" } else { "," });
    match &node.json {
        Json::Array(items) => {
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                between(out, number);
                write(item, source, out);
            }
            out.push(']');
        }
        Json::Object(members) => {
            out.push('{');
            for (number, member) in members.iter().enumerate() {
                between(out, number);
                quote(&member.key, out);
                out.push(':');
                write(&member.value, source, out);
            }
            out.push('}');
        }
        _ => out.push_str(source.get(node.at.start..node.at.end).unwrap_or_default()),
    }
}
