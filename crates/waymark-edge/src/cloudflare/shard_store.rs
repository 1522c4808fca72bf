//! What a shard keeps, in its object's SQLite.

mod graph;
mod lake;
mod letters;
mod slots;
mod watch;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use waymark_model::{Timestamp, fnv1a64};
use waymark_wire::Basis;
use worker::{SqlStorageValue, State};

use super::storage::{Columns, Row, Sql, count, integer};
use crate::ports::{
    Batch, Commit, Counters, Erased, Gate, Origin, Profile, Refusal, Seen, ShardStore, Stand,
    StoreError, Unwanted, VisitorRow,
};
use crate::quarantine;
use crate::shard_map::{ShardMap, slot_of};
use crate::tally::Standing;

/// What makes the tables, a step a version. What was released is not changed any more, only added to.
const SCHEMA: [&str; 5] = [
    "
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
",
    "
ALTER TABLE visitors ADD COLUMN root TEXT;
ALTER TABLE batches ADD COLUMN copied INTEGER NOT NULL DEFAULT 0;
CREATE TABLE nodes (
  key TEXT PRIMARY KEY, target TEXT, at INTEGER, message TEXT, root TEXT NOT NULL,
  turn INTEGER NOT NULL, settled INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX unsettled ON nodes (key) WHERE turn <> settled;
CREATE TABLE members (root TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (root, key)) WITHOUT ROWID;
CREATE TABLE leads (target TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (target, key)) WITHOUT ROWID;
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, key TEXT NOT NULL,
  message BLOB NOT NULL);
CREATE TABLE imported (source INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE refused (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, server INTEGER NOT NULL,
  code TEXT NOT NULL, pointer TEXT NOT NULL, message TEXT, event TEXT);
",
    "
ALTER TABLE visitors ADD COLUMN counted TEXT NOT NULL DEFAULT '';
CREATE TABLE tallies (
  day INTEGER NOT NULL, measure TEXT NOT NULL, name TEXT NOT NULL, variant TEXT NOT NULL,
  count INTEGER NOT NULL, amount INTEGER NOT NULL, version INTEGER NOT NULL,
  PRIMARY KEY (day, measure, name, variant)) WITHOUT ROWID;
CREATE INDEX versions ON tallies (version);
CREATE TABLE graves (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, key TEXT NOT NULL);
",
    "
ALTER TABLE erased ADD COLUMN slot INTEGER;
CREATE TABLE taken (
  source INTEGER NOT NULL, slot INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (source, slot)) WITHOUT ROWID;
WITH RECURSIVE slots (slot) AS (SELECT 0 UNION ALL SELECT slot + 1 FROM slots WHERE slot < 4095)
INSERT INTO taken SELECT source, slot, seq FROM imported, slots;
DROP TABLE imported;
CREATE TABLE stands (
  slot INTEGER PRIMARY KEY, stand INTEGER NOT NULL, epoch INTEGER NOT NULL, source INTEGER NOT NULL,
  upto TEXT NOT NULL);
CREATE TABLE notes (slot INTEGER NOT NULL, note TEXT NOT NULL, PRIMARY KEY (slot, note)) WITHOUT ROWID;
CREATE TABLE noting (
  id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, part INTEGER NOT NULL, last TEXT NOT NULL);
CREATE TABLE gates (
  source INTEGER NOT NULL, upto INTEGER NOT NULL, own INTEGER NOT NULL,
  PRIMARY KEY (source, upto, own)) WITHOUT ROWID;
",
    letters::SCHEMA,
];

#[derive(Debug)]
pub struct SqlShard {
    sql: Sql,
    /// When this instance began.
    made: Timestamp,
    /// Copies of what is stored, for this object alone writes it.
    epoch: Cell<Option<(u64, u16)>>,
    stands: RefCell<Option<Rc<BTreeMap<u16, Stand>>>>,
    swept: Cell<Option<i64>>,
    object: Cell<Option<u16>>,
    /// Whether anybody was erased here.
    has_erased: Cell<Option<bool>>,
    counters: Cell<Option<Counters>>,
    /// Bytes that came since the alarm last saw to them, and whatever else the lake has to hear of.
    news: Cell<usize>,
    /// When something of what was written here is due first.
    due: Cell<Option<Timestamp>>,
}

impl SqlShard {
    pub fn open(state: &State, now: Timestamp) -> Result<Self, StoreError> {
        Ok(Self {
            sql: Sql::open(state, &SCHEMA)?,
            made: now,
            epoch: Cell::new(None),
            stands: RefCell::new(None),
            swept: Cell::new(None),
            object: Cell::new(None),
            has_erased: Cell::new(None),
            counters: Cell::new(None),
            news: Cell::new(0),
            due: Cell::new(None),
        })
    }

    pub fn news(&self) -> usize {
        self.news.get()
    }

    pub fn take_news(&self) -> usize {
        self.news.replace(0)
    }

    /// When the alarm is to go off for what was written since the last time.
    pub fn take_due(&self) -> Option<Timestamp> {
        self.due.take()
    }

    fn is_due_at(&self, at: Timestamp) {
        let earliest = self.due.get().map_or(at, |due| due.min(at));
        self.due.set(Some(earliest));
    }

    /// When those who were not heard of were last forgotten.
    pub fn expired(&self) -> Result<Timestamp, StoreError> {
        self.meta("expired").map(Timestamp)
    }

    pub fn set_expired(&self, at: Timestamp) -> Result<(), StoreError> {
        self.set_meta("expired", at.0)
    }

    /// Which object of the map this is, for the alarms that nobody calls.
    pub fn is_object(&self, object: u16) -> Result<(), StoreError> {
        if self.object.get() == Some(object) {
            return Ok(());
        }
        if self.object()? != Some(object) {
            self.sql.transaction(|| {
                self.set_meta("object", i64::from(object) + 1)?;
                self.set_meta("made", self.made.0)?;
                // Others ignore messages below those that they have taken in, of an object of this name that is lost.
                let query = "INSERT INTO outbox (seq, at, key, message) VALUES (?, 0, '', x'')";
                self.sql.run(query, vec![integer(self.made.0)])?;
                self.sql.run("DELETE FROM outbox WHERE seq = ?", vec![integer(self.made.0)])
            })?;
        }
        self.object.set(Some(object));
        Ok(())
    }

    pub fn object(&self) -> Result<Option<u16>, StoreError> {
        Ok(u16::try_from(self.meta("object")? - 1).ok())
    }

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
                "INSERT INTO batches (received, events, duplicates, visitors, body, copied)
                 VALUES (?, ?, ?, ?, ?, ?)",
                vec![
                    integer(batch.received.0),
                    integer(batch.events.into()),
                    integer(batch.duplicates.into()),
                    SqlStorageValue::Blob(packed(&batch.markers)),
                    SqlStorageValue::Blob(batch.body.clone()),
                    integer(batch.origin.number()),
                ],
            )?;
            if let Some(slot) = commit.coming {
                let query = "INSERT INTO notes (slot, note)
                             SELECT ?, 'b' || printf('%020d', last_insert_rowid())";
                self.sql.run(query, vec![integer(slot.into())])?;
            }
        }
        for visitor in &commit.visitors {
            let (state, root, counted) = match &visitor.profile {
                Profile::Here(state, counted) => {
                    (state.clone(), SqlStorageValue::Null, counted.0.as_str())
                }
                Profile::PartOf(root) => (Vec::new(), root.as_str().into(), ""),
            };
            self.sql.run(
                "INSERT INTO visitors (id, slot, seq, updated, state, root, counted, due)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                 ON CONFLICT (id) DO UPDATE SET slot = excluded.slot, seq = excluded.seq,
                 updated = max(updated, excluded.updated), state = excluded.state, root = excluded.root,
                 counted = excluded.counted, due = excluded.due",
                vec![
                    visitor.id.as_str().into(),
                    integer(visitor.slot.into()),
                    count(visitor.seq),
                    integer(visitor.updated.0),
                    SqlStorageValue::Blob(state),
                    root,
                    counted.into(),
                    visitor.due.map_or(SqlStorageValue::Null, |due| integer(due.0)),
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
        self.write_counts(commit)?;
        if let Some((before, today)) = commit.sweep {
            self.sql.run("DELETE FROM seen WHERE day < ?", vec![integer(before)])?;
            self.set_meta("swept", today)?;
        }
        self.write_remains(&commit.remains)?;
        self.write_moves(commit)?;
        if let Some(erased) = &commit.erased {
            self.write_erased(erased)?;
        }
        self.write_refusals(commit)?;
        self.write_drainage(commit)?;
        self.write_postings(&commit.postings)?;
        self.write_graph(commit)
    }

    fn write_refusals(&self, commit: &Commit) -> Result<(), StoreError> {
        for refusal in &commit.refusals {
            let text = |text: Option<&String>| match text {
                Some(text) => SqlStorageValue::String(text.clone()),
                None => SqlStorageValue::Null,
            };
            let told = refusal.told.as_ref();
            self.sql.run(
                "INSERT INTO refused (at, server, code, pointer, message, event)
                 VALUES (?, ?, ?, ?, ?, ?)",
                vec![
                    integer(refusal.at.0),
                    integer((refusal.basis == Basis::Server).into()),
                    refusal.code.as_str().into(),
                    refusal.pointer.as_str().into(),
                    text(told.map(|(message, _)| message)),
                    text(told.map(|(_, event)| event)),
                ],
            )?;
        }
        if !commit.refusals.is_empty() {
            let query = "DELETE FROM refused WHERE seq <= (SELECT max(seq) FROM refused) - ?";
            self.sql.run(query, vec![integer(Refusal::MOST.into())])?;
        }
        match &commit.drop_refusals {
            None => Ok(()),
            Some(Unwanted::Before(at)) => {
                self.sql.run("DELETE FROM refused WHERE at <= ?", vec![integer(at.0)])
            }
            Some(Unwanted::Naming(id)) => {
                let query = "SELECT seq, event FROM refused WHERE event IS NOT NULL";
                for row in self.sql.rows(query, Vec::new())? {
                    let mut columns = Columns::of(row);
                    let (seq, event) = (columns.count()?, columns.text()?);
                    if quarantine::names(&event, id) {
                        self.sql.run("DELETE FROM refused WHERE seq = ?", vec![count(seq)])?;
                    }
                }
                Ok(())
            }
        }
    }

    fn write_remains(&self, remains: &[Batch]) -> Result<(), StoreError> {
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
    }

    fn write_erased(&self, erased: &Erased) -> Result<(), StoreError> {
        let key = || vec![erased.visitor.as_str().into()];
        self.sql.run("DELETE FROM visitors WHERE id = ?", key())?;
        self.sql.run("DELETE FROM seen WHERE visitor = ?", key())?;
        if erased.for_good {
            self.sql.run(
                "INSERT INTO erased (visitor, at, slot) VALUES (?, ?, ?)
                 ON CONFLICT (visitor) DO NOTHING",
                vec![
                    tombstone(&erased.visitor),
                    integer(erased.at.0),
                    integer(slot_of(&erased.visitor).into()),
                ],
            )?;
        }
        if erased.wholly {
            self.sql.run("DELETE FROM nodes WHERE key = ?", key())?;
            self.sql.run("DELETE FROM members WHERE root = ?", key())?;
            self.sql.run("DELETE FROM leads WHERE target = ?", key())?;
        }
        Ok(())
    }
}

impl ShardStore for SqlShard {
    fn epoch(&self) -> Result<(u64, u16), StoreError> {
        if let Some(epoch) = self.epoch.get() {
            return Ok(epoch);
        }
        let epoch = u64::try_from(self.meta("epoch")?).unwrap_or_default();
        let first = u16::try_from(self.meta("first")?).unwrap_or_default();
        self.epoch.set(Some((epoch, first)));
        Ok((epoch, first))
    }

    fn set_epoch(&self, epoch: u64, first: u16) -> Result<(), StoreError> {
        self.sql.transaction(|| {
            self.set_meta("epoch", i64::try_from(epoch).unwrap_or(i64::MAX))?;
            self.set_meta("first", first.into())
        })?;
        self.epoch.set(Some((epoch, first)));
        Ok(())
    }

    fn stands(&self) -> Result<Rc<BTreeMap<u16, Stand>>, StoreError> {
        if let Some(stands) = &*self.stands.borrow() {
            return Ok(stands.clone());
        }
        let query = "SELECT slot, stand, epoch, source, upto FROM stands";
        let rows = self.sql.rows(query, Vec::new())?;
        let stands = rows.into_iter().map(slots::stand).collect::<Result<BTreeMap<_, _>, _>>()?;
        let stands = Rc::new(stands);
        *self.stands.borrow_mut() = Some(stands.clone());
        Ok(stands)
    }

    fn note_leaving(&self, map: ShardMap, object: u16, most: u32) -> Result<bool, StoreError> {
        self.note_more(map, object, most)
    }

    fn noted(&self, slot: u16, after: &str, most: u32) -> Result<Vec<String>, StoreError> {
        let query = "SELECT note FROM notes WHERE slot = ? AND note > ? ORDER BY note LIMIT ?";
        let bindings = vec![integer(slot.into()), after.into(), integer(most.into())];
        let rows = self.sql.rows(query, bindings)?;
        rows.into_iter().map(|row| Columns::of(row).text()).collect()
    }

    fn tombstones(&self, slot: u16) -> Result<Vec<(u64, Timestamp)>, StoreError> {
        // Of the first ones it was not kept of which slot they are.
        let query = "SELECT visitor, at FROM erased WHERE slot = ? OR slot IS NULL";
        let rows = self.sql.rows(query, vec![integer(slot.into())])?;
        rows.into_iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                Ok((columns.count()?, Timestamp(columns.integer()?)))
            })
            .collect()
    }

    fn gates(&self) -> Result<Vec<Gate>, StoreError> {
        let rows = self.sql.rows("SELECT source, upto, own FROM gates", Vec::new())?;
        rows.into_iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                Ok(Gate {
                    source: u16::try_from(columns.count()?).unwrap_or_default(),
                    upto: columns.count()?,
                    after: columns.count()?,
                })
            })
            .collect()
    }

    fn visitor(&self, id: &str) -> Result<Option<VisitorRow>, StoreError> {
        let query =
            "SELECT slot, root, state, counted, seq, updated, due FROM visitors WHERE id = ?";
        let Some(row) = self.sql.row(query, vec![id.into()])? else { return Ok(None) };
        let mut columns = Columns::of(row);
        let slot = u16::try_from(columns.count()?).unwrap_or_default();
        let root = columns.optional_text()?;
        let (state, counted) = (columns.bytes()?, columns.text()?);
        Ok(Some(VisitorRow {
            id: id.to_owned(),
            slot,
            profile: match root {
                Some(root) => Profile::PartOf(root),
                None => Profile::Here(state, Standing(counted)),
            },
            seq: columns.count()?,
            updated: Timestamp(columns.integer()?),
            due: columns.optional_instant()?,
        }))
    }

    fn profile(&self, visitor: &str) -> Result<Option<Profile>, StoreError> {
        let query = "SELECT root, state, counted FROM visitors WHERE id = ?";
        let Some(row) = self.sql.row(query, vec![visitor.into()])? else { return Ok(None) };
        let mut columns = Columns::of(row);
        Ok(Some(match columns.optional_text()? {
            Some(root) => Profile::PartOf(root),
            None => Profile::Here(columns.bytes()?, Standing(columns.text()?)),
        }))
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
        let bytes = commit.batches.iter().map(|batch| batch.body.len()).sum::<usize>();
        let visitors = commit.visitors.iter().filter_map(|row| row.due);
        let letters = commit.postings.letters.iter().filter(|letter| !letter.dead);
        let tasks = commit.postings.tasks.iter().filter(|task| !task.late && task.done.is_none());
        let postings = letters.map(|letter| letter.due).chain(tasks.map(|task| task.due));
        visitors.chain(postings).for_each(|due| self.is_due_at(due));
        let more = usize::from(!commit.tallies.is_empty() || commit.grave.is_some());
        self.news.set(self.news.get() + bytes + more);
        if let Some((_, today)) = commit.sweep {
            self.swept.set(Some(today));
        }
        if !commit.stands.is_empty() {
            *self.stands.borrow_mut() = None;
        }
        if commit.erased.is_some() || !commit.tombstones.is_empty() {
            self.has_erased.set(None);
        }
        self.count(commit);
        Ok(())
    }

    fn unseen(&self, since: Timestamp, most: u32) -> Result<Vec<String>, StoreError> {
        let query = "SELECT id FROM visitors WHERE root IS NULL AND updated < ? LIMIT ?";
        let rows = self.sql.rows(query, vec![integer(since.0), integer(most.into())])?;
        rows.into_iter().map(|row| Columns::of(row).text()).collect()
    }

    fn is_unseen(&self, visitor: &str, since: Timestamp) -> Result<bool, StoreError> {
        let query = "SELECT 1 FROM visitors WHERE id = ? AND root IS NULL AND updated >= ?";
        let row = self.sql.row(query, vec![visitor.into(), integer(since.0)])?;
        Ok(row.is_none())
    }

    fn visitors(&self, after: &str, most: u32) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let query =
            "SELECT id, state FROM visitors WHERE id > ? AND root IS NULL ORDER BY id LIMIT ?";
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
            "SELECT seq, received, events, duplicates, visitors, body, copied FROM batches";
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

    fn newest_batch(&self) -> Result<u64, StoreError> {
        let row = self.sql.row("SELECT max(seq) FROM batches", Vec::new())?.unwrap_or_default();
        Columns::of(row).count()
    }

    fn is_erased(&self, visitor: &str) -> Result<bool, StoreError> {
        let has_erased = match self.has_erased.get() {
            Some(known) => known,
            None => self.sql.row("SELECT 1 FROM erased LIMIT 1", Vec::new())?.is_some(),
        };
        self.has_erased.set(Some(has_erased));
        if !has_erased {
            return Ok(false);
        }
        let query = "SELECT 1 FROM erased WHERE visitor = ?";
        Ok(self.sql.row(query, vec![tombstone(visitor)])?.is_some())
    }

    fn refusals(&self) -> Result<Vec<Refusal>, StoreError> {
        let query = "SELECT at, server, code, pointer, message, event FROM refused ORDER BY seq";
        let rows = self.sql.rows(query, Vec::new())?;
        rows.into_iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                let (at, server) = (Timestamp(columns.integer()?), columns.integer()? != 0);
                Ok(Refusal {
                    at,
                    basis: if server { Basis::Server } else { Basis::Browser },
                    code: columns.text()?,
                    pointer: columns.text()?,
                    told: columns.optional_text()?.zip(columns.optional_text()?),
                })
            })
            .collect()
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
        origin: Origin::of_number(columns.integer()?),
    })
}

fn packed(hashes: &[u64]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.to_be_bytes()).collect()
}

fn unpacked(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks::<8>().0.iter().map(|hash| u64::from_be_bytes(*hash)).collect()
}
