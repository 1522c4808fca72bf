//! Conditions: trees over tests, equal ones shared.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Span, Value};

/// A place in [`Program::conds`](super::Program::conds).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CondId(pub u32);

#[derive(Debug, Clone, PartialEq)]
pub enum Cond {
    /// True when every part is; of none, always.
    All(Vec<CondId>),
    /// True when some part is; of none, never.
    Any(Vec<CondId>),
    Not(CondId),
    Test(Test),
}

/// A question that is asked of the visitor, the page or an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    Value {
        path: Path,
        compare: Compare,
    },
    /// How often it happened: in the last `within`, and in this session if `session`.
    Count {
        feature: u32,
        within: Option<Span>,
        session: bool,
        least: u32,
        most: Option<u32>,
    },
    Number {
        source: NumberSource,
        compare: Compare,
    },
    /// How long ago the first or last occurrence was.
    Age {
        feature: u32,
        order: Order,
        span: Span,
    },
    /// The property kept from the first or last occurrence.
    Captured {
        feature: u32,
        compare: Compare,
    },
    /// The latest match began inside `within` and ended at least `idle` ago.
    Sequence {
        feature: u32,
        within: Option<Span>,
        idle: Option<Span>,
    },
    Segment(u32),
    /// The stage's number lies between the two, both included.
    Stage {
        least: u32,
        most: u32,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberSource {
    /// A count or a sum over its feature's window.
    Windowed(u32),
    Session(SessionKey),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKey {
    /// 1 for a visitor's first session.
    Number,
    /// Events in the latest session.
    Events,
}

/// A dotted path into the tree that conditions and templates read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    pub root: Root,
    pub keys: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    Traits,
    Page,
    Campaign,
    Device,
    Geo,
    /// Properties of the event under test (`where`).
    Property,
    /// `context.*` of the event under test (`where`).
    EventContext,
    /// `features.name`, in templates.
    Feature,
    /// `session.*`, in templates.
    Session,
}

impl Root {
    pub const ALL: [Self; 9] = [
        Self::Traits,
        Self::Page,
        Self::Campaign,
        Self::Device,
        Self::Geo,
        Self::Property,
        Self::EventContext,
        Self::Feature,
        Self::Session,
    ];

    /// The first word of the path.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traits => "traits",
            Self::Page => "page",
            Self::Campaign => "campaign",
            Self::Device => "device",
            Self::Geo => "geo",
            Self::Property => "properties",
            Self::EventContext => "context",
            Self::Feature => "features",
            Self::Session => "session",
        }
    }

    /// Whether it says nothing about what a visitor did before.
    pub const fn is_stateless(self) -> bool {
        matches!(self, Self::Page | Self::Campaign | Self::Device | Self::Geo)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Lt,
    Lte,
    Gt,
    Gte,
}

impl Order {
    pub(super) const ALL: [Self; 4] = [Self::Lt, Self::Lte, Self::Gt, Self::Gte];
}

/// One comparison, with the meaning that GrowthBook's SDKs give it. A missing value is null.
#[derive(Debug, Clone, PartialEq)]
pub enum Compare {
    Eq(Value),
    Ne(Value),
    Order(Order, Value),
    /// Is one of, or, for an array, shares one with.
    In(Vec<Value>),
    NotIn(Vec<Value>),
    Exists(bool),
}
