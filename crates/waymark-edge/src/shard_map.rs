//! Which Durable Object owns a visitor.

use waymark_model::fnv1a64;

/// Visitors hash to so many slots; slots, not visitors, are given to objects.
pub const SLOTS: u16 = 4_096;
/// Maps that came one after another.
const MOST_MAPS: usize = 16;

/// The slot of a visitor's key.
pub fn slot_of(visitor: &str) -> u16 {
    slot_of_mark(fnv1a64(visitor.as_bytes()))
}

/// The slot of a visitor, by the hash of their key.
pub fn slot_of_mark(mark: u64) -> u16 {
    u16::try_from(mark % u64::from(SLOTS)).unwrap_or_default()
}

/// Contiguous ranges of slots, one an object. A new map has a higher epoch; an object that has seen
/// it refuses an older one. A map knows those before it: where a slot is that has not come yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardMap {
    pub epoch: u64,
    /// How many objects each map had; zero after the last.
    counts: [u16; MOST_MAPS],
}

impl ShardMap {
    pub const DEFAULT: Self = Self::of(1, 16);

    const fn of(epoch: u64, objects: u16) -> Self {
        let mut counts = [0; MOST_MAPS];
        counts[0] = objects;
        Self { epoch, counts }
    }

    /// The last of several maps, by how many objects each has; the first has an epoch of `since`. `None` for no maps,
    /// too many of them, no objects, or more than there are slots.
    pub fn new(since: u64, objects: &[u16]) -> Option<Self> {
        let fits = (1..=MOST_MAPS).contains(&objects.len());
        if !fits || !objects.iter().all(|count| (1..=SLOTS).contains(count)) {
            return None;
        }
        let mut counts = [0; MOST_MAPS];
        counts[..objects.len()].copy_from_slice(objects);
        Some(Self { epoch: since + objects.len() as u64 - 1, counts })
    }

    /// How many objects each of the maps has, from the first to this one.
    pub fn history(&self) -> &[u16] {
        let len = self.counts.iter().take_while(|count| **count > 0).count();
        &self.counts[..len]
    }

    /// The objects of this map.
    pub fn objects(self) -> u16 {
        self.history().last().copied().unwrap_or(1)
    }

    /// The objects that have, or had, slots.
    pub fn all_objects(self) -> u16 {
        self.history().iter().copied().max().unwrap_or(1)
    }

    /// The objects of the first map, which had their slots without getting them from anybody.
    pub fn first_objects(self) -> u16 {
        self.counts[0]
    }

    pub fn object_of(self, slot: u16) -> u16 {
        owner(slot, self.objects())
    }

    pub fn first_object_of(self, slot: u16) -> u16 {
        owner(slot, self.first_objects())
    }

    /// Who had a slot before, the latest first.
    pub fn former_objects_of(self, slot: u16) -> Vec<u16> {
        let now = self.object_of(slot);
        let mut former = Vec::new();
        for count in self.history().iter().rev() {
            let object = owner(slot, *count);
            if object != now && !former.contains(&object) {
                former.push(object);
            }
        }
        former
    }

    pub fn object_of_visitor(self, visitor: &str) -> u16 {
        self.object_of(slot_of(visitor))
    }

    /// The name by which the runtime knows an object.
    pub fn name(object: u16) -> String {
        format!("s-{object}")
    }
}

fn owner(slot: u16, objects: u16) -> u16 {
    let number = u32::from(slot % SLOTS) * u32::from(objects) / u32::from(SLOTS);
    u16::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{SLOTS, ShardMap};

    #[test]
    fn every_object_owns_one_run_of_slots_of_nearly_the_same_length() {
        for objects in [1, 3, 16, 100, SLOTS] {
            let map = ShardMap::new(1, &[objects]).unwrap();
            let owners: Vec<u16> = (0..SLOTS).map(|slot| map.object_of(slot)).collect();
            assert!(owners.is_sorted());
            let lengths: Vec<usize> = owners.chunk_by(|a, b| a == b).map(<[u16]>::len).collect();
            assert_eq!(lengths.len(), usize::from(objects));
            assert!(lengths.iter().max().unwrap() - lengths.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn a_map_has_an_object_and_no_more_than_slots() {
        assert_eq!(ShardMap::new(1, &[]), None);
        assert_eq!(ShardMap::new(1, &[16, 0]), None);
        assert_eq!(ShardMap::new(1, &[SLOTS + 1]), None);
        assert_eq!(ShardMap::new(1, &[1; 17]), None);
    }

    #[test]
    fn a_map_knows_those_before_it() {
        let map = ShardMap::new(3, &[4, 8, 2]).unwrap();
        assert_eq!((map.epoch, map.objects(), map.all_objects()), (5, 2, 8));
        let last = SLOTS - 1;
        assert_eq!((map.object_of(last), map.first_object_of(last)), (1, 3));
        assert_eq!(map.former_objects_of(last), [7, 3]);
        assert!(map.former_objects_of(0).is_empty());
    }
}
