//! `GET /admin/v1/profile?visitor=ID`: all that is known of a person, under whichever of their ids they are asked for.

use serde_json::{Value as Json, json};
use waymark_engine::{Engine, Numerals, State};
use waymark_model::Event;
use waymark_wire::{Problem, event_to_json, format_timestamp, object_to_json, value_to_json};

use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::identity::keys_meant_by;
use crate::ports::{Clock, Objects};
use crate::protocol::{ShardAsk, ShardTold};
use crate::{problems, profile};

/// Events in the timeline, the latest first.
const TIMELINE: usize = 100;

pub async fn person<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let id = request.address.parameter("visitor").filter(|id| !id.is_empty()).ok_or_else(|| {
        problems::bad_member("", "Say whose profile: ?visitor=<id>, or ?visitor=u:<id>.")
    })?;
    let now = edge.host.now();
    let packs = edge.packs.active(edge.host, now).await.map_err(problems::unavailable)?;
    let program = edge.packs.deciding(edge.host, &packs).await.map_err(problems::unavailable)?;
    let program = program.ok_or_else(problems::no_active_pack)?;
    let engine = Engine::new(&program, Numerals::NATIVE);
    for key in keys_meant_by(&id) {
        let Some((root, mut state)) = profile::found(edge, engine, &key).await? else { continue };
        if state.seq == 0 {
            continue;
        }
        engine.advance(&mut state, now);
        let mut ids = members(edge, &root).await?;
        ids.insert(0, root.clone());
        let timeline = timeline(edge, &ids).await?;
        return Ok(Response::json(200, &described(engine, &root, &ids, &state, &timeline)));
    }
    let detail = format!("Nothing is known of {id:?}.");
    Err(Problem::new(404, "unknown-visitor", "The visitor is unknown", detail))
}

fn described(
    engine: Engine<'_>,
    root: &str,
    ids: &[String],
    state: &State,
    timeline: &[Event],
) -> Json {
    let program = engine.program;
    let name = |number: u32| program.segments.get(number as usize).map(|one| one.id.as_str());
    let stage = state.stage().and_then(|stage| program.stages.get(stage as usize));
    let journeys = engine.standings(state).filter_map(|run| {
        let flow = program.flows.get(run.flow as usize)?;
        let step = run.step.and_then(|step| flow.steps.get(step as usize));
        Some(json!({
            "id": flow.id,
            "key": value_to_json(run.key),
            "entered": format_timestamp(run.entered),
            "step": step.map(|step| &step.id),
            "since": format_timestamp(run.since),
        }))
    });
    let fold = state.fold();
    json!({
        "profile": root,
        "ids": ids,
        "userId": fold.user_id.as_ref().map(|(_, id)| id),
        "traits": object_to_json(fold.traits.values()),
        "segments": state.segments().filter_map(name).collect::<Vec<_>>(),
        "stage": stage.map(|stage| &stage.id),
        "sessions": fold.sessions.count(),
        "journeys": journeys.collect::<Vec<_>>(),
        "events": state.seq,
        "late": state.late,
        "lastSeen": format_timestamp(fold.newest.time),
        "pack": program.hash.to_string(),
        "timeline": timeline.iter().map(event_to_json).collect::<Vec<_>>(),
    })
}

async fn members<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    root: &str,
) -> Result<Vec<String>, Problem> {
    let object = edge.config.map.object_of_visitor(root);
    match edge.shard(object, ShardAsk::Members { key: root.to_owned() }).await? {
        ShardTold::Members(keys) => Ok(keys),
        other => Err(problems::unexpected(&other)),
    }
}

/// The latest events of several ids.
async fn timeline<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    ids: &[String],
) -> Result<Vec<Event>, Problem> {
    let mut latest: Vec<Event> = Vec::new();
    for key in ids {
        profile::each_event(edge, key, |events| {
            let events = events.iter();
            latest.extend(events.filter_map(|stored| Event::decode(&stored.event.event).ok()));
            latest.sort_by_key(|event| std::cmp::Reverse(event.key()));
            latest.truncate(TIMELINE);
        })
        .await?;
    }
    Ok(latest)
}
