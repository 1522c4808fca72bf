//! The operator's part: packs, sums, and the events as they came.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use waymark_engine::PackHash;
use waymark_model::limits;
use waymark_pack::Input;
use waymark_wire::{Problem, format_timestamp};

use crate::body::{inflated, object};
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::identity::keys_meant_by;
use crate::packs;
use crate::ports::{Activation, Clock, Objects, PackParts, PackRow, Part};
use crate::protocol::{RegistryAsk, RegistryTold, ShardAsk, ShardTold, Stats};
use crate::registry::{NO_OTHERS, UNKNOWN};
use crate::{lake, problems, profile};

/// `PUT /admin/v1/packs`: compiles a pack and keeps it under its hash. It is not active yet.
pub async fn put_pack<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let body = inflated(request, limits::PACK_BYTES)?;
    let source = std::str::from_utf8(&body)
        .map_err(|_| problems::bad_member("", "The pack is not UTF-8 text."))?;
    let compiled = match (Input { today: Some(edge.host.now()), ..Input::of(source) }).compile() {
        Ok(compiled) => compiled,
        Err(report) => return Ok(packs::broken(&report)),
    };
    let program = compiled.program.encode();
    let page =
        packs::gzip(&compiled.program.page_projection().encode()).map_err(problems::unavailable)?;
    let hash = compiled.program.hash;
    let row = PackRow { hash, name: compiled.program.pack.clone(), created: edge.host.now() };
    let parts = PackParts { source: body.clone(), program, page };
    match packs::ask(edge.host, &RegistryAsk::Put { row, parts }).await {
        Ok(RegistryTold::Put { created }) => Ok(Response::json(
            201,
            &json!({
                "hash": hash.to_string(),
                "created": created,
                "warnings": &compiled.report.diagnostics,
                "cost": {
                    "stateBytes": compiled.cost.state_bytes,
                    "pageBytes": compiled.cost.page_bytes,
                },
            }),
        )),
        other => Err(registry_problem(other, "")),
    }
}

/// `GET /admin/v1/packs`
pub async fn list_packs<H: Clock + Objects>(edge: &Edge<'_, H>) -> Answer {
    let (packs, activations) = match packs::ask(edge.host, &RegistryAsk::List).await {
        Ok(RegistryTold::List { packs, activations }) => (packs, activations),
        other => return Err(registry_problem(other, "")),
    };
    let for_all = activations.iter().find(|line| line.percent.is_none());
    let active = for_all.and_then(|line| line.hash);
    let trial = activations.first().filter(|line| line.percent.is_some());
    let trial = trial.and_then(|line| Some((line.hash?, line.percent?)));
    let packs: Vec<Json> = packs
        .iter()
        .map(|row| {
            json!({
                "hash": row.hash.to_string(),
                "name": row.name,
                "created": format_timestamp(row.created),
                "active": active == Some(row.hash),
                "percent": match (active == Some(row.hash), trial) {
                    (true, None) => 100,
                    (true, Some((_, percent))) => 100 - percent,
                    (false, Some((hash, percent))) if hash == row.hash => percent,
                    (false, _) => 0,
                },
            })
        })
        .collect();
    let log: Vec<Json> = activations.iter().map(activation_json).collect();
    let active = active.map(|hash| hash.to_string());
    Ok(Response::json(200, &json!({ "active": active, "packs": packs, "activations": log })))
}

/// `GET /admin/v1/packs/<hash>`: the JSON as it was put.
pub async fn pack_source<H: Clock + Objects>(edge: &Edge<'_, H>, hash: &str) -> Answer {
    let known = PackHash::from_hex(hash).ok_or_else(|| problems::unknown_pack(hash))?;
    let ask = RegistryAsk::Part { hash: known, part: Part::Source };
    match packs::ask(edge.host, &ask).await {
        Ok(RegistryTold::Part(Some(source))) => {
            let mut response = Response::empty(200)
                // JSON with comments, which is no JSON.
                .with_header("Content-Type", "text/plain; charset=utf-8")
                .with_header("X-Content-Type-Options", "nosniff");
            response.body = source;
            Ok(response)
        }
        Ok(RegistryTold::Part(None)) => Err(problems::unknown_pack(hash)),
        other => Err(registry_problem(other, hash)),
    }
}

/// `POST /admin/v1/packs/<hash>/activate`; without a hash, `…/packs/deactivate`.
/// `{"percent": 10}` in the body gives it to so many of the visitors; the others go on with the one that all had.
pub async fn activate<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    request: &Request,
    hash: Option<&str>,
    by: String,
) -> Answer {
    let percent = percent(request)?.filter(|_| hash.is_some());
    let known = match hash {
        Some(text) => Some(PackHash::from_hex(text).ok_or_else(|| problems::unknown_pack(text))?),
        None => None,
    };
    let ask = RegistryAsk::Activate { hash: known, at: edge.host.now(), by, percent };
    let answer = activated(edge, packs::ask(edge.host, &ask).await, hash.unwrap_or_default())?;
    look_at_all(edge).await?;
    Ok(answer)
}

fn percent(request: &Request) -> Result<Option<u8>, Problem> {
    let body = inflated(request, limits::EVENT_BYTES)?;
    if body.is_empty() || body == b"null" {
        return Ok(None);
    }
    match object(&body)?.get("percent") {
        None => Ok(None),
        Some(percent) => match percent.as_u64().and_then(|percent| u8::try_from(percent).ok()) {
            Some(100) => Ok(None),
            Some(percent @ 1..=99) => Ok(Some(percent)),
            _ => Err(problems::bad_member("/percent", "Say a whole number from 1 to 100.")),
        },
    }
}

/// Another pack may have something to do for visitors who wait for nothing.
async fn look_at_all<H: Clock + Objects>(edge: &Edge<'_, H>) -> Result<(), Problem> {
    let at = edge.host.now();
    let packs = edge.packs.active(edge.host, at).await.map_err(problems::unavailable)?;
    let calls = (0..edge.config.map.all_objects())
        .map(|object| edge.tell(object, ShardAsk::LookAtAll { packs: packs.clone(), at }));
    join_all(calls).await.into_iter().try_for_each(|told| told.map(drop))
}

/// `POST /admin/v1/packs/rollback`
pub async fn roll_back<H: Clock + Objects>(edge: &Edge<'_, H>, by: String) -> Answer {
    let ask = RegistryAsk::RollBack { at: edge.host.now(), by };
    let answer = activated(edge, packs::ask(edge.host, &ask).await, "")?;
    look_at_all(edge).await?;
    Ok(answer)
}

fn activated<H>(
    edge: &Edge<'_, H>,
    told: Result<RegistryTold, crate::ports::Unavailable>,
    hash: &str,
) -> Answer {
    edge.packs.forget_active();
    match told {
        Ok(RegistryTold::Activated(activation)) => {
            Ok(Response::json(200, &activation_json(&activation)))
        }
        other => Err(registry_problem(other, hash)),
    }
}

fn activation_json(activation: &Activation) -> Json {
    json!({
        "activation": activation.number,
        "hash": activation.hash.map(|hash| hash.to_string()),
        "at": format_timestamp(activation.at),
        "by": activation.by,
        "restores": activation.restores,
        "percent": activation.percent.unwrap_or(100),
    })
}

fn registry_problem(told: Result<RegistryTold, crate::ports::Unavailable>, hash: &str) -> Problem {
    match told {
        Err(error) => problems::unavailable(error),
        Ok(RegistryTold::Refused(code)) if code == UNKNOWN => problems::unknown_pack(hash),
        Ok(RegistryTold::Refused(code)) if code == NO_OTHERS => Problem::new(
            409,
            NO_OTHERS,
            "There is no other pack for the rest",
            "Some of the visitors can have a pack while the others have another that is active for all. Leave \
             `percent` out.",
        ),
        Ok(RegistryTold::Refused(code)) => Problem::new(
            409,
            &code,
            "There is nothing to go back to",
            "No other pack was active before this one. Activate one by its hash.",
        ),
        Ok(other) => problems::unavailable(packs::unexpected(&other)),
    }
}

/// `GET /admin/v1/stats`: sums over all shards.
pub async fn stats<H: Clock + Objects>(edge: &Edge<'_, H>) -> Answer {
    let now = edge.host.now();
    let packs = edge.packs.active(edge.host, now).await.map_err(problems::unavailable)?;
    let calls = (0..edge.config.map.all_objects())
        .map(|object| edge.shard(object, ShardAsk::Stats { packs: packs.clone(), now }));
    let mut sum = Stats::default();
    let mut segments = BTreeMap::new();
    let mut stages = BTreeMap::new();
    for told in join_all(calls).await {
        let ShardTold::Stats(stats) = told? else {
            return Err(problems::unavailable("A shard gave the answer to another question."));
        };
        sum.counters.batches += stats.counters.batches;
        sum.counters.events += stats.counters.events;
        sum.counters.duplicates += stats.counters.duplicates;
        sum.visitors += stats.visitors;
        sum.sessions += stats.sessions;
        sum.late += stats.late;
        for (all, some) in [(&mut segments, stats.segments), (&mut stages, stats.stages)] {
            for (id, count) in some {
                *all.entry(id).or_insert(0) += count;
            }
        }
    }
    Ok(Response::json(
        200,
        &json!({
            "now": now.0,
            "pack": packs.active.map(|hash| hash.to_string()),
            "shards": edge.config.map.objects(),
            "batches": sum.counters.batches,
            "events": sum.counters.events,
            "duplicates": sum.counters.duplicates,
            "visitors": sum.visitors,
            "sessions": sum.sessions,
            "late": sum.late,
            "segments": segments,
            "stages": stages,
        }),
    ))
}

/// `GET /admin/v1/events?visitor=ID`: a visitor's events as they were accepted, in that order. The id
/// may name its namespace (`u:…`); otherwise all are looked through.
pub async fn events<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let id = request.address.parameter("visitor").filter(|id| !id.is_empty()).ok_or_else(|| {
        problems::bad_member("", "Say whose events: ?visitor=<id>, or ?visitor=u:<id>.")
    })?;
    let mut lines = Vec::new();
    for key in keys_meant_by(&id) {
        profile::each_event(edge, &key, |events| lines.extend(lake::lines(events))).await?;
    }
    Ok(Response::ndjson(lines))
}

/// `GET /admin/v1/export?shard=&after=`: all events, a page at a time. `Link: <…>; rel="next"` says
/// where to go on; without it that was all.
pub async fn export<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let number = |name: &str| match request.address.parameter(name) {
        None => Ok(0),
        Some(text) => text
            .parse::<u64>()
            .map_err(|_| problems::bad_member("", format!("`{name}` is not a whole number."))),
    };
    let (shard, after) = (number("shard")?, number("after")?);
    let objects = edge.config.map.all_objects();
    let object = u16::try_from(shard).ok().filter(|object| *object < objects).ok_or_else(|| {
        problems::bad_member("", format!("There are {objects} shards, numbered from 0."))
    })?;
    let (events, next) = match edge.shard(object, ShardAsk::Events { visitor: None, after }).await?
    {
        ShardTold::Events { events, next } => (events, next),
        other => return Err(problems::unexpected(&other)),
    };
    let mut lines = Vec::new();
    lines.extend(lake::lines(&events));
    let response = Response::ndjson(lines);
    let next = match next {
        Some(after) => Some((object, after)),
        None if object + 1 < objects => Some((object + 1, 0)),
        None => None,
    };
    Ok(match next {
        Some((shard, after)) => response.with_header(
            "Link",
            format!("</admin/v1/export?shard={shard}&after={after}>; rel=\"next\""),
        ),
        None => response,
    })
}
