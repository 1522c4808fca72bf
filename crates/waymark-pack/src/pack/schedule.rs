//! When a rule holds.

use jiff::tz::TimeZone;
use waymark_model::{Local, Moment, Timestamp};

use crate::condition::{Condition, Kind};
use crate::declared::Desk;
use crate::diagnostic::Code;
use crate::fields::{Fields, text};
use crate::json::{At, Node};
use crate::language;
use crate::problem::shown;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    pub at: At,
    /// The ends of time leave a side open.
    pub from: Timestamp,
    pub until: Timestamp,
}

impl Schedule {
    pub const fn condition(self) -> Condition {
        let Self { at, from, until } = self;
        Condition { at, kind: Kind::Scheduled { from, until } }
    }
}

pub(super) fn read(node: &Node, desk: &mut Desk<'_>) -> Option<Schedule> {
    let mut fields = Fields::of(node, &language::SCHEDULE, &mut desk.problems)?;
    let from = fields.take("from");
    let until = fields.take("until");
    fields.finish(&mut desk.problems);
    if from.is_none() && until.is_none() {
        let message = "a schedule has `from`, `until`, or both";
        desk.problems.error(Code::MissingKey, node.opening(), message);
        return None;
    }
    let from = from.map_or(Some(Timestamp::MIN), |node| moment(node, "`from`", desk));
    let until = until.map_or(Some(Timestamp::MAX), |node| moment(node, "`until`", desk));
    let (from, until) = (from?, until?);
    if from >= until {
        let message = "this schedule is over before it begins";
        let problem = desk.problems.error(Code::BadInstant, node.opening(), message);
        problem.mend("`until` does not belong: for one day write the next one there");
        return None;
    }
    Some(Schedule { at: node.at, from, until })
}

/// A date or a time, in the pack's zone where it names none.
fn moment(node: &Node, what: &str, desk: &mut Desk<'_>) -> Option<Timestamp> {
    let written = text(node, what, &mut desk.problems)?;
    let local = match Moment::parse(written) {
        Some(Moment::At(at)) => return Some(at),
        Some(Moment::Local(local)) => local,
        Some(Moment::Day(day)) => Local::of_day(day),
        None => {
            let message = format!("{} is no date", shown(written));
            let problem = desk.problems.error(Code::BadInstant, node.at, message);
            problem.mend("write for example 2026-11-27, or 2026-11-27T09:00");
            return None;
        }
    };
    Some(instant(local, desk.declared.timezone.as_deref()))
}

/// When clocks of a zone show this: of a time that they show twice the first, and of one that they
/// leave out the time after the gap, as jiff's `compatible` has it.
fn instant(local: Local, zone: Option<&str>) -> Timestamp {
    let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
    let instant = jiff::Timestamp::from_millisecond(local.0).ok().and_then(|as_utc| {
        let civil = as_utc.to_zoned(TimeZone::UTC).datetime();
        zone.to_ambiguous_timestamp(civil).compatible().ok()
    });
    Timestamp(instant.map_or(local.0, jiff::Timestamp::as_millisecond))
}
