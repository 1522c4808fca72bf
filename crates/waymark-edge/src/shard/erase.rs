//! Forgetting a visitor: the profile, the ids of their messages, and their events out of the batches that
//! they came in.

use waymark_model::{Reader, Timestamp, Writer, fnv1a64};

use crate::ports::{Batch, Erasure, ShardStore, StoreError};
use crate::protocol::{Incoming, ShardTold};

/// Batches that one call rewrites, about a megabyte each at most.
const PAGE_BATCHES: u32 = 16;

pub fn erase<S: ShardStore>(
    store: &S,
    visitor: &str,
    at: Timestamp,
) -> Result<ShardTold, StoreError> {
    let marker = fnv1a64(visitor.as_bytes());
    let page = store.batches(0, Some(marker), PAGE_BATCHES)?;
    let more = page.len() == PAGE_BATCHES as usize;
    let mut events = 0;
    let mut remains = Vec::with_capacity(page.len());
    for batch in &page {
        let rest = without(batch, visitor)?;
        events += batch.events - rest.events;
        remains.push(rest);
    }
    store.erase(&Erasure { visitor: visitor.to_owned(), at, remains })?;
    Ok(ShardTold::Erased { events, more })
}

/// The batch with the others' events.
fn without(batch: &Batch, visitor: &str) -> Result<Batch, StoreError> {
    let mut input = Reader::new(&batch.body);
    let (mut body, mut markers, mut events) = (Writer::default(), Vec::new(), 0);
    while input.remaining() > 0 {
        let event = Incoming::read(&mut input);
        input.check().map_err(|error| {
            StoreError(format!("The batch {} cannot be read: {error}.", batch.seq))
        })?;
        if event.visitor != visitor {
            event.write(&mut body);
            markers.push(fnv1a64(event.visitor.as_bytes()));
            events += 1;
        }
    }
    markers.sort_unstable();
    markers.dedup();
    let &Batch { seq, received, duplicates, .. } = batch;
    Ok(Batch { seq, received, events, duplicates, markers, body: body.into_bytes() })
}
