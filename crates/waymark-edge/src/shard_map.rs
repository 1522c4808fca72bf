//! Which Durable Object owns a visitor.

use waymark_model::fnv1a64;

/// Visitors hash to so many slots; slots, not visitors, are given to objects.
pub const SLOTS: u16 = 4_096;

/// The slot of a visitor's key.
pub fn slot_of(visitor: &str) -> u16 {
    u16::try_from(fnv1a64(visitor.as_bytes()) % u64::from(SLOTS)).unwrap_or_default()
}

/// Contiguous ranges of slots, one an object. A new map has a higher epoch; an object that has seen
/// it refuses an older one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardMap {
    pub epoch: u64,
    objects: u16,
}

impl ShardMap {
    pub const DEFAULT: Self = Self { epoch: 1, objects: 16 };

    /// `None` for no objects, or more than there are slots.
    pub fn new(epoch: u64, objects: u16) -> Option<Self> {
        (1..=SLOTS).contains(&objects).then_some(Self { epoch, objects })
    }

    pub const fn objects(self) -> u16 {
        self.objects
    }

    pub fn object_of(self, slot: u16) -> u16 {
        let number = u32::from(slot % SLOTS) * u32::from(self.objects) / u32::from(SLOTS);
        u16::try_from(number).unwrap_or_default()
    }

    pub fn object_of_visitor(self, visitor: &str) -> u16 {
        self.object_of(slot_of(visitor))
    }

    /// The name by which the runtime knows an object.
    pub fn name(object: u16) -> String {
        format!("s-{object}")
    }
}

#[cfg(test)]
mod tests {
    use super::{SLOTS, ShardMap};

    #[test]
    fn every_object_owns_one_run_of_slots_of_nearly_the_same_length() {
        for objects in [1, 3, 16, 100, SLOTS] {
            let map = ShardMap::new(1, objects).unwrap();
            let owners: Vec<u16> = (0..SLOTS).map(|slot| map.object_of(slot)).collect();
            assert!(owners.is_sorted());
            let lengths: Vec<usize> = owners.chunk_by(|a, b| a == b).map(<[u16]>::len).collect();
            assert_eq!(lengths.len(), usize::from(objects));
            assert!(lengths.iter().max().unwrap() - lengths.iter().min().unwrap() <= 1);
        }
    }

    #[test]
    fn a_map_has_an_object_and_no_more_than_slots() {
        assert_eq!(ShardMap::new(1, 0), None);
        assert_eq!(ShardMap::new(1, SLOTS + 1), None);
    }
}
