//! Taking events in: each is kept once, in the shard of the id that it was sent under.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use waymark_engine::Program;
use waymark_model::{Event, Timestamp, Writer, fnv1a64};

use waymark_wire::Basis;

use super::dedupe::SeenIds;
use super::{DEDUPE, Desk, Grown, Visitor};
use crate::identity::ANONYMOUS;
use crate::messages::Message;
use crate::ports::{Batch, Commit, Link, Node, Origin, ShardStore, StoreError};
use crate::protocol::{Incoming, Packs, ShardTold};
use crate::tally::day_of;

/// Bytes of events in one row: storage takes rows of at most 2 MB.
const BATCH_BYTES: usize = 1_000_000;

/// One visitor's new events of a request.
struct Arrived {
    /// As it is stored, where that is known.
    profile: Option<Grown>,
    seen: SeenIds,
    /// With their place in the request.
    own: Vec<(usize, Event)>,
    /// Of users whom they name.
    forwarded: BTreeMap<String, Vec<(usize, Event)>>,
}

impl<S: ShardStore> Desk<'_, S> {
    pub fn receive(
        &self,
        packs: &Packs,
        received: Timestamp,
        incoming: &[Incoming],
    ) -> Result<ShardTold, StoreError> {
        let store = self.store;
        let mut visitors: BTreeMap<&str, Arrived> = BTreeMap::new();
        let mut erased: BTreeMap<&str, bool> = BTreeMap::new();
        let (mut accepted, mut duplicates) = (0, 0);
        for (place, item) in incoming.iter().enumerate() {
            let gone = match erased.get(item.visitor.as_str()) {
                Some(gone) => *gone,
                None => *erased.entry(&item.visitor).or_insert(store.is_erased(&item.visitor)?),
            };
            if gone {
                duplicates += 1;
                continue;
            }
            let event = decoded(item)?;
            let arrived = match visitors.entry(&item.visitor) {
                Entry::Occupied(arrived) => arrived.into_mut(),
                Entry::Vacant(none) => {
                    none.insert(self.arriving(packs, &item.visitor, received)?)
                }
            };
            if !arrived.seen.insert(fnv1a64(event.id.as_bytes())) {
                duplicates += 1;
                continue;
            }
            accepted += 1;
            match &item.user {
                Some(user) if *user != item.visitor => {
                    arrived.forwarded.entry(user.clone()).or_default().push((place, event));
                }
                _ => arrived.own.push((place, event)),
            }
        }
        let mut commit = Commit { posted: received, ..Commit::default() };
        if accepted == 0 {
            commit.only_duplicates = duplicates;
        } else {
            self.take(&mut commit, received, incoming, &mut visitors, duplicates)?;
            let today = day_of(received);
            if store.swept()? < today {
                commit.sweep = Some((day_of(received.minus(DEDUPE)), today));
            }
        }
        store.commit(&commit)?;
        for (key, Arrived { profile, seen, .. }) in visitors {
            store.recent.put(key, Visitor { profile, seen });
        }
        let pending = !commit.posts.is_empty() || !commit.nodes.is_empty();
        Ok(ShardTold::Received { accepted, duplicates, pending })
    }

    /// Somebody of whom something has come.
    fn arriving(
        &self,
        packs: &Packs,
        visitor: &str,
        received: Timestamp,
    ) -> Result<Arrived, StoreError> {
        let (profile, seen) = match self.store.recent.take(packs, visitor) {
            Some(Visitor { profile, seen }) => (profile, seen.on(received)),
            None => (None, SeenIds::new(self.store.seen(visitor)?, received)),
        };
        Ok(Arrived { profile, seen, own: Vec::new(), forwarded: BTreeMap::new() })
    }

    fn take(
        &self,
        commit: &mut Commit,
        received: Timestamp,
        incoming: &[Incoming],
        visitors: &mut BTreeMap<&str, Arrived>,
        duplicates: u32,
    ) -> Result<(), StoreError> {
        let mut places: Vec<usize> =
            visitors.values().flat_map(|arrived| arrived.own.iter().map(|(at, _)| *at)).collect();
        places.sort_unstable();
        let own: Vec<&Incoming> = places.iter().map(|place| &incoming[*place]).collect();
        commit.batches = packed(&own, received, duplicates);
        if commit.batches.is_empty() {
            commit.only_duplicates = duplicates;
        }
        for (key, arrived) in visitors {
            commit.seen.extend(arrived.seen.changed().map(|row| ((*key).to_owned(), row)));
            self.link(commit, key, incoming, arrived)?;
            let mut events = std::mem::take(&mut arrived.own);
            if !events.is_empty() {
                events.sort_by_key(|(_, event)| event.key());
                let events = events.into_iter().map(|(place, event)| (&incoming[place], event));
                let before = arrived.profile.take();
                arrived.profile = self.grow(commit, key, received, events.collect(), before)?;
            }
            for (user, events) in &arrived.forwarded {
                let events = events.iter().map(|(place, _)| Incoming {
                    visitor: user.clone(),
                    ..incoming[*place].clone()
                });
                let (user, events) = (user.clone(), events.collect());
                commit.post(&Message::Forward { user, received, events });
            }
        }
        Ok(())
    }

    /// What the events of one id say of who it is, and who else the user is.
    fn link(
        &self,
        commit: &mut Commit,
        key: &str,
        incoming: &[Incoming],
        arrived: &Arrived,
    ) -> Result<(), StoreError> {
        let mut node: Option<Node> = None;
        let mut changed = false;
        let own = arrived.own.iter();
        for (place, event) in own.chain(arrived.forwarded.values().flatten()) {
            let Incoming { user: Some(user), previous, .. } = &incoming[*place] else { continue };
            let link = Link { at: event.time, message: event.id.clone(), to: user.clone() };
            for key in previous.iter().filter(|key| *key != user) {
                commit.post(&Message::Links { key: key.clone(), link: link.clone() });
            }
            if key.starts_with(ANONYMOUS) {
                let node = match &mut node {
                    Some(node) => node,
                    none => none.insert(self.node_of(key)?),
                };
                changed |= self.lead(commit, node, link)?;
            }
        }
        commit.nodes.extend(node.filter(|_| changed));
        Ok(())
    }
}

pub fn decoded(item: &Incoming) -> Result<Event, StoreError> {
    Event::decode(&item.event)
        .map_err(|error| StoreError(format!("An event cannot be read: {error}.")))
}

/// An event as profiles take it in: of what a server has to say a browser's word is none.
pub fn believed(program: &Program, basis: Basis, mut event: Event) -> Event {
    if basis == Basis::Browser {
        program.doubt(&mut event);
    }
    event
}

/// Events in rows of a size that storage takes, in the order in which they were sent.
pub fn packed(events: &[&Incoming], received: Timestamp, duplicates: u32) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut rest = events;
    while !rest.is_empty() {
        let mut body = Writer::default();
        let mut markers = Vec::new();
        let mut taken = 0;
        for item in rest {
            if taken > 0 && body.as_bytes().len() + item.event.len() > BATCH_BYTES {
                break;
            }
            item.write(&mut body);
            markers.push(fnv1a64(item.visitor.as_bytes()));
            taken += 1;
        }
        markers.sort_unstable();
        markers.dedup();
        batches.push(Batch {
            seq: 0,
            received,
            events: u32::try_from(taken).unwrap_or(u32::MAX),
            duplicates: if batches.is_empty() { duplicates } else { 0 },
            markers,
            body: body.into_bytes(),
            origin: Origin::Sent,
        });
        rest = &rest[taken..];
    }
    batches
}
