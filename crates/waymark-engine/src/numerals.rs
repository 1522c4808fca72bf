//! Numbers as text, the JavaScript way.
//!
//! A page has these two functions already and they are large, so hosts pass them in.

use alloc::string::String;

/// How a host reads and prints numbers. All hosts must agree with ECMAScript's `Number(text)` and
/// `String(number)`.
#[derive(Debug, Clone, Copy)]
pub struct Numerals {
    /// `Number(text)`: NaN for what is no number, 0 for blank text.
    pub parse: fn(&str) -> f64,
    /// `String(number)`.
    pub print: fn(f64) -> String,
}

#[cfg(feature = "numerals")]
impl Numerals {
    /// For hosts without JavaScript at hand.
    pub const NATIVE: Self = Self { parse: native::parse, print: native::print };
}

#[cfg(feature = "numerals")]
mod native {
    use alloc::borrow::ToOwned;
    use alloc::string::String;

    pub(super) fn print(number: f64) -> String {
        ryu_js::Buffer::new().format(number).to_owned()
    }

    /// ECMA-262, `StringToNumber`.
    pub(super) fn parse(text: &str) -> f64 {
        let text = text.trim_matches(is_js_space);
        for (prefixes, radix) in [(["0x", "0X"], 16), (["0o", "0O"], 8), (["0b", "0B"], 2)] {
            if let Some(digits) = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix)) {
                return integer(digits, radix);
            }
        }
        match text {
            "" => 0.0,
            "Infinity" | "+Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            // Rust also takes "inf" and "nan".
            _ if text.bytes().any(|b| b.is_ascii_alphabetic() && !matches!(b, b'e' | b'E')) => {
                f64::NAN
            }
            _ => text.parse().unwrap_or(f64::NAN),
        }
    }

    fn integer(digits: &str, radix: u32) -> f64 {
        if digits.is_empty() {
            return f64::NAN;
        }
        digits.chars().fold(0.0, |number, digit| match digit.to_digit(radix) {
            Some(digit) => number * f64::from(radix) + f64::from(digit),
            None => f64::NAN,
        })
    }

    /// ECMA-262, `WhiteSpace` and `LineTerminator`.
    fn is_js_space(c: char) -> bool {
        c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}')
    }

    #[cfg(test)]
    mod tests {
        use super::{parse, print};

        #[test]
        fn text_is_read_as_javascript_reads_it() {
            for (text, number) in [
                ("", 0.0),
                (" 12 ", 12.0),
                ("0x1F", 31.0),
                (".5", 0.5),
                ("5.", 5.0),
                ("1e3", 1000.0),
            ] {
                assert!((parse(text) - number).abs() < f64::EPSILON, "{text}");
            }
            for text in ["inf", "nan", "1_000", "12px", "0x", "--1", "e", "infinity", "0x1.8"] {
                assert!(parse(text).is_nan(), "{text}");
            }
        }

        #[test]
        fn numbers_are_printed_as_javascript_prints_them() {
            for (number, text) in
                [(1.0, "1"), (0.1 + 0.2, "0.30000000000000004"), (1e21, "1e+21"), (1e-7, "1e-7")]
            {
                assert_eq!(print(number), text);
            }
        }
    }
}
