//! What a registry keeps, in memory.

use std::cell::RefCell;
use std::collections::BTreeMap;

use waymark_edge::ports::{
    Activation, Deed, Derived, Feed, FeedRow, PackParts, PackRow, Part, RegistryStore, StoreError,
};
use waymark_engine::PackHash;
use waymark_model::Timestamp;

#[derive(Debug, Default)]
pub struct Registry {
    pub packs: RefCell<Vec<(PackRow, PackParts)>>,
    log: RefCell<Vec<Activation>>,
    feed: RefCell<(Feed, BTreeMap<String, FeedRow>)>,
    /// The last made last.
    pub derived: RefCell<Vec<(Derived, Option<PackParts>)>>,
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
