//! Conditions as packs write them: checked, with names where a Program has numbers.

mod aggregate;
mod calendar;
mod compare;
mod history;
mod path;
mod read;
mod remembered;
mod rfm;
mod score;
mod tag;
mod tier;
mod who;

use std::rc::Rc;

use waymark_engine::program::{Compare, Order, Path, Pattern, Relation, Root, Share};
use waymark_model::{Purpose, Span, Timestamp};

use crate::json::At;

pub(crate) use aggregate::{amount, feature};
pub(crate) use calendar::{hours_from, read_holidays, zone_exists};
pub(crate) use compare::comparisons;
pub(crate) use history::{occurrence, occurrence_of};
pub(crate) use path::{Subject, path_of_visitor};
pub(crate) use read::{Place, read, subject};
pub(crate) use remembered::{Definition, Items, Kept, Occurrence, Points, Values, Windowed};
pub(crate) use rfm::{Rfm, read_rfm};
pub(crate) use tier::in_tier;

#[derive(Debug, Clone)]
pub(crate) struct Condition {
    pub at: At,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare {
        subject: Subject,
        compare: Comparison,
    },
    Relate {
        left: Subject,
        relation: Relation,
        right: Subject,
    },
    Count {
        on: Occurrence,
        within: Option<Span>,
        session: bool,
        least: u32,
        most: Option<u32>,
    },
    Age {
        of: Kept,
        order: Order,
        span: Span,
    },
    Sequence {
        steps: Vec<Occurrence>,
        without: Vec<Occurrence>,
        within: Option<Span>,
        idle: Option<Span>,
    },
    Segment(String),
    /// How long ago a date was, or, if `ahead`, how far it is off.
    Elapsed {
        subject: Subject,
        ahead: bool,
        order: Order,
        span: Span,
    },
    Clock(Hours),
    Anniversary {
        subject: Subject,
        before: Span,
        after: Span,
        zone: Zone,
    },
    Consent(Purpose),
    /// It is from one moment on and before another.
    Scheduled {
        from: Timestamp,
        until: Timestamp,
    },
    Percent(Share),
    /// How the visitor came to the page, or to that of the event.
    Channel {
        of_event: bool,
        among: u32,
    },
    /// In this stage, or, if `further`, in it or a later one.
    Stage {
        id: String,
        further: bool,
    },
}

/// What a value has to be like.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Comparison {
    /// One that refers to nothing else.
    Plain(Compare),
    /// An array of which some element is like this.
    Some(Box<Condition>),
    /// An array whose length is like this.
    Size(Box<Condition>),
    Pattern(Rc<Pattern>),
    /// In a group, by its name.
    Group(String),
}

/// Whose clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Zone {
    Visitor,
    Pack,
    /// In the tz database.
    Named(String),
}

/// A time of the day, on some days.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hours {
    pub zone: Zone,
    /// Minutes since midnight.
    pub from: u32,
    pub to: u32,
    /// Bit 0 is Monday.
    pub days: u8,
    pub workdays: bool,
}

/// The same thing is asked, wherever it stands.
impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Condition {
    pub const fn always(at: At) -> Self {
        Self { at, kind: Kind::All(Vec::new()) }
    }

    pub const fn never(at: At) -> Self {
        Self { at, kind: Kind::Any(Vec::new()) }
    }

    /// All of these. One alone stands for itself, and what is all of something is taken apart.
    pub fn all(at: At, parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part.kind {
                Kind::All(inner) => flat.extend(inner),
                _ => flat.push(part),
            }
        }
        match flat.pop() {
            Some(only) if flat.is_empty() => only,
            last => {
                flat.extend(last);
                Self { at, kind: Kind::All(flat) }
            }
        }
    }

    /// One of these at least. One alone stands for itself.
    pub fn any(at: At, mut parts: Vec<Self>) -> Self {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                Self { at, kind: Kind::Any(parts) }
            }
        }
    }

    /// That a property of an event is like this.
    pub fn property(at: At, name: &str, compare: Compare) -> Self {
        let path = Path { root: Root::Property, keys: vec![name.to_owned()] };
        let subject = Subject::Path(path);
        Self { at, kind: Kind::Compare { subject, compare: Comparison::Plain(compare) } }
    }

    pub fn not(self, at: At) -> Self {
        Self { at, kind: Kind::Not(Box::new(self)) }
    }

    /// Its truth, when it does not depend on anything.
    pub fn constant(&self) -> Option<bool> {
        match &self.kind {
            Kind::All(parts) if parts.iter().any(|part| part.constant() == Some(false)) => {
                Some(false)
            }
            Kind::All(parts) => {
                parts.iter().all(|part| part.constant() == Some(true)).then_some(true)
            }
            Kind::Any(parts) if parts.iter().any(|part| part.constant() == Some(true)) => {
                Some(true)
            }
            Kind::Any(parts) => {
                parts.iter().all(|part| part.constant() == Some(false)).then_some(false)
            }
            Kind::Not(part) => part.constant().map(|truth| !truth),
            _ => None,
        }
    }

    /// Whether it reads nothing that is kept about a visitor.
    pub fn is_stateless(&self) -> bool {
        match &self.kind {
            Kind::All(parts) | Kind::Any(parts) => parts.iter().all(Self::is_stateless),
            Kind::Not(part) => part.is_stateless(),
            Kind::Compare { subject, .. }
            | Kind::Elapsed { subject, .. }
            | Kind::Anniversary { subject, .. } => subject.is_stateless(),
            Kind::Relate { left, right, .. } => left.is_stateless() && right.is_stateless(),
            Kind::Clock(_) | Kind::Consent(_) | Kind::Scheduled { .. } | Kind::Channel { .. } => {
                true
            }
            _ => false,
        }
    }

    /// Calls `each` with every condition in it, itself first, `where`s left out.
    pub fn walk<'c>(&'c self, each: &mut dyn FnMut(&'c Self)) {
        each(self);
        match &self.kind {
            Kind::All(parts) | Kind::Any(parts) => parts.iter().for_each(|part| part.walk(each)),
            Kind::Not(part) => part.walk(each),
            _ => {}
        }
    }

    /// Paths that it compares itself.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let subjects = match &self.kind {
            Kind::Compare { subject, .. }
            | Kind::Elapsed { subject, .. }
            | Kind::Anniversary { subject, .. } => [Some(subject), None],
            Kind::Relate { left, right, .. } => [Some(left), Some(right)],
            _ => [None, None],
        };
        subjects.into_iter().flatten().filter_map(|subject| match subject {
            Subject::Path(path) => Some(path),
            _ => None,
        })
    }

    /// The `where`s of what it asks of the history, and the conditions on elements.
    pub fn filters(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Count { on, .. } | Kind::Age { of: Kept { on, .. }, .. } => {
                on.filter.as_deref().into_iter().collect()
            }
            Kind::Compare { subject, compare } => {
                let of_items = match compare {
                    Comparison::Some(part) | Comparison::Size(part) => Some(&**part),
                    _ => None,
                };
                subject.filters().chain(of_items).collect()
            }
            Kind::Relate { left, right, .. } => left.filters().chain(right.filters()).collect(),
            Kind::Sequence { steps, without, .. } => {
                steps.iter().chain(without).filter_map(|step| step.filter.as_deref()).collect()
            }
            _ => Vec::new(),
        }
    }
}
