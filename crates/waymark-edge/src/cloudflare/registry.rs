//! The Durable Object that keeps packs. There is one.

use waymark_engine::PackHash;
use waymark_model::{Object, Reader, Timestamp, Writer};
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::{DurableObject, Env, Request, Response, SqlStorageValue, State, durable_object};

use super::storage::{Columns, Row, Sql, count, integer};
use crate::ports::{
    Activation, Deed, Derived, Feed, FeedRow, PackParts, PackRow, Part, RegistryStore, StoreError,
};
use crate::protocol::{RegistryAsk, RegistryTold, unreadable};
use crate::registry::answer;

/// A row may have 2 MB; a pack may have more.
const CHUNK_BYTES: usize = 1_000_000;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS packs (
  hash TEXT PRIMARY KEY, name TEXT NOT NULL, created INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parts (
  hash TEXT NOT NULL, part TEXT NOT NULL, chunk INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (hash, part, chunk));
CREATE TABLE IF NOT EXISTS activations (
  n INTEGER PRIMARY KEY, hash TEXT, at INTEGER NOT NULL, by TEXT NOT NULL, restores INTEGER);
";

const FEED_SCHEMA: &str = "
CREATE TABLE feed (key TEXT PRIMARY KEY, fields BLOB, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE fed (
  id INTEGER PRIMARY KEY, changes INTEGER NOT NULL, changed INTEGER NOT NULL, rows INTEGER NOT NULL,
  bytes INTEGER NOT NULL);
CREATE TABLE derived (
  pack TEXT NOT NULL, changes INTEGER NOT NULL, at INTEGER NOT NULL, hash TEXT NOT NULL, problem TEXT,
  PRIMARY KEY (pack, changes)) WITHOUT ROWID;
";

const TRIALS_SCHEMA: &str = "ALTER TABLE activations ADD COLUMN percent INTEGER";

const DEEDS_SCHEMA: &str = "
CREATE TABLE deeds (
  n INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, by TEXT NOT NULL, what TEXT NOT NULL, of TEXT);
";

const COUNTS_SCHEMA: &str = "
CREATE TABLE counts (name TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE used (key TEXT PRIMARY KEY, day INTEGER NOT NULL, n INTEGER NOT NULL) WITHOUT ROWID;
";

#[durable_object(fetch)]
#[derive(Debug)]
pub struct Registry {
    store: Result<SqlRegistry, StoreError>,
}

impl DurableObject for Registry {
    fn new(state: State, _: Env) -> Self {
        Self {
            store: Sql::open(
                &state,
                &[SCHEMA, FEED_SCHEMA, DEEDS_SCHEMA, TRIALS_SCHEMA, COUNTS_SCHEMA],
            )
            .map(SqlRegistry),
        }
    }

    /// The entry's, which asks what is asked.
    async fn fetch(&self, _: Request) -> worker::Result<Response> {
        Response::empty()
    }
}

/// As a shard's.
#[wasm_bindgen]
impl Registry {
    pub fn answered(&self, message: &[u8]) -> Vec<u8> {
        let told = match (&self.store, RegistryAsk::decode(message)) {
            (Ok(store), Ok(ask)) => answer(store, &ask),
            (Err(error), _) => RegistryTold::Failed(error.to_string()),
            (_, Err(error)) => RegistryTold::Failed(unreadable(&error)),
        };
        told.encode()
    }
}

#[derive(Debug)]
struct SqlRegistry(Sql);

impl RegistryStore for SqlRegistry {
    fn pack(&self, hash: PackHash) -> Result<Option<PackRow>, StoreError> {
        let query = "SELECT hash, name, created FROM packs WHERE hash = ?";
        self.0.row(query, vec![hash.to_string().into()])?.map(pack).transpose()
    }

    fn packs(&self) -> Result<Vec<PackRow>, StoreError> {
        let query = "SELECT hash, name, created FROM packs ORDER BY created DESC, hash";
        self.0.rows(query, Vec::new())?.into_iter().map(pack).collect()
    }

    fn put(&self, row: &PackRow, parts: &PackParts) -> Result<(), StoreError> {
        let hash = row.hash.to_string();
        self.0.transaction(|| {
            self.0.run(
                "INSERT INTO packs (hash, name, created) VALUES (?, ?, ?)",
                vec![hash.as_str().into(), row.name.as_str().into(), integer(row.created.0)],
            )?;
            self.put_parts(&hash, parts)
        })
    }

    fn part(&self, hash: PackHash, part: Part) -> Result<Option<Vec<u8>>, StoreError> {
        let query = "SELECT bytes FROM parts WHERE hash = ? AND part = ? ORDER BY chunk";
        let rows = self.0.rows(query, vec![hash.to_string().into(), part.name().into()])?;
        if rows.is_empty() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        for row in rows {
            bytes.extend(Columns::of(row).bytes()?);
        }
        Ok(Some(bytes))
    }

    fn replace(&self, hash: PackHash, parts: &PackParts) -> Result<(), StoreError> {
        let hash = hash.to_string();
        self.0.transaction(|| {
            self.0.run("DELETE FROM parts WHERE hash = ?", vec![hash.as_str().into()])?;
            self.put_parts(&hash, parts)
        })
    }

    fn activations(&self, most: u32) -> Result<Vec<Activation>, StoreError> {
        let query =
            "SELECT n, hash, at, by, restores, percent FROM activations ORDER BY n DESC LIMIT ?";
        self.0.rows(query, vec![integer(most.into())])?.into_iter().map(activation).collect()
    }

    fn activate(&self, activation: &Activation) -> Result<(), StoreError> {
        self.0.run(
            "INSERT INTO activations (n, hash, at, by, restores, percent) VALUES (?, ?, ?, ?, ?, ?)",
            vec![
                count(activation.number),
                activation.hash.map(|hash| hash.to_string()).into(),
                integer(activation.at.0),
                activation.by.as_str().into(),
                activation.restores.map_or(SqlStorageValue::Null, count),
                activation.percent.map_or(SqlStorageValue::Null, |percent| integer(percent.into())),
            ],
        )
    }

    fn note(&self, deed: &Deed) -> Result<(), StoreError> {
        self.0.transaction(|| {
            self.0.run(
                "INSERT INTO deeds (at, by, what, of) VALUES (?, ?, ?, ?)",
                vec![
                    integer(deed.at.0),
                    deed.by.as_str().into(),
                    deed.what.as_str().into(),
                    deed.of.as_deref().map_or(SqlStorageValue::Null, Into::into),
                ],
            )?;
            let query = "DELETE FROM deeds WHERE n <= (SELECT max(n) FROM deeds) - ?";
            self.0.run(query, vec![count(Deed::MOST)])
        })
    }

    fn deeds(&self, before: Option<u64>, most: u32) -> Result<Vec<(u64, Deed)>, StoreError> {
        let query = "SELECT n, at, by, what, of FROM deeds WHERE n < ? ORDER BY n DESC LIMIT ?";
        // Numbers stay below 2^53.
        let before = before.map_or(integer((1 << 53) - 1), count);
        let rows = self.0.rows(query, vec![before, integer(most.into())])?;
        rows.into_iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                let number = columns.count()?;
                let deed = Deed {
                    at: Timestamp(columns.integer()?),
                    by: columns.text()?,
                    what: columns.text()?,
                    of: columns.optional_text()?,
                };
                Ok((number, deed))
            })
            .collect()
    }

    fn count(&self, counts: &[(String, u64)]) -> Result<(), StoreError> {
        self.0.transaction(|| {
            for (name, more) in counts {
                self.0.run(
                    "INSERT INTO counts (name, n) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET n = n + excluded.n",
                    vec![name.as_str().into(), count(*more)],
                )?;
            }
            Ok(())
        })
    }

    fn counts(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = self.0.rows("SELECT name, n FROM counts ORDER BY name", Vec::new())?;
        rows.into_iter()
            .map(|row| {
                let mut columns = Columns::of(row);
                Ok((columns.text()?, columns.count()?))
            })
            .collect()
    }

    fn count_used(&self, key: &str, day: i64, events: u64) -> Result<u64, StoreError> {
        let row = self.0.row(
            "INSERT INTO used (key, day, n) VALUES (?, ?, ?)
             ON CONFLICT (key) DO UPDATE SET day = excluded.day,
               n = CASE WHEN day = excluded.day THEN n ELSE 0 END + excluded.n
             RETURNING n",
            vec![key.into(), integer(day), count(events)],
        )?;
        row.map_or(Ok(0), |row| Columns::of(row).count())
    }

    fn feed(&self) -> Result<Feed, StoreError> {
        let query = "SELECT changes, changed, rows, bytes FROM fed";
        let Some(row) = self.0.row(query, Vec::new())? else { return Ok(Feed::default()) };
        let mut columns = Columns::of(row);
        Ok(Feed {
            changes: columns.count()?,
            changed: Timestamp(columns.integer()?),
            rows: columns.count()?,
            bytes: columns.count()?,
        })
    }

    fn feed_row(&self, key: &str) -> Result<Option<FeedRow>, StoreError> {
        let query = "SELECT key, fields, at FROM feed WHERE key = ?";
        self.0.row(query, vec![key.into()])?.map(feed_row).transpose()
    }

    fn feed_rows(&self) -> Result<Vec<FeedRow>, StoreError> {
        let query = "SELECT key, fields, at FROM feed ORDER BY key";
        self.0.rows(query, Vec::new())?.into_iter().map(feed_row).collect()
    }

    fn put_feed(&self, rows: &[FeedRow], feed: &Feed) -> Result<(), StoreError> {
        self.0.transaction(|| {
            for row in rows {
                let fields = row.fields.as_ref().map_or(SqlStorageValue::Null, |fields| {
                    let mut out = Writer::default();
                    fields.write(&mut out);
                    SqlStorageValue::Blob(out.into_bytes())
                });
                self.0.run(
                    "INSERT OR REPLACE INTO feed (key, fields, at) VALUES (?, ?, ?)",
                    vec![row.key.as_str().into(), fields, integer(row.at.0)],
                )?;
            }
            self.put_fed(feed)
        })
    }

    fn drop_feed(&self, feed: &Feed) -> Result<(), StoreError> {
        self.0.transaction(|| {
            self.0.run("DELETE FROM feed", Vec::new())?;
            self.put_fed(feed)
        })
    }

    fn derived(&self, pack: PackHash) -> Result<Option<Derived>, StoreError> {
        let query = "SELECT changes, at, hash, problem FROM derived WHERE pack = ?
                     ORDER BY changes DESC LIMIT 1";
        let Some(row) = self.0.row(query, vec![pack.to_string().into()])? else { return Ok(None) };
        let mut columns = Columns::of(row);
        Ok(Some(Derived {
            pack,
            changes: columns.count()?,
            at: Timestamp(columns.integer()?),
            hash: hash(&columns.text()?)?,
            problem: columns.optional_text()?,
        }))
    }

    fn put_derived(
        &self,
        derived: &Derived,
        parts: Option<&PackParts>,
        before: Timestamp,
    ) -> Result<(), StoreError> {
        let hash = derived.hash.to_string();
        self.0.transaction(|| {
            self.0.run(
                "INSERT OR REPLACE INTO derived (pack, changes, at, hash, problem)
                 VALUES (?, ?, ?, ?, ?)",
                vec![
                    derived.pack.to_string().into(),
                    count(derived.changes),
                    integer(derived.at.0),
                    hash.as_str().into(),
                    derived.problem.as_deref().map_or(SqlStorageValue::Null, Into::into),
                ],
            )?;
            if let Some(parts) = parts {
                self.0.run("DELETE FROM parts WHERE hash = ?", vec![hash.as_str().into()])?;
                self.put_parts(&hash, parts)?;
            }
            self.0.run(
                "DELETE FROM derived WHERE at < ? AND (pack, changes) NOT IN (
                   SELECT pack, changes FROM derived ORDER BY at DESC, changes DESC LIMIT 2)",
                vec![integer(before.0)],
            )?;
            self.0.run(
                "DELETE FROM parts WHERE hash NOT IN (SELECT hash FROM packs)
                   AND hash NOT IN (SELECT hash FROM derived)",
                Vec::new(),
            )
        })
    }

    fn drop_derived(&self, hash: PackHash) -> Result<(), StoreError> {
        let hash = hash.to_string();
        self.0.transaction(|| {
            self.0.run("DELETE FROM derived WHERE hash = ?", vec![hash.as_str().into()])?;
            self.0.run("DELETE FROM parts WHERE hash = ?", vec![hash.as_str().into()])
        })
    }
}

impl SqlRegistry {
    fn put_parts(&self, hash: &str, parts: &PackParts) -> Result<(), StoreError> {
        for part in Part::ALL {
            let bytes = match part {
                Part::Source => &parts.source,
                Part::Program => &parts.program,
                Part::Page => &parts.page,
            };
            for (number, chunk) in (0..).zip(bytes.chunks(CHUNK_BYTES)) {
                self.0.run(
                    "INSERT INTO parts (hash, part, chunk, bytes) VALUES (?, ?, ?, ?)",
                    vec![
                        hash.into(),
                        part.name().into(),
                        integer(number),
                        SqlStorageValue::Blob(chunk.to_vec()),
                    ],
                )?;
            }
        }
        Ok(())
    }

    fn put_fed(&self, feed: &Feed) -> Result<(), StoreError> {
        self.0.run(
            "INSERT OR REPLACE INTO fed (id, changes, changed, rows, bytes) VALUES (0, ?, ?, ?, ?)",
            vec![count(feed.changes), integer(feed.changed.0), count(feed.rows), count(feed.bytes)],
        )
    }
}

fn feed_row(row: Row) -> Result<FeedRow, StoreError> {
    let mut columns = Columns::of(row);
    let key = columns.text()?;
    let fields = columns.optional_bytes()?.map(|bytes| Reader::whole(&bytes, Object::read));
    let fields = fields.transpose().map_err(|error| StoreError(error.to_string()))?;
    Ok(FeedRow { key, fields, at: Timestamp(columns.integer()?) })
}

fn pack(row: Row) -> Result<PackRow, StoreError> {
    let mut columns = Columns::of(row);
    Ok(PackRow {
        hash: hash(&columns.text()?)?,
        name: columns.text()?,
        created: Timestamp(columns.integer()?),
    })
}

fn activation(row: Row) -> Result<Activation, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Activation {
        number: columns.count()?,
        hash: columns.optional_text()?.map(|text| hash(&text)).transpose()?,
        at: Timestamp(columns.integer()?),
        by: columns.text()?,
        restores: columns.optional_count()?,
        percent: columns.optional_count()?.and_then(|percent| u8::try_from(percent).ok()),
    })
}

fn hash(text: &str) -> Result<PackHash, StoreError> {
    PackHash::from_hex(text).ok_or_else(|| StoreError(format!("{text:?} is not a pack's hash.")))
}
