//! What models say of a visitor.

use alloc::borrow::{Cow, ToOwned};
use alloc::vec::Vec;

use waymark_model::{Timestamp, Value};

use super::{Evaluation, Reading, Silent, Watch};
use crate::Engine;
use crate::membership::Memberships;
use crate::program::{Input, ModelKind, Next, Term};
use crate::state::{Cell, Fold, Memory};

/// The score of a visitor, for templates.
pub(crate) fn score_of<'a>(
    engine: Engine<'a>,
    fold: &'a Fold,
    model: u32,
    now: Timestamp,
) -> Reading<'a> {
    let (nothing, silent) = (Memberships::default(), &mut Silent);
    let reading = Evaluation::of_visitor(engine, fold, &nothing, now, silent).score(model);
    Reading { value: reading.value.map(|value| Cow::Owned(value.into_owned())), ..reading }
}

impl<'a, W: Watch> Evaluation<'a, W> {
    /// The score by a model, by its number; unknown as long as something that it reads is.
    pub(crate) fn score(&self, model: u32) -> Reading<'a> {
        let Some(model) = self.engine.program.models.get(model as usize) else {
            return Reading::NULL;
        };
        let mut until = Timestamp::MAX;
        let value = match &model.kind {
            ModelKind::Sum { intercept, terms, logistic } => {
                let mut sum = *intercept;
                let mut known = true;
                for Term { of, weight } in terms {
                    match self.input(of, &mut until) {
                        Some(number) => sum += number * weight,
                        None => known = false,
                    }
                }
                known.then(|| Value::Number(if *logistic { probability(sum) } else { sum }))
            }
            ModelKind::Nearest { inputs, points } => {
                let mut nearest: Option<(f64, &str)> = None;
                // All are read, whatever is unknown: each bounds how long the answer stands.
                let numbers: Vec<_> =
                    inputs.iter().map(|input| self.input(input, &mut until)).collect();
                let numbers: Option<Vec<f64>> = numbers.into_iter().collect();
                numbers.map(|numbers| {
                    for point in points {
                        let apart = numbers.iter().zip(&point.at).map(|(a, b)| (a - b) * (a - b));
                        let far = apart.fold(0.0, |all, one| all + one);
                        if nearest.is_none_or(|(least, _)| far < least) {
                            nearest = Some((far, &point.id));
                        }
                    }
                    nearest.map_or(Value::Null, |(_, id)| Value::Text(id.to_owned()))
                })
            }
            ModelKind::Next(next) => self.next(next),
            ModelKind::Related(_) => Some(Value::Null),
        };
        value.map_or(Reading::unknown(until), |value| Reading::until(value, until))
    }

    /// A number of the visitor's; `None` while it is unknown.
    fn input(&self, input: &Input, until: &mut Timestamp) -> Option<f64> {
        let reading = self.read(&input.source);
        *until = reading.until.min(*until);
        let value = reading.value?;
        let number = match &input.is {
            Some(compare) => f64::from(u8::from(self.compares(compare, &value))),
            None => match &*value {
                Value::Number(number) => *number,
                Value::Bool(truth) => f64::from(u8::from(*truth)),
                _ => input.missing,
            },
        };
        Some((number - input.mean) / input.scale)
    }

    /// Missing until it has happened once; unknown while nobody can say whether it has.
    fn next(&self, next: &Next) -> Option<Value> {
        let cell = |feature: u32| self.memory(feature).map(|memory| &memory.cell);
        let at = |feature: u32| match cell(feature) {
            Some(Cell::First(Some((key, _))) | Cell::Last(Some((key, _)))) => Some(key.time),
            _ => None,
        };
        let (Some(first), Some(last)) = (at(next.first), at(next.last)) else {
            let whole = |memory: &Memory| memory.covered_from == Timestamp::MIN;
            return self.memory(next.last).is_none_or(whole).then_some(Value::Null);
        };
        let Some(Cell::Times { total, .. }) = cell(next.times) else { return None };
        #[expect(clippy::cast_precision_loss, reason = "times and counts stay below 2^53")]
        let (gaps, between) = (total.saturating_sub(1) as f64, last.since(first).0 as f64);
        #[expect(clippy::cast_precision_loss, reason = "a span stays below 2^53")]
        let usual = next.usual.0 as f64;
        let gap = (next.weight * usual + between) / (next.weight + gaps);
        // To the millisecond, as dates have it.
        let date = libm::floor(last.to_js() + gap);
        Some(Timestamp::from_js(date).map_or(Value::Null, |_| Value::Number(date)))
    }
}

/// Of log-odds. The same to the last bit wherever it is worked out: a system's own `exp` is not.
fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}
