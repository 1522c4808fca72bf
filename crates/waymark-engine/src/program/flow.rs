//! Triggers and journeys: what is done as visitors change, one step after the other.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Purpose, Reader, Span, Writer, fnv1a64};

use super::codec::{one_of, read_id, read_keys, read_matcher, refuse, write_keys, write_matcher};
use super::{CondId, Matcher};

/// A trigger, or a journey.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    pub id: String,
    /// Moved at the edge only: no page is told of it.
    pub edge: bool,
    /// Any of these lets a visitor in.
    pub enter: Vec<Entrance>,
    /// A property of the event that lets them in: they may be in it once for each of its values.
    pub key: Option<Vec<String>>,
    /// How long after they came in they may come in again; without it never.
    pub reenter: Option<Span>,
    /// Any of these ends it.
    pub exit: Vec<Matcher>,
    /// Ends it before the next action, when it holds.
    pub over: Option<CondId>,
    /// Also lets in those for whom a condition holds already when the pack is activated.
    pub existing: bool,
    /// Properties that are kept of the event that lets a visitor in, and of the one that was waited for.
    pub entry: Vec<Vec<String>>,
    pub answer: Vec<Vec<String>>,
    pub steps: Vec<Step>,
}

/// What lets those visitors in for whom something holds, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entrance {
    pub cue: Cue,
    pub when: CondId,
}

/// What lets visitors in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cue {
    Event(Matcher),
    /// One of [`Program::watches`](super::Program::watches) begins to hold.
    Becomes(u32),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The same in the packs that follow: whoever waits at a step is found there again.
    pub id: String,
    pub does: Does,
}

/// Numbers of steps are of later ones; that of none is the end.
#[derive(Debug, Clone, PartialEq)]
pub enum Does {
    Wait(Span),
    /// Waits for an event, or until something holds.
    Await {
        on: Vec<Matcher>,
        until: Option<CondId>,
        most: Option<Span>,
        /// Where it goes on when nothing came.
        missed: u32,
    },
    Branch {
        arms: Vec<(CondId, u32)>,
        otherwise: u32,
    },
    Go(u32),
    Act(Act),
}

/// An event of ours, which hosts carry out and log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    pub event: String,
    /// Without consent to it the run ends.
    pub purpose: Purpose,
    pub properties: Vec<(String, String)>,
    /// While it does not hold, the action waits.
    pub quiet: Option<CondId>,
    /// If it does not hold, the action is left out.
    pub limit: Option<CondId>,
}

impl Act {
    /// A destination is asked to send a message.
    pub const MESSAGE: &str = "Message Requested";
    /// Content is to be shown.
    pub const CONTENT: &str = "Content Triggered";
    /// A survey is to be shown.
    pub const SURVEY: &str = "Survey Requested";
    /// The property of a task that says how long there is for it, in milliseconds.
    pub const DUE: &str = "due_in";
    /// The property of a task that names the destination which hears of it when it is late.
    pub const ESCALATE: &str = "escalate_to";
    /// What actions are called as events. They move no flow.
    pub const EVENTS: [&str; 3] = [Self::MESSAGE, Self::CONTENT, Self::SURVEY];

    /// Whether it is ours, and nothing that the visitor did: it is no part of a session, and not
    /// among "any event".
    pub fn is_named(event: &str) -> bool {
        Self::EVENTS.contains(&event)
    }
}

impl Flow {
    /// By which runs name it.
    pub(crate) fn id_hash(&self) -> u64 {
        fnv1a64(self.id.as_bytes())
    }

    pub(crate) fn matchers(&self) -> impl Iterator<Item = &Matcher> {
        let enter = self.enter.iter().filter_map(|entrance| match &entrance.cue {
            Cue::Event(matcher) => Some(matcher),
            Cue::Becomes(_) => None,
        });
        let awaited = self.steps.iter().flat_map(|step| match &step.does {
            Does::Await { on, .. } => &on[..],
            _ => &[],
        });
        enter.chain(&self.exit).chain(awaited)
    }

    pub fn each_matcher(&mut self, mut change: impl FnMut(&mut Matcher)) {
        for entrance in &mut self.enter {
            if let Cue::Event(matcher) = &mut entrance.cue {
                change(matcher);
            }
        }
        self.exit.iter_mut().for_each(&mut change);
        for step in &mut self.steps {
            if let Does::Await { on, .. } = &mut step.does {
                on.iter_mut().for_each(&mut change);
            }
        }
    }

    /// Conditions that it asks of the visitor, and of what was kept.
    pub(super) fn each_cond(&mut self, mut change: impl FnMut(&mut CondId)) {
        self.enter.iter_mut().for_each(|entrance| change(&mut entrance.when));
        self.over.iter_mut().for_each(&mut change);
        for step in &mut self.steps {
            match &mut step.does {
                Does::Await { until, .. } => until.iter_mut().for_each(&mut change),
                Does::Branch { arms, .. } => arms.iter_mut().for_each(|(cond, _)| change(cond)),
                Does::Act(act) => {
                    act.quiet.iter_mut().chain(&mut act.limit).for_each(&mut change);
                }
                Does::Wait(_) | Does::Go(_) => {}
            }
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.text(&self.id);
        out.flag(self.edge);
        out.list(&self.enter, |out, entrance| {
            match &entrance.cue {
                Cue::Event(matcher) => {
                    out.byte(0);
                    write_matcher(out, matcher);
                }
                Cue::Becomes(watch) => {
                    out.byte(1);
                    out.unsigned((*watch).into());
                }
            }
            out.unsigned(entrance.when.0.into());
        });
        out.option(self.key.as_ref(), |out, keys| write_keys(out, keys));
        out.option(self.reenter.as_ref(), |out, after| out.signed(after.0));
        out.list(&self.exit, write_matcher);
        out.option(self.over.as_ref(), |out, cond| out.unsigned(cond.0.into()));
        out.flag(self.existing);
        for kept in [&self.entry, &self.answer] {
            out.list(kept, |out, keys| write_keys(out, keys));
        }
        out.list(&self.steps, |out, step| {
            out.text(&step.id);
            step.does.write(out);
        });
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        Self {
            id: input.string(),
            edge: input.flag(),
            enter: input.list(|input| Entrance { cue: Cue::read(input), when: read_id(input) }),
            key: input.option(read_keys),
            reenter: input.option(|input| Span(input.signed())),
            exit: input.list(read_matcher),
            over: input.option(read_id),
            existing: input.flag(),
            entry: input.list(read_keys),
            answer: input.list(read_keys),
            steps: input.list(|input| Step { id: input.string(), does: Does::read(input) }),
        }
    }
}

impl Cue {
    fn read(input: &mut Reader<'_>) -> Self {
        match input.byte() {
            0 => Self::Event(read_matcher(input)),
            1 => Self::Becomes(input.u32()),
            _ => refuse(input, "unknown-cue", Self::Becomes(0)),
        }
    }
}

impl Step {
    /// By which runs name it.
    pub(crate) fn id_hash(&self) -> u64 {
        fnv1a64(self.id.as_bytes())
    }
}

impl Does {
    fn write(&self, out: &mut Writer) {
        let cond = |out: &mut Writer, cond: &CondId| out.unsigned(cond.0.into());
        match self {
            Self::Wait(span) => {
                out.byte(0);
                out.signed(span.0);
            }
            Self::Await { on, until, most, missed } => {
                out.byte(1);
                out.list(on, write_matcher);
                out.option(until.as_ref(), cond);
                out.option(most.as_ref(), |out, most| out.signed(most.0));
                out.unsigned((*missed).into());
            }
            Self::Branch { arms, otherwise } => {
                out.byte(2);
                out.list(arms, |out, (when, step)| {
                    cond(out, when);
                    out.unsigned((*step).into());
                });
                out.unsigned((*otherwise).into());
            }
            Self::Go(step) => {
                out.byte(3);
                out.unsigned((*step).into());
            }
            Self::Act(act) => {
                out.byte(4);
                out.text(&act.event);
                out.byte(act.purpose as u8);
                out.list(&act.properties, |out, (key, value)| {
                    out.text(key);
                    out.text(value);
                });
                out.option(act.quiet.as_ref(), cond);
                out.option(act.limit.as_ref(), cond);
            }
        }
    }

    fn read(input: &mut Reader<'_>) -> Self {
        match input.byte() {
            0 => Self::Wait(Span(input.signed())),
            1 => Self::Await {
                on: input.list(read_matcher),
                until: input.option(read_id),
                most: input.option(|input| Span(input.signed())),
                missed: input.u32(),
            },
            2 => Self::Branch {
                arms: input.list(|input| (read_id(input), input.u32())),
                otherwise: input.u32(),
            },
            3 => Self::Go(input.u32()),
            4 => Self::Act(Act {
                event: input.string(),
                purpose: one_of(input, &Purpose::ALL, "unknown-purpose"),
                properties: input.list(|input| (input.string(), input.string())),
                quiet: input.option(read_id),
                limit: input.option(read_id),
            }),
            _ => refuse(input, "unknown-step", Self::Go(0)),
        }
    }
}
