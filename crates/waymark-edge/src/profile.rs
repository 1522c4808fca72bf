//! Reading a visitor's profile from the shard that has it.

use waymark_engine::{Engine, State};
use waymark_wire::Problem;

use crate::edge::Edge;
use crate::ports::{Clock, Objects, Profile};
use crate::problems;
use crate::protocol::{ShardAsk, ShardTold, Stored};

/// How often a profile may have moved on while it is looked for.
const MOST_MOVES: usize = 8;

/// A visitor's state, of all ids that are theirs; nothing for one who was never seen.
pub async fn state_of<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    engine: Engine<'_>,
    visitor: &str,
) -> Result<Option<State>, Problem> {
    Ok(found(edge, engine, visitor).await?.map(|(_, state)| state))
}

/// The profile that an id is in, by the key of the id that has it.
pub async fn found<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    engine: Engine<'_>,
    visitor: &str,
) -> Result<Option<(String, State)>, Problem> {
    let mut visitor = visitor.to_owned();
    let mut renewed = false;
    for _ in 0..MOST_MOVES {
        let object = edge.config.map.object_of_visitor(&visitor);
        let ask = ShardAsk::Profile { visitor: visitor.clone() };
        visitor = match edge.shard(object, ask).await? {
            ShardTold::Profile(None) => return Ok(None),
            ShardTold::Profile(Some(Profile::PartOf(root))) => root,
            ShardTold::Profile(Some(Profile::Here(bytes, _))) => {
                match engine.read_state(&bytes) {
                    Ok(state) => return Ok(Some((visitor, state))),
                    Err(error) if renewed => {
                        let detail = format!("The profile cannot be read: {error}.");
                        return Err(problems::unavailable(detail));
                    }
                    Err(_) => renew(edge, &visitor).await?,
                }
                renewed = true;
                visitor
            }
            other => return Err(problems::unexpected(&other)),
        };
    }
    Err(problems::unavailable("The visitor's ids are being put together."))
}

/// Has a profile folded anew that another release has written.
async fn renew<H: Clock + Objects>(edge: &Edge<'_, H>, visitor: &str) -> Result<(), Problem> {
    let at = edge.host.now();
    let packs = edge.packs.active(edge.host, at).await.map_err(problems::unavailable)?;
    let ask = ShardAsk::Renew { packs, at, visitor: visitor.to_owned() };
    let object = edge.config.map.object_of_visitor(visitor);
    edge.shard(object, ask).await.map(drop)
}

/// All stored events of an id, as they were accepted, some at a time.
pub async fn each_event<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    key: &str,
    mut each: impl FnMut(&[Stored]),
) -> Result<(), Problem> {
    let object = edge.config.map.object_of_visitor(key);
    let mut after = Some(0);
    while let Some(from) = after {
        let ask = ShardAsk::Events { visitor: Some(key.to_owned()), after: from };
        after = match edge.shard(object, ask).await? {
            ShardTold::Events { events, next } => {
                each(&events);
                next
            }
            other => return Err(problems::unexpected(&other)),
        };
    }
    Ok(())
}
