//! Points that are earned, spent and expire.

use alloc::vec::Vec;

use waymark_model::{Event, Fixed, Reader, Timestamp, Value, Writer};

use crate::evaluate::Reading;
use crate::program::{Ledger, Matcher, Window};
use crate::state::cell::reaches;

/// What was earned in a bucket, and not spent. Without a window there is one, of number 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Lot {
    number: i64,
    left: Fixed,
}

/// By number; what is spent is taken from those that expire first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Points(Vec<Lot>);

impl Points {
    /// Gives whether it changed.
    pub(super) fn take(
        &mut self,
        ledger: &Ledger,
        event: &Event,
        does: impl Fn(&Matcher) -> bool,
    ) -> bool {
        let Ledger { earn, earned, spend, spent, window } = ledger;
        let (time, properties) = (event.time, &event.properties);
        let mut changed = false;
        for (_, (taken, rate)) in earn.iter().zip(earned).filter(|(matcher, _)| does(matcher)) {
            taken.numbers(properties, |amount| {
                self.earn(*window, time, Fixed::from_f64(amount.to_f64() * rate.to_f64()));
                changed = true;
            });
        }
        if spend.iter().any(does) {
            spent.numbers(properties, |points| {
                self.spend(*window, time, points);
                changed = true;
            });
        }
        changed
    }

    fn earn(&mut self, window: Option<Window>, time: Timestamp, points: Fixed) {
        let number = Window::number(window, time);
        match self.0.binary_search_by_key(&number, |lot| lot.number) {
            Ok(at) => self.0[at].left = self.0[at].left.plus(points).max(Fixed(0)),
            Err(at) => self.0.insert(at, Lot { number, left: points.max(Fixed(0)) }),
        }
        self.forget(window);
    }

    /// Takes from what has not expired by then; more than there is cannot be spent.
    fn spend(&mut self, window: Option<Window>, time: Timestamp, points: Fixed) {
        let mut due = points.max(Fixed(0));
        let numbers = window.map(|window| window.numbers(time));
        for lot in &mut self.0 {
            if numbers.as_ref().is_none_or(|numbers| numbers.contains(&lot.number)) {
                let taken = due.min(lot.left);
                lot.left = Fixed(lot.left.0 - taken.0);
                due = Fixed(due.0 - taken.0);
            }
        }
    }

    fn forget(&mut self, window: Option<Window>) {
        if let (Some(window), Some(newest)) = (window, self.0.last()) {
            let first = window.first(newest.number);
            let gone = self.0.partition_point(|lot| lot.number < first);
            self.0.drain(..gone);
        }
    }

    pub(super) fn reading(
        &self,
        window: Option<Window>,
        covered_from: Timestamp,
        now: Timestamp,
    ) -> Reading<'static> {
        let (known, mut until) = reaches(window, covered_from, now);
        let mut all = Fixed(0);
        for lot in &self.0 {
            if Window::counts(window, lot.number, now, &mut until) {
                all = all.plus(lot.left);
            }
        }
        if known {
            Reading::until(Value::Number(all.to_f64()), until)
        } else {
            Reading::unknown(until)
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        let mut last = 0;
        out.list(&self.0, |out, lot| {
            out.signed(lot.number.wrapping_sub(last));
            out.signed(lot.left.0);
            last = lot.number;
        });
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        let mut last = 0_i64;
        let lots = input.list(|input| {
            last = last.wrapping_add(input.signed());
            Lot { number: last, left: Fixed(input.signed()) }
        });
        let sound =
            lots.is_sorted_by(|a, b| a.number < b.number) && lots.iter().all(|lot| lot.left.0 >= 0);
        if !sound {
            input.refuse("wrong-cell", ());
        }
        Self(lots)
    }
}
