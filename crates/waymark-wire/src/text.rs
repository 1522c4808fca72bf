//! From bytes to the text that JSON is read from, and the mending of lone surrogates.

use crate::{Code, WireError};
use serde_json::error::Category;
use std::borrow::Cow;

/// The body as text: within `most` bytes, UTF-8, without a byte order mark, not blank.
pub(crate) fn decode(body: &[u8], most: usize) -> Result<&str, WireError> {
    if body.len() > most {
        return Err(WireError::new(
            Code::BodyTooLarge,
            "",
            format!("The body has {} bytes; at most {most} are accepted. Send less.", body.len()),
        ));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        WireError::new(
            Code::BadJson,
            "",
            format!("The body is not UTF-8 at byte {}. Encode it as UTF-8.", error.valid_up_to()),
        )
    })?;
    unmarked(text)
}

/// `text` without a byte order mark; refused when nothing is left.
pub(crate) fn unmarked(text: &str) -> Result<&str, WireError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(WireError::new(Code::EmptyBody, "", "The body is empty. Send a JSON object."));
    }
    Ok(text)
}

/// Refuses text that does not begin as an object, so that what follows need not ask.
pub(crate) fn expect_object(text: &str, what: &str) -> Result<(), WireError> {
    if text.trim_ascii_start().starts_with('{') {
        return Ok(());
    }
    let message = format!("{what} is not a JSON object. Send an object: {{…}}.");
    Err(WireError::new(Code::NotAnObject, "", message))
}

/// Why `serde_json` could not read `text`, as a refusal.
///
/// The visitors of this crate take every type, so that the only complaint of their own is depth.
pub(crate) fn refusal(error: &serde_json::Error, text: &str, pointer: String) -> WireError {
    if error.classify() == Category::Data {
        return WireError::new(
            Code::TooDeep,
            pointer,
            format!(
                "The JSON nests {} objects and arrays inside each other; each member may nest at \
                 most {}. Send flatter data.",
                nesting(text),
                waymark_model::limits::DEPTH,
            ),
        );
    }
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let reason = said.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&said);
    let message =
        format!("The JSON cannot be read at line {line}, column {column}: {reason}. Correct it.");
    WireError::new(Code::BadJson, pointer, message)
}

/// How many objects and arrays are open at once, at most.
fn nesting(text: &str) -> usize {
    let (mut now, mut most, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' if !quoted => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

/// `text` with each lone surrogate escape replaced by `\ufffd`, which is as long: lines and columns
/// stay. Borrowed when there was none.
pub(crate) fn mended(text: &str) -> Cow<'_, str> {
    const REPLACEMENT: &str = "\\ufffd";
    let mut out = String::new();
    let (mut kept, mut at) = (0, 0);
    // A backslash means something only inside a string; elsewhere the parser refuses it.
    while let Some(found) = text[at..].find('\\') {
        at += found;
        let Some(unit) = escaped_unit(text, at) else {
            // The backslash and what it escapes, which may be a backslash too.
            at =
                (at + 2..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
            continue;
        };
        let next = at + REPLACEMENT.len();
        let follows = escaped_unit(text, next).is_some_and(is_low);
        if is_high(unit) && follows {
            at = next + REPLACEMENT.len();
            continue;
        }
        if is_high(unit) || is_low(unit) {
            out.push_str(&text[kept..at]);
            out.push_str(REPLACEMENT);
            kept = next;
        }
        at = next;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

/// The UTF-16 unit of the `\uXXXX` that begins at `at`.
fn escaped_unit(text: &str, at: usize) -> Option<u16> {
    let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
    u16::from_str_radix(digits, 16).ok()
}

const fn is_high(unit: u16) -> bool {
    matches!(unit, 0xd800..=0xdbff)
}

const fn is_low(unit: u16) -> bool {
    matches!(unit, 0xdc00..=0xdfff)
}

#[cfg(test)]
mod tests {
    use super::{mended, nesting};
    use proptest::prelude::*;
    use std::borrow::Cow;

    #[test]
    fn only_lone_surrogate_escapes_are_mended() {
        for (text, expected) in [
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\uD83D\uDE00""#, r#""\uD83D\uDE00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""a\ude00b""#, r#""a\ufffdb""#),
            (r#""\ud83d\u0041""#, r#""\ufffd\u0041""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#""\ud83d\\ude00""#, r#""\ufffd\\ude00""#),
            (r#""\é\ud83d""#, r#""\é\ufffd""#),
            (r#""\u+83d""#, r#""\u+83d""#),
            ("\\", "\\"),
        ] {
            assert_eq!(mended(text), expected, "{text}");
        }
        assert!(matches!(mended(r#""\ud83d\ude00""#), Cow::Borrowed(_)));
    }

    #[test]
    fn brackets_inside_strings_do_not_nest() {
        assert_eq!(nesting(r#"{"[[\"[[": [[1], {"a": "}"}]}"#), 3);
    }

    proptest! {
        #[test]
        fn mending_keeps_the_length_of_any_text(text in r#"(\\|\\u|d83d|\\ude00|[a-f0-9"é{}]){0,30}"#) {
            let once = mended(&text);
            prop_assert_eq!(once.len(), text.len());
            prop_assert!(matches!(mended(&once), Cow::Borrowed(_)));
        }
    }
}
