//! What to show, and why, with its canonical bytes: two targets agree when these are equal.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{DecodeError, Reader, Timestamp, Writer};

use crate::program::{Body, PackHash};

#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The pack that decided.
    pub pack: PackHash,
    /// How many events of the visitor it knew.
    pub seq: u64,
    pub now: Timestamp,
    /// The first moment at which deciding again could give something else, if nothing happens.
    pub valid_until: Timestamp,
    pub segments: Vec<String>,
    pub stage: Option<String>,
    pub slots: Vec<SlotDecision>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SlotDecision {
    pub slot: String,
    pub reason: Reason,
    pub rule: Option<String>,
    /// `None` keeps the author's content.
    pub content: Option<String>,
    /// `None` where there is nothing to show: the author's content stays.
    pub body: Option<Rendered>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    pub body: Body,
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
}

impl Reason {
    const ALL: [Self; 3] = [Self::Rule, Self::NoMatch, Self::NoConsent];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::NoMatch => "no-match",
            Self::NoConsent => "no-consent",
        }
    }
}

impl Decision {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.raw(&self.pack.0);
        out.unsigned(self.seq);
        out.number(self.now.to_js());
        out.number(self.valid_until.to_js());
        out.list(&self.segments, |out, id| out.text(id));
        out.optional_text(self.stage.as_deref());
        out.list(&self.slots, |out, slot| {
            out.text(&slot.slot);
            out.byte(slot.reason as u8);
            out.optional_text(slot.rule.as_deref());
            out.optional_text(slot.content.as_deref());
            out.option(slot.body.as_ref(), |out, rendered| {
                out.byte(rendered.body as u8);
                out.text(&rendered.text);
            });
        });
        out.into_bytes()
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
                body: input.option(|input| Rendered {
                    body: input.one_of(&Body::ALL, "unknown-body"),
                    text: input.string(),
                }),
            }),
        })
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
