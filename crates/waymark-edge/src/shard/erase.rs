//! Forgetting a visitor: the profile, the ids of their messages, and their events out of the batches that
//! they came in.

use waymark_model::{Event, Timestamp, Writer, fnv1a64};

use super::{Desk, day_of, read};
use crate::messages::Message;
use crate::ports::{Batch, Commit, Drainage, Erased, Profile, ShardStore, StoreError};
use crate::protocol::ShardTold;
use crate::tally::Standing;

impl<S: ShardStore> Desk<'_, S> {
    /// As many batches as one call may rewrite, about a megabyte each at most.
    pub fn erase(&self, visitor: &str, at: Timestamp) -> Result<ShardTold, StoreError> {
        let store = self.store;
        let marker = fnv1a64(visitor.as_bytes());
        let page = store.batches(0, Some(marker), read::PAGE_BATCHES)?;
        let more = page.len() == read::PAGE_BATCHES as usize;
        let mut commit = Commit {
            erased: Some(Erased { visitor: visitor.to_owned(), at, wholly: !more }),
            posted: at,
            ..Commit::default()
        };
        let Drainage { drained, range, .. } = store.drainage()?;
        let mut events = 0;
        for batch in &page {
            let rest = without(batch, visitor)?;
            events += batch.events - rest.events;
            commit.remains.push(rest);
            if batch.seq <= drained && !batch.copied {
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
        if !more && range > 0 {
            commit.grave = Some((visitor.to_owned(), at));
        }
        let mut others = Vec::new();
        if !more {
            others = store.members(visitor)?;
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
        store.commit(&commit)?;
        let pending = !commit.posts.is_empty();
        Ok(ShardTold::Erased { events, more, others, pending })
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
    let &Batch { seq, received, duplicates, copied, .. } = batch;
    Ok(Batch { seq, received, events, duplicates, markers, body: body.into_bytes(), copied })
}
