//! Local time. A zone is what a host knows of it: an offset, and until when it stands.

use crate::{Span, Timestamp};

/// A stretch of time that has one offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone {
    /// What local clocks are ahead of UTC.
    pub offset: Span,
    /// When they change next.
    pub until: Timestamp,
}

/// What a clock on a wall shows: milliseconds since 1970-01-01T00:00 there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local(pub i64);

/// A day of the Gregorian calendar, also before it was introduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl Zone {
    pub const UTC: Self = Self { offset: Span(0), until: Timestamp::MAX };
    /// No place on Earth is further from UTC; checked where a zone is read.
    pub const FURTHEST: Span = Span(26 * Span::HOUR.0);

    pub const fn local(self, at: Timestamp) -> Local {
        Local(at.plus(self.offset).0)
    }

    /// When clocks show this, if the offset stands until then; otherwise when it changes.
    pub fn instant(self, local: Local) -> Timestamp {
        Timestamp(local.0).minus(self.offset).min(self.until)
    }
}

impl Local {
    /// Days since 1970-01-01.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(Span::DAY.0)
    }

    /// The start of a day.
    pub const fn of_day(day: i64) -> Self {
        Self(day.saturating_mul(Span::DAY.0))
    }

    /// Since midnight.
    pub const fn time_of_day(self) -> Span {
        Span(self.0.rem_euclid(Span::DAY.0))
    }

    pub fn date(self) -> Date {
        Date::of_day(self.day())
    }
}

/// 0 is Monday. 1970-01-01 was a Thursday.
pub const fn weekday(day: i64) -> u8 {
    day.wrapping_add(3).rem_euclid(7).to_le_bytes()[0]
}

impl Date {
    /// Eras of 400 years have the same number of days, and years counted from March end with the
    /// day that leap years add (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
    pub fn of_day(day: i64) -> Self {
        let day = day.clamp(-100_000_000, 100_000_000) + 719_468;
        let era = day.div_euclid(146_097);
        let day_of_era = day.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let small = |number: i64| number.to_le_bytes()[0];
        Self {
            year: i32::try_from(year).unwrap_or_default(),
            month: small(month),
            day: small(day_of_year - (153 * from_march + 2) / 5 + 1),
        }
    }

    /// Days since 1970-01-01. A day past the month's end runs on into the next.
    pub fn days(self) -> i64 {
        let month = i64::from(self.month);
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let from_march = (month + 9) % 12;
        let day_of_year = (153 * from_march + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The same month and day of another year; 29 February is the 28th where there is none.
    #[must_use]
    pub fn in_year(self, year: i32) -> Self {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let day = if self.month == 2 && self.day == 29 && !leap { 28 } else { self.day };
        Self { year, day, ..self }
    }
}

/// A point in time as data writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    At(Timestamp),
    /// A time without a zone.
    Local(Local),
    /// A whole day, by its number.
    Day(i64),
}

impl Moment {
    /// ISO 8601, as JavaScript and Segment's libraries write it: `2026-11-22`,
    /// `2026-11-22T09:30`, with seconds, fractions and a zone (`Z`, `+08:00`) if they are known.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let date = Date {
            year: number(bytes.get(..4)?)?,
            month: u8::try_from(number(bytes.get(5..7)?)?).ok()?,
            day: u8::try_from(number(bytes.get(8..10)?)?).ok()?,
        };
        let day = date.days();
        if bytes[4] != b'-' || bytes[7] != b'-' || Date::of_day(day) != date {
            return None;
        }
        let Some((b'T' | b't' | b' ', time)) = bytes.get(10..)?.split_first() else {
            return (bytes.len() == 10).then_some(Self::Day(day));
        };
        let (mut local, mut rest) = (Local::of_day(day).0, time);
        for (most, unit) in [(24, Span::HOUR), (59, Span::MINUTE), (60, Span::SECOND)] {
            if unit == Span::SECOND && rest.first() != Some(&b':') {
                break;
            }
            if unit != Span::HOUR {
                rest = rest.strip_prefix(b":")?;
            }
            let part = number(rest.get(..2)?)?;
            if part > most {
                return None;
            }
            local += i64::from(part) * unit.0;
            rest = &rest[2..];
        }
        if let Some(fraction) = rest.strip_prefix(b".") {
            let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            let mut scale = 100;
            for digit in &fraction[..digits] {
                local += i64::from(digit - b'0') * scale;
                scale /= 10;
            }
            rest = &fraction[digits..];
        }
        let sign = match rest.first() {
            None => return Some(Self::Local(Local(local))),
            Some(b'Z' | b'z') if rest.len() == 1 => return Some(Self::At(Timestamp(local))),
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        let minutes = match rest.len() {
            6 if rest[3] == b':' => number(&rest[4..6])?,
            5 => number(&rest[3..5])?,
            3 => 0,
            _ => return None,
        };
        let offset = i64::from(number(&rest[1..3])?) * 60 + i64::from(minutes);
        Some(Self::At(Timestamp(local - sign * offset * Span::MINUTE.0)))
    }
}

fn number(digits: &[u8]) -> Option<i32> {
    digits.iter().try_fold(0, |number, digit| {
        digit.is_ascii_digit().then(|| number * 10 + i32::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::{Date, Local, Moment, Zone, weekday};
    use crate::{Span, Timestamp};

    #[test]
    fn days_and_dates_are_each_others_inverse() {
        for day in (-1_000_000..1_000_000).step_by(17) {
            assert_eq!(Date::of_day(day).days(), day);
        }
        assert_eq!(Date::of_day(0), Date { year: 1970, month: 1, day: 1 });
        assert_eq!(Date { year: 2026, month: 11, day: 22 }.days(), 20_779);
        assert_eq!(weekday(20_779), 6, "a Sunday");
    }

    #[test]
    fn the_leap_day_is_the_28th_in_other_years() {
        let born = Date { year: 2000, month: 2, day: 29 };
        assert_eq!(born.in_year(2023).day, 28);
        assert_eq!(born.in_year(2024).day, 29);
        assert_eq!(born.in_year(1900).day, 28);
    }

    #[test]
    fn moments_are_read_with_what_they_say_of_their_zone() {
        let noon = 1_795_348_800_000; // 2026-11-22T12:00:00Z
        for (text, moment) in [
            ("2026-11-22", Moment::Day(20_779)),
            ("2026-11-22T12:00:00Z", Moment::At(Timestamp(noon))),
            ("2026-11-22T20:00:00+08:00", Moment::At(Timestamp(noon))),
            ("2026-11-22T12:00:00.250Z", Moment::At(Timestamp(noon + 250))),
            ("2026-11-22T12:00:00.123456Z", Moment::At(Timestamp(noon + 123))),
            ("2026-11-22T07:00-0500", Moment::At(Timestamp(noon))),
            ("2026-11-22 12:00", Moment::Local(Local(noon))),
        ] {
            assert_eq!(Moment::parse(text), Some(moment), "{text}");
        }
        for wrong in [
            "",
            "2026",
            "2026-13-01",
            "2026-02-30",
            "22.11.2026",
            "2026-11-22T",
            "2026-11-22T9:00",
            "2026-11-22T12:00:00é",
            "2026-11-22T12:00:00.Z",
            "2026-11-22X",
        ] {
            assert_eq!(Moment::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_instant_past_the_change_of_clocks_is_the_change() {
        let zone = Zone { offset: Span::HOUR, until: Timestamp(5_000_000) };
        assert_eq!(zone.instant(Local(Span::HOUR.0 + 7)), Timestamp(7));
        assert_eq!(zone.instant(Local(Span::DAY.0)), Timestamp(5_000_000));
    }
}
