//! Conditions: trees over tests, equal ones shared.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Purpose, Span, Timestamp, Value};

use super::Share;

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
    Compare {
        source: Source,
        compare: Compare,
    },
    /// Two values, each of which may change.
    Relate {
        left: Source,
        relation: Relation,
        right: Source,
    },
    /// How often it happened: in the last `within`, and in this session if `session`.
    Count {
        feature: u32,
        within: Option<Span>,
        session: bool,
        least: u32,
        most: Option<u32>,
    },
    /// How long ago the first or last occurrence was.
    Age {
        feature: u32,
        order: Order,
        span: Span,
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
    /// How long ago a date was, or, if `ahead`, how far it is off. Of a date on the other side of now
    /// there is no such length.
    Elapsed {
        source: Source,
        ahead: bool,
        order: Order,
        span: Span,
    },
    Clock(Clock),
    /// Today is so near to the day of the year that a date has.
    Anniversary {
        source: Source,
        before: Span,
        after: Span,
        zone: ZoneId,
    },
    Consent(Purpose),
    /// It is from one moment on and before another; the ends of time leave a side open.
    Scheduled {
        from: Timestamp,
        until: Timestamp,
    },
    /// How the visitor came to the page, or, if `of_event`, to the one that the event happened on:
    /// by one of these, as bits of [`Channel`](crate::Channel).
    Channel {
        of_event: bool,
        among: u32,
    },
    /// The visitor is in a share. Who has no name to be hashed by is in none.
    Percent(Share),
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    Path(Path),
    /// What a feature amounts to.
    Feature(u32),
    Session(SessionKey),
    Time(TimeKey, ZoneId),
    /// What one of [`Program::models`](super::Program::models) says.
    Score(u32),
}

/// Whose clock: 0 is the visitor's, as the host tells it, or the pack's where no host does; the
/// others are [`Program::zones`](super::Program::zones), counted from 1, the pack's own first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZoneId(pub u32);

impl ZoneId {
    pub const VISITOR: Self = Self(0);
    pub const PACK: Self = Self(1);
}

/// A time of the day, on some days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    pub zone: ZoneId,
    /// Minutes since midnight, the second not included; past midnight when it is not the larger.
    pub from: u32,
    pub to: u32,
    /// Bit 0 is Monday.
    pub days: u8,
    /// Not on the pack's holidays.
    pub workdays: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeKey {
    /// 0 to 23.
    Hour,
    /// 0 to 59.
    Minute,
    /// `mon` to `sun`.
    Weekday,
    /// 1 to 31.
    Day,
    /// 1 to 12.
    Month,
    Year,
    /// `2026-11-22`
    Date,
}

impl TimeKey {
    pub const ALL: [Self; 7] =
        [Self::Hour, Self::Minute, Self::Weekday, Self::Day, Self::Month, Self::Year, Self::Date];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Minute => "minute",
            Self::Weekday => "weekday",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
            Self::Date => "date",
        }
    }
}

/// The days of the week as conditions name them.
pub const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionKey {
    /// 1 for a visitor's first session.
    Number,
    /// Events in the latest session.
    Events,
    /// Milliseconds from the first to the last event of the latest session.
    Duration,
    /// Milliseconds between the latest session and the one before.
    Gap,
}

impl SessionKey {
    pub const ALL: [Self; 4] = [Self::Number, Self::Events, Self::Duration, Self::Gap];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Events => "events",
            Self::Duration => "duration",
            Self::Gap => "gap",
        }
    }
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
    /// `time.*` of the visitor, in templates.
    Time,
    /// The element of an array that is being looked at; without keys the element itself.
    Item,
    /// `scores.name`, in templates.
    Score,
}

impl Root {
    pub const ALL: [Self; 12] = [
        Self::Traits,
        Self::Page,
        Self::Campaign,
        Self::Device,
        Self::Geo,
        Self::Property,
        Self::EventContext,
        Self::Feature,
        Self::Session,
        Self::Time,
        Self::Item,
        Self::Score,
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
            Self::Time => "time",
            Self::Item => "item",
            Self::Score => "scores",
        }
    }

    /// Whether it says nothing about what a visitor did before.
    pub const fn is_stateless(self) -> bool {
        matches!(self, Self::Page | Self::Campaign | Self::Device | Self::Geo | Self::Time)
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

/// How two values relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Eq,
    Order(Order),
    /// Is an element of, or, for an array, shares one with.
    In,
}

/// One comparison, with the meaning that GrowthBook's SDKs give it: types are never converted, and
/// what is missing is null.
#[derive(Debug, Clone, PartialEq)]
pub enum Compare {
    /// The same value; arrays and objects by what is in them.
    Is(Value),
    /// Numbers with numbers, texts with texts; anything else has no order.
    Order(Order, Value),
    /// Is one of, or, for an array, shares one with.
    In(Vec<Value>),
    /// The same whatever the case; the texts listed are in lower case.
    InFolded(Vec<Value>),
    /// Is in [`Program::groups`](super::Program::groups), or, for an array, shares one with it.
    Group(u32),
    /// Anything but null.
    Exists,
    Type(Type),
    /// A text in which [`Program::patterns`](super::Program::patterns) finds a match.
    Pattern(u32),
    /// A text that is a version after, before or like this one, which is in its padded form.
    Version(Relation, String),
    /// An array of which some element, null left out, fulfils a condition on [`Root::Item`].
    Some(CondId),
    /// An array whose length fulfils a condition on [`Root::Item`].
    Size(CondId),
}

impl Compare {
    /// Whether it looks at nothing but the value.
    pub const fn is_plain(&self) -> bool {
        matches!(
            self,
            Self::Is(_)
                | Self::Order(..)
                | Self::In(_)
                | Self::InFolded(_)
                | Self::Exists
                | Self::Type(_)
                | Self::Version(..)
        )
    }
}

/// A type of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Null,
    Boolean,
    Number,
    Text,
    Array,
    Object,
}

impl Type {
    pub const ALL: [Self; 6] =
        [Self::Null, Self::Boolean, Self::Number, Self::Text, Self::Array, Self::Object];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::Text => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    pub const fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::Text(_) => Self::Text,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }
}
