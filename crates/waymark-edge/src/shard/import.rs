//! What other shards tell this one. Each message is one transaction, which remembers that it was taken in.

use waymark_model::{Event, Timestamp};

use super::Desk;
use super::read::copy_mark;
use super::receive::{decoded, packed};
use crate::messages::Message;
use crate::ports::{Batch, Commit, Origin, Posted, Profile, ShardStore, StoreError};
use crate::protocol::{Incoming, ShardTold};
use crate::shard_map::slot_of;

impl<S: ShardStore> Desk<'_, S> {
    pub fn import(
        &self,
        at: Timestamp,
        source: u16,
        posts: &[Posted],
    ) -> Result<ShardTold, StoreError> {
        for post in posts {
            let slot = slot_of(&post.key);
            if post.seq <= self.store.imported(source, slot)? {
                continue;
            }
            let message = Message::decode(&post.message).map_err(|error| {
                StoreError(format!("A message of another shard cannot be read: {error}."))
            })?;
            let mut commit = self.consequences(at, &message)?;
            commit.posted = at;
            commit.imported.push((slot, source, post.seq));
            self.store.commit(&commit)?;
        }
        self.done()
    }

    fn consequences(&self, at: Timestamp, message: &Message) -> Result<Commit, StoreError> {
        let mut commit = Commit::default();
        let to = message.addressee();
        if self.store.is_erased(to)? {
            return Ok(commit);
        }
        match message {
            Message::Forward { user, received, events } => {
                keep(&mut commit, events, *received, Origin::Sent);
                self.grow(&mut commit, user, *received, sorted(events)?, None)?;
            }
            Message::Links { key, link } => {
                let mut node = self.node_of(key)?;
                if self.lead(&mut commit, &mut node, link.clone())? {
                    commit.nodes.push(node);
                }
            }
            Message::Leads { to, from, does } => {
                commit.leads.push((to.clone(), from.clone(), *does));
                if *does {
                    // It may have asked around before this id could tell it of changes.
                    commit.post(&Message::Look { key: from.clone(), way: Vec::new() });
                }
            }
            Message::Look { key, way } => {
                let mut node = self.node_of(key)?;
                self.looks(&mut commit, &mut node, way)?;
                commit.nodes.push(node);
            }
            Message::Join { root, key, state } => {
                commit.members.push((root.clone(), key.clone(), true));
                if let (true, Ok(theirs)) = (self.is_root(root)?, self.engine.read_state(state)) {
                    let (mut state, counted) = self.state_of(root)?;
                    self.engine.take_over(&mut state, &theirs);
                    self.keep_state(&mut commit, root, &counted, &state, at);
                }
            }
            Message::History { root, key, received, events } => {
                if self.store.is_member(root, key)? {
                    keep_copies(&mut commit, root, key, events, *received);
                }
            }
            Message::Joined { root, .. } => self.refold(&mut commit, at, root, None)?,
            Message::Share { root, key, received, events } => {
                if !self.store.is_member(root, key)? {
                    return Ok(commit);
                }
                keep_copies(&mut commit, root, key, events, *received);
                if self.is_root(root)? {
                    let (mut state, counted) = self.state_of(root)?;
                    self.take_in(&mut commit, &mut state, sorted(events)?);
                    self.keep_state(&mut commit, root, &counted, &state, *received);
                }
            }
            Message::Leave { root, key } => {
                if !self.store.is_member(root, key)? {
                    return Ok(commit);
                }
                commit.members.push((root.clone(), key.clone(), false));
                commit.remains = self.without_copies(root, key)?;
                self.refold(&mut commit, at, root, Some(key))?;
                // Who stays was not heard of by that.
                for row in &mut commit.visitors {
                    row.updated = Timestamp::default();
                }
            }
        }
        Ok(commit)
    }

    /// A profile anew, without the events of one who leaves.
    pub fn refold(
        &self,
        commit: &mut Commit,
        at: Timestamp,
        root: &str,
        leaves: Option<&str>,
    ) -> Result<(), StoreError> {
        if !self.is_root(root)? {
            return Ok(());
        }
        let mut members = self.store.members(root)?;
        members.retain(|member| Some(member.as_str()) != leaves);
        let (former, counted) = self.state_of(root)?;
        let state = self.refolded(root, &members, &[former])?;
        self.keep_state(commit, root, &counted, &state, at);
        Ok(())
    }

    /// Whether the profile of this id is its own.
    fn is_root(&self, key: &str) -> Result<bool, StoreError> {
        Ok(!matches!(self.store.profile(key)?, Some(Profile::PartOf(_))))
    }
}

pub fn keep(commit: &mut Commit, events: &[Incoming], received: Timestamp, origin: Origin) {
    let items: Vec<&Incoming> = events.iter().collect();
    let batches = packed(&items, received, 0);
    commit.batches.extend(batches.into_iter().map(|batch| Batch { origin, ..batch }));
}

fn keep_copies(
    commit: &mut Commit,
    root: &str,
    key: &str,
    events: &[Incoming],
    received: Timestamp,
) {
    let items: Vec<&Incoming> = events.iter().collect();
    let markers = vec![copy_mark(root, key)];
    let batches = packed(&items, received, 0).into_iter();
    commit.batches.extend(batches.map(|batch| Batch {
        origin: Origin::Copied,
        markers: markers.clone(),
        ..batch
    }));
}

/// Events in their order, each with what it came in.
fn sorted(events: &[Incoming]) -> Result<Vec<(&Incoming, Event)>, StoreError> {
    let mut all = Vec::with_capacity(events.len());
    for item in events {
        all.push((item, decoded(item)?));
    }
    all.sort_by_key(|(_, event)| event.key());
    Ok(all)
}
