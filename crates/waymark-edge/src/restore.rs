//! `POST /admin/v1/restore`: lines of the lake come back to their shards, as `waymark lake restore` sends them. What is
//! here already stays as it is, so it does not matter how often a line comes.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use waymark_model::{Event, Timestamp, limits};
use waymark_wire::{Basis, Problem, parse_line, timestamp_from_json};

use crate::body::inflated;
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::identity::ANONYMOUS;
use crate::merges;
use crate::ports::{Clock, Link, Objects, Profile};
use crate::problems;
use crate::protocol::{Incoming, ShardAsk, ShardTold, Stored};

/// What one shard gets back.
#[derive(Default)]
struct Back {
    events: Vec<Stored>,
    links: Vec<(String, Timestamp, Link)>,
}

pub async fn restore<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let body = inflated(request, limits::BATCH_BYTES)?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| problems::bad_member("", "Send lines of JSON in UTF-8."))?;
    let mut by_object: BTreeMap<u16, Back> = BTreeMap::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (stored, event) = read(line).map_err(|what| {
            problems::bad_member(&format!("/{at}"), format!("Line {}: {what}", at + 1))
        })?;
        for (key, link) in links(&stored.event, &event) {
            let object = edge.config.map.object_of_visitor(&key);
            by_object.entry(object).or_default().links.push((key, stored.received, link));
        }
        let object = edge.config.map.object_of_visitor(&stored.event.visitor);
        by_object.entry(object).or_default().events.push(stored);
    }
    let of_links = |back: &Back| back.links.iter().map(|(key, ..)| key.clone()).collect::<Vec<_>>();
    let of_events = |back: &Back| back.events.iter().map(|one| one.event.visitor.clone()).collect();
    let keys: BTreeSet<String> =
        by_object.values().flat_map(|back| [of_links(back), of_events(back)]).flatten().collect();
    let at = edge.host.now();
    let packs = edge.packs.active(edge.host, at).await.map_err(problems::unavailable)?;
    let objects = by_object.keys().copied().collect();
    let calls = by_object.into_iter().map(|(object, Back { events, links })| {
        edge.shard(object, ShardAsk::Restore { packs: packs.clone(), at, events, links })
    });
    let (mut restored, mut known) = (0, 0);
    for told in join_all(calls).await {
        match told? {
            ShardTold::Received { accepted, duplicates, .. } => {
                restored += accepted;
                known += duplicates;
            }
            other => return Err(problems::unexpected(&other)),
        }
    }
    let mut objects: BTreeSet<u16> = objects;
    for key in keys {
        objects.insert(again(edge, key, at).await?);
    }
    merges::settle(edge, objects).await?;
    Ok(Response::json(200, &json!({ "restored": restored, "known": known })))
}

/// The object that has the profile may have lost it, and with it whose ids are in it. Gives the id's own object.
async fn again<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    key: String,
    at: Timestamp,
) -> Result<u16, Problem> {
    let home = edge.config.map.object_of_visitor(&key);
    let profile = edge.shard(home, ShardAsk::Profile { visitor: key.clone() }).await?;
    let forgotten = match profile {
        ShardTold::Profile(Some(Profile::PartOf(root))) => {
            let object = edge.config.map.object_of_visitor(&root);
            match edge.shard(object, ShardAsk::Members { key: root }).await? {
                ShardTold::Members(members) => !members.contains(&key),
                other => return Err(problems::unexpected(&other)),
            }
        }
        _ => false,
    };
    edge.shard(home, ShardAsk::Again { key, at, forgotten }).await?;
    Ok(home)
}

fn read(line: &str) -> Result<(Stored, Event), String> {
    let json: Json =
        serde_json::from_str(line).map_err(|error| format!("it is no JSON: {error}"))?;
    let event = parse_line(line).map_err(|error| error.message)?;
    let received = json.get("receivedAt").and_then(timestamp_from_json);
    let received = received.ok_or("`receivedAt` is missing")?;
    let kept = &json["kept"];
    let visitor = kept["visitor"].as_str().ok_or("`kept.visitor` is missing")?.to_owned();
    let basis = match kept["basis"].as_str() {
        Some("server") => Basis::Server,
        Some("browser") => Basis::Browser,
        _ => return Err("`kept.basis` is neither `server` nor `browser`".to_owned()),
    };
    let previous = kept["previous"].as_array().into_iter().flatten();
    let incoming = Incoming {
        visitor,
        basis,
        user: kept["user"].as_str().map(str::to_owned),
        previous: previous.filter_map(Json::as_str).map(str::to_owned).collect(),
        event: event.encode(),
    };
    Ok((Stored { received, event: incoming }, event))
}

/// Ids that a trusted event says are the user's: the one that it was sent under, and former ones.
fn links(item: &Incoming, event: &Event) -> Vec<(String, Link)> {
    let Some(user) = &item.user else { return Vec::new() };
    let sent_under = event.anonymous_id.iter().map(|id| format!("{ANONYMOUS}{id}"));
    let keys = sent_under.chain(item.previous.iter().cloned()).filter(|key| key != user);
    keys.map(|key| (key, Link { at: event.time, message: event.id.clone(), to: user.clone() }))
        .collect()
}
