//! A shard: the visitors of some slots. Everything is computed from what is stored, then written in
//! one transaction; nothing here waits.

mod act;
mod dedupe;
mod drain;
mod erase;
mod fold;
mod graph;
mod import;
mod moves;
mod read;
mod receive;
mod recent;
mod restore;

use std::collections::BTreeMap;
use std::rc::Rc;

use waymark_engine::{Engine, Numerals, Program};
use waymark_model::{Span, Timestamp};

use crate::letters::Postings;
use crate::messages::Message;
use crate::ports::{Commit, Health, Refusal, ShardStore, Stand, StoreError, Unwanted};
use crate::protocol::{ShardAsk, ShardCall, ShardTold};
use crate::shard_map::{ShardMap, slot_of};

use recent::Stored;
pub use recent::{Grown, Neighbours, Recent, Visitor};

/// How long a message id is remembered, counted from receipt. Clients stop retrying at 7 days.
pub const DEDUPE: Span = Span(14 * Span::DAY.0);

/// Messages, and ids to settle, in one answer.
const PENDING: u32 = 64;
const PENDING_BYTES: usize = 2_000_000;

/// Letters, or tasks, in one answer.
const LISTED: u32 = 500;

/// What a shard works with during one call.
struct Desk<'d, S> {
    store: Stored<'d, S>,
    engine: Engine<'d>,
    map: ShardMap,
    /// Which object of the map it is.
    object: u16,
    stands: Rc<BTreeMap<u16, Stand>>,
}

/// Profiles that are found unseen at a time.
const UNSEEN: u32 = 100;

/// Answers a call. `program` is the one that the call's packs ask for; `recent` is of this storage, and empty at first.
pub fn answer<S: ShardStore>(
    store: &S,
    recent: &Recent,
    program: &Program,
    call: &ShardCall,
) -> ShardTold {
    let told = checked(Stored::new(store, recent), program, call);
    told.unwrap_or_else(|error| ShardTold::Failed(error.to_string()))
}

#[expect(clippy::too_many_lines, reason = "an arm a question")]
fn checked<S: ShardStore>(
    store: Stored<'_, S>,
    program: &Program,
    call: &ShardCall,
) -> Result<ShardTold, StoreError> {
    let (epoch, first) = store.epoch()?;
    if call.map.epoch < epoch {
        return Ok(ShardTold::Stale { epoch });
    }
    let firsts = call.map.first_objects();
    if first != 0 && first != firsts {
        return Ok(ShardTold::Failed(format!(
            "SHARD_OBJECTS begins with {firsts}, and this edge began with {first} objects: add to the list, as in \
             \"{first},{firsts}\", and change nothing before."
        )));
    }
    if call.map.epoch > epoch || first == 0 {
        store.set_epoch(call.map.epoch, firsts)?;
    }
    let engine = Engine::new(program, Numerals::NATIVE);
    let (map, object, stands) = (call.map, call.object, store.stands()?);
    let desk = Desk { store, engine, map, object, stands };
    let elsewhere = desk.not_held(&call.ask);
    if !elsewhere.is_empty() {
        return Ok(ShardTold::Elsewhere(elsewhere));
    }
    match &call.ask {
        ShardAsk::Receive { packs, received, events } => desk.receive(packs, *received, events),
        ShardAsk::Erase { visitor, at, unseen, lake } => desk.erase(visitor, *at, *unseen, *lake),
        ShardAsk::Kin { key } => desk.kin(key).map(ShardTold::Members),
        ShardAsk::Unseen { since } => {
            let mut keys = store.unseen(*since, UNSEEN)?;
            keys.retain(|key| desk.holds(slot_of(key)));
            Ok(ShardTold::Members(keys))
        }
        ShardAsk::Profile { visitor } => Ok(ShardTold::Profile(store.profile(visitor)?)),
        ShardAsk::Stats { now, .. } => read::stats(&desk, engine, *now).map(ShardTold::Stats),
        ShardAsk::Events { visitor, after } => read::events(&desk, visitor.as_deref(), *after),
        ShardAsk::Newest => Ok(ShardTold::Count(store.newest_batch()?)),
        ShardAsk::Pending => {
            let gates = store.gates()?;
            let open = gates.iter().map(|gate| gate.after).min().unwrap_or(u64::MAX);
            let (mut posts, mut bytes) = (store.outbox(PENDING)?, 0);
            posts.retain(|post| post.seq <= open);
            let fits = posts.iter().take_while(|post| {
                bytes += post.message.len();
                bytes <= PENDING_BYTES
            });
            let fits = fits.count().max(1);
            posts.truncate(fits);
            let gates = gates.iter().map(|gate| (gate.source, gate.upto)).collect();
            Ok(ShardTold::Pending { posts, unsettled: store.unsettled(PENDING)?, gates })
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
        ShardAsk::Health => {
            let (missing, left) = desk.unmoved();
            let moving = (missing.len() + left.len()) as u64;
            Ok(ShardTold::Health(Health { moving, ..store.health()? }))
        }
        ShardAsk::Slots => {
            let (missing, left) = desk.unmoved();
            Ok(ShardTold::Slots { missing, left })
        }
        ShardAsk::Stands(slots) => Ok(desk.stands(slots)),
        ShardAsk::Yield { slots, after } => desk.yields(slots, after),
        ShardAsk::Arrive { source, from, parcel } => desk.arrive(*source, from, parcel),
        ShardAsk::Stay(slots) => desk.stay(slots),
        ShardAsk::Gone(slots) => desk.gone(slots),
        ShardAsk::Outbox => Ok(ShardTold::Outbox(store.outbox_ends()?.map(|(first, _)| first))),
        ShardAsk::Ungate { source, upto } => {
            let ungate = Some((*source, *upto));
            store.commit(&Commit { ungate, ..Commit::default() })?;
            desk.done()
        }
        ShardAsk::Quarantined => Ok(ShardTold::Quarantined(store.refusals()?)),
        ShardAsk::Unquarantine { id } => {
            let drop_refusals = Some(Unwanted::Naming(id.clone()));
            store.commit(&Commit { drop_refusals, ..Commit::default() })?;
            Ok(ShardTold::Done { pending: false })
        }
        ShardAsk::Lead { key } => {
            let link = store.node(key)?.and_then(|node| node.link);
            Ok(ShardTold::Lead { to: link.map(|link| link.to), erased: store.is_erased(key)? })
        }
        ShardAsk::Drain { at, age } => desk.drain(*at, *age),
        ShardAsk::Restore { at, events, links, .. } => desk.restore(*at, events, links),
        ShardAsk::Act { at, .. } => desk.act(*at),
        ShardAsk::LookAtAll { at, .. } => {
            if program.flows.iter().any(|flow| flow.edge) {
                store.look_at_all(*at)?;
            }
            desk.done()
        }
        ShardAsk::Letters { at } => desk.letters(*at),
        ShardAsk::Fates(fates) => desk.posted(fates),
        ShardAsk::DeadLetters { after } => {
            Ok(ShardTold::Letters(store.dead_letters(after, LISTED)?))
        }
        ShardAsk::Revive { ids, at, again } => desk.revive(ids.as_deref(), *at, *again),
        ShardAsk::Tasks { after } => Ok(ShardTold::Tasks(store.open_tasks(after, LISTED)?)),
        ShardAsk::Complete { ids, at } => desk.complete(ids, *at),
        ShardAsk::Unpost { keys } => {
            let postings = Postings { forget: keys.clone(), ..Postings::default() };
            store.commit(&Commit { postings, ..Commit::default() })?;
            desk.done()
        }
        ShardAsk::Consent { visitor, .. } => {
            let (state, _) = desk.state_of(visitor)?;
            desk.consent_of(visitor, &state).map(ShardTold::Consent)
        }
        ShardAsk::Renew { at, visitor, .. } => desk.renew(visitor, *at),
        ShardAsk::Again { key, at, forgotten } => desk.again(key, *at, *forgotten),
        ShardAsk::Drained(step) => desk.drained(step),
        ShardAsk::Root { at, key, turn, root, .. } => desk.rooted(*at, key, *turn, root),
    }
}

impl<S: ShardStore> Desk<'_, S> {
    fn done(&self) -> Result<ShardTold, StoreError> {
        Ok(ShardTold::Done { pending: self.store.is_pending()? })
    }

    /// Whether a slot is this object's, and all here.
    fn holds(&self, slot: u16) -> bool {
        self.map.object_of(slot) == self.object && self.stand(slot) == Stand::Held
    }

    fn stand(&self, slot: u16) -> Stand {
        self.stands.get(&slot).cloned().unwrap_or_else(|| {
            let is_first = self.map.first_object_of(slot) == self.object;
            if is_first { Stand::Held } else { Stand::Absent }
        })
    }
}

impl Commit {
    fn post(&mut self, message: &Message) {
        self.posts.push((message.addressee().to_owned(), message.encode()));
    }
}
