//! What a shard keeps, in memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use waymark_edge::letters::{Letter, Postings, Task};
use waymark_edge::ports::{
    Batch, Commit, Counters, Drainage, Gate, GraphStore, Grave, Health, LakeStore, LetterStore,
    Node, Note, Origin, Posted, Profile, Refusal, Seen, ShardStore, Stand, StoreError, TallyRow,
    Unwanted, VisitorRow, WatchStore,
};
use waymark_edge::protocol::Packs;
use waymark_edge::quarantine::names;
use waymark_edge::shard::{DEDUPE, Grown, Neighbours, Recent};
use waymark_edge::shard_map::{SLOTS, ShardMap, slot_of, slot_of_mark};
use waymark_edge::tally::{Counted, Sum, day_of};
use waymark_engine::{Engine, Numerals, Program};
use waymark_model::{Timestamp, fnv1a64};

#[derive(Debug)]
pub struct Shard {
    pub rows: RefCell<Rows>,
    pub recent: Recent,
}

impl Default for Shard {
    fn default() -> Self {
        // Little enough that tests come to where others are forgotten.
        let recent = Recent::of_bytes(&Neighbours::default(), 60_000);
        Self { rows: RefCell::default(), recent }
    }
}

impl Shard {
    /// Whatever was asked, and whatever went wrong: what an object remembers is what is stored.
    pub fn is_as_remembered(&self, packs: &Packs, program: &Program, now: Timestamp) {
        let rows = self.rows.borrow();
        let first = day_of(now.minus(DEDUPE));
        self.recent.remembered(|folded_with, key, visitor| {
            if let Some(Grown { state, counted, .. }) = &visitor.profile {
                let stored = rows.profiles.get(key);
                let Some(Profile::Here(bytes, known)) = stored else {
                    panic!("{key} is remembered, and stored as {stored:?}")
                };
                assert_eq!(counted, known, "{key}");
                if folded_with == packs {
                    let written = Engine::new(program, Numerals::NATIVE).write_state(state);
                    assert!(written == *bytes, "{key} is remembered otherwise");
                }
            }
            let own = rows.seen.iter().filter(|((whose, ..), _)| whose == key);
            let stored = own.map(|((_, day, part), ids)| (*day, *part, ids.as_slice()));
            let known =
                visitor.seen.rows().iter().map(|row| (row.day, row.part, row.ids.as_slice()));
            let counts = |(day, ..): &(i64, u32, &[u64])| *day >= first;
            let known: BTreeSet<_> = known.filter(counts).collect();
            assert_eq!(known, stored.filter(counts).collect(), "what {key} has sent");
        });
    }
}

#[derive(Debug, Default)]
pub struct Rows {
    epoch: (u64, u16),
    stands: Rc<BTreeMap<u16, Stand>>,
    notes: BTreeMap<u16, BTreeSet<String>>,
    gates: Vec<Gate>,
    swept: i64,
    duplicates: u64,
    late: u64,
    pub profiles: BTreeMap<String, Profile>,
    updated: BTreeMap<String, Timestamp>,
    due: BTreeMap<String, Timestamp>,
    letters: BTreeMap<String, Letter>,
    tasks: BTreeMap<String, Task>,
    seen: BTreeMap<(String, i64, u32), Vec<u64>>,
    pub batches: Vec<Batch>,
    stored: u64,
    erased: BTreeSet<u64>,
    nodes: BTreeMap<String, Node>,
    members: BTreeSet<(String, String)>,
    leads: BTreeSet<(String, String)>,
    pub outbox: BTreeMap<u64, (Timestamp, String, Vec<u8>)>,
    pub posted: u64,
    /// By slot and source.
    imported: BTreeMap<(u16, u16), u64>,
    refusals: Vec<Refusal>,
    pub drainage: Drainage,
    graves: Vec<Grave>,
    sums: BTreeMap<Counted, (Sum, u64)>,
    version: u64,
    pub refuses: bool,
}

impl Rows {
    fn move_slots(&mut self, commit: &Commit) {
        if let Some(slot) = commit.coming {
            let visitors = commit.visitors.iter().map(|row| &row.id);
            let pairs = commit.members.iter().chain(&commit.leads).map(|(to, ..)| to);
            let keys = visitors.chain(commit.seen.iter().map(|(key, _)| key)).chain(pairs);
            let keys = keys.chain(commit.nodes.iter().map(|node| &node.key));
            let notes = keys.map(|key| Note::Key(key).to_string());
            self.notes.entry(slot).or_default().extend(notes);
        }
        for (slot, text) in &commit.departed {
            if let Some(Note::Key(key)) = Note::read(text) {
                self.profiles.remove(key);
                self.updated.remove(key);
                self.due.remove(key);
                self.seen.retain(|(whose, ..), _| whose != key);
                self.nodes.remove(key);
                self.members.retain(|(root, _)| root != key);
                self.leads.retain(|(to, _)| to != key);
            }
            self.notes.entry(*slot).or_default().remove(text);
        }
        for (slot, hash, _) in &commit.tombstones {
            self.erased.insert(hash * u64::from(SLOTS) + u64::from(*slot));
        }
        self.gates.extend(commit.gate);
        if let Some((source, upto)) = commit.ungate {
            self.gates.retain(|gate| gate.source != source || gate.upto > upto);
        }
        for (slot, stand) in &commit.stands {
            Rc::make_mut(&mut self.stands).insert(*slot, stand.clone());
            if matches!(stand, Stand::Absent | Stand::Held) {
                self.notes.remove(slot);
            }
        }
    }
}

impl Rows {
    fn post(&mut self, postings: &Postings) {
        for letter in &postings.letters {
            self.letters.insert(letter.id.clone(), letter.clone());
        }
        self.letters.retain(|id, letter| {
            let is_old = letter.dead && postings.before.is_some_and(|before| letter.at < before);
            !postings.gone.contains(id) && !postings.forget.contains(&letter.key) && !is_old
        });
        for task in &postings.tasks {
            self.tasks.insert(task.id.clone(), task.clone());
        }
        self.tasks.retain(|_, task| {
            let is_old = |done| postings.before.is_some_and(|before| done < before);
            !postings.forget.contains(&task.key) && !task.done.is_some_and(is_old)
        });
    }
}

impl LetterStore for Shard {
    fn due_visitors(&self, at: Timestamp, most: u32) -> Result<Vec<String>, StoreError> {
        let rows = self.rows.borrow();
        let due = rows.due.iter().filter(|(_, due)| **due <= at);
        Ok(due.take(most as usize).map(|(key, _)| key.clone()).collect())
    }

    fn look_at_all(&self, at: Timestamp) -> Result<(), StoreError> {
        let rows = &mut *self.rows.borrow_mut();
        for (key, profile) in &rows.profiles {
            if matches!(profile, Profile::Here(..)) && !key.starts_with('c') {
                rows.due.entry(key.clone()).or_insert(at);
            }
        }
        Ok(())
    }

    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let rows = self.rows.borrow();
        let letters = rows.letters.values().filter(|letter| !letter.dead).map(|letter| letter.due);
        let tasks = rows.tasks.values().filter(|task| task.done.is_none() && !task.late);
        Ok(rows.due.values().copied().chain(letters).chain(tasks.map(|task| task.due)).min())
    }

    fn due_letters(&self, at: Timestamp, most: u32) -> Result<Vec<Letter>, StoreError> {
        let rows = self.rows.borrow();
        let due = rows.letters.values().filter(|letter| !letter.dead && letter.due <= at);
        Ok(due.take(most as usize).cloned().collect())
    }

    fn letter(&self, id: &str) -> Result<Option<Letter>, StoreError> {
        Ok(self.rows.borrow().letters.get(id).cloned())
    }

    fn dead_letters(&self, after: &str, most: u32) -> Result<Vec<Letter>, StoreError> {
        let rows = self.rows.borrow();
        let dead = rows.letters.values().filter(|letter| letter.dead && letter.id.as_str() > after);
        Ok(dead.take(most as usize).cloned().collect())
    }

    fn due_tasks(&self, at: Timestamp, most: u32) -> Result<Vec<Task>, StoreError> {
        let rows = self.rows.borrow();
        let open = rows.tasks.values().filter(|task| task.done.is_none() && !task.late);
        Ok(open.filter(|task| task.due <= at).take(most as usize).cloned().collect())
    }

    fn task(&self, id: &str) -> Result<Option<Task>, StoreError> {
        Ok(self.rows.borrow().tasks.get(id).cloned())
    }

    fn open_tasks(&self, after: &str, most: u32) -> Result<Vec<Task>, StoreError> {
        let rows = self.rows.borrow();
        let open = rows.tasks.values().filter(|task| task.done.is_none());
        Ok(open.filter(|task| task.id.as_str() > after).take(most as usize).cloned().collect())
    }
}

impl GraphStore for Shard {
    fn node(&self, key: &str) -> Result<Option<Node>, StoreError> {
        Ok(self.rows.borrow().nodes.get(key).cloned())
    }

    fn is_pending(&self) -> Result<bool, StoreError> {
        Ok(!self.outbox(1)?.is_empty() || !self.unsettled(1)?.is_empty())
    }

    fn is_member(&self, root: &str, key: &str) -> Result<bool, StoreError> {
        Ok(self.rows.borrow().members.contains(&(root.to_owned(), key.to_owned())))
    }

    fn members(&self, root: &str) -> Result<Vec<String>, StoreError> {
        let rows = self.rows.borrow();
        Ok(rows.members.iter().filter(|(of, _)| of == root).map(|(_, key)| key.clone()).collect())
    }

    fn leading_to(&self, key: &str) -> Result<Vec<String>, StoreError> {
        let rows = self.rows.borrow();
        Ok(rows.leads.iter().filter(|(to, _)| to == key).map(|(_, key)| key.clone()).collect())
    }

    fn outbox(&self, most: u32) -> Result<Vec<Posted>, StoreError> {
        let rows = self.rows.borrow();
        let posts = rows.outbox.iter().take(most as usize);
        Ok(posts
            .map(|(seq, (_, key, message))| Posted {
                seq: *seq,
                key: key.clone(),
                message: message.clone(),
            })
            .collect())
    }

    fn outbox_ends(&self) -> Result<Option<(u64, u64)>, StoreError> {
        let rows = self.rows.borrow();
        let mut seqs = rows.outbox.keys();
        Ok(seqs.next().map(|first| (*first, *seqs.last().unwrap_or(first))))
    }

    fn unsettled(&self, most: u32) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = self.rows.borrow();
        let nodes = rows.nodes.values().filter(|node| node.turn != node.settled);
        Ok(nodes.take(most as usize).map(|node| (node.key.clone(), node.turn)).collect())
    }

    fn imported(&self, source: u16, slot: u16) -> Result<u64, StoreError> {
        Ok(self.rows.borrow().imported.get(&(slot, source)).copied().unwrap_or_default())
    }

    fn imported_of(&self, slot: u16) -> Result<Vec<(u16, u64)>, StoreError> {
        let rows = self.rows.borrow();
        let own = rows.imported.iter().filter(|((of, _), _)| *of == slot);
        Ok(own.map(|((_, source), seq)| (*source, *seq)).collect())
    }
}

impl LakeStore for Shard {
    fn drainage(&self) -> Result<Drainage, StoreError> {
        Ok(self.rows.borrow().drainage)
    }

    fn graves(&self, most: u32) -> Result<Vec<Grave>, StoreError> {
        Ok(self.rows.borrow().graves.iter().take(most as usize).cloned().collect())
    }

    fn has_sum(&self, counted: &Counted) -> Result<bool, StoreError> {
        Ok(self.rows.borrow().sums.contains_key(counted))
    }

    fn sums_of_day(&self, day: i64) -> Result<u64, StoreError> {
        Ok(self.rows.borrow().sums.keys().filter(|counted| counted.day == day).count() as u64)
    }

    fn sums(&self, after: u64, _: u32) -> Result<Vec<TallyRow>, StoreError> {
        let rows = self.rows.borrow();
        let mut changed: Vec<TallyRow> = rows
            .sums
            .iter()
            .filter(|(_, (_, version))| *version > after)
            .map(|(counted, (sum, version))| TallyRow {
                counted: counted.clone(),
                sum: *sum,
                version: *version,
            })
            .collect();
        changed.sort_by_key(|row| row.version);
        Ok(changed)
    }
}

impl WatchStore for Shard {
    fn health(&self) -> Result<Health, StoreError> {
        let counters = self.counters()?;
        let rows = self.rows.borrow();
        Ok(Health {
            counters,
            profiles: rows.profiles.len() as u64,
            bytes: 0,
            outbox: rows.outbox.len() as u64,
            waiting_since: rows.outbox.values().next().map(|(at, ..)| *at),
            unsettled: rows.nodes.values().filter(|node| node.turn != node.settled).count() as u64,
            refused: rows.refusals.len() as u64,
            undrained_since: rows
                .batches
                .iter()
                .find(|batch| batch.seq > rows.drainage.drained)
                .map(|batch| batch.received),
            moving: 0,
            due_since: None,
            letters: rows.letters.values().filter(|letter| !letter.dead).count() as u64,
            letters_since: None,
            dead_letters: rows.letters.values().filter(|letter| letter.dead).count() as u64,
            open_tasks: rows.tasks.values().filter(|task| task.done.is_none()).count() as u64,
            late_tasks: 0,
        })
    }

    fn counters(&self) -> Result<Counters, StoreError> {
        let rows = self.rows.borrow();
        Ok(Counters {
            batches: rows.batches.iter().filter(|one| one.origin != Origin::Copied).count() as u64,
            events: rows
                .batches
                .iter()
                .filter(|batch| batch.origin != Origin::Copied)
                .map(|batch| u64::from(batch.events))
                .sum(),
            duplicates: rows.duplicates
                + rows.batches.iter().map(|batch| u64::from(batch.duplicates)).sum::<u64>(),
            late: rows.late,
        })
    }
}

impl ShardStore for Shard {
    fn epoch(&self) -> Result<(u64, u16), StoreError> {
        Ok(self.rows.borrow().epoch)
    }

    fn set_epoch(&self, epoch: u64, first: u16) -> Result<(), StoreError> {
        self.rows.borrow_mut().epoch = (epoch, first);
        Ok(())
    }

    fn stands(&self) -> Result<Rc<BTreeMap<u16, Stand>>, StoreError> {
        Ok(self.rows.borrow().stands.clone())
    }

    fn note_leaving(&self, map: ShardMap, object: u16, _: u32) -> Result<bool, StoreError> {
        let rows = &mut *self.rows.borrow_mut();
        let keys = rows.profiles.keys().chain(rows.seen.keys().map(|(key, ..)| key));
        let pairs = rows.members.iter().chain(&rows.leads).map(|(to, _)| to);
        let keys = keys.chain(rows.nodes.keys()).chain(pairs);
        let keys = keys.map(|key| (slot_of(key), Note::Key(key).to_string()));
        let batches = rows.batches.iter().flat_map(|batch| {
            let slots = batch.markers.iter().map(|mark| slot_of_mark(*mark));
            slots.map(|slot| (slot, Note::Batch(batch.seq).to_string()))
        });
        let leaving = keys.chain(batches).filter(|(slot, _)| map.object_of(*slot) != object);
        for (slot, note) in leaving.collect::<Vec<_>>() {
            rows.notes.entry(slot).or_default().insert(note);
        }
        Ok(false)
    }

    fn noted(&self, slot: u16, after: &str, most: u32) -> Result<Vec<String>, StoreError> {
        let rows = self.rows.borrow();
        let notes = rows.notes.get(&slot).into_iter().flatten();
        Ok(notes.filter(|note| note.as_str() > after).take(most.min(2) as usize).cloned().collect())
    }

    fn tombstones(&self, slot: u16) -> Result<Vec<(u64, Timestamp)>, StoreError> {
        let rows = self.rows.borrow();
        let own = rows.erased.iter().filter(|mark| slot_of_mark(**mark) == slot);
        Ok(own.map(|mark| (mark / u64::from(SLOTS), Timestamp(0))).collect())
    }

    fn gates(&self) -> Result<Vec<Gate>, StoreError> {
        Ok(self.rows.borrow().gates.clone())
    }

    fn visitor(&self, id: &str) -> Result<Option<VisitorRow>, StoreError> {
        let rows = self.rows.borrow();
        Ok(rows.profiles.get(id).map(|profile| VisitorRow {
            id: id.to_owned(),
            slot: slot_of(id),
            profile: profile.clone(),
            seq: 0,
            updated: rows.updated.get(id).copied().unwrap_or_default(),
            due: rows.due.get(id).copied(),
        }))
    }

    fn profile(&self, visitor: &str) -> Result<Option<Profile>, StoreError> {
        Ok(self.rows.borrow().profiles.get(visitor).cloned())
    }

    fn seen(&self, visitor: &str) -> Result<Vec<Seen>, StoreError> {
        let rows = self.rows.borrow();
        let own = rows.seen.iter().filter(|((whose, ..), _)| whose == visitor);
        Ok(own
            .map(|((_, day, part), ids)| Seen { day: *day, part: *part, ids: ids.clone() })
            .collect())
    }

    fn swept(&self) -> Result<i64, StoreError> {
        Ok(self.rows.borrow().swept)
    }

    #[expect(clippy::too_many_lines, reason = "a table after the other")]
    fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut rows = self.rows.borrow_mut();
        if rows.refuses {
            return Err(StoreError("The disk is full.".to_owned()));
        }
        for batch in &commit.batches {
            // Numbers are never given again, as SQLite's AUTOINCREMENT does not.
            rows.stored += 1;
            let seq = rows.stored;
            rows.batches.push(Batch { seq, ..batch.clone() });
            if let Some(slot) = commit.coming {
                rows.notes.entry(slot).or_default().insert(Note::Batch(seq).to_string());
            }
        }
        for visitor in &commit.visitors {
            rows.profiles.insert(visitor.id.clone(), visitor.profile.clone());
            let updated = rows.updated.entry(visitor.id.clone()).or_default();
            *updated = (*updated).max(visitor.updated);
            match visitor.due {
                Some(due) => rows.due.insert(visitor.id.clone(), due),
                None => rows.due.remove(&visitor.id),
            };
        }
        for (visitor, seen) in &commit.seen {
            rows.seen.insert((visitor.clone(), seen.day, seen.part), seen.ids.clone());
        }
        rows.duplicates += u64::from(commit.only_duplicates);
        rows.late += u64::from(commit.late);
        if let Some((before, today)) = commit.sweep {
            rows.seen.retain(|(_, day, _), _| *day >= before);
            rows.swept = today;
        }
        for remains in &commit.remains {
            if let Some(batch) = rows.batches.iter_mut().find(|batch| batch.seq == remains.seq) {
                *batch = remains.clone();
            }
        }
        rows.batches.retain(|batch| batch.events > 0);
        if let Some(erased) = &commit.erased {
            rows.profiles.remove(&erased.visitor);
            rows.seen.retain(|(whose, ..), _| *whose != erased.visitor);
            rows.updated.remove(&erased.visitor);
            rows.due.remove(&erased.visitor);
            if erased.for_good {
                rows.erased.insert(fnv1a64(erased.visitor.as_bytes()));
            }
            if erased.wholly {
                rows.nodes.remove(&erased.visitor);
                rows.members.retain(|(root, _)| *root != erased.visitor);
                rows.leads.retain(|(to, _)| *to != erased.visitor);
            }
        }
        for node in &commit.nodes {
            rows.nodes.insert(node.key.clone(), node.clone());
        }
        let Rows { members, leads, .. } = &mut *rows;
        for (set, changes) in [(members, &commit.members), (leads, &commit.leads)] {
            for (to, key, does) in changes {
                let pair = (to.clone(), key.clone());
                if *does {
                    set.insert(pair)
                } else {
                    set.remove(&pair)
                };
            }
        }
        for (key, message) in &commit.posts {
            rows.posted += 1;
            let seq = rows.posted;
            rows.outbox.insert(seq, (commit.posted, key.clone(), message.clone()));
        }
        for seq in &commit.delivered {
            rows.outbox.remove(seq);
        }
        let imported = commit.imported.iter();
        rows.imported.extend(imported.map(|(slot, source, seq)| ((*slot, *source), *seq)));
        rows.move_slots(commit);
        if !commit.tallies.is_empty() {
            rows.version += 1;
            let version = rows.version;
            for (counted, change) in &commit.tallies.0 {
                let (sum, changed) = rows.sums.entry(counted.clone()).or_default();
                sum.count += change.count;
                sum.amount += change.amount;
                *changed = version;
            }
        }
        rows.drainage.range = commit.range.unwrap_or(rows.drainage.range);
        rows.drainage.drained = commit.drained.unwrap_or(rows.drainage.drained);
        rows.drainage.reported = commit.reported.unwrap_or(rows.drainage.reported);
        if let Some((key, at)) = commit.grave.clone() {
            let seq = rows.graves.last().map_or(0, |grave| grave.seq) + 1;
            rows.graves.push(Grave { seq, key, at });
        }
        rows.graves.retain(|grave| !commit.buried.contains(&grave.seq));
        rows.post(&commit.postings);
        rows.refusals.extend(commit.refusals.clone());
        let over = rows.refusals.len().saturating_sub(Refusal::MOST as usize);
        rows.refusals.drain(..over);
        match &commit.drop_refusals {
            None => {}
            Some(Unwanted::Before(at)) => rows.refusals.retain(|refusal| refusal.at > *at),
            Some(Unwanted::Naming(id)) => rows
                .refusals
                .retain(|refusal| refusal.told.as_ref().is_none_or(|(_, event)| !names(event, id))),
        }
        Ok(())
    }

    fn is_erased(&self, visitor: &str) -> Result<bool, StoreError> {
        Ok(self.rows.borrow().erased.contains(&fnv1a64(visitor.as_bytes())))
    }

    fn refusals(&self) -> Result<Vec<Refusal>, StoreError> {
        Ok(self.rows.borrow().refusals.clone())
    }

    fn unseen(&self, since: Timestamp, most: u32) -> Result<Vec<String>, StoreError> {
        let rows = self.rows.borrow();
        let old = rows.updated.iter().filter(|(_, updated)| **updated < since);
        let here = old.filter(|(id, _)| matches!(rows.profiles.get(*id), Some(Profile::Here(..))));
        Ok(here.take(most as usize).map(|(id, _)| id.clone()).collect())
    }

    fn is_unseen(&self, visitor: &str, since: Timestamp) -> Result<bool, StoreError> {
        let rows = self.rows.borrow();
        let is_here = matches!(rows.profiles.get(visitor), Some(Profile::Here(..)));
        Ok(!is_here || rows.updated.get(visitor).is_none_or(|updated| *updated < since))
    }

    fn visitors(&self, after: &str, most: u32) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let rows = self.rows.borrow();
        let later = rows.profiles.iter().filter(|(id, _)| id.as_str() > after);
        let here = later.filter_map(|(id, profile)| match profile {
            Profile::Here(state, _) => Some((id.clone(), state.clone())),
            Profile::PartOf(_) => None,
        });
        Ok(here.take(most as usize).collect())
    }

    fn batches(
        &self,
        after: u64,
        marker: Option<u64>,
        most: u32,
    ) -> Result<Vec<Batch>, StoreError> {
        let rows = self.rows.borrow();
        let wanted = rows.batches.iter().filter(|batch| {
            batch.seq > after && marker.is_none_or(|marker| batch.markers.contains(&marker))
        });
        Ok(wanted.take(most as usize).cloned().collect())
    }

    fn newest_batch(&self) -> Result<u64, StoreError> {
        Ok(self.rows.borrow().stored)
    }
}
