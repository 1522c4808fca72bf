//! What a feed says of the catalogue, and the pack that is made of it: the published one with newer rows, under a
//! hash of its own. Decisions are made with that one; what is remembered of visitors goes by the published one.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use waymark_engine::{PackHash, Program};
use waymark_model::{Object, Span, Timestamp, limits};

use super::renewal;
use crate::packs::{broken_program, gzip};
use crate::ports::{
    Derived, Feed, FeedRow, PackParts, Part, RegistryStore, StoreError, Unavailable,
};
use crate::protocol::RegistryTold;

/// Each pack that is made is a download for every page: no more than one in this time.
const EVERY: Span = Span(Span::MINUTE.0);
/// Pages that were given one before the last may still ask for it.
const ASKED_FOR: Span = Span(Span::HOUR.0);
/// Rows that a feed may speak of; as many as a pack may have.
const MOST_ROWS: u64 = 20_000;

pub const TOO_LARGE: &str = "catalog-too-large";

/// Takes in rows, except those that a later word is known of.
pub(super) fn take<S: RegistryStore>(
    store: &S,
    rows: &[FeedRow],
    at: Timestamp,
) -> Result<RegistryTold, StoreError> {
    let before = store.feed()?;
    let mut feed = Feed { changes: before.changes + 1, changed: at, ..before };
    let mut changed: BTreeMap<&str, FeedRow> = BTreeMap::new();
    for row in rows {
        let known = match changed.get(row.key.as_str()) {
            Some(known) => Some(known.clone()),
            None => store.feed_row(&row.key)?,
        };
        let Some(now) = moved(known.as_ref(), row) else { continue };
        feed.rows += u64::from(known.is_none());
        feed.bytes =
            (feed.bytes + bytes_of(&now)).saturating_sub(known.as_ref().map_or(0, bytes_of));
        changed.insert(&row.key, now);
    }
    if feed.rows > MOST_ROWS || feed.bytes > limits::PACK_BYTES as u64 {
        return Ok(RegistryTold::Refused(TOO_LARGE.to_owned()));
    }
    let changed: Vec<FeedRow> = changed.into_values().collect();
    if !changed.is_empty() {
        store.put_feed(&changed, &feed)?;
    }
    Ok(RegistryTold::Fed { changed: changed.len() as u64 })
}

/// Forgets them all: rows are again what the pack says.
pub(super) fn drop_all<S: RegistryStore>(
    store: &S,
    at: Timestamp,
) -> Result<RegistryTold, StoreError> {
    let before = store.feed()?;
    if before.rows > 0 {
        store.drop_feed(&Feed { changes: before.changes + 1, changed: at, rows: 0, bytes: 0 })?;
    }
    Ok(RegistryTold::Fed { changed: before.rows })
}

/// A row as it is after another word on it; `None` when that changes nothing.
fn moved(known: Option<&FeedRow>, said: &FeedRow) -> Option<FeedRow> {
    let Some(known) = known else { return Some(said.clone()) };
    if known.at > said.at {
        return None;
    }
    let mut now = said.clone();
    if let (Some(fields), Some(news)) = (&known.fields, &said.fields) {
        let mut fields = fields.clone();
        for (name, value) in news.iter() {
            fields.insert(name, value.clone());
        }
        now.fields = Some(fields);
    }
    (now.fields != known.fields).then_some(now)
}

/// About what a row takes up.
fn bytes_of(row: &FeedRow) -> u64 {
    let fields = row.fields.as_ref().map_or(0, Object::weight);
    (row.key.len() + fields) as u64
}

/// The pack that decides while a pack is active.
pub(super) fn derived<S: RegistryStore>(
    store: &S,
    pack: PackHash,
    now: Timestamp,
) -> Result<PackHash, StoreError> {
    let feed = store.feed()?;
    if feed.changes == 0 {
        return Ok(pack);
    }
    let last = store.derived(pack)?;
    if let Some(last) = &last
        && (last.changes == feed.changes || (Span(0)..EVERY).contains(&now.since(last.at)))
    {
        return Ok(last.hash);
    }
    let before = last.map_or(pack, |last| last.hash);
    let (hash, parts, problem) = match made(store, pack) {
        Ok(None) => (pack, None, None),
        Ok(Some((hash, parts))) => (hash, Some(parts), None),
        Err(Unavailable(why)) => (before, None, Some(why)),
    };
    let derived = Derived { pack, changes: feed.changes, at: now, hash, problem };
    store.put_derived(&derived, parts.as_ref(), now.minus(ASKED_FOR))?;
    Ok(hash)
}

fn digest(bytes: &[u8]) -> [u8; 16] {
    let mut first = [0; 16];
    first.copy_from_slice(&Sha256::digest(bytes)[..16]);
    first
}

/// A pack with the rows; `None` when it shows what it shows without them.
fn made<S: RegistryStore>(
    store: &S,
    pack: PackHash,
) -> Result<Option<(PackHash, PackParts)>, Unavailable> {
    let refused = |error: StoreError| Unavailable(error.to_string());
    let bytes = renewal::part(store, pack, Part::Program).map_err(refused)?;
    let bytes = bytes.ok_or_else(|| Unavailable("The pack is not there.".to_owned()))?;
    let program = Program::decode(&bytes).map_err(broken_program)?;
    let rows = store.feed_rows().map_err(refused)?;
    let rows = rows.into_iter().map(|row| (row.key, row.fields)).collect();
    let Some(fed) = program.fed(rows, digest) else { return Ok(None) };
    let program = fed.encode();
    if program.len() > limits::PROGRAM_BYTES {
        let most = limits::PROGRAM_BYTES;
        return Err(Unavailable(format!(
            "With the feed's rows the pack has {} bytes, and {most} are the limit.",
            program.len()
        )));
    }
    let page = gzip(&fed.page_projection().encode())?;
    Ok(Some((fed.hash, PackParts { source: Vec::new(), program, page })))
}
