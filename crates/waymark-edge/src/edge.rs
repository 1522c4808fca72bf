//! What every use case works with.

use waymark_wire::Problem;

use crate::config::Config;
use crate::packs::PackCache;
use crate::ports::{Clock, Objects};
use crate::problems;
use crate::protocol::{ShardAsk, ShardCall, ShardTold};

/// The host, the operator's settings, an isolate's memory of packs.
#[derive(Debug)]
pub struct Edge<'e, H> {
    pub host: &'e H,
    pub config: &'e Config,
    pub packs: &'e PackCache,
}

impl<H: Clock + Objects> Edge<'_, H> {
    /// Asks a shard, with the epoch of this worker's map.
    pub async fn shard(&self, object: u16, ask: ShardAsk) -> Result<ShardTold, Problem> {
        let call = ShardCall { map: self.config.map, object, ask };
        let told = self.host.shard(object, call.encode()).await.map_err(problems::unavailable)?;
        match ShardTold::decode(&told) {
            Ok(ShardTold::Stale { .. }) => Err(problems::stale_map()),
            Ok(ShardTold::Failed(why)) => {
                Err(problems::unavailable(format!("A shard failed: {why}")))
            }
            Ok(told) => Ok(told),
            Err(error) => {
                Err(problems::unavailable(format!("A shard's answer cannot be read: {error}.")))
            }
        }
    }
}
