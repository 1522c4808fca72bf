//! Conditions at one moment: whether they hold, and until when that answer stands.

mod calendar;
mod compare;
mod history;
mod source;

use waymark_model::{Event, Timestamp, Value};

use crate::membership::Memberships;
use crate::program::{Cond, CondId, Test};
use crate::state::{Cell, Fold, Memory};
use crate::{Context, Engine};

pub(crate) use calendar::moment;
pub(crate) use compare::plain;
pub use compare::{member_hash, padded_version};
pub(crate) use source::{Reading, group, session};

/// Unknown is what reaches further back than what was seen. It is not true, and neither is its
/// opposite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Truth {
    #[default]
    False,
    Unknown,
    True,
}

/// A truth, and the first moment at which it could change though nothing happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub truth: Truth,
    pub until: Timestamp,
}

impl Answer {
    const fn always(truth: bool) -> Self {
        Self::until(truth, Timestamp::MAX)
    }

    const fn until(truth: bool, until: Timestamp) -> Self {
        Self { truth: if truth { Truth::True } else { Truth::False }, until }
    }

    const fn unknown(until: Timestamp) -> Self {
        Self { truth: Truth::Unknown, until }
    }
}

/// Watches an evaluation. [`Silent`] costs nothing.
pub(crate) trait Watch {
    /// Whether it wants to see every part of a condition, needed or not.
    const EVERY_PART: bool;

    /// Only called when [`Watch::EVERY_PART`] is.
    fn tested(&mut self, cond: CondId, answer: Answer, actual: Value);
}

/// Watches nothing.
#[derive(Debug)]
pub(crate) struct Silent;

impl Watch for Silent {
    const EVERY_PART: bool = false;

    fn tested(&mut self, _: CondId, _: Answer, _: Value) {}
}

/// What a condition may read.
pub(crate) struct Evaluation<'a, W> {
    engine: Engine<'a>,
    now: Timestamp,
    visitor: Option<(&'a Fold, &'a Memberships)>,
    context: Option<&'a Context>,
    event: Option<&'a Event>,
    /// The element of an array, or the length of one, that is being looked at.
    item: Option<&'a Value>,
    watch: &'a mut W,
}

/// Whether an event fulfils a `where`.
pub(crate) fn matches(engine: Engine<'_>, cond: CondId, event: &Event) -> bool {
    let watch = &mut Silent;
    let mut evaluation = Evaluation {
        engine,
        now: event.time,
        visitor: None,
        context: None,
        event: Some(event),
        item: None,
        watch,
    };
    evaluation.answer(cond).truth == Truth::True
}

/// Whether one thing of a list fulfils a condition, and until when.
pub(crate) fn of_item(engine: Engine<'_>, cond: CondId, item: &Value, now: Timestamp) -> Answer {
    let watch = &mut Silent;
    Evaluation { engine, now, visitor: None, context: None, event: None, item: Some(item), watch }
        .answer(cond)
}

impl<'a, W: Watch> Evaluation<'a, W> {
    pub fn of_visitor(
        engine: Engine<'a>,
        fold: &'a Fold,
        members: &'a Memberships,
        now: Timestamp,
        watch: &'a mut W,
    ) -> Self {
        Self {
            engine,
            now,
            visitor: Some((fold, members)),
            context: None,
            event: None,
            item: None,
            watch,
        }
    }

    pub fn of_page(
        engine: Engine<'a>,
        visitor: (&'a Fold, &'a Memberships),
        context: &'a Context,
        now: Timestamp,
        watch: &'a mut W,
    ) -> Self {
        Self {
            engine,
            now,
            visitor: Some(visitor),
            context: Some(context),
            event: None,
            item: None,
            watch,
        }
    }

    /// Kleene's three-valued logic. What settles an answer early also bounds how long it stands.
    pub fn answer(&mut self, id: CondId) -> Answer {
        match self.engine.program.cond(id) {
            Cond::All(parts) => self.together(parts, Truth::False, Truth::True),
            Cond::Any(parts) => self.together(parts, Truth::True, Truth::False),
            Cond::Not(part) => {
                let answer = self.answer(*part);
                let truth = match answer.truth {
                    Truth::False => Truth::True,
                    Truth::Unknown => Truth::Unknown,
                    Truth::True => Truth::False,
                };
                Answer { truth, ..answer }
            }
            Cond::Test(test) => {
                let answer = self.test(test);
                if W::EVERY_PART {
                    let actual = self.actual(test);
                    self.watch.tested(id, answer, actual);
                }
                answer
            }
        }
    }

    /// `settles` is the truth that one part alone is enough for.
    fn together(&mut self, parts: &[CondId], settles: Truth, otherwise: Truth) -> Answer {
        let mut settled: Option<Timestamp> = None;
        let mut all = Answer { truth: otherwise, until: Timestamp::MAX };
        for part in parts {
            let answer = self.answer(*part);
            if answer.truth == settles {
                if !W::EVERY_PART {
                    return answer;
                }
                settled = settled.or(Some(answer.until));
            }
            if answer.truth == Truth::Unknown {
                all.truth = Truth::Unknown;
            }
            all.until = all.until.min(answer.until);
        }
        settled.map_or(all, |until| Answer { truth: settles, until })
    }

    fn test(&self, test: &Test) -> Answer {
        match test {
            Test::Compare { source, compare } => {
                let Reading { value, until } = self.read(source);
                value.map_or(Answer::unknown(until), |value| {
                    Answer::until(self.compares(compare, &value), until)
                })
            }
            Test::Relate { left, relation, right } => {
                let (left, right) = (self.read(left), self.read(right));
                let until = left.until.min(right.until);
                match (left.value, right.value) {
                    (Some(left), Some(right)) => {
                        Answer::until(compare::relates(*relation, &left, &right), until)
                    }
                    _ => Answer::unknown(until),
                }
            }
            Test::Count { feature, within, session, least, most } => {
                self.count(*feature, *within, *session).answer(*least, *most)
            }
            Test::Age { feature, order, span } => self.age(*feature, *order, *span),
            Test::Sequence { feature, within, idle } => self.sequence(*feature, *within, *idle),
            Test::Segment(segment) => self
                .visitor
                .and_then(|(_, members)| members.answers.get(*segment as usize).copied())
                .unwrap_or(Answer::always(false)),
            Test::Stage { least, most } => match self.visitor {
                None => Answer::always(false),
                Some((_, members)) => Answer::until(
                    members.stage.is_some_and(|stage| (*least..=*most).contains(&stage)),
                    members.stage_until,
                ),
            },
            Test::Elapsed { source, ahead, order, span } => {
                self.elapsed(source, *ahead, *order, *span)
            }
            Test::Clock(clock) => self.clock(*clock),
            Test::Anniversary { source, before, after, zone } => {
                self.anniversary(source, *before, *after, *zone)
            }
            Test::Consent(purpose) => Answer::always(
                self.context.is_some_and(|context| context.consent.contains(*purpose)),
            ),
        }
    }

    fn memory(&self, feature: u32) -> Option<&'a Memory> {
        self.visitor.map(|(fold, _)| &fold.memories[feature as usize])
    }

    /// What a test looked at, for the explanation.
    fn actual(&self, test: &Test) -> Value {
        #[expect(clippy::cast_precision_loss, reason = "shown to people")]
        let number = |number: i64| Value::Number(number as f64);
        let cell =
            test.feature().and_then(|feature| self.memory(feature)).map(|memory| &memory.cell);
        match test {
            Test::Compare { source, .. }
            | Test::Relate { left: source, .. }
            | Test::Elapsed { source, .. }
            | Test::Anniversary { source, .. } => {
                self.read(source).value.map_or(Value::Null, alloc::borrow::Cow::into_owned)
            }
            Test::Count { feature, within, session, .. } => {
                number(self.count(*feature, *within, *session).seen().cast_signed())
            }
            Test::Age { .. } => match cell {
                Some(Cell::First(Some((key, _))) | Cell::Last(Some((key, _)))) => {
                    number(self.now.since(key.time).0)
                }
                _ => Value::Null,
            },
            Test::Sequence { .. } => match cell {
                Some(Cell::Sequence(progress)) => {
                    let steps = progress.iter().take_while(|step| step.is_some()).count();
                    number(i64::try_from(steps).unwrap_or_default())
                }
                _ => Value::Null,
            },
            Test::Segment(_) | Test::Consent(_) => {
                Value::Bool(self.test(test).truth == Truth::True)
            }
            Test::Stage { .. } => {
                self.visitor.and_then(|(_, members)| members.stage).map_or(Value::Null, |stage| {
                    Value::Text(self.engine.program.stages[stage as usize].id.clone())
                })
            }
            Test::Clock(clock) => self.local_time(clock.zone),
        }
    }
}
