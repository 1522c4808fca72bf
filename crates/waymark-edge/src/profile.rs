//! Reading a visitor's profile from the shard that has it.

use futures_util::future::join_all;
use waymark_engine::{Engine, State};
use waymark_wire::Problem;

use crate::edge::Edge;
use crate::ports::{Clock, Objects, Profile};
use crate::problems;
use crate::protocol::{ShardAsk, ShardTold};

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
    for _ in 0..MOST_MOVES {
        let object = edge.config.map.object_of_visitor(&visitor);
        let ask = ShardAsk::Profile { visitor: visitor.clone() };
        visitor = match edge.shard(object, ask).await? {
            ShardTold::Profile(None) => return Ok(None),
            ShardTold::Profile(Some(Profile::PartOf(root))) => root,
            ShardTold::Profile(Some(Profile::Here(bytes))) => {
                let state = engine.read_state(&bytes).map_err(|error| {
                    problems::unavailable(format!("The profile cannot be read: {error}."))
                })?;
                return Ok(Some((visitor, state)));
            }
            other => return Err(problems::unexpected(&other)),
        };
    }
    Err(problems::unavailable("The visitor's ids are being put together."))
}

/// The first of several keys that has a profile.
pub async fn first_of<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    engine: Engine<'_>,
    keys: &[String],
) -> Result<Option<(String, State)>, Problem> {
    let states = join_all(keys.iter().map(|key| state_of(edge, engine, key))).await;
    for (key, state) in keys.iter().zip(states) {
        if let Some(state) = state? {
            return Ok(Some((key.clone(), state)));
        }
    }
    Ok(None)
}
