//! Dates and instants as packs write them.

use waymark_model::{Span, Timestamp};

/// `2026-11-27`, `2026-11-27T09:30`, with seconds, and with `Z` or `+08:00` behind; a time without a
/// zone is meant in UTC.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let (date, rest) = text.split_at_checked("2026-11-27".len())?;
    let midnight = day(date)?.checked_mul(Span::DAY.0)?;
    if rest.is_empty() {
        return Some(Timestamp(midnight));
    }
    let rest = rest.strip_prefix('T')?;
    let zone = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(zone);
    let mut parts = time.split(':');
    let mut ms = below(parts.next()?, 24)? * Span::HOUR.0;
    ms += below(parts.next()?, 60)? * Span::MINUTE.0;
    if let Some(seconds) = parts.next() {
        ms += below(seconds, 60)? * Span::SECOND.0;
    }
    if parts.next().is_some() {
        return None;
    }
    Some(Timestamp(midnight + ms - offset(zone)?))
}

/// Milliseconds east of UTC.
fn offset(zone: &str) -> Option<i64> {
    if zone.is_empty() || zone == "Z" {
        return Some(0);
    }
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let ms = below(hours, 24)? * Span::HOUR.0 + below(minutes, 60)? * Span::MINUTE.0;
    Some(if zone.starts_with('-') { -ms } else { ms })
}

fn below(digits: &str, end: i64) -> Option<i64> {
    number(digits, 2).filter(|number| *number < end)
}

fn number(digits: &str, length: usize) -> Option<i64> {
    let right = digits.len() == length && digits.bytes().all(|b| b.is_ascii_digit());
    right.then(|| digits.parse().ok())?
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn day(date: &str) -> Option<i64> {
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4)?;
    let month = number(parts.next()?, 2)?;
    let day = number(parts.next()?, 2)?;
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let lengths = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let month = usize::try_from(month).ok()?.checked_sub(1)?;
    if !(1..=*lengths.get(month)?).contains(&day) {
        return None;
    }
    // Leap days before this year since the year 0, which is one itself.
    let leaps =
        if year == 0 { 0 } else { (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1 };
    let before: i64 = lengths[..month].iter().sum();
    Some(year * 365 + leaps + before + day - 1 - 719_528)
}

#[cfg(test)]
mod tests {
    use super::instant;

    #[test]
    fn reads_dates_and_instants_and_refuses_days_that_are_none() {
        let at = |text| instant(text).map(|at| at.0);
        assert_eq!(at("1970-01-01"), Some(0));
        assert_eq!(at("2000-02-29"), Some(951_782_400_000));
        assert_eq!(at("2026-11-27T09:30:00+08:00"), Some(1_795_743_000_000));
        assert_eq!(at("2026-11-27T01:30Z"), Some(1_795_743_000_000));
        assert_eq!(at("1969-12-31"), Some(-86_400_000));
        for wrong in [
            "",
            "2025-02-29",
            "2026-13-01",
            "2026-1-1",
            "2026-11-27T24:00",
            "2026-11-27T1:00",
            "tomorrow",
            "2026-11-27 09:30",
            "2026-11-2é",
        ] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
