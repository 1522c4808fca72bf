//! Forgetting: what one device told, or all of a person.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use waymark_model::{Timestamp, limits};
use waymark_wire::Problem;

use crate::body::{inflated, object};
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::identity::{claims_of, keys_meant_by};
use crate::ports::{Clock, Lake, Objects};
use crate::protocol::{ShardAsk, ShardTold};
use crate::{merges, problems, quarantine};

/// `POST /admin/v1/erase {visitor}`: everything of a person, by any of their ids. Without a namespace an id is
/// looked for in all of them.
pub async fn erase<H: Clock + Objects + Lake>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let body = object(&inflated(request, limits::EVENT_BYTES)?)?;
    let id = body.get("visitor").and_then(Json::as_str).filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| {
        problems::bad_member("/visitor", "Say whom: {\"visitor\": \"<id>\"}, or \"u:<id>\".")
    })?;
    let keys = kin_of(edge, keys_meant_by(id)).await?;
    quarantine::forget(edge, keys.iter().map(|key| id_of(key)).collect()).await?;
    let events = forget_all(edge, &keys, None).await?;
    let known: BTreeSet<&String> = keys.iter().collect();
    Ok(Response::json(200, &json!({ "events": events, "ids": known })))
}

/// Whoever has a profile in this object and was not heard of since a moment is forgotten, under all of their ids.
/// Gives whether there may be more.
pub async fn expire<H: Clock + Objects + Lake>(
    edge: &Edge<'_, H>,
    object: u16,
    since: Timestamp,
) -> Result<bool, Problem> {
    let keys = match edge.shard(object, ShardAsk::Unseen { since }).await? {
        ShardTold::Members(keys) => keys,
        other => return Err(problems::unexpected(&other)),
    };
    let more = !keys.is_empty();
    for key in keys {
        let keys = kin_of(edge, vec![key]).await?;
        forget_all(edge, &keys, Some(since)).await?;
    }
    Ok(more)
}

/// Ids, and those that are the same people's: each after one that knows of it.
async fn kin_of<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    mut keys: Vec<String>,
) -> Result<Vec<String>, Problem> {
    let mut known: BTreeSet<String> = keys.iter().cloned().collect();
    let mut asked = 0;
    while let Some(key) = keys.get(asked).cloned() {
        let home = edge.config.map.object_of_visitor(&key);
        keys.extend(claims_of(&key).filter(|claims| known.insert(claims.clone())));
        match edge.shard(home, ShardAsk::Kin { key }).await? {
            ShardTold::Members(kin) => {
                keys.extend(kin.into_iter().filter(|key| known.insert(key.clone())));
            }
            other => return Err(problems::unexpected(&other)),
        }
        asked += 1;
    }
    Ok(keys)
}

/// Forgets ids as [`kin_of`] gives them, the last first: where this stops, and however often it begins again, whoever is
/// left is found by those that were named. Gives how many events there were.
async fn forget_all<H: Clock + Objects + Lake>(
    edge: &Edge<'_, H>,
    keys: &[String],
    unseen: Option<Timestamp>,
) -> Result<u64, Problem> {
    // What is posted meanwhile finds nobody when it is to be sent.
    unpost(edge, keys.to_vec()).await?;
    let mut events = 0;
    for key in keys.iter().rev() {
        events += forget_key(edge, key, unseen).await?;
    }
    Ok(events)
}

/// What was told under one id. Whose profile it was in loses it, too.
pub async fn forget<H: Clock + Objects + Lake>(
    edge: &Edge<'_, H>,
    key: &str,
) -> Result<(), Problem> {
    quarantine::forget(edge, BTreeSet::from([id_of(key)])).await?;
    let keys: Vec<String> = std::iter::once(key.to_owned()).chain(claims_of(key)).collect();
    forget_all(edge, &keys, None).await.map(drop)
}

/// Nothing is sent about them any more. What waits is where they were when it was asked for.
async fn unpost<H: Clock + Objects>(edge: &Edge<'_, H>, keys: Vec<String>) -> Result<(), Problem> {
    let calls = (0..edge.config.map.all_objects())
        .map(|object| edge.tell(object, ShardAsk::Unpost { keys: keys.clone() }));
    join_all(calls).await.into_iter().try_for_each(|told| told.map(drop))
}

/// The id in a key.
fn id_of(key: &str) -> &str {
    key.split_once(':').map_or(key, |(_, id)| id)
}

async fn forget_key<H: Clock + Objects + Lake>(
    edge: &Edge<'_, H>,
    key: &str,
    unseen: Option<Timestamp>,
) -> Result<u64, Problem> {
    let home = edge.config.map.object_of_visitor(key);
    let mut gone = 0;
    loop {
        let (visitor, at, lake) = (key.to_owned(), edge.host.now(), edge.host.has_lake());
        let ask = ShardAsk::Erase { visitor, at, unseen, lake };
        match edge.shard(home, ask).await? {
            ShardTold::Erased { events, more, pending } => {
                gone += u64::from(events);
                if pending {
                    merges::settle(edge, BTreeSet::from([home])).await?;
                }
                if !more {
                    return Ok(gone);
                }
            }
            other => return Err(problems::unexpected(&other)),
        }
    }
}
