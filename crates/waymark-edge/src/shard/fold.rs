//! Profiles from events: those of an id, and of all ids that have joined it.

use waymark_engine::{Applied, State};
use waymark_model::{Event, Timestamp};

use super::read::{self, Whose};
use super::receive::believed;
use super::{Desk, Grown};
use crate::messages::Message;
use crate::ports::{Commit, Profile, ShardStore, StoreError, VisitorRow};
use crate::protocol::{Incoming, ShardTold};
use crate::shard_map::slot_of;
use crate::tally::{Standing, day_of};

/// Events that are put in order before they are folded. Of a profile with more, the rest are taken in as they came.
const SORTED: usize = 50_000;

impl<S: ShardStore> Desk<'_, S> {
    /// Takes new events of an id into its profile, here or where that is. Gives the one that is here, as the commit
    /// will have it; `before` is how it is stored, if that is known.
    pub fn grow(
        &self,
        commit: &mut Commit,
        key: &str,
        received: Timestamp,
        events: Vec<(&Incoming, Event)>,
        before: Option<Grown>,
    ) -> Result<Option<Grown>, StoreError> {
        let (mut state, counted) = match before {
            Some(Grown { state, counted, .. }) => (state, counted),
            None => match self.store.profile(key)? {
                Some(Profile::PartOf(root)) => {
                    let events = events.iter().map(|(item, _)| (*item).clone()).collect();
                    commit.post(&Message::Share { root, key: key.to_owned(), received, events });
                    return Ok(None);
                }
                profile => self.known(key, profile)?,
            },
        };
        self.take_in(commit, &mut state, events);
        let (counted, bytes) = self.keep_state(commit, key, &counted, &state, received);
        Ok(Some(Grown { state, counted, bytes }))
    }

    /// Takes new events into a profile that is here.
    pub fn take_in(&self, commit: &mut Commit, state: &mut State, events: Vec<(&Incoming, Event)>) {
        for (item, event) in events {
            let event = believed(self.engine.program, item.basis, event);
            let was_late = self.engine.apply_owned(state, event).applied == Applied::Late;
            commit.late += u32::from(was_late);
        }
    }

    /// The state of a profile that is here, and what was counted of it.
    pub fn state_of(&self, key: &str) -> Result<(State, Standing), StoreError> {
        self.known(key, self.store.profile(key)?)
    }

    /// One that cannot be read any more is folded again.
    fn known(&self, key: &str, profile: Option<Profile>) -> Result<(State, Standing), StoreError> {
        match profile {
            None | Some(Profile::PartOf(_)) => Ok((self.engine.new_state(), Standing::default())),
            Some(Profile::Here(bytes, counted)) => match self.engine.read_state(&bytes) {
                Ok(state) => Ok((state, counted)),
                Err(_) => Ok((self.refolded(key, &self.store.members(key)?, &[])?, counted)),
            },
        }
    }

    /// Writes a profile again that could not be read.
    pub fn renew(&self, key: &str, at: Timestamp) -> Result<ShardTold, StoreError> {
        let (state, counted) = self.state_of(key)?;
        if state.seq > 0 {
            let mut commit = Commit { posted: at, ..Commit::default() };
            self.keep_state(&mut commit, key, &counted, &state, at);
            self.store.commit(&commit)?;
        }
        self.done()
    }

    /// A profile anew from all of its events.
    pub fn refolded(
        &self,
        root: &str,
        members: &[String],
        former: &[State],
    ) -> Result<State, StoreError> {
        let mut events = Vec::new();
        let (mut state, mut later) = (None, false);
        let copies = members.iter().map(|key| Whose::Copies { root, key });
        for whose in std::iter::once(Whose::Own(root)).chain(copies) {
            read::each_event(&*self.store, whose, 0, u64::MAX, |stored| {
                let bytes = &stored.event.event;
                later |= bytes.first().is_some_and(|format| *format > Event::FORMAT);
                let Ok(event) = Event::decode(bytes) else { return };
                let event = believed(self.engine.program, stored.event.basis, event);
                match &mut state {
                    Some(state) => drop(self.engine.apply_owned(state, event)),
                    None if events.len() < SORTED => events.push(event),
                    None => {
                        let events = std::mem::take(&mut events);
                        let state = state.insert(self.engine.refolded(events, former));
                        self.engine.apply_owned(state, event);
                    }
                }
            })?;
        }
        if later {
            let why = "A later release has stored events that this one does not know.";
            return Err(StoreError(why.to_owned()));
        }
        Ok(state.unwrap_or_else(|| self.engine.refolded(events, former)))
    }

    /// Writes a profile. Gives as what it is counted then, and how many bytes it has.
    pub fn keep_state(
        &self,
        commit: &mut Commit,
        key: &str,
        counted: &Standing,
        state: &State,
        updated: Timestamp,
    ) -> (Standing, usize) {
        let standing = Standing::of(self.engine.program, state);
        if standing != *counted {
            commit.tallies.moves(day_of(updated), counted, &standing);
        }
        let written = self.engine.write_state(state);
        let kept = (standing.clone(), written.len());
        let profile = Profile::Here(written, standing);
        let (id, slot, seq) = (key.to_owned(), slot_of(key), state.seq);
        let due = self.due_of(key, state);
        commit.visitors.push(VisitorRow { id, slot, profile, seq, updated, due });
        kept
    }
}
