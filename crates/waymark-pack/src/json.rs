//! JSON with comments and trailing commas, as a tree that knows where everything stands.

use std::collections::BTreeSet;
use std::fmt::Write;

use jsonc_parser::common::Ranged;
use jsonc_parser::{ParseOptions, ast, parse_to_ast};
use waymark_model::{Object, Value, limits};

use crate::diagnostic::Code;
use crate::problem::{Problems, shown};

/// Objects and arrays inside each other. Everything that walks the tree recurses as deep.
const DEPTH: usize = 64;

/// Bytes of the source, from `start` up to `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct At {
    pub start: usize,
    pub end: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub at: At,
    pub json: Json,
}

#[derive(Debug, Clone)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub key: String,
    pub key_at: At,
    pub value: Node,
}

/// The tree of a source, or nothing and the problem.
pub(crate) fn parse(source: &str, problems: &mut Problems) -> Option<Node> {
    if source.len() > limits::PACK_BYTES {
        let limit = limits::PACK_BYTES;
        let message = format!("a pack has at most {limit} bytes, and this has {}", source.len());
        problems.error(Code::PackTooLarge, At::default(), message);
        return None;
    }
    // The parser recurses, and it lets control characters stand in strings.
    scan(source, problems)?;
    // A byte order mark, which some editors put in front, is neither text nor space.
    let mark = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let clip = |range: jsonc_parser::common::Range| At {
        start: (range.start + mark).min(source.len()),
        end: (range.end + mark).min(source.len()),
    };
    let parsed = parse_to_ast(&source[mark..], &jsonc_parser::CollectOptions::default(), &options);
    let (reason, at) = match parsed {
        Ok(parsed) => match parsed.value {
            Some(value) => return Some(Tree { mark, problems }.node(value)),
            None => ("there is nothing".to_owned(), At::default()),
        },
        Err(error) => (error.kind().to_string(), clip(error.range())),
    };
    problems.error(Code::BadJson, at, format!("this is no JSON: {}", uncapitalized(&reason)));
    None
}

fn uncapitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_lowercase().to_string())
        + chars.as_str()
}

/// Measures the depth without recursion, and finds what JSON forbids inside strings.
fn scan(source: &str, problems: &mut Problems) -> Option<()> {
    let bytes = source.as_bytes();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = scan_string(source, at, problems)?,
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                let rest = &bytes[at..];
                at += rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                at = source[at + 2..].find("*/").map_or(bytes.len(), |end| at + 2 + end + 2);
            }
            b'{' | b'[' => {
                depth += 1;
                if depth > DEPTH {
                    let message = format!("objects and arrays nest at most {DEPTH} deep");
                    problems.error(Code::TooDeep, At { start: at, end: at + 1 }, message);
                    return None;
                }
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            _ => at += 1,
        }
    }
    Some(())
}

/// The place after a string, or after the whole source when it has no end.
fn scan_string(source: &str, start: usize, problems: &mut Problems) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            0..0x20 => {
                let message = "this is no JSON: a string ends on the line on which it begins";
                problems
                    .error(Code::BadJson, At { start: at, end: at + 1 }, message)
                    .mend("write \\n for a line break and \\t for a tab");
                return None;
            }
            _ => at += 1,
        }
    }
    Some(bytes.len())
}

struct Tree<'p> {
    /// Bytes before the parsed text.
    mark: usize,
    problems: &'p mut Problems,
}

impl Tree<'_> {
    fn node(&mut self, value: ast::Value<'_>) -> Node {
        let at = self.at(&value);
        let json = match value {
            ast::Value::NullKeyword(_) => Json::Null,
            ast::Value::BooleanLit(literal) => Json::Bool(literal.value),
            ast::Value::StringLit(literal) => Json::Text(literal.value.into_owned()),
            ast::Value::NumberLit(literal) => {
                let number = literal.value.parse::<f64>().ok().filter(|number| number.is_finite());
                if number.is_none() {
                    let message = format!("{} does not fit a number", shown(literal.value));
                    self.problems.error(Code::BadNumber, at, message);
                }
                // Adding zero turns minus zero into zero.
                Json::Number(number.unwrap_or_default() + 0.0)
            }
            ast::Value::Array(array) => {
                Json::Array(array.elements.into_iter().map(|element| self.node(element)).collect())
            }
            ast::Value::Object(object) => Json::Object(self.members(object)),
        };
        Node { at, json }
    }

    fn members(&mut self, object: ast::Object<'_>) -> Vec<Member> {
        let mut seen = BTreeSet::new();
        let mut members = Vec::with_capacity(object.properties.len());
        for property in object.properties {
            let key_at = self.at(&property.name);
            let key = property.name.into_string();
            let value = self.node(property.value);
            if !seen.insert(key.clone()) {
                let message = format!("{} is given twice", shown(&key));
                self.problems
                    .error(Code::DuplicateKey, key_at, message)
                    .mend("keep one of the two; JSON would silently take the last");
            }
            members.push(Member { key, key_at, value });
        }
        members
    }

    fn at(&self, of: &impl Ranged) -> At {
        let range = of.range();
        At { start: range.start + self.mark, end: range.end + self.mark }
    }
}

impl At {
    pub fn shift(&mut self, by: usize) {
        self.start += by;
        self.end += by;
    }
}

impl Node {
    /// Moves it and everything in it further on in the source.
    pub fn shift(&mut self, by: usize) {
        self.at.shift(by);
        match &mut self.json {
            Json::Array(items) => items.iter_mut().for_each(|item| item.shift(by)),
            Json::Object(members) => members.iter_mut().for_each(|member| {
                member.key_at.shift(by);
                member.value.shift(by);
            }),
            _ => {}
        }
    }

    /// What it is, for a message.
    pub fn kind(&self) -> &'static str {
        match &self.json {
            Json::Null => "null",
            Json::Bool(_) => "a boolean",
            Json::Number(_) => "a number",
            Json::Text(_) => "a string",
            Json::Array(_) => "an array",
            Json::Object(_) => "an object",
        }
    }

    pub fn member(&self, key: &str) -> Option<&Self> {
        match &self.json {
            Json::Object(members) => {
                members.iter().find(|member| member.key == key).map(|member| &member.value)
            }
            _ => None,
        }
    }

    /// Its opening bracket, or all of a scalar: where to point at something that is not there.
    pub fn opening(&self) -> At {
        match &self.json {
            Json::Array(_) | Json::Object(_) => At { start: self.at.start, end: self.at.start + 1 },
            _ => self.at,
        }
    }

    /// The value that events are compared with, `None` when it nests deeper than events may.
    pub fn to_value(&self) -> Option<Value> {
        self.to_value_within(limits::DEPTH)
    }

    fn to_value_within(&self, depth: usize) -> Option<Value> {
        Some(match &self.json {
            Json::Null => Value::Null,
            Json::Bool(truth) => Value::Bool(*truth),
            Json::Number(number) => Value::Number(*number),
            Json::Text(text) => Value::Text(text.clone()),
            Json::Array(items) => {
                let depth = depth.checked_sub(1)?;
                let items = items.iter().map(|item| item.to_value_within(depth));
                Value::Array(items.collect::<Option<_>>()?)
            }
            Json::Object(members) => {
                let depth = depth.checked_sub(1)?;
                let pairs = members.iter().map(|member| {
                    Some((member.key.as_str(), member.value.to_value_within(depth)?))
                });
                Value::Object(pairs.collect::<Option<Object>>()?)
            }
        })
    }

    /// The JSON pointer of the deepest member or element that holds `at`.
    pub fn pointer_to(&self, at: At) -> String {
        let mut pointer = String::new();
        let mut node = self;
        loop {
            node = match &node.json {
                Json::Array(items) => {
                    let number = items.partition_point(|item| item.at.end <= at.start);
                    match items.get(number) {
                        Some(item) if item.at.start <= at.start && at.end <= item.at.end => {
                            // Writing to a String cannot fail.
                            let _ = write!(pointer, "/{number}");
                            item
                        }
                        _ => return pointer,
                    }
                }
                Json::Object(members) => {
                    let number = members.partition_point(|m| m.value.at.end <= at.start);
                    match members.get(number) {
                        Some(member) if member.key_at.start <= at.start => {
                            pointer.push('/');
                            pointer.push_str(&member.key.replace('~', "~0").replace('/', "~1"));
                            &member.value
                        }
                        _ => return pointer,
                    }
                }
                _ => return pointer,
            };
        }
    }
}

/// Where in the source the byte `decoded` of a string's text is written. `literal` is the string
/// with its quotes.
pub(crate) fn place_in_text(source: &str, literal: At, decoded: usize) -> usize {
    let mut at = literal.start + 1;
    let mut read = 0;
    while read < decoded
        && let Some(c) = source.get(at..literal.end).and_then(|rest| rest.chars().next())
    {
        let (written, meant) = match (c, source.as_bytes().get(at + 1)) {
            ('\\', Some(b'u')) => escaped_unit(source, at),
            ('\\', Some(_)) => (2, 1),
            _ => (c.len_utf8(), c.len_utf8()),
        };
        at += written;
        read += meant;
    }
    at.min(literal.end)
}

/// Bytes of a `\u` escape, surrogate pairs whole, and of the character that it stands for.
fn escaped_unit(source: &str, at: usize) -> (usize, usize) {
    let digits = source.get(at + 2..at + 6).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    match digits {
        Some(0xd800..0xe000) => (12, 4),
        Some(unit) => (6, char::from_u32(unit).map_or(1, char::len_utf8)),
        None => (2, 1),
    }
}
