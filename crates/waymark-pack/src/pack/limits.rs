//! How often something is shown: a rule's own limit, and the pack's contact policy.

use std::collections::BTreeSet;

use waymark_engine::View;
use waymark_engine::program::{Act, Amount, Compare, Logs, Order, Taken, Window};
use waymark_model::{Span, Value};

use super::Pack;
use super::content::Slot;
use crate::condition::{
    Comparison, Condition, Definition, Hours, Kind, Occurrence, Place, Subject, Values, hours_from,
};
use crate::declared::Desk;
use crate::diagnostic::Code;
use crate::fields::{Fields, duration, elements, one_of, text, whole};
use crate::json::{At, Json, Node};
use crate::language;
use crate::problem::shown;

/// Properties of what hosts log of a content that limits count.
const RULE_ID: &str = "rule_id";
const CONTACT: &str = "contact";
const SESSION: &str = "session";

/// A rule's own limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub at: At,
    pub times: u32,
    pub per: Per,
    pub of: Of,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Per {
    Span(Span),
    Session,
    Visitor,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    Exposure,
    Decision,
    Session,
}

/// How often and when slots that contact visitors may do so.
#[derive(Debug, Clone)]
pub(crate) struct Policy {
    pub at: At,
    pub limit: Option<(u32, Per)>,
    pub quiet: Option<Hours>,
    pub exempt: Vec<String>,
}

pub(super) fn read(node: &Node, desk: &mut Desk<'_>) -> Option<Limit> {
    let mut fields = Fields::of(node, &language::LIMIT, &mut desk.problems)?;
    let times = fields.require("times", &mut desk.problems);
    let per = fields.require("per", &mut desk.problems);
    let of = fields.take("of");
    fields.finish(&mut desk.problems);
    let times = times.and_then(|node| read_times(node, desk));
    let per = per.and_then(|node| read_per(node, desk));
    let of = of.map_or(Some(Of::Exposure), |node| read_of(node, desk));
    let limit = Limit { at: node.at, times: times?, per: per?, of: of? };
    if (limit.per, limit.of) == (Per::Session, Of::Session) {
        let message = "there is one session in a session: this limits nothing";
        desk.problems.error(Code::ConflictingKeys, node.opening(), message);
        return None;
    }
    Some(limit)
}

fn read_times(node: &Node, desk: &mut Desk<'_>) -> Option<u32> {
    whole(node, "`times`", (1, 128), &mut desk.problems).map(i32::cast_unsigned)
}

fn read_per(node: &Node, desk: &mut Desk<'_>) -> Option<Per> {
    match &node.json {
        Json::Text(word) if word == "session" => Some(Per::Session),
        Json::Text(word) if word == "visitor" => Some(Per::Visitor),
        _ => duration(node, "`per`", &mut desk.problems).map(Per::Span),
    }
}

fn read_of(node: &Node, desk: &mut Desk<'_>) -> Option<Of> {
    let words = [("exposure", Of::Exposure), ("decision", Of::Decision), ("session", Of::Session)];
    one_of(node, "`of`", "thing that a limit counts", words, &mut desk.problems)
}

pub(super) fn policy(node: Option<&Node>, desk: &mut Desk<'_>) -> Option<Policy> {
    let node = node?;
    let mut fields = Fields::of(node, &language::CONTACT, &mut desk.problems)?;
    let limit = fields.take("limit");
    let quiet = fields.take("quiet");
    let exempt = fields.take("exempt");
    fields.finish(&mut desk.problems);
    let limit = limit.map(|node| {
        let mut fields = Fields::of(node, &language::CONTACT_LIMIT, &mut desk.problems)?;
        let times = fields.require("times", &mut desk.problems);
        let per = fields.require("per", &mut desk.problems);
        fields.finish(&mut desk.problems);
        let times = times.and_then(|node| read_times(node, desk));
        let per = per.and_then(|node| read_per(node, desk));
        times.zip(per)
    });
    let quiet = quiet.map(|node| {
        let mut fields = Fields::of(node, &language::QUIET, &mut desk.problems)?;
        let hours = hours_from(&mut fields, node, Place::Rule, desk);
        if let Some(node) = fields.take("then")
            && let Some(word) = text(node, "`then`", &mut desk.problems)
            && word != "delay"
        {
            let message = format!("`then` is \"delay\", and this is {}", shown(word));
            desk.problems.error(Code::BadValue, node.at, message).mean(word, ["delay"]);
        }
        fields.finish(&mut desk.problems);
        hours
    });
    let ways = exempt.and_then(|node| elements(node, "`exempt`", &mut desk.problems));
    let mut exempt = Vec::new();
    for node in ways.unwrap_or_default() {
        let Some(way) = text(node, "`exempt`", &mut desk.problems) else { continue };
        if !desk.declared.contacts.contains(way) {
            let message = format!("no slot and no destination contacts visitors by {}", shown(way));
            let names: Vec<&str> = desk.declared.contacts.iter().map(String::as_str).collect();
            desk.problems.warn(Code::BadValue, node.at, message).mean(way, names);
        }
        exempt.push(way.to_owned());
    }
    let limit = limit.map_or(Some(None), |limit| limit.map(Some))?;
    let quiet = quiet.map_or(Some(None), |quiet| quiet.map(Some))?;
    Some(Policy { at: node.at, limit, quiet, exempt })
}

/// The ways in which a pack contacts visitors.
pub(crate) struct Contacts<'p> {
    ways: BTreeSet<&'p str>,
    /// Whether it sends messages, too.
    sends: bool,
}

/// What has to hold for a rule to be shown once more, if anything, and what is to be logged for it.
pub(crate) fn lowered(
    rule: &str,
    limit: Option<&Limit>,
    slot: Option<&Slot>,
    policy: Option<&Policy>,
    contacts: &Contacts<'_>,
) -> (Option<Condition>, Logs) {
    let mut parts = Vec::new();
    let mut logs = Logs::default();
    if let Some(limit) = limit {
        logs.viewed |= limit.of != Of::Decision;
        logs.decided |= limit.of == Of::Decision;
        parts.push(limit.condition(rule));
    }
    let contact = slot.and_then(|slot| slot.contact.as_deref());
    if let Some(policy) = policy.filter(|policy| policy.is_about(contact)) {
        let room = policy.room(contacts);
        logs.viewed |= room.is_some();
        parts.extend(room);
        parts.extend(policy.loud());
    }
    let at = parts.first().map(|first| first.at);
    (at.map(|at| Condition::all(at, parts)), logs)
}

impl Contacts<'_> {
    pub fn of(pack: &Pack) -> Contacts<'_> {
        let slots = pack.slots.iter().filter_map(|slot| slot.contact.as_deref());
        let destinations = &pack.flows.destinations;
        let sends = destinations.iter().map(|destination| destination.channel.as_str());
        Contacts { ways: slots.chain(sends).collect(), sends: !destinations.is_empty() }
    }
}

impl Policy {
    /// Whether it says something about contacts in this way.
    pub fn is_about(&self, way: Option<&str>) -> bool {
        way.is_some_and(|way| !self.exempt.iter().any(|free| free == way))
    }

    /// That there is room for another contact.
    pub fn room(&self, contacts: &Contacts<'_>) -> Option<Condition> {
        let (times, per) = self.limit?;
        let at = self.at;
        let counted = contacts.ways.iter().filter(|way| self.is_about(Some(way)));
        let ways: Vec<Value> = counted.map(|way| Value::from(*way)).collect();
        let of_contact = Condition::property(at, CONTACT, Compare::In(ways));
        let fewer_of = |event, times| fewer(at, happened(event, of_contact.clone()), per, times);
        if !contacts.sends {
            return Some(fewer_of(View::VIEWED, times));
        }
        // What was shown and what was sent are one number.
        let both = (1..=times).map(|shown| {
            let sent = times + 1 - shown;
            let parts = vec![fewer_of(View::VIEWED, shown), fewer_of(Act::MESSAGE, sent)];
            Condition::all(at, parts)
        });
        Some(Condition::any(at, both.collect()))
    }

    /// That these are no quiet hours.
    pub fn loud(&self) -> Option<Condition> {
        let quiet = Kind::Clock(self.quiet.clone()?);
        Some(Condition { at: self.at, kind: quiet }.not(self.at))
    }
}

impl Limit {
    /// That there is room for showing what the rule shows once more.
    pub(super) fn condition(&self, rule: &str) -> Condition {
        let Self { at, times, per, of } = *self;
        let of_rule = Condition::property(at, RULE_ID, Compare::Is(Value::from(rule)));
        match of {
            Of::Exposure => fewer(at, happened(View::VIEWED, of_rule), per, times),
            Of::Decision => fewer(at, happened(View::DECIDED, of_rule), per, times),
            Of::Session => {
                let on = happened(View::VIEWED, of_rule);
                let here = fewer(at, on.clone(), Per::Session, 1).not(at);
                let window = match per {
                    Per::Span(span) => Some(by_day(span)),
                    Per::Session | Per::Visitor => None,
                };
                let amount = Amount::Property(vec![SESSION.to_owned()]);
                let taken = Taken { each: None, amount };
                let sessions = Definition::Distinct(Values { on, taken, window, most: times });
                let compare = Compare::Order(Order::Lt, Value::Number(times.into()));
                let subject = Subject::Remembered(Box::new(sessions));
                let kind = Kind::Compare { subject, compare: Comparison::Plain(compare) };
                Condition { at, kind: Kind::Any(vec![here, Condition { at, kind }]) }
            }
        }
    }
}

/// Sessions are counted by the day they began on, and where that is too coarse by the hour.
fn by_day(span: Span) -> Window {
    let resolution = if span.0 <= 2 * Span::DAY.0 { Span::HOUR } else { Span::DAY };
    let buckets = span.0.div_euclid(resolution.0) + i64::from(span.0 % resolution.0 != 0);
    Window { resolution, buckets: u32::try_from(buckets).unwrap_or(u32::MAX), skip: 0 }
}

pub(super) fn happened(event: &str, filter: Condition) -> Occurrence {
    Occurrence { event: Some(event.to_owned()), filter: Some(filter.into()) }
}

/// It happened fewer times.
pub(super) const fn fewer(at: At, on: Occurrence, per: Per, times: u32) -> Condition {
    let (within, session) = match per {
        Per::Span(span) => (Some(span), false),
        Per::Session => (None, true),
        Per::Visitor => (None, false),
    };
    let most = Some(times.saturating_sub(1));
    Condition { at, kind: Kind::Count { on, within, session, least: 0, most } }
}
