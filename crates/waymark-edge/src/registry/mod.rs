//! The registry: packs by their hash, and a log of which was active when. The last line of the log
//! says which is active now.

pub mod feed;
mod renewal;

use waymark_engine::PackHash;
use waymark_model::{Span, Timestamp};

use crate::ports::{Activation, Part, RegistryStore, StoreError};
use crate::protocol::{InForce, Packs, RegistryAsk, RegistryTold, Trial};

/// How long a pack's features are carried after another took its place.
const CARRIED: Span = Span(30 * Span::DAY.0);
/// Packs carried at once: each adds its features to every visitor's state.
const MOST_CARRIED: usize = 8;
/// Deeds in one answer.
pub const DEEDS: u32 = 100;
/// Lines of the log looked at.
const LOG: u32 = 200;

pub const UNKNOWN: &str = "unknown-pack";
/// There is no other pack that the rest would have.
pub const NO_OTHERS: &str = "no-other-pack";

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
        RegistryAsk::Activate { hash, at, by, percent } => {
            activate(store, *hash, *percent, *at, by)?
        }
        RegistryAsk::RollBack { at, by } => roll_back(store, *at, by)?,
        RegistryAsk::Active { now } => {
            let log = store.activations(LOG)?;
            let packs = packs_at(&log, *now);
            let deciding = packs.active.map(|pack| feed::derived(store, pack, *now)).transpose()?;
            let trial = match trial_of(&log) {
                None => None,
                Some(Trial { pack, percent }) => {
                    Some(Trial { pack: feed::derived(store, pack, *now)?, percent })
                }
            };
            RegistryTold::Active(InForce { packs, deciding, trial })
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
        RegistryAsk::Count(counts) => {
            store.count(counts)?;
            RegistryTold::Noted
        }
        RegistryAsk::Counts => RegistryTold::Counts(store.counts()?),
        RegistryAsk::Use { key, day, events } => {
            RegistryTold::Used(store.count_used(key, *day, *events)?)
        }
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
    percent: Option<u8>,
    at: Timestamp,
    by: &str,
) -> Result<RegistryTold, StoreError> {
    if let Some(hash) = hash
        && store.pack(hash)?.is_none()
    {
        return Ok(RegistryTold::Refused(UNKNOWN.to_owned()));
    }
    let log = store.activations(LOG)?;
    let active = for_all(&log).next().and_then(|line| line.hash);
    if percent.is_some() && (active.is_none() || active == hash) {
        return Ok(RegistryTold::Refused(NO_OTHERS.to_owned()));
    }
    match log.into_iter().next() {
        // Active already: asking again changes nothing.
        Some(last) if last.hash == hash && last.percent == percent => {
            Ok(RegistryTold::Activated(last))
        }
        last => {
            let number = last.map_or(1, |last| last.number + 1);
            let by = by.to_owned();
            append(store, Activation { number, hash, at, by, restores: None, percent })
        }
    }
}

/// Back to what was active before what is active now; where some have another pack, all have the one that the others have.
/// A second roll-back goes one further.
fn roll_back<S: RegistryStore>(
    store: &S,
    at: Timestamp,
    by: &str,
) -> Result<RegistryTold, StoreError> {
    let log = store.activations(LOG)?;
    let nothing = || Ok(RegistryTold::Refused("nothing-to-roll-back".to_owned()));
    let (Some(last), Some(standing)) = (log.first(), for_all(&log).next()) else {
        return nothing();
    };
    let before = if last.percent.is_some() {
        Some(standing)
    } else {
        let number = standing.restores.unwrap_or(standing.number);
        for_all(&log).find(|line| {
            line.number < number && line.restores.is_none() && line.hash != standing.hash
        })
    };
    let Some(before) = before else { return nothing() };
    let restores = Some(before.restores.unwrap_or(before.number));
    let (number, hash, by) = (last.number + 1, before.hash, by.to_owned());
    append(store, Activation { number, hash, at, by, restores, percent: None })
}

fn append<S: RegistryStore>(store: &S, activation: Activation) -> Result<RegistryTold, StoreError> {
    store.activate(&activation)?;
    Ok(RegistryTold::Activated(activation))
}

/// Lines of the log that are about all visitors.
fn for_all(log: &[Activation]) -> impl Iterator<Item = &Activation> {
    log.iter().filter(|line| line.percent.is_none())
}

/// What some have now.
fn trial_of(log: &[Activation]) -> Option<Trial> {
    let last = log.first()?;
    last.hash.zip(last.percent).map(|(pack, percent)| Trial { pack, percent })
}

/// What is active, and what was during the last 30 days. `log` is newest first.
fn packs_at(log: &[Activation], now: Timestamp) -> Packs {
    let active = for_all(log).next().and_then(|line| line.hash);
    // What some have is remembered of all, so that who has it may change.
    let mut former: Vec<PackHash> = trial_of(log).map(|trial| trial.pack).into_iter().collect();
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
