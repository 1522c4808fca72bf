//! One event: from its members to the model, and from the model to Segment's shape.

use crate::clock::{Clock, Stamp};
use crate::consent::consent_in;
use crate::error::quoted;
use crate::fields::{Fields, Member, wrong_type};
use crate::instant::format_timestamp;
use crate::value::object_to_json;
use crate::{Code, WireError, text};
use serde_json::Map;
use waymark_model::{Event, Kind, Object, Purposes, Timestamp, Value, Writer, fnv1a64, limits};

/// Bytes of one line of [`parse_line`]: more than an event may have when it is sent, because
/// numbers can be longer as we write them (`1e15`) and a batch's context is written into each event.
pub const LINE_BYTES: usize = 4 * limits::EVENT_BYTES;

/// Reads an event that was accepted before: a line of NDJSON. Its time is `timestamp` (else
/// `originalTimestamp`) as it stands.
pub fn parse_line(line: &str) -> Result<Event, WireError> {
    let line = text::unmarked(line)?.trim_ascii();
    if line.len() > LINE_BYTES {
        return Err(too_large(line.len(), LINE_BYTES));
    }
    text::expect_object(line, "The line")?;
    let mut fields = Fields::read(line)?;
    assemble(&mut fields, None, Clock::Written, None).map(|(event, _)| event)
}

/// Writes an event in Segment's shape. [`parse_line`] reads it back as it was.
pub fn event_to_json(event: &Event) -> serde_json::Value {
    let mut out = Map::new();
    let mut put = |member: Member, value: serde_json::Value| {
        out.insert(member.name().to_owned(), value);
    };
    put(Member::Type, event.kind.name().into());
    put(Member::MessageId, event.id.as_str().into());
    let instant = format_timestamp(event.time).map_or_else(|| event.time.0.into(), Into::into);
    put(Member::Timestamp, instant);
    if event.kind == Kind::Track {
        put(Member::Event, event.name.as_str().into());
    }
    if let Some(id) = &event.anonymous_id {
        put(Member::AnonymousId, id.as_str().into());
    }
    if let Some(id) = &event.user_id {
        put(Member::UserId, id.as_str().into());
    }
    let mut properties = object_to_json(&event.properties);
    if let Some(member) = other_id(event.kind) {
        let is_id = |id: &str| !id.is_empty() && id.len() <= limits::ID_BYTES;
        if event.properties.get(member.name()).and_then(Value::as_text).is_some_and(is_id)
            && let Some(id) = properties.remove(member.name())
        {
            put(member, id);
        }
    }
    if !properties.is_empty() {
        put(payload(event.kind), properties.into());
    }
    if !event.context.is_empty() {
        put(Member::Context, object_to_json(&event.context).into());
    }
    out.into()
}

/// Where a call of this kind carries what it says.
const fn payload(kind: Kind) -> Member {
    match kind {
        Kind::Identify | Kind::Group => Member::Traits,
        _ => Member::Properties,
    }
}

/// The id beside the visitor's own that a call of this kind carries at its top.
const fn other_id(kind: Kind) -> Option<Member> {
    match kind {
        Kind::Group => Some(Member::GroupId),
        Kind::Alias => Some(Member::PreviousId),
        _ => None,
    }
}

/// Makes an event of its members. `kind` is the address's, when that names one. `shared` is the
/// batch's context.
pub(crate) fn assemble(
    fields: &mut Fields,
    kind: Option<Kind>,
    clock: Clock,
    shared: Option<&Object>,
) -> Result<(Event, Option<Purposes>), WireError> {
    let kind = kind.map_or_else(|| kind_of(fields), Ok)?;
    let name = match kind.event_name() {
        Some(name) => name.to_owned(),
        None => track_name(fields)?,
    };
    let anonymous_id = fields.take_id(Member::AnonymousId)?;
    let user_id = fields.take_id(Member::UserId)?;
    if anonymous_id.is_none() && user_id.is_none() {
        return Err(WireError::new(
            Code::MissingIdentity,
            "",
            "The event has neither `anonymousId` nor `userId`. Send at least one of them.",
        ));
    }
    let stamp = stamp_of(fields)?;
    let time = clock.time(stamp, fields.take_instant(Member::SentAt)?)?;
    let properties = properties_of(fields, kind)?;
    let mut context = fields.take_object(Member::Context)?;
    if let Some(shared) = shared.filter(|shared| !shared.is_empty()) {
        context = filled(&context, shared);
    }
    let consent = consent_in(&context)?;
    let id = fields.take_id(Member::MessageId)?;
    let mut event =
        Event { id: String::new(), kind, name, time, anonymous_id, user_id, properties, context };
    event.id = id.unwrap_or_else(|| derived_id(&event, stamp));
    Ok((event, consent))
}

fn kind_of(fields: &mut Fields) -> Result<Kind, WireError> {
    let known = || Kind::ALL.map(Kind::name).join(", ");
    match fields.take(Member::Type) {
        Some(Value::Text(name)) => Kind::from_name(&name).ok_or_else(|| {
            let message = format!("The type {} is unknown. Use one of {}.", quoted(&name), known());
            WireError::new(Code::UnknownType, Member::Type.pointer(), message)
        }),
        Some(other) => Err(wrong_type(Member::Type, &other, "a string")),
        None => {
            let message = format!("The event has no `type`. Send one of {}.", known());
            Err(WireError::new(Code::MissingType, Member::Type.pointer(), message))
        }
    }
}

fn track_name(fields: &mut Fields) -> Result<String, WireError> {
    let pointer = Member::Event.pointer();
    let Some(name) = fields.take_text(Member::Event)? else {
        let message = "A track call needs a name. Send it as `event`, such as \"Product Viewed\".";
        return Err(WireError::new(Code::MissingEventName, pointer, message));
    };
    if name.len() > limits::NAME_BYTES {
        let (length, most) = (name.len(), limits::NAME_BYTES);
        let message =
            format!("The event's name has {length} bytes; it may have at most {most}. Shorten it.");
        return Err(WireError::new(Code::NameTooLong, pointer, message));
    }
    Ok(name)
}

fn stamp_of(fields: &mut Fields) -> Result<Stamp, WireError> {
    for member in [Member::Timestamp, Member::OriginalTimestamp] {
        if let Some(at) = fields.take_instant(member)? {
            return Ok(Some((member, at)));
        }
    }
    Ok(None)
}

fn properties_of(fields: &mut Fields, kind: Kind) -> Result<Object, WireError> {
    let mut properties = fields.take_object(payload(kind))?;
    if matches!(kind, Kind::Page | Kind::Screen) {
        for member in [Member::Name, Member::Category] {
            if let Some(text) = fields.take_text(member)?
                && lacks(&properties, member.name())
            {
                properties.insert(member.name(), Value::Text(text));
            }
        }
    }
    if let Some(member) = other_id(kind)
        && let Some(id) = fields.take_id(member)?
    {
        properties.insert(member.name(), Value::Text(id));
    }
    Ok(properties)
}

/// `own` with what it lacks of `shared`. In one go: inserting one by one is quadratic.
fn filled(own: &Object, shared: &Object) -> Object {
    let lacking = shared.iter().filter(|(key, _)| lacks(own, key));
    own.iter().chain(lacking).map(|(key, value)| (key, value.clone())).collect()
}

fn lacks(object: &Object, key: &str) -> bool {
    matches!(object.get(key), None | Some(Value::Null))
}

/// The same for each retry of an event: so of the time as sent, where there is one.
fn derived_id(event: &Event, stamp: Stamp) -> String {
    let Timestamp(at) = stamp.map_or(event.time, |(_, at)| at);
    let mut out = Writer::default();
    out.text(event.kind.name());
    out.text(&event.name);
    out.optional_text(event.anonymous_id.as_deref());
    out.optional_text(event.user_id.as_deref());
    out.signed(at);
    event.properties.write(&mut out);
    format!("wm-{:016x}", fnv1a64(out.as_bytes()))
}

pub(crate) fn too_large(length: usize, most: usize) -> WireError {
    let message =
        format!("The event has {length} bytes of JSON; it may have at most {most}. Send less.");
    WireError::new(Code::EventTooLarge, "", message)
}
