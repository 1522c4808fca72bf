//! A pack's own tests: read with the pack, never part of the Program.

use waymark_engine::program::Act;
use waymark_model::{
    Event, Kind as Call, Object, Purpose, Purposes, Span, Timestamp, Value, limits,
};

use super::events::purpose;
use crate::condition::zone_exists;
use crate::declared::{Desk, Kind};
use crate::diagnostic::Code;
use crate::fields::{Fields, elements, members, refuse, text};
use crate::instant::instant;
use crate::json::{At, Json, Node};
use crate::language;
use crate::problem::shown;

/// A visitor, and what has to be decided for them.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    pub name: String,
    pub now: Timestamp,
    /// What the visitor did and is, in the order of time.
    pub given: Vec<Event>,
    /// The groups `page`, `campaign`, `device` and `geo`.
    pub context: Object,
    pub consent: Purposes,
    pub locale: String,
    pub anonymous_id: String,
    /// The zone of the device, in the tz database.
    pub timezone: Option<String>,
    pub expect: Expect,
}

/// What has to come out. What is not said here is not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expect {
    pub segments: Vec<String>,
    pub not_segments: Vec<String>,
    /// A stage, or for `Some(None)` none.
    pub stage: Option<Option<String>>,
    /// The slots' contents, `None` being what the page's author put there.
    pub slots: Vec<(String, Option<String>)>,
    /// The experiments' variations, `None` for whoever is not in it.
    pub variations: Vec<(String, Option<String>)>,
    /// All that was done, in order.
    pub actions: Option<Vec<Action>>,
}

/// Something that has to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    pub event: &'static str,
    /// Properties that it has to have.
    pub properties: Vec<(&'static str, String)>,
    pub at: Option<Timestamp>,
}

impl Action {
    /// What is done, by the keys of an expectation: with the event that says so, and the property that
    /// has the id.
    pub const DOES: [(&'static str, &'static str, &'static str); 3] = [
        ("show", Act::CONTENT, "content_id"),
        ("send", Act::MESSAGE, "destination_id"),
        ("survey", Act::SURVEY, "survey_id"),
    ];
    /// What else can be asked of it: the keys, with the properties.
    pub const MORE: [(&'static str, &'static str); 4] = [
        ("message", "message_id"),
        ("trigger", "trigger_id"),
        ("journey", "journey_id"),
        ("step", "step_id"),
    ];
}

impl Case {
    /// 2026-01-01T12:00:00Z, where a test says no other: it means the same whenever it is run.
    pub const NOW: Timestamp = Timestamp(1_767_268_800_000);
    /// The device, where a test says no other.
    pub const DEVICE: &str = "test";

    /// An event that the visitor did, the `number`th that is written. Of those of one moment it
    /// comes before those that are written below it.
    pub fn event(number: usize, name: &str, at: Timestamp) -> Event {
        let call = Call::ALL.into_iter().find(|call| call.event_name() == Some(name));
        Event::new(&format!("given-{number:06}"), call.unwrap_or(Call::Track), name, at)
    }
}

pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<Case> {
    let items = node.and_then(|node| elements(node, "`tests`", &mut desk.problems));
    items.unwrap_or_default().iter().filter_map(|item| read_case(item, desk)).collect()
}

fn read_case(node: &Node, desk: &mut Desk<'_>) -> Option<Case> {
    let mut fields = Fields::of(node, &language::TEST, &mut desk.problems)?;
    let name = fields.require("name", &mut desk.problems);
    let (given, traits) = (fields.take("given"), fields.take("traits"));
    let (context, consent) = (fields.take("context"), fields.take("consent"));
    let (locale, now) = (fields.take("locale"), fields.take("now"));
    let (user, device) = (fields.take("userId"), fields.take("anonymousId"));
    let timezone = fields.take("timezone");
    let expect = fields.require("expect", &mut desk.problems);
    fields.finish(&mut desk.problems);

    let name = name.and_then(|node| text(node, "`name`", &mut desk.problems));
    let now = now.map_or(Some(Case::NOW), |node| moment(node, "`now`", desk));
    let mut events = given.map_or(Some(Vec::new()), |node| read_given(node, now?, desk));
    if let Some(traits) = traits.and_then(|node| object(node, "`traits`", desk))
        && let (Some(events), Some(now)) = (&mut events, now)
    {
        let first = events.iter().map(|event| event.time).min().unwrap_or(now);
        let mut event = Event::new("traits", Call::Identify, "Identified", first);
        event.properties = traits;
        events.insert(0, event);
    }
    let context = context.map_or(Some(Object::new()), |node| surroundings(node, desk));
    let consent = consent.map_or(Some(Purposes::ALL), |node| read_consent(node, desk));
    let locale = locale.map_or(Some(""), |node| text(node, "`locale`", &mut desk.problems));
    let device =
        device.map_or(Some(Case::DEVICE), |node| text(node, "`anonymousId`", &mut desk.problems));
    let user = user.map(|node| text(node, "`userId`", &mut desk.problems));
    if let (Some(Some(user)), Some(events), Some(now)) = (user, &mut events, now) {
        // Somebody of whom nothing is known but who they are.
        if events.is_empty() {
            events.push(Event::new("traits", Call::Identify, "Identified", now));
        }
        for event in events {
            event.user_id = Some(user.to_owned());
        }
    }
    let timezone = timezone.and_then(|node| zone(node, desk));
    let expect = expect.and_then(|node| read_expect(node, now?, desk));
    Some(Case {
        name: name?.to_owned(),
        now: now?,
        given: events?,
        context: context?,
        consent: consent?,
        locale: locale?.to_owned(),
        anonymous_id: device?.to_owned(),
        timezone,
        expect: expect?,
    })
}

fn read_given(node: &Node, now: Timestamp, desk: &mut Desk<'_>) -> Option<Vec<Event>> {
    let items = elements(node, "`given`", &mut desk.problems)?;
    let mut events = Some(Vec::new());
    for (number, item) in items.iter().enumerate() {
        match (read_event(item, number, now, desk), &mut events) {
            (Some(event), Some(events)) => events.push(event),
            _ => events = None,
        }
    }
    let mut events = events?;
    events.sort_by_key(|event| event.time);
    Some(events)
}

fn read_event(node: &Node, number: usize, now: Timestamp, desk: &mut Desk<'_>) -> Option<Event> {
    let mut fields = Fields::of(node, &language::GIVEN, &mut desk.problems)?;
    let at = fields.take("at");
    let name = fields.require("event", &mut desk.problems);
    let (properties, context) = (fields.take("properties"), fields.take("context"));
    fields.finish(&mut desk.problems);

    let at = at.map_or(Some(now), |node| time_of(node, now, desk));
    let name = name.and_then(|node| {
        let name = text(node, "`event`", &mut desk.problems)?;
        if name == "*" {
            let message = "a visitor does one event, not any";
            desk.problems.error(Code::BadValue, node.at, message);
            return None;
        }
        desk.event_is_known(name, node.at).then_some(name)
    });
    let properties = properties.map_or(Some(Object::new()), |n| object(n, "`properties`", desk));
    let context = context.map_or(Some(Object::new()), |n| object(n, "`context`", desk));
    let name = name?;
    let mut event = Case::event(number, name, at?);
    (event.properties, event.context) = (properties?, context?);
    Some(event)
}

/// When something happened: `-3d`, or an instant that has come.
fn time_of(node: &Node, now: Timestamp, desk: &mut Desk<'_>) -> Option<Timestamp> {
    let written = text(node, "`at`", &mut desk.problems)?;
    if let Some(ago) = written.strip_prefix('-').and_then(Span::parse) {
        return Some(now.minus(ago));
    }
    let at = instant(written);
    let message = match at {
        Some(at) if at <= now => return Some(at),
        Some(_) => format!("{} is after the moment of the decision", shown(written)),
        None => format!("`at` takes how long ago, or an instant, and this is {}", shown(written)),
    };
    let problem = desk.problems.error(Code::BadInstant, node.at, message);
    problem.mend("write for example -3d, or 2026-11-27T09:00:00Z");
    None
}

fn moment(node: &Node, what: &str, desk: &mut Desk<'_>) -> Option<Timestamp> {
    let written = text(node, what, &mut desk.problems)?;
    let at = instant(written);
    if at.is_none() {
        let message = format!("{what} takes an instant, and this is {}", shown(written));
        let problem = desk.problems.error(Code::BadInstant, node.at, message);
        problem.mend("write for example 2026-11-27 or 2026-11-27T09:00:00Z");
    }
    at
}

fn object(node: &Node, what: &str, desk: &mut Desk<'_>) -> Option<Object> {
    members(node, what, &mut desk.problems)?;
    if let Some(Value::Object(object)) = node.to_value() {
        return Some(object);
    }
    let limit = limits::DEPTH;
    let message = format!("a value nests at most {limit} deep, as those of events do");
    desk.problems.error(Code::TooDeep, node.opening(), message);
    None
}

fn surroundings(node: &Node, desk: &mut Desk<'_>) -> Option<Object> {
    let mut fields = Fields::of(node, &language::SURROUNDINGS, &mut desk.problems)?;
    let groups = ["page", "campaign", "device", "geo"].map(|name| (name, fields.take(name)));
    fields.finish(&mut desk.problems);
    let mut context = Some(Object::new());
    for (name, node) in groups {
        let Some(node) = node else { continue };
        match (object(node, &format!("`{name}`"), desk), &mut context) {
            (Some(group), Some(context)) => {
                context.insert(name, Value::Object(group));
            }
            _ => context = None,
        }
    }
    context
}

fn read_consent(node: &Node, desk: &mut Desk<'_>) -> Option<Purposes> {
    match &node.json {
        Json::Text(text) if text == "all" => Some(Purposes::ALL),
        Json::Text(text) if text == "none" => Some(Purposes::NONE),
        Json::Array(items) => {
            let purposes: Vec<Option<Purpose>> =
                items.iter().map(|item| purpose(item, desk)).collect();
            purposes.into_iter().collect()
        }
        _ => {
            refuse(node, "`consent`", "\"all\", \"none\" or a list of purposes", &mut desk.problems)
        }
    }
}

fn read_expect(node: &Node, now: Timestamp, desk: &mut Desk<'_>) -> Option<Expect> {
    let mut fields = Fields::of(node, &language::EXPECT, &mut desk.problems)?;
    let (segments, not_segments) = (fields.take("segments"), fields.take("notSegments"));
    let (stage, slots) = (fields.take("stage"), fields.take("slots"));
    let variations = fields.take("variations");
    let actions = fields.take("actions");
    fields.finish(&mut desk.problems);
    let segments = segments.map_or(Some(Vec::new()), |node| ids(node, "`segments`", desk));
    let not_segments =
        not_segments.map_or(Some(Vec::new()), |node| ids(node, "`notSegments`", desk));
    let stage = match stage.map(|node| (node, &node.json)) {
        None => Some(None),
        Some((_, Json::Null)) => Some(Some(None)),
        Some((node, _)) => text(node, "`stage`", &mut desk.problems)
            .filter(|id| desk.is_declared(Kind::Stage, id, node.at))
            .map(|id| Some(Some(id.to_owned()))),
    };
    let mut shown_in = Some(Vec::new());
    for member in
        slots.and_then(|node| members(node, "`slots`", &mut desk.problems)).unwrap_or_default()
    {
        let known = desk.is_declared(Kind::Slot, &member.key, member.key_at);
        let content = match &member.value.json {
            Json::Text(text) if text == "keep" => Some(None),
            _ => super::content::shown_in(&member.value, "a slot", Some(&member.key), desk)
                .map(|shown| Some(shown.content)),
        };
        match (content, &mut shown_in) {
            (Some(content), Some(all)) if known => all.push((member.key.clone(), content)),
            _ => shown_in = None,
        }
    }
    let variations = variations.map_or(Some(Vec::new()), |node| read_variations(node, desk));
    let actions = actions.map(|node| {
        let items = elements(node, "`actions`", &mut desk.problems)?;
        let all: Vec<_> = items.iter().map(|item| read_action(item, now, desk)).collect();
        all.into_iter().collect::<Option<Vec<_>>>()
    });
    Some(Expect {
        segments: segments?,
        not_segments: not_segments?,
        stage: stage?,
        slots: shown_in?,
        variations: variations?,
        actions: actions.map_or(Some(None), |actions| actions.map(Some))?,
    })
}

fn read_action(node: &Node, now: Timestamp, desk: &mut Desk<'_>) -> Option<Action> {
    let mut fields = Fields::of(node, &language::ACTION_EXPECTED, &mut desk.problems)?;
    let does = fields.one_of(&Action::DOES.map(|(key, ..)| key), &mut desk.problems);
    let more = Action::MORE.map(|(key, property)| (key, property, fields.take(key)));
    let at = fields.take("at");
    fields.finish(&mut desk.problems);
    let at = at.map(|node| time_of(node, now, desk));
    let (key, node) = does?;
    let (_, event, property) = Action::DOES.into_iter().find(|(does, ..)| *does == key)?;
    let kind = match event {
        Act::CONTENT => Kind::Content,
        Act::MESSAGE => Kind::Destination,
        _ => Kind::Survey,
    };
    let id = text(node, &format!("`{key}`"), &mut desk.problems)?;
    if !desk.is_declared(kind, id, node.at) {
        return None;
    }
    let mut properties = vec![(property, id.to_owned())];
    for (key, property, node) in more {
        if let Some(node) = node {
            let value = text(node, &format!("`{key}`"), &mut desk.problems)?;
            properties.push((property, value.to_owned()));
        }
    }
    Some(Action { event, properties, at: at.map_or(Some(None), |at| at.map(Some))? })
}

fn read_variations(node: &Node, desk: &mut Desk<'_>) -> Option<Vec<(String, Option<String>)>> {
    let mut all = Some(Vec::new());
    for member in members(node, "`variations`", &mut desk.problems)? {
        let known = desk.is_declared(Kind::Experiment, &member.key, member.key_at);
        let variation = match &member.value.json {
            Json::Null => Some(None),
            _ => text(&member.value, "a variation", &mut desk.problems)
                .filter(|id| known && variation_is_known(&member.key, id, member.value.at, desk))
                .map(|id| Some(id.to_owned())),
        };
        match (variation, &mut all) {
            (Some(variation), Some(all)) if known => all.push((member.key.clone(), variation)),
            _ => all = None,
        }
    }
    all
}

fn variation_is_known(experiment: &str, id: &str, at: At, desk: &mut Desk<'_>) -> bool {
    let variations = desk.declared.experiments.get(experiment);
    let names: Vec<String> = variations.into_iter().flatten().cloned().collect();
    if names.iter().any(|name| name == id) {
        return true;
    }
    let message = format!("the experiment {} has no variation {}", shown(experiment), shown(id));
    let problem = desk.problems.error(Code::UnknownVariation, at, message);
    problem.mean(id, names.iter().map(String::as_str));
    false
}

/// A zone of the tz database.
fn zone(node: &Node, desk: &mut Desk<'_>) -> Option<String> {
    let name = text(node, "`timezone`", &mut desk.problems)?;
    zone_exists(name, node.at, desk).then(|| name.to_owned())
}

fn ids(node: &Node, what: &str, desk: &mut Desk<'_>) -> Option<Vec<String>> {
    let items = elements(node, what, &mut desk.problems)?;
    let each = items.iter().map(|item| {
        let id = text(item, what, &mut desk.problems)?;
        desk.is_declared(Kind::Segment, id, item.at).then(|| id.to_owned())
    });
    each.collect::<Vec<_>>().into_iter().collect()
}
