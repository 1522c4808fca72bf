//! One visitor in an experiment: by a link, by what they saw before, or by the hash of who they are.

use alloc::borrow::Cow;
use alloc::string::String;

use waymark_model::Value;

use crate::assign::{Range, choose};
use crate::membership::Memberships;
use crate::program::{Experiment, Share, Unit};
use crate::state::{Cell, Fold};
use crate::{Context, Engine, WHOLE};

/// Whom a decision is about.
#[derive(Clone, Copy)]
pub(crate) struct Visitor<'a> {
    pub fold: &'a Fold,
    pub members: &'a Memberships,
    pub context: &'a Context,
}

/// The names by which a visitor can be hashed.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    pub fold: &'a Fold,
    pub anonymous_id: Option<&'a str>,
}

/// The variation of one experiment.
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
#[derive(Debug, Clone, Default)]
pub(crate) struct Assigned {
    pub variation: u32,
    /// Whether the visitor is in the experiment, and not merely shown its first variation.
    pub included: bool,
    /// Whether the experiment's figures are to know.
    pub counted: bool,
    pub forced: bool,
    pub sticky: bool,
    /// Whether the hash alone would have given another variation.
    pub conflict: bool,
    pub bucket: Option<f64>,
    /// How likely this variation was for those who are in the experiment.
    pub propensity: f64,
    pub unit: Option<String>,
    pub leaf: Option<u32>,
}

/// The visitor has no such id, or their bucket belongs to no variation.
pub(crate) struct Missed;

impl<'a> Visitor<'a> {
    /// The variation that the page's address asks for, or that the host forces. It reads nothing
    /// kept and is not counted.
    pub fn forced(self, id: &str, experiment: &Experiment) -> Option<Assigned> {
        let count = u32::try_from(experiment.variations.len()).unwrap_or(u32::MAX);
        let asked = self.context.query().and_then(|query| asked_in(query, id));
        if let Some(variation) = asked.filter(|variation| *variation < count) {
            return Some(Assigned { variation, ..Assigned::default() }.into_forced());
        }
        let (_, variation) = self.context.forced.iter().find(|(forced, _)| forced == id)?;
        Some(if *variation < count {
            Assigned { variation: *variation, ..Assigned::default() }.into_forced()
        } else {
            Assigned::control()
        })
    }

    /// Starts an assignment: the visitor's bucket, and the variation that they were given before.
    pub fn sticky(
        self,
        engine: Engine<'_>,
        experiment: &'a Experiment,
    ) -> Result<Assigned, Missed> {
        let (unit, bucket) = self.bucket(engine, &experiment.share).ok_or(Missed)?;
        let before = experiment.sticky.as_ref().and_then(|sticky| {
            let Cell::First(Some((_, Value::Text(id)))) =
                &self.fold.memories[sticky.feature as usize].cell
            else {
                return None;
            };
            experiment.variations.iter().position(|variation| variation.id == *id)
        });
        let variation = before.and_then(|before| u32::try_from(before).ok());
        Ok(Assigned {
            variation: variation.unwrap_or_default(),
            included: true,
            counted: true,
            sticky: variation.is_some(),
            bucket: Some(bucket),
            unit: Some(unit),
            ..Assigned::default()
        })
    }

    pub fn is_in(self, engine: Engine<'_>, share: &'a Share) -> bool {
        let bucket = self.bucket(engine, share);
        bucket.is_some_and(|(_, bucket)| choose(bucket, &share.ranges).is_some())
    }

    pub fn bucket(self, engine: Engine<'_>, share: &'a Share) -> Option<(String, f64)> {
        let anonymous_id = self.context.anonymous_id.as_deref();
        Known { fold: self.fold, anonymous_id }.bucket(engine, share)
    }
}

impl<'a> Known<'a> {
    /// By which of the visitor's names, and where they fall.
    pub fn bucket<'s>(self, engine: Engine<'_>, share: &'s Share) -> Option<(String, f64)> {
        let named = |unit: &'s Unit| Some((unit, self.name(engine, unit)?));
        let fallback = || share.fallback.as_ref().and_then(named);
        let (unit, name) = named(&share.unit).or_else(fallback)?;
        let mut words = String::from(unit.root());
        if WHOLE && let Unit::Trait(keys) = unit {
            for key in keys {
                words.push('.');
                words.push_str(key);
            }
        }
        Some((words, share.hash.bucket(&share.seed, &name)))
    }

    fn name(self, engine: Engine<'_>, unit: &Unit) -> Option<Cow<'a, str>> {
        let text: &str = match unit {
            Unit::User => self.fold.user_id.as_ref().map(|(_, id)| id)?,
            Unit::Anonymous => self.anonymous_id?,
            Unit::Trait(_) if !WHOLE => return None,
            Unit::Trait(keys) => match self.fold.traits.values().at(keys)? {
                Value::Text(text) => text,
                // JavaScript takes 0 and NaN for nothing.
                Value::Number(number) if *number != 0.0 && !number.is_nan() => {
                    return Some(Cow::Owned((engine.numerals.print)(*number)));
                }
                _ => return None,
            },
        };
        (!text.is_empty()).then_some(Cow::Borrowed(text))
    }
}

impl Assigned {
    /// The first variation, for those whom the experiment does not know.
    pub fn control() -> Self {
        Self::default()
    }

    pub fn into_forced(self) -> Self {
        let Self { variation, .. } = self;
        Self { variation, included: true, forced: true, ..Self::default() }
    }

    /// The variation whose range the bucket falls into, unless there was one before.
    pub fn fall_into(&mut self, ranges: &[Range]) -> Result<(), Missed> {
        let fallen = self.bucket.and_then(|bucket| choose(bucket, ranges));
        let fallen = fallen.and_then(|variation| u32::try_from(variation).ok());
        if self.sticky {
            self.conflict = fallen.is_some_and(|fallen| fallen != self.variation);
        } else {
            self.variation = fallen.ok_or(Missed)?;
        }
        let all: f64 = ranges.iter().map(|range| range.width()).sum();
        let own = ranges.get(self.variation as usize).map_or(0.0, |range| range.width());
        if all > 0.0 {
            self.propensity = own / all;
        }
        Ok(())
    }
}

/// The variation that an address asks for of an experiment, `?<experiment>=<number>`.
pub fn forced_by(address: &str, experiment: &str) -> Option<u32> {
    asked_in(query_of(address)?, experiment)
}

pub(crate) fn query_of(address: &str) -> Option<&str> {
    let (page, _) = cut(address, b'#');
    let (_, query) = cut(page, b'?');
    Some(cut(query?, b'?').0)
}

/// What stands before a letter of ASCII, and what stands behind it: searching for a `char` takes a
/// page three times the bytes.
fn cut(text: &str, letter: u8) -> (&str, Option<&str>) {
    let found = text.bytes().position(|byte| byte == letter);
    match found.and_then(|at| text.split_at_checked(at)) {
        Some((before, rest)) => (before, rest.get(1..)),
        None => (text, None),
    }
}

pub(crate) fn asked_in(query: &str, experiment: &str) -> Option<u32> {
    let mut rest = query;
    let asked = loop {
        let (pair, more) = cut(rest, b'&');
        if let (name, Some(asked)) = cut(pair, b'=')
            && name == experiment
        {
            break asked;
        }
        rest = more?;
    };
    // Only digits: `parse` would take a sign, too.
    if asked.bytes().all(|byte| byte.is_ascii_digit()) { asked.parse().ok() } else { None }
}
