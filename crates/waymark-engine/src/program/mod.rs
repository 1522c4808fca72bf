//! The compiled pack: everything is looked up, parsed and checked before a visitor arrives.
//!
//! A [`Program`] is plain data. `waymark-pack` builds it; [`Program::decode`] checks every index, so
//! the rest of the engine may follow them.

mod bound;
mod carry;
mod catalog;
mod codec;
mod columns;
mod condition;
mod content;
mod experiment;
mod feature;
mod feed;
mod flow;
mod index;
mod model;
mod observed;
mod pattern;
mod pick;
mod projection;
mod sessions;
mod template;
mod whole;
mod zones;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use waymark_model::{Event, Purpose, Span, Timestamp, Zone};

pub use catalog::{Catalog, Each, From, Row};
pub(crate) use columns::{Rows, Scan};
pub use condition::{
    Clock, Compare, Cond, CondId, Order, Path, Relation, Root, SessionKey, Source, Test, TimeKey,
    Type, WEEKDAYS, ZoneId,
};
pub use content::{Body, Content, Presentation, Variant};
pub use experiment::{
    Action, Experiment, Holdout, Leaf, Need, Outcome, Share, Status, Sticky, Unit, Variation,
};
pub use feature::{
    Amount, Feature, FeatureKind, Items, Ledger, Matcher, Merge, Period, Taken, Window,
};
pub use flow::{Act, Cue, Does, Entrance, Flow, Step};
pub use index::Index;
pub use model::{Input, Model, ModelKind, Next, Point, Term};
pub use observed::Observed;
pub use pattern::Pattern;
pub use pick::{Candidate, Pick, Points};
pub use template::{
    Case, DatePart, DateUnit, Escape, Filter, Fits, Form, Insert, Money, Part, Template,
};
pub use zones::ZoneTable;

/// The first 16 bytes of the SHA-256 of the whole pack's encoded Program. The page's projection
/// carries the hash of the whole. With rows of a feed in it ([`Program::fed`]) a pack keeps the first half.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PackHash(pub [u8; 16]);

/// Ends the name of an event that a browser said and a server has to say. Packs name no event so.
const CLAIMED: char = '\u{1}';

/// A compiled pack.
#[derive(Debug, Clone, Default)]
pub struct Program {
    pub hash: PackHash,
    /// The pack's own name.
    pub pack: String,
    /// A gap this long between two events starts a new session.
    pub session_gap: Span,
    /// It is known that nothing in it depends on the visitor's session, which every event moves.
    pub sessionless: bool,
    /// The pack's own zone, then those that its conditions name.
    pub zones: Vec<ZoneTable>,
    /// Days of the pack's zone that are holidays, since 1970, sorted.
    pub holidays: Vec<i64>,
    /// Regular expressions.
    pub patterns: Vec<Pattern>,
    pub groups: Vec<Group>,
    /// Names of the events that features watch, sorted.
    pub events: Vec<String>,
    /// Those that count only when a server says them, sorted.
    pub server_events: Vec<String>,
    /// What is remembered of a visitor.
    pub features: Vec<Feature>,
    /// `features.*` by name, sorted.
    pub named: Vec<(String, u32)>,
    /// Conditions, each after the ones it is made of.
    pub conds: Vec<Cond>,
    /// Segments, each after the ones it is made of.
    pub segments: Vec<Segment>,
    /// From the first stage of the journey to the last.
    pub stages: Vec<Stage>,
    /// How many segments are worked out before the stage: those it is made of. Later ones may read it.
    pub stage_after: u32,
    /// In the order in which they are decided: each after those that its rules need.
    pub slots: Vec<Slot>,
    pub contents: Vec<Content>,
    /// By slot, then from the highest priority down, then by id: the order in which they are tried.
    pub rules: Vec<Rule>,
    pub experiments: Vec<Experiment>,
    pub holdouts: Vec<Holdout>,
    pub picks: Vec<Pick>,
    pub catalog: Catalog,
    /// Conditions that let visitors into flows when they begin to hold.
    pub watches: Vec<CondId>,
    /// Triggers and journeys.
    pub flows: Vec<Flow>,
    /// What `scores.` reads, sorted by id.
    pub models: Vec<Model>,
    /// Derived from the rest by [`Program::indexed`].
    pub index: Index,
}

/// Programs with the same bytes are the same; the index is derived.
impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        self.encode() == other.encode()
    }
}

/// A list of values, kept as hashes: who is in it stays out of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: String,
    /// [`member_hash`](crate::member_hash) of each, sorted.
    pub members: Vec<u64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    pub id: String,
    pub when: CondId,
    /// Known at the edge only: no page is told of it.
    pub edge: bool,
}

/// A visitor is in the furthest stage whose `enter` holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    pub id: String,
    pub enter: CondId,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    pub id: String,
    /// What a visitor sees whom no rule matches; `None` keeps the author's content.
    pub default: Option<u32>,
    /// Decided at the edge only: pages keep what the edge put there.
    pub edge: bool,
    /// What is shown here contacts the visitor, in this way: the pack's contact policy counts it.
    pub contact: Option<String>,
    pub presentation: Presentation,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub id: String,
    pub slot: u32,
    pub action: Action,
    pub priority: i32,
    pub purpose: Purpose,
    pub when: CondId,
    /// Neither the condition nor the content reads anything kept about a visitor, so the rule may
    /// run before consent. An experiment then gives everybody its first variation.
    pub stateless: bool,
    /// The visitor has to be in all of these.
    pub shares: Vec<Share>,
    /// What other slots have to have come to, all of it.
    pub needs: Vec<Need>,
    /// Those of [`Program::holdouts`] that it is measured by.
    pub holdouts: Vec<u32>,
    /// What has to hold for it to be shown once more. It is not asked of what the visitor has in
    /// front of them, and what cannot be known leaves room.
    pub limit: Option<CondId>,
    /// Of the rules with the same number, one wins: that of the slot that is decided first.
    pub exclusive: Option<u32>,
    /// What hosts log when it has won, for limits to count.
    pub logs: Logs,
}

/// Which events hosts log of a rule that has won.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Logs {
    /// When its content is shown.
    pub viewed: bool,
    /// Whether it is shown or not.
    pub decided: bool,
}

impl Program {
    /// Derives what lookups need. Call it after filling the public fields by hand.
    #[must_use]
    pub fn indexed(mut self) -> Self {
        self.index = Index::of(&self);
        self
    }

    /// The conditions of the segments, then those that are watched.
    pub(crate) fn memberships(&self) -> impl Iterator<Item = CondId> {
        self.segments.iter().map(|segment| segment.when).chain(self.watches.iter().copied())
    }

    pub(crate) fn membership(&self, number: u32) -> CondId {
        let number = number as usize;
        match self.segments.get(number) {
            Some(segment) => segment.when,
            None => self.watches[number - self.segments.len()],
        }
    }

    /// The flow whose id has this hash.
    pub(crate) fn flow(&self, id: u64) -> Option<&Flow> {
        self.index.flow_of(id).map(|number| &self.flows[number as usize])
    }

    pub fn cond(&self, id: CondId) -> &Cond {
        &self.conds[id.0 as usize]
    }

    /// Bytes of memory that the lookups of rules take.
    pub fn index_bytes(&self) -> usize {
        self.index.columns.bytes()
    }

    /// The pack's own zone; UTC where none was given.
    pub fn zone(&self, id: ZoneId, now: Timestamp) -> Zone {
        let number = id.0.saturating_sub(1) as usize;
        self.zones.get(number).map_or(Zone::UTC, |zone| zone.at(now))
    }

    /// Makes of what a browser said, and a server has to say, what it is folded as: a visit that fulfils nothing.
    pub fn doubt(&self, event: &mut Event) {
        if self.server_events.binary_search(&event.name).is_ok() {
            event.name.push(CLAIMED);
        }
    }

    pub fn event_number(&self, name: &str) -> Option<u32> {
        let at = self.events.binary_search_by(|have| have.as_str().cmp(name)).ok()?;
        u32::try_from(at).ok()
    }

    /// The number of the model with an id.
    pub fn model(&self, id: &str) -> Option<u32> {
        let at = self.models.binary_search_by(|model| model.id.as_str().cmp(id)).ok()?;
        u32::try_from(at).ok()
    }

    pub fn named_feature(&self, name: &str) -> Option<u32> {
        let at = self.named.binary_search_by(|(have, _)| have.as_str().cmp(name)).ok()?;
        Some(self.named[at].1)
    }
}

impl fmt::Display for PackHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for PackHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PackHash {
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut hash = [0; 16];
        if text.len() != 32 || !text.is_ascii() {
            return None;
        }
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = core::str::from_utf8(digits).ok()?;
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(Self(hash))
    }
}
