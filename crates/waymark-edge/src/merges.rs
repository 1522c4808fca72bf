//! Carries what shards have to tell each other, and finds out whose ids are.
//!
//! Everything that is left to do lies in the shards' outboxes, so it does not matter who carries it, how often, or
//! where they stop: the request that caused it does, and an object's alarm when that could not.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use waymark_wire::Problem;

use crate::edge::Edge;
use crate::ports::{Clock, Objects, Posted};
use crate::problems;
use crate::protocol::{Packs, ShardAsk, ShardTold};

/// Rounds of one call; an alarm goes on where there are more.
const ROUNDS: usize = 64;

/// Until the objects have nothing left to tell, nor those that they told.
pub async fn settle<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    objects: BTreeSet<u16>,
) -> Result<(), Problem> {
    let packs = edge.packs.active(edge.host, edge.host.now()).await;
    let packs = packs.map_err(problems::unavailable)?;
    let mut objects = objects;
    for _ in 0..ROUNDS {
        if objects.is_empty() {
            return Ok(());
        }
        let rounds = join_all(objects.iter().map(|object| round(edge, &packs, *object))).await;
        objects = BTreeSet::new();
        for next in rounds {
            objects.extend(next?);
        }
    }
    Err(problems::unavailable("There is more to settle."))
}

/// What one object has to tell now. Gives those that may have something to tell after that.
async fn round<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    packs: &Packs,
    object: u16,
) -> Result<BTreeSet<u16>, Problem> {
    let told = edge.shard(object, ShardAsk::Pending).await?;
    let ShardTold::Pending { posts, unsettled, gates } = told else {
        return Err(problems::unexpected(&told));
    };
    let mut next = BTreeSet::new();
    let mut more = !gates.is_empty();
    for (source, upto) in gates {
        match edge.tell(source, ShardAsk::Outbox).await? {
            ShardTold::Outbox(Some(first)) if first <= upto => {
                next.insert(source);
            }
            ShardTold::Outbox(_) => {
                edge.tell(object, ShardAsk::Ungate { source, upto }).await?;
            }
            other => return Err(problems::unexpected(&other)),
        }
    }
    let mut by_target: BTreeMap<u16, Vec<Posted>> = BTreeMap::new();
    for post in posts {
        let target = edge.config.map.object_of_visitor(&post.key);
        by_target.entry(target).or_default().push(post);
    }
    for (target, posts) in by_target {
        let arrived = posts.iter().map(|post| post.seq).collect();
        let (packs, at) = (packs.clone(), edge.host.now());
        let ask = ShardAsk::Import { packs, at, source: object, posts };
        if is_pending(&edge.shard(target, ask).await?)? {
            next.insert(target);
        }
        more |= is_pending(&edge.shard(object, ShardAsk::Delivered(arrived)).await?)?;
    }
    for (key, turn) in unsettled {
        let root = root_of(edge, &key).await?;
        let ask = ShardAsk::Root { packs: packs.clone(), at: edge.host.now(), key, turn, root };
        more |= is_pending(&edge.shard(object, ask).await?)?;
    }
    if more {
        next.insert(object);
    }
    Ok(next)
}

fn is_pending(told: &ShardTold) -> Result<bool, Problem> {
    match told {
        ShardTold::Done { pending } => Ok(*pending),
        other => Err(problems::unexpected(other)),
    }
}

/// Follows an id to the one that has the profile.
async fn root_of<H: Clock + Objects>(edge: &Edge<'_, H>, key: &str) -> Result<String, Problem> {
    let mut way = vec![key.to_owned()];
    loop {
        let last = way.last().cloned().unwrap_or_default();
        let object = edge.config.map.object_of_visitor(&last);
        match edge.shard(object, ShardAsk::Lead { key: last.clone() }).await? {
            // Who was erased is nobody: who leads there is a person of their own.
            ShardTold::Lead { erased: true, .. } if way.len() > 1 => {
                way.pop();
                return Ok(way.pop().unwrap_or(last));
            }
            ShardTold::Lead { to: None, .. } => return Ok(last),
            ShardTold::Lead { to: Some(to), .. } => {
                match way.iter().position(|before| *before == to) {
                    None => way.push(to),
                    Some(at) => return Ok(way.split_off(at).into_iter().min().unwrap_or(last)),
                }
            }
            other => return Err(problems::unexpected(&other)),
        }
    }
}
