//! The members of an event, a call or a batch, as they stand on the wire: read in one pass, each
//! kept as a value until its meaning is asked for.

use crate::instant::{FORMS, instant};
use crate::text;
use crate::value::ValueSeed;
use crate::{Code, WireError};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use waymark_model::{Object, Timestamp, Value, limits};

/// A member of the spec that means something to Waymark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Member {
    Type,
    MessageId,
    AnonymousId,
    UserId,
    Event,
    Name,
    Category,
    Properties,
    Traits,
    Context,
    Timestamp,
    OriginalTimestamp,
    SentAt,
    GroupId,
    PreviousId,
    WriteKey,
    DeviceKey,
    Adopted,
}

const MEMBERS: [(Member, &str); 18] = [
    (Member::Type, "type"),
    (Member::MessageId, "messageId"),
    (Member::AnonymousId, "anonymousId"),
    (Member::UserId, "userId"),
    (Member::Event, "event"),
    (Member::Name, "name"),
    (Member::Category, "category"),
    (Member::Properties, "properties"),
    (Member::Traits, "traits"),
    (Member::Context, "context"),
    (Member::Timestamp, "timestamp"),
    (Member::OriginalTimestamp, "originalTimestamp"),
    (Member::SentAt, "sentAt"),
    (Member::GroupId, "groupId"),
    (Member::PreviousId, "previousId"),
    (Member::WriteKey, "writeKey"),
    (Member::DeviceKey, "deviceKey"),
    (Member::Adopted, "adopted"),
];

impl Member {
    pub(crate) const fn name(self) -> &'static str {
        MEMBERS[self as usize].1
    }

    pub(crate) fn pointer(self) -> String {
        format!("/{}", self.name())
    }
}

/// What stood on the wire. A member is taken once; `null` is as good as absent.
#[derive(Default)]
pub(crate) struct Fields {
    slots: [Value; MEMBERS.len()],
    /// The member whose value is being read: where a refusal points.
    reading: Option<Member>,
}

impl Fields {
    /// Reads an event's or a call's members.
    pub(crate) fn read(text: &str) -> Result<Self, WireError> {
        let once = |text: &str| {
            let mut fields = Self::default();
            fields.fill(text, None).map(|()| fields)
        };
        once(text).or_else(|_| once(&text::mended(text)))
    }

    fn fill<'de>(
        &mut self,
        text: &'de str,
        batch: Option<&mut Elements<'de>>,
    ) -> Result<(), WireError> {
        let mut input = serde_json::Deserializer::from_str(text);
        MembersSeed { fields: self, batch }
            .deserialize(&mut input)
            .and_then(|()| input.end())
            .map_err(|error| {
                let pointer = self.reading.map(Member::pointer).unwrap_or_default();
                text::refusal(&error, text, pointer)
            })
    }

    pub(crate) fn take(&mut self, member: Member) -> Option<Value> {
        match std::mem::take(&mut self.slots[member as usize]) {
            Value::Null => None,
            value => Some(value),
        }
    }

    /// Text; empty text is absent.
    pub(crate) fn take_text(&mut self, member: Member) -> Result<Option<String>, WireError> {
        match self.take(member) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
            Some(other) => Err(wrong_type(member, &other, "a string")),
        }
    }

    /// An id: text, or a number as JavaScript prints it.
    pub(crate) fn take_id(&mut self, member: Member) -> Result<Option<String>, WireError> {
        let id = match self.take(member) {
            None => return Ok(None),
            Some(Value::Text(text)) if text.is_empty() => return Ok(None),
            Some(Value::Text(text)) => text,
            Some(Value::Number(number)) => ryu_js::Buffer::new().format(number).to_owned(),
            Some(other) => return Err(wrong_type(member, &other, "a string or a number")),
        };
        if id.len() > limits::ID_BYTES {
            let (name, length, most) = (member.name(), id.len(), limits::ID_BYTES);
            return Err(WireError::new(
                Code::IdTooLong,
                member.pointer(),
                format!("`{name}` has {length} bytes; an id may have at most {most}. Shorten it."),
            ));
        }
        Ok(Some(id))
    }

    /// An object; absent, an empty one.
    pub(crate) fn take_object(&mut self, member: Member) -> Result<Object, WireError> {
        match self.take(member) {
            None => Ok(Object::new()),
            Some(Value::Object(object)) => Ok(object),
            Some(other) => Err(wrong_type(member, &other, "an object")),
        }
    }

    pub(crate) fn take_instant(&mut self, member: Member) -> Result<Option<Timestamp>, WireError> {
        let Some(value) = self.take(member) else { return Ok(None) };
        let read = instant(&value).ok_or_else(|| {
            let name = member.name();
            let message = match &value {
                Value::Text(text) => {
                    format!("`{name}` {} is not a timestamp. {FORMS}", crate::error::quoted(text))
                }
                Value::Number(ms) => {
                    format!("`{name}` {ms} is further from 1970 than a Date can hold. {FORMS}")
                }
                other => format!("`{name}` is {}, not a timestamp. {FORMS}", type_name(other)),
            };
            WireError::new(Code::BadTimestamp, member.pointer(), message)
        })?;
        Ok(Some(read))
    }
}

pub(crate) fn wrong_type(member: Member, found: &Value, wanted: &str) -> WireError {
    let message = format!("`{}` is {}. Send {wanted}.", member.name(), type_name(found));
    WireError::new(Code::WrongType, member.pointer(), message)
}

pub(crate) const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::Text(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A batch's own members, and its events as text of which only the syntax is known: a bad event
/// must not spoil its neighbours.
pub(crate) struct Envelope<'de> {
    pub(crate) fields: Fields,
    pub(crate) batch: Elements<'de>,
}

/// What a batch's `batch` is.
pub(crate) enum Elements<'de> {
    Missing,
    NotAnArray,
    /// At most [`limits::BATCH_EVENTS`] events are kept; `count` counts all.
    List {
        events: Vec<&'de str>,
        count: usize,
    },
}

impl<'de> Envelope<'de> {
    pub(crate) fn read(text: &'de str) -> Result<Self, WireError> {
        let mut envelope = Self { fields: Fields::default(), batch: Elements::Missing };
        envelope.fields.fill(text, Some(&mut envelope.batch))?;
        Ok(envelope)
    }
}

/// Reads an object's members into `fields`; with `batch`, those of a batch.
struct MembersSeed<'a, 'de> {
    fields: &'a mut Fields,
    batch: Option<&'a mut Elements<'de>>,
}

impl<'de> DeserializeSeed<'de> for MembersSeed<'_, 'de> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for MembersSeed<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut input: A) -> Result<(), A::Error> {
        while let Some(key) = input.next_key_seed(KeySeed)? {
            match (key, &mut self.batch) {
                (Key::Batch, Some(batch)) => **batch = input.next_value_seed(ElementsSeed)?,
                (Key::Member(member), _) => {
                    self.fields.reading = Some(member);
                    self.fields.slots[member as usize] = input.next_value_seed(ValueSeed::ROOT)?;
                    self.fields.reading = None;
                }
                (Key::Batch, None) | (Key::Unknown, _) => {
                    input.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

enum Key {
    Member(Member),
    Batch,
    Unknown,
}

struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: serde::Deserializer<'de>>(self, input: D) -> Result<Key, D::Error> {
        input.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        let known = MEMBERS.iter().find(|(_, name)| *name == key);
        Ok(match known {
            Some((member, _)) => Key::Member(*member),
            None if key == "batch" => Key::Batch,
            None => Key::Unknown,
        })
    }
}

struct ElementsSeed;

impl<'de> DeserializeSeed<'de> for ElementsSeed {
    type Value = Elements<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, input: D) -> Result<Self::Value, D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ElementsSeed {
    type Value = Elements<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut input: A) -> Result<Self::Value, A::Error> {
        let mut events = Vec::new();
        while events.len() < limits::BATCH_EVENTS {
            let Some(event) = input.next_element::<&RawValue>()? else {
                let count = events.len();
                return Ok(Elements::List { events, count });
            };
            events.push(event.get());
        }
        let mut count = events.len();
        while input.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Elements::List { events, count })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut input: A) -> Result<Self::Value, A::Error> {
        while input.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Elements::NotAnArray)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Elements::Missing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Elements::NotAnArray)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Elements::NotAnArray)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Elements::NotAnArray)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Elements::NotAnArray)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Elements::NotAnArray)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, MEMBERS, Member};
    use waymark_model::Value;

    #[test]
    fn members_stand_in_the_table_where_their_number_says() {
        for (at, (member, _)) in MEMBERS.iter().enumerate() {
            assert_eq!(*member as usize, at);
        }
    }

    #[test]
    fn of_a_member_given_twice_the_last_stays() {
        let mut fields = Fields::read(r#"{"userId": "a", "x": [1], "userId": "b"}"#).ok().unwrap();
        assert_eq!(fields.take(Member::UserId), Some(Value::from("b")));
        assert_eq!(fields.take(Member::UserId), None);
    }

    #[test]
    fn a_numeric_id_becomes_the_text_that_javascript_prints() {
        for (json, text) in [
            ("42", "42"),
            ("-0", "0"),
            ("1.50", "1.5"),
            ("9007199254740993", "9007199254740992"),
            ("1e21", "1e+21"),
            ("123456789012345680000", "123456789012345680000"),
        ] {
            let mut fields = Fields::read(&format!(r#"{{"userId": {json}}}"#)).ok().unwrap();
            assert_eq!(fields.take_id(Member::UserId).unwrap().as_deref(), Some(text));
        }
    }
}
