//! The text of a definition: the same in every pack that means the same, so that what a state
//! remembers is found again. Names stand with their length, so that no two definitions share a text.

use std::fmt::Write;

use waymark_engine::program::{Compare, Order, Path};
use waymark_model::Value;

use crate::condition::{Condition, Kept, Kind, Occurrence, Subject, Windowed};

pub(super) fn times(on: &Occurrence) -> String {
    format!("times({})", occurrence(on))
}

pub(super) fn windowed(of: &Windowed) -> String {
    let amount = of.property.as_deref().map_or_else(|| "one".to_owned(), keys);
    let window = of.window.map_or_else(
        || "all".to_owned(),
        |window| format!("{}x{}", window.resolution.0, window.buckets),
    );
    format!("windowed({},{amount},{window})", occurrence(&of.on))
}

pub(super) fn kept(of: &Kept) -> String {
    let which = if of.first { "first" } else { "last" };
    let property = of.property.as_deref().map_or_else(|| "none".to_owned(), keys);
    format!("{which}({},{property})", occurrence(&of.on))
}

pub(super) fn sequence(steps: &[Occurrence], without: &[Occurrence]) -> String {
    let steps: Vec<String> = steps.iter().map(occurrence).collect();
    let mut without: Vec<String> = without.iter().map(occurrence).collect();
    without.sort();
    without.dedup();
    format!("sequence([{}],[{}])", steps.join(","), without.join(","))
}

fn occurrence(on: &Occurrence) -> String {
    let event = on.event.as_deref().map_or_else(|| "*".to_owned(), name);
    let filter = on.filter.as_deref().map_or_else(String::new, condition);
    format!("on({event},{filter})")
}

/// In whatever order its parts were written.
fn condition(of: &Condition) -> String {
    let sorted = |parts: &[Condition]| {
        let mut parts: Vec<String> = parts.iter().map(condition).collect();
        parts.sort();
        parts.dedup();
        parts.join(",")
    };
    match &of.kind {
        Kind::All(parts) => format!("all({})", sorted(parts)),
        Kind::Any(parts) => format!("any({})", sorted(parts)),
        Kind::Not(part) => format!("not({})", condition(part)),
        Kind::Compare { subject: Subject::Path(Path { root, keys: path }), compare } => {
            format!("{}.{}{}", root.name(), keys(path), comparison(compare))
        }
        // A `where` has nothing else.
        _ => String::new(),
    }
}

fn comparison(compare: &Compare) -> String {
    let list = |list: &[Value]| list.iter().map(value).collect::<Vec<_>>().join(",");
    match compare {
        Compare::Eq(wanted) => format!("={}", value(wanted)),
        Compare::Ne(wanted) => format!("!={}", value(wanted)),
        Compare::Order(Order::Lt, bound) => format!("<{}", value(bound)),
        Compare::Order(Order::Lte, bound) => format!("<={}", value(bound)),
        Compare::Order(Order::Gt, bound) => format!(">{}", value(bound)),
        Compare::Order(Order::Gte, bound) => format!(">={}", value(bound)),
        Compare::In(alternatives) => format!(" in[{}]", list(alternatives)),
        Compare::NotIn(alternatives) => format!(" notin[{}]", list(alternatives)),
        Compare::Exists(wanted) => format!(" exists({wanted})"),
    }
}

fn value(of: &Value) -> String {
    match of {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => format!("{number}"),
        Value::Text(text) => name(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(value).collect::<Vec<_>>().join(","))
        }
        Value::Object(object) => {
            let mut text = "{".to_owned();
            for (key, of) in object.iter() {
                // Writing to a String cannot fail.
                let _ = write!(text, "{}:{},", name(key), value(of));
            }
            text + "}"
        }
    }
}

fn keys(path: &[String]) -> String {
    path.iter().map(|key| name(key)).collect::<Vec<_>>().join("/")
}

fn name(text: &str) -> String {
    format!("{}:{text}", text.len())
}
