//! What an operator watches of an object.

use waymark_model::Timestamp;

use super::super::storage::{Columns, integer};
use super::SqlShard;
use crate::ports::{Commit, Counters, Health, LetterStore as _, Origin, StoreError, WatchStore};

impl SqlShard {
    /// What no row says.
    pub(super) fn write_counts(&self, commit: &Commit) -> Result<(), StoreError> {
        for (key, more) in [("duplicates", commit.only_duplicates), ("late", commit.late)] {
            if more > 0 {
                self.set_meta(key, self.meta(key)? + i64::from(more))?;
            }
        }
        Ok(())
    }

    /// Counts on what was committed, if it was counted before.
    pub(super) fn count(&self, commit: &Commit) {
        let before = self.counters.get().filter(|_| commit.remains.is_empty());
        self.counters.set(before.map(|before| {
            let own = commit.batches.iter().filter(|batch| batch.origin != Origin::Copied);
            let before = Counters {
                duplicates: before.duplicates + u64::from(commit.only_duplicates),
                late: before.late + u64::from(commit.late),
                ..before
            };
            own.fold(before, |sum, batch| Counters {
                batches: sum.batches + 1,
                events: sum.events + u64::from(batch.events),
                duplicates: sum.duplicates + u64::from(batch.duplicates),
                ..sum
            })
        }));
    }
}

impl WatchStore for SqlShard {
    fn health(&self) -> Result<Health, StoreError> {
        let number = |query: &str| -> Result<u64, StoreError> {
            let row = self.sql.row(query, Vec::new())?.unwrap_or_default();
            Columns::of(row).count()
        };
        let row = self.sql.row("SELECT min(at) FROM letters WHERE dead = 0", Vec::new())?;
        let oldest_letter = Columns::of(row.unwrap_or_default()).optional_instant()?;
        let oldest = "SELECT at FROM outbox ORDER BY seq LIMIT 1";
        let oldest = self.sql.row(oldest, Vec::new())?;
        Ok(Health {
            counters: self.counters()?,
            profiles: number("SELECT count(*) FROM visitors")?,
            bytes: self.sql.bytes(),
            outbox: number("SELECT count(*) FROM outbox")?,
            waiting_since: oldest.map(|row| Columns::of(row).integer()).transpose()?.map(Timestamp),
            unsettled: number("SELECT count(*) FROM nodes WHERE turn <> settled")?,
            refused: number("SELECT count(*) FROM refused")?,
            undrained_since: self
                .sql
                .row(
                    "SELECT received FROM batches WHERE seq > ? ORDER BY seq LIMIT 1",
                    vec![integer(self.meta("drained")?)],
                )?
                .map(|row| Columns::of(row).integer())
                .transpose()?
                .map(Timestamp),
            moving: 0,
            due_since: self.next_due()?,
            letters: number("SELECT count(*) FROM letters WHERE dead = 0")?,
            letters_since: oldest_letter,
            dead_letters: number("SELECT count(*) FROM letters WHERE dead = 1")?,
            open_tasks: number("SELECT count(*) FROM tasks WHERE done IS NULL")?,
            late_tasks: number("SELECT count(*) FROM tasks WHERE done IS NULL AND late = 1")?,
        })
    }

    /// Sums of what is stored, which are kept up from the first time that they are asked for.
    fn counters(&self) -> Result<Counters, StoreError> {
        if let Some(counters) = self.counters.get() {
            return Ok(counters);
        }
        let query = "SELECT count(*), sum(events), sum(duplicates) FROM batches WHERE copied <> 1";
        let row = self.sql.row(query, Vec::new())?.unwrap_or_default();
        let mut columns = Columns::of(row);
        let (batches, events, in_batches) = (columns.count()?, columns.count()?, columns.count()?);
        let meta = |key| Ok(u64::try_from(self.meta(key)?).unwrap_or_default());
        let duplicates = in_batches + meta("duplicates")?;
        let counters = Counters { batches, events, duplicates, late: meta("late")? };
        self.counters.set(Some(counters));
        Ok(counters)
    }
}
