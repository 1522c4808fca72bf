//! A visitor's journey under a pack: what each event changed, what is shown, and why.

use serde_json::{Value as Json, json};
use waymark_engine::state::{Applied, Effects};
use waymark_engine::{Change, Engine, Numerals, Program};
use waymark_model::Timestamp;
use waymark_pack::compile;
use waymark_wire::{
    Code, Played, WireError, acted_to_json, context_from_json, device_zone, explanation_to_json,
    format_timestamp, parse_line, play, timestamp_from_json, zoned,
};

/// `events` is NDJSON, one visitor's, in the order of arrival. `decide` is a JSON object with
/// `context`, `consent`, `locale` and `now` (ISO 8601 or milliseconds; left out, the newest event's
/// time).
///
/// Gives `{decision, effects, actions, segments, stages, rules, rejected}`, or `{error: {code, message}}`
/// when the pack or `decide` cannot be read. Lines that hold no event are in `rejected`; `actions` are
/// those that triggers and journeys take by then, each when it is due.
pub fn run(source: &str, events: &str, decide: &str) -> Json {
    explained(source, events, decide)
        .unwrap_or_else(|(code, message)| json!({ "error": { "code": code, "message": message } }))
}

type Refusal = (&'static str, String);

fn explained(source: &str, events: &str, decide: &str) -> Result<Json, Refusal> {
    let Ok(compiled) = compile(source) else {
        return Err(("pack-has-errors", "The pack has errors.".to_owned()));
    };
    let program = compiled.program;
    let engine = Engine::new(&program, Numerals::NATIVE);
    let request: Json = serde_json::from_str(decide)
        .map_err(|error| (Code::BadJson.name(), format!("The request is not JSON: {error}.")))?;
    let mut context = context_from_json(&request).map_err(refusal)?;
    let asked = now(&request)?;

    let mut newest = None;
    let mut arrivals = Vec::new();
    let mut described = Vec::new();
    let mut rejected = Vec::new();
    for (line, text) in (1_u64..).zip(events.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        match parse_line(text) {
            Ok(event) => {
                newest = newest.max(Some(event.time));
                context.anonymous_id = context.anonymous_id.or_else(|| event.anonymous_id.clone());
                described.push((line, event.name.clone(), event.time));
                let arrives = received(text).unwrap_or(event.time);
                arrivals.push((event, arrives));
            }
            Err(error) => rejected.push(json!({
                "line": line, "code": error.code(), "message": error.message,
            })),
        }
    }
    let now = asked.or(newest).unwrap_or_default();
    let (clock, device) = ((Timestamp::MIN, now), device_zone(&request));
    let Played { state, effects, actions } =
        play(engine, engine.new_state(), clock, arrivals, &context, device);
    let effects: Vec<Json> = described
        .iter()
        .zip(&effects)
        .map(|((line, name, time), effects)| taken_in(&program, *line, name, *time, effects))
        .collect();
    let context = zoned(context, device, &state, now);
    let mut answer = explanation_to_json(engine, &state, &context, now);
    answer["effects"] = effects.into();
    answer["actions"] = actions.iter().map(acted_to_json).collect::<Vec<_>>().into();
    answer["rejected"] = rejected.into();
    Ok(answer)
}

/// When an event came, where that is said.
fn received(line: &str) -> Option<Timestamp> {
    let event: Json = serde_json::from_str(line).ok()?;
    timestamp_from_json(event.get("receivedAt")?)
}

fn taken_in(program: &Program, line: u64, name: &str, time: Timestamp, effects: &Effects) -> Json {
    let segments = |numbers: &[u32]| -> Vec<Option<&str>> {
        numbers
            .iter()
            .map(|number| program.segments.get(*number as usize))
            .map(|segment| segment.map(|segment| segment.id.as_str()))
            .collect()
    };
    let Change { entered, left, stage, .. } = &effects.change;
    json!({
        "line": line,
        "event": name,
        "time": format_timestamp(time),
        "applied": match effects.applied {
            Applied::InOrder => "in-order",
            Applied::Reordered => "reordered",
            Applied::Late => "late",
            Applied::Duplicate => "duplicate",
        },
        "entered": segments(entered),
        "left": segments(left),
        "stage": stage.map(|(from, to)| json!({
            "from": stage_name(program, from), "to": stage_name(program, to),
        })),
    })
}

fn stage_name(program: &Program, number: Option<u32>) -> Option<&str> {
    number.and_then(|number| program.stages.get(number as usize)).map(|stage| stage.id.as_str())
}

fn now(request: &Json) -> Result<Option<Timestamp>, Refusal> {
    let now = match request.get("now") {
        None | Some(Json::Null) => return Ok(None),
        Some(now) => timestamp_from_json(now),
    };
    now.map(Some).ok_or_else(|| {
        let message = "`now` is not a time. Send ISO 8601 such as \"2026-01-31T09:30:00Z\".";
        (Code::BadTimestamp.name(), message.to_owned())
    })
}

fn refusal(error: WireError) -> Refusal {
    (error.code(), error.message)
}
