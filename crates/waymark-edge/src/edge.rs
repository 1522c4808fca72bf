//! What every use case works with.

use waymark_wire::Problem;

use crate::config::Config;
use crate::isolate::Isolate;
use crate::moves;
use crate::packs::PackCache;
use crate::ports::{Clock, Objects};
use crate::problems;
use crate::protocol::{ShardAsk, ShardCall, ShardTold, unreadable};

/// How often an object may lack slots before it answers.
const MOST_MOVES: usize = 3;

/// The host, the operator's settings, an isolate's memory of packs.
#[derive(Debug)]
pub struct Edge<'e, H> {
    pub host: &'e H,
    pub config: &'e Config,
    pub packs: &'e PackCache,
    pub isolate: &'e Isolate,
}

impl<H: Clock + Objects> Edge<'_, H> {
    /// Asks a shard, and brings it the slots that it needs to answer.
    pub async fn shard(&self, object: u16, ask: ShardAsk) -> Result<ShardTold, Problem> {
        let message = self.message(object, ask);
        for _ in 0..MOST_MOVES {
            match self.asked(object, message.clone()).await? {
                ShardTold::Elsewhere(slots) => moves::bring(self, object, slots).await?,
                told => return Ok(told),
            }
        }
        Err(problems::unavailable("Some visitors are moving to another shard."))
    }

    /// Tells an object what is the same wherever slots are.
    pub(crate) async fn tell(&self, object: u16, ask: ShardAsk) -> Result<ShardTold, Problem> {
        self.asked(object, self.message(object, ask)).await
    }

    /// With the epoch of this worker's map.
    fn message(&self, object: u16, ask: ShardAsk) -> Vec<u8> {
        ShardCall { map: self.config.map, object, ask }.encode()
    }

    async fn asked(&self, object: u16, message: Vec<u8>) -> Result<ShardTold, Problem> {
        let told = self.host.shard(object, message).await.map_err(problems::unavailable)?;
        match ShardTold::decode(&told) {
            Ok(ShardTold::Stale { .. }) => Err(problems::stale_map()),
            Ok(ShardTold::Failed(why)) => {
                Err(problems::unavailable(format!("A shard failed: {why}")))
            }
            Ok(told) => Ok(told),
            Err(error) => Err(problems::unavailable(unreadable(&error))),
        }
    }
}
