//! Reading a visitor's profile from the shard that has it.

use futures_util::future::join_all;
use waymark_engine::{Engine, State};
use waymark_wire::Problem;

use crate::edge::Edge;
use crate::ports::{Clock, Objects};
use crate::problems;
use crate::protocol::{ShardAsk, ShardTold};

/// A visitor's state; nothing for one who was never seen.
pub async fn state_of<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    engine: Engine<'_>,
    visitor: &str,
) -> Result<Option<State>, Problem> {
    let object = edge.config.map.object_of_visitor(visitor);
    match edge.shard(object, ShardAsk::State { visitor: visitor.to_owned() }).await? {
        ShardTold::State(None) => Ok(None),
        ShardTold::State(Some(bytes)) => engine.read_state(&bytes).map(Some).map_err(|error| {
            problems::unavailable(format!("The profile cannot be read: {error}."))
        }),
        other => Err(problems::unexpected(&other)),
    }
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
