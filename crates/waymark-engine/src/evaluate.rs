//! Conditions at one moment: whether they hold, and until when that answer stands.

use waymark_model::{Event, Object, Span, Timestamp, Value};

use crate::membership::Memberships;
use crate::program::{Cond, CondId, NumberSource, Order, Path, Root, SessionKey, Test, Window};
use crate::state::{Cell, Fold, Memory};
use crate::{Context, Engine};

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

    fn tested(&mut self, cond: CondId, answer: Answer, actual: impl FnOnce() -> Value);
}

/// Watches nothing.
#[derive(Debug)]
pub(crate) struct Silent;

impl Watch for Silent {
    const EVERY_PART: bool = false;

    fn tested(&mut self, _: CondId, _: Answer, _: impl FnOnce() -> Value) {}
}

/// What a condition may read.
pub(crate) struct Evaluation<'a, W> {
    engine: Engine<'a>,
    now: Timestamp,
    visitor: Option<(&'a Fold, &'a Memberships)>,
    context: Option<&'a Context>,
    event: Option<&'a Event>,
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
        watch,
    };
    evaluation.answer(cond).truth == Truth::True
}

impl<'a, W: Watch> Evaluation<'a, W> {
    pub fn of_visitor(
        engine: Engine<'a>,
        fold: &'a Fold,
        members: &'a Memberships,
        now: Timestamp,
        watch: &'a mut W,
    ) -> Self {
        Self { engine, now, visitor: Some((fold, members)), context: None, event: None, watch }
    }

    pub fn of_page(
        engine: Engine<'a>,
        visitor: (&'a Fold, &'a Memberships),
        context: &'a Context,
        now: Timestamp,
        watch: &'a mut W,
    ) -> Self {
        Self { engine, now, visitor: Some(visitor), context: Some(context), event: None, watch }
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
                // Only asked for when somebody watches.
                let (engine, now) = (self.engine, self.now);
                let (visitor, context, event) = (self.visitor, self.context, self.event);
                self.watch.tested(id, answer, || {
                    Evaluation { engine, now, visitor, context, event, watch: &mut Silent }
                        .actual(test)
                });
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
            Test::Value { path, compare } => {
                Answer::always(compare.holds(self.value(path), self.engine.numerals))
            }
            Test::Count { feature, within, session, least, most } => {
                self.count(*feature, *within, *session).answer(*least, *most)
            }
            Test::Number { source, compare } => {
                let (number, until) = self.number(*source);
                match number {
                    None => Answer::unknown(until),
                    Some(number) => {
                        let value = Value::Number(number);
                        Answer::until(compare.holds(Some(&value), self.engine.numerals), until)
                    }
                }
            }
            Test::Age { feature, order, span } => self.age(*feature, *order, *span),
            Test::Captured { feature, compare } => match self.memory(*feature) {
                Some(Memory { cell: Cell::First(Some((_, value))), covered_from })
                    if *covered_from == Timestamp::MIN =>
                {
                    Answer::always(compare.holds(Some(value), self.engine.numerals))
                }
                Some(Memory { cell: Cell::Last(Some((_, value))), .. }) => {
                    Answer::always(compare.holds(Some(value), self.engine.numerals))
                }
                Some(memory) if memory.covered_from != Timestamp::MIN => {
                    Answer::unknown(Timestamp::MAX)
                }
                _ => Answer::always(compare.holds(None, self.engine.numerals)),
            },
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
        }
    }

    fn memory(&self, feature: u32) -> Option<&'a Memory> {
        self.visitor.map(|(fold, _)| &fold.memories[feature as usize])
    }

    fn value(&self, path: &Path) -> Option<&'a Value> {
        match path.root {
            Root::Traits => self.visitor?.0.traits.values().at(&path.keys),
            Root::Page | Root::Campaign | Root::Device | Root::Geo => {
                group(&self.context?.values, path.root)?.at(&path.keys)
            }
            Root::Property => self.event?.properties.at(&path.keys),
            Root::EventContext => self.event?.context.at(&path.keys),
            Root::Feature | Root::Session => None,
        }
    }

    fn count(&self, feature: u32, within: Option<Span>, session: bool) -> Counted<'a> {
        let mut counted = Counted {
            latest: &[],
            total: 0,
            after: Timestamp::MIN,
            covered_from: Timestamp::MIN,
            within,
            ends: Timestamp::MAX,
        };
        let Some((fold, _)) = self.visitor else { return counted };
        let memory = &fold.memories[feature as usize];
        let Cell::Times { total, latest } = &memory.cell else { return counted };
        if let Some(within) = within {
            counted.after = self.now.minus(within);
        }
        if session {
            let gap = self.engine.program.session_gap;
            // Between sessions nothing has happened in one, until the next event.
            let Some(current) = fold.sessions.current(self.now, gap) else { return counted };
            counted.after = counted.after.max(current.start.minus(Span(1)));
            counted.ends = current.end.plus(gap);
        }
        counted.covered_from = memory.covered_from;
        counted.latest = latest;
        counted.total = *total;
        counted
    }

    fn number(&self, source: NumberSource) -> (Option<f64>, Timestamp) {
        let Some((fold, _)) = self.visitor else { return (Some(0.0), Timestamp::MAX) };
        match source {
            NumberSource::Session(key) => {
                #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
                let number = match key {
                    SessionKey::Number => fold.sessions.count() as f64,
                    SessionKey::Events => {
                        fold.sessions.latest().map_or(0, |session| session.events) as f64
                    }
                };
                (Some(number), Timestamp::MAX)
            }
            NumberSource::Windowed(feature) => {
                let memory = &fold.memories[feature as usize];
                let window = self.engine.program.window_of(feature);
                windowed(memory, window, self.now)
            }
        }
    }

    fn age(&self, feature: u32, order: Order, span: Span) -> Answer {
        let Some(memory) = self.memory(feature) else { return Answer::always(false) };
        let covered = memory.covered_from == Timestamp::MIN;
        let recent = matches!(order, Order::Lt | Order::Lte);
        let (found, first) = match &memory.cell {
            Cell::First(found) => (found, true),
            Cell::Last(found) => (found, false),
            _ => return Answer::always(false),
        };
        let Some((key, _)) = found else {
            if covered {
                return Answer::always(false);
            }
            // Once what was seen reaches back further than `span`, nothing recent was missed.
            let known = memory.covered_from.plus(span).plus(Span(1));
            return if recent && !first && self.now >= known {
                Answer::always(false)
            } else {
                Answer::unknown(if recent && !first { known } else { Timestamp::MAX })
            };
        };
        let age = self.now.since(key.time);
        let holds = order.holds(age.cmp(&span));
        let turn = match order {
            Order::Lt | Order::Gte => key.time.plus(span),
            Order::Lte | Order::Gt => key.time.plus(span).plus(Span(1)),
        };
        let until = if self.now < turn { turn } else { Timestamp::MAX };
        // An earlier first occurrence may have been missed: it could only be older.
        if first && !covered && holds == recent {
            return Answer::unknown(until);
        }
        Answer::until(holds, until)
    }

    fn sequence(&self, feature: u32, within: Option<Span>, idle: Option<Span>) -> Answer {
        let Some(Memory { cell: Cell::Sequence(progress), covered_from }) = self.memory(feature)
        else {
            return Answer::always(false);
        };
        let window = within.map_or(Timestamp::MIN, |within| self.now.minus(within).plus(Span(1)));
        let Some(Some(matched)) = progress.last() else {
            return match within {
                _ if *covered_from <= window => Answer::always(false),
                Some(within) => Answer::unknown(covered_from.plus(within)),
                None => Answer::unknown(Timestamp::MAX),
            };
        };
        let expires = within.map_or(Timestamp::MAX, |within| matched.began.plus(within));
        let ripe = idle.map_or(Timestamp::MIN, |idle| matched.came.plus(idle));
        if self.now >= expires || ripe >= expires {
            return Answer::always(false);
        }
        if self.now < ripe {
            return Answer::until(false, ripe);
        }
        Answer::until(true, expires)
    }

    /// What a test looked at, for the explanation.
    fn actual(&self, test: &Test) -> Value {
        #[expect(clippy::cast_precision_loss, reason = "shown to people")]
        let number = |number: i64| Value::Number(number as f64);
        match test {
            Test::Value { path, .. } => self.value(path).cloned().unwrap_or_default(),
            Test::Count { feature, within, session, .. } => {
                number(self.count(*feature, *within, *session).seen().cast_signed())
            }
            Test::Number { source, .. } => {
                self.number(*source).0.map_or(Value::Null, Value::Number)
            }
            Test::Age { feature, .. } => match self.memory(*feature).map(|memory| &memory.cell) {
                Some(Cell::First(Some((key, _))) | Cell::Last(Some((key, _)))) => {
                    number(self.now.since(key.time).0)
                }
                _ => Value::Null,
            },
            Test::Captured { feature, .. } => {
                match self.memory(*feature).map(|memory| &memory.cell) {
                    Some(Cell::First(Some((_, value))) | Cell::Last(Some((_, value)))) => {
                        value.clone()
                    }
                    _ => Value::Null,
                }
            }
            Test::Sequence { feature, .. } => {
                match self.memory(*feature).map(|memory| &memory.cell) {
                    Some(Cell::Sequence(progress)) => {
                        let steps = progress.iter().take_while(|step| step.is_some()).count();
                        number(i64::try_from(steps).unwrap_or_default())
                    }
                    _ => Value::Null,
                }
            }
            Test::Segment(_) => Value::Bool(self.test(test).truth == Truth::True),
            Test::Stage { .. } => {
                self.visitor.and_then(|(_, members)| members.stage).map_or(Value::Null, |stage| {
                    Value::Text(self.engine.program.stages[stage as usize].id.clone())
                })
            }
        }
    }
}

/// A window's number at `now`, `None` if it reaches back further than what was seen, and until when
/// it stays.
pub(crate) fn windowed(
    memory: &Memory,
    window: Option<Window>,
    now: Timestamp,
) -> (Option<f64>, Timestamp) {
    let Cell::Windowed { total, buckets } = &memory.cell else { return (None, Timestamp::MAX) };
    let Some(window) = window else {
        let known = memory.covered_from == Timestamp::MIN;
        return (known.then(|| total.to_f64()), Timestamp::MAX);
    };
    let first = window.first(now);
    let inside = &buckets[buckets.partition_point(|(number, _)| *number < first)..];
    let sum = inside.iter().fold(waymark_model::Fixed(0), |sum, (_, amount)| sum.plus(*amount));
    let leaves = |bucket: i64| {
        Timestamp((bucket + i64::from(window.buckets)).saturating_mul(window.resolution.0))
    };
    let until = inside.first().map_or(Timestamp::MAX, |(oldest, _)| leaves(*oldest));
    if memory.covered_from == Timestamp::MIN || window.bucket(memory.covered_from) < first {
        return (Some(sum.to_f64()), until);
    }
    (None, until.min(leaves(window.bucket(memory.covered_from))))
}

/// Occurrences inside a window.
struct Counted<'a> {
    latest: &'a [Timestamp],
    total: u64,
    /// The window begins after this.
    after: Timestamp,
    covered_from: Timestamp,
    within: Option<Span>,
    /// When the session is over.
    ends: Timestamp,
}

impl Counted<'_> {
    fn windowed(&self) -> bool {
        self.within.is_some() || self.ends != Timestamp::MAX
    }

    fn inside(&self) -> &[Timestamp] {
        &self.latest[self.latest.partition_point(|time| *time <= self.after)..]
    }

    /// How many there were, at least.
    fn seen(&self) -> u64 {
        if self.windowed() { self.inside().len() as u64 } else { self.total }
    }

    fn answer(&self, least: u32, most: Option<u32>) -> Answer {
        let seen = self.seen();
        let above = most.is_some_and(|most| seen > u64::from(most));
        // All remembered ones are inside and there were more: some of those may be inside, too.
        let all_seen = !self.windowed()
            || self.inside().len() < self.latest.len()
            || self.latest.len() as u64 == self.total;
        let covered = if self.windowed() {
            self.covered_from.0 <= self.after.0.saturating_add(1)
        } else {
            self.covered_from == Timestamp::MIN
        };
        let enough = seen >= u64::from(least);
        // The number only falls while nothing happens: it turns when the nth latest leaves.
        let leaves = |nth: u32| -> Timestamp {
            let Some(within) = self.within else { return self.ends };
            let at = self.latest.len().checked_sub(nth as usize);
            at.map_or(self.ends, |at| self.latest[at].plus(within).min(self.ends))
        };
        let exact = all_seen && covered;
        if above {
            return Answer::until(false, leaves(most.map_or(1, |most| most.saturating_add(1))));
        }
        if exact || (enough && most.is_none()) {
            let until = if least == 0 || !enough { self.ends } else { leaves(least) };
            return Answer::until(enough, until);
        }
        let reaches = self.within.map_or(Timestamp::MAX, |within| self.covered_from.plus(within));
        let first =
            if seen == 0 { self.ends } else { leaves(u32::try_from(seen).unwrap_or(u32::MAX)) };
        Answer::unknown(first.min(if covered { Timestamp::MAX } else { reaches }))
    }
}

/// One of a context's groups.
pub(crate) fn group(values: &Object, root: Root) -> Option<&Object> {
    match values.get(root.name()) {
        Some(Value::Object(group)) => Some(group),
        _ => None,
    }
}
