//! What leaves a shard for the lake and for reports.
//!
//! Which batches go together is written down before they go, so that a second attempt makes the same file again. The
//! sums are kept here and told as they are; how often does not matter.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use waymark_model::{Event, Span, Timestamp};

use super::{Desk, read};
use crate::ports::{Batch, Commit, Drainage, Origin, ShardStore, Stand, StoreError};
use crate::protocol::{DrainStep, Draining, ShardTold, Stored};
use crate::tally::{MOST_OF_A_DAY, day_of};

/// Encoded events of one file, about.
const FILE_BYTES: usize = 4_000_000;
/// How long slots are given to move.
const MOVING: Span = Span(5 * Span::SECOND.0);
const GRAVES: u32 = 100;
const SUMS: u32 = 500;

impl<S: ShardStore> Desk<'_, S> {
    /// Of events those are due of which the oldest has waited for so long.
    pub fn drain(&self, at: Timestamp, age: Span) -> Result<ShardTold, StoreError> {
        let store = self.store;
        let Drainage { made, drained, range, reported } = store.drainage()?;
        let mut draining = Draining {
            made,
            graves: store.graves(GRAVES)?,
            sums: store.sums(reported, SUMS)?,
            ..Draining::default()
        };
        let oldest = store.batches(drained, None, 1)?;
        let Some(oldest) = oldest.first() else {
            return Ok(ShardTold::Drain(draining));
        };
        // What is fixed now must be the same when it has gone: nothing is while slots move.
        let moves = self.stands.values().any(|stand| !matches!(stand, Stand::Held | Stand::Absent));
        let due = oldest.received.plus(age).max(if moves { at.plus(MOVING) } else { at });
        if range <= drained && due > at {
            draining.due = Some(due);
            return Ok(ShardTold::Drain(draining));
        }
        let upto = if range > drained { range } else { u64::MAX };
        let day = day_of(oldest.received);
        let batches = self.of_one_file(drained, upto, day)?;
        for batch in batches.iter().filter(|batch| batch.origin == Origin::Sent) {
            read::events_in(batch, |event| {
                draining.events.push(Stored { received: batch.received, event });
            })?;
        }
        let last =
            if range > drained { range } else { batches.last().map_or(drained, |last| last.seq) };
        if last != range {
            store.commit(&Commit { range: Some(last), ..Commit::default() })?;
        }
        draining.range = Some((drained, last, day));
        Ok(ShardTold::Drain(draining))
    }

    /// Those after one and up to another that came on a day, as many as make a file.
    fn of_one_file(&self, after: u64, upto: u64, day: i64) -> Result<Vec<Batch>, StoreError> {
        let (mut batches, mut bytes, mut after) = (Vec::new(), 0, after);
        loop {
            let page = self.store.batches(after, None, read::PAGE_BATCHES)?;
            let Some(last) = page.last() else { return Ok(batches) };
            after = last.seq;
            for batch in page {
                // What was fixed goes whole, however much has come to be in it.
                let fits = upto < u64::MAX || (bytes < FILE_BYTES && day_of(batch.received) == day);
                if batch.seq > upto || !fits {
                    return Ok(batches);
                }
                bytes += batch.body.len();
                batches.push(batch);
            }
        }
    }

    pub fn drained(&self, step: &DrainStep) -> Result<ShardTold, StoreError> {
        let before = self.store.drainage()?;
        let mut commit = Commit {
            buried: step.buried.clone(),
            reported: step.reported.filter(|version| *version > before.reported),
            ..Commit::default()
        };
        // Only what was fixed has gone.
        if let Some(last) =
            step.drained.filter(|last| *last == before.range && *last > before.drained)
        {
            commit.drained = Some(last);
            let mut after = before.drained;
            while after < last {
                let page = self.store.batches(after, None, read::PAGE_BATCHES)?;
                let Some(end) = page.last() else { break };
                after = end.seq;
                for batch in
                    page.iter().filter(|batch| batch.seq <= last && batch.origin == Origin::Sent)
                {
                    read::events_in(batch, |item| {
                        if let Ok(event) = Event::decode(&item.event) {
                            commit.tallies.event(&event, 1);
                        }
                    })?;
                }
            }
        }
        self.bound(&mut commit)?;
        self.store.commit(&commit)?;
        self.done()
    }

    /// Events' names are whatever somebody sent: a shard has so many rows for them, and one for all others.
    pub fn bound(&self, commit: &mut Commit) -> Result<(), StoreError> {
        let mut rows: BTreeMap<i64, u64> = BTreeMap::new();
        for (counted, sum) in std::mem::take(&mut commit.tallies).0 {
            if counted.is_of_pack() || self.store.has_sum(&counted)? {
                commit.tallies.add(counted, sum);
                continue;
            }
            let rows = match rows.entry(counted.day) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(day) => day.insert(self.store.sums_of_day(counted.day)?),
            };
            if *rows < MOST_OF_A_DAY {
                *rows += 1;
                commit.tallies.add(counted, sum);
            } else {
                commit.tallies.add(counted.other(), sum);
            }
        }
        Ok(())
    }
}
