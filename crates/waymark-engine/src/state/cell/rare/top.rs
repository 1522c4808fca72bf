//! The most frequent value.

use alloc::vec;
use alloc::vec::Vec;

use waymark_model::{Reader, Timestamp, Value, Writer};

use crate::evaluate::{Reading, member_hash};
use crate::program::Window;
use crate::state::cell::{is_key, reaches};

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Top {
    /// By hash.
    values: Vec<Counted>,
    /// Whether some had to go: then what comes late can no longer be counted in.
    full: bool,
}

#[derive(Debug, Clone, PartialEq)]
struct Counted {
    hash: u64,
    value: Value,
    latest: Timestamp,
    /// How often, by bucket.
    counts: Vec<(i64, u64)>,
}

impl Top {
    pub(super) const fn is_full(&self) -> bool {
        self.full
    }

    pub(super) fn add(
        &mut self,
        window: Option<Window>,
        time: Timestamp,
        value: &Value,
        most: u32,
    ) {
        if !is_key(value) {
            return;
        }
        let hash = member_hash(value);
        let number = Window::number(window, time);
        match self.values.binary_search_by_key(&hash, |counted| counted.hash) {
            Ok(at) => {
                let counted = &mut self.values[at];
                counted.latest = counted.latest.max(time);
                match counted.counts.binary_search_by_key(&number, |(number, _)| *number) {
                    // No other bucket begins to count, nor does one cease to.
                    Ok(at) => {
                        counted.counts[at].1 += 1;
                        return;
                    }
                    Err(at) => counted.counts.insert(at, (number, 1)),
                }
            }
            Err(at) => {
                let (value, counts) = (value.clone(), vec![(number, 1)]);
                self.values.insert(at, Counted { hash, value, latest: time, counts });
            }
        }
        if let Some(window) = window {
            let all = self.values.iter().filter_map(|counted| counted.counts.last());
            let first = window.first(all.map(|(number, _)| *number).fold(i64::MIN, i64::max));
            for counted in &mut self.values {
                counted.counts.retain(|(number, _)| *number >= first);
            }
            self.values.retain(|counted| !counted.counts.is_empty());
        }
        while self.values.len() > most as usize {
            let age = |at: &usize| (self.values[*at].latest, self.values[*at].hash);
            let oldest = (0..self.values.len()).min_by_key(age);
            self.values.remove(oldest.unwrap_or_default());
            self.full = true;
        }
    }

    pub(super) fn reading(
        &self,
        window: Option<Window>,
        covered_from: Timestamp,
        now: Timestamp,
    ) -> Reading<'_> {
        let (known, mut until) = reaches(window, covered_from, now);
        let mut best = None;
        for counted in &self.values {
            let mut count = 0_u64;
            for (number, times) in &counted.counts {
                if Window::counts(window, *number, now, &mut until) {
                    count = count.saturating_add(*times);
                }
            }
            let rank = (count, counted.latest, counted.hash);
            if count > 0 && best.is_none_or(|(before, _)| before < rank) {
                best = Some((rank, &counted.value));
            }
        }
        if !known {
            return Reading::unknown(until);
        }
        Reading::of(best.map_or(&Value::Null, |(_, value)| value), until)
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.flag(self.full);
        out.list(&self.values, |out, counted| {
            counted.value.write(out);
            out.signed(counted.latest.0);
            let mut last = 0;
            out.list(&counted.counts, |out, (number, times)| {
                out.signed(number.wrapping_sub(last));
                out.count(*times);
                last = *number;
            });
        });
    }

    pub(super) fn read(input: &mut Reader<'_>, most: u32) -> Self {
        let full = input.flag();
        let values = input.list(|input| {
            let value = Value::read(input);
            let latest = Timestamp(input.signed());
            let mut last = 0_i64;
            let counts = input.list(|input| {
                last = last.wrapping_add(input.signed());
                (last, input.count())
            });
            Counted { hash: member_hash(&value), value, latest, counts }
        });
        let sound = |counted: &Counted| {
            is_key(&counted.value)
                && !counted.counts.is_empty()
                && counted.counts.is_sorted_by(|a, b| a.0 < b.0)
        };
        if !values.is_sorted_by(|a, b| a.hash < b.hash)
            || values.len() > most as usize
            || !values.iter().all(sound)
        {
            input.refuse("wrong-cell", ());
        }
        Self { values, full }
    }
}
