//! Periods in a row: days, weeks or months of the pack's zone.

use alloc::vec::Vec;

use waymark_model::{Date, Local, Reader, Timestamp, Value, Writer};

use crate::Engine;
use crate::evaluate::Reading;
use crate::program::{Period, ZoneId};

/// Runs that are remembered. What comes late can only join those.
pub const RUNS: usize = 16;

/// First and last period of each run, by time. Runs merge the same way in whatever order their
/// events arrive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Streak(Vec<(i64, i64)>);

impl Streak {
    /// Gives whether it changed.
    pub(super) fn add(&mut self, engine: Engine<'_>, period: Period, time: Timestamp) -> bool {
        let number = period.at(engine, time);
        let runs = &mut self.0;
        let at = runs.partition_point(|(first, _)| *first <= number);
        let before = at.checked_sub(1).map(|at| runs[at].1);
        if before.is_some_and(|last| last >= number) {
            return false;
        }
        let joins_before = before.is_some_and(|last| last.saturating_add(1) == number);
        let joins_after = runs.get(at).is_some_and(|(first, _)| first.saturating_sub(1) == number);
        match (joins_before, joins_after) {
            (true, true) => runs[at - 1].1 = runs.remove(at).1,
            (true, false) => runs[at - 1].1 = number,
            (false, true) => runs[at].0 = number,
            (false, false) => {
                runs.insert(at, (number, number));
                if runs.len() > RUNS {
                    runs.remove(0);
                }
            }
        }
        true
    }

    pub(super) fn reading(
        &self,
        engine: Engine<'_>,
        period: Period,
        covered_from: Timestamp,
        now: Timestamp,
    ) -> Reading<'static> {
        let current = period.at(engine, now);
        // A run goes on while this period or the one before is in it.
        let over = |last: i64| {
            let start = Local::of_day(period.first_day(last.saturating_add(2)));
            engine.program.zone(ZoneId::PACK, now).instant(start)
        };
        let seen_from = (covered_from != Timestamp::MIN).then(|| period.at(engine, covered_from));
        let run = self.0.last().filter(|(_, last)| *last >= current.saturating_sub(1));
        // In the period in which watching began, and before it, something may have been missed.
        let missed = seen_from.is_some_and(|seen| {
            run.map_or(seen >= current.saturating_sub(1), |(first, _)| {
                *first <= seen.saturating_add(1)
            })
        });
        let until = match (run, seen_from) {
            (Some((_, last)), _) => over(*last),
            (None, Some(seen)) if missed => over(seen),
            (None, _) => Timestamp::MAX,
        };
        if missed {
            return Reading::unknown(until);
        }
        #[expect(clippy::cast_precision_loss, reason = "a run has few periods")]
        let length = run.map_or(0.0, |(first, last)| last.wrapping_sub(*first) as f64 + 1.0);
        Reading::until(Value::Number(length), until)
    }

    pub(super) fn write(&self, out: &mut Writer) {
        let mut last = 0;
        out.list(&self.0, |out, run| {
            out.signed(run.0.wrapping_sub(last));
            out.signed(run.1.wrapping_sub(run.0));
            last = run.1;
        });
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        let mut last = 0_i64;
        let runs = input.list(|input| {
            let first = last.wrapping_add(input.signed());
            last = first.wrapping_add(input.signed());
            (first, last)
        });
        let ordered = runs.is_sorted_by(|a, b| a.1 < b.0);
        if !ordered || runs.iter().any(|(first, last)| first > last) || runs.len() > RUNS {
            input.refuse("wrong-cell", ());
        }
        Self(runs)
    }
}

impl Period {
    fn at(self, engine: Engine<'_>, time: Timestamp) -> i64 {
        let local = engine.program.zone(ZoneId::PACK, time).local(time);
        match self {
            Self::Day => local.day(),
            // 1970 began on a Thursday.
            Self::Week => (local.day() + 3).div_euclid(7),
            Self::Month => {
                let Date { year, month, .. } = local.date();
                i64::from(year) * 12 + i64::from(month) - 1
            }
        }
    }

    /// The number of its first day.
    fn first_day(self, number: i64) -> i64 {
        match self {
            Self::Day => number,
            Self::Week => number.saturating_mul(7).saturating_sub(3),
            Self::Month => {
                let year = i32::try_from(number.div_euclid(12)).unwrap_or(i32::MAX / 2);
                let month = number.rem_euclid(12).to_le_bytes()[0] + 1;
                Date { year: year.clamp(-250_000, 250_000), month, day: 1 }.days()
            }
        }
    }
}
