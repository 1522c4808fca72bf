//! What is remembered for one feature. Every cell is bounded.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use waymark_model::{Event, EventKey, Fixed, Object, Reader, Timestamp, Value, Writer};

use crate::Engine;
use crate::evaluate::matches;
use crate::program::{Amount, Feature, FeatureKind, Matcher, Window};

/// Bytes of a property kept from an event; a longer one is kept as null.
const CAPTURE_BYTES: usize = 512;

#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Times {
        total: u64,
        /// The latest, oldest first.
        latest: Vec<Timestamp>,
    },
    Windowed {
        total: Fixed,
        /// By bucket number; empty ones are left out.
        buckets: Vec<(i64, Fixed)>,
    },
    First(Option<(EventKey, Value)>),
    Last(Option<(EventKey, Value)>),
    /// For each prefix of the steps: when its latest match began and when it came this far.
    Sequence(Vec<Option<Progress>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub began: Timestamp,
    pub came: Timestamp,
}

impl Cell {
    pub(super) fn empty(feature: &Feature) -> Self {
        match &feature.kind {
            FeatureKind::Times { .. } => Self::Times { total: 0, latest: Vec::new() },
            FeatureKind::Windowed { .. } => Self::Windowed { total: Fixed(0), buckets: Vec::new() },
            FeatureKind::First { .. } => Self::First(None),
            FeatureKind::Last { .. } => Self::Last(None),
            FeatureKind::Sequence { steps, .. } => Self::Sequence(vec![None; steps.len()]),
        }
    }

    /// Takes in an event and says whether anything changed. A `late` one, older than what was
    /// already folded, moves only what comes out the same in any order.
    pub(super) fn take(
        &mut self,
        engine: Engine<'_>,
        feature: &Feature,
        event: &Event,
        number: Option<u32>,
        late: bool,
    ) -> bool {
        let on = |matcher: &Matcher| {
            (matcher.event.is_none() || matcher.event == number)
                && matcher.condition.is_none_or(|cond| matches(engine, cond, event))
        };
        match (self, &feature.kind) {
            (Self::Times { total, latest }, FeatureKind::Times { on: matcher, keep }) => {
                if !on(matcher) {
                    return false;
                }
                *total += 1;
                let at = latest.partition_point(|time| *time <= event.time);
                latest.insert(at, event.time);
                if latest.len() > *keep as usize {
                    latest.remove(0);
                }
                true
            }
            (
                Self::Windowed { total, buckets },
                FeatureKind::Windowed { on: matcher, amount, window },
            ) => {
                if !on(matcher) {
                    return false;
                }
                let amount = amount.of(&event.properties);
                match window {
                    None => *total = total.plus(amount),
                    Some(window) => window.add(buckets, event.time, amount),
                }
                true
            }
            (Self::First(kept), FeatureKind::First { on: matcher, capture }) => {
                let earlier = kept.as_ref().is_none_or(|(key, _)| event.key() < *key);
                earlier && on(matcher) && {
                    *kept = Some((event.key(), captured(capture.as_deref(), event)));
                    true
                }
            }
            (Self::Last(kept), FeatureKind::Last { on: matcher, capture }) => {
                let later = kept.as_ref().is_none_or(|(key, _)| event.key() > *key);
                later && on(matcher) && {
                    *kept = Some((event.key(), captured(capture.as_deref(), event)));
                    true
                }
            }
            (Self::Sequence(progress), FeatureKind::Sequence { steps, without }) => {
                !late && advance(progress, steps, without, event.time, on)
            }
            _ => false,
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        let kept = |out: &mut Writer, kept: &Option<(EventKey, Value)>| {
            out.option(kept.as_ref(), |out, (key, value)| {
                key.write(out);
                value.write(out);
            });
        };
        match self {
            Self::Times { total, latest } => {
                out.byte(0);
                out.unsigned(*total);
                let mut last = 0;
                out.list(latest, |out, time| {
                    out.signed(time.0.wrapping_sub(last));
                    last = time.0;
                });
            }
            Self::Windowed { total, buckets } => {
                out.byte(1);
                out.signed(total.0);
                let mut last = 0;
                out.list(buckets, |out, (number, amount)| {
                    out.signed(number.wrapping_sub(last));
                    out.signed(amount.0);
                    last = *number;
                });
            }
            Self::First(first) => {
                out.byte(2);
                kept(out, first);
            }
            Self::Last(last) => {
                out.byte(3);
                kept(out, last);
            }
            Self::Sequence(progress) => {
                out.byte(4);
                out.list(progress, |out, progress| {
                    out.option(progress.as_ref(), |out, progress| {
                        out.signed(progress.began.0);
                        out.signed(progress.came.0.wrapping_sub(progress.began.0));
                    });
                });
            }
        }
    }

    /// Reads the cell of a feature. Anything but what that feature remembers is refused.
    pub(super) fn read(input: &mut Reader<'_>, feature: &Feature) -> Self {
        let kept = |input: &mut Reader<'_>| input.option(|i| (EventKey::read(i), Value::read(i)));
        match (input.byte(), &feature.kind) {
            (0, FeatureKind::Times { keep, .. }) => {
                let total = input.unsigned();
                let mut last = 0_i64;
                let mut latest = input.list(|input| {
                    last = last.wrapping_add(input.signed());
                    Timestamp(last)
                });
                if !latest.is_sorted() || total < latest.len() as u64 {
                    input.refuse("wrong-cell", ());
                }
                // Another pack may have kept more.
                latest.drain(..latest.len().saturating_sub(*keep as usize));
                Self::Times { total, latest }
            }
            (1, FeatureKind::Windowed { .. }) => {
                let total = Fixed(input.signed());
                let mut last = 0_i64;
                let buckets = input.list(|input| {
                    last = last.wrapping_add(input.signed());
                    (last, Fixed(input.signed()))
                });
                if !buckets.is_sorted_by_key(|(number, _)| *number) {
                    input.refuse("wrong-cell", ());
                }
                Self::Windowed { total, buckets }
            }
            (2, FeatureKind::First { .. }) => Self::First(kept(input)),
            (3, FeatureKind::Last { .. }) => Self::Last(kept(input)),
            (4, FeatureKind::Sequence { steps, .. }) => {
                let progress = input.list(|input| {
                    input.option(|input| {
                        let began = input.signed();
                        let came = began.wrapping_add(input.signed());
                        Progress { began: Timestamp(began), came: Timestamp(came) }
                    })
                });
                if progress.len() != steps.len() {
                    input.refuse("wrong-cell", ());
                }
                Self::Sequence(progress)
            }
            _ => input.refuse("wrong-cell", Self::empty(feature)),
        }
    }
}

impl Amount {
    fn of(&self, properties: &Object) -> Fixed {
        match self {
            Self::One => Fixed::from_f64(1.0),
            Self::Property(path) => {
                properties.at(path).and_then(Value::as_number).map_or(Fixed(0), Fixed::from_f64)
            }
        }
    }
}

impl Window {
    pub fn bucket(self, time: Timestamp) -> i64 {
        time.0.div_euclid(self.resolution.0)
    }

    /// The first bucket that counts at `now`.
    pub fn first(self, now: Timestamp) -> i64 {
        self.bucket(now) - i64::from(self.buckets) + 1
    }

    fn add(self, buckets: &mut Vec<(i64, Fixed)>, time: Timestamp, amount: Fixed) {
        let number = self.bucket(time);
        match buckets.binary_search_by_key(&number, |(number, _)| *number) {
            Ok(at) => buckets[at].1 = buckets[at].1.plus(amount),
            Err(at) => buckets.insert(at, (number, amount)),
        }
        // What has left the window of the newest bucket cannot come back: time only goes on.
        if let Some((newest, _)) = buckets.last() {
            let first = newest - i64::from(self.buckets) + 1;
            let gone = buckets.partition_point(|(number, _)| *number < first);
            buckets.drain(..gone);
        }
    }
}

fn captured(path: Option<&[String]>, event: &Event) -> Value {
    let Some(value) = path.and_then(|path| event.properties.at(path)) else { return Value::Null };
    let mut out = Writer::default();
    value.write(&mut out);
    if out.as_bytes().len() <= CAPTURE_BYTES { value.clone() } else { Value::Null }
}

/// An event in `without` ends every match begun before it; then each step, the last first so that
/// one event is one step, takes over from the step before.
fn advance(
    progress: &mut [Option<Progress>],
    steps: &[Matcher],
    without: &[Matcher],
    time: Timestamp,
    on: impl Fn(&Matcher) -> bool,
) -> bool {
    let mut changed = false;
    if progress.iter().any(Option::is_some) && without.iter().any(&on) {
        progress.fill(None);
        changed = true;
    }
    for (number, step) in steps.iter().enumerate().rev() {
        let began = match number.checked_sub(1) {
            None => Some(time),
            Some(before) => progress[before].map(|progress| progress.began),
        };
        if let Some(began) = began
            && on(step)
        {
            progress[number] = Some(Progress { began, came: time });
            changed = true;
        }
    }
    changed
}
