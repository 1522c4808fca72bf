//! JSON values to and from the model's. Bytes are read straight into the model.

use crate::{WireError, text};
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;
use waymark_model::{Object, Value, limits};

/// Reads a body that is one object: a request of Waymark's own. The rules and limits are those of
/// a batch.
pub fn parse_object(body: &[u8]) -> Result<Object, WireError> {
    let text = text::decode(body, limits::BATCH_BYTES)?;
    text::expect_object(text, "The body")?;
    let read = |text: &str| {
        let mut input = serde_json::Deserializer::from_str(text);
        let value = ValueSeed::ROOT.deserialize(&mut input)?;
        input.end().map(|()| value)
    };
    let value = read(text)
        .or_else(|_| read(&text::mended(text)))
        .map_err(|error| text::refusal(&error, text, String::new()))?;
    let Value::Object(object) = value else {
        return Ok(Object::new());
    };
    Ok(object)
}

/// The depth is not checked: what `serde_json` read it has bounded itself.
pub fn value_from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(truth) => Value::Bool(*truth),
        serde_json::Value::Number(number) => number.as_f64().map_or(Value::Null, canonical),
        serde_json::Value::String(text) => Value::Text(text.clone()),
        serde_json::Value::Array(items) => {
            Value::Array(items.iter().map(value_from_json).collect())
        }
        serde_json::Value::Object(members) => Value::Object(object_from_json(members)),
    }
}

pub fn object_from_json(members: &serde_json::Map<String, serde_json::Value>) -> Object {
    members.iter().map(|(key, value)| (key.as_str(), value_from_json(value))).collect()
}

/// Whole numbers are written without a point. `NaN` and the infinities become `null`.
pub fn value_to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(truth) => serde_json::Value::Bool(*truth),
        Value::Number(number) => number_to_json(*number),
        Value::Text(text) => serde_json::Value::String(text.clone()),
        Value::Array(items) => serde_json::Value::Array(items.iter().map(value_to_json).collect()),
        Value::Object(object) => serde_json::Value::Object(object_to_json(object)),
    }
}

pub fn object_to_json(object: &Object) -> serde_json::Map<String, serde_json::Value> {
    object.iter().map(|(key, value)| (key.to_owned(), value_to_json(value))).collect()
}

fn number_to_json(number: f64) -> serde_json::Value {
    /// 2^53: below it every whole double is an integer that JSON's readers agree on.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    if number.abs() < EXACT && number.fract() == 0.0 {
        return (number as i64).into();
    }
    number.into()
}

fn canonical(number: f64) -> Value {
    // Adding zero turns minus zero into zero.
    Value::Number(number + 0.0)
}

/// Reads one value; `levels` objects and arrays may still be opened.
#[derive(Clone, Copy)]
pub(crate) struct ValueSeed {
    levels: usize,
}

impl ValueSeed {
    pub(crate) const ROOT: Self = Self { levels: limits::DEPTH };

    fn within<E: Error>(self) -> Result<Self, E> {
        let levels = self.levels.checked_sub(1).ok_or_else(|| E::custom("too deep"))?;
        Ok(Self { levels })
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, input: D) -> Result<Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    #[expect(clippy::cast_precision_loss, reason = "integers past 2^53 become the nearest double")]
    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "integers past 2^53 become the nearest double")]
    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(canonical(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<Value, A::Error> {
        let inner = self.within()?;
        let mut items = Vec::new();
        while let Some(item) = input.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut input: A) -> Result<Value, A::Error> {
        let inner = self.within()?;
        let mut pairs: Vec<(String, Value)> = Vec::new();
        while let Some(key) = input.next_key()? {
            pairs.push((key, input.next_value_seed(inner)?));
        }
        Ok(Value::Object(pairs.into_iter().collect()))
    }
}
