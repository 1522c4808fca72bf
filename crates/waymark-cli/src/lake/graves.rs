//! Who is to be forgotten in the lake.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use waymark_model::{Span, Timestamp};
use waymark_wire::{format_timestamp, parse_timestamp};

use super::store::Store;
use crate::error::CliError;

const FOLDER: &str = "erased";
/// A file that was on its way when somebody was erased has arrived by then.
const UNTIL_ARRIVED: Span = Span::DAY;

pub(super) struct Graves {
    /// By the hash of the key; with the file's name.
    all: BTreeMap<String, (String, Timestamp)>,
    /// Hashes of keys that were asked for: a visitor has many rows.
    known: BTreeMap<String, bool>,
}

impl Graves {
    pub(super) fn read(store: &Store) -> Result<Self, CliError> {
        let mut all = BTreeMap::new();
        for name in store.list(FOLDER)? {
            let grave: Json = serde_json::from_slice(&store.get(&name)?).unwrap_or_default();
            let key = grave["key"].as_str();
            let at = grave["at"].as_str().and_then(parse_timestamp);
            let (Some(key), Some(at)) = (key, at) else {
                return Err(CliError::BadLakeFile { name, reason: "it is no erasure".to_owned() });
            };
            all.insert(key.to_owned(), (name, at));
        }
        Ok(Self { all, known: BTreeMap::new() })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn holds(&mut self, visitor: &str) -> bool {
        if self.all.is_empty() {
            return false;
        }
        if let Some(known) = self.known.get(visitor) {
            return *known;
        }
        let holds = self.all.contains_key(&hash(visitor));
        self.known.insert(visitor.to_owned(), holds);
        holds
    }

    /// Takes away those that have been carried out everywhere.
    pub(super) fn close(&self, store: &Store, now: Timestamp) -> Result<(), CliError> {
        for (name, at) in self.all.values() {
            if at.plus(UNTIL_ARRIVED) < now {
                store.delete(name)?;
            }
        }
        Ok(())
    }
}

/// Writes down that a visitor is to be forgotten, as the edge does.
pub(super) fn dig(store: &Store, visitor: &str, now: Timestamp) -> Result<(), CliError> {
    let key = hash(visitor);
    let body = json!({ "key": key, "at": format_timestamp(now) });
    store.put(&format!("{FOLDER}/{key}.json"), body.to_string().into_bytes())
}

fn hash(visitor: &str) -> String {
    Sha256::digest(visitor.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
