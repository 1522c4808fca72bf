//! A shard: the visitors of some slots. Everything is computed from what is stored, then written in
//! one transaction; nothing here waits.

mod dedupe;
mod drain;
mod erase;
mod fold;
mod graph;
mod import;
mod read;
mod receive;
mod restore;

use waymark_engine::{Engine, Numerals, Program};
use waymark_model::{Span, Timestamp};

use crate::messages::Message;
use crate::ports::{Commit, Refusal, ShardStore, StoreError, Unwanted};
use crate::protocol::{ShardAsk, ShardCall, ShardTold};
use crate::shard_map::ShardMap;

/// How long a message id is remembered, counted from receipt. Clients stop retrying at 7 days.
pub const DEDUPE: Span = Span(14 * Span::DAY.0);

/// Messages, and ids to settle, in one answer.
const PENDING: u32 = 64;
const PENDING_BYTES: usize = 2_000_000;

/// What a shard works with during one call.
struct Desk<'d, S> {
    store: &'d S,
    engine: Engine<'d>,
    map: ShardMap,
    /// Which object of the map it is.
    object: u16,
}

/// Profiles that are found unseen at a time.
const UNSEEN: u32 = 100;

/// Answers a call. `program` is the one that the call's packs ask for.
pub fn answer<S: ShardStore>(store: &S, program: &Program, call: &ShardCall) -> ShardTold {
    let told = checked(store, program, call);
    told.unwrap_or_else(|error| ShardTold::Failed(error.to_string()))
}

fn checked<S: ShardStore>(
    store: &S,
    program: &Program,
    call: &ShardCall,
) -> Result<ShardTold, StoreError> {
    let epoch = store.epoch()?;
    if call.map.epoch < epoch {
        return Ok(ShardTold::Stale { epoch });
    }
    if call.map.epoch > epoch {
        store.set_epoch(call.map.epoch)?;
    }
    let engine = Engine::new(program, Numerals::NATIVE);
    let desk = Desk { store, engine, map: call.map, object: call.object };
    match &call.ask {
        ShardAsk::Receive { received, events, .. } => desk.receive(*received, events),
        ShardAsk::Erase { visitor, at, unseen } => desk.erase(visitor, *at, *unseen),
        ShardAsk::Unseen { since } => Ok(ShardTold::Members(store.unseen(*since, UNSEEN)?)),
        ShardAsk::Profile { visitor } => Ok(ShardTold::Profile(store.profile(visitor)?)),
        ShardAsk::Stats { now, .. } => read::stats(store, engine, *now).map(ShardTold::Stats),
        ShardAsk::Events { visitor, after } => read::events(store, visitor.as_deref(), *after),
        ShardAsk::Pending => {
            let (mut posts, mut bytes) = (store.outbox(PENDING)?, 0);
            let fits = posts.iter().take_while(|post| {
                bytes += post.message.len();
                bytes <= PENDING_BYTES
            });
            let fits = fits.count().max(1);
            posts.truncate(fits);
            Ok(ShardTold::Pending { posts, unsettled: store.unsettled(PENDING)? })
        }
        ShardAsk::Import { at, source, posts, .. } => desk.import(*at, *source, posts),
        ShardAsk::Delivered(seqs) => {
            store.commit(&Commit { delivered: seqs.clone(), ..Commit::default() })?;
            desk.done()
        }
        ShardAsk::Quarantine(refusals) => {
            let newest = refusals.last().map_or(Timestamp::MIN, |refusal| refusal.at);
            store.commit(&Commit {
                refusals: refusals.clone(),
                drop_refusals: Some(Unwanted::Before(newest.minus(Refusal::KEPT))),
                ..Commit::default()
            })?;
            Ok(ShardTold::Done { pending: false })
        }
        ShardAsk::Members { key } => Ok(ShardTold::Members(store.members(key)?)),
        ShardAsk::Health => Ok(ShardTold::Health(store.health()?)),
        ShardAsk::Quarantined => Ok(ShardTold::Quarantined(store.refusals()?)),
        ShardAsk::Unquarantine { id } => {
            let drop_refusals = Some(Unwanted::Naming(id.clone()));
            store.commit(&Commit { drop_refusals, ..Commit::default() })?;
            Ok(ShardTold::Done { pending: false })
        }
        ShardAsk::Lead { key } => {
            let link = store.node(key)?.and_then(|node| node.link);
            Ok(ShardTold::Lead(link.map(|link| link.to)))
        }
        ShardAsk::Drain { at, age } => desk.drain(*at, *age),
        ShardAsk::Restore { at, events, links, .. } => desk.restore(*at, events, links),
        ShardAsk::Again { key, at, forgotten } => desk.again(key, *at, *forgotten),
        ShardAsk::Drained(step) => desk.drained(step),
        ShardAsk::Root { at, key, turn, root, .. } => desk.rooted(*at, key, *turn, root),
    }
}

impl<S: ShardStore> Desk<'_, S> {
    fn done(&self) -> Result<ShardTold, StoreError> {
        Ok(ShardTold::Done { pending: self.store.is_pending()? })
    }

    /// Whether this object is the one that keeps an id's own events.
    fn is_home_of(&self, key: &str) -> bool {
        self.map.object_of_visitor(key) == self.object
    }
}

impl Commit {
    fn post(&mut self, message: &Message) {
        self.posts.push((message.addressee().to_owned(), message.encode()));
    }
}
