//! Dates as text: numbers and names by a pattern that was parsed before.

use alloc::string::String;

use waymark_model::{Date, Local, Moment, Span, Timestamp, Zone, weekday};

use super::filter::push_digits;
use crate::program::{DatePart, DateUnit};

/// A time without a zone, and a whole day, are what they are everywhere.
pub(super) fn dated(
    moment: Moment,
    parts: &[DatePart],
    zone: impl FnOnce(Timestamp) -> Zone,
) -> String {
    let local = match moment {
        Moment::At(at) => zone(at).local(at),
        Moment::Local(local) => local,
        Moment::Day(day) => Local::of_day(day),
    };
    let mut out = String::new();
    for part in parts {
        match part {
            DatePart::Literal(text) => out.push_str(text),
            DatePart::Number { unit, width } => {
                push_digits(&mut out, number(local, *unit).into(), (*width).into());
            }
            DatePart::Name { unit, names } => {
                if let Some(name) = names.get(number(local, *unit) as usize) {
                    out.push_str(name);
                }
            }
        }
    }
    out
}

fn number(local: Local, unit: DateUnit) -> u32 {
    let Date { year, month, day } = local.date();
    let seconds = local.time_of_day().0 / Span::SECOND.0;
    let number = match unit {
        DateUnit::Year => i64::from(year).max(0),
        DateUnit::ShortYear => i64::from(year).rem_euclid(100),
        DateUnit::Month => month.into(),
        DateUnit::MonthName => i64::from(month) - 1,
        DateUnit::Day => day.into(),
        DateUnit::Weekday => weekday(local.day()).into(),
        DateUnit::Hour => seconds / 3_600,
        DateUnit::HalfHour => (seconds / 3_600 + 11) % 12 + 1,
        DateUnit::Half => seconds / 43_200,
        DateUnit::Minute => seconds / 60 % 60,
        DateUnit::Second => seconds % 60,
    };
    u32::try_from(number).unwrap_or_default()
}
