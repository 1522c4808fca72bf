//! Profiles from events: those of an id, and of all ids that have joined it.

use waymark_engine::State;
use waymark_model::{Event, Timestamp};

use super::{Desk, read};
use crate::messages::Message;
use crate::ports::{Commit, Profile, ShardStore, StoreError, VisitorRow};
use crate::protocol::Incoming;
use crate::shard_map::slot_of;

impl<S: ShardStore> Desk<'_, S> {
    /// Takes new events of an id into its profile, here or where that is.
    pub fn grow<'e>(
        &self,
        commit: &mut Commit,
        key: &str,
        received: Timestamp,
        items: &[&Incoming],
        events: impl Iterator<Item = &'e Event>,
    ) -> Result<(), StoreError> {
        if let Some(Profile::PartOf(root)) = self.store.profile(key)? {
            let events = items.iter().map(|item| (*item).clone()).collect();
            commit.post(&Message::Share { root, key: key.to_owned(), received, events });
            return Ok(());
        }
        let mut state = self.state_of(key)?;
        for event in events {
            self.engine.apply(&mut state, event);
        }
        commit.visitors.push(self.row(key, &state, received));
        Ok(())
    }

    /// The state of a profile that is here. One that cannot be read any more is folded again.
    pub fn state_of(&self, key: &str) -> Result<State, StoreError> {
        match self.store.profile(key)? {
            None | Some(Profile::PartOf(_)) => Ok(self.engine.new_state()),
            Some(Profile::Here(bytes)) => match self.engine.read_state(&bytes) {
                Ok(state) => Ok(state),
                Err(_) => self.refolded(key, &self.store.members(key)?, &[]),
            },
        }
    }

    /// A profile anew from all of its events.
    pub fn refolded(
        &self,
        root: &str,
        members: &[String],
        former: &[State],
    ) -> Result<State, StoreError> {
        let mut events = Vec::new();
        for key in std::iter::once(root).chain(members.iter().map(String::as_str)) {
            read::each_event(self.store, Some(key), 0, u64::MAX, |stored| {
                events.extend(Event::decode(&stored.event.event));
            })?;
        }
        Ok(self.engine.refolded(events, former))
    }

    pub fn row(&self, key: &str, state: &State, updated: Timestamp) -> VisitorRow {
        let profile = Profile::Here(self.engine.write_state(state));
        let (id, slot) = (key.to_owned(), slot_of(key));
        VisitorRow { id, slot, profile, seq: state.seq, updated }
    }
}
