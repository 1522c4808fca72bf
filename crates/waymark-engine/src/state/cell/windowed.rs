//! Numbers over calendar buckets.

use alloc::vec::Vec;

use waymark_model::{Fixed, Reader, Timestamp, Value, Writer};

use super::reaches;
use crate::evaluate::Reading;
use crate::program::{Merge, Window};

/// What a bucket amounts to. Without a window there is one, of number 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bucket {
    number: i64,
    amount: Fixed,
    /// Of how many it is made; kept for averages only.
    count: u64,
}

/// By number; empty ones are left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Windowed(Vec<Bucket>);

impl Windowed {
    #[cfg_attr(feature = "lean", inline(never))]
    pub(in crate::state::cell) fn add(
        &mut self,
        merge: Merge,
        window: Option<Window>,
        time: Timestamp,
        amount: Fixed,
    ) {
        let (merge, number) = (merge.given(), Window::number(window, time));
        let average = u64::from(merge == Merge::Average);
        match self.0.binary_search_by_key(&number, |bucket| bucket.number) {
            Ok(at) => {
                let bucket = &mut self.0[at];
                bucket.amount = merge.of(bucket.amount, amount);
                bucket.count += average;
            }
            Err(at) => self.0.insert(at, Bucket { number, amount, count: average }),
        }
        // What has left the window of the newest bucket cannot come back: time only goes on.
        if let (Some(window), Some(newest)) = (window, self.0.last()) {
            let first = window.first(newest.number);
            let gone = self.0.partition_point(|bucket| bucket.number < first);
            self.0.drain(..gone);
        }
    }

    /// Takes from the buckets that count at a time, the oldest first, as long as there is something.
    pub(in crate::state::cell) fn spend(
        &mut self,
        window: Option<Window>,
        time: Timestamp,
        amount: Fixed,
    ) {
        let numbers = window.map(|window| window.numbers(time));
        let mut due = amount;
        for bucket in &mut self.0 {
            if numbers.as_ref().is_none_or(|numbers| numbers.contains(&bucket.number)) {
                let taken = due.min(bucket.amount);
                bucket.amount = Fixed(bucket.amount.0 - taken.0);
                due = Fixed(due.0 - taken.0);
            }
        }
    }

    pub(in crate::state::cell) fn is_below_zero(&self) -> bool {
        self.0.iter().any(|bucket| bucket.amount < Fixed(0))
    }

    pub(in crate::state::cell) fn reading(
        &self,
        merge: Merge,
        window: Option<Window>,
        covered_from: Timestamp,
        now: Timestamp,
    ) -> Reading<'static> {
        let merge = merge.given();
        let (known, mut until) = reaches(window, covered_from, now);
        let mut counted = &self.0[..];
        if let Some(window) = window {
            let numbers = window.numbers(now);
            let start = counted.partition_point(|bucket| bucket.number < *numbers.start());
            let end = counted.partition_point(|bucket| bucket.number <= *numbers.end());
            // The first to leave, and the first to come.
            for bucket in [counted.get(start), counted.get(end)].into_iter().flatten() {
                until = until.min(window.turns(bucket.number, now));
            }
            counted = counted.get(start..end).unwrap_or_default();
        }
        let amounts = counted.iter().map(|bucket| bucket.amount);
        let amount = match merge {
            Merge::Sum | Merge::Average => amounts.reduce(Fixed::plus),
            Merge::Least => amounts.min(),
            Merge::Greatest => amounts.max(),
        };
        if !known {
            return Reading::unknown(until);
        }
        let number = match (merge, amount) {
            (Merge::Sum, None) => Value::Number(0.0),
            (_, None) => Value::Null,
            #[expect(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
            (Merge::Average, Some(amount)) => {
                let count =
                    counted.iter().fold(0, |count: u64, one| count.saturating_add(one.count));
                Value::Number(amount.to_f64() / count.max(1) as f64)
            }
            (_, Some(amount)) => Value::Number(amount.to_f64()),
        };
        Reading::until(number, until)
    }

    pub(in crate::state::cell) fn write(&self, out: &mut Writer, merge: Merge) {
        let mut last = 0;
        out.list(&self.0, |out, bucket| {
            out.signed(bucket.number.wrapping_sub(last));
            out.signed(bucket.amount.0);
            if merge.given() == Merge::Average {
                out.count(bucket.count);
            }
            last = bucket.number;
        });
    }

    pub(in crate::state::cell) fn read(input: &mut Reader<'_>, merge: Merge) -> Self {
        let mut last = 0_i64;
        let buckets = input.list(|input| {
            last = last.wrapping_add(input.signed());
            Bucket {
                number: last,
                amount: Fixed(input.signed()),
                count: if merge.given() == Merge::Average { input.count() } else { 0 },
            }
        });
        if !buckets.is_sorted_by(|a, b| a.number < b.number) {
            input.refuse("wrong-cell", ());
        }
        Self(buckets)
    }
}
