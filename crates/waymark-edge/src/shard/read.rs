//! What operators ask a shard: sums over its visitors, and the events as they came.

use waymark_engine::Engine;
use waymark_model::{Reader, Timestamp, fnv1a64};

use super::Desk;
use crate::ports::{Batch, Origin, ShardStore, StoreError};
use crate::protocol::{Incoming, ShardTold, Stats, Stored};
use crate::shard_map::{SLOTS, slot_of};

/// Visitors read at a time.
const PAGE_VISITORS: u32 = 256;
/// Batches read at a time.
pub const PAGE_BATCHES: u32 = 16;
/// Encoded events in one answer, about.
const ANSWER_BYTES: u64 = 1_000_000;

/// Whose stored events are wanted.
#[derive(Debug, Clone, Copy)]
pub enum Whose<'k> {
    /// Everybody's, each once.
    Everybody,
    /// Those that are kept under an id.
    Own(&'k str),
    /// Copies of an id's, for the profile that it is in.
    Copies { root: &'k str, key: &'k str },
}

impl Whose<'_> {
    fn mark(self) -> Option<u64> {
        match self {
            Self::Everybody => None,
            Self::Own(key) => Some(fnv1a64(key.as_bytes())),
            Self::Copies { root, key } => Some(copy_mark(root, key)),
        }
    }

    fn are_in(self, batch: &Batch) -> bool {
        match self {
            Self::Everybody | Self::Own(_) => batch.origin != Origin::Copied,
            Self::Copies { .. } => batch.origin == Origin::Copied,
        }
    }

    fn is(self, event: &Incoming) -> bool {
        match self {
            Self::Everybody => true,
            Self::Own(key) | Self::Copies { key, .. } => event.visitor == key,
        }
    }
}

/// What copies for a root are found by. Its slot is theirs.
pub fn copy_mark(root: &str, key: &str) -> u64 {
    let pair = fnv1a64(format!("{root}\0{key}").as_bytes());
    let slots = u64::from(SLOTS);
    pair - pair % slots + u64::from(slot_of(root))
}

/// Sums over all visitors, with memberships as they are `now`.
pub fn stats<S: ShardStore>(
    desk: &Desk<'_, S>,
    engine: Engine<'_>,
    now: Timestamp,
) -> Result<Stats, StoreError> {
    let store = desk.store;
    let program = engine.program;
    let mut stats = Stats {
        counters: store.counters()?,
        segments: program.segments.iter().map(|segment| (segment.id.clone(), 0)).collect(),
        stages: program.stages.iter().map(|stage| (stage.id.clone(), 0)).collect(),
        ..Stats::default()
    };
    let mut after = String::new();
    loop {
        let page = store.visitors(&after, PAGE_VISITORS)?;
        let Some((last, _)) = page.last() else { return Ok(stats) };
        after.clone_from(last);
        for (id, bytes) in &page {
            if !desk.holds(slot_of(id)) {
                continue;
            }
            let mut state = match engine.read_state(bytes) {
                Ok(state) => state,
                Err(_) => desk.state_of(id)?.0,
            };
            // Whose events turned out to be another's.
            if state.seq == 0 {
                continue;
            }
            stats.visitors += 1;
            engine.advance(&mut state, now);
            stats.sessions += state.fold().sessions.count();
            stats.late += state.late;
            for segment in state.segments() {
                stats.segments[segment as usize].1 += 1;
            }
            if let Some(stage) = state.stage() {
                stats.stages[stage as usize].1 += 1;
            }
        }
    }
}

/// Stored events after a batch, as many as fit an answer.
pub fn events<S: ShardStore>(
    desk: &Desk<'_, S>,
    visitor: Option<&str>,
    after: u64,
) -> Result<ShardTold, StoreError> {
    let mut events = Vec::new();
    let whose = visitor.map_or(Whose::Everybody, Whose::Own);
    let next = each_event(&*desk.store, whose, after, ANSWER_BYTES, |stored| {
        if desk.holds(slot_of(&stored.event.visitor)) {
            events.push(stored);
        }
    })?;
    Ok(ShardTold::Events { events, next })
}

/// Hands out what is in a batch.
pub fn events_in(batch: &Batch, mut each: impl FnMut(Incoming)) -> Result<(), StoreError> {
    let mut input = Reader::new(&batch.body);
    while input.remaining() > 0 {
        let event = Incoming::read(&mut input);
        input.check().map_err(|error| {
            StoreError(format!("The batch {} cannot be read: {error}.", batch.seq))
        })?;
        each(event);
    }
    Ok(())
}

/// Hands out stored events, whole batches at a time, until so many bytes were read. Gives the batch
/// to go on after when there may be more.
pub fn each_event<S: ShardStore>(
    store: &S,
    whose: Whose<'_>,
    mut after: u64,
    most_bytes: u64,
    mut each: impl FnMut(Stored),
) -> Result<Option<u64>, StoreError> {
    let mut bytes = 0;
    loop {
        let page = store.batches(after, whose.mark(), PAGE_BATCHES)?;
        if page.is_empty() {
            return Ok(None);
        }
        for batch in page {
            after = batch.seq;
            if !whose.are_in(&batch) {
                continue;
            }
            bytes += batch.body.len() as u64;
            events_in(&batch, |event| {
                if whose.is(&event) {
                    each(Stored { received: batch.received, event });
                }
            })?;
            if bytes >= most_bytes {
                return Ok(Some(after));
            }
        }
    }
}
