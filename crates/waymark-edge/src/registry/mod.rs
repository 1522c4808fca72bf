//! The registry: packs by their hash, and a log of which was active when. The last line of the log
//! says which is active now.

pub mod feed;
mod renewal;

use waymark_engine::PackHash;
use waymark_model::{Span, Timestamp};

use crate::ports::{Activation, Part, RegistryStore, StoreError};
use crate::protocol::{InForce, Packs, RegistryAsk, RegistryTold};

/// How long a pack's features are carried after another took its place.
const CARRIED: Span = Span(30 * Span::DAY.0);
/// Packs carried at once: each adds its features to every visitor's state.
const MOST_CARRIED: usize = 8;
/// Deeds in one answer.
pub const DEEDS: u32 = 100;
/// Lines of the log looked at.
const LOG: u32 = 200;

/// Answers a call.
pub fn answer<S: RegistryStore>(store: &S, ask: &RegistryAsk) -> RegistryTold {
    checked(store, ask).unwrap_or_else(|error| RegistryTold::Failed(error.to_string()))
}

fn checked<S: RegistryStore>(store: &S, ask: &RegistryAsk) -> Result<RegistryTold, StoreError> {
    Ok(match ask {
        RegistryAsk::Put { row, parts } => {
            let created = store.pack(row.hash)?.is_none();
            if created {
                store.put(row, parts)?;
            }
            RegistryTold::Put { created }
        }
        RegistryAsk::List => {
            RegistryTold::List { packs: store.packs()?, activations: store.activations(LOG)? }
        }
        RegistryAsk::Activate { hash, at, by } => activate(store, *hash, *at, by)?,
        RegistryAsk::RollBack { at, by } => roll_back(store, *at, by)?,
        RegistryAsk::Active { now } => {
            let packs = packs_at(&store.activations(LOG)?, *now);
            let deciding = packs.active.map(|pack| feed::derived(store, pack, *now)).transpose()?;
            RegistryTold::Active(InForce { packs, deciding })
        }
        RegistryAsk::Part { hash, part } => RegistryTold::Part(renewal::part(store, *hash, *part)?),
        RegistryAsk::Programs(hashes) => RegistryTold::Programs(
            hashes
                .iter()
                .map(|hash| renewal::part(store, *hash, Part::Program))
                .collect::<Result<_, StoreError>>()?,
        ),
        RegistryAsk::Feed { rows, at } => feed::take(store, rows, *at)?,
        RegistryAsk::Note(deed) => {
            store.note(deed)?;
            RegistryTold::Noted
        }
        RegistryAsk::Deeds { before } => RegistryTold::Deeds(store.deeds(*before, DEEDS)?),
        RegistryAsk::Unfeed { at } => feed::drop_all(store, *at)?,
        RegistryAsk::Catalog { key, now } => {
            let active = packs_at(&store.activations(LOG)?, *now).active;
            RegistryTold::Catalog {
                feed: store.feed()?,
                derived: active.map(|pack| store.derived(pack)).transpose()?.flatten(),
                row: key.as_ref().map(|key| store.feed_row(key)).transpose()?.flatten(),
            }
        }
    })
}

fn activate<S: RegistryStore>(
    store: &S,
    hash: Option<PackHash>,
    at: Timestamp,
    by: &str,
) -> Result<RegistryTold, StoreError> {
    if let Some(hash) = hash
        && store.pack(hash)?.is_none()
    {
        return Ok(RegistryTold::Refused("unknown-pack".to_owned()));
    }
    let log = store.activations(1)?;
    match log.into_iter().next() {
        // Active already: asking again changes nothing.
        Some(last) if last.hash == hash => Ok(RegistryTold::Activated(last)),
        last => append(store, last.as_ref(), hash, at, by, None),
    }
}

/// Back to what was active before what is active now. A second roll-back goes one further.
fn roll_back<S: RegistryStore>(
    store: &S,
    at: Timestamp,
    by: &str,
) -> Result<RegistryTold, StoreError> {
    let log = store.activations(LOG)?;
    let Some(last) = log.first() else {
        return Ok(RegistryTold::Refused("nothing-to-roll-back".to_owned()));
    };
    let standing = last.restores.unwrap_or(last.number);
    let before = log
        .iter()
        .find(|line| line.number < standing && line.restores.is_none() && line.hash != last.hash);
    match before {
        Some(before) => append(store, Some(last), before.hash, at, by, Some(before.number)),
        None => Ok(RegistryTold::Refused("nothing-to-roll-back".to_owned())),
    }
}

fn append<S: RegistryStore>(
    store: &S,
    last: Option<&Activation>,
    hash: Option<PackHash>,
    at: Timestamp,
    by: &str,
    restores: Option<u64>,
) -> Result<RegistryTold, StoreError> {
    let number = last.map_or(1, |last| last.number + 1);
    let activation = Activation { number, hash, at, by: by.to_owned(), restores };
    store.activate(&activation)?;
    Ok(RegistryTold::Activated(activation))
}

/// What is active, and what was during the last 30 days. `log` is newest first.
fn packs_at(log: &[Activation], now: Timestamp) -> Packs {
    let active = log.first().and_then(|line| line.hash);
    let mut former: Vec<PackHash> = Vec::new();
    // Each line was active until the next one.
    for (line, next) in log.iter().skip(1).zip(log) {
        if now.since(next.at) > CARRIED || former.len() == MOST_CARRIED {
            break;
        }
        if let Some(hash) = line.hash
            && active != Some(hash)
            && !former.contains(&hash)
        {
            former.push(hash);
        }
    }
    Packs { active, former }
}
