//! Touchpoints: what a visitor did, by the Segment spec.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::{DecodeError, Reader, Writer};
use crate::{Object, Timestamp, fnv1a64, limits};

/// Which call of the Segment spec an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Track,
    Page,
    Screen,
    Identify,
    Group,
    Alias,
}

impl Kind {
    pub const ALL: [Self; 6] =
        [Self::Track, Self::Page, Self::Screen, Self::Identify, Self::Group, Self::Alias];

    /// The `type` on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Identify => "identify",
            Self::Group => "group",
            Self::Alias => "alias",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The event name by which rules know a call that has none of its own.
    pub const fn event_name(self) -> Option<&'static str> {
        match self {
            Self::Track => None,
            Self::Page => Some("Page Viewed"),
            Self::Screen => Some("Screen Viewed"),
            Self::Identify => Some("Identified"),
            Self::Group => Some("Grouped"),
            Self::Alias => Some("Aliased"),
        }
    }
}

/// One touchpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The sender's `messageId`: one event counts once, however often it is sent.
    pub id: String,
    pub kind: Kind,
    /// The name that rules test. For every kind but `track` it is [`Kind::event_name`].
    pub name: String,
    /// The effective time: fixed when the event is first accepted, never after receipt.
    pub time: Timestamp,
    pub anonymous_id: Option<String>,
    pub user_id: Option<String>,
    /// `properties`; of `identify` and `group` calls the `traits`.
    pub properties: Object,
    pub context: Object,
}

/// An event's place in its visitor's history: by time, and at the same millisecond by message id
/// (by its 64-bit hash, so that the place has one size).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey {
    pub time: Timestamp,
    pub tie: u64,
}

impl EventKey {
    /// Before every event.
    pub const MIN: Self = Self { time: Timestamp::MIN, tie: 0 };

    pub fn write(self, out: &mut Writer) {
        out.signed(self.time.0);
        out.fixed64(self.tie);
    }

    pub fn read(input: &mut Reader<'_>) -> Self {
        Self { time: Timestamp(input.signed()), tie: input.fixed64() }
    }
}

impl Event {
    pub fn new(id: &str, kind: Kind, name: &str, time: Timestamp) -> Self {
        Self {
            id: id.to_owned(),
            kind,
            name: name.to_owned(),
            time,
            anonymous_id: None,
            user_id: None,
            properties: Object::new(),
            context: Object::new(),
        }
    }

    pub fn key(&self) -> EventKey {
        EventKey { time: self.time, tie: fnv1a64(self.id.as_bytes()) }
    }

    /// At least as many bytes as the encoded event has, without encoding it.
    pub fn weight(&self) -> usize {
        let ids = [self.anonymous_id.as_deref(), self.user_id.as_deref()];
        let ids = ids.into_iter().flatten().map(str::len).sum::<usize>();
        32 + self.id.len()
            + self.name.len()
            + ids
            + self.properties.weight()
            + self.context.weight()
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        self.write(&mut out);
        out.into_bytes()
    }

    /// Reads an event and checks the limits that every event keeps.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, Self::read)
    }

    /// The first byte of its binary form.
    pub const FORMAT: u8 = 1;

    pub fn write(&self, out: &mut Writer) {
        out.byte(Self::FORMAT);
        out.byte(self.kind as u8);
        out.text(&self.id);
        out.text(&self.name);
        out.number(self.time.to_js());
        out.optional_text(self.anonymous_id.as_deref());
        out.optional_text(self.user_id.as_deref());
        self.properties.write(out);
        self.context.write(out);
    }

    pub fn read(input: &mut Reader<'_>) -> Self {
        if input.byte() != Self::FORMAT {
            input.refuse("unknown-event-format", ());
        }
        Self {
            kind: input.one_of(&Kind::ALL, "unknown-kind"),
            id: bounded(input, limits::ID_BYTES, "id-too-long"),
            name: bounded(input, limits::NAME_BYTES, "name-too-long"),
            time: Timestamp::from_js(input.number())
                .unwrap_or_else(|| input.refuse("bad-time", Timestamp(0))),
            anonymous_id: input.option(|i| bounded(i, limits::ID_BYTES, "id-too-long")),
            user_id: input.option(|i| bounded(i, limits::ID_BYTES, "id-too-long")),
            properties: Object::read(input),
            context: Object::read(input),
        }
    }
}

fn bounded(input: &mut Reader<'_>, most: usize, code: &'static str) -> String {
    let text = input.text();
    if text.len() > most {
        input.refuse(code, ());
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Event, Kind};
    use crate::{Timestamp, Value};

    #[test]
    fn an_event_comes_back_as_it_was() {
        let mut event = Event::new("m-1", Kind::Track, "Order Completed", Timestamp(1_700_000_000));
        event.anonymous_id = Some("a".to_owned());
        event.properties.insert("revenue", Value::Number(0.1 + 0.2));
        event.properties.insert("lines", Value::Array(vec![Value::from("帐篷"), Value::Null]));
        assert!(event.encode().len() <= event.weight());
        assert_eq!(Event::decode(&event.encode()), Ok(event));
    }

    #[test]
    fn every_cut_of_an_event_is_refused() {
        let mut event = Event::new("m-1", Kind::Page, "Page Viewed", Timestamp(5));
        event.context.insert("page", Value::from(true));
        let bytes = event.encode();
        for length in 0..bytes.len() {
            assert!(Event::decode(&bytes[..length]).is_err(), "{length}");
        }
    }
}
