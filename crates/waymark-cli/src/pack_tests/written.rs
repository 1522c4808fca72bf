//! Tests as a pack has them.

use serde::Serialize;
use serde_json::{Map, Value as Json};
use waymark_model::{Event, Purpose, Purposes, Span, Timestamp};
use waymark_pack::{Action, Case, Expect};
use waymark_wire::{format_timestamp, object_to_json};

#[derive(Serialize)]
struct Part<'c> {
    tests: Vec<Test<'c>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Test<'c> {
    name: &'c str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    given: Vec<Given<'c>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anonymous_id: Option<&'c str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    context: Map<String, Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<Json>,
    #[serde(skip_serializing_if = "str::is_empty")]
    locale: &'c str,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<String>,
    expect: Map<String, Json>,
}

#[derive(Serialize)]
struct Given<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    event: &'c str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    properties: Map<String, Json>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    context: Map<String, Json>,
}

/// A part of a pack that has these tests, laid out as `fmt` does it.
pub(super) fn tests(cases: &[Case]) -> String {
    let part = Part { tests: cases.iter().map(test).collect() };
    // Texts, numbers and lists of them can be written.
    let json = serde_json::to_string(&part).unwrap_or_default();
    waymark_pack::format(&json).unwrap_or(json)
}

fn test(case: &Case) -> Test<'_> {
    let given = case.given.iter().map(|event: &Event| Given {
        at: (event.time != case.now).then(|| ago(event.time, case.now)),
        event: &event.name,
        properties: object_to_json(&event.properties),
        context: object_to_json(&event.context),
    });
    Test {
        name: &case.name,
        given: given.collect(),
        user_id: case.given.first().and_then(|event| event.user_id.as_deref()),
        anonymous_id: (case.anonymous_id != Case::DEVICE).then_some(&case.anonymous_id),
        context: object_to_json(&case.context),
        consent: consent(case.consent),
        locale: &case.locale,
        timezone: case.timezone.as_deref(),
        now: (case.now != Case::NOW).then(|| instant(case.now)),
        expect: expectation(&case.expect, case.now),
    }
}

fn consent(consent: Purposes) -> Option<Json> {
    if consent == Purposes::ALL {
        return None;
    }
    if consent == Purposes::NONE {
        return Some("none".into());
    }
    let allowed = Purpose::ALL.into_iter().filter(|purpose| consent.contains(*purpose));
    Some(allowed.map(Purpose::name).collect())
}

fn expectation(expect: &Expect, now: Timestamp) -> Map<String, Json> {
    let mut all = Map::new();
    let mut say = |key: &str, json: Json| drop(all.insert(key.to_owned(), json));
    if !expect.segments.is_empty() {
        say("segments", expect.segments.clone().into());
    }
    if !expect.not_segments.is_empty() {
        say("notSegments", expect.not_segments.clone().into());
    }
    if let Some(stage) = &expect.stage {
        say("stage", stage.clone().into());
    }
    let named = |all: &[(String, Option<String>)], none: &Json| -> Json {
        let each = all.iter().cloned();
        each.map(|(id, one)| (id, one.map_or_else(|| none.clone(), Json::from))).collect()
    };
    if !expect.slots.is_empty() {
        say("slots", named(&expect.slots, &"keep".into()));
    }
    if !expect.variations.is_empty() {
        say("variations", named(&expect.variations, &Json::Null));
    }
    if let Some(actions) = &expect.actions {
        say("actions", actions.iter().map(|action| done(action, now)).collect());
    }
    all
}

fn done(action: &Action, now: Timestamp) -> Json {
    let mut all = Map::new();
    for (property, id) in &action.properties {
        let does = Action::DOES.into_iter().map(|(key, _, of)| (key, of));
        let key = does.chain(Action::MORE).find(|(_, of)| of == property);
        if let Some((key, _)) = key {
            all.insert(key.to_owned(), id.clone().into());
        }
    }
    let whole = |at: &Timestamp| now.since(*at).0 % Span::SECOND.0 == 0;
    if let Some(at) = action.at.filter(whole) {
        all.insert("at".to_owned(), ago(at, now).into());
    }
    all.into()
}

/// `-3d`
fn ago(at: Timestamp, now: Timestamp) -> String {
    let ago = now.since(at).0;
    let units = [(Span::DAY, 'd'), (Span::HOUR, 'h'), (Span::MINUTE, 'm'), (Span::SECOND, 's')];
    let unit = units.into_iter().find(|(unit, _)| ago % unit.0 == 0);
    let (unit, letter) = unit.unwrap_or((Span::SECOND, 's'));
    format!("-{}{letter}", ago / unit.0)
}

fn instant(at: Timestamp) -> String {
    let written = format_timestamp(at).unwrap_or_default();
    written.replace(".000Z", "Z")
}
