//! A host in memory. It can be told to fail before a commit, or to lose an answer after it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use futures_util::FutureExt as _;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use waymark_edge::config::Config;
use waymark_edge::edge::Edge;
use waymark_edge::http::{Method, Request, Response};
use waymark_edge::isolate::Isolate;
use waymark_edge::letters::{Letter, Postings, Task};
use waymark_edge::packs::{self, PackCache};
use waymark_edge::pages::{PageRequest, Plan, plan};
use waymark_edge::ports::{
    Activation, Batch, Budget, Budgets, Call, Called, Clock, Commit, Counters, Deed, Derived,
    Drainage, Feed, FeedRow, Gate, Grave, Health, Lake, LetterStore, Node, Note, Objects, Origin,
    PackParts, PackRow, Part, Posted, Profile, Refusal, RegistryStore, Reports, Seen, ShardStore,
    Stand, StoreError, TallyRow, Unavailable, Unwanted, VisitorRow, Web,
};
use waymark_edge::protocol::{Packs, RegistryAsk, RegistryTold, ShardCall, ShardTold, unreadable};
use waymark_edge::shard::{DEDUPE, Grown, Neighbours, Recent};
use waymark_edge::shard_map::{SLOTS, ShardMap, slot_of, slot_of_mark};
use waymark_edge::tally::{Counted, Sum, day_of};
use waymark_edge::{registry, shard};
use waymark_engine::{Engine, Numerals, PackHash, Program, State};
use waymark_model::{Timestamp, fnv1a64};

use crate::contract;

/// What happens to the next calls of shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The object is not to be reached.
    Away,
    /// The storage refuses the transaction.
    Refused,
    /// It is committed, and nobody hears of it.
    Unheard,
}

#[derive(Debug, Default)]
pub struct Memory {
    pub now: Cell<Timestamp>,
    pub faults: RefCell<Vec<Option<Fault>>>,
    /// Calls of shards, by object.
    pub asked: RefCell<Vec<u16>>,
    pub registry_is_away: Cell<bool>,
    /// Objects that run another release than the worker; the registry is [`REGISTRY`].
    pub of_another_release: RefCell<BTreeSet<u16>>,
    /// Requests that anybody has.
    pub budget: Cell<Option<u32>>,
    /// What other servers were sent.
    pub calls: RefCell<Vec<Call>>,
    /// What they answer, the last first; then that all is well.
    pub answers: RefCell<Vec<Result<Called, Unavailable>>>,
    spent: RefCell<BTreeMap<(Budget, String), u32>>,
    shards: RefCell<BTreeMap<u16, Shard>>,
    pub lake: RefCell<BTreeMap<String, Vec<u8>>>,
    makers: RefCell<BTreeMap<String, u64>>,
    /// By what was counted, and by shard; with versions.
    pub reports: RefCell<BTreeMap<(Counted, String), (Sum, u64)>>,
    registry: Registry,
    packs: PackCache,
}

/// Of no shard.
pub const REGISTRY: u16 = u16::MAX;

impl Memory {
    /// Gives all that is stored the form of another release: profiles and packs. Its objects began anew.
    pub fn is_stored_by_another_release(&self) {
        for shard in self.shards.borrow_mut().values_mut() {
            shard.1 = Shard::default().1;
            for profile in shard.0.borrow_mut().profiles.values_mut() {
                if let Profile::Here(state, _) = profile {
                    state[0] = State::FORMAT + 1;
                }
            }
        }
        let mut packs = self.registry.packs.borrow_mut();
        let mut derived = self.registry.derived.borrow_mut();
        let parts = packs.iter_mut().map(|(_, parts)| parts);
        for parts in parts.chain(derived.iter_mut().filter_map(|(_, parts)| parts.as_mut())) {
            parts.program[3] = Program::FORMAT + 1;
            parts.page = packs::gzip(&parts.program).unwrap();
        }
    }

    /// Objects are started anew, and know no Program.
    pub fn forget_programs(&mut self) {
        self.packs = PackCache::default();
    }

    /// A message on its way to an object or back.
    fn on_its_way(&self, object: u16, mut message: Vec<u8>) -> Vec<u8> {
        if self.of_another_release.borrow().contains(&object) {
            message[0] += 1;
        }
        message
    }

    /// An object begins anew, and cannot read a profile.
    pub fn spoil_state(&self, visitor: &str) {
        for shard in self.shards.borrow_mut().values_mut() {
            shard.1 = Shard::default().1;
            let mut rows = shard.0.borrow_mut();
            if let Some(Profile::Here(state, _)) = rows.profiles.get_mut(visitor) {
                state.truncate(3);
            }
        }
    }

    pub fn state(&self, visitor: &str) -> Option<Vec<u8>> {
        let shards = self.shards.borrow();
        shards.values().find_map(|shard| match shard.0.borrow().profiles.get(visitor) {
            Some(Profile::Here(state, _)) => Some(state.clone()),
            _ => None,
        })
    }

    /// Loses all that an object has stored.
    pub fn lose(&self, object: u16) {
        let mut shards = self.shards.borrow_mut();
        let lost = shards.remove(&object);
        let made = lost.map_or(0, |lost| lost.0.borrow().drainage.made) + 1;
        let anew = shards.entry(object).or_default();
        let mut rows = anew.0.borrow_mut();
        rows.drainage.made = made;
        // As the real one does: others ignore messages below those that they have taken in.
        rows.posted = made * 1_000_000;
    }

    /// The keys of all profiles that have events.
    pub fn profiles(&self) -> BTreeMap<String, Vec<u8>> {
        let shards = self.shards.borrow();
        let rows = shards.values().flat_map(|shard| shard.0.borrow().profiles.clone());
        rows.filter_map(|(key, profile)| match profile {
            Profile::Here(state, _) => Some((key, state)),
            Profile::PartOf(_) => None,
        })
        .collect()
    }

    /// All that is kept, to look for traces.
    pub fn kept(&self) -> String {
        let mut all = format!("{:?}", self.shards.borrow()).into_bytes();
        for shard in self.shards.borrow().values() {
            let rows = shard.0.borrow();
            rows.batches.iter().for_each(|batch| all.extend(&batch.body));
            rows.outbox.values().for_each(|(_, _, message)| all.extend(message));
            for profile in rows.profiles.values() {
                if let Profile::Here(state, _) = profile {
                    all.extend(state);
                }
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    fn fault(&self) -> Option<Fault> {
        self.faults.borrow_mut().pop().flatten()
    }
}

impl Clock for Memory {
    fn now(&self) -> Timestamp {
        self.now.get()
    }
}

impl Objects for Memory {
    async fn shard(&self, object: u16, message: Vec<u8>) -> Result<Vec<u8>, Unavailable> {
        self.asked.borrow_mut().push(object);
        let fault = self.fault();
        if fault == Some(Fault::Away) {
            return Err(Unavailable("The shard is away.".to_owned()));
        }
        let call = match ShardCall::decode(&self.on_its_way(object, message)) {
            Ok(call) => call,
            Err(error) => {
                let told = ShardTold::Failed(unreadable(&error));
                return Ok(self.on_its_way(object, told.encode()));
            }
        };
        let packs = call.packs().cloned().unwrap_or_default();
        let program = self.packs.folding(self, &packs).await?;
        let mut shards = self.shards.borrow_mut();
        let store = shards.entry(object).or_default();
        store.0.borrow_mut().refuses = fault == Some(Fault::Refused);
        let told: ShardTold = shard::answer(store, &store.1, &program, &call);
        store.is_as_remembered(&packs, &program, self.now.get());
        match fault {
            Some(Fault::Unheard) => Err(Unavailable("The answer was lost.".to_owned())),
            _ => Ok(told.encode()),
        }
    }

    async fn registry(&self, message: Vec<u8>) -> Result<Vec<u8>, Unavailable> {
        if self.registry_is_away.get() {
            return Err(Unavailable("The registry is away.".to_owned()));
        }
        let told = match RegistryAsk::decode(&self.on_its_way(REGISTRY, message)) {
            Ok(ask) => registry::answer(&self.registry, &ask),
            Err(error) => RegistryTold::Failed(unreadable(&error)),
        };
        Ok(self.on_its_way(REGISTRY, told.encode()))
    }
}

impl Budgets for Memory {
    async fn is_within(&self, budget: Budget, who: &str) -> bool {
        let mut asked = self.spent.borrow_mut();
        let spent = asked.entry((budget, who.to_owned())).or_default();
        *spent += 1;
        self.budget.get().is_none_or(|most| *spent <= most)
    }
}

impl Lake for Memory {
    fn has_lake(&self) -> bool {
        true
    }

    async fn put(&self, name: &str, body: Vec<u8>) -> Result<(), Unavailable> {
        self.carried(|| drop(self.lake.borrow_mut().insert(name.to_owned(), body)))
    }
}

impl Reports for Memory {
    fn has_reports(&self) -> bool {
        true
    }

    async fn put_sums(&self, shard: &str, made: u64, sums: &[TallyRow]) -> Result<(), Unavailable> {
        self.carried(|| {
            let mut reports = self.reports.borrow_mut();
            let mut makers = self.makers.borrow_mut();
            if makers.insert(shard.to_owned(), made).is_some_and(|before| before < made) {
                reports.retain(|(_, of), _| of != shard);
            }
            for row in sums {
                let (sum, version) =
                    reports.entry((row.counted.clone(), shard.to_owned())).or_default();
                if row.version > *version {
                    (*sum, *version) = (row.sum, row.version);
                }
            }
        })
    }
}

impl Web for Memory {
    async fn call(&self, call: Call) -> Result<Called, Unavailable> {
        self.calls.borrow_mut().push(call);
        let answers = self.answers.borrow_mut().pop();
        answers.unwrap_or(Ok(Called { status: 200, retry_after: None }))
    }
}

impl Memory {
    /// What is put somewhere may not arrive, or arrive unheard.
    fn carried(&self, put: impl FnOnce()) -> Result<(), Unavailable> {
        match self.fault() {
            Some(Fault::Away | Fault::Refused) => Err(Unavailable("It is away.".to_owned())),
            Some(Fault::Unheard) => {
                put();
                Err(Unavailable("The answer was lost.".to_owned()))
            }
            None => {
                put();
                Ok(())
            }
        }
    }
}

#[derive(Debug)]
struct Shard(RefCell<Rows>, Recent);

impl Default for Shard {
    fn default() -> Self {
        // Little enough that tests come to where others are forgotten.
        Self(RefCell::default(), Recent::of_bytes(&Neighbours::default(), 60_000))
    }
}

impl Shard {
    /// Whatever was asked, and whatever went wrong: what an object remembers is what is stored.
    fn is_as_remembered(&self, packs: &Packs, program: &Program, now: Timestamp) {
        let rows = self.0.borrow();
        let first = day_of(now.minus(DEDUPE));
        self.1.remembered(|folded_with, key, visitor| {
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
            let known = visitor.seen.iter().map(|row| (row.day, row.part, row.ids.as_slice()));
            let counts = |(day, ..): &(i64, u32, &[u64])| *day >= first;
            let known: BTreeSet<_> = known.filter(counts).collect();
            assert_eq!(known, stored.filter(counts).collect(), "what {key} has sent");
        });
    }
}

#[derive(Debug, Default)]
struct Rows {
    epoch: (u64, u16),
    stands: Rc<BTreeMap<u16, Stand>>,
    notes: BTreeMap<u16, BTreeSet<String>>,
    gates: Vec<Gate>,
    swept: i64,
    duplicates: u64,
    profiles: BTreeMap<String, Profile>,
    updated: BTreeMap<String, Timestamp>,
    due: BTreeMap<String, Timestamp>,
    letters: BTreeMap<String, Letter>,
    tasks: BTreeMap<String, Task>,
    seen: BTreeMap<(String, i64, u32), Vec<u64>>,
    batches: Vec<Batch>,
    stored: u64,
    erased: BTreeSet<u64>,
    nodes: BTreeMap<String, Node>,
    members: BTreeSet<(String, String)>,
    leads: BTreeSet<(String, String)>,
    outbox: BTreeMap<u64, (Timestamp, String, Vec<u8>)>,
    posted: u64,
    /// By slot and source.
    imported: BTreeMap<(u16, u16), u64>,
    refusals: Vec<Refusal>,
    drainage: Drainage,
    graves: Vec<Grave>,
    sums: BTreeMap<Counted, (Sum, u64)>,
    version: u64,
    refuses: bool,
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
        let rows = self.0.borrow();
        let due = rows.due.iter().filter(|(_, due)| **due <= at);
        Ok(due.take(most as usize).map(|(key, _)| key.clone()).collect())
    }

    fn look_at_all(&self, at: Timestamp) -> Result<(), StoreError> {
        let rows = &mut *self.0.borrow_mut();
        for (key, profile) in &rows.profiles {
            if matches!(profile, Profile::Here(..)) && !key.starts_with('c') {
                rows.due.entry(key.clone()).or_insert(at);
            }
        }
        Ok(())
    }

    fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let rows = self.0.borrow();
        let letters = rows.letters.values().filter(|letter| !letter.dead).map(|letter| letter.due);
        let tasks = rows.tasks.values().filter(|task| task.done.is_none() && !task.late);
        Ok(rows.due.values().copied().chain(letters).chain(tasks.map(|task| task.due)).min())
    }

    fn due_letters(&self, at: Timestamp, most: u32) -> Result<Vec<Letter>, StoreError> {
        let rows = self.0.borrow();
        let due = rows.letters.values().filter(|letter| !letter.dead && letter.due <= at);
        Ok(due.take(most as usize).cloned().collect())
    }

    fn letter(&self, id: &str) -> Result<Option<Letter>, StoreError> {
        Ok(self.0.borrow().letters.get(id).cloned())
    }

    fn dead_letters(&self, after: &str, most: u32) -> Result<Vec<Letter>, StoreError> {
        let rows = self.0.borrow();
        let dead = rows.letters.values().filter(|letter| letter.dead && letter.id.as_str() > after);
        Ok(dead.take(most as usize).cloned().collect())
    }

    fn due_tasks(&self, at: Timestamp, most: u32) -> Result<Vec<Task>, StoreError> {
        let rows = self.0.borrow();
        let open = rows.tasks.values().filter(|task| task.done.is_none() && !task.late);
        Ok(open.filter(|task| task.due <= at).take(most as usize).cloned().collect())
    }

    fn task(&self, id: &str) -> Result<Option<Task>, StoreError> {
        Ok(self.0.borrow().tasks.get(id).cloned())
    }

    fn open_tasks(&self, after: &str, most: u32) -> Result<Vec<Task>, StoreError> {
        let rows = self.0.borrow();
        let open = rows.tasks.values().filter(|task| task.done.is_none());
        Ok(open.filter(|task| task.id.as_str() > after).take(most as usize).cloned().collect())
    }
}

impl ShardStore for Shard {
    fn epoch(&self) -> Result<(u64, u16), StoreError> {
        Ok(self.0.borrow().epoch)
    }

    fn set_epoch(&self, epoch: u64, first: u16) -> Result<(), StoreError> {
        self.0.borrow_mut().epoch = (epoch, first);
        Ok(())
    }

    fn stands(&self) -> Result<Rc<BTreeMap<u16, Stand>>, StoreError> {
        Ok(self.0.borrow().stands.clone())
    }

    fn note_leaving(&self, map: ShardMap, object: u16, _: u32) -> Result<bool, StoreError> {
        let rows = &mut *self.0.borrow_mut();
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
        let rows = self.0.borrow();
        let notes = rows.notes.get(&slot).into_iter().flatten();
        Ok(notes.filter(|note| note.as_str() > after).take(most.min(2) as usize).cloned().collect())
    }

    fn tombstones(&self, slot: u16) -> Result<Vec<(u64, Timestamp)>, StoreError> {
        let rows = self.0.borrow();
        let own = rows.erased.iter().filter(|mark| slot_of_mark(**mark) == slot);
        Ok(own.map(|mark| (mark / u64::from(SLOTS), Timestamp(0))).collect())
    }

    fn imported_of(&self, slot: u16) -> Result<Vec<(u16, u64)>, StoreError> {
        let rows = self.0.borrow();
        let own = rows.imported.iter().filter(|((of, _), _)| *of == slot);
        Ok(own.map(|((_, source), seq)| (*source, *seq)).collect())
    }

    fn outbox_ends(&self) -> Result<Option<(u64, u64)>, StoreError> {
        let rows = self.0.borrow();
        let mut seqs = rows.outbox.keys();
        Ok(seqs.next().map(|first| (*first, *seqs.last().unwrap_or(first))))
    }

    fn gates(&self) -> Result<Vec<Gate>, StoreError> {
        Ok(self.0.borrow().gates.clone())
    }

    fn visitor(&self, id: &str) -> Result<Option<VisitorRow>, StoreError> {
        let rows = self.0.borrow();
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
        Ok(self.0.borrow().profiles.get(visitor).cloned())
    }

    fn seen(&self, visitor: &str) -> Result<Vec<Seen>, StoreError> {
        let rows = self.0.borrow();
        let own = rows.seen.iter().filter(|((whose, ..), _)| whose == visitor);
        Ok(own
            .map(|((_, day, part), ids)| Seen { day: *day, part: *part, ids: ids.clone() })
            .collect())
    }

    fn swept(&self) -> Result<i64, StoreError> {
        Ok(self.0.borrow().swept)
    }

    #[expect(clippy::too_many_lines, reason = "a table after the other")]
    fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut rows = self.0.borrow_mut();
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
            Some(Unwanted::Naming(id)) => rows.refusals.retain(|refusal| {
                refusal.told.as_ref().is_none_or(|(_, event)| !event.contains(id))
            }),
        }
        Ok(())
    }

    fn is_erased(&self, visitor: &str) -> Result<bool, StoreError> {
        Ok(self.0.borrow().erased.contains(&fnv1a64(visitor.as_bytes())))
    }

    fn node(&self, key: &str) -> Result<Option<Node>, StoreError> {
        Ok(self.0.borrow().nodes.get(key).cloned())
    }

    fn is_pending(&self) -> Result<bool, StoreError> {
        Ok(!self.outbox(1)?.is_empty() || !self.unsettled(1)?.is_empty())
    }

    fn is_member(&self, root: &str, key: &str) -> Result<bool, StoreError> {
        Ok(self.0.borrow().members.contains(&(root.to_owned(), key.to_owned())))
    }

    fn members(&self, root: &str) -> Result<Vec<String>, StoreError> {
        let rows = self.0.borrow();
        Ok(rows.members.iter().filter(|(of, _)| of == root).map(|(_, key)| key.clone()).collect())
    }

    fn leading_to(&self, key: &str) -> Result<Vec<String>, StoreError> {
        let rows = self.0.borrow();
        Ok(rows.leads.iter().filter(|(to, _)| to == key).map(|(_, key)| key.clone()).collect())
    }

    fn outbox(&self, most: u32) -> Result<Vec<Posted>, StoreError> {
        let rows = self.0.borrow();
        let posts = rows.outbox.iter().take(most as usize);
        Ok(posts
            .map(|(seq, (_, key, message))| Posted {
                seq: *seq,
                key: key.clone(),
                message: message.clone(),
            })
            .collect())
    }

    fn unsettled(&self, most: u32) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = self.0.borrow();
        let nodes = rows.nodes.values().filter(|node| node.turn != node.settled);
        Ok(nodes.take(most as usize).map(|node| (node.key.clone(), node.turn)).collect())
    }

    fn refusals(&self) -> Result<Vec<Refusal>, StoreError> {
        Ok(self.0.borrow().refusals.clone())
    }

    fn drainage(&self) -> Result<Drainage, StoreError> {
        Ok(self.0.borrow().drainage)
    }

    fn graves(&self, most: u32) -> Result<Vec<Grave>, StoreError> {
        Ok(self.0.borrow().graves.iter().take(most as usize).cloned().collect())
    }

    fn has_sum(&self, counted: &Counted) -> Result<bool, StoreError> {
        Ok(self.0.borrow().sums.contains_key(counted))
    }

    fn sums_of_day(&self, day: i64) -> Result<u64, StoreError> {
        Ok(self.0.borrow().sums.keys().filter(|counted| counted.day == day).count() as u64)
    }

    fn sums(&self, after: u64, _: u32) -> Result<Vec<TallyRow>, StoreError> {
        let rows = self.0.borrow();
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

    fn imported(&self, source: u16, slot: u16) -> Result<u64, StoreError> {
        Ok(self.0.borrow().imported.get(&(slot, source)).copied().unwrap_or_default())
    }

    fn unseen(&self, since: Timestamp, most: u32) -> Result<Vec<String>, StoreError> {
        let rows = self.0.borrow();
        let old = rows.updated.iter().filter(|(_, updated)| **updated < since);
        let here = old.filter(|(id, _)| matches!(rows.profiles.get(*id), Some(Profile::Here(..))));
        Ok(here.take(most as usize).map(|(id, _)| id.clone()).collect())
    }

    fn is_unseen(&self, visitor: &str, since: Timestamp) -> Result<bool, StoreError> {
        let rows = self.0.borrow();
        let is_here = matches!(rows.profiles.get(visitor), Some(Profile::Here(..)));
        Ok(!is_here || rows.updated.get(visitor).is_none_or(|updated| *updated < since))
    }

    fn visitors(&self, after: &str, most: u32) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let rows = self.0.borrow();
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
        let rows = self.0.borrow();
        let wanted = rows.batches.iter().filter(|batch| {
            batch.seq > after && marker.is_none_or(|marker| batch.markers.contains(&marker))
        });
        Ok(wanted.take(most as usize).cloned().collect())
    }

    fn newest_batch(&self) -> Result<u64, StoreError> {
        Ok(self.0.borrow().stored)
    }

    fn health(&self) -> Result<Health, StoreError> {
        let counters = self.counters()?;
        let rows = self.0.borrow();
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
        let rows = self.0.borrow();
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
        })
    }
}

#[derive(Debug, Default)]
struct Registry {
    packs: RefCell<Vec<(PackRow, PackParts)>>,
    log: RefCell<Vec<Activation>>,
    feed: RefCell<(Feed, BTreeMap<String, FeedRow>)>,
    /// The last made last.
    derived: RefCell<Vec<(Derived, Option<PackParts>)>>,
    deeds: RefCell<Vec<Deed>>,
    counts: RefCell<BTreeMap<String, u64>>,
    used: RefCell<BTreeMap<String, (i64, u64)>>,
}

impl RegistryStore for Registry {
    fn pack(&self, hash: PackHash) -> Result<Option<PackRow>, StoreError> {
        let packs = self.packs.borrow();
        Ok(packs.iter().find(|(row, _)| row.hash == hash).map(|(row, _)| row.clone()))
    }

    fn packs(&self) -> Result<Vec<PackRow>, StoreError> {
        Ok(self.packs.borrow().iter().rev().map(|(row, _)| row.clone()).collect())
    }

    fn put(&self, row: &PackRow, parts: &PackParts) -> Result<(), StoreError> {
        self.packs.borrow_mut().push((row.clone(), parts.clone()));
        Ok(())
    }

    fn part(&self, hash: PackHash, part: Part) -> Result<Option<Vec<u8>>, StoreError> {
        let packs = self.packs.borrow();
        let derived = self.derived.borrow();
        let published = packs.iter().map(|(row, parts)| (row.hash, parts));
        let derived = derived.iter().filter_map(|(made, parts)| Some((made.hash, parts.as_ref()?)));
        Ok(published.chain(derived).find(|(of, _)| *of == hash).map(|(_, parts)| match part {
            Part::Source => parts.source.clone(),
            Part::Program => parts.program.clone(),
            Part::Page => parts.page.clone(),
        }))
    }

    fn replace(&self, hash: PackHash, parts: &PackParts) -> Result<(), StoreError> {
        let mut packs = self.packs.borrow_mut();
        let kept = packs.iter_mut().filter(|(row, _)| row.hash == hash);
        kept.for_each(|(_, kept)| kept.clone_from(parts));
        Ok(())
    }

    fn activations(&self, most: u32) -> Result<Vec<Activation>, StoreError> {
        Ok(self.log.borrow().iter().rev().take(most as usize).cloned().collect())
    }

    fn activate(&self, activation: &Activation) -> Result<(), StoreError> {
        self.log.borrow_mut().push(activation.clone());
        Ok(())
    }

    fn count(&self, counts: &[(String, u64)]) -> Result<(), StoreError> {
        for (name, count) in counts {
            *self.counts.borrow_mut().entry(name.clone()).or_default() += count;
        }
        Ok(())
    }

    fn counts(&self) -> Result<Vec<(String, u64)>, StoreError> {
        Ok(self.counts.borrow().clone().into_iter().collect())
    }

    fn count_used(&self, key: &str, day: i64, events: u64) -> Result<u64, StoreError> {
        let mut used = self.used.borrow_mut();
        let (counted, sum) = used.entry(key.to_owned()).or_default();
        *sum = if *counted == day { *sum } else { 0 } + events;
        *counted = day;
        Ok(*sum)
    }

    fn note(&self, deed: &Deed) -> Result<(), StoreError> {
        self.deeds.borrow_mut().push(deed.clone());
        Ok(())
    }

    fn deeds(&self, before: Option<u64>, most: u32) -> Result<Vec<(u64, Deed)>, StoreError> {
        let deeds = self.deeds.borrow();
        let numbered = (1..).zip(deeds.iter().cloned()).collect::<Vec<_>>();
        let wanted = numbered.into_iter().rev().filter(|(n, _)| before.is_none_or(|end| *n < end));
        Ok(wanted.take(most as usize).collect())
    }

    fn feed(&self) -> Result<Feed, StoreError> {
        Ok(self.feed.borrow().0)
    }

    fn feed_row(&self, key: &str) -> Result<Option<FeedRow>, StoreError> {
        Ok(self.feed.borrow().1.get(key).cloned())
    }

    fn feed_rows(&self) -> Result<Vec<FeedRow>, StoreError> {
        Ok(self.feed.borrow().1.values().cloned().collect())
    }

    fn put_feed(&self, rows: &[FeedRow], feed: &Feed) -> Result<(), StoreError> {
        let mut kept = self.feed.borrow_mut();
        kept.0 = *feed;
        kept.1.extend(rows.iter().map(|row| (row.key.clone(), row.clone())));
        Ok(())
    }

    fn drop_feed(&self, feed: &Feed) -> Result<(), StoreError> {
        *self.feed.borrow_mut() = (*feed, BTreeMap::new());
        Ok(())
    }

    fn derived(&self, pack: PackHash) -> Result<Option<Derived>, StoreError> {
        let derived = self.derived.borrow();
        Ok(derived.iter().rev().map(|(made, _)| made).find(|made| made.pack == pack).cloned())
    }

    fn put_derived(
        &self,
        derived: &Derived,
        parts: Option<&PackParts>,
        before: Timestamp,
    ) -> Result<(), StoreError> {
        let mut all = self.derived.borrow_mut();
        all.push((derived.clone(), parts.cloned()));
        let last = all.len().saturating_sub(2);
        let old: Vec<_> = all.drain(..last).collect();
        let kept = old.into_iter().filter(|(made, _)| made.at >= before);
        let kept: Vec<_> = kept.chain(all.drain(..)).collect();
        *all = kept;
        Ok(())
    }

    fn drop_derived(&self, hash: PackHash) -> Result<(), StoreError> {
        self.derived.borrow_mut().retain(|(made, _)| made.hash != hash);
        Ok(())
    }
}

/// An isolate of the worker over a host in memory.
pub struct World {
    pub host: Memory,
    pub config: Config,
    pub packs: PackCache,
    pub isolate: Isolate,
}

const TOKEN_KEYS: &str =
    r#"[{"id":"site","alg":"HS256","secret":"a secret of the site's own server"}]"#;

/// 2026-03-01T00:00:00Z
pub const START: Timestamp = Timestamp(1_772_323_200_000);

impl World {
    pub fn new() -> Self {
        let config = Config::read(|name| {
            let value = match name {
                "WRITE_KEYS" => {
                    r#"[{"key":"w","basis":"browser"},{"key":"s","basis":"server"},
                    {"key":"o","basis":"browser","origins":["https://shop.example"]},
                    {"key":"ten","basis":"server","daily":10}]"#
                }
                "COOKIE_KEYS" => r#"[{"id":"k1","secret":"a secret of some length"}]"#,
                // Of "token".
                "ADMIN_TOKEN_SHA256" => {
                    "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0"
                }
                // Of "viewer".
                "VIEWER_TOKEN_SHA256" => {
                    "d35ca5051b82ffc326a3b0b6574a9a3161dee16b9478a199ee39cd803ce5b799"
                }
                // Of "publisher".
                "ADMIN_TOKENS" => {
                    r#"[{"name":"ci","role":"publisher",
                    "sha256":"4f03a060b7eb032972dcb327f2c989b14d5e73c35b3d5928a6f875ca39c159ba"}]"#
                }
                "SHARD_OBJECTS" => "4",
                "USER_TOKEN_KEYS" => TOKEN_KEYS,
                "PUBLIC_URL" => "https://edge.example",
                "WEBHOOKS" => {
                    r#"[{"name":"MAIL","hosts":["api.mail.example"],"headers":{"Authorization":"Bearer abc"},
                    "secret":"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}]"#
                }
                _ => return None,
            };
            Some(value.to_owned())
        });
        let host = Memory::default();
        host.now.set(START);
        Self {
            host,
            config: config.unwrap(),
            packs: PackCache::default(),
            isolate: Isolate::default(),
        }
    }

    pub fn edge(&self) -> Edge<'_, Memory> {
        Edge { host: &self.host, config: &self.config, packs: &self.packs, isolate: &self.isolate }
    }

    /// The plan for a page, as JSON; nothing for one that stays as it is.
    pub fn page(&self, page: &PageRequest) -> Option<Json> {
        match plan(&self.edge(), page).now_or_never().unwrap().unwrap() {
            Plan::Unchanged => None,
            Plan::Redirect { to, cookie } => Some(json!({ "redirect": to, "cookie": cookie })),
            Plan::Personal(own) => Some(json!({
                "slots": serde_json::from_str::<Json>(&own.slots).unwrap(),
                "remote": own.remote.as_ref().map(|text| serde_json::from_str::<Json>(text).unwrap()),
                "decision": own.decision, "tag": own.tag, "variant": own.variant, "cookie": own.cookie,
            })),
        }
    }

    pub fn ask(&self, request: &Request) -> Response {
        let response = self.edge().handle(request).now_or_never().unwrap();
        contract::holds(request, &response);
        response
    }

    pub fn post(&self, path: &str, authorization: &str, body: &Json) -> (u16, Json) {
        let request = Request::new(Method::Post, &format!("https://edge.example{path}"))
            .with_header("Authorization", authorization)
            .with_body(body.to_string());
        read(&self.ask(&request))
    }

    pub fn get(&self, path: &str) -> (u16, Json) {
        self.get_as(OPERATOR, path)
    }

    pub fn get_as(&self, who: &str, path: &str) -> (u16, Json) {
        let request = Request::new(Method::Get, &format!("https://edge.example{path}"))
            .with_header("Authorization", who);
        read(&self.ask(&request))
    }

    /// Makes a pack the active one; gives its hash.
    pub fn publish(&self, pack: &Json) -> String {
        let request = Request::new(Method::Put, "https://edge.example/admin/v1/packs")
            .with_header("Authorization", OPERATOR)
            .with_body(pack.to_string());
        let (status, put) = read(&self.ask(&request));
        assert_eq!(status, 201, "{put}");
        let hash = put["hash"].as_str().unwrap().to_owned();
        let path = format!("/admin/v1/packs/{hash}/activate");
        assert_eq!(self.post(&path, OPERATOR, &Json::Null).0, 200);
        hash
    }

    /// The objects that were asked since the last time.
    pub fn asked(&self) -> BTreeSet<u16> {
        self.host.asked.take().into_iter().collect()
    }
}

/// `s:` and `w:` of Basic authentication.
pub const SERVER: &str = "Basic czo=";
pub const BROWSER: &str = "Basic dzo=";
pub const OPERATOR: &str = "Bearer token";
pub const PUBLISHER: &str = "Bearer publisher";
pub const VIEWER: &str = "Bearer viewer";

fn read(response: &Response) -> (u16, Json) {
    (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
}

/// What happens to so many calls at most; a third of them go wrong.
pub fn faults(most: usize) -> impl Strategy<Value = Vec<Option<Fault>>> {
    let fault = prop_oneof![
        6 => Just(None),
        1 => Just(Some(Fault::Away)),
        1 => Just(Some(Fault::Refused)),
        1 => Just(Some(Fault::Unheard)),
    ];
    prop::collection::vec(fault, 0..most)
}

/// The numbers below one, each twice, in an order of no kind.
pub fn twice(numbers: usize, seed: u64) -> Vec<usize> {
    let mut queue: Vec<usize> = (0..numbers).chain(0..numbers).collect();
    let mut random = seed;
    for at in (1..queue.len()).rev() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        queue.swap(at, usize::try_from(random >> 33).unwrap() % (at + 1));
    }
    queue
}
