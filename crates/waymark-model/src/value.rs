//! JSON's values, with one representation for each: objects are sorted by key, numbers are canonical.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::{Reader, Writer};
use crate::limits;

/// A JSON value. Numbers are doubles, as in JavaScript; there is one NaN and one zero.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    Array(Vec<Value>),
    Object(Object),
}

/// String keys and their values, sorted by the keys' bytes, each key once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object(Vec<(String, Value)>);

impl Value {
    /// The value at a dotted path below this one. A number walks into an array.
    pub fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| match value {
            Self::Object(object) => object.get(key),
            Self::Array(items) => items.get(key.parse::<u32>().ok()? as usize),
            _ => None,
        })
    }

    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// At least as many bytes as the encoded value has.
    pub fn weight(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) => 1,
            Self::Number(_) => 9,
            Self::Text(text) => text_weight(text),
            Self::Array(items) => LENGTH + items.iter().map(Self::weight).sum::<usize>(),
            Self::Object(object) => 1 + object.weight(),
        }
    }

    pub fn write(&self, out: &mut Writer) {
        match self {
            Self::Null => out.byte(0),
            Self::Bool(false) => out.byte(1),
            Self::Bool(true) => out.byte(2),
            Self::Number(number) => {
                // Adding zero turns minus zero into zero.
                let number = number + 0.0;
                if let Some(small) = small_integer(number) {
                    out.byte(7);
                    out.signed(i64::from(small));
                } else {
                    out.byte(3);
                    out.number(number);
                }
            }
            Self::Text(text) => {
                out.byte(4);
                out.text(text);
            }
            Self::Array(items) => {
                out.byte(5);
                out.list(items, |out, item| item.write(out));
            }
            Self::Object(object) => {
                out.byte(6);
                object.write(out);
            }
        }
    }

    pub fn read(input: &mut Reader<'_>) -> Self {
        Self::read_within(input, limits::DEPTH)
    }

    fn read_within(input: &mut Reader<'_>, depth: usize) -> Self {
        match input.byte() {
            0 => Self::Null,
            1 => Self::Bool(false),
            2 => Self::Bool(true),
            3 => Self::Number(input.number()),
            4 => Self::Text(input.string()),
            5 => match depth.checked_sub(1) {
                Some(depth) => Self::Array(input.list(|input| Self::read_within(input, depth))),
                None => input.refuse("too-deep", Self::Null),
            },
            6 => Self::Object(Object::read_within(input, depth)),
            #[expect(clippy::cast_precision_loss, reason = "the encoder keeps these below 2^30")]
            7 => Self::Number(input.signed() as f64),
            _ => input.refuse("unknown-value", Self::Null),
        }
    }
}

/// The tag of a value and a length below 2^28.
const LENGTH: usize = 5;

const fn text_weight(text: &str) -> usize {
    LENGTH + text.len()
}

/// Whole numbers that fit 30 bits take a shorter form; both encoders must agree on which do.
fn small_integer(number: f64) -> Option<i32> {
    const END: f64 = 1_073_741_824.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    let whole = number as i32;
    (number.abs() < END && f64::from(whole).to_bits() == number.to_bits()).then_some(whole)
}

impl Object {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Sets `key`, replacing what it held.
    pub fn insert(&mut self, key: impl Into<String>, value: Value) {
        let key = key.into();
        match self.place(&key) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (key, value)),
        }
    }

    /// Where a key is among the others, or would be.
    pub fn place(&self, key: &str) -> Result<usize, usize> {
        // Nearly always they come in order.
        if self.0.last().is_none_or(|(last, _)| last.as_str() < key) {
            return Err(self.0.len());
        }
        self.0.binary_search_by(|(have, _)| have.as_str().cmp(key))
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        Some(&self.0[self.place(key).ok()?].1)
    }

    pub fn remove(&mut self, key: &str) -> Option<Value> {
        Some(self.0.remove(self.place(key).ok()?).1)
    }

    /// The value at a dotted path below this object.
    pub fn at(&self, path: &[String]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        self.get(first)?.at(rest)
    }

    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|member| keep(&member.0));
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// At least as many bytes as the encoded object has.
    pub fn weight(&self) -> usize {
        let pair = |(key, value): &(String, Value)| text_weight(key) + value.weight();
        LENGTH + self.0.iter().map(pair).sum::<usize>()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub fn write(&self, out: &mut Writer) {
        out.list(&self.0, |out, (key, value)| {
            out.text(key);
            value.write(out);
        });
    }

    pub fn read(input: &mut Reader<'_>) -> Self {
        Self::read_within(input, limits::DEPTH)
    }

    fn read_within(input: &mut Reader<'_>, depth: usize) -> Self {
        let Some(depth) = depth.checked_sub(1) else {
            return input.refuse("too-deep", Self::new());
        };
        let mut object = Self::new();
        input.each(|input| object.insert(input.text(), Value::read_within(input, depth)));
        object
    }
}

impl<K: Into<String>> FromIterator<(K, Value)> for Object {
    /// Of a key given twice the last value stays, as `JSON.parse` has it.
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(pairs: I) -> Self {
        let mut all: Vec<(String, Value)> =
            pairs.into_iter().map(|(key, value)| (key.into(), value)).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                core::mem::swap(later, earlier);
            }
            same
        });
        Self(all)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

#[cfg(test)]
mod tests {
    use super::{Object, Value};
    use crate::codec::{Reader, Writer};

    #[test]
    fn of_a_key_given_twice_the_last_stays() {
        let object: Object =
            [("b", Value::from(1.0)), ("a", Value::from(2.0)), ("b", Value::from(3.0))]
                .into_iter()
                .collect();
        assert_eq!(object.len(), 2);
        assert_eq!(object.get("b"), Some(&Value::Number(3.0)));
    }

    #[test]
    fn nesting_past_the_limit_is_refused_by_name() {
        let mut deep = Value::Null;
        for _ in 0..40 {
            deep = Value::Array(vec![deep]);
        }
        let mut out = Writer::default();
        deep.write(&mut out);
        let bytes = out.into_bytes();
        let error = Reader::whole(&bytes, Value::read).unwrap_err();
        assert_eq!(error.code, "too-deep");
    }

    #[test]
    fn minus_zero_is_zero() {
        let mut out = Writer::default();
        Value::Number(-0.0).write(&mut out);
        let bytes = out.into_bytes();
        let Ok(Value::Number(zero)) = Reader::whole(&bytes, Value::read) else {
            panic!("not a number")
        };
        assert_eq!(zero.to_bits(), 0);
    }
}
