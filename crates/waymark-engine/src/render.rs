//! Templates filled in: values are escaped for the place they land in.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Object, Timestamp, Value};

use crate::evaluate::{group, windowed};
use crate::program::{Content, Escape, Filter, Insert, Part, Path, Root};
use crate::state::{Cell, Fold};
use crate::{Context, Engine};

/// The text, and until when it stays the same if nothing happens.
pub(crate) fn render(
    engine: Engine<'_>,
    content: &Content,
    fold: &Fold,
    context: &Context,
    now: Timestamp,
) -> (String, Timestamp) {
    let mut text = String::new();
    let mut until = Timestamp::MAX;
    let parts = content.variant(&context.locale).map_or(&[][..], |variant| &variant.template.0);
    for part in parts {
        match part {
            Part::Literal(literal) => text.push_str(literal),
            Part::Insert(insert) => {
                let (value, stands) = read(engine, &insert.path, fold, context, now);
                until = until.min(stands);
                escape(&mut text, &filtered(engine, insert, value), insert.escape);
            }
        }
    }
    (text, until)
}

fn read(
    engine: Engine<'_>,
    path: &Path,
    fold: &Fold,
    context: &Context,
    now: Timestamp,
) -> (Value, Timestamp) {
    let at = |object: Option<&Object>| {
        (
            object.and_then(|object| object.at(&path.keys)).cloned().unwrap_or_default(),
            Timestamp::MAX,
        )
    };
    match path.root {
        Root::Traits => at(Some(fold.traits.values())),
        Root::Page | Root::Campaign | Root::Device | Root::Geo => {
            at(group(&context.values, path.root))
        }
        Root::Session => {
            #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
            let number = match path.keys.first().map(String::as_str) {
                Some("number") => fold.sessions.count() as f64,
                Some("events") => fold.sessions.latest().map_or(0, |last| last.events) as f64,
                _ => return (Value::Null, Timestamp::MAX),
            };
            (Value::Number(number), Timestamp::MAX)
        }
        Root::Feature => {
            let feature = path.keys.first().and_then(|name| engine.program.named_feature(name));
            let Some(feature) = feature else { return (Value::Null, Timestamp::MAX) };
            let memory = &fold.memories[feature as usize];
            match &memory.cell {
                Cell::First(Some((_, value))) | Cell::Last(Some((_, value))) => {
                    (value.clone(), Timestamp::MAX)
                }
                Cell::Windowed { .. } => {
                    let (number, until) = windowed(memory, engine.program.window_of(feature), now);
                    (number.map_or(Value::Null, Value::Number), until)
                }
                _ => (Value::Null, Timestamp::MAX),
            }
        }
        Root::Property | Root::EventContext => (Value::Null, Timestamp::MAX),
    }
}

fn filtered(engine: Engine<'_>, insert: &Insert, mut value: Value) -> String {
    let mut cut = None;
    for filter in &insert.filters {
        match filter {
            Filter::Default(stand_in) => {
                if value == Value::Null || value == Value::Text(String::new()) {
                    value = stand_in.clone();
                }
            }
            Filter::Truncate(length) => cut = Some(*length as usize),
        }
    }
    let mut text = String::new();
    print(&mut text, engine, &value);
    if let Some(length) = cut
        && text.char_indices().nth(length).is_some()
    {
        let last = text.char_indices().nth(length.saturating_sub(1));
        text.truncate(last.map_or(0, |(at, _)| at));
        text.push('…');
    }
    text
}

fn print(out: &mut String, engine: Engine<'_>, value: &Value) {
    match value {
        Value::Null | Value::Object(_) => {}
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&(engine.numerals.print)(*number)),
        Value::Text(text) => out.push_str(text),
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    out.push_str(", ");
                }
                print(out, engine, item);
            }
        }
    }
}

fn escape(out: &mut String, text: &str, how: Escape) {
    match how {
        Escape::None => out.push_str(text),
        Escape::Text | Escape::Attribute => escape_html(out, text),
        Escape::Url => {
            if is_safe_url(text) {
                escape_html(out, text);
            } else {
                // Leads nowhere, as browsers have it since the early web.
                out.push('#');
            }
        }
        Escape::UrlPart => {
            for byte in text.bytes() {
                if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                    out.push(char::from(byte));
                } else {
                    out.push('%');
                    for digit in [byte >> 4, byte & 15] {
                        out.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
                    }
                }
            }
        }
    }
}

fn escape_html(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            _ => out.push(c),
        }
    }
}

/// http, https, mailto or relative, read as the URL standard does: control characters and spaces in
/// front, and tabs and line ends anywhere, do not hide a scheme.
fn is_safe_url(text: &str) -> bool {
    let mut scheme = Vec::new();
    for byte in text.bytes().skip_while(|byte| *byte <= b' ') {
        match byte {
            b'\t' | b'\n' | b'\r' => {}
            b'/' | b'?' | b'#' | b'\\' => return true,
            b':' => return matches!(&*scheme, b"http" | b"https" | b"mailto"),
            _ => scheme.push(byte.to_ascii_lowercase()),
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{escape, is_safe_url};
    use crate::program::Escape;

    #[test]
    fn schemes_cannot_hide() {
        for safe in ["/a:b", "https://x", "HTTP://x", "mailto:a@b", "?q=a:b", "#a:b", "a/b", ""] {
            assert!(is_safe_url(safe), "{safe}");
        }
        for unsafe_ in [
            "javascript:alert(1)",
            " \u{1}JaVaScRiPt:alert(1)",
            "java\nscript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "\tjavascript\t:x",
        ] {
            assert!(!is_safe_url(unsafe_), "{unsafe_}");
        }
    }

    #[test]
    fn a_value_cannot_leave_its_place() {
        let mut out = String::new();
        escape(&mut out, "<b \"'`&>", Escape::Attribute);
        assert_eq!(out, "&lt;b &quot;&#39;&#96;&amp;&gt;");
        out.clear();
        escape(&mut out, "a b/é", Escape::UrlPart);
        assert_eq!(out, "a%20b%2F%C3%A9");
    }
}
