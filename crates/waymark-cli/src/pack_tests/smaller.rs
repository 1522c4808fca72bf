//! A journey without all that it does not take.

use waymark_model::{Event, Object, Purposes, Span, Timestamp, Value};
use waymark_pack::Case;

/// The smallest case that it finds for which the same holds.
pub(super) fn smaller(mut case: Case, holds: impl Fn(&Case) -> bool) -> Case {
    events(&mut case, &holds);
    for plainer in [
        |case: &mut Case| case.timezone = None,
        |case: &mut Case| case.locale.clear(),
        |case: &mut Case| case.consent = Purposes::ALL,
        |case: &mut Case| Case::DEVICE.clone_into(&mut case.anonymous_id),
        |case: &mut Case| case.given.iter_mut().for_each(|event| event.user_id = None),
    ] {
        attempt(&mut case, &holds, plainer);
    }
    object(&mut case, &holds, |case| Some(&mut case.context));
    for number in 0..case.given.len() {
        object(&mut case, &holds, |case| Some(&mut case.given.get_mut(number)?.context));
        object(&mut case, &holds, |case| Some(&mut case.given.get_mut(number)?.properties));
    }
    times(&mut case, &holds);
    case
}

/// Does it, if the same holds afterwards.
fn attempt(
    case: &mut Case,
    holds: &impl Fn(&Case) -> bool,
    change: impl FnOnce(&mut Case),
) -> bool {
    let mut other = case.clone();
    change(&mut other);
    if other == *case || !holds(&other) {
        return false;
    }
    *case = other;
    true
}

/// Leaves out events: half of them at once, then a quarter, down to each.
fn events(case: &mut Case, holds: &impl Fn(&Case) -> bool) {
    let mut size = case.given.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        let mut any = false;
        while at < case.given.len() {
            let end = (at + size).min(case.given.len());
            if attempt(case, holds, |case| drop(case.given.drain(at..end))) {
                any = true;
            } else {
                at = end;
            }
        }
        match size {
            // What one event kept another may have kept, too.
            1 if any => {}
            1 => break,
            _ => size = size.div_ceil(2),
        }
    }
    // As a reader of the test will number them.
    attempt(case, holds, |case| {
        for (number, event) in case.given.iter_mut().enumerate() {
            event.id = Case::event(number, &event.name, event.time).id;
        }
    });
}

/// Leaves out members, from the outside in.
fn object(
    case: &mut Case,
    holds: &impl Fn(&Case) -> bool,
    of: impl Fn(&mut Case) -> Option<&mut Object>,
) {
    if attempt(case, holds, |case| drop(of(case).map(std::mem::take))) {
        return;
    }
    let mut waiting: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(path) = waiting.pop() {
        let keys: Vec<String> = match of(case).and_then(|object| inner(object, &path)) {
            Some(inner) => inner.iter().map(|(key, _)| key.to_owned()).collect(),
            None => continue,
        };
        for key in keys {
            let path: Vec<String> = path.iter().cloned().chain([key]).collect();
            let without = |case: &mut Case| {
                if let Some(object) = of(case) {
                    remove(object, &path);
                }
            };
            if !attempt(case, holds, without) {
                waiting.push(path);
            }
        }
    }
}

/// The object at a path; `None` for what is none.
fn inner<'o>(object: &'o Object, path: &[String]) -> Option<&'o Object> {
    let Some((first, rest)) = path.split_first() else { return Some(object) };
    match object.get(first)? {
        Value::Object(object) => inner(object, rest),
        _ => None,
    }
}

fn remove(object: &mut Object, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    match object.remove(first) {
        Some(Value::Object(mut inner)) if !rest.is_empty() => {
            remove(&mut inner, rest);
            object.insert(first.as_str(), Value::Object(inner));
        }
        _ => {}
    }
}

/// Tells when in as few words as can be: at the usual moment, and so many days, hours or minutes before.
fn times(case: &mut Case, holds: &impl Fn(&Case) -> bool) {
    let later = Case::NOW.since(case.now);
    attempt(case, holds, |case| {
        case.now = Case::NOW;
        for event in &mut case.given {
            event.time = event.time.plus(later);
        }
    });
    for unit in [Span::DAY, Span::HOUR, Span::MINUTE] {
        if attempt(case, holds, |case| each_event(case, |ago| whole(ago, unit))) {
            return;
        }
    }
    for number in 0..case.given.len() {
        for unit in [Span::DAY, Span::HOUR, Span::MINUTE] {
            let change = |case: &mut Case| {
                let now = case.now;
                if let Some(event) = case.given.get_mut(number) {
                    event.time = now.minus(whole(now.since(event.time), unit));
                }
            };
            let mut ordered = case.clone();
            change(&mut ordered);
            // The order in which they are written is the order in which they happened.
            if ordered.given.is_sorted_by_key(|event| event.time) && attempt(case, holds, change) {
                break;
            }
        }
    }
}

fn each_event(case: &mut Case, change: impl Fn(Span) -> Span) {
    let now: Timestamp = case.now;
    for Event { time, .. } in &mut case.given {
        *time = now.minus(change(now.since(*time)));
    }
}

fn whole(ago: Span, unit: Span) -> Span {
    Span(ago.0.div_euclid(unit.0) * unit.0)
}
