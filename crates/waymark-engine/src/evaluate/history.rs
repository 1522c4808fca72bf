//! What is asked of the history: how often, how long ago, in which order.

use waymark_model::{Span, Timestamp};

use super::{Answer, Evaluation, Watch};
use crate::program::Order;
use crate::state::{Cell, Memory};

impl<'a, W: Watch> Evaluation<'a, W> {
    #[cfg_attr(feature = "lean", inline(never))]
    pub(super) fn count(&self, feature: u32, within: Option<Span>, session: bool) -> Counted<'a> {
        let mut counted = Counted {
            latest: &[],
            total: 0,
            after: Timestamp::MIN,
            covered_from: Timestamp::MIN,
            within,
            ends: Timestamp::MAX,
        };
        let Some((fold, _)) = self.visitor else { return counted };
        let memory = &fold.memories[feature as usize];
        let Cell::Times { total, latest } = &memory.cell else { return counted };
        if let Some(within) = within {
            counted.after = self.now.minus(within);
        }
        if session {
            let gap = self.engine.program.session_gap;
            // Between sessions nothing has happened in one, until the next event.
            let Some(current) = fold.sessions.current(self.now, gap) else { return counted };
            counted.after = counted.after.max(current.start.minus(Span(1)));
            counted.ends = current.end.plus(gap);
        }
        counted.covered_from = memory.covered_from;
        counted.latest = latest;
        counted.total = *total;
        counted
    }

    pub(super) fn age(&self, feature: u32, order: Order, span: Span) -> Answer {
        let Some(memory) = self.memory(feature) else { return Answer::always(false) };
        let covered = memory.covered_from == Timestamp::MIN;
        let recent = matches!(order, Order::Lt | Order::Lte);
        let (found, first) = match &memory.cell {
            Cell::First(found) => (found, true),
            Cell::Last(found) => (found, false),
            _ => return Answer::always(false),
        };
        let Some((key, _)) = found else {
            if covered {
                return Answer::always(false);
            }
            // Once what was seen reaches back further than `span`, nothing recent was missed.
            let known = memory.covered_from.plus(span).plus(Span(1));
            return if recent && !first && self.now >= known {
                Answer::always(false)
            } else {
                Answer::unknown(if recent && !first { known } else { Timestamp::MAX })
            };
        };
        let age = self.now.since(key.time);
        let holds = order.holds(age.cmp(&span));
        let turn = match order {
            Order::Lt | Order::Gte => key.time.plus(span),
            Order::Lte | Order::Gt => key.time.plus(span).plus(Span(1)),
        };
        let until = if self.now < turn { turn } else { Timestamp::MAX };
        // An earlier first occurrence may have been missed: it could only be older.
        if first && !covered && holds == recent {
            return Answer::unknown(until);
        }
        Answer::until(holds, until)
    }

    pub(super) fn sequence(
        &self,
        feature: u32,
        within: Option<Span>,
        idle: Option<Span>,
    ) -> Answer {
        let Some(Memory { cell: Cell::Sequence(progress), covered_from }) = self.memory(feature)
        else {
            return Answer::always(false);
        };
        let window = within.map_or(Timestamp::MIN, |within| self.now.minus(within).plus(Span(1)));
        let Some(Some(matched)) = progress.last() else {
            return match within {
                _ if *covered_from <= window => Answer::always(false),
                Some(within) => Answer::unknown(covered_from.plus(within)),
                None => Answer::unknown(Timestamp::MAX),
            };
        };
        let expires = within.map_or(Timestamp::MAX, |within| matched.began.plus(within));
        let ripe = idle.map_or(Timestamp::MIN, |idle| matched.came.plus(idle));
        if self.now >= expires || ripe >= expires {
            return Answer::always(false);
        }
        if self.now < ripe {
            return Answer::until(false, ripe);
        }
        Answer::until(true, expires)
    }
}

/// Occurrences inside a window.
pub(super) struct Counted<'a> {
    latest: &'a [Timestamp],
    total: u64,
    /// The window begins after this.
    after: Timestamp,
    covered_from: Timestamp,
    within: Option<Span>,
    /// When the session is over.
    ends: Timestamp,
}

impl Counted<'_> {
    fn windowed(&self) -> bool {
        self.within.is_some() || self.ends != Timestamp::MAX
    }

    fn inside(&self) -> &[Timestamp] {
        &self.latest[self.latest.partition_point(|time| *time <= self.after)..]
    }

    /// How many there were, at least.
    pub fn seen(&self) -> u64 {
        if self.windowed() { self.inside().len() as u64 } else { self.total }
    }

    pub fn answer(&self, least: u32, most: Option<u32>) -> Answer {
        let seen = self.seen();
        let above = most.is_some_and(|most| seen > u64::from(most));
        // All remembered ones are inside and there were more: some of those may be inside, too.
        let all_seen = !self.windowed()
            || self.inside().len() < self.latest.len()
            || self.latest.len() as u64 == self.total;
        let covered = if self.windowed() {
            self.covered_from.0 <= self.after.0.saturating_add(1)
        } else {
            self.covered_from == Timestamp::MIN
        };
        let enough = seen >= u64::from(least);
        // The number only falls while nothing happens: it turns when the nth latest leaves.
        let leaves = |nth: u32| -> Timestamp {
            let Some(within) = self.within else { return self.ends };
            let at = self.latest.len().checked_sub(nth as usize);
            at.map_or(self.ends, |at| self.latest[at].plus(within).min(self.ends))
        };
        let exact = all_seen && covered;
        if above {
            return Answer::until(false, leaves(most.map_or(1, |most| most.saturating_add(1))));
        }
        if exact || (enough && most.is_none()) {
            let until = if least == 0 || !enough { self.ends } else { leaves(least) };
            return Answer::until(enough, until);
        }
        let reaches = self.within.map_or(Timestamp::MAX, |within| self.covered_from.plus(within));
        let first =
            if seen == 0 { self.ends } else { leaves(u32::try_from(seen).unwrap_or(u32::MAX)) };
        Answer::unknown(first.min(if covered { Timestamp::MAX } else { reaches }))
    }
}
