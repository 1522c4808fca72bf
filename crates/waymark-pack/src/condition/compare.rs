//! Comparisons: operators on a path, or a plain value for equality.

use waymark_engine::program::{Compare, Order};
use waymark_model::{Span, Value};

use super::{Condition, Kind, Subject};
use crate::declared::{Desk, Type};
use crate::diagnostic::Code;
use crate::fields::{elements, flag, members, refuse_not_yet};
use crate::json::{Json, Member, Node};
use crate::language;
use crate::problem::shown;

/// What a subject, whose type may be known, has to be like.
pub(super) fn comparisons(
    node: &Node,
    subject: &Subject,
    ty: Option<Type>,
    desk: &mut Desk<'_>,
) -> Option<Condition> {
    let operators = match &node.json {
        Json::Object(members) if members.iter().any(|m| m.key.starts_with('$')) => members,
        _ => {
            let value = value(node, desk)?;
            equality(node, subject, ty, &value, desk);
            return Some(compared(node, subject, Compare::Eq(value)));
        }
    };
    let parts: Vec<Option<Condition>> =
        operators.iter().map(|member| operator(member, subject, ty, desk)).collect();
    Some(Condition::all(node.at, parts.into_iter().collect::<Option<_>>()?))
}

fn operator(
    member: &Member,
    subject: &Subject,
    ty: Option<Type>,
    desk: &mut Desk<'_>,
) -> Option<Condition> {
    let Member { key, key_at, value: node } = member;
    let compare = match key.as_str() {
        "$not" => return Some(comparisons(node, subject, ty, desk)?.not(node.at)),
        "$eq" | "$ne" => {
            let value = value(node, desk)?;
            equality(node, subject, ty, &value, desk);
            if key == "$eq" { Compare::Eq(value) } else { Compare::Ne(value) }
        }
        "$in" | "$nin" => {
            let list = alternatives(node, key, subject, ty, desk)?;
            if key == "$in" { Compare::In(list) } else { Compare::NotIn(list) }
        }
        "$exists" => Compare::Exists(flag(node, "`$exists`", &mut desk.problems)?),
        "$lt" => Compare::Order(Order::Lt, bound(node, key, subject, ty, desk)?),
        "$lte" => Compare::Order(Order::Lte, bound(node, key, subject, ty, desk)?),
        "$gt" => Compare::Order(Order::Gt, bound(node, key, subject, ty, desk)?),
        "$gte" => Compare::Order(Order::Gte, bound(node, key, subject, ty, desk)?),
        _ if language::find(language::COMPARISONS, key).is_some() => {
            refuse_not_yet(member, &mut desk.problems);
            return None;
        }
        _ if language::find(language::VISITOR, key).is_some() => {
            let message = format!("`{key}` is a condition of its own; it compares no path");
            desk.problems
                .error(Code::OutOfPlace, *key_at, message)
                .mend("take it out of the path's comparisons");
            return None;
        }
        _ => {
            let message = if key.starts_with('$') {
                format!("there is no comparison {}", shown(key))
            } else {
                format!("{} stands among operators and is none", shown(key))
            };
            desk.problems
                .error(Code::UnknownKey, *key_at, message)
                .mean_one_of(key, language::names(language::COMPARISONS));
            return None;
        }
    };
    Some(compared(node, subject, compare))
}

fn compared(node: &Node, subject: &Subject, compare: Compare) -> Condition {
    Condition { at: node.at, kind: Kind::Compare { subject: subject.clone(), compare } }
}

/// A value of JSON, which no reference may hide in.
fn value(node: &Node, desk: &mut Desk<'_>) -> Option<Value> {
    if let Json::Object(members) = &node.json
        && let Some(reference) = members.iter().find(|member| member.key == "$ref")
    {
        refuse_not_yet(reference, &mut desk.problems);
        return None;
    }
    let value = node.to_value();
    if value.is_none() {
        let limit = waymark_model::limits::DEPTH;
        let message = format!("a value nests at most {limit} deep, as those of events do");
        desk.problems.error(Code::TooDeep, node.opening(), message);
    }
    value
}

fn alternatives(
    node: &Node,
    key: &str,
    subject: &Subject,
    ty: Option<Type>,
    desk: &mut Desk<'_>,
) -> Option<Vec<Value>> {
    let items = elements(node, &format!("`{key}`"), &mut desk.problems)?;
    let mut list = Vec::with_capacity(items.len());
    for item in items {
        let value = value(item, desk)?;
        // An array is looked through for any of the alternatives.
        if ty != Some(Type::Array) {
            equality(item, subject, ty, &value, desk);
        }
        list.push(value);
    }
    Some(list)
}

/// What a `$lt` and its like compare with.
fn bound(
    node: &Node,
    key: &str,
    subject: &Subject,
    ty: Option<Type>,
    desk: &mut Desk<'_>,
) -> Option<Value> {
    let value = value(node, desk)?;
    if !matches!(value, Value::Number(_) | Value::Text(_)) {
        let message = format!("`{key}` takes a number or a string, and this is {}", node.kind());
        desk.problems.error(Code::WrongType, node.at, message);
        return None;
    }
    let name = subject.name();
    if let Some(ty) = ty {
        if matches!(ty, Type::Bool | Type::Array | Type::Object) {
            let message = format!("`{name}` is of type {}, which has no order", ty.name());
            desk.problems.error(Code::WrongType, node.at, message);
        } else {
            equality(node, subject, Some(ty), &value, desk);
        }
    } else if let Value::Text(text) = &value
        && Span::parse(text).is_some()
    {
        let message = format!("`{name}` is compared with {} as text", shown(text));
        let problem = desk.problems.warn(Code::WrongType, node.at, message);
        problem.mend("ask for an age with `$first` or `$last`");
    }
    Some(value)
}

/// Says when a subject of this type can never equal the value.
fn equality(node: &Node, subject: &Subject, ty: Option<Type>, value: &Value, desk: &mut Desk<'_>) {
    let Some(ty) = ty.filter(|ty| !ty.can_equal(value)) else { return };
    let name = subject.name();
    let duration = value.as_text().is_some_and(|text| Span::parse(text).is_some());
    let with = if duration { "a duration" } else { node.kind() };
    let message = format!("`{name}` is of type {}, and is compared with {with}", ty.name());
    let problem = desk.problems.error(Code::WrongType, node.at, message);
    if let (Type::Number, Value::Text(text)) = (ty, value)
        && text.parse::<f64>().is_ok()
    {
        problem.mend(format!("write {text} without quotes"));
    } else if duration && ty == Type::Date {
        problem.mend("durations since or until a date are not in this version of the language");
    }
}

/// The bounds that an object of comparisons sets, for `count` and `age`.
pub(super) fn bounds<'n>(
    node: &'n Node,
    what: &str,
    known: &[&str],
    desk: &mut Desk<'_>,
) -> Option<Vec<(&'n str, &'n Node)>> {
    let mut bounds = Vec::new();
    for member in members(node, what, &mut desk.problems)? {
        if known.contains(&member.key.as_str()) {
            bounds.push((member.key.as_str(), &member.value));
        } else {
            let message = format!("{what} takes no {}", shown(&member.key));
            let problem = desk.problems.error(Code::UnknownKey, member.key_at, message);
            problem.mend(format!("it takes {}", known.join(", ")));
            return None;
        }
    }
    Some(bounds)
}
