//! JSON with inserts in its strings.

use std::fmt::Write;

use waymark_engine::program::{Escape, Part, Template};

use super::{Piece, parse};
use crate::declared::Desk;
use crate::json::{Json, Node};

/// JSON as it is being written.
#[derive(Debug, Default)]
pub(crate) struct Written(Vec<Part>);

impl Written {
    pub fn finish(self) -> Template {
        Template(self.0)
    }

    pub fn literal(&mut self, json: &str) {
        if let Some(Part::Literal(before)) = self.0.last_mut() {
            before.push_str(json);
        } else {
            self.0.push(Part::Literal(json.to_owned()));
        }
    }

    /// A string without inserts.
    pub fn text(&mut self, text: &str) {
        self.literal("\"");
        self.inside(text);
        self.literal("\"");
    }

    /// A string; its inserts have these escapes.
    pub fn string(&mut self, pieces: Vec<Piece>, escapes: &[Escape]) {
        self.literal("\"");
        let mut escapes = escapes.iter();
        for piece in pieces {
            match piece {
                Piece::Literal(text) => self.inside(&text),
                Piece::Insert(hole) => {
                    let escape = escapes.next().copied().unwrap_or(Escape::UrlPart);
                    self.0.push(Part::Insert(hole.escaped(escape)));
                }
            }
        }
        self.literal("\"");
    }

    /// Any JSON, whose strings are templates; the names of members are as they are.
    pub fn node(&mut self, node: &Node, locale: &str, desk: &mut Desk<'_>) -> Option<()> {
        match &node.json {
            Json::Null => self.literal("null"),
            Json::Bool(truth) => self.literal(if *truth { "true" } else { "false" }),
            Json::Number(number) => self.literal(&number.to_string()),
            Json::Text(source) => {
                let pieces = parse(source, node.at, locale, desk)?;
                let escapes = vec![Escape::Json; pieces.len()];
                self.string(pieces, &escapes);
            }
            Json::Array(items) => {
                let mut right = Some(());
                for (number, item) in items.iter().enumerate() {
                    self.literal(if number == 0 { "[" } else { "," });
                    right = self.node(item, locale, desk).and(right);
                }
                self.literal(if items.is_empty() { "[]" } else { "]" });
                return right;
            }
            Json::Object(members) => {
                let mut right = Some(());
                for (number, member) in members.iter().enumerate() {
                    self.literal(if number == 0 { "{" } else { "," });
                    self.text(&member.key);
                    self.literal(":");
                    right = self.node(&member.value, locale, desk).and(right);
                }
                self.literal(if members.is_empty() { "{}" } else { "}" });
                return right;
            }
        }
        Some(())
    }

    fn inside(&mut self, text: &str) {
        let mut json = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                // A script element that the JSON may come to stand in stays open.
                '\0'..='\x1f' | '<' | '\x7f' => {
                    // Writing to a String cannot fail.
                    let _ = write!(json, "\\u{:04x}", u32::from(c));
                }
                _ => json.push(c),
            }
        }
        self.literal(&json);
    }
}
