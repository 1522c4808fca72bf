//! What to show, and why, with its canonical bytes: two targets agree when these are equal.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{DecodeError, Reader, Timestamp, Writer};

use crate::program::{Body, PackHash, Presentation, Program};

/// Its texts are a host's own, or, while it is being made, the Program's.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<T = String> {
    /// The pack that decided.
    pub pack: PackHash,
    /// How many events of the visitor it knew.
    pub seq: u64,
    pub now: Timestamp,
    /// The first moment at which deciding again could give something else, if nothing happens.
    pub valid_until: Timestamp,
    pub segments: Vec<T>,
    pub stage: Option<T>,
    pub slots: Vec<SlotDecision<T>>,
    /// What is to be logged, each once, when the decision is carried out.
    pub exposures: Vec<Exposure<T>>,
    /// Shown content that limits count, to be logged like the exposures.
    pub views: Vec<View<T>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SlotDecision<T = String> {
    pub slot: T,
    pub reason: Reason,
    pub rule: Option<T>,
    /// `None` keeps the author's content.
    pub content: Option<T>,
    /// `None` where there is nothing to show: the author's content stays.
    pub body: Option<Rendered>,
    /// The experiment that won.
    pub assignment: Option<Assignment<T>>,
}

/// A visitor's variation of an experiment.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, told one by one")]
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment<T = String> {
    pub experiment: T,
    pub variation: T,
    /// The variation's place in the experiment.
    pub number: u32,
    /// Whether the visitor is in the experiment. Machines, and visitors without consent, are shown
    /// its first variation and are not.
    pub included: bool,
    /// Whether its figures are to know.
    pub counted: bool,
    /// By the page's address, by the host, or by the experiment for everybody.
    pub forced: bool,
    /// The visitor had this variation before.
    pub sticky: bool,
    /// The hash alone would have given another variation: the visitor's id changed, or the weights.
    pub conflict: bool,
    /// From 0 to below 1; `None` when nothing was hashed.
    pub bucket: Option<f64>,
    /// How likely this variation was for those who are in the experiment.
    pub propensity: f64,
    /// The name that was hashed: `userId`, `anonymousId` or `traits.` and a trait's.
    pub unit: Option<String>,
    /// The kind of visitor whose weights were taken.
    pub leaf: Option<u32>,
}

/// That a visitor met a variation: the properties of an `Experiment Viewed`.
#[derive(Debug, Clone, PartialEq)]
pub struct Exposure<T = String> {
    pub slot: T,
    /// The rule or experiment that won, or would have.
    pub rule: T,
    /// The experiment's id, or the holdout's.
    pub experiment: T,
    /// Of a holdout, `held-out` or `shown`.
    pub variation: T,
    pub bucket_version: u32,
    pub propensity: f64,
    pub unit: Option<String>,
    pub conflict: bool,
    /// Whether it concerns content that has a place in the page: where that is not, nothing was met.
    pub placed: bool,
}

/// That a content is shown of which limits count how often: the properties of a `Content Viewed`, or,
/// if `decided`, a `Content Decided`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View<T = String> {
    pub slot: T,
    /// The rule or experiment that won.
    pub rule: T,
    pub content: T,
    /// How the slot contacts visitors, if it does.
    pub contact: Option<T>,
    /// When the visitor's session began.
    pub session: Timestamp,
    /// Whether it has a place in the page: where that is not, nothing is seen.
    pub placed: bool,
    /// That it was chosen, and not whether it was seen.
    pub decided: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub body: Body,
    /// How it is shown where the page has no place for it.
    pub presentation: Presentation,
    pub text: String,
}

/// Why a slot shows what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A rule won.
    Rule,
    /// No rule's condition held.
    NoMatch,
    /// No rule won, and some were left out for want of consent.
    NoConsent,
    /// An experiment won.
    Experiment,
    /// The slot's default, for a visitor who is held out of what would have won.
    HeldOut,
}

impl Reason {
    const ALL: [Self; 5] =
        [Self::Rule, Self::NoMatch, Self::NoConsent, Self::Experiment, Self::HeldOut];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::NoMatch => "no-match",
            Self::NoConsent => "no-consent",
            Self::Experiment => "experiment",
            Self::HeldOut => "held-out",
        }
    }
}

impl Decision {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Self::head(self.pack, self.seq, self.now);
        self.write_rest(&mut out);
        out.into_bytes()
    }

    /// What differs when it is given again though nothing that it rests on has changed.
    pub(crate) fn head(pack: PackHash, seq: u64, now: Timestamp) -> Writer {
        let mut out = Writer::default();
        out.raw(&pack.0);
        out.unsigned(seq);
        out.number(now.to_js());
        out
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, |input| Self {
            pack: PackHash(input.array()),
            seq: input.unsigned(),
            now: read_time(input),
            valid_until: read_time(input),
            segments: input.list(Reader::string),
            stage: input.option(Reader::string),
            slots: input.list(|input| SlotDecision {
                slot: input.string(),
                reason: input.one_of(&Reason::ALL, "unknown-reason"),
                rule: input.option(Reader::string),
                content: input.option(Reader::string),
                body: input.option(Rendered::read),
                assignment: input.option(Assignment::read),
            }),
            exposures: input.list(Exposure::read),
            views: input.list(View::read),
        })
    }
}

impl<T: AsRef<str>> Decision<T> {
    #[cfg_attr(feature = "lean", inline(never))]
    pub(crate) fn write_rest(&self, out: &mut Writer) {
        out.number(self.valid_until.to_js());
        out.list(&self.segments, |out, id| out.text(id.as_ref()));
        optional(out, self.stage.as_ref());
        out.list(&self.slots, |out, slot| {
            out.text(slot.slot.as_ref());
            out.byte(slot.reason as u8);
            optional(out, slot.rule.as_ref());
            optional(out, slot.content.as_ref());
            out.option(slot.body.as_ref(), |out, rendered| {
                out.byte(rendered.body as u8 | (rendered.presentation as u8) << 4);
                out.text(&rendered.text);
            });
            out.option(slot.assignment.as_ref(), |out, assignment| assignment.write(out));
        });
        out.list(&self.exposures, |out, exposure| exposure.write(out));
        out.list(&self.views, |out, view| view.write(out));
    }
}

fn optional<T: AsRef<str>>(out: &mut Writer, text: Option<&T>) {
    out.optional_text(text.map(AsRef::as_ref));
}

impl Rendered {
    fn read(input: &mut Reader<'_>) -> Self {
        let how = input.byte();
        let body = Body::ALL.get(usize::from(how & 15)).copied();
        let presentation = Presentation::ALL.get(usize::from(how >> 4)).copied();
        Self {
            body: body.unwrap_or_else(|| input.refuse("unknown-body", Body::Text)),
            presentation: presentation
                .unwrap_or_else(|| input.refuse("unknown-presentation", Presentation::InPlace)),
            text: input.string(),
        }
    }
}

impl<T: AsRef<str>> Assignment<T> {
    fn write(&self, out: &mut Writer) {
        out.text(self.experiment.as_ref());
        out.text(self.variation.as_ref());
        out.unsigned(self.number.into());
        for flag in [self.included, self.counted, self.forced, self.sticky, self.conflict] {
            out.flag(flag);
        }
        out.option(self.bucket.as_ref(), |out, bucket| out.number(*bucket));
        out.number(self.propensity);
        out.optional_text(self.unit.as_deref());
        out.option(self.leaf.as_ref(), |out, leaf| out.unsigned((*leaf).into()));
    }
}

impl Assignment {
    fn read(input: &mut Reader<'_>) -> Self {
        Self {
            experiment: input.string(),
            variation: input.string(),
            number: input.u32(),
            included: input.flag(),
            counted: input.flag(),
            forced: input.flag(),
            sticky: input.flag(),
            conflict: input.flag(),
            bucket: input.option(Reader::number),
            propensity: input.number(),
            unit: input.option(Reader::string),
            leaf: input.option(Reader::u32),
        }
    }
}

impl<T: AsRef<str>> Exposure<T> {
    fn write(&self, out: &mut Writer) {
        for text in [&self.slot, &self.rule, &self.experiment, &self.variation] {
            out.text(text.as_ref());
        }
        out.unsigned(self.bucket_version.into());
        out.number(self.propensity);
        out.optional_text(self.unit.as_deref());
        out.flag(self.conflict);
        out.flag(self.placed);
    }
}

impl Exposure {
    fn read(input: &mut Reader<'_>) -> Self {
        Self {
            slot: input.string(),
            rule: input.string(),
            experiment: input.string(),
            variation: input.string(),
            bucket_version: input.u32(),
            propensity: input.number(),
            unit: input.option(Reader::string),
            conflict: input.flag(),
            placed: input.flag(),
        }
    }
}

impl<T: AsRef<str>> View<T> {
    fn write(&self, out: &mut Writer) {
        for text in [&self.slot, &self.rule, &self.content] {
            out.text(text.as_ref());
        }
        optional(out, self.contact.as_ref());
        out.number(self.session.to_js());
        out.flag(self.placed);
        out.flag(self.decided);
    }
}

impl View {
    /// What hosts log of content that is shown, and of content that was chosen.
    pub const VIEWED: &str = "Content Viewed";
    pub const DECIDED: &str = "Content Decided";

    /// The event that hosts log.
    pub const fn event(&self) -> &'static str {
        if self.decided { Self::DECIDED } else { Self::VIEWED }
    }

    fn read(input: &mut Reader<'_>) -> Self {
        Self {
            slot: input.string(),
            rule: input.string(),
            content: input.string(),
            contact: input.option(Reader::string),
            session: read_time(input),
            placed: input.flag(),
            decided: input.flag(),
        }
    }
}

impl Decision<&str> {
    /// The same, for a host to keep.
    pub(crate) fn into_owned(self) -> Decision {
        let own = |text: &str| text.to_owned();
        let slot = |slot: SlotDecision<&str>| SlotDecision {
            slot: own(slot.slot),
            reason: slot.reason,
            rule: slot.rule.map(own),
            content: slot.content.map(own),
            body: slot.body,
            assignment: slot.assignment.map(|assignment| Assignment {
                experiment: own(assignment.experiment),
                variation: own(assignment.variation),
                number: assignment.number,
                included: assignment.included,
                counted: assignment.counted,
                forced: assignment.forced,
                sticky: assignment.sticky,
                conflict: assignment.conflict,
                bucket: assignment.bucket,
                propensity: assignment.propensity,
                unit: assignment.unit,
                leaf: assignment.leaf,
            }),
        };
        let exposure = |exposure: Exposure<&str>| Exposure {
            slot: own(exposure.slot),
            rule: own(exposure.rule),
            experiment: own(exposure.experiment),
            variation: own(exposure.variation),
            bucket_version: exposure.bucket_version,
            propensity: exposure.propensity,
            unit: exposure.unit,
            conflict: exposure.conflict,
            placed: exposure.placed,
        };
        let view = |view: View<&str>| View {
            slot: own(view.slot),
            rule: own(view.rule),
            content: own(view.content),
            contact: view.contact.map(own),
            session: view.session,
            placed: view.placed,
            decided: view.decided,
        };
        Decision {
            pack: self.pack,
            seq: self.seq,
            now: self.now,
            valid_until: self.valid_until,
            segments: self.segments.into_iter().map(own).collect(),
            stage: self.stage.map(own),
            slots: self.slots.into_iter().map(slot).collect(),
            exposures: self.exposures.into_iter().map(exposure).collect(),
            views: self.views.into_iter().map(view).collect(),
        }
    }
}

impl Decision {
    /// What a page may be told of it: not the memberships that are known at the edge only.
    #[must_use]
    pub fn for_page(mut self, program: &Program) -> Self {
        let secret =
            |id: &String| program.segments.iter().any(|segment| segment.edge && segment.id == *id);
        self.segments.retain(|id| !secret(id));
        self
    }
}

fn read_time(input: &mut Reader<'_>) -> Timestamp {
    let number = input.number();
    if number == f64::INFINITY {
        return Timestamp::MAX;
    }
    if number == f64::NEG_INFINITY {
        return Timestamp::MIN;
    }
    Timestamp::from_js(number).unwrap_or_else(|| input.refuse("bad-time", Timestamp(0)))
}
