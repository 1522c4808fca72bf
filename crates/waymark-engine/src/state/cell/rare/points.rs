//! Points that are earned, spent and expire: a sum over buckets that can be taken from.

use waymark_model::{Event, Fixed, Reader, Timestamp, Writer};

use crate::evaluate::Reading;
use crate::program::{Ledger, Matcher, Merge, Window};
use crate::state::cell::windowed::Windowed;

/// What was earned and not spent, never below zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Points(Windowed);

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
                let points = Fixed::from_f64(amount.to_f64() * rate.to_f64());
                self.0.add(Merge::Sum, *window, time, points.max(Fixed(0)));
                changed = true;
            });
        }
        if spend.iter().any(does) {
            spent.numbers(properties, |points| {
                self.0.spend(*window, time, points.max(Fixed(0)));
                changed = true;
            });
        }
        changed
    }

    pub(super) fn reading(
        &self,
        window: Option<Window>,
        covered_from: Timestamp,
        now: Timestamp,
    ) -> Reading<'static> {
        self.0.reading(Merge::Sum, window, covered_from, now)
    }

    pub(super) fn write(&self, out: &mut Writer) {
        self.0.write(out, Merge::Sum);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        let points = Windowed::read(input, Merge::Sum);
        if points.is_below_zero() {
            input.refuse("wrong-cell", ());
        }
        Self(points)
    }
}
