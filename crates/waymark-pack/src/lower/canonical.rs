//! The text of a definition: the same in every pack that means the same, so that what a state
//! remembers is found again. Names stand with their length, so that no two definitions share a text.

use std::fmt::Write;

use waymark_engine::program::{Amount, Compare, Merge, Order, Path, Relation, Taken, Window};
use waymark_model::Value;

use crate::condition::{
    Comparison, Condition, Definition, Items, Kept, Kind, Occurrence, Points, Subject, Values,
    Windowed,
};

pub(super) fn times(on: &Occurrence) -> String {
    format!("times({})", occurrence(on))
}

pub(super) fn definition(of: &Definition) -> String {
    match of {
        Definition::Windowed(Windowed { on, taken, merge, window: span }) => {
            let merge = match merge {
                Merge::Sum => "sum",
                Merge::Average => "avg",
                Merge::Least => "min",
                Merge::Greatest => "max",
            };
            format!("{merge}({},{},{})", occurrence(on), self::taken(taken), window(*span))
        }
        Definition::Kept(of) => kept(of),
        Definition::Distinct(of) => format!("distinct({})", values(of)),
        Definition::Top(of) => format!("top({})", values(of)),
        Definition::Streak { on, period } => {
            format!("streak({},{})", occurrence(on), period.name())
        }
        Definition::Items(Items { add, remove, clear, taken, most }) => {
            let [add, remove, clear] = [add, remove, clear].map(|all| unordered(all));
            let taken = self::taken(taken);
            format!("items([{add}],[{remove}],[{clear}],{taken},{most})")
        }
        Definition::Points(Points { earn, earned, spend, spent, window: span }) => {
            let earn = earn
                .iter()
                .zip(earned)
                .map(|(on, (of, rate))| format!("{} {} x{}", occurrence(on), taken(of), rate.0));
            let earn: Vec<String> = earn.collect();
            let (spend, spent) = (unordered(spend), taken(spent));
            format!("points([{}],[{spend}],{spent},{})", earn.join(","), window(*span))
        }
    }
}

fn values(Values { on, taken, window: span, most }: &Values) -> String {
    format!("{},{},{},{most}", occurrence(on), self::taken(taken), window(*span))
}

fn taken(Taken { each, amount }: &Taken) -> String {
    let each = each.as_deref().map_or_else(String::new, |list| format!("each {} ", keys(list)));
    let amount = match amount {
        Amount::One => "one".to_owned(),
        Amount::Property(path) => keys(path),
    };
    each + &amount
}

fn window(window: Option<Window>) -> String {
    let written =
        |Window { resolution, buckets, skip }| format!("{}x{buckets}-{skip}", resolution.0);
    window.map_or_else(|| "all".to_owned(), written)
}

fn unordered(all: &[Occurrence]) -> String {
    let mut all: Vec<String> = all.iter().map(occurrence).collect();
    all.sort();
    all.dedup();
    all.join(",")
}

fn kept(of: &Kept) -> String {
    let which = if of.first { "first" } else { "last" };
    let property = of.property.as_deref().map_or_else(|| "none".to_owned(), keys);
    format!("{which}({},{property})", occurrence(&of.on))
}

pub(super) fn sequence(steps: &[Occurrence], without: &[Occurrence]) -> String {
    let steps: Vec<String> = steps.iter().map(occurrence).collect();
    format!("sequence([{}],[{}])", steps.join(","), unordered(without))
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
        Kind::Compare { subject, compare } => {
            format!("{}{}", self::subject(subject), comparison(compare))
        }
        Kind::Relate { left, relation, right } => {
            format!("{}{}{}", subject(left), self::relation(*relation), subject(right))
        }
        Kind::Channel { among, .. } => format!("channel({among:x})"),
        // A `where` has nothing else.
        _ => String::new(),
    }
}

fn subject(of: &Subject) -> String {
    match of {
        Subject::Path(Path { root, keys: path }) => format!("{}.{}", root.name(), keys(path)),
        // A `where` reads nothing else.
        _ => String::new(),
    }
}

fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::Eq => "=",
        Relation::Order(Order::Lt) => "<",
        Relation::Order(Order::Lte) => "<=",
        Relation::Order(Order::Gt) => ">",
        Relation::Order(Order::Gte) => ">=",
        Relation::In => " in ",
    }
}

fn comparison(compare: &Comparison) -> String {
    let compare = match compare {
        Comparison::Plain(compare) => compare,
        Comparison::Some(part) => return format!(" some({})", condition(part)),
        Comparison::Size(part) => return format!(" size({})", condition(part)),
        Comparison::Pattern(pattern) => {
            let flags = if pattern.folded { "i" } else { "" };
            return format!(" matches({}){flags}", name(&pattern.source));
        }
        Comparison::Group(id) => return format!(" group({})", name(id)),
    };
    let list = |list: &[Value]| list.iter().map(value).collect::<Vec<_>>().join(",");
    match compare {
        Compare::Is(wanted) => format!("={}", value(wanted)),
        Compare::Order(order, bound) => {
            format!("{}{}", relation(Relation::Order(*order)), value(bound))
        }
        Compare::In(alternatives) => format!(" in[{}]", list(alternatives)),
        Compare::InFolded(alternatives) => format!(" ini[{}]", list(alternatives)),
        Compare::Exists => " exists".to_owned(),
        Compare::Type(ty) => format!(" is-a({})", ty.name()),
        Compare::Version(related, version) => {
            format!(" version{}{}", relation(*related), name(version))
        }
        // These stand in comparisons of their own.
        Compare::Group(_) | Compare::Pattern(_) | Compare::Some(_) | Compare::Size(_) => {
            String::new()
        }
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
