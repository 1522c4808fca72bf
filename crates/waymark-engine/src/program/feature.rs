//! Features: what is remembered of a visitor's history, each in bounded space.

use alloc::string::String;
use alloc::vec::Vec;
use core::ops::RangeInclusive;

use waymark_model::{Fixed, Object, Span, Timestamp, Value};

use super::CondId;
use crate::WHOLE;

/// Something remembered, and how events change it.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Of the definition: what a state remembers is found again by it when the pack changes.
    pub fingerprint: u64,
    pub kind: FeatureKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum FeatureKind {
    /// How often, and the latest `keep` times. Exact for "at least n in a window" up to `keep`.
    Times { on: Matcher, keep: u32 },
    /// A number made of all of them, over calendar buckets, or over everything.
    Windowed { on: Matcher, taken: Taken, merge: Merge, window: Option<Window> },
    /// The first occurrence, and a property of it.
    First { on: Matcher, capture: Option<Vec<String>> },
    /// The last occurrence, and a property of it.
    Last { on: Matcher, capture: Option<Vec<String>> },
    /// For each prefix of the steps, the latest match.
    Sequence { steps: Vec<Matcher>, without: Vec<Matcher> },
    /// How many different values there were; `most` are told apart.
    Distinct { on: Matcher, taken: Taken, window: Option<Window>, most: u32 },
    /// The most frequent value, of equals the latest; of more than `most` those that came last.
    Top { on: Matcher, taken: Taken, window: Option<Window>, most: u32 },
    /// In how many periods in a row, up to this one or the one before.
    Streak { on: Matcher, period: Period },
    /// Keys that events add and take away, the latest last.
    Items(Items),
    /// Points that are earned, spent, and expire with their bucket.
    Points(Ledger),
}

/// Points are spent in the order in which they expire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    pub earn: Vec<Matcher>,
    /// For each of these, what is earned by it and how many points that is.
    pub earned: Vec<(Taken, Fixed)>,
    pub spend: Vec<Matcher>,
    pub spent: Taken,
    /// How long they count; without it for ever.
    pub window: Option<Window>,
}

/// A list that events change. An event that does several of these clears first and adds last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items {
    pub add: Vec<Matcher>,
    pub remove: Vec<Matcher>,
    pub clear: Vec<Matcher>,
    /// The keys.
    pub taken: Taken,
    /// Of more, the oldest go.
    pub most: u32,
}

/// Which events it watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// A place in [`Program::events`](super::Program::events); `None` is any event.
    pub event: Option<u32>,
    /// A condition on the event.
    pub condition: Option<CondId>,
}

/// What is taken from an event: once, or once from each element of a list in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// A property that is a list. Anything else is a list of nothing.
    pub each: Option<Vec<String>>,
    pub amount: Amount,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amount {
    /// That it is there: a count.
    One,
    /// A property, or a path in the element; without keys the element itself.
    Property(Vec<String>),
}

/// How amounts become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Of none, 0; of none of the others is there anything.
    Sum,
    Average,
    Least,
    Greatest,
}

/// Calendar buckets, counted from 1970 in UTC: the current one and those before it, `buckets` in all,
/// without the latest `skip`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub resolution: Span,
    pub buckets: u32,
    pub skip: u32,
}

/// Days, weeks or months of the pack's zone. Weeks begin on Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    Day,
    Week,
    Month,
}

impl FeatureKind {
    pub fn matchers(&self) -> impl Iterator<Item = &Matcher> {
        let lists: [&[Matcher]; 3] = match self {
            Self::Times { on, .. }
            | Self::Windowed { on, .. }
            | Self::First { on, .. }
            | Self::Last { on, .. }
            | Self::Distinct { on, .. }
            | Self::Top { on, .. }
            | Self::Streak { on, .. } => [core::slice::from_ref(on), &[], &[]],
            Self::Sequence { steps, without } => [steps, without, &[]],
            Self::Items(Items { add, remove, clear, .. }) => [add, remove, clear],
            Self::Points(Ledger { earn, spend, .. }) => [earn, spend, &[]],
        };
        lists.into_iter().flatten()
    }

    pub fn each_matcher(&mut self, change: impl FnMut(&mut Matcher)) {
        match self {
            Self::Times { on, .. }
            | Self::Windowed { on, .. }
            | Self::First { on, .. }
            | Self::Last { on, .. }
            | Self::Distinct { on, .. }
            | Self::Top { on, .. }
            | Self::Streak { on, .. } => core::slice::from_mut(on).iter_mut().for_each(change),
            Self::Sequence { steps, without } => steps.iter_mut().chain(without).for_each(change),
            Self::Items(Items { add, remove, clear, .. }) => {
                add.iter_mut().chain(remove).chain(clear).for_each(change);
            }
            Self::Points(Ledger { earn, spend, .. }) => {
                earn.iter_mut().chain(spend).for_each(change);
            }
        }
    }

    pub(crate) const fn window(&self) -> Option<Window> {
        match self {
            Self::Windowed { window, .. }
            | Self::Distinct { window, .. }
            | Self::Top { window, .. }
            | Self::Points(Ledger { window, .. }) => *window,
            _ => None,
        }
    }
}

impl Taken {
    pub const ONE: Self = Self { each: None, amount: Amount::One };

    /// Calls `each` with every value that there is; null is none.
    pub(crate) fn values(&self, properties: &Object, mut each: impl FnMut(&Value)) {
        let mut each = |value: &Value| {
            if *value != Value::Null {
                each(value);
            }
        };
        let keys = match &self.amount {
            Amount::One => None,
            Amount::Property(keys) => Some(keys),
        };
        let Some(list) = &self.each else {
            match keys {
                None => each(&Value::Number(1.0)),
                Some(keys) => properties.at(keys).into_iter().for_each(each),
            }
            return;
        };
        let Some(Value::Array(elements)) = properties.at(list) else { return };
        for element in elements {
            match keys {
                None => each(&Value::Number(1.0)),
                Some(keys) => element.at(keys).into_iter().for_each(&mut each),
            }
        }
    }

    /// Calls `each` with every value that is a number.
    pub(crate) fn numbers(&self, properties: &Object, mut each: impl FnMut(Fixed)) {
        self.values(properties, |value| {
            value.as_number().map(Fixed::from_f64).into_iter().for_each(&mut each);
        });
    }
}

impl Merge {
    pub(crate) const ALL: [Self; 4] = [Self::Sum, Self::Average, Self::Least, Self::Greatest];

    /// The only one that a lean engine is given is `Sum`.
    pub(crate) const fn given(self) -> Self {
        if WHOLE { self } else { Self::Sum }
    }

    pub(crate) fn of(self, one: Fixed, other: Fixed) -> Fixed {
        match self {
            Self::Sum | Self::Average => one.plus(other),
            Self::Least => one.min(other),
            Self::Greatest => one.max(other),
        }
    }
}

impl Window {
    pub(crate) fn bucket(self, time: Timestamp) -> i64 {
        time.0.div_euclid(self.resolution.0)
    }

    /// The first bucket that counts when the newest is this.
    pub(crate) fn first(self, newest: i64) -> i64 {
        newest.saturating_sub(i64::from(self.buckets)).saturating_add(1)
    }

    /// The buckets that count at `now`.
    pub(crate) fn numbers(self, now: Timestamp) -> RangeInclusive<i64> {
        let current = self.bucket(now);
        self.first(current)..=current.saturating_sub(i64::from(self.skip))
    }

    /// The bucket of a time; without a window there is one, of number 0.
    pub(crate) fn number(window: Option<Self>, time: Timestamp) -> i64 {
        window.map_or(0, |window| window.bucket(time))
    }

    /// Whether a bucket counts at `now`; `until` comes down to when that may change.
    pub(crate) fn counts(
        window: Option<Self>,
        number: i64,
        now: Timestamp,
        until: &mut Timestamp,
    ) -> bool {
        let Some(window) = window else { return true };
        *until = window.turns(number, now).min(*until);
        window.numbers(now).contains(&number)
    }

    /// When a bucket next begins or ceases to count, if it does.
    pub(crate) fn turns(self, number: i64, now: Timestamp) -> Timestamp {
        let start = |after: u32| {
            let number = number.saturating_add(i64::from(after));
            Timestamp(times(number, self.resolution.0))
        };
        let (enters, leaves) = (start(self.skip), start(self.buckets));
        if now < enters {
            enters
        } else if now < leaves {
            leaves
        } else {
            Timestamp::MAX
        }
    }
}

/// As `saturating_mul`, which multiplies in 128 bits: nothing else in a page does.
const fn times(number: i64, span: i64) -> i64 {
    if number.unsigned_abs() > (i64::MAX / span).unsigned_abs() {
        return if number < 0 { i64::MIN } else { i64::MAX };
    }
    number * span
}

impl Period {
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The word for it in packs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}
