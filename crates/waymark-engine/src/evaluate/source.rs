//! Values that conditions look at: paths, features, the session and the time.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;

use waymark_model::{Date, Local, Object, Span, Timestamp, Value, Zone, weekday};

use super::{Evaluation, Watch};
use crate::WHOLE;
use crate::program::{Path, Root, SessionKey, Source, TimeKey, WEEKDAYS};
use crate::state::Fold;

/// A value, and until when it stays if nothing happens.
pub(crate) struct Reading<'a> {
    /// `None` when it is unknown: it reaches back further than what was seen.
    pub value: Option<Cow<'a, Value>>,
    pub until: Timestamp,
}

impl<'a> Reading<'a> {
    pub const NULL: Self = Self::of(&Value::Null, Timestamp::MAX);

    pub const fn of(value: &'a Value, until: Timestamp) -> Self {
        Self { value: Some(Cow::Borrowed(value)), until }
    }

    pub const fn until(value: Value, until: Timestamp) -> Self {
        Self { value: Some(Cow::Owned(value)), until }
    }

    pub const fn unknown(until: Timestamp) -> Self {
        Self { value: None, until }
    }
}

impl<'a, W: Watch> Evaluation<'a, W> {
    pub fn read(&self, source: &Source) -> Reading<'a> {
        match source {
            Source::Path(path) => {
                self.value(path).map_or(Reading::NULL, |value| Reading::of(value, Timestamp::MAX))
            }
            Source::Feature(feature) => self
                .memory(*feature)
                .map_or(Reading::NULL, |memory| memory.reading(self.engine, *feature, self.now)),
            Source::Session(key) => {
                let value = self.visitor.map_or(Value::Null, |(fold, _)| session(fold, *key));
                Reading::until(value, Timestamp::MAX)
            }
            Source::Score(model) if WHOLE => self.score(*model),
            Source::Time(key, zone) if WHOLE => time(*key, self.zone(*zone), self.now),
            // No lean engine is given a Program with one of these.
            Source::Time(..) | Source::Score(_) => Reading::NULL,
        }
    }

    fn value(&self, path: &Path) -> Option<&'a Value> {
        match path.root {
            Root::Traits => self.visitor?.0.traits.values().at(&path.keys),
            Root::Page | Root::Campaign | Root::Device | Root::Geo => {
                group(&self.context?.values, path.root)?.at(&path.keys)
            }
            Root::Property => self.event?.properties.at(&path.keys),
            Root::EventContext => self.event?.context.at(&path.keys),
            Root::Item if WHOLE => self.item?.at(&path.keys),
            // Nothing that is of the visitor's own is read so.
            _ => None,
        }
    }
}

/// What a clock says, and until when.
pub(crate) fn time(key: TimeKey, zone: Zone, now: Timestamp) -> Reading<'static> {
    let local = zone.local(now);
    let day = local.day();
    let Date { year, month, day: of_month } = local.date();
    let minutes = local.time_of_day().0 / Span::MINUTE.0;
    let (hour, minute) = (minutes / 60, minutes % 60);
    #[expect(clippy::cast_precision_loss, reason = "a day has few minutes")]
    let value = match key {
        TimeKey::Hour => Value::Number(hour as f64),
        TimeKey::Minute => Value::Number(minute as f64),
        TimeKey::Weekday => Value::Text(WEEKDAYS[usize::from(weekday(day))].to_owned()),
        TimeKey::Day => Value::Number(f64::from(of_month)),
        TimeKey::Month => Value::Number(f64::from(month)),
        TimeKey::Year => Value::Number(f64::from(year)),
        TimeKey::Date => Value::Text(iso_date(local.date())),
    };
    let next = match key {
        TimeKey::Hour => Local::of_day(day).0 + (hour + 1) * Span::HOUR.0,
        TimeKey::Minute => Local::of_day(day).0 + (minutes + 1) * Span::MINUTE.0,
        _ => Local::of_day(day + 1).0,
    };
    Reading::until(value, zone.instant(Local(next)))
}

/// A number of the latest session; lengths are in milliseconds.
pub(crate) fn session(fold: &Fold, key: SessionKey) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "counts and times stay below 2^53")]
    let number = match key {
        SessionKey::Number => Some(fold.sessions.count() as f64),
        SessionKey::Events => {
            Some(fold.sessions.latest().map_or(0.0, |session| session.events as f64))
        }
        SessionKey::Duration => {
            Some(fold.sessions.latest().map_or(0.0, |one| one.end.since(one.start).0 as f64))
        }
        SessionKey::Gap => fold.sessions.gap().map(|gap| gap.0 as f64),
    };
    number.map_or(Value::Null, Value::Number)
}

/// `2026-11-22`
fn iso_date(date: Date) -> String {
    let mut text = String::with_capacity(10);
    let mut digits = |number: i32, length: u32| {
        for place in (0..length).rev() {
            let digit = number.rem_euclid(10_i32.pow(place + 1)) / 10_i32.pow(place);
            text.push(char::from(b'0' + digit.to_le_bytes()[0]));
        }
    };
    digits(date.year, 4);
    let parts = [i32::from(date.month), i32::from(date.day)];
    for part in parts {
        text.push('-');
        for digit in [part / 10, part % 10] {
            text.push(char::from(b'0' + digit.to_le_bytes()[0]));
        }
    }
    text
}

/// One of a context's groups.
pub(crate) fn group(values: &Object, root: Root) -> Option<&Object> {
    match values.get(root.name()) {
        Some(Value::Object(group)) => Some(group),
        _ => None,
    }
}
