//! Conditions on clocks and calendars, and on consent.

use waymark_engine::program::WEEKDAYS;
use waymark_model::Span;

use super::history::optional;
use super::{Condition, Hours, Kind, Place, Zone};
use crate::declared::{Desk, Type};
use crate::diagnostic::Code;
use crate::fields::{Fields, any_duration, elements, refuse, text};
use crate::json::{At, Json, Member, Node};
use crate::language;
use crate::problem::{closest, shown};

pub(super) const OPERATORS: [&str; 3] = ["$hours", "$weekday", "$anniversary"];

const DAY_MINUTES: u32 = 24 * 60;
const EVERY_DAY: u8 = 0b111_1111;
/// The furthest from its day that an anniversary can be.
const NEAR: Span = Span(180 * Span::DAY.0);

pub(super) fn read(member: &Member, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Condition> {
    let node = &member.value;
    let kind = match member.key.as_str() {
        "$hours" => hours(node, place, desk)?,
        "$weekday" => weekdays(node, place, desk)?,
        _ => anniversary(node, place, desk)?,
    };
    Some(Condition { at: node.at, kind })
}

fn hours(node: &Node, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Kind> {
    let mut fields = Fields::of(node, &language::HOURS, &mut desk.problems)?;
    let hours = hours_from(&mut fields, node, place, desk);
    let except = optional(fields.take("except"), |node| holidays(node, desk));
    fields.finish(&mut desk.problems);
    Some(Kind::Clock(Hours { workdays: except.ok()?.is_some(), ..hours? }))
}

/// `from`, `to` and `tz`.
pub(crate) fn hours_from(
    fields: &mut Fields<'_>,
    node: &Node,
    place: Place<'_>,
    desk: &mut Desk<'_>,
) -> Option<Hours> {
    let from = fields.require("from", &mut desk.problems).map(|node| time(node, desk));
    let to = fields.require("to", &mut desk.problems).map(|node| time(node, desk));
    let zone = optional(fields.take("tz"), |node| zone(node, place, desk));
    let (from, to) = (from??, to??);
    if from == to {
        let message = "from and to are the same time";
        desk.problems
            .error(Code::BadValue, node.opening(), message)
            .mend("leave the hours out for the whole day");
        return None;
    }
    Some(Hours {
        zone: zone.ok()?.unwrap_or_else(|| place.zone()),
        from: from % DAY_MINUTES,
        to,
        days: EVERY_DAY,
        workdays: false,
    })
}

fn weekdays(node: &Node, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Kind> {
    let (named, zone, workdays) = if let Json::Object(_) = node.json {
        let mut fields = Fields::of(node, &language::WEEKDAY, &mut desk.problems)?;
        let days = fields.require("days", &mut desk.problems);
        let zone = optional(fields.take("tz"), |node| zone(node, place, desk));
        let except = optional(fields.take("except"), |node| holidays(node, desk));
        fields.finish(&mut desk.problems);
        (days?, zone.ok()?, except.ok()?.is_some())
    } else {
        (node, None, false)
    };
    let days = match &named.json {
        Json::Array(items) if items.is_empty() => {
            desk.problems.error(Code::BadValue, named.at, "`$weekday` names no day");
            return None;
        }
        Json::Array(items) => items.iter().map(|item| weekday(item, desk)).collect::<Vec<_>>(),
        _ => vec![weekday(named, desk)],
    };
    let days = days.into_iter().try_fold(0, |all, day| Some(all | day?))?;
    Some(Kind::Clock(Hours {
        zone: zone.unwrap_or_else(|| place.zone()),
        from: 0,
        to: DAY_MINUTES,
        days,
        workdays,
    }))
}

fn weekday(node: &Node, desk: &mut Desk<'_>) -> Option<u8> {
    let name = text(node, "`$weekday`", &mut desk.problems)?;
    let found = WEEKDAYS.iter().position(|day| *day == name);
    if found.is_none() {
        let message = format!("{} is no day of the week", shown(name));
        let problem = desk.problems.error(Code::BadValue, node.at, message);
        problem.mend(format!("the days are {}", WEEKDAYS.join(", ")));
    }
    found.map(|day| 1 << day)
}

fn anniversary(node: &Node, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Kind> {
    let mut fields = Fields::of(node, &language::ANNIVERSARY, &mut desk.problems)?;
    let of = fields.require("trait", &mut desk.problems).and_then(|node| {
        let path = text(node, "`trait`", &mut desk.problems)?;
        let path = if path.starts_with("traits.") { path } else { &format!("traits.{path}") };
        let (subject, ty) = super::read::subject(path, node.at, place, desk)?;
        if let Some(ty) = ty.filter(|ty| !matches!(ty, Type::Date | Type::Text | Type::Number)) {
            let message = format!("`{path}` is of type {}, and not a date", ty.name());
            desk.problems.error(Code::WrongType, node.at, message);
        }
        Some(subject)
    });
    let mut near = |key, desk: &mut Desk<'_>| {
        optional(fields.take(key), |node| {
            let span = any_duration(node, &format!("`{key}`"), &mut desk.problems)?;
            if span <= NEAR {
                return Some(span);
            }
            let message = format!("`{key}` is at most {} days", NEAR.0 / Span::DAY.0);
            desk.problems.error(Code::BadDuration, node.at, message);
            None
        })
    };
    let (before, after) = (near("before", desk), near("after", desk));
    fields.finish(&mut desk.problems);
    let none = Span(0);
    Some(Kind::Anniversary {
        subject: of?,
        before: before.ok()?.unwrap_or(none),
        after: after.ok()?.unwrap_or(none),
        zone: place.zone(),
    })
}

/// Minutes since midnight, of `09:30`; `24:00` is the end of the day.
pub(crate) fn time(node: &Node, desk: &mut Desk<'_>) -> Option<u32> {
    let written = text(node, "a time of the day", &mut desk.problems)?;
    let two = |digits: &str| {
        let whole = digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u32>().ok().filter(|_| whole)
    };
    let parts = written.split_once(':').and_then(|(h, m)| Some((two(h)?, two(m)?)));
    match parts {
        Some((hour, minute)) if minute < 60 && hour * 60 + minute <= DAY_MINUTES => {
            Some(hour * 60 + minute)
        }
        _ => {
            let message = format!("{} is no time of the day", shown(written));
            let problem = desk.problems.error(Code::BadValue, node.at, message);
            problem.mend("write for example 09:30, up to 24:00");
            None
        }
    }
}

/// `visitor`, `pack` or a zone of the tz database.
pub(crate) fn zone(node: &Node, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Zone> {
    let name = text(node, "`tz`", &mut desk.problems)?;
    match name {
        "pack" => Some(Zone::Pack),
        "visitor" if matches!(place, Place::Membership) => {
            let message = "a membership holds wherever the visitor is: it has no visitor's clock";
            let problem = desk.problems.error(Code::ContextInSegment, node.at, message);
            problem.mend("use the pack's zone, or ask in the `when` of a rule");
            None
        }
        "visitor" => Some(Zone::Visitor),
        _ => zone_exists(name, node.at, desk).then(|| Zone::Named(name.to_owned())),
    }
}

/// Whether the tz database has a zone; if not, that is an error.
pub(crate) fn zone_exists(name: &str, at: At, desk: &mut Desk<'_>) -> bool {
    if jiff::tz::TimeZone::get(name).is_ok() {
        return true;
    }
    let names: Vec<String> =
        jiff::tz::db().available().map(|name| name.as_str().to_owned()).collect();
    let message = format!("{} is no time zone", shown(name));
    let problem = desk.problems.error(Code::BadValue, at, message);
    problem.mend("write for example Asia/Singapore");
    if let Some(near) = closest(name, names.iter().map(String::as_str)) {
        problem.mean_name(name, near);
    }
    false
}

fn holidays(node: &Node, desk: &mut Desk<'_>) -> Option<()> {
    let name = text(node, "`except`", &mut desk.problems)?;
    if name != "holidays" {
        let message = format!("`except` is \"holidays\", and this is {}", shown(name));
        desk.problems.error(Code::BadValue, node.at, message).mean(name, ["holidays"]);
        return None;
    }
    if !desk.declared.holidays {
        let message = "the pack has no `holidays`";
        let problem = desk.problems.error(Code::MissingKey, node.at, message);
        problem.mend("list them: \"holidays\": [\"2026-12-25\"]");
        return None;
    }
    Some(())
}

/// The pack's `holidays`, as days since 1970.
pub(crate) fn read_holidays(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<i64> {
    let items = node.and_then(|node| elements(node, "`holidays`", &mut desk.problems));
    let mut days = Vec::new();
    for item in items.unwrap_or_default() {
        let Json::Text(written) = &item.json else {
            let _: Option<()> = refuse(item, "a holiday", "a date", &mut desk.problems);
            continue;
        };
        if let Some(waymark_model::Moment::Day(day)) = waymark_model::Moment::parse(written) {
            days.push(day);
        } else {
            let message = format!("{} is no date", shown(written));
            let problem = desk.problems.error(Code::BadValue, item.at, message);
            problem.mend("write for example 2026-12-25");
        }
    }
    days.sort_unstable();
    days.dedup();
    days
}
