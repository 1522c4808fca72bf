//! Forgetting: what one device told, or all of a person.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value as Json, json};
use waymark_model::{Timestamp, limits};
use waymark_wire::Problem;

use crate::body::{inflated, object};
use crate::edge::Edge;
use crate::http::{Answer, Request, Response};
use crate::identity::keys_meant_by;
use crate::ports::{Clock, Objects};
use crate::protocol::{ShardAsk, ShardTold};
use crate::{merges, problems, quarantine};

/// What was forgotten of one id, and which other ids are the same person's.
struct Gone {
    events: u64,
    others: Vec<String>,
}

/// `POST /admin/v1/erase {visitor}`: everything of a person, by any of their ids. Without a namespace an id is
/// looked for in all of them.
pub async fn erase<H: Clock + Objects>(edge: &Edge<'_, H>, request: &Request) -> Answer {
    let body = object(&inflated(request, limits::EVENT_BYTES)?)?;
    let id = body.get("visitor").and_then(Json::as_str).filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| {
        problems::bad_member("/visitor", "Say whom: {\"visitor\": \"<id>\"}, or \"u:<id>\".")
    })?;
    let Forgotten { events, keys: known } = forget_all(edge, keys_meant_by(id), None).await?;
    quarantine::forget(edge, known.iter().map(|key| id_of(key)).collect()).await?;
    unpost(edge, known.iter().cloned().collect()).await?;
    Ok(Response::json(200, &json!({ "events": events, "ids": known })))
}

/// Whoever has a profile in this object and was not heard of since a moment is forgotten, under all of their ids.
/// Gives whether there may be more.
pub async fn expire<H: Clock + Objects>(
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
        let Forgotten { keys, .. } = forget_all(edge, vec![key], Some(since)).await?;
        unpost(edge, keys.into_iter().collect()).await?;
    }
    Ok(more)
}

struct Forgotten {
    events: u64,
    keys: BTreeSet<String>,
}

/// Ids, and those that are the same people's.
async fn forget_all<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    mut open: Vec<String>,
    unseen: Option<Timestamp>,
) -> Result<Forgotten, Problem> {
    let mut forgotten = Forgotten { events: 0, keys: open.iter().cloned().collect() };
    while let Some(key) = open.pop() {
        let gone = forget_key(edge, &key, unseen).await?;
        forgotten.events += gone.events;
        let others = gone.others.into_iter();
        open.extend(others.filter(|key| forgotten.keys.insert(key.clone())));
    }
    Ok(forgotten)
}

/// What was told under one id. Whose profile it was in loses it, too.
pub async fn forget<H: Clock + Objects>(edge: &Edge<'_, H>, key: &str) -> Result<(), Problem> {
    forget_key(edge, key, None).await?;
    unpost(edge, vec![key.to_owned()]).await?;
    quarantine::forget(edge, BTreeSet::from([id_of(key)])).await
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

async fn forget_key<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    key: &str,
    unseen: Option<Timestamp>,
) -> Result<Gone, Problem> {
    let home = edge.config.map.object_of_visitor(key);
    let mut gone = Gone { events: 0, others: Vec::new() };
    loop {
        let ask = ShardAsk::Erase { visitor: key.to_owned(), at: edge.host.now(), unseen };
        match edge.shard(home, ask).await? {
            ShardTold::Erased { events, more, others, pending } => {
                gone.events += u64::from(events);
                gone.others.extend(others);
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
