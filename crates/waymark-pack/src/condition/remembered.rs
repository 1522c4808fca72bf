//! What is remembered of a visitor's events and read as a value: under a name, or where it is asked.

use std::rc::Rc;

use waymark_engine::program::{Amount, Merge, Period, Taken, Window};
use waymark_model::Fixed;

use super::Condition;
use crate::declared::Type;

/// An event, and what it has to be like.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Occurrence {
    /// `None` is any event.
    pub event: Option<String>,
    pub filter: Option<Rc<Condition>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Definition {
    Windowed(Windowed),
    Kept(Kept),
    /// How many different values there were.
    Distinct(Values),
    /// The most frequent of them.
    Top(Values),
    Streak {
        on: Occurrence,
        period: Period,
    },
    Items(Items),
    Points(Points),
}

/// A number made of those of many events.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Windowed {
    pub on: Occurrence,
    pub taken: Taken,
    pub merge: Merge,
    pub window: Option<Window>,
}

/// The first or the last occurrence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    pub first: bool,
    pub on: Occurrence,
    pub property: Option<Vec<String>>,
}

/// Values of many events.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Values {
    pub on: Occurrence,
    pub taken: Taken,
    pub window: Option<Window>,
    pub most: u32,
}

/// A list that events change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Items {
    pub add: Vec<Occurrence>,
    pub remove: Vec<Occurrence>,
    pub clear: Vec<Occurrence>,
    pub taken: Taken,
    pub most: u32,
}

/// Points that events earn and spend.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Points {
    pub earn: Vec<Occurrence>,
    /// For each of these, of what, and how many.
    pub earned: Vec<(Taken, Fixed)>,
    pub spend: Vec<Occurrence>,
    pub spent: Taken,
    pub window: Option<Window>,
}

impl Definition {
    /// The events that change it.
    pub fn occurrences(&self) -> impl Iterator<Item = &Occurrence> {
        let lists: [&[Occurrence]; 3] = match self {
            Self::Windowed(Windowed { on, .. })
            | Self::Kept(Kept { on, .. })
            | Self::Distinct(Values { on, .. })
            | Self::Top(Values { on, .. })
            | Self::Streak { on, .. } => [std::slice::from_ref(on), &[], &[]],
            Self::Items(Items { add, remove, clear, .. }) => [add, remove, clear],
            Self::Points(Points { earn, spend, .. }) => [earn, spend, &[]],
        };
        lists.into_iter().flatten()
    }

    /// Whether there may be none.
    pub const fn may_be_missing(&self) -> bool {
        match self {
            Self::Windowed(windowed) => !matches!(windowed.merge, Merge::Sum),
            Self::Kept(_) | Self::Top(_) => true,
            Self::Distinct(_) | Self::Streak { .. } | Self::Items(_) | Self::Points(_) => false,
        }
    }

    /// What it is called in a sentence.
    pub fn name(&self) -> String {
        match self {
            Self::Windowed(Windowed { merge, taken, .. }) => match (merge, &taken.amount) {
                (Merge::Sum, Amount::One) => "this count",
                (Merge::Sum, _) => "this sum",
                (Merge::Average, _) => "this average",
                (Merge::Least, _) => "this minimum",
                (Merge::Greatest, _) => "this maximum",
            }
            .to_owned(),
            Self::Kept(kept) => kept.property.as_deref().unwrap_or_default().join("."),
            Self::Distinct(_) => "this number of values".to_owned(),
            Self::Top(_) => "this most frequent value".to_owned(),
            Self::Streak { .. } => "this streak".to_owned(),
            Self::Items(_) => "this list".to_owned(),
            Self::Points(_) => "these points".to_owned(),
        }
    }

    /// The type of what is read, when that of what it is made of is this.
    pub const fn ty(&self, of: Option<Type>) -> Option<Type> {
        match self {
            Self::Windowed(_) | Self::Distinct(_) | Self::Streak { .. } | Self::Points(_) => {
                Some(Type::Number)
            }
            Self::Kept(_) | Self::Top(_) => of,
            Self::Items(_) => Some(Type::Array),
        }
    }
}
