//! Features: what is remembered of a visitor's history, each in bounded space.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::Span;

use super::CondId;

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
    /// A sum over calendar buckets, or over everything.
    Windowed { on: Matcher, amount: Amount, window: Option<Window> },
    /// The first occurrence, and a property of it.
    First { on: Matcher, capture: Option<Vec<String>> },
    /// The last occurrence, and a property of it.
    Last { on: Matcher, capture: Option<Vec<String>> },
    /// For each prefix of the steps, the latest match.
    Sequence { steps: Vec<Matcher>, without: Vec<Matcher> },
}

/// Which events it watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// A place in [`Program::events`](super::Program::events); `None` is any event.
    pub event: Option<u32>,
    /// A condition on the event.
    pub condition: Option<CondId>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amount {
    /// One an event: a count.
    One,
    /// The number at a path of the properties; anything else adds nothing.
    Property(Vec<String>),
}

/// The current bucket and the `buckets - 1` before it. Buckets are counted from 1970 in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub resolution: Span,
    pub buckets: u32,
}

impl FeatureKind {
    pub fn matchers(&self) -> impl Iterator<Item = &Matcher> {
        let (first, second): (&[Matcher], &[Matcher]) = match self {
            Self::Times { on, .. }
            | Self::Windowed { on, .. }
            | Self::First { on, .. }
            | Self::Last { on, .. } => (core::slice::from_ref(on), &[]),
            Self::Sequence { steps, without } => (steps, without),
        };
        first.iter().chain(second)
    }
}
