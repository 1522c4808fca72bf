//! Which content each slot shows.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{
    DecodeError, Object, Purpose, Purposes, Reader, Span, Timestamp, Writer, Zone,
};

use crate::Engine;
use crate::decision::{Decision, Reason, Rendered, SlotDecision};
use crate::evaluate::{Evaluation, Silent, Truth, Watch};
use crate::membership::Memberships;
use crate::program::Rule;
use crate::render::render;
use crate::state::State;

/// What a decision may read besides the visitor.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context {
    /// The groups `page`, `campaign`, `device` and `geo`.
    pub values: Object,
    pub consent: Purposes,
    /// A BCP 47 tag.
    pub locale: String,
    /// The visitor's time zone; without one the pack's stands in.
    pub zone: Option<Zone>,
}

impl Context {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.byte(self.consent.bits());
        out.text(&self.locale);
        out.option(self.zone.as_ref(), |out, zone| {
            out.number(Timestamp(zone.offset.0).to_js());
            out.number(zone.until.to_js());
        });
        self.values.write(&mut out);
        out.into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, |input| Self {
            consent: Purposes::from_bits(input.byte()),
            locale: input.string(),
            zone: input.option(read_zone),
            values: Object::read(input),
        })
    }
}

fn read_zone(input: &mut Reader<'_>) -> Zone {
    let offset = Timestamp::from_js(input.number()).filter(|at| at.0.abs() <= Zone::FURTHEST.0);
    let until = input.number();
    let until =
        if until == f64::INFINITY { Some(Timestamp::MAX) } else { Timestamp::from_js(until) };
    match (offset, until) {
        (Some(Timestamp(offset)), Some(until)) => Zone { offset: Span(offset), until },
        _ => input.refuse("bad-zone", Zone::UTC),
    }
}

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Won,
    /// Its condition does not hold, or cannot be known.
    Lost(Truth),
    /// Its purpose has no consent.
    NoConsent,
    /// A rule before it won.
    Outranked,
}

/// Watches a decision being made.
pub(crate) trait Watcher: Watch {
    fn rule(&mut self, number: u32, rule: &Rule, verdict: Verdict);
}

impl Watcher for Silent {
    fn rule(&mut self, _: u32, _: &Rule, _: Verdict) {}
}

impl Engine<'_> {
    /// Decides every slot of the pack. The state does not move; a `now` behind it is taken to be at it.
    pub fn decide(&self, state: &State, context: &Context, now: Timestamp) -> Decision {
        self.decide_watched(state, context, now, &mut Silent)
    }

    pub(crate) fn decide_watched<W: Watcher>(
        &self,
        state: &State,
        context: &Context,
        now: Timestamp,
        watch: &mut W,
    ) -> Decision {
        let now = state.clamp(now);
        let members = self.members_at(state, now);
        let mut decision = Decision {
            pack: self.program.hash,
            seq: state.seq,
            now,
            valid_until: Timestamp::MAX,
            segments: Vec::new(),
            stage: None,
            slots: Vec::with_capacity(self.program.slots.len()),
        };
        if context.consent.contains(Purpose::Personalization) {
            decision.valid_until = members.until;
            decision.segments = members
                .segments()
                .map(|number| self.program.segments[number as usize].id.clone())
                .collect();
            decision.stage =
                members.stage.map(|stage| self.program.stages[stage as usize].id.clone());
        }
        let mut rules = (0..).zip(&self.program.rules).peekable();
        for (slot, definition) in (0..).zip(&self.program.slots) {
            let mut winner: Option<&Rule> = None;
            let mut reason = Reason::NoMatch;
            while let Some((number, rule)) = rules.next_if(|(_, rule)| rule.slot == slot) {
                let verdict = if !(rule.stateless || context.consent.contains(rule.purpose)) {
                    reason = Reason::NoConsent;
                    Verdict::NoConsent
                } else if winner.is_some() {
                    Verdict::Outranked
                } else {
                    let visitor = (&state.head, members.as_ref());
                    let answer =
                        Evaluation::of_page(*self, visitor, context, now, watch).answer(rule.when);
                    decision.valid_until = decision.valid_until.min(answer.until);
                    if answer.truth == Truth::True {
                        winner = Some(rule);
                        Verdict::Won
                    } else {
                        Verdict::Lost(answer.truth)
                    }
                };
                if W::EVERY_PART && verdict == Verdict::Outranked {
                    // Somebody wants to know why each rule would have won or lost.
                    let visitor = (&state.head, members.as_ref());
                    Evaluation::of_page(*self, visitor, context, now, watch).answer(rule.when);
                }
                watch.rule(number, rule, verdict);
            }
            let content = winner.map(|rule| rule.content).or(definition.default);
            if winner.is_some() {
                reason = Reason::Rule;
            }
            let content = content.map(|content| &self.program.contents[content as usize]);
            let body = content.and_then(|content| {
                let (text, until) = render(*self, content, &state.head, context, now);
                decision.valid_until = decision.valid_until.min(until);
                text.map(|text| Rendered { body: content.body, text })
            });
            decision.slots.push(SlotDecision {
                slot: definition.id.clone(),
                reason,
                rule: winner.map(|rule| rule.id.clone()),
                content: content.map(|content| content.id.clone()),
                body,
            });
        }
        decision
    }

    /// Memberships at `now`: as kept while they stand, otherwise worked out for this decision.
    pub(crate) fn members_at<'s>(&self, state: &'s State, now: Timestamp) -> Cow<'s, Memberships> {
        if now < state.members.until {
            Cow::Borrowed(&state.members)
        } else {
            Cow::Owned(self.memberships(&state.head, now))
        }
    }
}
