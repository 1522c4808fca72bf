//! All that is known of a person, under whichever of their ids they are asked for: `GET /admin/v1/profile?visitor=ID`
//! to look at, `GET /admin/v1/profile/export?visitor=ID` to hand over.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use waymark_engine::{Engine, Numerals, State};
use waymark_model::{Event, EventKey, Kind, Timestamp, Value};
use waymark_wire::{
    Problem, consent_in, consent_to_json, format_timestamp, object_to_json, value_to_json,
};

use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::identity::keys_meant_by;
use crate::ports::{Clock, Objects};
use crate::protocol::{ShardAsk, ShardTold};
use crate::roles::Role;
use crate::sight::Sight;
use crate::{lake, problems, profile};

/// Events in the timeline, the latest first.
const TIMELINE: usize = 100;

/// A profile, and the ids whose events are in it: the first has it.
struct Person {
    ids: Vec<String>,
    state: State,
}

/// What a person's events say beside their profile.
#[derive(Default)]
struct Told {
    /// The latest.
    timeline: Vec<Event>,
    consent: Option<(EventKey, Json)>,
    /// What was last seen of each experiment.
    exposures: BTreeMap<String, (EventKey, Json)>,
    /// Where the latest word on a trait came from, if it said so.
    sources: BTreeMap<String, (EventKey, Option<Json>)>,
}

pub async fn person<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    request: &Request,
    role: Role,
) -> Answer {
    let now = edge.host.now();
    let program = edge.packs.deciding(edge.host, now, None).await.map_err(problems::unavailable)?;
    let program = program.ok_or_else(problems::no_active_pack)?;
    let packs = edge.packs.active(edge.host, now).await.map_err(problems::unavailable)?;
    let published = packs.active.ok_or_else(problems::no_active_pack)?;
    let engine = Engine::new(&program, Numerals::NATIVE);
    let Person { ids, mut state } = find(edge, engine, request).await?;
    engine.advance(&mut state, now);
    let mut told = Told::default();
    for key in &ids {
        profile::each_event(edge, key, |events| {
            let events = events.iter();
            told.add(events.filter_map(|stored| Event::decode(&stored.event.event).ok()));
        })
        .await?;
    }
    let sight = Sight::of(edge, role, published).await?;
    Ok(Response::json(200, &described(engine, &ids, &state, told, now, &sight)))
}

/// Every event of a person, a line each.
pub async fn portable<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let now = edge.host.now();
    let active = edge.packs.active(edge.host, now).await.map_err(problems::unavailable)?;
    let program = edge.packs.folding(edge.host, &active).await.map_err(problems::unavailable)?;
    let engine = Engine::new(&program, Numerals::NATIVE);
    let mut lines = Vec::new();
    for key in find(edge, engine, request).await?.ids {
        profile::each_event(edge, &key, |events| lines.extend(lake::lines(events))).await?;
    }
    Ok(Response::ndjson(lines))
}

async fn find<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    engine: Engine<'_>,
    request: &Request,
) -> Result<Person, Problem> {
    let id = request.address.parameter("visitor").filter(|id| !id.is_empty()).ok_or_else(|| {
        problems::bad_member("", "Say whose profile: ?visitor=<id>, or ?visitor=u:<id>.")
    })?;
    for key in keys_meant_by(&id) {
        let Some((root, state)) = profile::found(edge, engine, &key).await? else { continue };
        if state.seq == 0 {
            continue;
        }
        let mut ids = members(edge, &root).await?;
        ids.insert(0, root);
        return Ok(Person { ids, state });
    }
    let detail = format!("Nothing is known of {id:?}.");
    Err(Problem::new(404, "unknown-visitor", "The visitor is unknown", detail))
}

impl Told {
    fn add(&mut self, events: impl Iterator<Item = Event>) {
        for event in events {
            let key = event.key();
            if let Ok(Some(purposes)) = consent_in(&event.context)
                && self.consent.as_ref().is_none_or(|(latest, _)| *latest < key)
            {
                let mut said = consent_to_json(purposes);
                said["at"] = format_timestamp(event.time).into();
                self.consent = Some((key, said));
            }
            self.expose(&event, key);
            self.trace(&event, key);
            self.timeline.push(event);
        }
        self.timeline.sort_by_key(|event| std::cmp::Reverse(event.key()));
        self.timeline.truncate(TIMELINE);
    }

    fn trace(&mut self, event: &Event, key: EventKey) {
        if event.kind != Kind::Identify {
            return;
        }
        let source = event.context.get("source").map(value_to_json);
        for (name, _) in event.properties.iter() {
            let known = self.sources.get(name);
            if known.is_none_or(|(latest, _)| *latest < key) {
                self.sources.insert(name.to_owned(), (key, source.clone()));
            }
        }
    }

    fn expose(&mut self, event: &Event, key: EventKey) {
        let text = |name: &str| event.properties.get(name).and_then(Value::as_text);
        let (Some(experiment), Some(variation)) = (text("experiment_id"), text("variation_id"))
        else {
            return;
        };
        let known = self.exposures.get(experiment);
        if event.name == "Experiment Viewed" && known.is_none_or(|(latest, _)| *latest < key) {
            let exposure = json!({
                "experiment": experiment, "variation": variation, "at": format_timestamp(event.time),
            });
            self.exposures.insert(experiment.to_owned(), (key, exposure));
        }
    }
}

fn described(
    engine: Engine<'_>,
    ids: &[String],
    state: &State,
    told: Told,
    now: Timestamp,
    sight: &Sight,
) -> Json {
    let program = engine.program;
    let name = |number: u32| program.segments.get(number as usize).map(|one| one.id.as_str());
    let stage = state.stage().and_then(|stage| program.stages.get(stage as usize));
    let journeys = engine.standings(state).filter_map(|run| {
        let flow = program.flows.get(run.flow as usize)?;
        let step = run.step.and_then(|step| flow.steps.get(step as usize));
        Some(json!({
            "id": flow.id,
            "key": sight.of_value(value_to_json(run.key)),
            "entered": format_timestamp(run.entered),
            "step": step.map(|step| &step.id),
            "since": format_timestamp(run.since),
        }))
    });
    let figures = |figures: Vec<(String, Option<Value>)>| -> Map<String, Json> {
        let value = |value: Option<Value>| value.as_ref().map_or(Json::Null, value_to_json);
        let known = figures.into_iter();
        known.map(|(name, figure)| (name, sight.of_value(value(figure)))).collect()
    };
    let fold = state.fold();
    let traits: Map<String, Json> = object_to_json(fold.traits.values())
        .into_iter()
        .map(|(name, value)| (name.clone(), sight.of_trait(&name, value)))
        .collect();
    let sources = told.sources.into_iter().filter_map(|(name, (_, source))| Some((name, source?)));
    let sources: Map<String, Json> = sources.collect();
    let user = fold.user_id.as_ref().map(|(_, id)| sight.of_value(id.as_str().into()));
    let ids: Vec<&str> = ids.iter().map(|key| sight.of_key(key)).collect();
    json!({
        "profile": ids.first(),
        "ids": ids,
        "userId": user,
        "traits": traits,
        "sources": sources,
        "consent": told.consent.map(|(_, consent)| consent),
        "segments": state.segments().filter_map(name).collect::<Vec<_>>(),
        "stage": stage.map(|stage| &stage.id),
        "features": figures(engine.features(state, now)),
        "scores": figures(engine.scores(state, now)),
        "exposures": told.exposures.into_values().map(|(_, exposure)| exposure).collect::<Vec<_>>(),
        "sessions": fold.sessions.count(),
        "journeys": journeys.collect::<Vec<_>>(),
        "events": state.seq,
        "late": state.late,
        "lastSeen": format_timestamp(fold.newest.time),
        "pack": program.hash.to_string(),
        "timeline": told.timeline.iter().map(|event| sight.of_event(event)).collect::<Vec<_>>(),
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
