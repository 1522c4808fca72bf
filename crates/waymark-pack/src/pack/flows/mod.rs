//! Triggers and journeys: what is done when something changes, and over time.

mod actions;
mod cues;
mod destinations;
mod journeys;
mod surveys;
mod triggers;

pub(crate) use actions::Act;
pub(crate) use cues::{Cue, Entrance};
pub(crate) use destinations::Destination;
pub(crate) use journeys::{Step, StepKind};
pub(crate) use surveys::Survey;

use waymark_model::Span;

use super::Rule;
use super::rules::Unique;
use crate::condition::{Condition, Occurrence};
use crate::declared::Desk;
use crate::fields::one_of;
use crate::json::{At, Node};

/// A trigger is a journey of one step.
#[derive(Debug)]
pub(crate) struct Flow {
    pub id: String,
    pub at: At,
    pub kind: FlowKind,
    /// Whether only the edge may know of it.
    pub edge: bool,
    pub enter: Vec<Entrance>,
    pub key: Option<Vec<String>>,
    pub reenter: Option<Span>,
    pub exit: Vec<Occurrence>,
    pub over: Option<Condition>,
    pub existing: bool,
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlowKind {
    Trigger,
    Journey,
}

/// What the pack says of them.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    pub destinations: Vec<Destination>,
    pub surveys: Vec<Survey>,
    pub all: Vec<Flow>,
}

/// The parts of a pack that say it.
pub(super) struct Nodes<'n> {
    pub destinations: Option<&'n Node>,
    pub surveys: Option<&'n Node>,
    pub triggers: Option<&'n Node>,
    pub journeys: Option<&'n Node>,
}

impl FlowKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Journey => "journey",
        }
    }

    /// The property of an action that names it.
    pub const fn property(self) -> &'static str {
        match self {
            Self::Trigger => "trigger_id",
            Self::Journey => "journey_id",
        }
    }
}

impl Flow {
    /// Every step, those of branches behind the branch.
    pub fn every_step(&self) -> Vec<&Step> {
        let mut all = Vec::new();
        gather(&self.steps, &mut all);
        all
    }

    pub fn acts(&self) -> impl Iterator<Item = &Act> {
        self.every_step().into_iter().filter_map(|step| match &step.does {
            StepKind::Act(act) => Some(act),
            _ => None,
        })
    }

    /// Conditions on the visitor and on what was kept of events.
    pub fn conditions(&self) -> Vec<&Condition> {
        let mut all: Vec<&Condition> = Vec::new();
        for entrance in &self.enter {
            all.push(&entrance.when);
            if let Cue::Becomes(condition) = &entrance.cue {
                all.push(condition);
            }
        }
        all.extend(&self.over);
        for step in self.every_step() {
            match &step.does {
                StepKind::Await { until, .. } => all.extend(until),
                StepKind::Branch { arms, .. } => all.extend(arms.iter().map(|(when, _)| when)),
                StepKind::Act(act) => all.extend(&act.limits),
                StepKind::Wait(_) => {}
            }
        }
        all
    }

    /// Events that move it.
    pub fn occurrences(&self) -> Vec<&Occurrence> {
        let mut all: Vec<&Occurrence> = self.exit.iter().collect();
        all.extend(self.enter.iter().filter_map(|entrance| match &entrance.cue {
            Cue::Event(on) => Some(on),
            Cue::Becomes(_) => None,
        }));
        all.extend(self.every_step().into_iter().filter_map(|step| match &step.does {
            StepKind::Await { on, .. } => on.as_ref(),
            _ => None,
        }));
        all
    }
}

fn gather<'s>(steps: &'s [Step], all: &mut Vec<&'s Step>) {
    for step in steps {
        all.push(step);
        if let StepKind::Branch { arms, otherwise } = &step.does {
            for (_, steps) in arms {
                gather(steps, all);
            }
            gather(otherwise, all);
        }
    }
}

/// Names that everything may refer to.
pub(super) fn declare<'n>(
    nodes: &Nodes<'n>,
    desk: &mut Desk<'_>,
) -> (Vec<destinations::Declared<'n>>, Vec<Survey>) {
    let destinations = destinations::declare(nodes.destinations, desk);
    (destinations, surveys::read(nodes.surveys, desk))
}

/// The triggers and journeys, and the rules that show their content.
pub(super) fn read(
    nodes: &Nodes<'_>,
    (destinations, surveys): (Vec<destinations::Declared<'_>>, Vec<Survey>),
    ids: &mut Unique,
    desk: &mut Desk<'_>,
) -> (Flows, Vec<Rule>) {
    let mut rules = Vec::new();
    let mut all = triggers::read(nodes.triggers, ids, &mut rules, desk);
    all.extend(journeys::read(nodes.journeys, ids, &mut rules, desk));
    let destinations = destinations::read(destinations, desk);
    (Flows { destinations, surveys, all }, rules)
}

/// Whether those for whom it holds already come in.
fn existing(node: Option<&Node>, desk: &mut Desk<'_>) -> bool {
    let known = [("include", ())];
    node.and_then(|node| one_of(node, "`existing`", "word for it", known, &mut desk.problems))
        .is_some()
}
