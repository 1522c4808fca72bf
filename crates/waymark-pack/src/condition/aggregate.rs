//! What is remembered of many events: `$count`, `$sum` and their like, as a feature or asked where
//! they stand.

use waymark_engine::program::{Amount, Merge, Period, Taken, Window};
use waymark_model::Span;

use super::compare::comparisons;
use super::history::{event_name, occurrence, optional, property_of, within};
use super::{Condition, Definition, Items, Kept, Occurrence, Place, Subject, Values, Windowed};
use crate::declared::{Desk, Type};
use crate::diagnostic::Code;
use crate::fields::{Fields, duration, elements, one_of, text, whole};
use crate::json::{Json, Node};
use crate::language::{self, Operator, Shape, Takes};
use crate::problem::shown;

/// Conditions that this reads.
pub(super) const OPERATORS: [&str; 9] =
    ["$count", "$sum", "$avg", "$min", "$max", "$distinct", "$top", "$streak", "$items"];

/// Values that are told apart, counted or kept when a pack does not say how many.
const DISTINCT: i32 = 100;
const COUNTED: i32 = 20;
const LISTED: i32 = 50;

/// One compared where it stands.
pub(super) fn read(operator: &str, node: &Node, desk: &mut Desk<'_>) -> Option<Condition> {
    let shape = shape_of(language::VISITOR, operator)?;
    let mut fields = Fields::of(node, shape, &mut desk.problems)?;
    let definition = definition(operator, &mut fields, node, desk);
    let is = fields.require("is", &mut desk.problems);
    fields.finish(&mut desk.problems);
    let (definition, ty) = definition?;
    let subject = Subject::Remembered(Box::new(definition));
    comparisons(is?, &subject, ty, Place::Membership, desk)
}

/// One under a name, with the type of what it reads.
pub(crate) fn feature(
    operator: &str,
    node: &Node,
    desk: &mut Desk<'_>,
) -> Option<(Definition, Option<Type>)> {
    let shape = shape_of(language::FEATURES, operator)?;
    let mut fields = Fields::of(node, shape, &mut desk.problems)?;
    let definition = match operator {
        "$first" | "$last" => {
            let on = occurrence(&mut fields, desk);
            let event = on.as_ref().and_then(|on| on.event.clone());
            let property = fields
                .require("property", &mut desk.problems)
                .and_then(|node| property_of(node, event.as_deref(), desk));
            property.zip(on).map(|((keys, ty), on)| {
                let kept = Kept { first: operator == "$first", on, property: Some(keys) };
                (Definition::Kept(kept), ty)
            })
        }
        _ => definition(operator, &mut fields, node, desk),
    };
    fields.finish(&mut desk.problems);
    definition
}

fn shape_of(operators: &'static [Operator], name: &str) -> Option<&'static Shape> {
    match language::find(operators, name)?.takes {
        Takes::Object(shape) => Some(shape),
        _ => None,
    }
}

fn definition(
    operator: &str,
    fields: &mut Fields<'_>,
    node: &Node,
    desk: &mut Desk<'_>,
) -> Option<(Definition, Option<Type>)> {
    let (definition, of) = match operator {
        "$items" => (Definition::Items(items(fields, desk)?), None),
        "$streak" => {
            let on = occurrence(fields, desk);
            let period = fields.take("per").map_or(Some(Period::Day), |node| period(node, desk));
            (Definition::Streak { on: on?, period: period? }, None)
        }
        "$distinct" | "$top" => {
            let distinct = operator == "$distinct";
            let (values, of) = values(fields, distinct, node, desk)?;
            (if distinct { Definition::Distinct(values) } else { Definition::Top(values) }, of)
        }
        _ => (Definition::Windowed(windowed(operator, fields, desk)?), None),
    };
    let ty = definition.ty(of);
    Some((definition, ty))
}

fn windowed(operator: &str, fields: &mut Fields<'_>, desk: &mut Desk<'_>) -> Option<Windowed> {
    let on = occurrence(fields, desk);
    let event = on.as_ref().and_then(|on| on.event.clone());
    let each = each(fields, event.as_deref(), desk);
    let inside = !matches!(each, Ok(None));
    let property = if operator == "$count" {
        Some(Amount::One)
    } else {
        let node = fields.require("property", &mut desk.problems);
        let number = |node| number(node, event.as_deref(), inside, desk);
        node.and_then(number).map(Amount::Property)
    };
    let window = window(fields, &BUCKETS, desk);
    let merge = match operator {
        "$avg" => Merge::Average,
        "$min" => Merge::Least,
        "$max" => Merge::Greatest,
        _ => Merge::Sum,
    };
    let taken = Taken { each: each.ok()?, amount: property? };
    Some(Windowed { on: on?, taken, merge, window: window.ok()? })
}

/// The values of `$distinct` and `$top`, with their type.
fn values(
    fields: &mut Fields<'_>,
    distinct: bool,
    node: &Node,
    desk: &mut Desk<'_>,
) -> Option<(Values, Option<Type>)> {
    let on = occurrence(fields, desk);
    let event = on.as_ref().and_then(|on| on.event.clone());
    let each = each(fields, event.as_deref(), desk);
    let inside = !matches!(each, Ok(None));
    let property = optional(fields.take("property"), |node| {
        read_property(node, event.as_deref(), inside, desk)
    });
    // Only the latest of each value is known, which says nothing of the time before it.
    let window = if distinct {
        optional(fields.take("within"), |node| {
            window_of(within(node, desk)?, 0, &BUCKETS, node, desk)
        })
    } else {
        window(fields, &WIDE, desk)
    };
    let (usual, range) = if distinct { (DISTINCT, (1, 1_000)) } else { (COUNTED, (2, 100)) };
    let most = fields
        .take("max")
        .map_or(Some(usual), |node| whole(node, "`max`", range, &mut desk.problems));
    if !inside && property == Ok(None) {
        let message = "`property` says which values are meant";
        desk.problems.error(Code::MissingKey, node.opening(), message);
        return None;
    }
    let (keys, ty) = property.ok()?.unwrap_or_default();
    let taken = Taken { each: each.ok()?, amount: Amount::Property(keys) };
    let most = most?.cast_unsigned();
    Some((Values { on: on?, taken, window: window.ok()?, most }, ty))
}

fn items(fields: &mut Fields<'_>, desk: &mut Desk<'_>) -> Option<Items> {
    let add = fields.require("add", &mut desk.problems);
    let add = add.and_then(|node| changes(node, desk));
    let remove = fields.take("remove").map_or(Some(Vec::new()), |node| changes(node, desk));
    let clear = fields.take("clear").map_or(Some(Vec::new()), |node| changes(node, desk));
    let each = optional(fields.take("each"), |node| keys(node, "`each`", desk));
    let key = fields.require("key", &mut desk.problems).and_then(|node| keys(node, "`key`", desk));
    let most = fields
        .take("max")
        .map_or(Some(LISTED), |node| whole(node, "`max`", (1, 200), &mut desk.problems));
    let taken = Taken { each: each.ok()?, amount: Amount::Property(key?) };
    let most = most?.cast_unsigned();
    Some(Items { add: add?, remove: remove?, clear: clear?, taken, most })
}

/// An event, or several: by name, or with what they have to be like.
fn changes(node: &Node, desk: &mut Desk<'_>) -> Option<Vec<Occurrence>> {
    let one = |node: &Node, desk: &mut Desk<'_>| {
        if let Json::Text(name) = &node.json {
            desk.event_is_known(name, node.at);
            return Some(Occurrence { event: event_name(name), filter: None });
        }
        let shape = &language::CHANGE_OF_ITEMS;
        let mut fields = Fields::of(node, shape, &mut desk.problems)?;
        let on = occurrence(&mut fields, desk);
        fields.finish(&mut desk.problems);
        on
    };
    match &node.json {
        Json::Array(all) => {
            let all: Vec<_> = all.iter().map(|node| one(node, desk)).collect();
            all.into_iter().collect()
        }
        _ => Some(vec![one(node, desk)?]),
    }
}

fn period(node: &Node, desk: &mut Desk<'_>) -> Option<Period> {
    let words = Period::ALL.map(|period| (period.name(), period));
    one_of(node, "`per`", "period", words, &mut desk.problems)
}

/// `each`: a property that is a list.
fn each(
    fields: &mut Fields<'_>,
    event: Option<&str>,
    desk: &mut Desk<'_>,
) -> Result<Option<Vec<String>>, ()> {
    optional(fields.take("each"), |node| {
        let (keys, ty) = property_of(node, event, desk)?;
        if let Some(ty) = ty.filter(|ty| *ty != Type::Array) {
            let path = keys.join(".");
            let message = format!("{} is of type {}, and not a list", shown(&path), ty.name());
            desk.problems.error(Code::WrongType, node.at, message);
        }
        Some(keys)
    })
}

/// A property of the event, or, `inside` a list, of its elements.
fn read_property(
    node: &Node,
    event: Option<&str>,
    inside: bool,
    desk: &mut Desk<'_>,
) -> Option<(Vec<String>, Option<Type>)> {
    if inside {
        return keys(node, "`property`", desk).map(|keys| (keys, None));
    }
    property_of(node, event, desk)
}

fn number(
    node: &Node,
    event: Option<&str>,
    inside: bool,
    desk: &mut Desk<'_>,
) -> Option<Vec<String>> {
    let (keys, ty) = read_property(node, event, inside, desk)?;
    if let Some(ty) = ty.filter(|ty| *ty != Type::Number) {
        let path = keys.join(".");
        let message = format!("{} is of type {}, and not a number", shown(&path), ty.name());
        desk.problems.error(Code::WrongType, node.at, message);
    }
    Some(keys)
}

/// A dotted path in something of which nothing is declared.
fn keys(node: &Node, what: &str, desk: &mut Desk<'_>) -> Option<Vec<String>> {
    let path = text(node, what, &mut desk.problems)?;
    let keys: Vec<String> = path.split('.').map(str::to_owned).collect();
    if keys.iter().all(|key| !key.is_empty()) {
        return Some(keys);
    }
    let message = format!("the path {} leaves out what to read", shown(path));
    desk.problems.error(Code::UnknownPath, node.at, message);
    None
}

/// The longest window for each width of its buckets. The coarser, the fewer are kept.
const BUCKETS: [(Span, Span); 5] = [
    (Span(2 * Span::HOUR.0), Span::MINUTE),
    (Span::DAY, Span(5 * Span::MINUTE.0)),
    (Span(14 * Span::DAY.0), Span::HOUR),
    (Span(400 * Span::DAY.0), Span::DAY),
    (Span(12_000 * Span::DAY.0), Span(30 * Span::DAY.0)),
];

/// The same where every value has buckets of its own.
const WIDE: [(Span, Span); 7] = [
    (Span(2 * Span::HOUR.0), Span(5 * Span::MINUTE.0)),
    (Span(31 * Span::HOUR.0), Span::HOUR),
    (Span(7 * Span::DAY.0), Span(6 * Span::HOUR.0)),
    (Span(31 * Span::DAY.0), Span::DAY),
    (Span(217 * Span::DAY.0), Span::WEEK),
    (Span(930 * Span::DAY.0), Span(30 * Span::DAY.0)),
    (Span(11_160 * Span::DAY.0), Span(360 * Span::DAY.0)),
];

type Ladder = [(Span, Span)];

/// `within` or `between`.
fn window(
    fields: &mut Fields<'_>,
    ladder: &Ladder,
    desk: &mut Desk<'_>,
) -> Result<Option<Window>, ()> {
    let (last, earlier) = (fields.take("within"), fields.take("between"));
    if let (Some(_), Some(between)) = (last, earlier) {
        let message = "`within` and `between` say the same thing in two ways";
        desk.problems.error(Code::ConflictingKeys, between.at, message);
        return Err(());
    }
    match earlier {
        Some(node) => between_of(node, ladder, desk).map(Some).ok_or(()),
        None => optional(last, |node| window_of(within(node, desk)?, 0, ladder, node, desk)),
    }
}

/// `within`, and its buckets.
pub(super) fn window_within(
    node: Option<&Node>,
    desk: &mut Desk<'_>,
) -> Result<Option<(Span, Window)>, ()> {
    optional(node, |node| {
        let span = within(node, desk)?;
        Some((span, window_of(span, 0, &BUCKETS, node, desk)?))
    })
}

/// A property of the event that is a number.
pub(crate) fn amount(node: &Node, event: Option<&str>, desk: &mut Desk<'_>) -> Option<Vec<String>> {
    number(node, event, false, desk)
}

/// `["30d", "7d"]`, of what is counted.
pub(super) fn between(node: &Node, desk: &mut Desk<'_>) -> Option<Window> {
    between_of(node, &BUCKETS, desk)
}

fn between_of(node: &Node, ladder: &Ladder, desk: &mut Desk<'_>) -> Option<Window> {
    let [far, near] = elements(node, "`between`", &mut desk.problems)? else {
        let message = "`between` has two lengths of time, as [\"30d\", \"7d\"]";
        desk.problems.error(Code::BadDuration, node.opening(), message);
        return None;
    };
    let spans = [far, near].map(|node| duration(node, "`between`", &mut desk.problems));
    let [Some(far), Some(near)] = spans else { return None };
    if near >= far {
        let message = "`between` begins further back than it ends, as [\"30d\", \"7d\"]";
        desk.problems.error(Code::BadDuration, node.opening(), message);
        return None;
    }
    window_of(far, near.0, ladder, node, desk)
}

/// A window as whole buckets, the last of which is the one that `now` is in.
fn window_of(
    within: Span,
    skip: i64,
    ladder: &Ladder,
    node: &Node,
    desk: &mut Desk<'_>,
) -> Option<Window> {
    let Some((_, resolution)) = ladder.iter().find(|(longest, _)| within <= *longest) else {
        let days = ladder.last().map_or(0, |(longest, _)| longest.0 / Span::DAY.0);
        let message = format!("a window has at most {days} days");
        desk.problems
            .error(Code::BadDuration, node.at, message)
            .mend("leave `within` out to count everything");
        return None;
    };
    let buckets = within.0.div_euclid(resolution.0) + i64::from(within.0 % resolution.0 != 0);
    let skipped = skip.div_euclid(resolution.0);
    if skip > 0 && (skipped == 0 || skipped >= buckets) {
        let message = format!(
            "in a window of this length time is counted in steps of {} minutes",
            resolution.0 / Span::MINUTE.0
        );
        let problem = desk.problems.error(Code::BadDuration, node.opening(), message);
        problem.mend("let it end at least one step ago, and begin one step before");
        return None;
    }
    let [buckets, skip] = [buckets, skipped].map(u32::try_from);
    Some(Window { resolution: *resolution, buckets: buckets.ok()?, skip: skip.ok()? })
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, WIDE};

    #[test]
    fn no_window_takes_too_many_buckets() {
        for (ladder, most) in [(&BUCKETS[..], 400), (&WIDE[..], 31)] {
            for (longest, resolution) in ladder {
                assert!(longest.0 % resolution.0 == 0 && longest.0 / resolution.0 <= most);
            }
        }
    }
}
