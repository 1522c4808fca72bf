//! JSON that keeps its members in the order in which they are written.

use std::fmt::Write;

#[derive(Debug, Clone)]
pub(super) enum Json {
    Text(String),
    Flag(bool),
    /// Written already, on one line.
    Raw(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Json {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    pub fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    /// Adds members to an object.
    #[must_use]
    pub fn and<const N: usize>(self, more: [(&str, Self); N]) -> Self {
        self.and_all(Self::object(more))
    }

    /// Adds the members of another object.
    #[must_use]
    pub fn and_all(mut self, more: Self) -> Self {
        if let (Self::Object(members), Self::Object(more)) = (&mut self, more) {
            members.extend(more);
        }
        self
    }

    /// Two spaces deeper for each object and list, a line for each member.
    pub fn pretty(&self, out: &mut String, depth: usize) {
        let line = |out: &mut String, depth: usize| {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth));
        };
        match self {
            Self::Text(text) => quote(text, out),
            Self::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Self::Raw(raw) => out.push_str(raw),
            Self::List(items) if items.iter().all(|item| !item.nests()) => {
                out.push('[');
                for (number, item) in items.iter().enumerate() {
                    out.push_str(if number == 0 { "" } else { ", " });
                    item.pretty(out, depth);
                }
                out.push(']');
            }
            Self::List(items) => {
                out.push('[');
                for (number, item) in items.iter().enumerate() {
                    out.push_str(if number == 0 { "" } else { "," });
                    line(out, depth + 1);
                    item.pretty(out, depth + 1);
                }
                line(out, depth);
                out.push(']');
            }
            Self::Object(members) if members.is_empty() => out.push_str("{}"),
            Self::Object(members) => {
                out.push('{');
                for (number, (key, value)) in members.iter().enumerate() {
                    out.push_str(if number == 0 { "" } else { "," });
                    line(out, depth + 1);
                    quote(key, out);
                    out.push_str(": ");
                    value.pretty(out, depth + 1);
                }
                line(out, depth);
                out.push('}');
            }
        }
    }

    const fn nests(&self) -> bool {
        matches!(self, Self::List(_) | Self::Object(_))
    }
}

pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
