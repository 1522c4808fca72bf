//! Which ids are one person.
//!
//! Each id leads to at most one other: the one that the first trusted statement names, by event time. Who
//! follows the ids comes to one that leads nowhere, the *root*, which has the profile; where they go round in a
//! circle it is the least of those on it. An id learns its root from whoever asks around (`merges`), and when one
//! on its way comes to lead elsewhere it is told to look again. Then it takes its events from the old root to the
//! new one. So it does not matter in which order statements come.

use waymark_model::Timestamp;

use super::Desk;
use super::read::{self, Whose};
use crate::messages::Message;
use crate::ports::{
    Batch, Commit, Link, Node, Origin, Profile, ShardStore, StoreError, VisitorRow,
};
use crate::protocol::{Incoming, ShardTold};
use crate::shard_map::slot_of;
use crate::tally::{Standing, day_of};

/// Events in one message, about: storage takes rows of at most 2 MB.
const HISTORY_BYTES: usize = 500_000;

impl<S: ShardStore> Desk<'_, S> {
    pub fn node_of(&self, key: &str) -> Result<Node, StoreError> {
        Ok(self.store.node(key)?.unwrap_or_else(|| Node {
            key: key.to_owned(),
            link: None,
            root: key.to_owned(),
            turn: 0,
            settled: 0,
        }))
    }

    /// An id leads to another, if this says so first. Gives whether the id is not as it was.
    pub fn lead(
        &self,
        commit: &mut Commit,
        node: &mut Node,
        link: Link,
    ) -> Result<bool, StoreError> {
        if link.to == node.key || node.link.as_ref().is_some_and(|have| *have <= link) {
            return Ok(false);
        }
        let before = node.link.replace(link.clone());
        if before.as_ref().is_some_and(|before| before.to == link.to) {
            return Ok(true);
        }
        let from = || node.key.clone();
        if let Some(Link { to, .. }) = before {
            commit.post(&Message::Leads { to, from: from(), does: false });
        }
        commit.post(&Message::Leads { to: link.to, from: from(), does: true });
        self.looks(commit, node, &[])?;
        Ok(true)
    }

    /// An id, and those that lead to it, may have become somebody else's.
    pub fn looks(
        &self,
        commit: &mut Commit,
        node: &mut Node,
        way: &[String],
    ) -> Result<(), StoreError> {
        node.turn += 1;
        let way: Vec<String> = way.iter().chain([&node.key]).cloned().collect();
        for key in self.store.leading_to(&node.key)? {
            // Where they go round in a circle, all on it have heard.
            if !way.contains(&key) {
                commit.post(&Message::Look { key, way: way.clone() });
            }
        }
        Ok(())
    }

    /// It is known now whose an id is: its events go there.
    pub fn rooted(
        &self,
        at: Timestamp,
        key: &str,
        turn: u64,
        root: &str,
    ) -> Result<ShardTold, StoreError> {
        let mut node = self.node_of(key)?;
        // What was found before the last reason to look is not known to be true.
        if node.turn != turn || self.store.is_erased(key)? {
            return self.done();
        }
        node.settled = turn;
        let mut commit = Commit { posted: at, ..Commit::default() };
        if root != node.root {
            self.moves(&mut commit, at, &node, root)?;
            root.clone_into(&mut node.root);
        }
        commit.nodes.push(node);
        self.store.commit(&commit)?;
        self.done()
    }

    fn moves(
        &self,
        commit: &mut Commit,
        at: Timestamp,
        node: &Node,
        root: &str,
    ) -> Result<(), StoreError> {
        let Node { key, root: before, .. } = node;
        if before != key {
            commit.post(&Message::Leave { root: before.clone(), key: key.clone() });
        }
        if root == key {
            let state = self.refolded(key, &self.store.members(key)?, &[])?;
            self.keep_state(commit, key, &Standing::default(), &state, at);
            return Ok(());
        }
        let (state, counted) = match self.store.profile(key)? {
            Some(Profile::Here(state, counted)) => (state, counted),
            _ => (Vec::new(), Standing::default()),
        };
        // From now on they are counted as whose they are.
        commit.tallies.moves(day_of(at), &counted, &Standing::default());
        let (root, key) = (root.to_owned(), key.clone());
        commit.post(&Message::Join { root: root.clone(), key: key.clone(), state });
        for (received, events) in self.own_events(&key)? {
            let (root, key) = (root.clone(), key.clone());
            commit.post(&Message::History { root, key, received, events });
        }
        commit.post(&Message::Joined { root: root.clone(), key: key.clone() });
        let slot = slot_of(&key);
        let profile = Profile::PartOf(root);
        commit.visitors.push(VisitorRow { id: key, slot, profile, seq: 0, updated: at, due: None });
        Ok(())
    }

    fn own_events(&self, key: &str) -> Result<Vec<(Timestamp, Vec<Incoming>)>, StoreError> {
        let mut batches: Vec<(Timestamp, Vec<Incoming>)> = Vec::new();
        let mut bytes = 0;
        read::each_event(&*self.store, Whose::Own(key), 0, u64::MAX, |stored| {
            bytes += stored.event.event.len();
            match batches.last_mut() {
                Some((received, events))
                    if *received == stored.received && bytes <= HISTORY_BYTES =>
                {
                    events.push(stored.event);
                }
                _ => {
                    bytes = stored.event.event.len();
                    batches.push((stored.received, vec![stored.event]));
                }
            }
        })?;
        Ok(batches)
    }

    /// What remains of copies of an id's events: nothing.
    pub fn without_copies(&self, root: &str, key: &str) -> Result<Vec<Batch>, StoreError> {
        let mark = read::copy_mark(root, key);
        let mut remains = Vec::new();
        let mut after = 0;
        loop {
            let page = self.store.batches(after, Some(mark), read::PAGE_BATCHES)?;
            let Some(last) = page.last() else { return Ok(remains) };
            after = last.seq;
            let copies = page.into_iter().filter(|batch| batch.origin == Origin::Copied);
            remains.extend(copies.map(|batch| Batch { events: 0, body: Vec::new(), ..batch }));
        }
    }
}
