//! The Durable Object that keeps packs. There is one.

use waymark_engine::PackHash;
use waymark_model::Timestamp;
use worker::{DurableObject, Env, Request, Response, SqlStorageValue, State, durable_object};

use super::storage::{Columns, Row, Sql, count, integer};
use crate::ports::{Activation, PackParts, PackRow, Part, RegistryStore, StoreError};
use crate::protocol::{RegistryAsk, RegistryTold};
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

#[durable_object(fetch)]
#[derive(Debug)]
pub struct Registry {
    store: Result<SqlRegistry, StoreError>,
}

impl DurableObject for Registry {
    fn new(state: State, _: Env) -> Self {
        Self { store: Sql::open(&state, &[SCHEMA]).map(SqlRegistry) }
    }

    async fn fetch(&self, mut request: Request) -> worker::Result<Response> {
        let bytes = request.bytes().await?;
        let told = match (&self.store, RegistryAsk::decode(&bytes)) {
            (Ok(store), Ok(ask)) => answer(store, &ask),
            (Err(error), _) => RegistryTold::Failed(error.to_string()),
            (_, Err(error)) => RegistryTold::Failed(error.to_string()),
        };
        Response::from_bytes(told.encode())
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
                            hash.as_str().into(),
                            part.name().into(),
                            integer(number),
                            SqlStorageValue::Blob(chunk.to_vec()),
                        ],
                    )?;
                }
            }
            Ok(())
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

    fn activations(&self, most: u32) -> Result<Vec<Activation>, StoreError> {
        let query = "SELECT n, hash, at, by, restores FROM activations ORDER BY n DESC LIMIT ?";
        self.0.rows(query, vec![integer(most.into())])?.into_iter().map(activation).collect()
    }

    fn activate(&self, activation: &Activation) -> Result<(), StoreError> {
        self.0.run(
            "INSERT INTO activations (n, hash, at, by, restores) VALUES (?, ?, ?, ?, ?)",
            vec![
                count(activation.number),
                activation.hash.map(|hash| hash.to_string()).into(),
                integer(activation.at.0),
                activation.by.as_str().into(),
                activation.restores.map_or(SqlStorageValue::Null, count),
            ],
        )
    }
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
    })
}

fn hash(text: &str) -> Result<PackHash, StoreError> {
    PackHash::from_hex(text).ok_or_else(|| StoreError(format!("{text:?} is not a pack's hash.")))
}
