//! Which message ids of a visitor were received before.

use std::collections::BTreeSet;

use waymark_model::Timestamp;

use super::DEDUPE;
use crate::ports::Seen;
use crate::tally::day_of;

/// Ids in one row, so that a busy day's next event does not write the whole day again.
const PART_IDS: usize = 128;

/// A visitor's ids: those stored, and those of the request at hand.
#[derive(Debug)]
pub struct SeenIds {
    today: i64,
    known: BTreeSet<u64>,
    /// Those of the days that count; of today the last one gets what is new.
    rows: Vec<Seen>,
    /// Where rows are that are not as they were stored.
    changed: BTreeSet<usize>,
}

impl SeenIds {
    pub fn new(mut rows: Vec<Seen>, received: Timestamp) -> Self {
        let today = day_of(received);
        let first = day_of(received.minus(DEDUPE));
        rows.retain(|row| row.day >= first);
        let known = rows.iter().flat_map(|row| &row.ids).copied().collect();
        Self { today, known, rows, changed: BTreeSet::new() }
    }

    /// The same on another day, of which others count.
    pub fn on(self, received: Timestamp) -> Self {
        if day_of(received) == self.today { self } else { Self::new(self.rows, received) }
    }

    /// Whether the id is new. It is not any more.
    pub fn insert(&mut self, id: u64) -> bool {
        if !self.known.insert(id) {
            return false;
        }
        let of_today = self.rows.iter().enumerate().filter(|(_, row)| row.day == self.today);
        let last = of_today.max_by_key(|(_, row)| row.part);
        let at = match last.map(|(at, row)| (at, row.part, row.ids.len())) {
            Some((at, _, ids)) if ids < PART_IDS => at,
            last => {
                let part = last.map_or(0, |(_, part, _)| part + 1);
                self.rows.push(Seen { day: self.today, part, ids: Vec::new() });
                self.rows.len() - 1
            }
        };
        self.rows[at].ids.push(id);
        self.changed.insert(at);
        true
    }

    /// The rows that are not as they were stored.
    pub fn changed(&mut self) -> impl Iterator<Item = Seen> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().filter_map(|at| self.rows.get(at).cloned())
    }

    /// All rows of the days that count.
    pub fn rows(&self) -> &[Seen] {
        &self.rows
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
    fn what_is_remembered_counts_no_longer_than_what_is_stored() {
        let row = |day| Seen { day, part: 0, ids: vec![7] };
        let ids = || SeenIds::new(vec![row(20_000 - 14)], NOW);
        assert!(!ids().on(NOW).insert(7));
        assert!(ids().on(NOW.plus(Span::DAY)).insert(7));
        let mut next = SeenIds::new(vec![row(20_000)], NOW).on(NOW.plus(Span::DAY));
        assert_eq!((next.insert(7), next.insert(8)), (false, true));
        let changed: Vec<Seen> = next.changed().collect();
        assert_eq!(changed, [Seen { day: 20_001, part: 0, ids: vec![8] }]);
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
