//! Ways through triggers and journeys: who came to which step, and where they left.

use waymark_engine::program::{Does, Flow};
use waymark_engine::{Ended, Engine, State, Stepped};
use waymark_model::{Timestamp, Value};

use super::Seen;

/// Where a run stood at some moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    pub flow: u32,
    pub key: Value,
    pub entered: Timestamp,
    pub step: Option<u32>,
    since: Timestamp,
}

/// What became of the runs of one trigger or journey. Of these, and of those that still go on, every
/// run is one.
#[derive(Debug, Clone, Default)]
pub struct FlowCount {
    /// Runs, and visitors.
    pub entered: Seen,
    pub completed: u64,
    pub steps: Vec<StepCount>,
    acts: Vec<bool>,
}

#[derive(Debug, Clone, Default)]
pub struct StepCount {
    pub came: Seen,
    /// Its action was taken.
    pub taken: u64,
    /// Its action was left out, because of a limit.
    pub left_out: u64,
    /// The run was ended here, by what ends it.
    pub exited: u64,
    /// The run was ended here for want of consent.
    pub no_consent: u64,
    /// The run is here at the end.
    pub still: u64,
}

impl Way {
    /// Where the visitor's runs stand.
    pub fn all(engine: Engine<'_>, state: &State) -> Vec<Self> {
        let standings = engine.standings(state).map(|standing| Self {
            flow: standing.flow,
            key: standing.key.clone(),
            entered: standing.entered,
            step: standing.step,
            since: standing.since,
        });
        standings.collect()
    }

    fn is(&self, other: &Self) -> bool {
        (self.flow, self.entered, &self.key) == (other.flow, other.entered, &other.key)
    }
}

impl FlowCount {
    pub(super) fn of(flow: &Flow) -> Self {
        Self {
            steps: vec![StepCount::default(); flow.steps.len()],
            acts: flow.steps.iter().map(|step| matches!(step.does, Does::Act(_))).collect(),
            ..Self::default()
        }
    }

    /// Runs that were ended before their last step, and those that still go on.
    pub fn left(&self) -> (u64, u64) {
        let ended = self.steps.iter().map(|step| step.exited + step.no_consent).sum();
        (ended, self.steps.iter().map(|step| step.still).sum())
    }

    pub(super) fn ends_at(&mut self, step: Option<u32>) {
        if let Some(step) = step {
            self.steps[step as usize].still += 1;
        }
    }

    fn comes_to(&mut self, visitor: u64, step: Option<u32>) {
        match step {
            Some(step) => self.steps[step as usize].came.by(visitor),
            None => self.completed += 1,
        }
    }

    /// A run goes on from a step.
    fn does(&mut self, step: u32, stepped: Option<&Stepped>) {
        if self.acts[step as usize]
            && let Some(stepped) = stepped
        {
            let step = &mut self.steps[step as usize];
            *(if stepped.acted.is_some() { &mut step.taken } else { &mut step.left_out }) += 1;
        }
    }
}

/// Between the two moments one event was taken in, or one step of one run was taken.
pub(super) fn moved(
    flows: &mut [FlowCount],
    visitor: u64,
    (before, after): (&[Way], &[Way]),
    stepped: Option<&Stepped>,
) {
    for way in after {
        let flow = &mut flows[way.flow as usize];
        let Some(was) = before.iter().find(|was| was.is(way)) else {
            flow.entered.by(visitor);
            flow.comes_to(visitor, way.step);
            continue;
        };
        let Some(from) = was.step.filter(|_| was.step != way.step) else { continue };
        match stepped.and_then(|stepped| stepped.ended) {
            Some(Ended::Over) => flow.steps[from as usize].exited += 1,
            Some(Ended::NoConsent) => flow.steps[from as usize].no_consent += 1,
            // An event that ends a run leaves it where it was; one that was waited for moves it on.
            None if stepped.is_none() && way.step.is_none() && way.since == was.since => {
                flow.steps[from as usize].exited += 1;
            }
            None => {
                flow.does(from, stepped);
                flow.comes_to(visitor, way.step);
            }
        }
    }
    // An event may end a run and let the visitor in again, in its place.
    for was in before.iter().filter(|was| !after.iter().any(|way| way.is(was))) {
        if let Some(step) = was.step {
            flows[was.flow as usize].steps[step as usize].exited += 1;
        }
    }
}
