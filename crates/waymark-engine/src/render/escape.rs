//! Values made safe for the place they land in.

use alloc::string::String;

use crate::WHOLE;
use crate::program::Escape;

pub(super) fn escape(out: &mut String, text: &str, how: Escape) {
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
        Escape::Json if WHOLE => escape_json(out, text),
        Escape::JsonUrl if WHOLE => escape_json(out, if is_safe_url(text) { text } else { "#" }),
        Escape::UrlPart => {
            for byte in text.bytes() {
                if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
                    out.push(char::from(byte));
                } else {
                    out.push('%');
                    push_hex(out, byte);
                }
            }
        }
        // No lean engine is given a Program with one of these.
        Escape::Json | Escape::JsonUrl => {}
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

/// Inside a string of JSON. An opening angle bracket is written as a number, so that the JSON may
/// also stand in a script element.
fn escape_json(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\x1f' | '<' | '\x7f' => {
                out.push_str("\\u00");
                push_hex(out, c as u8);
            }
            _ => out.push(c),
        }
    }
}

fn push_hex(out: &mut String, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        out.push(char::from(b"0123456789ABCDEF"[usize::from(digit)]));
    }
}

const SAFE: [u64; 3] = [scheme(b"http"), scheme(b"https"), scheme(b"mailto")];

/// The letters of a scheme of at most eight.
const fn scheme(name: &[u8]) -> u64 {
    let (mut letters, mut at) = (0, 0);
    while at < name.len() {
        letters = letters << 8 | name[at] as u64;
        at += 1;
    }
    letters
}

/// http, https, mailto or relative, read as the URL standard does: control characters and spaces in
/// front, and tabs and line ends anywhere, do not hide a scheme.
fn is_safe_url(text: &str) -> bool {
    // Its first eight letters.
    let mut scheme = 0_u64;
    for byte in text.bytes().skip_while(|byte| *byte <= b' ') {
        match byte {
            b'\t' | b'\n' | b'\r' => {}
            b'/' | b'?' | b'#' | b'\\' => return true,
            b':' => return SAFE.contains(&scheme),
            _ if scheme >> 56 == 0 => scheme = scheme << 8 | u64::from(byte.to_ascii_lowercase()),
            _ => {}
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
        out.clear();
        escape(&mut out, "\"\\\n</script>é", Escape::Json);
        assert_eq!(out, "\\\"\\\\\\u000A\\u003C/script>é");
        out.clear();
        escape(&mut out, "javascript:x", Escape::JsonUrl);
        assert_eq!(out, "#");
    }
}
