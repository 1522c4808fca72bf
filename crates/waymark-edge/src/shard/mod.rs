//! A shard: the visitors of some slots. Everything is computed from what is stored, then written in
//! one transaction; nothing here waits.

mod dedupe;
mod erase;
mod read;

use std::collections::BTreeMap;

use waymark_engine::{Engine, Numerals, Program, State};
use waymark_model::{Event, Span, Timestamp, Writer, fnv1a64};

use crate::ports::{Batch, Commit, ShardStore, StoreError, VisitorRow};
use crate::protocol::{Incoming, ShardAsk, ShardCall, ShardTold};
use crate::shard_map::slot_of;
use dedupe::SeenIds;

/// How long a message id is remembered, counted from receipt. Clients stop retrying at 7 days.
pub const DEDUPE: Span = Span(14 * Span::DAY.0);

/// Bytes of events in one row: storage takes rows of at most 2 MB.
const BATCH_BYTES: usize = 1_000_000;

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
    if call.epoch < epoch {
        return Ok(ShardTold::Stale { epoch });
    }
    if call.epoch > epoch {
        store.set_epoch(call.epoch)?;
    }
    let engine = Engine::new(program, Numerals::NATIVE);
    match &call.ask {
        ShardAsk::Receive { received, events, .. } => receive(store, engine, *received, events),
        ShardAsk::Erase { visitor, at } => erase::erase(store, visitor, *at),
        ShardAsk::State { visitor } => Ok(ShardTold::State(store.state(visitor)?)),
        ShardAsk::Stats { now, .. } => read::stats(store, engine, *now).map(ShardTold::Stats),
        ShardAsk::Events { visitor, after } => read::events(store, visitor.as_deref(), *after),
    }
}

/// One visitor's new events of a request.
struct Arrived {
    seen: SeenIds,
    /// With their place in the request.
    fresh: Vec<(usize, Event)>,
}

fn receive<S: ShardStore>(
    store: &S,
    engine: Engine<'_>,
    received: Timestamp,
    incoming: &[Incoming],
) -> Result<ShardTold, StoreError> {
    let mut visitors: BTreeMap<&str, Arrived> = BTreeMap::new();
    let mut erased: BTreeMap<&str, bool> = BTreeMap::new();
    let mut duplicates = 0_u32;
    for (place, item) in incoming.iter().enumerate() {
        let gone = match erased.get(item.visitor.as_str()) {
            Some(gone) => *gone,
            None => *erased.entry(&item.visitor).or_insert(store.is_erased(&item.visitor)?),
        };
        if gone {
            duplicates += 1;
            continue;
        }
        let event = Event::decode(&item.event)
            .map_err(|error| StoreError(format!("An event cannot be read: {error}.")))?;
        let arrived = match visitors.get_mut(item.visitor.as_str()) {
            Some(arrived) => arrived,
            None => visitors.entry(&item.visitor).or_insert(Arrived {
                seen: SeenIds::new(store.seen(&item.visitor)?, received),
                fresh: Vec::new(),
            }),
        };
        if arrived.seen.insert(fnv1a64(event.id.as_bytes())) {
            arrived.fresh.push((place, event));
        } else {
            duplicates += 1;
        }
    }
    let accepted: usize = visitors.values().map(|arrived| arrived.fresh.len()).sum();
    let mut commit = Commit::default();
    if accepted == 0 {
        commit.only_duplicates = duplicates;
    } else {
        commit.batches = packed(incoming, &visitors, received, duplicates);
        for (id, arrived) in &mut visitors {
            if arrived.fresh.is_empty() {
                continue;
            }
            arrived.fresh.sort_by_key(|(_, event)| event.key());
            let mut state = state_of(store, engine, id)?;
            for (_, event) in &arrived.fresh {
                engine.apply(&mut state, event);
            }
            commit.visitors.push(VisitorRow {
                id: (*id).to_owned(),
                slot: slot_of(id),
                state: engine.write_state(&state),
                seq: state.seq,
                updated: received,
            });
            commit.seen.extend(arrived.seen.changed().map(|row| ((*id).to_owned(), row)));
        }
        let today = day_of(received);
        if store.swept()? < today {
            commit.sweep = Some((day_of(received.minus(DEDUPE)), today));
        }
    }
    store.commit(&commit)?;
    let accepted = u32::try_from(accepted).unwrap_or(u32::MAX);
    Ok(ShardTold::Received { accepted, duplicates })
}

/// A visitor's state. One that cannot be read any more is folded again from the stored events.
fn state_of<S: ShardStore>(
    store: &S,
    engine: Engine<'_>,
    visitor: &str,
) -> Result<State, StoreError> {
    let Some(bytes) = store.state(visitor)? else {
        return Ok(engine.new_state());
    };
    if let Ok(state) = engine.read_state(&bytes) {
        return Ok(state);
    }
    let mut state = engine.new_state();
    read::each_event(store, Some(visitor), 0, u64::MAX, |stored| {
        if let Ok(event) = Event::decode(&stored.event.event) {
            engine.apply_owned(&mut state, event);
        }
    })?;
    Ok(state)
}

/// The new events in rows of a size that storage takes, in the order in which they were sent.
fn packed(
    incoming: &[Incoming],
    visitors: &BTreeMap<&str, Arrived>,
    received: Timestamp,
    duplicates: u32,
) -> Vec<Batch> {
    let mut places: Vec<usize> =
        visitors.values().flat_map(|arrived| arrived.fresh.iter().map(|(at, _)| *at)).collect();
    places.sort_unstable();
    let mut batches = Vec::new();
    let mut rest = places.as_slice();
    while !rest.is_empty() {
        let mut body = Writer::default();
        let mut markers = Vec::new();
        let mut taken = 0;
        for place in rest {
            let item = &incoming[*place];
            if taken > 0 && body.as_bytes().len() + item.event.len() > BATCH_BYTES {
                break;
            }
            item.write(&mut body);
            markers.push(fnv1a64(item.visitor.as_bytes()));
            taken += 1;
        }
        markers.sort_unstable();
        markers.dedup();
        batches.push(Batch {
            seq: 0,
            received,
            events: u32::try_from(taken).unwrap_or(u32::MAX),
            duplicates: if batches.is_empty() { duplicates } else { 0 },
            markers,
            body: body.into_bytes(),
        });
        rest = &rest[taken..];
    }
    batches
}

/// Days since 1970.
fn day_of(at: Timestamp) -> i64 {
    at.0.div_euclid(Span::DAY.0)
}
