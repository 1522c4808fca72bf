//! Conditions at one moment: whether they hold, and until when that answer stands.

mod calendar;
mod compare;
mod history;
mod score;
mod source;

use waymark_model::{Event, Object, Timestamp, Value};

use crate::assign::choose;
use crate::assignment::Known;
use crate::membership::Memberships;
use crate::program::{Cond, CondId, Share, Test};
use crate::state::{Cell, Fold, Memory};
use crate::{Channel, Context, Engine, WHOLE};

pub(crate) use calendar::moment;
pub(crate) use compare::{by_code_units, plain, rank};
pub use compare::{member_hash, padded_version};
pub(crate) use score::score_of;
pub(crate) use source::{Reading, group, session, time};

/// Unknown is what reaches further back than what was seen. It is not true, and neither is its
/// opposite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
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
    /// Answers to keep for who asks next, by [`Index::shared`](crate::program::Index).
    memo: &'a mut [Option<Answer>],
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
        memo: &mut [],
    };
    evaluation.answer(cond).truth == Truth::True
}

/// Whether one thing of a list fulfils a condition, and until when.
pub(crate) fn of_item(engine: Engine<'_>, cond: CondId, item: &Value, now: Timestamp) -> Answer {
    let watch = &mut Silent;
    let (visitor, context, event, item) = (None, None, None, Some(item));
    Evaluation { engine, now, visitor, context, event, item, watch, memo: &mut [] }.answer(cond)
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
            memo: &mut [],
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
            memo: &mut [],
        }
    }

    /// The same, of an element, or of what stands in for one.
    pub fn looking_at(mut self, item: &'a Value) -> Self {
        self.item = Some(item);
        self
    }

    /// The same, keeping answers that others ask for, too.
    pub fn remembering(mut self, memo: &'a mut [Option<Answer>]) -> Self {
        self.memo = memo;
        self
    }

    /// Kleene's three-valued logic. What settles an answer early also bounds how long it stands.
    pub fn answer(&mut self, id: CondId) -> Answer {
        // Who watches wants to see each test asked.
        let kept = if W::EVERY_PART { None } else { self.engine.program.index.kept_at(id) };
        let kept = kept.filter(|at| *at < self.memo.len());
        if let Some(answer) = kept.and_then(|at| self.memo[at]) {
            return answer;
        }
        let answer = self.work_out(id);
        if let Some(at) = kept {
            self.memo[at] = Some(answer);
        }
        answer
    }

    fn work_out(&mut self, id: CondId) -> Answer {
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
            Test::Relate { left, relation, right } if WHOLE => {
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
            Test::Elapsed { source, ahead, order, span } if WHOLE => {
                self.elapsed(source, *ahead, *order, *span)
            }
            Test::Clock(clock) if WHOLE => self.clock(*clock),
            Test::Anniversary { source, before, after, zone } if WHOLE => {
                self.anniversary(source, *before, *after, *zone)
            }
            Test::Consent(purpose) => Answer::always(
                self.context.is_some_and(|context| context.consent.contains(*purpose)),
            ),
            Test::Scheduled { from, until } => {
                let next = if self.now < *from { *from } else { *until };
                let next = if self.now < next { next } else { Timestamp::MAX };
                Answer::until(*from <= self.now && self.now < *until, next)
            }
            Test::Channel { among, .. } if WHOLE => Answer::always(
                self.came_to().is_some_and(|context| Channel::of(context).bit() & among != 0),
            ),
            Test::Percent(share) => {
                let bucket = self.bucket(share);
                Answer::always(bucket.is_some_and(|bucket| choose(bucket, &share.ranges).is_some()))
            }
            // No lean engine is given a Program with one of these.
            _ => Answer::unknown(Timestamp::MAX),
        }
    }

    /// The context of the event, or of the page.
    fn came_to(&self) -> Option<&'a Object> {
        self.event.map(|event| &event.context).or(self.context.map(|context| &context.values))
    }

    fn bucket(&self, share: &Share) -> Option<f64> {
        let (fold, _) = self.visitor?;
        let known =
            Known { fold, anonymous_id: self.context.and_then(|it| it.anonymous_id.as_deref()) };
        known.bucket(self.engine, share).map(|(_, bucket)| bucket)
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
            Test::Clock(clock) if WHOLE => self.local_time(clock.zone),
            Test::Scheduled { .. } => Value::Number(self.now.to_js()),
            Test::Channel { .. } if WHOLE => self
                .came_to()
                .map_or(Value::Null, |context| Value::from(Channel::of(context).name())),
            Test::Percent(share) => self.bucket(share).map_or(Value::Null, Value::Number),
            Test::Clock(_) | Test::Channel { .. } => Value::Null,
        }
    }
}
