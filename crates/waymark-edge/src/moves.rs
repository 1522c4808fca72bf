//! Carries slots from the objects that had them to those that a new map gives them to.
//!
//! A request that finds its visitor's slot elsewhere brings it; an object's alarm brings those that nobody asks for, and
//! sees to it that nothing stays behind. How far it has got is written down in the objects, so it does not matter who
//! carries it, and where they stop.

use std::collections::{BTreeMap, BTreeSet};

use waymark_wire::Problem;

use crate::edge::Edge;
use crate::ports::{Clock, Objects, Stand};
use crate::problems;
use crate::protocol::{ShardAsk, ShardTold};

/// Parcels that one call carries; the next goes on from there.
const PARCELS: usize = 200;
/// How often it is looked who has what, when that changes meanwhile.
const LOOKS: usize = 6;
/// Slots that an alarm brings at a time.
const SLOTS: usize = 256;

/// What is left to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    Nothing,
    More,
    /// Some of what is to go has to leave for the lake first.
    Waits,
}

/// Brings all that an object lacks, and takes away what it has no more, some at a time.
pub async fn settle<H: Clock + Objects>(edge: &Edge<'_, H>, object: u16) -> Result<Left, Problem> {
    let (mut missing, mut left) = match edge.tell(object, ShardAsk::Slots).await? {
        ShardTold::Slots { missing, left } => (missing, left),
        other => return Err(problems::unexpected(&other)),
    };
    let is_done = missing.len() <= SLOTS && left.len() <= SLOTS;
    missing.truncate(SLOTS);
    left.truncate(SLOTS);
    bring(edge, object, missing).await?;
    let mut by_owner: BTreeMap<u16, Vec<u16>> = BTreeMap::new();
    for slot in left {
        by_owner.entry(edge.config.map.object_of(slot)).or_default().push(slot);
    }
    let mut is_clear = true;
    for (owner, slots) in by_owner {
        bring(edge, owner, slots.clone()).await?;
        is_clear &= clear(edge, object, slots).await?;
    }
    Ok(match (is_done, is_clear) {
        (true, true) => Left::Nothing,
        (false, _) => Left::More,
        (true, false) => Left::Waits,
    })
}

/// Brings slots to their object.
pub async fn bring<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    object: u16,
    mut slots: Vec<u16>,
) -> Result<(), Problem> {
    for _ in 0..LOOKS {
        let stands = stands(edge, object, &slots).await?;
        let own = slots.iter().copied().zip(stands);
        let own: BTreeMap<u16, Stand> = own.filter(|(_, stand)| *stand != Stand::Held).collect();
        slots = own.keys().copied().collect();
        if slots.is_empty() {
            return Ok(());
        }
        let sources = sources(edge, &own).await?;
        let alone = slots.iter().copied().filter(|slot| !sources.contains_key(slot));
        let alone: Vec<u16> = alone.collect();
        if !alone.is_empty() {
            edge.tell(object, ShardAsk::Stay(alone)).await?;
        }
        let mut unclean = Vec::new();
        let mut whole: BTreeMap<u16, Vec<u16>> = BTreeMap::new();
        for (slot, source) in sources {
            match &own[&slot] {
                Stand::Coming(of, upto) if *of == source => {
                    carry(edge, object, source, vec![slot], upto.clone()).await?;
                }
                // What is here is of another time.
                Stand::Coming(..) | Stand::Leaving(_) => unclean.push(slot),
                Stand::Absent | Stand::Held => whole.entry(source).or_default().push(slot),
            }
        }
        if !unclean.is_empty() && !clear(edge, object, unclean).await? {
            return Err(problems::unavailable("Some visitors wait for the lake."));
        }
        for (source, slots) in whole {
            carry(edge, object, source, slots, String::new()).await?;
        }
    }
    Err(problems::unavailable("Some visitors are moving to another shard."))
}

async fn stands<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    object: u16,
    slots: &[u16],
) -> Result<Vec<Stand>, Problem> {
    match edge.tell(object, ShardAsk::Stands(slots.to_vec())).await? {
        ShardTold::Stands(stands) if stands.len() == slots.len() => Ok(stands),
        other => Err(problems::unexpected(&other)),
    }
}

/// Who has all of each slot: whoever holds it, or else who began to give it away last. Without those that the object
/// itself has, or nobody.
async fn sources<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    own: &BTreeMap<u16, Stand>,
) -> Result<BTreeMap<u16, u16>, Problem> {
    let mut former: BTreeMap<u16, Vec<u16>> = BTreeMap::new();
    for slot in own.keys() {
        for object in edge.config.map.former_objects_of(*slot) {
            former.entry(object).or_default().push(*slot);
        }
    }
    let mut holds: BTreeMap<u16, u16> = BTreeMap::new();
    let mut gave: BTreeMap<u16, (u64, Option<u16>)> = BTreeMap::new();
    for (slot, stand) in own {
        if let Stand::Leaving(epoch) = stand {
            gave.insert(*slot, (*epoch, None));
        }
    }
    for (object, slots) in former {
        for (slot, stand) in slots.iter().zip(stands(edge, object, &slots).await?) {
            match stand {
                Stand::Held => {
                    holds.insert(*slot, object);
                }
                Stand::Leaving(epoch) if gave.get(slot).is_none_or(|(last, _)| *last < epoch) => {
                    gave.insert(*slot, (epoch, Some(object)));
                }
                _ => {}
            }
        }
    }
    for (slot, (_, object)) in gave {
        if let Some(object) = object {
            holds.entry(slot).or_insert(object);
        }
    }
    Ok(holds)
}

/// Carries slots from one object to another; the first of them from where it was taken in last.
async fn carry<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    object: u16,
    source: u16,
    mut slots: Vec<u16>,
    mut from: String,
) -> Result<(), Problem> {
    let mut arrived = Vec::new();
    for _ in 0..PARCELS {
        let Some(first) = slots.first() else { break };
        let wanted = if from.is_empty() { slots.clone() } else { vec![*first] };
        let ask = ShardAsk::Yield { slots: wanted, after: from.clone() };
        let parcel = match edge.tell(source, ask).await? {
            ShardTold::Parcel(Some(parcel)) => parcel,
            ShardTold::Parcel(None) => continue,
            other => return Err(problems::unexpected(&other)),
        };
        let (carried, next) = (parcel.slots.clone(), parcel.next.clone());
        let ask = ShardAsk::Arrive { source, from: std::mem::take(&mut from), parcel };
        match edge.tell(object, ask).await? {
            ShardTold::Done { .. } => {}
            // Somebody else carries them, too, or they are not where they were.
            ShardTold::Stands(_) => break,
            other => return Err(problems::unexpected(&other)),
        }
        let carried_set: BTreeSet<u16> = carried.iter().copied().collect();
        slots.retain(|slot| !carried_set.contains(slot));
        match next {
            None if carried.is_empty() => break,
            None => arrived.extend(carried),
            Some(next) => {
                slots.splice(0..0, carried);
                from = next;
            }
        }
    }
    // Otherwise the alarms will see to it.
    let _ = clear(edge, source, arrived).await;
    Ok(())
}

/// Takes away what an object has of slots. Gives whether nothing is left.
async fn clear<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    object: u16,
    mut slots: Vec<u16>,
) -> Result<bool, Problem> {
    let mut is_clear = true;
    while !slots.is_empty() {
        match edge.tell(object, ShardAsk::Gone(slots)).await? {
            ShardTold::Cleared { left, waiting } => {
                is_clear &= waiting.is_empty();
                slots = left;
            }
            other => return Err(problems::unexpected(&other)),
        }
    }
    Ok(is_clear)
}
