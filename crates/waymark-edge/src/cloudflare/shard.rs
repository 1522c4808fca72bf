//! The Durable Object that keeps visitors.

use std::cell::Cell;

use waymark_model::{Timestamp, fnv1a64};
use worker::{DurableObject, Env, Request, Response, SqlStorageValue, State, durable_object};

use super::storage::{Columns, Row, Sql, count, integer};
use super::{Host, packs};
use crate::ports::{Batch, Commit, Counters, Erasure, Seen, ShardStore, StoreError};
use crate::protocol::{ShardCall, ShardTold};
use crate::shard::answer;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS meta (k TEXT PRIMARY KEY, v INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, received INTEGER NOT NULL, events INTEGER NOT NULL,
  duplicates INTEGER NOT NULL, visitors BLOB NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS visitors (
  id TEXT PRIMARY KEY, slot INTEGER NOT NULL, seq INTEGER NOT NULL, updated INTEGER NOT NULL,
  state BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS seen (
  visitor TEXT NOT NULL, day INTEGER NOT NULL, part INTEGER NOT NULL, ids BLOB NOT NULL,
  PRIMARY KEY (visitor, day, part)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS erased (visitor INTEGER PRIMARY KEY, at INTEGER NOT NULL);
";

#[durable_object(fetch)]
#[derive(Debug)]
pub struct Shard {
    host: Host,
    store: Result<SqlShard, StoreError>,
}

impl DurableObject for Shard {
    fn new(state: State, env: Env) -> Self {
        let store = Sql::open(&state, SCHEMA).map(|sql| SqlShard {
            sql,
            epoch: Cell::new(None),
            swept: Cell::new(None),
        });
        Self { host: Host { env }, store }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let bytes = request.bytes().await?;
        let told = self.told(&bytes).await;
        let status = if matches!(told, ShardTold::Stale { .. }) { 409 } else { 200 };
        Ok(Response::from_bytes(told.encode())?.with_status(status))
    }
}

impl Shard {
    async fn told(&self, bytes: &[u8]) -> ShardTold {
        let store = match &self.store {
            Ok(store) => store,
            Err(error) => return ShardTold::Failed(error.to_string()),
        };
        let call = match ShardCall::decode(bytes) {
            Ok(call) => call,
            Err(error) => return ShardTold::Failed(error.to_string()),
        };
        let asked = call.packs().cloned().unwrap_or_default();
        match packs().folding(&self.host, &asked).await {
            // From here on nothing waits: what is read is what is written over.
            Ok(program) => answer(store, &program, &call),
            Err(error) => ShardTold::Failed(error.to_string()),
        }
    }
}

#[derive(Debug)]
struct SqlShard {
    sql: Sql,
    /// Copies of what is stored, for this object alone writes it.
    epoch: Cell<Option<u64>>,
    swept: Cell<Option<i64>>,
}

impl SqlShard {
    fn meta(&self, key: &str) -> Result<i64, StoreError> {
        let row = self.sql.row("SELECT v FROM meta WHERE k = ?", vec![key.into()])?;
        row.map_or(Ok(0), |row| Columns::of(row).integer())
    }

    fn set_meta(&self, key: &str, value: i64) -> Result<(), StoreError> {
        let query =
            "INSERT INTO meta (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v";
        self.sql.run(query, vec![key.into(), integer(value)])
    }

    fn write(&self, commit: &Commit) -> Result<(), StoreError> {
        for batch in &commit.batches {
            self.sql.run(
                "INSERT INTO batches (received, events, duplicates, visitors, body) VALUES (?, ?, ?, ?, ?)",
                vec![
                    integer(batch.received.0),
                    integer(batch.events.into()),
                    integer(batch.duplicates.into()),
                    SqlStorageValue::Blob(packed(&batch.markers)),
                    SqlStorageValue::Blob(batch.body.clone()),
                ],
            )?;
        }
        for visitor in &commit.visitors {
            self.sql.run(
                "INSERT INTO visitors (id, slot, seq, updated, state) VALUES (?, ?, ?, ?, ?)
                 ON CONFLICT (id) DO UPDATE SET slot = excluded.slot, seq = excluded.seq,
                 updated = excluded.updated, state = excluded.state",
                vec![
                    visitor.id.as_str().into(),
                    integer(visitor.slot.into()),
                    count(visitor.seq),
                    integer(visitor.updated.0),
                    SqlStorageValue::Blob(visitor.state.clone()),
                ],
            )?;
        }
        for (visitor, seen) in &commit.seen {
            self.sql.run(
                "INSERT INTO seen (visitor, day, part, ids) VALUES (?, ?, ?, ?)
                 ON CONFLICT (visitor, day, part) DO UPDATE SET ids = excluded.ids",
                vec![
                    visitor.as_str().into(),
                    integer(seen.day),
                    integer(seen.part.into()),
                    SqlStorageValue::Blob(packed(&seen.ids)),
                ],
            )?;
        }
        if commit.only_duplicates > 0 {
            let known = self.meta("duplicates")?;
            self.set_meta("duplicates", known + i64::from(commit.only_duplicates))?;
        }
        if let Some((before, today)) = commit.sweep {
            self.sql.run("DELETE FROM seen WHERE day < ?", vec![integer(before)])?;
            self.set_meta("swept", today)?;
        }
        Ok(())
    }
}

impl ShardStore for SqlShard {
    fn epoch(&self) -> Result<u64, StoreError> {
        if let Some(epoch) = self.epoch.get() {
            return Ok(epoch);
        }
        let epoch = u64::try_from(self.meta("epoch")?).unwrap_or_default();
        self.epoch.set(Some(epoch));
        Ok(epoch)
    }

    fn set_epoch(&self, epoch: u64) -> Result<(), StoreError> {
        self.set_meta("epoch", i64::try_from(epoch).unwrap_or(i64::MAX))?;
        self.epoch.set(Some(epoch));
        Ok(())
    }

    fn state(&self, visitor: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let query = "SELECT state FROM visitors WHERE id = ?";
        self.sql.row(query, vec![visitor.into()])?.map(|row| Columns::of(row).bytes()).transpose()
    }

    fn seen(&self, visitor: &str) -> Result<Vec<Seen>, StoreError> {
        let query = "SELECT day, part, ids FROM seen WHERE visitor = ? ORDER BY day, part";
        let rows = self.sql.rows(query, vec![visitor.into()])?;
        rows.into_iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                Ok(Seen {
                    day: columns.integer()?,
                    part: u32::try_from(columns.integer()?).unwrap_or_default(),
                    ids: unpacked(&columns.bytes()?),
                })
            })
            .collect()
    }

    fn swept(&self) -> Result<i64, StoreError> {
        if let Some(day) = self.swept.get() {
            return Ok(day);
        }
        let day = self.meta("swept")?;
        self.swept.set(Some(day));
        Ok(day)
    }

    fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        self.sql.transaction(|| self.write(commit))?;
        if let Some((_, today)) = commit.sweep {
            self.swept.set(Some(today));
        }
        Ok(())
    }

    fn visitors(&self, after: &str, most: u32) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let query = "SELECT id, state FROM visitors WHERE id > ? ORDER BY id LIMIT ?";
        let rows = self.sql.rows(query, vec![after.into(), integer(most.into())])?;
        rows.into_iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                Ok((columns.text()?, columns.bytes()?))
            })
            .collect()
    }

    fn batches(
        &self,
        after: u64,
        marker: Option<u64>,
        most: u32,
    ) -> Result<Vec<Batch>, StoreError> {
        const COLUMNS: &str =
            "SELECT seq, received, events, duplicates, visitors, body FROM batches";
        let rows = match marker {
            None => self.sql.rows(
                &format!("{COLUMNS} WHERE seq > ? ORDER BY seq LIMIT ?"),
                vec![count(after), integer(most.into())],
            )?,
            Some(marker) => self.sql.rows(
                &format!("{COLUMNS} WHERE seq > ? AND instr(visitors, ?) > 0 ORDER BY seq LIMIT ?"),
                vec![count(after), SqlStorageValue::Blob(packed(&[marker])), integer(most.into())],
            )?,
        };
        rows.into_iter().map(batch).collect()
    }

    fn counters(&self) -> Result<Counters, StoreError> {
        let query = "SELECT count(*), sum(events), sum(duplicates) FROM batches";
        let row = self.sql.row(query, Vec::new())?.unwrap_or_default();
        let mut columns = Columns::of(row);
        let (batches, events, in_batches) = (columns.count()?, columns.count()?, columns.count()?);
        let alone = u64::try_from(self.meta("duplicates")?).unwrap_or_default();
        Ok(Counters { batches, events, duplicates: in_batches + alone })
    }

    fn is_erased(&self, visitor: &str) -> Result<bool, StoreError> {
        let query = "SELECT 1 FROM erased WHERE visitor = ?";
        Ok(self.sql.row(query, vec![tombstone(visitor)])?.is_some())
    }

    fn erase(&self, erasure: &Erasure) -> Result<(), StoreError> {
        let Erasure { visitor, at, remains } = erasure;
        self.sql.transaction(|| {
            self.sql.run("DELETE FROM visitors WHERE id = ?", vec![visitor.as_str().into()])?;
            self.sql.run("DELETE FROM seen WHERE visitor = ?", vec![visitor.as_str().into()])?;
            self.sql.run(
                "INSERT INTO erased (visitor, at) VALUES (?, ?) ON CONFLICT (visitor) DO NOTHING",
                vec![tombstone(visitor), integer(at.0)],
            )?;
            for batch in remains {
                if batch.events == 0 {
                    self.sql.run("DELETE FROM batches WHERE seq = ?", vec![count(batch.seq)])?;
                    continue;
                }
                self.sql.run(
                    "UPDATE batches SET events = ?, visitors = ?, body = ? WHERE seq = ?",
                    vec![
                        integer(batch.events.into()),
                        SqlStorageValue::Blob(packed(&batch.markers)),
                        SqlStorageValue::Blob(batch.body.clone()),
                        count(batch.seq),
                    ],
                )?;
            }
            Ok(())
        })
    }
}

/// What stays of who was erased: a hash of 52 bits, which JavaScript's numbers hold.
fn tombstone(visitor: &str) -> SqlStorageValue {
    integer(i64::try_from(fnv1a64(visitor.as_bytes()) >> 12).unwrap_or_default())
}

fn batch(row: Row) -> Result<Batch, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Batch {
        seq: columns.count()?,
        received: Timestamp(columns.integer()?),
        events: u32::try_from(columns.integer()?).unwrap_or_default(),
        duplicates: u32::try_from(columns.integer()?).unwrap_or_default(),
        markers: unpacked(&columns.bytes()?),
        body: columns.bytes()?,
    })
}

fn packed(hashes: &[u64]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.to_be_bytes()).collect()
}

fn unpacked(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks::<8>().0.iter().map(|hash| u64::from_be_bytes(*hash)).collect()
}
