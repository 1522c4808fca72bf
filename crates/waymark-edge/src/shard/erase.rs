//! Forgetting a visitor: the profile, the ids of their messages, and their events out of the batches that
//! they came in.

use waymark_model::{Event, Timestamp, Writer, fnv1a64};

use super::{Desk, read};
use crate::messages::Message;
use crate::ports::{Batch, Commit, Drainage, Erased, Origin, Profile, ShardStore, StoreError};
use crate::protocol::ShardTold;
use crate::tally::{Standing, day_of};

impl<S: ShardStore> Desk<'_, S> {
    /// As many batches as one call may rewrite, about a megabyte each at most.
    pub fn erase(
        &self,
        visitor: &str,
        at: Timestamp,
        unseen: Option<Timestamp>,
    ) -> Result<ShardTold, StoreError> {
        let store = self.store;
        if let Some(since) = unseen
            && !store.is_unseen(visitor, since)?
        {
            return Ok(ShardTold::Erased {
                events: 0,
                more: false,
                others: Vec::new(),
                pending: false,
            });
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
        let Drainage { drained, range, .. } = store.drainage()?;
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
        // What came back from the lake is still there.
        let in_lake = range > 0 || page.iter().any(|batch| batch.origin == Origin::Restored);
        if for_good && in_lake {
            commit.grave = Some((visitor.to_owned(), at));
        }
        let mut others = Vec::new();
        if !more {
            others = store.members(visitor)?;
            // Copies of what other ids told; nobody will come for them once it is not known whose they were.
            for member in &others {
                commit.remains.extend(self.without_copies(visitor, member)?);
            }
            others.extend(store.leading_to(visitor)?);
            if let Some(node) = store.node(visitor)? {
                let key = || visitor.to_owned();
                if let Some(link) = node.link {
                    commit.post(&Message::Leads { to: link.to, from: key(), does: false });
                }
                if node.root != visitor {
                    commit.post(&Message::Leave { root: node.root.clone(), key: key() });
                    others.push(node.root);
                }
            }
        }
        self.bound(&mut commit)?;
        store.commit(&commit)?;
        let pending = !commit.posts.is_empty();
        Ok(ShardTold::Erased { events, more, others, pending })
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
