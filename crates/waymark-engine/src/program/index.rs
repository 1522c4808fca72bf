//! What reads what, so that an event costs only what it touches.

use alloc::vec;
use alloc::vec::Vec;

use super::columns::Columns;
use super::{Cond, CondId, Cue, Model, Program, Root, Source, Test};
use crate::WHOLE;

/// Lookups into a Program.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// By event number: the features that watch it.
    by_event: Vec<Vec<u32>>,
    /// Features that watch every event.
    any_event: Vec<u32>,
    /// By feature: segments that read it.
    pub(crate) by_feature: Vec<Vec<u32>>,
    /// By segment: later segments that read it. Watches count on from the segments.
    pub(crate) by_segment: Vec<Vec<u32>>,
    /// Segments that read the session, which every event moves.
    pub(crate) by_session: Vec<u32>,
    pub(crate) by_traits: Vec<u32>,
    pub(crate) by_stage: Vec<u32>,
    /// By event number: the flows that it may move.
    flows_by_event: Vec<Vec<u32>>,
    /// Flows that any event may move.
    any_flow: Vec<u32>,
    /// The hashes of the flows' ids, sorted, with the flows.
    flows_by_id: Vec<(u64, u32)>,
    /// By watch: the flows that it lets visitors into.
    pub(crate) by_watch: Vec<Vec<u32>>,
    /// What rules ask of paths.
    pub(crate) columns: Columns,
    /// By condition, where its answer is kept during a decision, counted from 1; 0 for those that
    /// one place alone asks for, and for those that are quicker asked than looked up.
    kept: Vec<u32>,
    /// How many are kept.
    shared: usize,
}

impl Index {
    pub(crate) fn of(program: &Program) -> Self {
        // Of what a lean engine is given there is so little that it looks through all of it.
        if !WHOLE {
            return Self::default();
        }
        let mut index = Self {
            by_event: vec![Vec::new(); program.events.len()],
            by_feature: vec![Vec::new(); program.features.len()],
            by_segment: vec![Vec::new(); program.memberships().count()],
            columns: Columns::of(program),
            ..Self::default()
        };
        for (number, feature) in (0..).zip(&program.features) {
            let any = feature.kind.matchers().any(|matcher| matcher.event.is_none());
            if any {
                index.any_event.push(number);
                continue;
            }
            for event in feature.kind.matchers().filter_map(|matcher| matcher.event) {
                push_once(&mut index.by_event[event as usize], number);
            }
        }
        for (number, when) in (0..).zip(program.memberships()) {
            index.read(program, when, number);
        }
        index.flows(program);
        index.share(program);
        index
    }

    fn flows(&mut self, program: &Program) {
        self.flows_by_event = vec![Vec::new(); program.events.len()];
        self.by_watch = vec![Vec::new(); program.watches.len()];
        self.flows_by_id =
            (0..).zip(&program.flows).map(|(number, flow)| (flow.id_hash(), number)).collect();
        self.flows_by_id.sort_unstable();
        for (number, flow) in (0..).zip(&program.flows) {
            for matcher in flow.matchers() {
                push_once(
                    match matcher.event {
                        Some(event) => &mut self.flows_by_event[event as usize],
                        None => &mut self.any_flow,
                    },
                    number,
                );
            }
            for entrance in &flow.enter {
                if let Cue::Becomes(watch) = entrance.cue {
                    push_once(&mut self.by_watch[watch as usize], number);
                }
            }
        }
    }

    /// The flow whose id has this hash.
    pub(crate) fn flow_of(&self, id: u64) -> Option<u32> {
        let at = self.flows_by_id.binary_search_by_key(&id, |(hash, _)| *hash).ok()?;
        Some(self.flows_by_id[at].1)
    }

    /// The flows that an event of this name may move.
    pub(crate) fn flows_of(&self, event: Option<u32>) -> impl Iterator<Item = u32> {
        let named = event.map_or(&[][..], |event| &self.flows_by_event[event as usize]);
        named.iter().chain(self.any_flow.iter().filter(|flow| !named.contains(flow))).copied()
    }

    /// Finds the conditions that several rules, or parts of rules, ask for.
    fn share(&mut self, program: &Program) {
        let mut askers = vec![0_u8; program.conds.len()];
        let mut ask = |cond: CondId| {
            let askers = &mut askers[cond.0 as usize];
            *askers = askers.saturating_add(1);
        };
        for rule in &program.rules {
            ask(rule.when);
            rule.limit.into_iter().for_each(&mut ask);
        }
        for cond in &program.conds {
            match cond {
                Cond::All(parts) | Cond::Any(parts) => parts.iter().copied().for_each(&mut ask),
                Cond::Not(part) => ask(*part),
                Cond::Test(_) => {}
            }
        }
        for (cond, askers) in program.conds.iter().zip(askers) {
            let quick = match cond {
                Cond::All(parts) | Cond::Any(parts) => parts.is_empty(),
                Cond::Test(
                    Test::Compare { source: Source::Path(_), .. }
                    | Test::Segment(_)
                    | Test::Stage { .. }
                    | Test::Consent(_),
                ) => true,
                _ => false,
            };
            let keeps = askers > 1 && !quick;
            self.shared += usize::from(keeps);
            self.kept.push(if keeps { u32::try_from(self.shared).unwrap_or(0) } else { 0 });
        }
    }

    /// Answers that are worth keeping during a decision.
    pub(crate) const fn shared(&self) -> usize {
        if WHOLE { self.shared } else { 0 }
    }

    /// Which of these a condition is.
    pub(crate) fn kept_at(&self, cond: CondId) -> Option<usize> {
        if !WHOLE {
            return None;
        }
        (self.kept.get(cond.0 as usize).copied().unwrap_or(0) as usize).checked_sub(1)
    }

    /// The features that an event of this name may change.
    pub(crate) fn watching(&self, event: Option<u32>) -> impl Iterator<Item = u32> {
        let named = event.map_or(&[][..], |event| &self.by_event[event as usize]);
        named.iter().chain(&self.any_event).copied()
    }

    fn read(&mut self, program: &Program, cond: CondId, reader: u32) {
        let test = match program.cond(cond) {
            Cond::All(parts) | Cond::Any(parts) => {
                for part in parts {
                    self.read(program, *part, reader);
                }
                return;
            }
            Cond::Not(part) => return self.read(program, *part, reader),
            Cond::Test(test) => test,
        };
        if let Some(feature) = test.feature() {
            push_once(&mut self.by_feature[feature as usize], reader);
        }
        for source in test.sources() {
            match source {
                Source::Path(path) if path.root == Root::Traits => {
                    push_once(&mut self.by_traits, reader);
                }
                Source::Feature(feature) => {
                    push_once(&mut self.by_feature[*feature as usize], reader);
                }
                Source::Session(_) => push_once(&mut self.by_session, reader),
                Source::Score(model) => self.read_score(&program.models[*model as usize], reader),
                Source::Path(_) | Source::Time(..) => {}
            }
        }
        match test {
            Test::Count { session: true, .. } => push_once(&mut self.by_session, reader),
            Test::Segment(segment) => {
                push_once(&mut self.by_segment[*segment as usize], reader);
            }
            Test::Stage { .. } => push_once(&mut self.by_stage, reader),
            // By who they are.
            Test::Percent(_) => push_once(&mut self.by_traits, reader),
            _ => {}
        }
    }
}

impl Index {
    fn read_score(&mut self, model: &Model, reader: u32) {
        for feature in model.features() {
            push_once(&mut self.by_feature[feature as usize], reader);
        }
        for input in model.inputs() {
            match &input.source {
                Source::Feature(feature) => {
                    push_once(&mut self.by_feature[*feature as usize], reader);
                }
                Source::Session(_) => push_once(&mut self.by_session, reader),
                _ => push_once(&mut self.by_traits, reader),
            }
        }
    }
}

impl Test {
    /// The feature whose history it asks for.
    pub const fn feature(&self) -> Option<u32> {
        match self {
            Self::Count { feature, .. }
            | Self::Age { feature, .. }
            | Self::Sequence { feature, .. } => Some(*feature),
            _ => None,
        }
    }

    /// The values that it looks at.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        let (one, other) = match self {
            Self::Compare { source, .. }
            | Self::Elapsed { source, .. }
            | Self::Anniversary { source, .. } => (Some(source), None),
            Self::Relate { left, right, .. } => (Some(left), Some(right)),
            _ => (None, None),
        };
        one.into_iter().chain(other)
    }
}

fn push_once(list: &mut Vec<u32>, item: u32) {
    if !list.contains(&item) {
        list.push(item);
    }
}
