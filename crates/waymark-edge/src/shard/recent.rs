//! What an object has just written of visitors, so that it need not read it again: whoever comes once, comes again soon.
//!
//! Nobody else writes an object's storage, so this is what is stored, as long as each commit goes through [`Stored`]:
//! what a commit changes is forgotten, and only who knows what they have written puts it here again. What is being
//! changed is not here meanwhile, so nothing is left of it where the storage refuses.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Deref;
use std::rc::Rc;

use waymark_engine::State;

use super::dedupe::SeenIds;
use crate::ports::{Commit, ShardStore, StoreError};
use crate::protocol::Packs;
use crate::tally::Standing;

/// What all objects of an isolate may remember together, about: one has 128 MB.
const MOST_BYTES: usize = 32_000_000;
/// How much more a state takes in memory than in its binary form, about.
const UNPACKED: usize = 6;

/// A visitor, as stored.
#[derive(Debug)]
pub struct Visitor {
    /// `None` where it is not known here.
    pub profile: Option<Grown>,
    pub seen: SeenIds,
}

/// A profile that is here.
#[derive(Debug)]
pub struct Grown {
    pub state: State,
    pub counted: Standing,
    /// Of its binary form.
    pub bytes: usize,
}

impl Visitor {
    fn bytes(&self, key: &str) -> usize {
        let state = self.profile.as_ref().map_or(0, |profile| UNPACKED * profile.bytes);
        // Each in its row, and in the tree of all.
        let seen = self.seen.rows().iter().map(|row| 64 + 24 * row.ids.len()).sum::<usize>();
        state + seen + key.len() + 256
    }
}

/// An isolate's objects, to know how many they are.
#[derive(Debug, Clone, Default)]
pub struct Neighbours(Rc<()>);

#[derive(Debug)]
pub struct Recent {
    neighbours: Neighbours,
    most: usize,
    kept: RefCell<Kept>,
}

/// Two halves: when the one that is written is full, the other one is forgotten, and is written next.
#[derive(Debug, Default)]
struct Kept {
    /// With which the states were folded.
    packs: Packs,
    latest: BTreeMap<String, Visitor>,
    /// Of the latest.
    bytes: usize,
    before: BTreeMap<String, Visitor>,
}

impl Recent {
    pub fn new(neighbours: &Neighbours) -> Self {
        Self::of_bytes(neighbours, MOST_BYTES)
    }

    /// One that remembers so much, or less where there are several.
    pub fn of_bytes(neighbours: &Neighbours, most: usize) -> Self {
        Self { neighbours: neighbours.clone(), most, kept: RefCell::default() }
    }

    /// Takes out who is about to change.
    pub(super) fn take(&self, packs: &Packs, key: &str) -> Option<Visitor> {
        let mut kept = self.kept.borrow_mut();
        if kept.packs != *packs {
            *kept = Kept { packs: packs.clone(), ..Kept::default() };
        }
        kept.take(key)
    }

    /// Puts in what is stored now of somebody who was taken out.
    pub(super) fn put(&self, key: &str, visitor: Visitor) {
        // The first one is whose they are.
        let objects = Rc::strong_count(&self.neighbours.0).saturating_sub(1).max(1);
        let bytes = visitor.bytes(key);
        let mut kept = self.kept.borrow_mut();
        if kept.bytes + bytes > self.most / 2 / objects {
            kept.before = std::mem::take(&mut kept.latest);
            kept.bytes = 0;
        }
        kept.bytes += bytes;
        kept.latest.insert(key.to_owned(), visitor);
    }

    /// Forgets what a commit has changed.
    fn follow(&self, commit: &Commit) {
        let mut kept = self.kept.borrow_mut();
        // Slots come and go with all that is in them.
        let moves = !commit.stands.is_empty() || !commit.tombstones.is_empty();
        if moves || !commit.departed.is_empty() || commit.coming.is_some() {
            kept.clear();
        }
        let changed = commit.visitors.iter().map(|row| &row.id);
        let changed = changed.chain(commit.seen.iter().map(|(key, _)| key));
        for key in changed.chain(commit.erased.iter().map(|erased| &erased.visitor)) {
            kept.take(key);
        }
    }

    /// Those who are remembered, and the packs with which their states were folded.
    pub fn remembered(&self, mut each: impl FnMut(&Packs, &str, &Visitor)) {
        let kept = self.kept.borrow();
        for (key, visitor) in kept.latest.iter().chain(&kept.before) {
            each(&kept.packs, key, visitor);
        }
    }
}

impl Kept {
    fn take(&mut self, key: &str) -> Option<Visitor> {
        if let Some(visitor) = self.latest.remove(key) {
            self.bytes -= visitor.bytes(key);
            return Some(visitor);
        }
        self.before.remove(key)
    }

    fn clear(&mut self) {
        self.latest.clear();
        self.before.clear();
        self.bytes = 0;
    }
}

/// A shard's storage, and what is remembered of it.
#[derive(Debug)]
pub struct Stored<'d, S> {
    store: &'d S,
    pub recent: &'d Recent,
}

impl<'d, S: ShardStore> Stored<'d, S> {
    pub const fn new(store: &'d S, recent: &'d Recent) -> Self {
        Self { store, recent }
    }

    /// As the storage's.
    pub fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let done = self.store.commit(commit);
        self.recent.follow(commit);
        done
    }
}

impl<S> Clone for Stored<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Stored<'_, S> {}

impl<S> Deref for Stored<'_, S> {
    type Target = S;

    fn deref(&self) -> &S {
        self.store
    }
}
