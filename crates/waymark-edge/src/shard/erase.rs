//! Forgetting a visitor: the profile, the ids of their messages, and their events out of the batches that
//! they came in.

use waymark_model::{Event, Timestamp, Writer, fnv1a64};

use super::{Desk, read};
use crate::messages::Message;
use crate::ports::{
    Batch, Commit, Drainage, Erased, Node, Origin, Profile, ShardStore, StoreError,
};
use crate::protocol::ShardTold;
use crate::tally::{Standing, day_of};

impl<S: ShardStore> Desk<'_, S> {
    /// As many batches as one call may rewrite, about a megabyte each at most.
    pub fn erase(
        &self,
        visitor: &str,
        at: Timestamp,
        unseen: Option<Timestamp>,
        lake: bool,
    ) -> Result<ShardTold, StoreError> {
        let store = self.store;
        if let Some(since) = unseen
            && !store.is_unseen(visitor, since)?
        {
            return Ok(ShardTold::Erased { events: 0, more: false, pending: false });
        }
        let for_good = unseen.is_none();
        let marker = fnv1a64(visitor.as_bytes());
        let page = store.batches(0, Some(marker), read::PAGE_BATCHES)?;
        let more = page.len() == read::PAGE_BATCHES as usize;
        let mut commit = Commit {
            erased: Some(Erased { visitor: visitor.to_owned(), at, wholly: !more, for_good }),
            posted: at,
            ..Commit::default()
        };
        let Drainage { drained, .. } = store.drainage()?;
        let mut events = 0;
        for batch in &page {
            let rest = without(batch, visitor)?;
            events += batch.events - rest.events;
            commit.remains.push(rest);
            // What is long ago has happened nevertheless.
            if for_good && is_counted(batch, drained) {
                read::events_in(batch, |item| {
                    if item.visitor == visitor
                        && let Ok(event) = Event::decode(&item.event)
                    {
                        commit.tallies.event(&event, -1);
                    }
                })?;
            }
        }
        if let Some(Profile::Here(_, counted)) = store.profile(visitor)? {
            commit.tallies.moves(day_of(at), &counted, &Standing::default());
        }
        // Whatever this object knows of it: it may have begun anew, and the lake have what it lost.
        if for_good && lake {
            commit.grave = Some((visitor.to_owned(), at));
        }
        if !more {
            // Copies of what other ids told; nobody will come for them once it is not known whose they were.
            for member in &store.members(visitor)? {
                commit.remains.extend(self.without_copies(visitor, member)?);
            }
            if let Some(node) = store.node(visitor)? {
                let key = || visitor.to_owned();
                if let Some(link) = node.link {
                    commit.post(&Message::Leads { to: link.to, from: key(), does: false });
                }
                if node.root != visitor {
                    commit.post(&Message::Leave { root: node.root, key: key() });
                }
            }
        }
        self.bound(&mut commit)?;
        store.commit(&commit)?;
        let pending = !commit.posts.is_empty();
        Ok(ShardTold::Erased { events, more, pending })
    }

    /// Ids that are the same person's: those whose events are in this one's profile, those that lead to it, and the one
    /// that has its own.
    pub fn kin(&self, key: &str) -> Result<Vec<String>, StoreError> {
        let mut kin = self.store.members(key)?;
        kin.extend(self.store.leading_to(key)?);
        if let Some(Node { root, link, .. }) = self.store.node(key)? {
            kin.extend(link.map(|link| link.to));
            kin.push(root);
        }
        kin.retain(|other| other != key);
        Ok(kin)
    }
}

/// Whether reports have heard of the events in a batch.
fn is_counted(batch: &Batch, drained: u64) -> bool {
    match batch.origin {
        Origin::Sent => batch.seq <= drained,
        Origin::Copied => false,
        Origin::Restored => true,
    }
}

/// The batch with the others' events.
pub fn without(batch: &Batch, visitor: &str) -> Result<Batch, StoreError> {
    let (mut body, mut markers, mut events) = (Writer::default(), Vec::new(), 0);
    read::events_in(batch, |event| {
        if event.visitor != visitor {
            event.write(&mut body);
            markers.push(fnv1a64(event.visitor.as_bytes()));
            events += 1;
        }
    })?;
    markers.sort_unstable();
    markers.dedup();
    let &Batch { seq, received, duplicates, origin, .. } = batch;
    Ok(Batch { seq, received, events, duplicates, markers, body: body.into_bytes(), origin })
}
