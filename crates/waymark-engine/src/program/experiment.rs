//! Experiments, holdouts, and shares of the visitors: who gets which variation.
//!
//! Their texts and weights were checked when the pack was compiled; what is left to do for a visitor
//! is to hash and to compare.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Reader, Writer};

use super::CondId;
use super::codec::{one_of, refuse, whole_only};
use crate::WHOLE;
use crate::assign::{HashVersion, Range};

/// What a rule that wins does with its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Keeps what the page's author put there.
    Keep,
    /// Shows a content.
    Show(u32),
    /// Shows the variation that the visitor is assigned.
    Experiment(u32),
    /// Shows the best of several contents.
    Pick(u32),
}

/// The name by which a visitor is hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unit {
    /// The id that the site knows them by, once they have logged in.
    User,
    /// The device's.
    Anonymous,
    /// A trait: text that is not empty, or a number that is not zero.
    Trait(Vec<String>),
}

/// Some of the visitors: those whose bucket falls into one of the ranges.
#[derive(Debug, Clone, PartialEq)]
pub struct Share {
    pub unit: Unit,
    /// Stands in while the visitor has no `unit`.
    pub fallback: Option<Unit>,
    pub seed: String,
    pub hash: HashVersion,
    pub ranges: Vec<Range>,
}

/// What another slot has to have come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// One that is decided earlier.
    pub slot: u32,
    pub any_of: Vec<Outcome>,
    /// Whether it has to be none of them instead.
    pub none: bool,
}

/// What a slot came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Keep,
    Content(u32),
    /// The visitor is in this experiment, with this variation.
    Variation(u32, u32),
}

/// Visitors who see a slot's default instead of what would have won, to measure what it changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Holdout {
    /// Its name in exposures.
    pub id: String,
    pub share: Share,
}

/// The name, slot, priority and condition are those of the rule that runs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The ranges are the variations', one each.
    pub share: Share,
    pub variations: Vec<Variation>,
    /// Kinds of visitors with ranges of their own; the first that holds counts.
    pub contexts: Vec<Leaf>,
    pub status: Status,
    /// What everybody who would be assigned sees, uncounted.
    pub force: Option<u32>,
    pub sticky: Option<Sticky>,
    /// Raised to assign everybody anew.
    pub bucket_version: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Variation {
    pub id: String,
    /// A content; `None` shows the slot's default.
    pub show: Option<u32>,
    /// The visitor is counted, and the rules after it go on.
    pub passthrough: bool,
}

/// Visitors for whom a condition holds, and their ranges.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf {
    pub id: u32,
    pub when: CondId,
    pub ranges: Vec<Range>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nobody is assigned; it can be looked at by its query parameter.
    Draft,
    Running,
    /// Nobody is assigned any longer; what it forces is shown.
    Stopped,
}

impl Status {
    pub(super) const ALL: [Self; 3] = [Self::Draft, Self::Running, Self::Stopped];
}

/// Who was assigned once keeps the variation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sticky {
    /// Remembers the variation of the first exposure.
    pub feature: u32,
    /// Visitors of earlier bucket versions, who are left out.
    pub blocked: Option<CondId>,
    /// Whether they also stay when the condition no longer holds.
    pub enrolled: bool,
}

impl Action {
    pub(super) fn write(self, out: &mut Writer) {
        let (kind, number) = match self {
            Self::Keep => (0, 0),
            Self::Show(content) => (1, content),
            Self::Experiment(number) => (2, number),
            Self::Pick(number) => (3, number),
        };
        out.byte(kind);
        out.unsigned(number.into());
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        match (input.byte(), input.u32()) {
            (0, _) => Self::Keep,
            (1, content) => Self::Show(content),
            (2, number) => Self::Experiment(number),
            (3, number) => Self::Pick(number),
            _ => refuse(input, "unknown-action", Self::Keep),
        }
    }
}

impl Unit {
    /// Its name in packs and exposures: the first word, and the trait's keys.
    pub const fn root(&self) -> &'static str {
        match self {
            Self::User => "userId",
            Self::Anonymous => "anonymousId",
            Self::Trait(_) => "traits",
        }
    }

    fn write(&self, out: &mut Writer) {
        match self {
            Self::User => out.byte(0),
            Self::Anonymous => out.byte(1),
            Self::Trait(keys) => {
                out.byte(2);
                out.list(keys, |out, key| out.text(key));
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Self {
        match input.byte() {
            0 => Self::User,
            1 => Self::Anonymous,
            2 if WHOLE => Self::Trait(input.list(Reader::string)),
            _ => refuse(input, "unknown-unit", Self::User),
        }
    }
}

impl Share {
    pub(super) fn write(&self, out: &mut Writer) {
        self.unit.write(out);
        out.option(self.fallback.as_ref(), |out, unit| unit.write(out));
        out.text(&self.seed);
        out.byte(self.hash as u8);
        write_ranges(out, &self.ranges);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        Self {
            unit: Unit::read(input),
            fallback: input.option(Unit::read),
            seed: input.string(),
            hash: one_of(input, &HashVersion::ALL, "unknown-hash"),
            ranges: read_ranges(input),
        }
    }
}

fn write_ranges(out: &mut Writer, ranges: &[Range]) {
    out.list(ranges, |out, range| {
        out.number(range.start);
        out.number(range.end);
    });
}

fn read_ranges(input: &mut Reader<'_>) -> Vec<Range> {
    input.list(|input| {
        let range = Range { start: input.number(), end: input.number() };
        if !(range.start.is_finite() && range.end.is_finite()) {
            refuse(input, "bad-range", ());
        }
        range
    })
}

impl Need {
    pub(super) fn write(&self, out: &mut Writer) {
        out.unsigned(self.slot.into());
        out.flag(self.none);
        out.list(&self.any_of, |out, outcome| {
            let (kind, first, second) = match *outcome {
                Outcome::Keep => (0, 0, 0),
                Outcome::Content(content) => (1, content, 0),
                Outcome::Variation(experiment, variation) => (2, experiment, variation),
            };
            out.byte(kind);
            out.unsigned(first.into());
            out.unsigned(second.into());
        });
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        Self {
            slot: input.u32(),
            none: input.flag(),
            any_of: input.list(|input| match (input.byte(), input.u32(), input.u32()) {
                (0, ..) => Outcome::Keep,
                (1, content, _) => Outcome::Content(content),
                (2, experiment, variation) => Outcome::Variation(experiment, variation),
                _ => refuse(input, "unknown-outcome", Outcome::Keep),
            }),
        }
    }
}

impl Holdout {
    pub(super) fn write(&self, out: &mut Writer) {
        out.text(&self.id);
        self.share.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        Self { id: input.string(), share: Share::read(input) }
    }
}

impl Experiment {
    pub(super) fn write(&self, out: &mut Writer) {
        self.share.write(out);
        out.list(&self.variations, |out, variation| {
            out.text(&variation.id);
            out.option(variation.show.as_ref(), |out, show| out.unsigned((*show).into()));
            out.flag(variation.passthrough);
        });
        out.list(&self.contexts, |out, leaf| {
            out.unsigned(leaf.id.into());
            out.unsigned(leaf.when.0.into());
            write_ranges(out, &leaf.ranges);
        });
        out.byte(self.status as u8);
        out.option(self.force.as_ref(), |out, force| out.unsigned((*force).into()));
        out.option(self.sticky.as_ref(), |out, sticky| {
            out.unsigned(sticky.feature.into());
            out.option(sticky.blocked.as_ref(), |out, cond| out.unsigned(cond.0.into()));
            out.flag(sticky.enrolled);
        });
        out.unsigned(self.bucket_version.into());
    }

    #[cfg_attr(feature = "lean", inline(never))]
    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        Self {
            share: Share::read(input),
            variations: input.list(|input| Variation {
                id: input.string(),
                show: input.option(Reader::u32),
                passthrough: input.flag(),
            }),
            contexts: whole_only(input, |input| Leaf {
                id: input.u32(),
                when: CondId(input.u32()),
                ranges: read_ranges(input),
            }),
            status: one_of(input, &Status::ALL, "unknown-status"),
            force: input.option(Reader::u32),
            sticky: input.option(|input| Sticky {
                feature: input.u32(),
                blocked: input.option(|input| CondId(input.u32())),
                enrolled: input.flag(),
            }),
            bucket_version: input.u32(),
        }
    }
}
