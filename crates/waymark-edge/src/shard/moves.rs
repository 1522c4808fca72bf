//! Slots that go from one object to another, when a new map gives them to it.
//!
//! As soon as an object has heard of the map, what it has of the slot stands still: nobody is answered for it any
//! more. It comes to the other object in parcels, each taken in once; with the last one the slot is there. Then what is
//! left of it goes. Wherever that stops, it goes on from what both have written down.

use waymark_model::Writer;

use super::{Desk, read};
use crate::ports::{Batch, Commit, Drainage, Gate, Note, Origin, ShardStore, Stand, StoreError};
use crate::protocol::{Parcel, ShardAsk, ShardTold};
use crate::shard_map::{SLOTS, slot_of, slot_of_mark};

/// Rows that are looked at in one call, to note what leaves.
const NOTED: u32 = 10_000;
/// Notes of one parcel, and its bytes, about.
const NOTES: u32 = 200;
const PARCEL_BYTES: usize = 1_000_000;

impl<S: ShardStore> Desk<'_, S> {
    /// Slots of what is asked that are not here.
    pub fn not_held(&self, ask: &ShardAsk) -> Vec<u16> {
        let mut slots: Vec<u16> = ask.keys().into_iter().map(slot_of).collect();
        slots.sort_unstable();
        slots.dedup();
        slots.retain(|slot| !self.holds(*slot));
        slots
    }

    /// Slots of this object that are not here yet, and those of others of which something is.
    pub fn unmoved(&self) -> (Vec<u16>, Vec<u16>) {
        let (mut missing, mut left) = (Vec::new(), Vec::new());
        for slot in 0..SLOTS {
            match (self.map.object_of(slot) == self.object, self.stand(slot)) {
                (true, Stand::Held) | (false, Stand::Absent) => {}
                (true, _) => missing.push(slot),
                (false, _) => left.push(slot),
            }
        }
        (missing, left)
    }

    pub fn stands(&self, slots: &[u16]) -> ShardTold {
        ShardTold::Stands(slots.iter().map(|slot| self.stand(*slot)).collect())
    }

    /// What there is of slots, as many as one parcel takes; of one that is too large, a part. From the first parcel on a
    /// slot is leaving.
    pub fn yields(&self, slots: &[u16], after: &str) -> Result<ShardTold, StoreError> {
        let is_here = |slot: &u16| matches!(self.stand(*slot), Stand::Held | Stand::Leaving(_));
        let mut slots = slots.to_vec();
        slots.retain(|slot| is_here(slot) && self.map.object_of(*slot) != self.object);
        if self.store.note_leaving(self.map, self.object, NOTED)? {
            return Ok(ShardTold::Parcel(None));
        }
        let leaving = Stand::Leaving(self.map.epoch);
        let fresh = slots.iter().filter(|slot| self.stand(**slot) != leaving);
        let stands: Vec<(u16, Stand)> = fresh.map(|slot| (*slot, leaving.clone())).collect();
        if !stands.is_empty() {
            self.store.commit(&Commit { stands, ..Commit::default() })?;
        }
        let gate = self.store.outbox_ends()?.map(|(_, last)| last);
        let mut parcel = Parcel { gate, ..Parcel::default() };
        let mut bytes = 0;
        for slot in slots {
            let (part, size) = self.part(slot, after)?;
            if part.next.is_some() && !parcel.slots.is_empty() {
                break;
            }
            bytes += size;
            parcel.add(part);
            if parcel.next.is_some() || bytes >= PARCEL_BYTES {
                break;
            }
        }
        Ok(ShardTold::Parcel(Some(parcel)))
    }

    /// What there is of a slot after something, and its bytes.
    fn part(&self, slot: u16, after: &str) -> Result<(Parcel, usize), StoreError> {
        let store = self.store;
        let mut part = Parcel { slots: vec![slot], ..Parcel::default() };
        if after.is_empty() {
            let tombstones = store.tombstones(slot)?.into_iter();
            part.tombstones = tombstones.map(|(hash, at)| (slot, hash, at)).collect();
            let imported = store.imported_of(slot)?.into_iter();
            part.imported = imported.map(|(source, seq)| (slot, source, seq)).collect();
        }
        let range = store.drainage()?.range;
        let notes = store.noted(slot, after, NOTES)?;
        let mut bytes = 0;
        for (place, note) in notes.iter().enumerate() {
            bytes += match Note::read(note) {
                Some(Note::Batch(seq)) => self.pack_batch(&mut part, slot, seq, range)?,
                Some(Note::Key(key)) => self.pack_key(&mut part, key)?,
                None => 0,
            };
            let is_last = place + 1 == notes.len();
            if bytes >= PARCEL_BYTES || is_last {
                part.next = self.more_after(slot, note)?;
                break;
            }
        }
        Ok((part, bytes))
    }

    /// A note, if there are others after it.
    fn more_after(&self, slot: u16, note: &str) -> Result<Option<String>, StoreError> {
        let is_last = self.store.noted(slot, note, 1)?.is_empty();
        Ok((!is_last).then(|| note.to_owned()))
    }

    /// The events of a slot in a batch. The lake has them, or gets them from here, if they were to go there.
    fn pack_batch(
        &self,
        parcel: &mut Parcel,
        slot: u16,
        seq: u64,
        range: u64,
    ) -> Result<usize, StoreError> {
        let found = self.store.batches(seq.saturating_sub(1), None, 1)?;
        let Some(batch) = found.into_iter().find(|batch| batch.seq == seq) else { return Ok(0) };
        let (mut part, _) = parted(&batch, slot)?;
        if part.events == 0 {
            return Ok(0);
        }
        if part.origin == Origin::Sent && seq <= range {
            part.origin = Origin::Restored;
        }
        let bytes = part.body.len();
        parcel.batches.push(part);
        Ok(bytes)
    }

    fn pack_key(&self, parcel: &mut Parcel, key: &str) -> Result<usize, StoreError> {
        let mut bytes = key.len();
        if let Some(row) = self.store.visitor(key)? {
            bytes += row.bytes();
            parcel.visitors.push(row);
        }
        for seen in self.store.seen(key)? {
            bytes += 8 * seen.ids.len();
            parcel.seen.push((key.to_owned(), seen));
        }
        parcel.nodes.extend(self.store.node(key)?);
        let own = |others: Vec<String>| others.into_iter().map(|other| (key.to_owned(), other));
        parcel.members.extend(own(self.store.members(key)?));
        parcel.leads.extend(own(self.store.leading_to(key)?));
        Ok(bytes)
    }

    /// Takes in a parcel, if it is the next one of each of its slots.
    pub fn arrive(
        &self,
        source: u16,
        from: &str,
        parcel: &Parcel,
    ) -> Result<ShardTold, StoreError> {
        for slot in &parcel.slots {
            let is_next = match self.stand(*slot) {
                Stand::Absent => from.is_empty() && self.store.noted(*slot, "", 1)?.is_empty(),
                Stand::Coming(of, upto) => of == source && upto == from,
                Stand::Held | Stand::Leaving(_) => false,
            };
            if !is_next || self.map.object_of(*slot) != self.object {
                return Ok(self.stands(&parcel.slots));
            }
        }
        let all = |pairs: &[(String, String)]| {
            pairs.iter().map(|(to, key)| (to.clone(), key.clone(), true)).collect()
        };
        let stand = match &parcel.next {
            Some(next) => Stand::Coming(source, next.clone()),
            None => Stand::Held,
        };
        let mut commit = Commit {
            visitors: parcel.visitors.clone(),
            seen: parcel.seen.clone(),
            nodes: parcel.nodes.clone(),
            members: all(&parcel.members),
            leads: all(&parcel.leads),
            batches: parcel.batches.clone(),
            tombstones: parcel.tombstones.clone(),
            imported: parcel.imported.clone(),
            stands: parcel.slots.iter().map(|slot| (*slot, stand.clone())).collect(),
            ..Commit::default()
        };
        if stand == Stand::Held {
            let after = self.store.outbox_ends()?.map_or(0, |(_, last)| last);
            commit.gate = parcel.gate.map(|upto| Gate { source, upto, after });
        } else {
            commit.coming = parcel.slots.first().copied();
        }
        self.store.commit(&commit)?;
        self.done()
    }

    /// No other object has these slots.
    pub fn stay(&self, slots: &[u16]) -> Result<ShardTold, StoreError> {
        let own = slots.iter().filter(|slot| self.map.object_of(**slot) == self.object);
        let stands = own.map(|slot| (*slot, Stand::Held)).collect();
        self.store.commit(&Commit { stands, ..Commit::default() })?;
        self.done()
    }

    /// Forgets what is here of slots that another object has, or that begin to come again; so much of it at a time.
    pub fn gone(&self, slots: &[u16]) -> Result<ShardTold, StoreError> {
        let mut commit = Commit::default();
        let (mut left, mut waiting) = (Vec::new(), Vec::new());
        let mut budget = NOTES;
        for slot in slots.iter().filter(|slot| self.stand(**slot) != Stand::Held) {
            if budget == 0 {
                left.push(*slot);
                continue;
            }
            match self.clear(&mut commit, *slot, &mut budget)? {
                Rest::None => commit.stands.push((*slot, Stand::Absent)),
                Rest::More => left.push(*slot),
                Rest::Waits => waiting.push(*slot),
            }
        }
        self.store.commit(&commit)?;
        Ok(ShardTold::Cleared { left, waiting })
    }

    fn clear(&self, commit: &mut Commit, slot: u16, budget: &mut u32) -> Result<Rest, StoreError> {
        let Drainage { drained, range, .. } = self.store.drainage()?;
        let (mut after, mut rest) = (String::new(), Rest::None);
        loop {
            let notes = self.store.noted(slot, &after, NOTES)?;
            let Some(last) = notes.last() else { return Ok(rest) };
            after.clone_from(last);
            for text in &notes {
                let batch = match Note::read(text) {
                    Some(Note::Batch(seq)) => Some(seq),
                    _ => None,
                };
                // It is on its way to the lake, and has to be the same when it is asked for again.
                if batch.is_some_and(|seq| drained < seq && seq <= range) {
                    rest = Rest::Waits;
                    continue;
                }
                if *budget == 0 {
                    return Ok(Rest::More);
                }
                *budget -= 1;
                if let Some(seq) = batch {
                    self.take_out(commit, slot, seq)?;
                }
                commit.departed.push((slot, text.clone()));
            }
        }
    }

    /// Takes a slot's events out of a batch, out of which others may have been taken already.
    fn take_out(&self, commit: &mut Commit, slot: u16, seq: u64) -> Result<(), StoreError> {
        if let Some(before) = commit.remains.iter_mut().find(|batch| batch.seq == seq) {
            *before = parted(before, slot)?.1;
            return Ok(());
        }
        let found = self.store.batches(seq.saturating_sub(1), None, 1)?;
        if let Some(batch) = found.iter().find(|batch| batch.seq == seq) {
            commit.remains.push(parted(batch, slot)?.1);
        }
        Ok(())
    }
}

/// What is left of a slot.
enum Rest {
    None,
    More,
    /// Until it has left for the lake.
    Waits,
}

impl Parcel {
    fn add(&mut self, part: Self) {
        self.slots.extend(part.slots);
        self.next = part.next;
        self.visitors.extend(part.visitors);
        self.seen.extend(part.seen);
        self.nodes.extend(part.nodes);
        self.members.extend(part.members);
        self.leads.extend(part.leads);
        self.batches.extend(part.batches);
        self.tombstones.extend(part.tombstones);
        self.imported.extend(part.imported);
    }
}

impl ShardAsk {
    /// The ids that it is about: it can be answered where their slots are.
    fn keys(&self) -> Vec<&str> {
        match self {
            Self::Receive { events, .. } => {
                events.iter().map(|event| event.visitor.as_str()).collect()
            }
            Self::Import { posts, .. } => posts.iter().map(|post| post.key.as_str()).collect(),
            Self::Restore { events, links, .. } => {
                let of_events = events.iter().map(|stored| stored.event.visitor.as_str());
                of_events.chain(links.iter().map(|(key, ..)| key.as_str())).collect()
            }
            Self::Profile { visitor }
            | Self::Erase { visitor, .. }
            | Self::Renew { visitor, .. }
            | Self::Consent { visitor, .. }
            | Self::Events { visitor: Some(visitor), .. } => vec![visitor],
            Self::Members { key }
            | Self::Kin { key }
            | Self::Lead { key }
            | Self::Again { key, .. }
            | Self::Root { key, .. } => vec![key],
            Self::Stats { .. }
            | Self::Unseen { .. }
            | Self::Events { visitor: None, .. }
            | Self::Newest
            | Self::Pending
            | Self::Delivered(_)
            | Self::Quarantine(_)
            | Self::Quarantined
            | Self::Unquarantine { .. }
            | Self::Health
            | Self::Drain { .. }
            | Self::Drained(_)
            | Self::Act { .. }
            | Self::LookAtAll { .. }
            | Self::Letters { .. }
            | Self::Fates(_)
            | Self::DeadLetters { .. }
            | Self::Revive { .. }
            | Self::Tasks { .. }
            | Self::Complete { .. }
            | Self::Unpost { .. }
            | Self::Slots
            | Self::Stands(_)
            | Self::Yield { .. }
            | Self::Arrive { .. }
            | Self::Stay(_)
            | Self::Gone(_)
            | Self::Outbox
            | Self::Ungate { .. } => Vec::new(),
        }
    }
}

/// A batch in two: the events of a slot, and the others.
fn parted(batch: &Batch, slot: u16) -> Result<(Batch, Batch), StoreError> {
    let of_slot = |mark: &u64| slot_of_mark(*mark) == slot;
    let bare = |origin| Batch {
        events: 0,
        duplicates: 0,
        markers: Vec::new(),
        body: Vec::new(),
        origin,
        ..*batch
    };
    // Copies are of one id, for one root, whose slot is theirs.
    if batch.origin == Origin::Copied {
        let whole = batch.clone();
        let none = bare(batch.origin);
        let is_ours = batch.markers.iter().all(of_slot);
        return Ok(if is_ours { (whole, none) } else { (none, whole) });
    }
    let (mut body, mut rest) = (Writer::default(), Writer::default());
    let (mut taken, mut left) = (0, 0);
    read::events_in(batch, |event| {
        if slot_of(&event.visitor) == slot {
            event.write(&mut body);
            taken += 1;
        } else {
            event.write(&mut rest);
            left += 1;
        }
    })?;
    let (ours, others) = batch.markers.iter().copied().partition(of_slot);
    let part =
        Batch { events: taken, markers: ours, body: body.into_bytes(), ..bare(batch.origin) };
    let rest = Batch {
        events: left,
        duplicates: batch.duplicates,
        markers: others,
        body: rest.into_bytes(),
        ..bare(batch.origin)
    };
    Ok((part, rest))
}
