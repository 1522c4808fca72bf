//! How far a condition is from holding, so that those that do not can be put in order.

use alloc::collections::BTreeMap;

use waymark_model::{Span, Value};

use super::Answers;
use crate::Truth;
use crate::program::{Compare, Cond, CondId, Test};

/// Of conditions and their opposites, what was worked out before: they share their parts.
type Known = BTreeMap<(CondId, bool), f64>;

impl Answers<'_> {
    /// 0 for a condition that holds. Every test that is not met adds at most 1, and less the nearer
    /// its number is to the one that was wanted: of 3 that were wanted, 2 are a third off. Of
    /// alternatives the nearest counts.
    pub fn distance(&self, id: CondId) -> f64 {
        self.from(id, true, &mut Known::new())
    }

    fn from(&self, id: CondId, want: bool, known: &mut Known) -> f64 {
        if let Some(distance) = known.get(&(id, want)) {
            return *distance;
        }
        let distance = match (self.program.cond(id), want) {
            (Cond::Not(part), _) => self.from(*part, !want, known),
            // All have to be as wanted: of `Any` all the opposite of what is not.
            (Cond::All(parts), true) | (Cond::Any(parts), false) => {
                parts.iter().map(|part| self.from(*part, want, known)).sum()
            }
            (Cond::All(parts), false) | (Cond::Any(parts), true) => {
                let each = parts.iter().map(|part| self.from(*part, want, known));
                each.reduce(f64::min).unwrap_or(1.0)
            }
            (Cond::Test(test), _) => self.of_test(id, test, want, known),
        };
        known.insert((id, want), distance);
        distance
    }

    fn of_test(&self, id: CondId, test: &Test, want: bool, known: &mut Known) -> f64 {
        let Some(clause) = self.found.get(&id) else { return 1.0 };
        if clause.answer.truth == if want { Truth::True } else { Truth::False } {
            return 0.0;
        }
        match test {
            Test::Segment(number) => {
                let segment = self.program.segments.get(*number as usize);
                segment.map_or(1.0, |segment| self.from(segment.when, want, known))
            }
            Test::Stage { least, .. } if want => {
                let stage = self.program.stages.get(*least as usize);
                let distance = stage.map_or(1.0, |stage| self.from(stage.enter, true, known));
                // A stage that could be entered, and was passed.
                if distance > 0.0 { distance } else { 1.0 }
            }
            _ => numbers(test, &clause.actual).map_or(1.0, |(actual, wanted)| gap(actual, wanted)),
        }
    }
}

/// What was found, and the nearest that would do, or would no longer.
#[expect(clippy::cast_precision_loss, reason = "how far, roughly")]
fn numbers(test: &Test, actual: &Value) -> Option<(f64, f64)> {
    let actual = actual.as_number()?;
    let length = |Span(span): Span| span as f64;
    let wanted = match test {
        Test::Compare { compare: Compare::Order(_, wanted), .. } => wanted.as_number()?,
        Test::Count { least, most, .. } => match most {
            Some(most) if actual > f64::from(*most) => f64::from(*most),
            _ => f64::from(*least),
        },
        Test::Age { span, .. } | Test::Elapsed { span, .. } => length(*span),
        _ => return None,
    };
    Some((actual, wanted))
}

/// The part of the larger that is missing, above 0 and at most 1.
fn gap(actual: f64, wanted: f64) -> f64 {
    /// Of equals of which one should be larger: nearly there.
    const LEAST: f64 = 0.001;
    let part = (actual - wanted).abs() / actual.abs().max(wanted.abs());
    if part.is_nan() { LEAST } else { part.clamp(LEAST, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::gap;

    #[test]
    fn a_gap_is_a_part_of_the_larger() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(gap(2.0, 3.0), 1.0 / 3.0));
        assert!(close(gap(600.0, 500.0), 1.0 / 6.0));
        assert!(close(gap(0.0, 500.0), 1.0));
        assert!(close(gap(-3.0, 4.0), 1.0));
        assert!(close(gap(500.0, 500.0), 0.001) && close(gap(0.0, 0.0), 0.001));
    }
}
