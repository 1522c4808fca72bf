//! `POST /admin/v1/evaluate`: a dry run. Events and a moment in, what the engine makes of them out,
//! with the canonical bytes by which targets are compared. Nothing is stored.

use std::rc::Rc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest, Sha256};
use waymark_engine::state::{Applied, Effects};
use waymark_engine::{Context, Engine, Numerals, Program};
use waymark_model::Timestamp;
use waymark_pack::Report;
use waymark_wire::{
    Played, Problem, acted_to_json, context_from_json, decision_to_json, device_zone, parse_line,
    play, zoned,
};

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
            let program = edge.packs.deciding(edge.host, edge.host.now(), None).await;
            program.map_err(problems::unavailable)?.ok_or_else(problems::no_active_pack)?
        }
        Some(pack) => match compiled(pack) {
            Ok(program) => Rc::new(program),
            Err(report) => return Ok(packs::broken(&report)),
        },
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

fn compiled(pack: &Json) -> Result<Program, Report> {
    let source = pack.as_str().map_or_else(|| pack.to_string(), str::to_owned);
    waymark_pack::compile(&source).map(|compiled| compiled.program)
}

/// A visitor, who may have been under other packs `before`, each with its events.
fn case(
    program: &Program,
    members: &Map<String, Json>,
    now: Timestamp,
    pointer: &str,
) -> Result<Json, Problem> {
    let mut kept = None;
    let mut clock = Timestamp::MIN;
    let mut actions = Vec::new();
    let all = match members.get("before") {
        None | Some(Json::Null) => &Vec::new(),
        Some(Json::Array(all)) => all,
        Some(_) => {
            let pointer = format!("{pointer}/before");
            return Err(problems::bad_member(&pointer, "`before` is not a list."));
        }
    };
    for (at, part) in all.iter().enumerate() {
        let pointer = format!("{pointer}/before/{at}");
        let Json::Object(members) = part else {
            return Err(problems::bad_member(&pointer, "A part of `before` is not an object."));
        };
        let pack = members.get("pack").unwrap_or(&Json::Null);
        let program = compiled(pack).map_err(|report| {
            let first = report.iter().next().map(|first| first.message.clone());
            let why = first.unwrap_or_else(|| "The pack has errors.".to_owned());
            problems::bad_member(&format!("{pointer}/pack"), &why)
        })?;
        let kept_before = kept.as_deref().map(|bytes| (bytes, clock));
        let mut part = played(&program, members, kept_before, now, &pointer)?;
        actions.append(&mut part.actions);
        clock = part.until;
        kept = Some(part.state);
    }
    let kept = kept.as_deref().map(|bytes| (bytes, clock));
    let mut last = played(program, members, kept, now, pointer)?;
    actions.append(&mut last.actions);
    last.answer["actions"] = actions.into();
    Ok(last.answer)
}

/// What became of a visitor under one pack.
struct Part {
    answer: Json,
    actions: Vec<Json>,
    state: Vec<u8>,
    /// When the clock stands.
    until: Timestamp,
}

fn played(
    program: &Program,
    members: &Map<String, Json>,
    kept: Option<(&[u8], Timestamp)>,
    now: Timestamp,
    pointer: &str,
) -> Result<Part, Problem> {
    let engine = Engine::new(program, Numerals::NATIVE);
    let (state, clock) = match kept {
        None => (engine.new_state(), Timestamp::MIN),
        Some((bytes, clock)) => {
            let state = engine.read_state(bytes).map_err(|error| {
                let why = format!("The state before cannot be read: {error}.");
                problems::bad_member(pointer, &why)
            })?;
            (state, clock)
        }
    };
    let events = match members.get("events") {
        None | Some(Json::Null) => &Vec::new(),
        Some(Json::Array(events)) => events,
        Some(_) => {
            let pointer = format!("{pointer}/events");
            return Err(problems::bad_member(&pointer, "`events` is not a list."));
        }
    };
    let mut arrivals = Vec::with_capacity(events.len());
    for (at, written) in events.iter().enumerate() {
        let pointer = format!("{pointer}/events/{at}");
        let event = parse_line(&written.to_string()).map_err(|error| {
            let mut problem = Problem::from(&error);
            problem.status = 422;
            problem.pointer = Some(format!("{pointer}{}", error.pointer));
            problem
        })?;
        let arrives = match written.get("receivedAt") {
            None | Some(Json::Null) => event.time,
            Some(at) => instant(at, &format!("{pointer}/receivedAt"))?,
        };
        arrivals.push((event, arrives));
    }
    let decide = members.get("decide").filter(|decide| !decide.is_null());
    let asked = decide.map(|decide| Asked::read(decide, now, &format!("{pointer}/decide")));
    let asked = asked.transpose()?;
    let (context, device, until) = match &asked {
        Some(asked) => (asked.context.clone(), asked.device, asked.now),
        // Nothing is known of the visitor; so nothing is done to them.
        None => (Context::default(), None, Timestamp::MIN),
    };
    let Played { state, effects, actions } =
        play(engine, state, (clock, until), arrivals, &context, device);
    let bytes = engine.write_state(&state);
    let effects: Vec<Json> = effects.iter().map(|one| effects_json(program, one)).collect();
    let mut answer = json!({
        "pack": program.hash.to_string(),
        "seq": state.seq,
        "effects": effects,
        "state": hex(&Sha256::digest(&bytes)),
        "decision": null,
        "encoded": null,
    });
    if let Some(Asked { context, device, now }) = asked {
        let context = zoned(context, device, &state, now);
        let decision = engine.decide(&state, &context, now);
        answer["decision"] = decision_to_json(&decision);
        answer["encoded"] = BASE64_STANDARD.encode(decision.encode()).into();
    }
    let actions = actions.iter().map(acted_to_json).collect();
    Ok(Part { answer, actions, state: bytes, until })
}

/// What is to be decided, and when.
struct Asked<'j> {
    context: Context,
    device: Option<&'j str>,
    now: Timestamp,
}

impl<'j> Asked<'j> {
    fn read(decide: &'j Json, now: Timestamp, pointer: &str) -> Result<Self, Problem> {
        let context = context_from_json(decide).map_err(|error| {
            let mut problem = Problem::from(&error);
            problem.pointer = Some(format!("{pointer}{}", error.pointer));
            problem
        })?;
        let now = match decide.get("now") {
            None | Some(Json::Null) => now,
            Some(at) => instant(at, &format!("{pointer}/now"))?,
        };
        Ok(Self { context, device: device_zone(decide), now })
    }
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
