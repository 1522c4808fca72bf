//! What is done to visitors because time has passed: the actions of triggers and journeys, and tasks that are late.

use waymark_engine::program::Act;
use waymark_engine::{Acted, Context, State};
use waymark_model::{Event, Purposes, Span, Timestamp, Value, fnv1a64};
use waymark_wire::{Basis, consent_in, zoned};

use super::Desk;
use super::dedupe::SeenIds;
use super::read::{self, Whose};
use super::receive::packed;
use crate::identity::{CLAIM, CLAIMED_USER};
use crate::letters::{Fate, KEPT, Letter, Task};
use crate::ports::{Commit, ShardStore, StoreError};
use crate::protocol::{Incoming, ShardTold};
use crate::shard_map::slot_of;

/// Profiles, letters and tasks of one call.
const AT_ONCE: u32 = 50;
pub const LETTERS: u32 = 16;
/// A profile that was looked at is not looked at again before this.
const PAUSE: Span = Span(Span::SECOND.0);

impl<S: ShardStore> Desk<'_, S> {
    /// Looks at those whose time has come.
    pub fn act(&self, at: Timestamp) -> Result<ShardTold, StoreError> {
        let mut commit = Commit { posted: at, ..Commit::default() };
        commit.postings.before = Some(at.minus(KEPT));
        let mut looked = 0;
        for key in self.store.due_visitors(at, AT_ONCE)? {
            if self.holds(slot_of(&key)) {
                self.look_at(&mut commit, &key, at)?;
                looked += 1;
            }
        }
        for task in self.store.due_tasks(at, AT_ONCE)? {
            looked += 1;
            commit.postings.letters.extend(escalation(&task, at));
            commit.postings.tasks.push(Task { late: true, ..task });
        }
        self.store.commit(&commit)?;
        let pending = self.store.is_pending()?;
        Ok(ShardTold::Acted { looked, pending, due: self.store.next_due()? })
    }

    fn look_at(&self, commit: &mut Commit, key: &str, at: Timestamp) -> Result<(), StoreError> {
        let (mut state, counted) = self.state_of(key)?;
        self.engine.advance(&mut state, at);
        if self.engine.edge_due(&state) <= at {
            let consent = self.consent_of(key, &state)?;
            let context = zoned(Context { consent, ..Context::default() }, None, &state, at);
            let acted = self.engine.act_at_edge(&mut state, &context, at);
            self.note(commit, key, &acted, at)?;
        }
        let due = self.due_of(key, &state).map(|due| due.max(at.plus(PAUSE)));
        let updated = self.store.visitor(key)?.map_or(at, |row| row.updated);
        self.keep_state(commit, key, &counted, &state, at);
        if let Some(row) = commit.visitors.last_mut() {
            // Nobody has heard of them.
            (row.due, row.updated) = (due, updated);
        }
        Ok(())
    }

    /// When a profile is to be looked at, though nothing happens. Of what is only claimed nobody is sent anything.
    pub fn due_of(&self, key: &str, state: &State) -> Option<Timestamp> {
        let due = self.engine.edge_due(state);
        let is_claimed = key.starts_with(CLAIM) || key.starts_with(CLAIMED_USER);
        (due < Timestamp::MAX && !is_claimed).then_some(due)
    }

    /// Keeps actions as the events that they are, and what is to be sent because of them.
    fn note(
        &self,
        commit: &mut Commit,
        key: &str,
        acted: &[Acted],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let mut seen = SeenIds::new(self.store.seen(key)?, at);
        let mut stored = Vec::new();
        for Acted { event, .. } in acted {
            if !seen.insert(fnv1a64(event.id.as_bytes())) {
                continue;
            }
            let bytes = event.encode();
            commit.postings.letters.extend(letter(key, event, &bytes, at));
            commit.postings.tasks.extend(task(key, event, &bytes, at));
            stored.push(Incoming {
                visitor: key.to_owned(),
                basis: Basis::Server,
                user: None,
                previous: Vec::new(),
                event: bytes,
            });
        }
        let stored: Vec<&Incoming> = stored.iter().collect();
        commit.batches.extend(packed(&stored, at, 0));
        commit.seen.extend(seen.changed().map(|row| (key.to_owned(), row)));
        Ok(())
    }

    /// What the person has last said of consent. A server's events that say nothing assert it.
    pub fn consent_of(&self, key: &str, state: &State) -> Result<Purposes, StoreError> {
        let said = |event: &Event| consent_in(&event.context).ok().flatten();
        if let Some(consent) = state.recent().rev().find_map(said) {
            return Ok(consent);
        }
        let mut latest = None;
        let members = self.store.members(key)?;
        let copies = members.iter().map(|member| Whose::Copies { root: key, key: member });
        for whose in std::iter::once(Whose::Own(key)).chain(copies) {
            read::each_event(&*self.store, whose, 0, u64::MAX, |stored| {
                let Ok(event) = Event::decode(&stored.event.event) else { return };
                if let Some(consent) = said(&event)
                    && latest.as_ref().is_none_or(|(before, _)| *before < event.key())
                {
                    latest = Some((event.key(), consent));
                }
            })?;
        }
        Ok(latest.map_or(Purposes::ALL, |(_, consent)| consent))
    }

    pub fn letters(&self, at: Timestamp) -> Result<ShardTold, StoreError> {
        Ok(ShardTold::Letters(self.store.due_letters(at, LETTERS)?))
    }

    /// Notes what became of letters.
    pub fn posted(&self, fates: &[(String, Fate)]) -> Result<ShardTold, StoreError> {
        let mut commit = Commit::default();
        for (id, fate) in fates {
            let Some(letter) = self.store.letter(id)? else { continue };
            let tries = letter.tries + 1;
            match fate.clone() {
                Fate::Gone => commit.postings.gone.push(id.clone()),
                Fate::Again(due, why) => {
                    let failed = Some(why);
                    commit.postings.letters.push(Letter { due, tries, failed, ..letter });
                }
                Fate::Dead(why) => {
                    let failed = Some(why);
                    commit.postings.letters.push(Letter { tries, failed, dead: true, ..letter });
                }
            }
        }
        self.store.commit(&commit)?;
        self.done()
    }

    /// Dead letters are tried again, or dropped: these, or all up to so many.
    pub fn revive(
        &self,
        ids: Option<&[String]>,
        at: Timestamp,
        again: bool,
    ) -> Result<ShardTold, StoreError> {
        let letters = match ids {
            None => self.store.dead_letters("", u32::MAX)?,
            Some(ids) => {
                let found = ids.iter().map(|id| self.store.letter(id));
                found.filter_map(Result::transpose).collect::<Result<_, _>>()?
            }
        };
        let mut commit = Commit::default();
        let mut count = 0;
        for letter in letters.into_iter().filter(|letter| letter.dead) {
            count += 1;
            if again {
                let anew = Letter { at, due: at, tries: 0, dead: false, ..letter };
                commit.postings.letters.push(anew);
            } else {
                commit.postings.gone.push(letter.id);
            }
        }
        self.store.commit(&commit)?;
        Ok(ShardTold::Count(count))
    }

    /// Tasks that were done; gives how many of them were open here.
    pub fn complete(&self, ids: &[String], at: Timestamp) -> Result<ShardTold, StoreError> {
        let mut commit = Commit::default();
        for id in ids {
            let task = self.store.task(id)?.filter(|task| task.done.is_none());
            commit.postings.tasks.extend(task.map(|task| Task { done: Some(at), ..task }));
        }
        let count = commit.postings.tasks.len() as u64;
        self.store.commit(&commit)?;
        Ok(ShardTold::Count(count))
    }
}

fn text<'e>(event: &'e Event, name: &str) -> Option<&'e str> {
    event.properties.get(name).and_then(Value::as_text)
}

/// An action's id is one among its visitor's; other servers hear of all visitors.
fn id_of(key: &str, event: &Event) -> String {
    format!("{}-{:016x}", event.id, fnv1a64(key.as_bytes()))
}

/// What is to be sent for an action, if something is.
fn letter(key: &str, event: &Event, bytes: &[u8], at: Timestamp) -> Option<Letter> {
    let destination = text(event, "destination_id").filter(|_| event.name != Act::CONTENT)?;
    Some(Letter {
        id: id_of(key, event),
        key: key.to_owned(),
        destination: destination.to_owned(),
        at,
        due: at,
        tries: 0,
        event: bytes.to_vec(),
        overdue: false,
        failed: None,
        dead: false,
    })
}

fn task(key: &str, event: &Event, bytes: &[u8], at: Timestamp) -> Option<Task> {
    let due = text(event, Act::DUE)?.parse().ok()?;
    Some(Task {
        id: id_of(key, event),
        key: key.to_owned(),
        destination: text(event, "destination_id")?.to_owned(),
        escalate: text(event, Act::ESCALATE).map(str::to_owned),
        at,
        due: at.plus(Span(due)),
        event: bytes.to_vec(),
        late: false,
        done: None,
    })
}

/// Tells whoever is to hear of it that a task is late.
fn escalation(task: &Task, at: Timestamp) -> Option<Letter> {
    Some(Letter {
        id: format!("{}-late", task.id),
        key: task.key.clone(),
        destination: task.escalate.clone()?,
        at,
        due: at,
        tries: 0,
        event: task.event.clone(),
        overdue: true,
        failed: None,
        dead: false,
    })
}
