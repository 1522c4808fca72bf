//! All that is known of a person, under whichever of their ids they are asked for: `GET /admin/v1/profile?visitor=ID`
//! to look at, `GET /admin/v1/profile/export?visitor=ID` to hand over.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use waymark_engine::{Engine, Numerals, State};
use waymark_model::{Event, EventKey, Value};
use waymark_wire::{
    Problem, consent_in, consent_to_json, event_to_json, format_timestamp, object_to_json,
    value_to_json,
};

use crate::access::Role;
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::identity::keys_meant_by;
use crate::ports::{Clock, Objects, Part};
use crate::protocol::{RegistryAsk, RegistryTold, ShardAsk, ShardTold};
use crate::{lake, packs, problems, profile};

/// Events in the timeline, the latest first.
const TIMELINE: usize = 100;
const MASKED: &str = "•••";

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
}

pub async fn person<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    request: &Request,
    role: Role,
) -> Answer {
    let now = edge.host.now();
    let active = edge.packs.active(edge.host, now).await.map_err(problems::unavailable)?;
    let program = edge.packs.deciding(edge.host, &active).await.map_err(problems::unavailable)?;
    let program = program.ok_or_else(problems::no_active_pack)?;
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
    let sees = match role {
        Role::Operator => None,
        Role::Viewer => Some(visible(edge, &program.hash).await?),
    };
    Ok(Response::json(200, &described(engine, &ids, &state, told, now, sees.as_ref())))
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

/// Traits that viewers may see: those of which the pack says that they are of a kind that is named.
async fn visible<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    hash: &waymark_engine::PackHash,
) -> Result<BTreeSet<String>, Problem> {
    let ask = RegistryAsk::Part { hash: *hash, part: Part::Source };
    let told = packs::ask(edge.host, &ask).await.map_err(problems::unavailable)?;
    let RegistryTold::Part(source) = told else { return Ok(BTreeSet::new()) };
    let source = String::from_utf8(source.unwrap_or_default()).unwrap_or_default();
    let Ok(compiled) = waymark_pack::compile(&source) else { return Ok(BTreeSet::new()) };
    let sees = &edge.config.viewer_sees;
    let data = compiled.data.into_iter();
    let seen =
        data.filter(|datum| datum.sensitivity.as_ref().is_some_and(|one| sees.contains(one)));
    Ok(seen.map(|datum| datum.name).collect())
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
            self.timeline.push(event);
        }
        self.timeline.sort_by_key(|event| std::cmp::Reverse(event.key()));
        self.timeline.truncate(TIMELINE);
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

/// `sees`: the traits that may be shown; all when it is not said.
fn described(
    engine: Engine<'_>,
    ids: &[String],
    state: &State,
    told: Told,
    now: waymark_model::Timestamp,
    sees: Option<&BTreeSet<String>>,
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
    let figures = |figures: Vec<(String, Option<Value>)>| -> Map<String, Json> {
        let known = figures.into_iter();
        // Texts and lists may be what somebody wrote of themselves.
        let known = known.map(|(name, value)| match value {
            Some(Value::Text(_) | Value::Array(_) | Value::Object(_)) if sees.is_some() => {
                (name, Some(Value::Text(MASKED.to_owned())))
            }
            value => (name, value),
        });
        known
            .map(|(name, value)| (name, value.as_ref().map_or(Json::Null, value_to_json)))
            .collect()
    };
    let mut traits = object_to_json(fold.traits.values());
    if let Some(sees) = sees {
        for (name, value) in &mut traits {
            if !sees.contains(&format!("traits.{name}")) {
                *value = MASKED.into();
            }
        }
    }
    let (ids, user): (Vec<&str>, _) = match sees {
        None => (
            ids.iter().map(String::as_str).collect(),
            fold.user_id.as_ref().map(|(_, id)| id.as_str()),
        ),
        Some(_) => (
            ids.iter().map(|id| id.split(':').next().unwrap_or_default()).collect(),
            fold.user_id.as_ref().map(|_| MASKED),
        ),
    };
    let timeline = told.timeline.iter().map(|event| match sees {
        None => event_to_json(event),
        // What was done and when, and not what was said with it.
        Some(_) => json!({
            "type": event.kind.name(), "event": event.name, "timestamp": format_timestamp(event.time),
        }),
    });
    json!({
        "profile": ids.first(),
        "ids": ids,
        "userId": user,
        "traits": traits,
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
        "timeline": timeline.collect::<Vec<_>>(),
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
