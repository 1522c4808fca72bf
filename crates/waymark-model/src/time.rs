//! Instants and lengths of time, in whole milliseconds, as JavaScript counts them.

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span(pub i64);

impl Timestamp {
    /// Before everything.
    pub const MIN: Self = Self(i64::MIN);
    /// After everything: as a `valid_until`, "until something happens".
    pub const MAX: Self = Self(i64::MAX);
    /// The largest instant that a JavaScript `Date` can hold, either side of 1970.
    pub const JS_LIMIT: i64 = 8_640_000_000_000_000;

    /// An instant from JavaScript's number of milliseconds; fractions are dropped, as `Date` does.
    pub fn from_js(ms: f64) -> Option<Self> {
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        let whole = ms as i64;
        let possible = -Self::JS_LIMIT..=Self::JS_LIMIT;
        (ms.is_finite() && possible.contains(&whole)).then_some(Self(whole))
    }

    /// The instant as JavaScript holds it. `MIN` and `MAX` become the infinities.
    #[expect(clippy::cast_precision_loss, reason = "instants inside JS_LIMIT are exact")]
    pub fn to_js(self) -> f64 {
        match self {
            Self::MIN => f64::NEG_INFINITY,
            Self::MAX => f64::INFINITY,
            Self(ms) => ms as f64,
        }
    }

    /// How long ago `earlier` was.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Span {
    pub const SECOND: Self = Self(1_000);
    pub const MINUTE: Self = Self(60_000);
    pub const HOUR: Self = Self(3_600_000);
    pub const DAY: Self = Self(86_400_000);
    pub const WEEK: Self = Self(604_800_000);

    /// A duration as packs write it: a whole number and one of `s m h d w`.
    pub fn parse(text: &str) -> Option<Self> {
        let unit = match text.bytes().last()? {
            b's' => Self::SECOND,
            b'm' => Self::MINUTE,
            b'h' => Self::HOUR,
            b'd' => Self::DAY,
            b'w' => Self::WEEK,
            _ => return None,
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        digits.parse::<i64>().ok()?.checked_mul(unit.0).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::{Span, Timestamp};

    #[test]
    fn reads_durations_as_packs_write_them() {
        assert_eq!(Span::parse("30m"), Some(Span(1_800_000)));
        assert_eq!(Span::parse("8w"), Some(Span(8 * 7 * 86_400_000)));
        for wrong in ["", "m", "7", "-7d", "7 d", "1.5h", "99999999999999999w", "7ð"] {
            assert_eq!(Span::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn refuses_instants_that_no_date_can_hold() {
        assert_eq!(Timestamp::from_js(f64::NAN), None);
        assert_eq!(Timestamp::from_js(8.64e15 + 2.0), None);
        assert_eq!(Timestamp::from_js(-1e300), None);
        assert_eq!(Timestamp::from_js(12.9), Some(Timestamp(12)));
    }
}
