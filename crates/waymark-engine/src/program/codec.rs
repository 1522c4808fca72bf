//! The binary form of a Program. Reading checks every reference, order and depth, so that a Program
//! in memory can be followed without looking.

mod check;
mod condition;
mod feature;

use alloc::vec::Vec;
use core::mem::{self, ManuallyDrop};

use waymark_model::{DecodeError, Purpose, Reader, Span, Writer, limits};

pub(super) use condition::{
    read_compare, read_id, read_keys, read_path, read_source, write_compare, write_keys,
    write_path, write_source,
};
pub(super) use feature::{read_matcher, write_matcher};

use super::{
    Action, Catalog, Content, Experiment, Flow, Group, Holdout, Index, Logs, Model, Need, PackHash,
    Pattern, Pick, Presentation, Program, Rule, Segment, Share, Slot, Stage, ZoneTable,
};
use crate::{CHECKS, WHOLE};
use condition::{read_cond, write_cond};
use feature::{read_feature, write_feature};

const MAGIC: [u8; 4] = [b'W', b'M', b'P', Program::FORMAT];
/// What stands in the byte after it. Hosts choose the engine by the first, before there is one.
const NEEDS_WHOLE: u8 = 1;
const SESSIONLESS: u8 = 2;
const SERVER_EVENTS: u8 = 4;

impl Program {
    /// Of its binary form.
    pub const FORMAT: u8 = 6;

    /// Whether bytes are a Program as this release writes them.
    pub fn is_of_this_format(bytes: &[u8]) -> bool {
        bytes.starts_with(&MAGIC)
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.raw(&MAGIC);
        let sessionless = if self.asks_for_session() { 0 } else { SESSIONLESS };
        let whole = if self.needs_whole() { NEEDS_WHOLE } else { 0 };
        let server = if self.server_events.is_empty() { 0 } else { SERVER_EVENTS };
        out.byte(whole | sessionless | server);
        out.raw(&self.hash.0);
        out.raw(&self.encode_body());
        out.into_bytes()
    }

    /// What the content hash is taken over.
    pub fn encode_body(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.text(&self.pack);
        out.signed(self.session_gap.0);
        out.list(&self.zones, |out, zone| zone.write(out));
        out.list(&self.holidays, |out, day| out.signed(*day));
        out.list(&self.patterns, |out, pattern| pattern.write(out));
        out.list(&self.groups, |out, group| {
            out.text(&group.id);
            out.list(&group.members, |out, member| out.fixed64(*member));
        });
        out.list(&self.events, |out, name| out.text(name));
        out.list(&self.conds, write_cond);
        out.list(&self.features, write_feature);
        out.list(&self.named, |out, (name, feature)| {
            out.text(name);
            out.unsigned((*feature).into());
        });
        out.list(&self.segments, |out, segment| {
            out.text(&segment.id);
            out.unsigned(segment.when.0.into());
            out.flag(segment.edge);
        });
        out.list(&self.stages, |out, stage| {
            out.text(&stage.id);
            out.unsigned(stage.enter.0.into());
        });
        out.unsigned(self.stage_after.into());
        out.list(&self.contents, |out, content| content.write(out));
        out.list(&self.slots, |out, slot| {
            out.text(&slot.id);
            out.option(slot.default.as_ref(), |out, content| out.unsigned((*content).into()));
            out.byte(u8::from(slot.edge) | (slot.presentation as u8) << 1);
            out.optional_text(slot.contact.as_deref());
        });
        out.list(&self.rules, write_rule);
        out.list(&self.experiments, |out, experiment| experiment.write(out));
        out.list(&self.holdouts, |out, holdout| holdout.write(out));
        out.list(&self.picks, |out, pick| pick.write(out));
        self.catalog.write(&mut out);
        out.list(&self.watches, |out, cond| out.unsigned(cond.0.into()));
        out.list(&self.flows, |out, flow| flow.write(out));
        out.list(&self.models, |out, model| model.write(out));
        // Most packs have none, and no page has.
        if !self.server_events.is_empty() {
            out.list(&self.server_events, |out, name| out.text(name));
        }
        out.into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Reader::new(bytes);
        let program = ManuallyDrop::new(Self::read(&mut input));
        let checked = input.end().and_then(|()| {
            let checked = if CHECKS { program.check() } else { Ok(()) };
            checked.map_err(|code| DecodeError { code, offset: bytes.len() })
        });
        match checked {
            Ok(()) => {
                let mut program = ManuallyDrop::into_inner(program);
                let index = Index::of(&program);
                // The one before is empty.
                mem::forget(mem::replace(&mut program.index, index));
                Ok(program)
            }
            Err(error) => {
                // A page refuses one once, and to give back its parts takes 2% of the module.
                if CHECKS {
                    drop(ManuallyDrop::into_inner(program));
                }
                Err(error)
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Self {
        if input.remaining() > limits::PROGRAM_BYTES {
            refuse(input, "program-too-large", ());
        }
        if input.array() != MAGIC {
            input.refuse("not-a-program", ());
        }
        let traits = input.byte();
        let known = NEEDS_WHOLE | SESSIONLESS | if WHOLE { SERVER_EVENTS } else { 0 };
        if traits > known {
            input.refuse("unknown-trait", ());
        }
        if traits & NEEDS_WHOLE != 0 && !WHOLE {
            input.refuse("needs-whole-engine", ());
        }
        // Fields are read in the order in which they stand here.
        Self {
            sessionless: traits & SESSIONLESS != 0,
            hash: PackHash(input.array()),
            pack: input.string(),
            session_gap: Span(input.signed()),
            zones: whole_only(input, ZoneTable::read),
            holidays: whole_only(input, Reader::signed),
            patterns: whole_only(input, Pattern::read),
            groups: input
                .list(|input| Group { id: input.string(), members: input.list(Reader::fixed64) }),
            events: input.list(Reader::string),
            conds: input.list(read_cond),
            features: input.list(read_feature),
            named: input.list(|input| (input.string(), input.u32())),
            segments: input.list(|input| Segment {
                id: input.string(),
                when: read_id(input),
                edge: input.flag(),
            }),
            stages: input.list(|input| Stage { id: input.string(), enter: read_id(input) }),
            stage_after: input.u32(),
            contents: input.list(Content::read),
            slots: input.list(read_slot),
            rules: input.list(read_rule),
            experiments: input.list(Experiment::read),
            holdouts: input.list(Holdout::read),
            picks: input.list(Pick::read),
            catalog: Catalog::read(input),
            watches: whole_only(input, read_id),
            flows: whole_only(input, Flow::read),
            models: whole_only(input, Model::read),
            server_events: if WHOLE && traits & SERVER_EVENTS != 0 {
                input.list(Reader::string)
            } else {
                Vec::new()
            },
            index: Index::default(),
        }
    }
}

/// Refuses what a Program cannot have. Who trusts it goes on with what stands in for that.
pub(super) fn refuse<T>(input: &mut Reader<'_>, code: &'static str, instead: T) -> T {
    if CHECKS { input.refuse(code, instead) } else { instead }
}

/// One of a list that is not empty, by its number.
pub(super) fn one_of<T: Copy>(input: &mut Reader<'_>, all: &[T], code: &'static str) -> T {
    if CHECKS {
        return input.one_of(all, code);
    }
    all.get(usize::from(input.byte())).copied().unwrap_or(all[0])
}

/// A list that is empty in every Program that a lean engine is given.
pub(super) fn whole_only<'a, T>(
    input: &mut Reader<'a>,
    read: impl FnMut(&mut Reader<'a>) -> T,
) -> Vec<T> {
    if WHOLE {
        return input.list(read);
    }
    if input.byte() > 0 {
        refuse(input, "needs-whole-engine", ());
    }
    Vec::new()
}

fn write_rule(out: &mut Writer, rule: &Rule) {
    out.text(&rule.id);
    out.unsigned(rule.slot.into());
    rule.action.write(out);
    out.signed(rule.priority.into());
    out.byte(rule.purpose as u8);
    out.unsigned(rule.when.0.into());
    out.flag(rule.stateless);
    out.list(&rule.shares, |out, share| share.write(out));
    out.list(&rule.needs, |out, need| need.write(out));
    out.list(&rule.holdouts, |out, holdout| out.unsigned((*holdout).into()));
    out.option(rule.limit.as_ref(), |out, cond| out.unsigned(cond.0.into()));
    out.option(rule.exclusive.as_ref(), |out, group| out.unsigned((*group).into()));
    out.flag(rule.logs.viewed);
    out.flag(rule.logs.decided);
}

#[cfg_attr(feature = "lean", inline(never))]
fn read_slot(input: &mut Reader<'_>) -> Slot {
    let (id, default, how) = (input.string(), input.option(Reader::u32), input.byte());
    let presentation = Presentation::ALL.get(usize::from(how >> 1)).copied();
    Slot {
        id,
        default,
        edge: how & 1 == 1,
        contact: input.option(Reader::string),
        presentation: presentation
            .unwrap_or_else(|| refuse(input, "unknown-presentation", Presentation::InPlace)),
    }
}

#[cfg_attr(feature = "lean", inline(never))]
fn read_rule(input: &mut Reader<'_>) -> Rule {
    Rule {
        id: input.string(),
        slot: input.u32(),
        action: Action::read(input),
        priority: i32::try_from(input.signed())
            .unwrap_or_else(|_| refuse(input, "number-too-large", 0)),
        purpose: one_of(input, &Purpose::ALL, "unknown-purpose"),
        when: read_id(input),
        stateless: input.flag(),
        shares: input.list(Share::read),
        needs: whole_only(input, Need::read),
        holdouts: input.list(Reader::u32),
        limit: input.option(read_id),
        exclusive: input.option(Reader::u32),
        logs: Logs { viewed: input.flag(), decided: input.flag() },
    }
}
