//! Different values, told apart by their hashes.

use alloc::vec::Vec;

use waymark_model::{Reader, Timestamp, Value, Writer};

use crate::evaluate::{Reading, member_hash};
use crate::program::Window;
use crate::state::cell::reaches;

/// Each with the bucket in which it came last, by hash. Of too many, those of the oldest buckets go,
/// so that the same ones stay in whatever order they came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Distinct(Vec<(u64, i64)>);

impl Distinct {
    pub(super) fn add(
        &mut self,
        window: Option<Window>,
        time: Timestamp,
        value: &Value,
        most: u32,
    ) {
        let hash = member_hash(value);
        let number = Window::number(window, time);
        match self.0.binary_search_by_key(&hash, |(hash, _)| *hash) {
            Ok(at) if self.0[at].1 >= number => return,
            Ok(at) => self.0[at].1 = number,
            Err(at) => self.0.insert(at, (hash, number)),
        }
        if let Some(window) = window {
            let newest = self.0.iter().map(|(_, number)| *number).fold(i64::MIN, i64::max);
            let first = window.first(newest);
            self.0.retain(|(_, number)| *number >= first);
        }
        while self.0.len() > most as usize {
            let oldest = (0..self.0.len()).min_by_key(|at| (self.0[*at].1, self.0[*at].0));
            self.0.remove(oldest.unwrap_or_default());
        }
    }

    pub(super) fn reading(
        &self,
        window: Option<Window>,
        covered_from: Timestamp,
        now: Timestamp,
    ) -> Reading<'static> {
        let (known, mut until) = reaches(window, covered_from, now);
        let mut count = 0.0;
        for (_, number) in &self.0 {
            if Window::counts(window, *number, now, &mut until) {
                count += 1.0;
            }
        }
        if known { Reading::until(Value::Number(count), until) } else { Reading::unknown(until) }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.list(&self.0, |out, (hash, number)| {
            out.fixed64(*hash);
            out.signed(*number);
        });
    }

    pub(super) fn read(input: &mut Reader<'_>, most: u32) -> Self {
        let values = input.list(|input| (input.fixed64(), input.signed()));
        if !values.is_sorted_by(|a, b| a.0 < b.0) || values.len() > most as usize {
            input.refuse("wrong-cell", ());
        }
        Self(values)
    }
}
