//! Decisions as JSON, and the JSON that one is asked for with.
//!
//! ```json
//! {
//!   "pack": "9f…", "seq": 3, "now": "2026-11-22T09:00:00.000Z", "validUntil": null,
//!   "segments": ["vip"], "stage": "consideration",
//!   "slots": {
//!     "hero": { "content": "hero-vip", "rule": "vip-hero", "reason": "rule", "html": "<h1>…</h1>" },
//!     "cross": { "content": null, "rule": null, "reason": "no-match" }
//!   }
//! }
//! ```

use crate::consent::consent_from_json;
use crate::fields::type_name;
use crate::instant::format_timestamp;
use crate::value::{object_to_json, value_from_json};
use crate::{Code, WireError};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value as Json, json};
use waymark_engine::program::{Body, Root};
use waymark_engine::{Acted, Assignment, Context, Decision, Exposure, SlotDecision, View};
use waymark_model::{Object, Purposes, Timestamp, Value, limits};

/// The groups of a context that rules read; the names are the roots of their paths.
const GROUPS: [Root; 4] = [Root::Page, Root::Campaign, Root::Device, Root::Geo];

/// Writes a decision. A slot with `content: null` keeps the author's content; one with content
/// carries it as `html`, `text`, `json`, `patch` or `redirect`, or as none when the edge fetches it or there is nothing to show. `validUntil` is null when nothing can change it but an event.
pub fn decision_to_json(decision: &Decision) -> Json {
    // Its keys are texts and its values are JSON: there is nothing that could fail.
    serde_json::to_value(Told { decision, placed: false }).unwrap_or_default()
}

/// A decision as it is told.
#[derive(Debug, Clone, Copy)]
pub struct Told<'d> {
    pub decision: &'d Decision,
    /// The page has the slots' HTML, text and redirects already: it needs none of them any longer.
    pub placed: bool,
}

impl Serialize for Told<'_> {
    /// The time comes first.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { decision, placed } = *self;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("now", &instant_to_json(decision.now))?;
        out.serialize_entry("pack", &decision.pack.to_string())?;
        out.serialize_entry("seq", &decision.seq)?;
        out.serialize_entry("validUntil", &instant_to_json(decision.valid_until))?;
        out.serialize_entry("segments", &decision.segments)?;
        out.serialize_entry("stage", &decision.stage)?;
        out.serialize_entry("slots", &Slots { slots: &decision.slots, placed })?;
        if !decision.exposures.is_empty() {
            let exposures: Json = decision.exposures.iter().map(exposure_to_json).collect();
            out.serialize_entry("exposures", &exposures)?;
        }
        if !decision.views.is_empty() {
            let views: Json = decision.views.iter().map(view_to_json).collect();
            out.serialize_entry("views", &views)?;
        }
        out.end()
    }
}

struct Slots<'d> {
    slots: &'d [SlotDecision],
    placed: bool,
}

impl Serialize for Slots<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let placed = self.placed;
        serializer.collect_map(self.slots.iter().map(|slot| (&slot.slot, Slot { slot, placed })))
    }
}

struct Slot<'d> {
    slot: &'d SlotDecision,
    placed: bool,
}

impl Serialize for Slot<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { slot, placed } = *self;
        let mut out = serializer.serialize_map(None)?;
        out.serialize_entry("content", &slot.content)?;
        out.serialize_entry("rule", &slot.rule)?;
        out.serialize_entry("reason", slot.reason.name())?;
        if let Some(rendered) = &slot.body {
            let text = rendered.text.as_str();
            // The compiler wrote the JSON, and values in it are escaped.
            let parsed = || serde_json::from_str::<Json>(text).unwrap_or_default();
            match rendered.body {
                Body::Json => out.serialize_entry("json", &parsed())?,
                Body::Patch => out.serialize_entry("patch", &parsed())?,
                Body::Html if !placed => out.serialize_entry("html", text)?,
                Body::Text if !placed => out.serialize_entry("text", text)?,
                Body::Redirect if !placed => out.serialize_entry("redirect", text)?,
                Body::Html | Body::Text | Body::Redirect | Body::Remote => {}
            }
            if let Some(presentation) = rendered.presentation.name() {
                out.serialize_entry("as", presentation)?;
            }
        }
        if let Some(assignment) = &slot.assignment {
            out.serialize_entry("experiment", &assignment_to_json(assignment))?;
        }
        out.end()
    }
}

/// The properties of the `Experiment Viewed` that is to be logged.
pub fn exposure_to_json(exposure: &Exposure) -> Json {
    let mut out = json!({
        "experiment_id": exposure.experiment,
        "variation_id": exposure.variation,
        "bucket_version": exposure.bucket_version,
        "slot": exposure.slot,
        "rule_id": exposure.rule,
        "propensity": exposure.propensity,
    });
    if let Some(unit) = &exposure.unit {
        out["unit"] = unit.as_str().into();
    }
    if exposure.conflict {
        out["conflict"] = true.into();
    }
    out
}

/// The properties of the [event](View::event) that is to be logged.
pub fn view_to_json(view: &View) -> Json {
    let mut out = json!({
        "slot": view.slot,
        "rule_id": view.rule,
        "content_id": view.content,
        "session": view.session.0,
    });
    if let Some(contact) = &view.contact {
        out["contact"] = contact.as_str().into();
    }
    if view.decided {
        out["decided"] = true.into();
    }
    out
}

/// An action that was taken, and when.
pub fn acted_to_json(acted: &Acted) -> Json {
    json!({
        "messageId": acted.event.id,
        "event": acted.event.name,
        "at": instant_to_json(acted.event.time),
        "properties": object_to_json(&acted.event.properties),
    })
}

fn assignment_to_json(assignment: &Assignment) -> Json {
    json!({
        "id": assignment.experiment,
        "variation": assignment.variation,
        "number": assignment.number,
        "included": assignment.included,
        "counted": assignment.counted,
        "forced": assignment.forced,
        "sticky": assignment.sticky,
        "conflict": assignment.conflict,
        "bucket": assignment.bucket,
        "propensity": assignment.propensity,
        "unit": assignment.unit,
        "context": assignment.leaf,
    })
}

/// ISO 8601; outside its years the milliseconds; null for the ends of time.
fn instant_to_json(at: Timestamp) -> Json {
    match at {
        Timestamp::MIN | Timestamp::MAX => Json::Null,
        Timestamp(ms) => format_timestamp(at).map_or_else(|| ms.into(), Json::from),
    }
}

/// Reads `{"context": {…}, "consent": {"categoryPreferences": {…}}, "locale": "en",
/// "anonymousId": "…", "forced": {"hero-copy": 1}, "shown": ["greet"]}`, each of which may be left
/// out. Without consent there is none. `shown` are the rules whose content is on the page already.
///
/// Of the context the groups `page`, `campaign`, `device` and `geo` are kept, so that an event's
/// whole `context` may be handed over; of the request, what is not named here is passed over.
///
/// The time zone follows from the visitor, too: [`zoned`](crate::zoned) adds it.
pub fn context_from_json(request: &Json) -> Result<Context, WireError> {
    let Json::Object(request) = request else {
        let message =
            "What a decision is asked for with is not a JSON object. Send an object: {…}.";
        return Err(WireError::new(Code::NotAnObject, "", message));
    };
    let values = request.get("context").map_or(Ok(Object::new()), groups)?;
    let consent = request.get("consent").map_or(Ok(Purposes::NONE), consent)?;
    let locale = match request.get("locale") {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(tag)) if tag.len() <= limits::ID_BYTES => tag.clone(),
        Some(other) => return Err(wrong("/locale", other, "a language tag such as \"en\"")),
    };
    let anonymous_id = match request.get("anonymousId") {
        None | Some(Json::Null) => None,
        Some(Json::String(id)) if id.len() <= limits::ID_BYTES => Some(id.clone()),
        Some(other) => return Err(wrong("/anonymousId", other, "the device's id")),
    };
    let forced = request.get("forced").map_or(Ok(Vec::new()), forced)?;
    let shown = request.get("shown").map_or(Ok(Vec::new()), shown)?;
    Ok(Context { values, consent, locale, zone: None, anonymous_id, forced, shown })
}

/// Rules that have shown their content.
fn shown(shown: &Json) -> Result<Vec<String>, WireError> {
    match shown {
        Json::Null => Ok(Vec::new()),
        Json::Array(ids) if ids.iter().all(Json::is_string) => {
            Ok(ids.iter().filter_map(Json::as_str).map(str::to_owned).collect())
        }
        other => Err(wrong("/shown", other, "a list of rules' ids")),
    }
}

/// Variations to look at: `{"hero-copy": 1}`.
fn forced(forced: &Json) -> Result<Vec<(String, u32)>, WireError> {
    const WANTED: &str = "experiments with the variation's number, such as {\"hero-copy\": 1}";
    let members = match forced {
        Json::Null => return Ok(Vec::new()),
        Json::Object(members) => members,
        other => return Err(wrong("/forced", other, WANTED)),
    };
    let number = |number: &Json| number.as_u64().and_then(|number| u32::try_from(number).ok());
    let read = members.iter().map(|(id, variation)| match number(variation) {
        Some(number) => Ok((id.clone(), number)),
        None => Err(wrong("/forced", variation, WANTED)),
    });
    read.collect()
}

/// The time zone of the visitor's device, as Segment's libraries have it in `context.timezone`.
pub fn device_zone(request: &Json) -> Option<&str> {
    request.get("context")?.get("timezone")?.as_str()
}

fn groups(context: &Json) -> Result<Object, WireError> {
    let context = match context {
        Json::Null => return Ok(Object::new()),
        Json::Object(context) => context,
        other => return Err(wrong("/context", other, "an object")),
    };
    let mut kept = Object::new();
    for group in GROUPS.map(Root::name) {
        match context.get(group) {
            None | Some(Json::Null) => {}
            // The groups are inside the context, which is a level of its own.
            Some(values @ Json::Object(_)) if depth(values) < limits::DEPTH => {
                kept.insert(group, value_from_json(values));
            }
            Some(values @ Json::Object(_)) => {
                let message = format!(
                    "The context nests {} objects and arrays inside each other; it may nest at \
                     most {}. Send flatter data.",
                    depth(values) + 1,
                    limits::DEPTH,
                );
                return Err(WireError::new(Code::TooDeep, format!("/context/{group}"), message));
            }
            Some(other) => return Err(wrong(&format!("/context/{group}"), other, "an object")),
        }
    }
    Ok(kept)
}

/// A consent that names purposes in another form is refused: taken for none, it would be obeyed in
/// silence.
fn consent(consent: &Json) -> Result<Purposes, WireError> {
    let read = consent_from_json(consent).map_err(|error| error.below(&"/consent"))?;
    let empty = consent.as_object().is_none_or(Map::is_empty);
    match read {
        None if !empty && consent.get("categoryPreferences").is_none() => Err(WireError::new(
            Code::BadConsent,
            "/consent",
            "`consent` has no `categoryPreferences`. Send {\"categoryPreferences\": \
             {\"analytics\": true, \"personalization\": true, \"marketing\": false}}.",
        )),
        read => Ok(read.unwrap_or(Purposes::NONE)),
    }
}

fn depth(value: &Json) -> usize {
    match value {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Json::Object(members) => 1 + members.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}

fn wrong(pointer: &str, found: &Json, wanted: &str) -> WireError {
    let name = pointer.trim_start_matches('/').replace('/', ".");
    let found: Value = value_from_json(found);
    let message = format!("`{name}` is {}. Send {wanted}.", type_name(&found));
    WireError::new(Code::WrongType, pointer, message)
}

#[cfg(test)]
mod tests {
    use super::{context_from_json, decision_to_json};
    use serde_json::json;
    use waymark_engine::program::PackHash;
    use waymark_engine::{Decision, Reason, SlotDecision};
    use waymark_model::{Purpose, Purposes, Timestamp, limits};

    fn decision() -> Decision {
        Decision {
            pack: PackHash([0xab; 16]),
            seq: 3,
            now: Timestamp(1_704_110_400_000),
            valid_until: Timestamp::MAX,
            segments: vec!["vip".to_owned()],
            stage: None,
            slots: vec![SlotDecision {
                slot: "hero".to_owned(),
                reason: Reason::NoConsent,
                rule: None,
                content: None,
                body: None,
                assignment: None,
            }],
            exposures: Vec::new(),
            views: Vec::new(),
        }
    }

    #[test]
    fn a_decision_without_an_end_is_valid_until_null() {
        assert_eq!(
            decision_to_json(&decision()),
            json!({
                "pack": "abababababababababababababababab",
                "seq": 3,
                "now": "2024-01-01T12:00:00.000Z",
                "validUntil": null,
                "segments": ["vip"],
                "stage": null,
                "slots": {"hero": {"content": null, "rule": null, "reason": "no-consent"}},
            })
        );
    }

    #[test]
    fn of_an_events_context_the_groups_that_rules_read_are_kept() {
        let context = context_from_json(&json!({
            "context": {"page": {"path": "/a"}, "geo": null, "library": {"name": "x"}, "ip": "::1"},
            "consent": {"categoryPreferences": {"personalization": true}},
            "locale": "zh-SG",
        }))
        .unwrap();
        assert_eq!(context.values.len(), 1);
        assert!(context.values.get("page").is_some());
        assert_eq!(context.consent, Purposes::NONE.with(Purpose::Personalization));
        assert_eq!(context.locale, "zh-SG");
    }

    #[test]
    fn without_consent_there_is_none() {
        for request in [json!({}), json!({"consent": null}), json!({"consent": {}})] {
            assert_eq!(context_from_json(&request).unwrap().consent, Purposes::NONE);
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_where_it_stands() {
        let mut deep = json!(1);
        for _ in 0..limits::DEPTH {
            deep = json!([deep]);
        }
        for (request, code, pointer) in [
            (json!([]), "not-an-object", ""),
            (json!({"context": 1}), "wrong-type", "/context"),
            (json!({"context": {"page": "/a"}}), "wrong-type", "/context/page"),
            (json!({"context": {"page": {"a": deep}}}), "too-deep", "/context/page"),
            (json!({"consent": {"analytics": true}}), "bad-consent", "/consent"),
            (json!({"consent": "all"}), "bad-consent", "/consent"),
            (json!({"locale": 7}), "wrong-type", "/locale"),
        ] {
            let error = context_from_json(&request).unwrap_err();
            assert_eq!((error.code(), error.pointer.as_str()), (code, pointer), "{request}");
        }
    }
}
