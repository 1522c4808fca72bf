//! Where a visitor stands in triggers and journeys.

use alloc::vec::Vec;

use waymark_model::{Event, Object, Reader, Timestamp, Value, Writer};

use super::State;
use crate::program::{Does, Flow, Program, Step};
use crate::{Engine, WHOLE};

/// Runs of one flow that are remembered, to tell whether a visitor was in it before.
pub(crate) const FLOW_RUNS: usize = 16;

/// By the flows' ids, so that they are found again in the packs that follow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Flows {
    pub(crate) runs: Vec<Run>,
    /// Of flows some of whose runs are forgotten: who came in then or before has been in it.
    floors: Vec<(u64, Timestamp)>,
    /// The same as bytes, for an engine that has no flows.
    sealed: Vec<u8>,
}

/// A visitor's way through a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The hash of its id.
    pub(crate) flow: u64,
    pub(crate) key: Value,
    pub(crate) entered: Timestamp,
    /// The hash of the step's id; `None` when it is over.
    pub(crate) step: Option<u64>,
    /// When it came to the step.
    pub(crate) since: Timestamp,
    /// When it is to be looked at again.
    pub(crate) due: Timestamp,
    /// What was kept of the event that let them in, and of the one that was waited for.
    pub(crate) entry: Object,
    pub(crate) answer: Object,
}

/// Where a run stands, by the numbers that its flow and its step have in the Program.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing<'s> {
    pub flow: u32,
    /// The value by which the flow tells runs of one visitor apart; null where it does not.
    pub key: &'s Value,
    pub entered: Timestamp,
    /// `None` when it is over.
    pub step: Option<u32>,
    /// When it came to the step, or to the end.
    pub since: Timestamp,
}

impl Engine<'_> {
    /// A visitor's state anew, from all of their events. What was done before because of them, as other states
    /// of theirs know it, is not done again.
    pub fn refolded<'s>(
        &self,
        mut events: Vec<Event>,
        former: impl IntoIterator<Item = &'s State>,
    ) -> State {
        events.sort_by_cached_key(|event| (event.time, event.id.clone()));
        let mut state = self.new_state();
        for event in events {
            self.apply_owned(&mut state, event);
        }
        for other in former {
            self.take_over(&mut state, other);
        }
        state
    }

    /// Remembers of another profile of the same person what was done because of it.
    pub fn take_over(&self, state: &mut State, other: &State) {
        state.flows.take_over(&other.flows);
    }

    /// The visitor's ways through the flows of the Program, those that are over too. A few of each
    /// flow are remembered.
    pub fn standings<'s>(&self, state: &'s State) -> impl Iterator<Item = Standing<'s>> {
        state.flows.runs.iter().filter_map(|run| {
            let flow = self.program.index.flow_of(run.flow)?;
            let step = run.stands_at(&self.program.flows[flow as usize]);
            let Run { key, entered, since, .. } = run;
            Some(Standing { flow, key, entered: *entered, step, since: *since })
        })
    }
}

impl Run {
    /// Comes to a step at a moment, or to the end.
    pub(crate) fn goes(&mut self, flow: &Flow, step: u32, at: Timestamp) {
        let step = flow.steps.get(step as usize);
        self.step = step.map(Step::id_hash);
        self.since = at;
        self.due = step.map_or(Timestamp::MAX, |step| match &step.does {
            Does::Wait(span) => at.plus(*span),
            Does::Await { until: None, most, .. } => {
                most.map_or(Timestamp::MAX, |most| at.plus(most))
            }
            Does::Await { .. } | Does::Branch { .. } | Does::Go(_) | Does::Act(_) => at,
        });
    }

    pub(crate) fn ends(&mut self) {
        self.step = None;
        self.due = Timestamp::MAX;
        self.entry = Object::new();
        self.answer = Object::new();
    }

    /// The step that it is at, by its number.
    pub(crate) fn stands_at(&self, flow: &Flow) -> Option<u32> {
        let step = self.step?;
        let at = flow.steps.iter().position(|one| one.id_hash() == step)?;
        u32::try_from(at).ok()
    }

    fn write(&self, out: &mut Writer) {
        out.fixed64(self.flow);
        self.key.write(out);
        out.signed(self.entered.0);
        out.option(self.step.as_ref(), |out, step| {
            out.fixed64(*step);
            out.signed(self.since.0);
            out.signed(self.due.0);
            self.entry.write(out);
            self.answer.write(out);
        });
    }

    fn read(input: &mut Reader<'_>) -> Self {
        let mut run = Self {
            flow: input.fixed64(),
            key: Value::read(input),
            entered: Timestamp(input.signed()),
            step: None,
            since: Timestamp::MAX,
            due: Timestamp::MAX,
            entry: Object::new(),
            answer: Object::new(),
        };
        if input.flag() {
            run.step = Some(input.fixed64());
            run.since = Timestamp(input.signed());
            run.due = Timestamp(input.signed());
            run.entry = Object::read(input);
            run.answer = Object::read(input);
        }
        run
    }
}

impl Flows {
    /// When one of them is to be looked at.
    pub(crate) fn due(&self) -> Timestamp {
        self.runs.iter().map(|run| run.due).min().unwrap_or(Timestamp::MAX)
    }

    /// Something has changed: who waits until a condition holds, or until it is no longer quiet, looks
    /// again.
    pub(crate) fn recheck(&mut self, program: &Program, now: Timestamp) {
        for run in self.runs.iter_mut().filter(|run| run.due > now && run.step.is_some()) {
            let step = program.flow(run.flow).and_then(|flow| {
                let at = run.stands_at(flow)?;
                flow.steps.get(at as usize)
            });
            if let Some(Step { does: Does::Await { until: Some(_), .. } | Does::Act(_), .. }) = step
            {
                run.due = now;
            }
        }
    }

    /// The latest run of a flow with this key.
    pub(crate) fn latest(&self, flow: u64, key: &Value) -> Option<&Run> {
        self.runs.iter().rev().find(|run| run.flow == flow && run.key == *key)
    }

    /// Whether runs that came in at this moment are forgotten.
    pub(crate) fn forgot(&self, flow: u64, at: Timestamp) -> bool {
        self.floors.iter().any(|(of, floor)| *of == flow && at <= *floor)
    }

    /// Adds a run, in the place of one with its key; forgets one that is over when there are too many.
    /// With as many going on, none is added.
    pub(crate) fn add(&mut self, run: Run) {
        self.runs.retain(|have| have.flow != run.flow || have.key != run.key);
        let of_flow = |have: &Run| have.flow == run.flow;
        if self.runs.iter().filter(|have| of_flow(have)).count() >= FLOW_RUNS {
            let over = |have: &Run| of_flow(have) && have.step.is_none();
            let Some(at) = self.runs.iter().position(over) else { return };
            let forgotten = self.runs.remove(at).entered;
            match self.floors.iter_mut().find(|(flow, _)| *flow == run.flow) {
                Some((_, floor)) => *floor = forgotten.max(*floor),
                None => self.floors.push((run.flow, forgotten)),
            }
        }
        self.runs.push(run);
    }

    /// Takes over what another profile of the same person has done: of a run that both know, the one that
    /// came in first is theirs.
    fn take_over(&mut self, other: &Self) {
        for run in &other.runs {
            let own = self.latest(run.flow, &run.key).map(|own| own.entered);
            if own.is_none_or(|own| run.entered <= own) {
                self.add(run.clone());
            }
        }
        for &(flow, floor) in &other.floors {
            match self.floors.iter_mut().find(|(have, _)| *have == flow) {
                Some((_, own)) => *own = floor.max(*own),
                None => self.floors.push((flow, floor)),
            }
        }
    }

    /// Forgets the flows that it is not told to keep.
    pub(super) fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        self.runs.retain(|run| keep(run.flow));
        self.floors.retain(|(flow, _)| keep(*flow));
    }

    pub(super) fn write(&self, out: &mut Writer) {
        if !WHOLE {
            return out.bytes(&self.sealed);
        }
        let mut inner = Writer::default();
        if *self != Self::default() {
            inner.list(&self.runs, |out, run| run.write(out));
            inner.list(&self.floors, |out, (flow, floor)| {
                out.fixed64(*flow);
                out.signed(floor.0);
            });
        }
        out.bytes(inner.as_bytes());
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        let bytes = input.bytes();
        if !WHOLE {
            return Self { sealed: bytes.to_vec(), ..Self::default() };
        }
        if bytes.is_empty() {
            return Self::default();
        }
        input.inside(bytes, |input| Self {
            runs: input.list(Run::read),
            floors: input.list(|input| (input.fixed64(), Timestamp(input.signed()))),
            sealed: Vec::new(),
        })
    }
}
