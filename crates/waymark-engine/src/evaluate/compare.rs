//! Comparisons with the meaning that GrowthBook's SDKs publish: strict types, null for what is missing.

use alloc::string::String;
use core::cmp::Ordering;

use waymark_model::{Value, Writer, fnv1a64};

use super::{Evaluation, Silent, Truth, Watch};
use crate::WHOLE;
use crate::case::fold_case;
use crate::program::{Compare, CondId, Order, Relation, Type};

impl<W: Watch> Evaluation<'_, W> {
    pub(super) fn compares(&self, compare: &Compare, actual: &Value) -> bool {
        if let Some(holds) = plain(compare, actual) {
            return holds;
        }
        let program = self.engine.program;
        match compare {
            Compare::InFolded(list) if WHOLE => shares(actual, |value| match value {
                Value::Text(text) => list.contains(&Value::Text(fold_case(text))),
                other => list.contains(other),
            }),
            Compare::Group(group) => {
                let members = &program.groups[*group as usize].members;
                shares(actual, |value| members.binary_search(&member_hash(value)).is_ok())
            }
            Compare::Pattern(pattern) if WHOLE => {
                actual.as_text().is_some_and(|text| program.patterns[*pattern as usize].finds(text))
            }
            Compare::Version(relation, wanted) if WHOLE => actual.as_text().is_some_and(|text| {
                holds(*relation, padded_version(text).as_str().cmp(wanted.as_str()))
            }),
            Compare::Some(cond) if WHOLE => match actual {
                Value::Array(items) => {
                    items.iter().any(|item| *item != Value::Null && self.holds_of(*cond, item))
                }
                _ => false,
            },
            Compare::Size(cond) if WHOLE => match actual {
                #[expect(clippy::cast_precision_loss, reason = "arrays are short")]
                Value::Array(items) => self.holds_of(*cond, &Value::Number(items.len() as f64)),
                _ => false,
            },
            // These are plain.
            _ => false,
        }
    }

    fn holds_of(&self, cond: CondId, item: &Value) -> bool {
        let mut evaluation = Evaluation {
            engine: self.engine,
            now: self.now,
            visitor: None,
            context: None,
            event: None,
            item: Some(item),
            watch: &mut Silent,
            memo: &mut [],
        };
        evaluation.answer(cond).truth == Truth::True
    }
}

/// The comparisons that need nothing but the value; `None` for the others.
pub(crate) fn plain(compare: &Compare, actual: &Value) -> Option<bool> {
    Some(match compare {
        Compare::Is(wanted) => actual == wanted,
        Compare::Order(order, wanted) => relates(Relation::Order(*order), actual, wanted),
        Compare::In(list) => shares(actual, |value| list.contains(value)),
        Compare::Exists => *actual != Value::Null,
        Compare::Type(ty) if WHOLE => Type::of(actual) == *ty,
        _ => return None,
    })
}

/// Whether a value, or, of an array, an element, is one that is looked for.
fn shares(actual: &Value, mut one: impl FnMut(&Value) -> bool) -> bool {
    match actual {
        Value::Array(items) => items.iter().any(one),
        value => one(value),
    }
}

pub(super) fn relates(relation: Relation, left: &Value, right: &Value) -> bool {
    match (relation, left, right) {
        (Relation::Eq, ..) => left == right,
        (Relation::In, _, Value::Array(list)) => shares(left, |value| list.contains(value)),
        (Relation::In, ..) => false,
        (_, Value::Number(left), Value::Number(right)) => {
            left.partial_cmp(right).is_some_and(|ordering| holds(relation, ordering))
        }
        (_, Value::Text(left), Value::Text(right)) => holds(relation, by_code_units(left, right)),
        _ => false,
    }
}

/// The order of UTF-16, in which JavaScript compares. That of UTF-8 differs only where one text has a
/// character beyond the first 65,536 and the other one of the last of those.
pub(crate) fn by_code_units(left: &str, right: &str) -> Ordering {
    for (left, right) in left.bytes().zip(right.bytes()) {
        if left != right {
            return rank(left).cmp(&rank(right));
        }
    }
    left.len().cmp(&right.len())
}

/// A byte's place in that order: the leads 0xee and 0xef are behind 0xf0 to 0xf4, the leads of what takes two units.
pub(crate) const fn rank(byte: u8) -> u8 {
    if byte < 0xee { byte } else { byte | 0x10 }
}

fn holds(relation: Relation, ordering: Ordering) -> bool {
    match relation {
        Relation::Order(order) => order.holds(ordering),
        Relation::Eq | Relation::In => ordering.is_eq(),
    }
}

impl Order {
    pub(crate) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Lt => ordering.is_lt(),
            Self::Lte => ordering.is_le(),
            Self::Gt => ordering.is_gt(),
            Self::Gte => ordering.is_ge(),
        }
    }
}

/// What a Program keeps of a group's member.
pub fn member_hash(value: &Value) -> u64 {
    let mut out = Writer::default();
    value.write(&mut out);
    fnv1a64(out.as_bytes())
}

/// Texts that compare as the versions do. As GrowthBook defines it: a leading `v` and what follows
/// a `+` do not count; parts of digits are filled up with spaces to five places; a version of three
/// parts comes after those with a fourth, its pre-releases.
pub fn padded_version(text: &str) -> String {
    const PLACES: usize = 5;
    let text = text.strip_prefix('v').unwrap_or(text);
    let text = text.split('+').next().unwrap_or_default();
    let text = if text.is_empty() { "0" } else { text };
    let mut padded = String::new();
    let mut parts = 0;
    for part in text.split(['-', '.']) {
        if parts > 0 {
            padded.push('-');
        }
        parts += 1;
        if !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) {
            for _ in part.len()..PLACES {
                padded.push(' ');
            }
        }
        padded.push_str(part);
    }
    if parts == 3 { padded + "-~" } else { padded }
}

#[cfg(test)]
mod tests {
    use waymark_model::Value;

    use super::{padded_version, relates};
    use crate::program::{Order, Relation};

    #[test]
    fn types_are_never_converted() {
        let number = Value::Number(5.0);
        let gte = Relation::Order(Order::Gte);
        assert!(relates(gte, &number, &Value::Number(5.0)));
        for other in [Value::from("5"), Value::Null, Value::Bool(true), Value::Array(vec![])] {
            assert!(!relates(gte, &other, &number));
            assert!(!relates(gte, &number, &other));
            assert!(!relates(Relation::Eq, &number, &other));
        }
    }

    #[test]
    fn two_texts_are_compared_by_code_unit() {
        // U+FF5E comes after the surrogates that write U+1F600, though its code point is lower.
        let (emoji, tilde) = (Value::from("\u{1f600}"), Value::from("\u{ff5e}"));
        assert!(relates(Relation::Order(Order::Lt), &emoji, &tilde));
    }

    #[test]
    fn a_release_comes_after_its_candidates() {
        let rising = ["0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-rc.2", "v1.0.0+7", "1.0.10"];
        let padded: Vec<String> = rising.map(padded_version).to_vec();
        assert!(padded.is_sorted(), "{padded:?}");
    }
}
