//! What few packs remember: a page whose pack does not is given an engine without it.

mod distinct;
mod items;
mod points;
mod streak;
mod top;

use waymark_model::{Event, Reader, Timestamp, Writer};

use crate::Engine;
use crate::evaluate::Reading;
use crate::program::{FeatureKind, Matcher};
use distinct::Distinct;
use items::Items;
use points::Points;
pub use streak::RUNS;
use streak::Streak;
use top::Top;

#[derive(Debug, Clone, PartialEq)]
pub enum Rare {
    Distinct(Distinct),
    Top(Top),
    Streak(Streak),
    Items(Items),
    Points(Points),
}

impl Rare {
    pub(super) fn empty(kind: &FeatureKind) -> Self {
        match kind {
            FeatureKind::Top { .. } => Self::Top(Top::default()),
            FeatureKind::Streak { .. } => Self::Streak(Streak::default()),
            FeatureKind::Items(_) => Self::Items(Items::default()),
            FeatureKind::Points(_) => Self::Points(Points::default()),
            _ => Self::Distinct(Distinct::default()),
        }
    }

    /// Whether anything changed; `on` says whether one of the matchers is the event's.
    pub(super) fn take(
        &mut self,
        engine: Engine<'_>,
        kind: &FeatureKind,
        event: &Event,
        late: bool,
        on: impl Fn(&[Matcher]) -> bool,
    ) -> bool {
        let does = |matcher: &Matcher| on(core::slice::from_ref(matcher));
        let (time, properties) = (event.time, &event.properties);
        match (self, kind) {
            (
                Self::Distinct(distinct),
                FeatureKind::Distinct { on: matcher, taken, window, most },
            ) => {
                does(matcher) && {
                    taken.values(properties, |value| distinct.add(*window, time, value, *most));
                    true
                }
            }
            (Self::Top(top), FeatureKind::Top { on: matcher, taken, window, most }) => {
                !(late && top.is_full()) && does(matcher) && {
                    taken.values(properties, |value| top.add(*window, time, value, *most));
                    true
                }
            }
            (Self::Streak(streak), FeatureKind::Streak { on: matcher, period }) => {
                does(matcher) && streak.add(engine, *period, time)
            }
            (Self::Items(items), FeatureKind::Items(definition)) => {
                !late && items.take(definition, event, on)
            }
            (Self::Points(points), FeatureKind::Points(ledger)) => {
                points.take(ledger, event, |matcher| does(matcher))
            }
            _ => false,
        }
    }

    pub(super) fn reading(
        &self,
        engine: Engine<'_>,
        kind: &FeatureKind,
        covered_from: Timestamp,
        now: Timestamp,
    ) -> Reading<'_> {
        match (self, kind) {
            (Self::Distinct(distinct), FeatureKind::Distinct { window, .. }) => {
                distinct.reading(*window, covered_from, now)
            }
            (Self::Top(top), FeatureKind::Top { window, .. }) => {
                top.reading(*window, covered_from, now)
            }
            (Self::Streak(streak), FeatureKind::Streak { period, .. }) => {
                streak.reading(engine, *period, covered_from, now)
            }
            (Self::Items(items), _) => items.reading(covered_from),
            (Self::Points(points), FeatureKind::Points(ledger)) => {
                points.reading(ledger.window, covered_from, now)
            }
            _ => Reading::unknown(Timestamp::MAX),
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        match self {
            Self::Distinct(distinct) => {
                out.byte(5);
                distinct.write(out);
            }
            Self::Top(top) => {
                out.byte(6);
                top.write(out);
            }
            Self::Streak(streak) => {
                out.byte(7);
                streak.write(out);
            }
            Self::Items(items) => {
                out.byte(8);
                items.write(out);
            }
            Self::Points(points) => {
                out.byte(9);
                points.write(out);
            }
        }
    }

    pub(super) fn read(input: &mut Reader<'_>, tag: u8, kind: &FeatureKind) -> Self {
        match (tag, kind) {
            (5, FeatureKind::Distinct { most, .. }) => Self::Distinct(Distinct::read(input, *most)),
            (6, FeatureKind::Top { most, .. }) => Self::Top(Top::read(input, *most)),
            (7, FeatureKind::Streak { .. }) => Self::Streak(Streak::read(input)),
            (8, FeatureKind::Items(items)) => Self::Items(Items::read(input, items.most)),
            (9, FeatureKind::Points(_)) => Self::Points(Points::read(input)),
            _ => input.refuse("wrong-cell", Self::empty(kind)),
        }
    }
}
