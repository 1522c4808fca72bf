//! Instants on the wire: ISO 8601 text or JavaScript's milliseconds.

use crate::value::value_from_json;
use time::{Date, Month};
use waymark_model::{Span, Timestamp, Value};

/// What a refused timestamp is told.
pub(crate) const FORMS: &str = "Send ISO 8601 such as 2026-01-31T09:30:00.000Z, or milliseconds \
                                since 1970 as a number.";

/// The Julian day of 1970-01-01.
const EPOCH: i32 = 2_440_588;

/// A moment in JSON: text as [`parse_timestamp`] reads it, or epoch milliseconds.
pub fn timestamp_from_json(json: &serde_json::Value) -> Option<Timestamp> {
    instant(&value_from_json(json))
}

/// Reads text as [`parse_timestamp`] does, and numbers as epoch milliseconds.
pub(crate) fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Text(text) => parse_timestamp(text),
        Value::Number(ms) => Timestamp::from_js(*ms),
        _ => None,
    }
}

/// An instant from RFC 3339 or the ISO 8601 near it: a date, or a date and a time with `T` or a
/// space between. Seconds may be left out; a fraction of 1 to 9 digits is cut to milliseconds;
/// `Z`, `±hh`, `±hhmm` or `±hh:mm` is the offset, and none is UTC. Leap seconds are not known.
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let mut rest = Cursor(text.as_bytes());
    let year = rest.digits(4)?;
    rest.expect(b'-')?;
    let month = Month::try_from(u8::try_from(rest.digits(2)?).ok()?).ok()?;
    rest.expect(b'-')?;
    let day = u8::try_from(rest.digits(2)?).ok()?;
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month, day).ok()?;
    let midnight = i64::from(date.to_julian_day() - EPOCH) * Span::DAY.0;
    if rest.0.is_empty() {
        return Some(Timestamp(midnight));
    }

    rest.one_of(b"Tt ")?;
    let mut time = rest.below(24)? * Span::HOUR.0;
    rest.expect(b':')?;
    time += rest.below(60)? * Span::MINUTE.0;
    if rest.expect(b':').is_some() {
        time += rest.below(60)? * Span::SECOND.0;
        if rest.expect(b'.').is_some() {
            time += rest.fraction()?;
        }
    }
    let offset = rest.offset()?;
    rest.0.is_empty().then_some(Timestamp(midnight + time - offset))
}

/// The instant as JavaScript's `toISOString` writes it. `None` outside the years 0 to 9999, which
/// that form cannot say without a sign.
pub fn format_timestamp(at: Timestamp) -> Option<String> {
    let day = i32::try_from(at.0.div_euclid(Span::DAY.0)).ok()?.checked_add(EPOCH)?;
    let (year, month, date) = Date::from_julian_day(day).ok()?.to_calendar_date();
    let ms = at.0.rem_euclid(Span::DAY.0);
    let (hour, minute) = (ms / Span::HOUR.0, ms / Span::MINUTE.0 % 60);
    let (second, milli) = (ms / Span::SECOND.0 % 60, ms % Span::SECOND.0);
    (0..=9_999).contains(&year).then(|| {
        let month = u8::from(month);
        format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    })
}

struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn one_of(&mut self, wanted: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        wanted.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    fn expect(&mut self, wanted: u8) -> Option<u8> {
        self.one_of(&[wanted])
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        (0..count).try_fold(0, |number, _| Some(number * 10 + self.digit()?))
    }

    fn digit(&mut self) -> Option<i64> {
        self.one_of(b"0123456789").map(|byte| i64::from(byte - b'0'))
    }

    fn below(&mut self, end: i64) -> Option<i64> {
        self.digits(2).filter(|number| *number < end)
    }

    /// Milliseconds from the digits after the point.
    fn fraction(&mut self) -> Option<i64> {
        let mut ms = self.digit()? * 100;
        for place in [10, 1, 0, 0, 0, 0, 0, 0] {
            let Some(digit) = self.digit() else { break };
            ms += digit * place;
        }
        Some(ms)
    }

    /// Milliseconds east of UTC.
    fn offset(&mut self) -> Option<i64> {
        if self.0.is_empty() || self.one_of(b"Zz").is_some() {
            return Some(0);
        }
        let sign = if self.one_of(b"+-")? == b'-' { -1 } else { 1 };
        let hours = self.below(24)?;
        let minutes = if self.0.is_empty() {
            0
        } else {
            self.expect(b':');
            self.below(60)?
        };
        Some(sign * (hours * Span::HOUR.0 + minutes * Span::MINUTE.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{format_timestamp, instant, parse_timestamp};
    use proptest::prelude::*;
    use waymark_model::{Timestamp, Value};

    const NOON: Timestamp = Timestamp(1_704_110_400_000);

    #[test]
    fn the_forms_that_senders_use_are_read() {
        for text in [
            "2024-01-01T12:00:00Z",
            "2024-01-01t12:00:00z",
            "2024-01-01 12:00:00",
            "2024-01-01T12:00",
            "2024-01-01T12:00:00.0Z",
            "2024-01-01T12:00:00.000999999Z",
            "2024-01-01T13:30:00+01:30",
            "2024-01-01T13:30:00+0130",
            "2024-01-01T07:00:00.000-05",
        ] {
            assert_eq!(parse_timestamp(text), Some(NOON), "{text}");
        }
        assert_eq!(parse_timestamp("2024-01-01T12:00:00.1Z"), Some(Timestamp(NOON.0 + 100)));
        assert_eq!(parse_timestamp("1969-12-31T23:59:59.9996Z"), Some(Timestamp(-1)));
        assert_eq!(parse_timestamp("2024-02-29"), Some(Timestamp(1_709_164_800_000)));
        assert_eq!(instant(&Value::Number(12.7)), Some(Timestamp(12)));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "2024",
            "2024-1-1",
            "2023-02-29",
            "2024-13-01",
            "2024-01-01T",
            "2024-01-01T24:00:00Z",
            "2024-01-01T12:60:00Z",
            "2024-01-01T12:00:60Z",
            "2024-01-01T12:00:00.Z",
            "2024-01-01T12:00:00.0000000000Z",
            "2024-01-01T12:00:00 Z",
            "2024-01-01T12:00:00+1:00",
            "2024-01-01T12:00:00ZZ",
            "1704110400000",
            "Mon, 01 Jan 2024 12:00:00 GMT",
            "２０２４-01-01",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
        assert_eq!(instant(&Value::Number(8.65e15)), None);
        assert_eq!(instant(&Value::Bool(true)), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(ms in -62_167_219_200_000_i64..253_402_300_800_000) {
            let text = format_timestamp(Timestamp(ms)).unwrap();
            prop_assert_eq!(parse_timestamp(&text), Some(Timestamp(ms)));
        }

        #[test]
        fn any_text_is_read_or_refused(text: String, near in "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.+Z-]{0,20}") {
            let _ = parse_timestamp(&text);
            let _ = parse_timestamp(&near);
        }
    }

    #[test]
    fn years_that_need_a_sign_are_not_written() {
        assert_eq!(format_timestamp(Timestamp(253_402_300_800_000)), None);
        assert_eq!(format_timestamp(Timestamp(-62_167_219_200_001)), None);
        assert_eq!(format_timestamp(Timestamp::MIN), None);
        assert_eq!(format_timestamp(NOON).as_deref(), Some("2024-01-01T12:00:00.000Z"));
    }
}
