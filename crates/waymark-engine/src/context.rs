//! What a decision may read besides the visitor: the page, the moment, what they allowed.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{DecodeError, Object, Purposes, Reader, Span, Timestamp, Value, Writer, Zone};

use crate::assignment::query_of;

/// What a decision may read besides the visitor.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context {
    /// The groups `page`, `campaign`, `device` and `geo`.
    pub values: Object,
    pub consent: Purposes,
    /// A BCP 47 tag.
    pub locale: String,
    /// The visitor's time zone; without one the pack's stands in.
    pub zone: Option<Zone>,
    /// The device's id, by which experiments know a visitor without a user id.
    pub anonymous_id: Option<String>,
    /// Variations to be looked at: the experiment's id, and the variation's place in it.
    pub forced: Vec<(String, u32)>,
    /// Rules and experiments whose content the visitor has in front of them: their limits are not
    /// asked, or what is shown would be taken away by being seen.
    pub shown: Vec<String>,
}

impl Context {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.byte(self.consent.bits());
        out.text(&self.locale);
        out.option(self.zone.as_ref(), |out, zone| {
            out.number(Timestamp(zone.offset.0).to_js());
            out.number(zone.until.to_js());
        });
        self.values.write(&mut out);
        out.optional_text(self.anonymous_id.as_deref());
        out.list(&self.forced, |out, (experiment, variation)| {
            out.text(experiment);
            out.unsigned((*variation).into());
        });
        out.list(&self.shown, |out, rule| out.text(rule));
        out.into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, |input| Self {
            consent: Purposes::from_bits(input.byte()),
            locale: input.string(),
            zone: input.option(read_zone),
            values: Object::read(input),
            anonymous_id: input.option(Reader::string),
            forced: input.list(|input| (input.string(), input.u32())),
            shown: input.list(Reader::string),
        })
    }

    /// Whether a machine is looking: it sees what everybody saw before, and counts for nothing.
    pub(crate) fn is_bot(&self) -> bool {
        self.value("device", "bot") == Some(&Value::Bool(true))
    }

    /// What stands after `?` in the page's address.
    pub(crate) fn query(&self) -> Option<&str> {
        let said = |key| self.value("page", key).and_then(Value::as_text);
        let address = said("search").or_else(|| said("url"))?;
        query_of(address)
    }

    pub(crate) fn value(&self, group: &str, key: &str) -> Option<&Value> {
        match self.values.get(group) {
            Some(Value::Object(group)) => group.get(key),
            _ => None,
        }
    }
}

fn read_zone(input: &mut Reader<'_>) -> Zone {
    let offset = Timestamp::from_js(input.number()).filter(|at| at.0.abs() <= Zone::FURTHEST.0);
    let until = input.number();
    let until =
        if until == f64::INFINITY { Some(Timestamp::MAX) } else { Timestamp::from_js(until) };
    match (offset, until) {
        (Some(Timestamp(offset)), Some(until)) => Zone { offset: Span(offset), until },
        _ => input.refuse("bad-zone", Zone::UTC),
    }
}
