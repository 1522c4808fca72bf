//! Packs in colour.

use std::fmt::Write;

/// HTML of JSON with comments: keys, operators, texts, numbers and comments in spans of their own.
pub fn json(source: &str) -> String {
    let mut out = String::new();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let (class, length) = match c {
            '"' => {
                let length = string(rest);
                let text = &rest[..length];
                let key = rest[length..].trim_start().starts_with(':');
                (
                    if key && text.starts_with("\"$") {
                        "o"
                    } else if key {
                        "k"
                    } else {
                        "s"
                    },
                    length,
                )
            }
            '/' if rest.starts_with("//") => ("c", rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => {
                ("c", rest.find("*/").map_or(rest.len(), |end| end + 2))
            }
            '-' | '0'..='9' | 'a'..='z' => {
                let ends = |c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c));
                ("n", rest.find(ends).unwrap_or(rest.len()))
            }
            _ => ("", c.len_utf8()),
        };
        let text = escaped(&rest[..length]);
        if class.is_empty() {
            out.push_str(&text);
        } else {
            // Writing to a String does not fail.
            let _ = write!(out, "<span class={class}>{text}</span>");
        }
        rest = &rest[length..];
    }
    out
}

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

pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
