//! `POST /admin/v1/evaluate`: a dry run. Events and a moment in, what the engine makes of them out,
//! with the canonical bytes by which targets are compared. Nothing is stored.

use std::rc::Rc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use waymark_engine::state::{Applied, Effects};
use waymark_engine::{Engine, Numerals, Program, State};
use waymark_wire::{Problem, context_from_json, decision_to_json, device_zone, parse_line, zoned};

use crate::body::{inflated, instant, object};
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::identity::hex;
use crate::ports::{Clock, Objects};
use crate::{packs, problems};

/// Bytes of a request: many cases may come at once.
pub const BODY_BYTES: usize = 8 * 1024 * 1024;

pub async fn evaluate<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let body = object(&inflated(request, BODY_BYTES)?)?;
    let program = match body.get("pack") {
        None | Some(Json::Null) => {
            let active = edge.packs.active(edge.host, edge.host.now()).await;
            let active = active.map_err(problems::unavailable)?;
            let program = edge.packs.deciding(edge.host, &active).await;
            program.map_err(problems::unavailable)?.ok_or_else(problems::no_active_pack)?
        }
        Some(pack) => {
            let source = pack.as_str().map_or_else(|| pack.to_string(), str::to_owned);
            match waymark_pack::compile(&source) {
                Ok(compiled) => Rc::new(compiled.program),
                Err(report) => return Ok(packs::broken(&report)),
            }
        }
    };
    let now = edge.host.now();
    let answer = match body.get("cases") {
        None => case(&program, &body, now, "")?,
        Some(Json::Array(cases)) => {
            let mut results = Vec::with_capacity(cases.len());
            for (at, item) in cases.iter().enumerate() {
                let pointer = format!("/cases/{at}");
                let Json::Object(members) = item else {
                    return Err(problems::bad_member(&pointer, "A case is not an object."));
                };
                results.push(case(&program, members, now, &pointer)?);
            }
            json!({ "pack": program.hash.to_string(), "cases": results })
        }
        Some(_) => return Err(problems::bad_member("/cases", "`cases` is not a list.")),
    };
    Ok(Response::json(200, &answer))
}

fn case(
    program: &Program,
    members: &Map<String, Json>,
    now: waymark_model::Timestamp,
    pointer: &str,
) -> Result<Json, Problem> {
    let engine = Engine::new(program, Numerals::NATIVE);
    let mut state = engine.new_state();
    let mut effects = Vec::new();
    let events = match members.get("events") {
        None | Some(Json::Null) => &Vec::new(),
        Some(Json::Array(events)) => events,
        Some(_) => {
            let pointer = format!("{pointer}/events");
            return Err(problems::bad_member(&pointer, "`events` is not a list."));
        }
    };
    for (at, event) in events.iter().enumerate() {
        let event = parse_line(&event.to_string()).map_err(|error| {
            let mut problem = Problem::from(&error);
            problem.status = 422;
            problem.pointer = Some(format!("{pointer}/events/{at}{}", error.pointer));
            problem
        })?;
        let effect = engine.apply_owned(&mut state, event);
        effects.push(effects_json(program, &effect));
    }
    let mut answer = json!({
        "pack": program.hash.to_string(),
        "seq": state.seq,
        "effects": effects,
        "state": hex(&Sha256::digest(engine.write_state(&state))),
        "decision": null,
        "encoded": null,
    });
    if let Some(decide) = members.get("decide").filter(|decide| !decide.is_null()) {
        let pointer = format!("{pointer}/decide");
        decided(engine, &state, decide, now, &pointer, &mut answer)?;
    }
    Ok(answer)
}

fn decided(
    engine: Engine<'_>,
    state: &State,
    decide: &Json,
    now: waymark_model::Timestamp,
    pointer: &str,
    answer: &mut Json,
) -> Result<(), Problem> {
    let context = context_from_json(decide).map_err(|error| {
        let mut problem = Problem::from(&error);
        problem.pointer = Some(format!("{pointer}{}", error.pointer));
        problem
    })?;
    let now = match decide.get("now") {
        None | Some(Json::Null) => now,
        Some(at) => instant(at, &format!("{pointer}/now"))?,
    };
    let context = zoned(context, device_zone(decide), state, now);
    let decision = engine.decide(state, &context, now);
    answer["decision"] = decision_to_json(&decision);
    answer["encoded"] = BASE64_STANDARD.encode(decision.encode()).into();
    Ok(())
}

fn effects_json(program: &Program, effects: &Effects) -> Json {
    let names = |numbers: &[u32]| -> Vec<&str> {
        numbers.iter().map(|number| program.segments[*number as usize].id.as_str()).collect()
    };
    let stage =
        |number: Option<u32>| number.map(|number| program.stages[number as usize].id.as_str());
    let mut item = json!({
        "applied": match effects.applied {
            Applied::InOrder => "in-order",
            Applied::Reordered => "reordered",
            Applied::Late => "late",
            Applied::Duplicate => "duplicate",
        },
        "entered": names(&effects.change.entered),
        "left": names(&effects.change.left),
    });
    if let Some((from, to)) = effects.change.stage {
        item["stage"] = json!({ "from": stage(from), "to": stage(to) });
    }
    item
}
