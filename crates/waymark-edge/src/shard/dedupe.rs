//! Which message ids of a visitor were received before.

use std::collections::{BTreeMap, BTreeSet};

use waymark_model::Timestamp;

use super::DEDUPE;
use crate::ports::Seen;
use crate::tally::day_of;

/// Ids in one row, so that a busy day's next event does not write the whole day again.
const PART_IDS: usize = 512;

/// A visitor's ids: those stored, and those of the request at hand.
pub struct SeenIds {
    today: i64,
    /// Stored, sorted.
    known: Vec<u64>,
    fresh: BTreeSet<u64>,
    /// The last row of today, and those begun since.
    open: BTreeMap<u32, Vec<u64>>,
    changed: BTreeSet<u32>,
}

impl SeenIds {
    pub fn new(rows: Vec<Seen>, received: Timestamp) -> Self {
        let today = day_of(received);
        let first = day_of(received.minus(DEDUPE));
        let mut ids = Self {
            today,
            known: Vec::new(),
            fresh: BTreeSet::new(),
            open: BTreeMap::new(),
            changed: BTreeSet::new(),
        };
        for row in rows {
            if row.day >= first {
                ids.known.extend(&row.ids);
            }
            if row.day == today {
                ids.open.insert(row.part, row.ids);
            }
        }
        ids.known.sort_unstable();
        while ids.open.len() > 1 {
            ids.open.pop_first();
        }
        ids
    }

    /// Whether the id is new. It is not any more.
    pub fn insert(&mut self, id: u64) -> bool {
        if self.known.binary_search(&id).is_ok() || !self.fresh.insert(id) {
            return false;
        }
        let part = match self.open.last_key_value() {
            None => 0,
            Some((part, ids)) if ids.len() >= PART_IDS => part + 1,
            Some((part, _)) => *part,
        };
        self.open.entry(part).or_default().push(id);
        self.changed.insert(part);
        true
    }

    /// The rows that are not as they were stored.
    pub fn changed(&mut self) -> impl Iterator<Item = Seen> {
        let changed = std::mem::take(&mut self.changed);
        let day = self.today;
        let open = &self.open;
        changed
            .into_iter()
            .filter_map(move |part| Some(Seen { day, part, ids: open.get(&part)?.clone() }))
    }
}

#[cfg(test)]
mod tests {
    use super::{PART_IDS, SeenIds};
    use crate::ports::Seen;
    use waymark_model::{Span, Timestamp};

    const NOW: Timestamp = Timestamp(20_000 * Span::DAY.0 + 5);

    #[test]
    fn an_id_is_remembered_for_two_weeks_of_receipt() {
        let row = |day| Seen { day, part: 0, ids: vec![7] };
        assert!(!SeenIds::new(vec![row(20_000)], NOW).insert(7));
        assert!(!SeenIds::new(vec![row(20_000 - 14)], NOW).insert(7));
        assert!(SeenIds::new(vec![row(20_000 - 15)], NOW).insert(7));
    }

    #[test]
    fn a_full_row_is_left_alone() {
        let full = Seen { day: 20_000, part: 3, ids: (0..PART_IDS as u64).collect() };
        let mut ids = SeenIds::new(vec![full], NOW);
        assert!(ids.insert(9_999));
        let changed: Vec<Seen> = ids.changed().collect();
        assert_eq!(changed, [Seen { day: 20_000, part: 4, ids: vec![9_999] }]);
        assert_eq!(ids.changed().count(), 0);
    }

    #[test]
    fn an_id_twice_in_a_request_counts_once() {
        let mut ids = SeenIds::new(Vec::new(), NOW);
        assert_eq!((ids.insert(1), ids.insert(1), ids.insert(2)), (true, false, true));
        assert_eq!(ids.changed().collect::<Vec<_>>().len(), 1);
    }
}
