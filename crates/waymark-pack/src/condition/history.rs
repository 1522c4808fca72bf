//! What a journey adds to conditions: questions about what a visitor did before.

use std::rc::Rc;

use waymark_engine::program::{Compare, Merge, Order, Taken};
use waymark_model::{Span, Value};

use super::compare::{bounds, comparisons};
use super::path::property;
use super::{Comparison, Condition, Definition, Kept, Kind, Occurrence, Place, Subject, Windowed};
use crate::declared::{self, Desk, Type};
use crate::diagnostic::Code;
use crate::fields::{Fields, any_duration, duration, elements, refuse, text, whole};
use crate::json::{At, Json, Node};
use crate::language::{self, Shape};
use crate::problem::shown;
use crate::shares::one_or_all;

/// Times that can be remembered of one event, for counting it inside windows.
const COUNTED: u32 = 128;
/// Steps, and events between them, that a sequence can have.
const STEPS: usize = 16;

pub(super) fn read(operator: &str, node: &Node, desk: &mut Desk<'_>) -> Option<Condition> {
    match operator {
        "$did" => did(node, desk),
        "$didNot" => Some(did(node, desk)?.not(node.at)),
        "$sequence" => sequence(node, desk),
        "$first" => occurred(node, true, desk),
        "$last" => occurred(node, false, desk),
        "$segment" => segment(node, desk),
        _ => stage(node, desk),
    }
}

fn did(node: &Node, desk: &mut Desk<'_>) -> Option<Condition> {
    let mut fields = Fields::of(node, &language::DID, &mut desk.problems)?;
    let on = occurrence(&mut fields, desk);
    let within = optional(fields.take("within"), |node| within(node, desk));
    let earlier = fields.take("between");
    let session = optional(fields.take("in"), |node| session(node, desk));
    let count = fields.take("count");
    fields.finish(&mut desk.problems);
    if let Some(between) = earlier {
        if within != Ok(None) || session != Ok(None) {
            let message = "`between` stands without `within` and `in`";
            desk.problems.error(Code::ConflictingKeys, between.at, message);
            return None;
        }
        return did_between(on?, between, count, node, desk);
    }
    let (on, within, session) = (on?, within.ok()?, session.ok()?.is_some());
    let Some(count) = count else {
        let kind = Kind::Count { on, within, session, least: 1, most: None };
        return Some(Condition { at: node.at, kind });
    };
    let in_window = within.is_some() || session;
    counts(count, in_window, desk, |least, most| Kind::Count {
        on: on.clone(),
        within,
        session,
        least,
        most,
    })
}

/// How often it happened up to some time ago: that is counted in buckets.
fn did_between(
    on: Occurrence,
    between: &Node,
    count: Option<&Node>,
    node: &Node,
    desk: &mut Desk<'_>,
) -> Option<Condition> {
    let windowed = Windowed {
        on,
        taken: Taken::ONE,
        merge: Merge::Sum,
        window: Some(super::aggregate::between(between, desk)?),
    };
    let subject = Subject::Remembered(Box::new(Definition::Windowed(windowed)));
    let bound = |order, number: u32| {
        let compare = Compare::Order(order, Value::Number(number.into()));
        let kind = Kind::Compare { subject: subject.clone(), compare: Comparison::Plain(compare) };
        Condition { at: node.at, kind }
    };
    let kind = |least: u32, most: Option<u32>| {
        let least = (least > 0).then(|| bound(Order::Gte, least));
        let most = most.map(|most| bound(Order::Lte, most));
        Condition::all(node.at, least.into_iter().chain(most).collect()).kind
    };
    match count {
        None => Some(Condition { at: node.at, kind: kind(1, None) }),
        Some(count) => counts(count, false, desk, kind),
    }
}

/// `count`: a number, or bounds.
fn counts(
    node: &Node,
    in_window: bool,
    desk: &mut Desk<'_>,
    kind: impl Fn(u32, Option<u32>) -> Kind,
) -> Option<Condition> {
    let known = ["$gte", "$gt", "$lte", "$lt", "$eq", "$ne"];
    let bounds = match &node.json {
        Json::Number(_) => vec![("$eq", node)],
        Json::Object(_) => bounds(node, "`count`", &known, desk)?,
        _ => {
            let wanted = "a number, or bounds such as {\"$gte\": 2}";
            return refuse(node, "`count`", wanted, &mut desk.problems);
        }
    };
    let (mut least, mut most) = (0, None::<u32>);
    let mut parts = Vec::new();
    let mut never = false;
    for (operator, node) in &bounds {
        let number = whole(node, "a count", (0, i32::MAX - 1), &mut desk.problems)?;
        let number = u32::try_from(number).ok()?;
        let (low, high) = match *operator {
            "$gte" => (number, None),
            "$gt" => (number + 1, None),
            "$lte" => (0, Some(number)),
            "$lt" => {
                never |= number == 0;
                (0, Some(number.saturating_sub(1)))
            }
            _ => (number, Some(number)),
        };
        // Times beyond the ones remembered cannot be told apart in a window.
        if in_window && low.max(high.map_or(0, |high| high + 1)) > COUNTED {
            let message = format!("inside a window, {COUNTED} occurrences are told apart at most");
            desk.problems
                .error(Code::CountTooLarge, node.at, message)
                .mend("use `$count` for larger numbers");
            return None;
        }
        if *operator == "$ne" {
            parts.push(Condition { at: node.at, kind: kind(low, high) }.not(node.at));
            continue;
        }
        least = least.max(low);
        most = most.map_or(high, |most| Some(high.map_or(most, |high| high.min(most))));
    }
    if never || most.is_some_and(|most| most < least) {
        desk.problems.warn(Code::Contradiction, node.at, "no count is within these bounds");
        return Some(Condition::never(node.at));
    }
    if bounds.len() > parts.len() || parts.is_empty() {
        parts.push(Condition { at: node.at, kind: kind(least, most) });
    }
    Some(Condition::all(node.at, parts))
}

fn sequence(node: &Node, desk: &mut Desk<'_>) -> Option<Condition> {
    let mut fields = Fields::of(node, &language::SEQUENCE, &mut desk.problems)?;
    let steps = fields.require("steps", &mut desk.problems).map(|node| steps(node, desk));
    let without = optional(fields.take("without"), |node| interruptions(node, desk));
    let within = optional(fields.take("within"), |node| within(node, desk));
    let idle = optional(fields.take("idle"), |node| duration(node, "`idle`", &mut desk.problems));
    fields.finish(&mut desk.problems);
    let without = without.ok()?.unwrap_or_default();
    let kind = Kind::Sequence { steps: steps??, without, within: within.ok()?, idle: idle.ok()? };
    Some(Condition { at: node.at, kind })
}

fn steps(node: &Node, desk: &mut Desk<'_>) -> Option<Vec<Occurrence>> {
    let items = elements(node, "`steps`", &mut desk.problems)?;
    if items.is_empty() || items.len() > STEPS {
        let message = format!("a sequence has 1 to {STEPS} steps, and this has {}", items.len());
        desk.problems.error(Code::BadSteps, node.opening(), message);
        return None;
    }
    let steps: Vec<_> = items.iter().map(|item| step(item, desk)).collect();
    steps.into_iter().collect()
}

fn step(node: &Node, desk: &mut Desk<'_>) -> Option<Occurrence> {
    let mut fields = Fields::of(node, &language::STEP, &mut desk.problems)?;
    let on = occurrence(&mut fields, desk);
    fields.finish(&mut desk.problems);
    on
}

fn interruptions(node: &Node, desk: &mut Desk<'_>) -> Option<Vec<Occurrence>> {
    let items = elements(node, "`without`", &mut desk.problems)?;
    if items.len() > STEPS {
        let message = format!("`without` names at most {STEPS} events");
        desk.problems.error(Code::BadSteps, node.opening(), message);
        return None;
    }
    let events: Vec<_> = items
        .iter()
        .map(|item| match &item.json {
            Json::Text(name) => {
                desk.event_is_known(name, item.at);
                Some(Occurrence { event: event_name(name), filter: None })
            }
            _ => step(item, desk),
        })
        .collect();
    events.into_iter().collect()
}

/// `$first` and `$last`: whether it happened, how long ago, and what a property of it was.
fn occurred(node: &Node, first: bool, desk: &mut Desk<'_>) -> Option<Condition> {
    let shape = if first { &language::FIRST } else { &language::LAST };
    let mut fields = Fields::of(node, shape, &mut desk.problems)?;
    let on = occurrence(&mut fields, desk);
    let event = on.as_ref().and_then(|on| on.event.clone());
    let property =
        optional(fields.take("property"), |node| property_of(node, event.as_deref(), desk));
    let ages = optional(fields.take("age"), |node| ages(node, desk));
    let is = fields.take("is");
    if is.is_some() != matches!(property, Err(()) | Ok(Some(_))) {
        let (missing, given) = if is.is_some() { ("property", "is") } else { ("is", "property") };
        let message = format!("{} with `{given}` needs `{missing}`", shape.what);
        desk.problems.error(Code::MissingKey, node.opening(), message);
    }
    fields.finish(&mut desk.problems);
    let (property, ty) = property.ok()?.unzip();
    let of = Kept { first, on: on?, property };
    let mut parts: Vec<Condition> = ages
        .ok()?
        .unwrap_or_default()
        .into_iter()
        .map(|(at, order, span)| Condition { at, kind: Kind::Age { of: of.clone(), order, span } })
        .collect();
    if let Some(is) = is {
        of.property.as_ref()?;
        let subject = Subject::Remembered(Box::new(Definition::Kept(of)));
        parts.push(comparisons(is, &subject, ty.flatten(), Place::Membership, desk)?);
    } else if parts.is_empty() {
        // Anything that happened is at least no time ago.
        let kind = Kind::Age { of, order: Order::Gte, span: Span(0) };
        parts.push(Condition { at: node.at, kind });
    }
    Some(Condition::all(node.at, parts))
}

fn ages(node: &Node, desk: &mut Desk<'_>) -> Option<Vec<(At, Order, Span)>> {
    let known = ["$lt", "$lte", "$gt", "$gte"];
    let orders = [Order::Lt, Order::Lte, Order::Gt, Order::Gte];
    let bounds = bounds(node, "`age`", &known, desk)?;
    if bounds.is_empty() {
        let message = "`age` needs a bound such as {\"$gte\": \"60d\"}";
        desk.problems.error(Code::MissingKey, node.opening(), message);
        return None;
    }
    let mut ages = Vec::new();
    for (operator, node) in bounds {
        let span = any_duration(node, "`age`", &mut desk.problems)?;
        let order = known.iter().zip(orders).find(|(known, _)| **known == operator);
        ages.extend(order.map(|(_, order)| (node.at, order, span)));
    }
    Some(ages)
}

pub(super) fn property_of(
    node: &Node,
    event: Option<&str>,
    desk: &mut Desk<'_>,
) -> Option<(Vec<String>, Option<Type>)> {
    let path = text(node, "`property`", &mut desk.problems)?;
    property(path, event, node.at, desk)
}

/// `event` and `where`.
pub(crate) fn occurrence(fields: &mut Fields<'_>, desk: &mut Desk<'_>) -> Option<Occurrence> {
    let event = fields.require("event", &mut desk.problems);
    let filter = fields.take("where");
    occurrence_of(event, filter, desk)
}

pub(crate) fn occurrence_of(
    event: Option<&Node>,
    filter: Option<&Node>,
    desk: &mut Desk<'_>,
) -> Option<Occurrence> {
    let named = event.and_then(|node| {
        let name = text(node, "`event`", &mut desk.problems)?;
        desk.event_is_known(name, node.at);
        Some(event_name(name))
    });
    let event = named.clone().flatten();
    let filter = optional(filter, |node| {
        super::read(node, Place::Where(event.as_deref()), desk).map(Rc::new)
    });
    Some(Occurrence { event: named?, filter: filter.ok()? })
}

pub(super) fn event_name(name: &str) -> Option<String> {
    (name != "*").then(|| name.to_owned())
}

pub(super) fn within(node: &Node, desk: &mut Desk<'_>) -> Option<Span> {
    duration(node, "`within`", &mut desk.problems)
}

fn session(node: &Node, desk: &mut Desk<'_>) -> Option<()> {
    let place = text(node, "`in`", &mut desk.problems)?;
    if place == "session" {
        return Some(());
    }
    let message = format!("`in` is \"session\" or left out, and this is {}", shown(place));
    desk.problems.error(Code::BadValue, node.at, message).mean(place, ["session"]);
    None
}

fn segment(node: &Node, desk: &mut Desk<'_>) -> Option<Condition> {
    let one = |node: &Node, desk: &mut Desk<'_>| {
        let id = text(node, "`$segment`", &mut desk.problems)?;
        desk.is_declared(declared::Kind::Segment, id, node.at)
            .then(|| Condition { at: node.at, kind: Kind::Segment(id.to_owned()) })
    };
    Some(Condition::any(node.at, one_or_all(node, "`$segment`", desk, one)?))
}

fn stage(node: &Node, desk: &mut Desk<'_>) -> Option<Condition> {
    let (named, further) = or_at_least(node, &language::STAGE_AT_LEAST, desk)?;
    let id = text(named, "`$stage`", &mut desk.problems)?;
    desk.is_declared(declared::Kind::Stage, id, named.at)
        .then(|| Condition { at: node.at, kind: Kind::Stage { id: id.to_owned(), further } })
}

/// What is named, and whether it stands for what comes after it, too.
pub(super) fn or_at_least<'n>(
    node: &'n Node,
    shape: &'static Shape,
    desk: &mut Desk<'_>,
) -> Option<(&'n Node, bool)> {
    let Json::Object(_) = node.json else { return Some((node, false)) };
    let mut fields = Fields::of(node, shape, &mut desk.problems)?;
    let named = fields.require("atLeast", &mut desk.problems);
    fields.finish(&mut desk.problems);
    Some((named?, true))
}

/// What an optional member says: an error when it is there and wrong.
pub(super) fn optional<'n, T>(
    node: Option<&'n Node>,
    read: impl FnOnce(&'n Node) -> Option<T>,
) -> Result<Option<T>, ()> {
    node.map_or(Ok(None), |node| read(node).map(Some).ok_or(()))
}
