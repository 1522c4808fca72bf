//! What is remembered for one feature. Every cell is bounded.

mod rare;
mod windowed;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use waymark_model::{Event, EventKey, Reader, Timestamp, Value, Writer};

pub use rare::{RUNS, Rare};
pub use windowed::Windowed;

use crate::evaluate::{Reading, matches};
use crate::program::{Act, Feature, FeatureKind, Matcher, Window};
use crate::{Engine, WHOLE};

/// Bytes of a property kept from an event; a longer one is kept as null.
const CAPTURE_BYTES: usize = 512;
/// Bytes of a value kept in a list; a longer one, and one that is no single value, is passed over.
pub const KEY_BYTES: usize = 64;

#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Times {
        total: u64,
        /// The latest, oldest first.
        latest: Vec<Timestamp>,
    },
    Windowed(Windowed),
    First(Option<(EventKey, Value)>),
    Last(Option<(EventKey, Value)>),
    /// For each prefix of the steps: when its latest match began and when it came this far.
    Sequence(Vec<Option<Progress>>),
    /// What few packs ask for.
    Rare(Rare),
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
            FeatureKind::Windowed { .. } => Self::Windowed(Windowed::default()),
            FeatureKind::First { .. } => Self::First(None),
            FeatureKind::Last { .. } => Self::Last(None),
            FeatureKind::Sequence { steps, .. } => Self::Sequence(vec![None; steps.len()]),
            kind if WHOLE => Self::Rare(Rare::empty(kind)),
            _ => Self::First(None),
        }
    }

    /// Takes in an event and says whether anything changed. A `late` one, older than what was
    /// already folded, moves only what comes out the same in any order.
    #[cfg_attr(feature = "lean", inline(never))]
    pub(super) fn take(
        &mut self,
        engine: Engine<'_>,
        feature: &Feature,
        event: &Event,
        number: Option<u32>,
        late: bool,
    ) -> bool {
        let on = |matcher: &Matcher| {
            let named = match matcher.event {
                None => !Act::is_named(&event.name),
                named => named == number,
            };
            named && matcher.condition.is_none_or(|cond| matches(engine, cond, event))
        };
        let (time, properties) = (event.time, &event.properties);
        match (self, &feature.kind) {
            (Self::Times { total, latest }, FeatureKind::Times { on: matcher, keep }) => {
                on(matcher) && {
                    *total += 1;
                    let at = latest.partition_point(|earlier| *earlier <= time);
                    latest.insert(at, time);
                    if latest.len() > *keep as usize {
                        latest.remove(0);
                    }
                    true
                }
            }
            (
                Self::Windowed(windowed),
                FeatureKind::Windowed { on: matcher, taken, merge, window },
            ) => {
                on(matcher) && {
                    taken.numbers(properties, |amount| windowed.add(*merge, *window, time, amount));
                    true
                }
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
                !late && advance(progress, steps, without, time, on)
            }
            (Self::Rare(rare), kind) if WHOLE => {
                rare.take(engine, kind, event, late, |matchers| matchers.iter().any(&on))
            }
            _ => false,
        }
    }

    pub(super) fn write(&self, out: &mut Writer, feature: &Feature) {
        let kept = |out: &mut Writer, kept: &Option<(EventKey, Value)>| {
            out.option(kept.as_ref(), |out, (key, value)| {
                key.write(out);
                value.write(out);
            });
        };
        match (self, &feature.kind) {
            (Self::Times { total, latest }, _) => {
                out.byte(0);
                out.count(*total);
                let mut last = 0;
                out.list(latest, |out, time| {
                    out.signed(time.0.wrapping_sub(last));
                    last = time.0;
                });
            }
            (Self::Windowed(windowed), FeatureKind::Windowed { merge, .. }) => {
                out.byte(1);
                windowed.write(out, *merge);
            }
            (Self::First(first), _) => {
                out.byte(2);
                kept(out, first);
            }
            (Self::Last(last), _) => {
                out.byte(3);
                kept(out, last);
            }
            (Self::Sequence(progress), _) => {
                out.byte(4);
                out.list(progress, |out, progress| {
                    out.option(progress.as_ref(), |out, progress| {
                        out.signed(progress.began.0);
                        out.signed(progress.came.0.wrapping_sub(progress.began.0));
                    });
                });
            }
            (Self::Rare(rare), _) if WHOLE => rare.write(out),
            // A cell was made for its feature.
            (Self::Windowed(_) | Self::Rare(_), _) => {}
        }
    }

    /// Reads the cell of a feature. Anything but what that feature remembers is refused.
    #[cfg_attr(feature = "lean", inline(never))]
    pub(super) fn read(input: &mut Reader<'_>, feature: &Feature) -> Self {
        let kept = |input: &mut Reader<'_>| input.option(|i| (EventKey::read(i), Value::read(i)));
        match (input.byte(), &feature.kind) {
            (0, FeatureKind::Times { keep, .. }) => {
                let total = input.count();
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
            (1, FeatureKind::Windowed { merge, .. }) => {
                Self::Windowed(Windowed::read(input, *merge))
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
            (tag, kind) if WHOLE => Self::Rare(Rare::read(input, tag, kind)),
            _ => input.refuse("wrong-cell", Self::empty(feature)),
        }
    }

    /// What it amounts to at `now`, when events before `covered_from` were not seen.
    pub(super) fn reading(
        &self,
        engine: Engine<'_>,
        feature: &Feature,
        covered_from: Timestamp,
        now: Timestamp,
    ) -> Reading<'_> {
        let all = covered_from == Timestamp::MIN;
        match (self, &feature.kind) {
            (Self::Windowed(windowed), FeatureKind::Windowed { merge, window, .. }) => {
                windowed.reading(*merge, *window, covered_from, now)
            }
            // An earlier one may have been missed, but none later.
            (Self::First(Some((_, value))), _) if all => Reading::of(value, Timestamp::MAX),
            (Self::Last(Some((_, value))), _) => Reading::of(value, Timestamp::MAX),
            (Self::First(None) | Self::Last(None), _) if all => Reading::NULL,
            (Self::Rare(rare), kind) if WHOLE => rare.reading(engine, kind, covered_from, now),
            _ => Reading::unknown(Timestamp::MAX),
        }
    }
}

/// Whether a window was seen whole, and when it next may be.
fn reaches(window: Option<Window>, covered_from: Timestamp, now: Timestamp) -> (bool, Timestamp) {
    if covered_from == Timestamp::MIN {
        return (true, Timestamp::MAX);
    }
    let Some(window) = window else { return (false, Timestamp::MAX) };
    let began = window.bucket(covered_from);
    if began < window.first(window.bucket(now)) {
        return (true, Timestamp::MAX);
    }
    (false, Window { skip: 0, ..window }.turns(began, now))
}

/// Whether a value can be kept in a list.
fn is_key(value: &Value) -> bool {
    let single = matches!(value, Value::Text(_) | Value::Number(_) | Value::Bool(_));
    single && value.weight() <= KEY_BYTES
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
