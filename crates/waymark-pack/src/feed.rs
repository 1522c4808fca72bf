//! What a pack says of its catalogue's rows, for whoever is told newer ones.

use std::collections::BTreeMap;
use std::fmt;

use waymark_model::{Object, Value};

use crate::declared::Type;
use crate::json::{self, Json};
use crate::problem::Problems;

/// The key of a catalogue's rows, and the types of their fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Things {
    key: String,
    types: BTreeMap<String, Type>,
}

/// A field that is of another type than the pack says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistyped {
    pub field: String,
    pub expected: &'static str,
    pub found: &'static str,
}

impl fmt::Display for Mistyped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, expected, found } = self;
        write!(f, "The pack says that {field:?} is of type {expected}, and this is {found}.")
    }
}

impl Things {
    /// Of a pack that compiles; `None` when it has no catalogue.
    pub fn of(pack: &str) -> Option<Self> {
        let root = json::parse(pack, &mut Problems::default())?;
        let catalog = root.member("catalog")?;
        let Json::Text(key) = &catalog.member("key")?.json else { return None };
        let types = match catalog.member("fields").map(|fields| &fields.json) {
            Some(Json::Object(members)) => members.as_slice(),
            _ => &[],
        };
        let types = types.iter().filter_map(|member| {
            let ty = Type::read(&member.value, &mut Problems::default())?;
            Some((member.key.clone(), ty))
        });
        Some(Self { key: key.clone(), types: types.collect() })
    }

    /// The field by which a row is known.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether fields are what the pack says that they are. `null` is of every type.
    pub fn check(&self, fields: &Object) -> Result<(), Mistyped> {
        for (field, value) in fields.iter() {
            if let Some(ty) = self.types.get(field)
                && !ty.can_equal(value)
            {
                let (expected, found) = (ty.name(), kind(value));
                return Err(Mistyped { field: field.to_owned(), expected, found });
            }
        }
        Ok(())
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::Text(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use waymark_model::{Object, Value};

    use super::Things;

    #[test]
    fn says_which_field_is_of_another_type() {
        let pack =
            r#"{ "pack": "p", "catalog": { "key": "sku", "fields": { "stock": "number" } } }"#;
        let things = Things::of(pack).unwrap();
        assert_eq!(things.key(), "sku");
        let fields = |value: Value| [("stock", value)].into_iter().collect::<Object>();
        assert_eq!(things.check(&fields(Value::Number(3.0))), Ok(()));
        assert_eq!(things.check(&fields(Value::Null)), Ok(()));
        let mistyped = things.check(&fields(Value::from("many"))).unwrap_err();
        assert_eq!(
            mistyped.to_string(),
            "The pack says that \"stock\" is of type number, and this is a string."
        );
        assert_eq!(Things::of(r#"{ "pack": "p" }"#), None);
    }
}
