//! Events that come back from the lake: each is kept unless it is here already, however often it comes.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use waymark_model::{Event, Timestamp, fnv1a64};

use super::dedupe::SeenIds;
use super::import::keep;
use super::read::{self, Whose};
use super::receive::decoded;
use super::{DEDUPE, Desk};
use crate::messages::Message;
use crate::ports::{Commit, Link, Origin, Profile, Seen, ShardStore, StoreError};
use crate::protocol::{Incoming, ShardTold, Stored};
use crate::tally::day_of;

impl<S: ShardStore> Desk<'_, S> {
    pub fn restore(
        &self,
        at: Timestamp,
        events: &[Stored],
        links: &[(String, Timestamp, Link)],
    ) -> Result<ShardTold, StoreError> {
        let mut by_visitor: BTreeMap<&str, Vec<&Stored>> = BTreeMap::new();
        for stored in events {
            by_visitor.entry(&stored.event.visitor).or_default().push(stored);
        }
        let (mut accepted, mut duplicates) = (0, 0);
        for (visitor, events) in by_visitor {
            let all = events.len();
            let fresh = self.not_here(visitor, events)?;
            accepted += u32::try_from(fresh.len()).unwrap_or(u32::MAX);
            duplicates += u32::try_from(all - fresh.len()).unwrap_or(u32::MAX);
            if !fresh.is_empty() {
                self.take_back(at, visitor, &fresh)?;
            }
        }
        for (key, received, link) in links {
            self.link_again(at, key, *received, link)?;
        }
        Ok(ShardTold::Received { accepted, duplicates, pending: self.store.is_pending()? })
    }

    fn not_here<'e>(
        &self,
        visitor: &str,
        events: Vec<&'e Stored>,
    ) -> Result<Vec<(&'e Stored, Event)>, StoreError> {
        if self.store.is_erased(visitor)? {
            return Ok(Vec::new());
        }
        let mut known = BTreeSet::new();
        read::each_event(&*self.store, Whose::Own(visitor), 0, u64::MAX, |stored| {
            if let Ok(event) = Event::decode(&stored.event.event) {
                known.insert(event.id);
            }
        })?;
        let mut fresh = Vec::new();
        for stored in events {
            let event = decoded(&stored.event)?;
            if known.insert(event.id.clone()) {
                fresh.push((stored, event));
            }
        }
        Ok(fresh)
    }

    /// One visitor's. They may belong before what is here, so the profile is folded again.
    fn take_back(
        &self,
        at: Timestamp,
        visitor: &str,
        events: &[(&Stored, Event)],
    ) -> Result<(), StoreError> {
        let mut commit = Commit { posted: at, ..Commit::default() };
        let mut by_receipt: BTreeMap<Timestamp, Vec<Incoming>> = BTreeMap::new();
        for (stored, event) in events {
            commit.tallies.event(event, 1);
            by_receipt.entry(stored.received).or_default().push(stored.event.clone());
        }
        for (received, events) in &by_receipt {
            keep(&mut commit, events, *received, Origin::Restored);
        }
        let ids = events.iter().map(|(stored, event)| (stored.received, event.id.as_str()));
        commit.seen = self.seen_again(at, visitor, ids)?;
        let root = match self.store.profile(visitor)? {
            Some(Profile::PartOf(root)) => Some(root),
            _ => None,
        };
        if let Some(root) = &root {
            let (root, key) = (root.clone(), visitor.to_owned());
            for (received, events) in by_receipt {
                let (root, key) = (root.clone(), key.clone());
                commit.post(&Message::History { root, key, received, events });
            }
            commit.post(&Message::Joined { root, key });
        }
        self.bound(&mut commit)?;
        self.store.commit(&commit)?;
        if root.is_none() {
            // They are as old as they were, also for who is not to be kept for longer than a term.
            let heard = events.iter().map(|(stored, _)| stored.received).max().unwrap_or(at);
            let mut commit = Commit { posted: at, ..Commit::default() };
            self.refold(&mut commit, heard, visitor, None)?;
            self.store.commit(&commit)?;
        }
        Ok(())
    }

    /// What an event said of whose an id is, which it was sent under.
    fn link_again(
        &self,
        at: Timestamp,
        key: &str,
        received: Timestamp,
        link: &Link,
    ) -> Result<(), StoreError> {
        if self.store.is_erased(key)? {
            return Ok(());
        }
        let mut commit = Commit { posted: at, ..Commit::default() };
        let mut node = self.node_of(key)?;
        if self.lead(&mut commit, &mut node, link.clone())? {
            commit.nodes.push(node);
        }
        commit.seen = self.seen_again(at, key, [(received, link.message.as_str())].into_iter())?;
        self.store.commit(&commit)
    }

    /// Tells again what others knew of an id before they lost it.
    pub fn again(
        &self,
        key: &str,
        at: Timestamp,
        forgotten: bool,
    ) -> Result<ShardTold, StoreError> {
        let Some(mut node) = self.store.node(key)? else { return self.done() };
        let mut commit = Commit { posted: at, ..Commit::default() };
        if let Some(Link { to, .. }) = &node.link {
            let (to, from) = (to.clone(), key.to_owned());
            commit.post(&Message::Leads { to, from, does: true });
        }
        if forgotten {
            key.clone_into(&mut node.root);
            node.turn += 1;
            commit.nodes.push(node);
        }
        self.store.commit(&commit)?;
        self.done()
    }

    /// Clients may still send them again.
    fn seen_again<'i>(
        &self,
        at: Timestamp,
        visitor: &str,
        ids: impl Iterator<Item = (Timestamp, &'i str)>,
    ) -> Result<Vec<(String, Seen)>, StoreError> {
        let mut by_day: BTreeMap<i64, SeenIds> = BTreeMap::new();
        for (received, id) in ids.filter(|(received, _)| *received > at.minus(DEDUPE)) {
            let seen = match by_day.entry(day_of(received)) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(day) => day.insert(SeenIds::new(self.store.seen(visitor)?, received)),
            };
            seen.insert(fnv1a64(id.as_bytes()));
        }
        let rows = by_day.values_mut().flat_map(SeenIds::changed);
        Ok(rows.map(|row| (visitor.to_owned(), row)).collect())
    }
}
