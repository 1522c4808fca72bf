//! Comparisons with the meaning that GrowthBook's SDKs publish, which is JavaScript's.

use core::cmp::Ordering;

use waymark_model::Value;

use crate::Numerals;
use crate::program::{Compare, Order};

impl Compare {
    /// `actual` is `None` when the path leads nowhere; that is null.
    pub(crate) fn holds(&self, actual: Option<&Value>, numerals: Numerals) -> bool {
        let actual = actual.unwrap_or(&Value::Null);
        match self {
            Self::Eq(wanted) => actual == wanted,
            Self::Ne(wanted) => actual != wanted,
            Self::Order(order, wanted) => ordered(*order, actual, wanted, numerals),
            Self::In(list) => among(actual, list),
            Self::NotIn(list) => !among(actual, list),
            Self::Exists(wanted) => (*actual != Value::Null) == *wanted,
        }
    }
}

fn among(actual: &Value, list: &[Value]) -> bool {
    match actual {
        Value::Array(items) => items.iter().any(|item| list.contains(item)),
        one => list.contains(one),
    }
}

/// ECMA-262, `IsLessThan`: two strings by their code units, anything else as numbers.
fn ordered(order: Order, left: &Value, right: &Value, numerals: Numerals) -> bool {
    let ordering = match (left, right) {
        (Value::Text(left), Value::Text(right)) => {
            Some(left.encode_utf16().cmp(right.encode_utf16()))
        }
        _ => number(left, numerals).partial_cmp(&number(right, numerals)),
    };
    ordering.is_some_and(|ordering| order.holds(ordering))
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

/// ECMA-262, `ToNumber`. Arrays and objects have no number here.
fn number(value: &Value, numerals: Numerals) -> f64 {
    match value {
        Value::Null => 0.0,
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::Number(number) => *number,
        Value::Text(text) => (numerals.parse)(text),
        Value::Array(_) | Value::Object(_) => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use waymark_model::Value;

    use crate::Numerals;
    use crate::program::{Compare, Order};

    fn holds(compare: &Compare, actual: Option<&Value>) -> bool {
        compare.holds(actual, Numerals::NATIVE)
    }

    #[test]
    fn a_missing_number_is_below_one() {
        assert!(holds(&Compare::Order(Order::Lt, Value::Number(1.0)), None));
        assert!(!holds(&Compare::Order(Order::Gt, Value::Number(1.0)), None));
    }

    #[test]
    fn text_is_compared_with_a_number_as_a_number() {
        assert!(holds(&Compare::Order(Order::Gte, Value::Number(10.0)), Some(&Value::from("10"))));
        assert!(!holds(&Compare::Order(Order::Gte, Value::Number(1.0)), Some(&Value::from("x"))));
        assert!(!holds(&Compare::Eq(Value::Number(10.0)), Some(&Value::from("10"))));
    }

    #[test]
    fn two_texts_are_compared_by_code_unit() {
        // U+FF5E comes after the surrogates that write U+1F600, though its code point is lower.
        let emoji = Value::from("\u{1f600}");
        assert!(holds(&Compare::Order(Order::Lt, Value::from("\u{ff5e}")), Some(&emoji)));
    }

    #[test]
    fn an_array_is_in_a_list_when_they_share_something() {
        let list = vec![Value::from("a"), Value::from("b")];
        let array = Value::Array(vec![Value::from("z"), Value::from("b")]);
        assert!(holds(&Compare::In(list.clone()), Some(&array)));
        assert!(!holds(&Compare::NotIn(list), Some(&array)));
    }
}
