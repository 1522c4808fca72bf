//! Visits: runs of events with gaps shorter than the pack's `session`.
//!
//! Kept as intervals, because intervals merge the same way in whatever order their events arrive.

use alloc::vec::Vec;

use waymark_model::{Reader, Span, Timestamp, Writer};

/// Sessions remembered one by one; older ones are only counted.
const KEPT: usize = 128;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sessions {
    /// How many are no longer remembered.
    forgotten: u64,
    /// By time; gaps between them are at least the session gap.
    kept: Vec<Session>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    pub start: Timestamp,
    pub end: Timestamp,
    pub events: u64,
}

impl Sessions {
    pub fn count(&self) -> u64 {
        self.forgotten + self.kept.len() as u64
    }

    pub fn latest(&self) -> Option<&Session> {
        self.kept.last()
    }

    /// The session that is still going on at `now`.
    pub fn current(&self, now: Timestamp, gap: Span) -> Option<&Session> {
        self.latest().filter(|session| now.since(session.end) < gap)
    }

    /// How long nothing had happened before the latest session; `None` for the first.
    pub fn gap(&self) -> Option<Span> {
        match &*self.kept {
            [.., before, latest] => Some(latest.start.since(before.end)),
            _ => None,
        }
    }

    pub(super) fn insert(&mut self, time: Timestamp, gap: Span) {
        // In order this is the end of the list.
        let after = self.kept.partition_point(|session| session.start <= time);
        let joins_before = after > 0 && time.since(self.kept[after - 1].end) < gap;
        let joins_after = self.kept.get(after).is_some_and(|next| next.start.since(time) < gap);
        match (joins_before, joins_after) {
            (true, true) => {
                let next = self.kept.remove(after);
                let session = &mut self.kept[after - 1];
                session.end = next.end;
                session.events += next.events + 1;
            }
            (true, false) => {
                let session = &mut self.kept[after - 1];
                session.end = session.end.max(time);
                session.events += 1;
            }
            (false, true) => {
                let session = &mut self.kept[after];
                session.start = time;
                session.events += 1;
            }
            (false, false) => {
                // Older than all that is remembered of a full list: it may belong to a forgotten one.
                if after == 0 && self.forgotten > 0 {
                    return;
                }
                self.kept.insert(after, Session { start: time, end: time, events: 1 });
                if self.kept.len() > KEPT {
                    self.kept.remove(0);
                    self.forgotten += 1;
                }
            }
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.count(self.forgotten);
        let mut last = 0;
        out.list(&self.kept, |out, session| {
            out.signed(session.start.0.wrapping_sub(last));
            out.signed(session.end.0.wrapping_sub(session.start.0));
            out.count(session.events);
            last = session.end.0;
        });
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        let forgotten = input.count();
        let mut last = 0_i64;
        let kept = input.list(|input| {
            let start = last.wrapping_add(input.signed());
            last = start.wrapping_add(input.signed());
            Session { start: Timestamp(start), end: Timestamp(last), events: input.count() }
        });
        Self { forgotten, kept }
    }
}

#[cfg(test)]
mod tests {
    use super::Sessions;
    use proptest::prelude::*;
    use waymark_model::{Span, Timestamp};

    const GAP: Span = Span(30);

    fn count_by_scan(mut times: Vec<i64>) -> u64 {
        times.sort_unstable();
        let gaps = times.windows(2).filter(|pair| pair[1] - pair[0] >= GAP.0).count() as u64;
        gaps + u64::from(!times.is_empty())
    }

    proptest! {
        #[test]
        fn sessions_are_the_same_in_any_order(times in prop::collection::vec(0_i64..900, 0..60)) {
            let mut sessions = Sessions::default();
            for time in &times {
                sessions.insert(Timestamp(*time), GAP);
            }
            prop_assert_eq!(sessions.count(), count_by_scan(times.clone()));
            let events: u64 = sessions.kept.iter().map(|session| session.events).sum();
            prop_assert_eq!(events, times.len() as u64);
        }
    }

    #[test]
    fn a_gap_of_exactly_the_limit_starts_a_session() {
        let mut sessions = Sessions::default();
        sessions.insert(Timestamp(0), GAP);
        sessions.insert(Timestamp(29), GAP);
        assert_eq!(sessions.count(), 1);
        sessions.insert(Timestamp(59), GAP);
        assert_eq!(sessions.count(), 2);
    }

    #[test]
    fn the_list_stays_bounded_and_the_count_goes_on() {
        let mut sessions = Sessions::default();
        for day in 0..1_000 {
            sessions.insert(Timestamp(day * 100), GAP);
        }
        assert_eq!(sessions.count(), 1_000);
        assert_eq!(sessions.kept.len(), super::KEPT);
    }
}
