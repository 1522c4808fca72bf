//! Triggers and journeys, with steps in one row and numbers for what they ask.

use std::collections::BTreeSet;

use waymark_engine::program::{
    Act, CondId, Cue, Does, Entrance, Flow, Matcher, Program, Root, Step,
};

use super::Lowering;
use crate::condition::{Condition, Occurrence};
use crate::pack::{self, Contacts, Pack, StepKind};

/// Joins a step's id with that of the one behind it: no id in a pack has it.
const BEHIND: char = '\u{1}';

impl<'p> Lowering<'p> {
    pub(super) fn flows(&mut self, pack: &'p Pack, program: &mut Program) {
        let slots = pack.edge_slots();
        let contacts = Contacts::of(pack);
        for flow in &pack.flows.all {
            let secret =
                flow.acts().any(|act| act.slot.as_deref().is_some_and(|slot| slots.contains(slot)));
            let enter = flow.enter.iter().map(|entrance| Entrance {
                cue: match &entrance.cue {
                    pack::Cue::Event(on) => Cue::Event(self.matcher(on)),
                    pack::Cue::Becomes(condition) => {
                        Cue::Becomes(self.watch(condition, &mut program.watches))
                    }
                },
                when: self.condition(&entrance.when),
            });
            let enter = enter.collect();
            let mut steps =
                Steps { policy: pack.contact.as_ref(), contacts: &contacts, all: Vec::new() };
            steps.lower(&flow.steps, self);
            let conditions = flow.conditions();
            program.flows.push(Flow {
                id: format!("{}/{}", flow.kind.name(), flow.id),
                edge: flow.edge || secret,
                enter,
                key: flow.key.clone(),
                reenter: flow.reenter,
                exit: flow.exit.iter().map(|on| self.matcher(on)).collect(),
                over: flow.over.as_ref().map(|over| self.condition(over)),
                existing: flow.existing,
                entry: kept("entry", &conditions),
                answer: kept("event", &conditions),
                steps: steps.all,
            });
        }
    }

    fn matcher(&mut self, on: &Occurrence) -> Matcher {
        self.remember(|features, lower| features.matcher(on, lower))
    }

    /// The number of a condition that is watched.
    fn watch(&mut self, condition: &Condition, watches: &mut Vec<CondId>) -> u32 {
        let id = self.condition(condition);
        let at = watches.iter().position(|watched| *watched == id).unwrap_or_else(|| {
            watches.push(id);
            watches.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }
}

struct Steps<'p> {
    policy: Option<&'p pack::Policy>,
    contacts: &'p Contacts<'p>,
    all: Vec<Step>,
}

impl Steps<'_> {
    fn lower(&mut self, steps: &[pack::Step], lowering: &mut Lowering<'_>) {
        for step in steps {
            let next = self.next() + 1;
            let does = match &step.does {
                StepKind::Wait(span) => Does::Wait(*span),
                StepKind::Await { on, until, most } => Does::Await {
                    on: on.iter().map(|on| lowering.matcher(on)).collect(),
                    until: until.as_ref().map(|until| lowering.condition(until)),
                    most: *most,
                    missed: next,
                },
                StepKind::Act(act) => Does::Act(self.act(act, lowering)),
                StepKind::Branch { arms, otherwise } => {
                    self.branch(&step.id, arms, otherwise, lowering);
                    continue;
                }
            };
            self.all.push(Step { id: step.id.clone(), does });
        }
    }

    /// The branch, then the steps of each arm, which lead to what is behind all of them.
    fn branch(
        &mut self,
        id: &str,
        arms: &[(Condition, Vec<pack::Step>)],
        otherwise: &[pack::Step],
        lowering: &mut Lowering<'_>,
    ) {
        let branch = self.all.len();
        self.all.push(Step { id: id.to_owned(), does: Does::Go(0) });
        let mut to = Vec::new();
        for (number, (when, steps)) in arms.iter().enumerate() {
            to.push((lowering.condition(when), self.next()));
            self.lower(steps, lowering);
            self.all.push(Step { id: format!("{id}{BEHIND}{number}"), does: Does::Go(0) });
        }
        let otherwise_at = self.next();
        self.lower(otherwise, lowering);
        let behind = self.next();
        let ends: Vec<usize> = to.iter().skip(1).map(|(_, at)| *at as usize - 1).collect();
        let last = (!to.is_empty()).then(|| otherwise_at as usize - 1);
        for end in ends.into_iter().chain(last) {
            self.all[end].does = Does::Go(behind);
        }
        self.all[branch].does = Does::Branch { arms: to, otherwise: otherwise_at };
    }

    /// With the contact policy, which is asked each time.
    fn act(&self, act: &pack::Act, lowering: &mut Lowering<'_>) -> Act {
        let policy = self.policy.filter(|policy| policy.is_about(act.contact.as_deref()));
        let room = policy.and_then(|policy| policy.room(self.contacts));
        let parts: Vec<Condition> = act.limits.iter().cloned().chain(room).collect();
        let at = parts.first().map(|part| part.at);
        let limit = at.map(|at| lowering.condition(&Condition::all(at, parts)));
        let quiet = policy.and_then(pack::Policy::loud);
        Act {
            event: act.event.to_owned(),
            purpose: act.purpose,
            properties: act.properties.clone(),
            quiet: quiet.map(|loud| lowering.condition(&loud)),
            limit,
        }
    }

    fn next(&self) -> u32 {
        u32::try_from(self.all.len()).unwrap_or(u32::MAX)
    }
}

/// Properties that conditions read of an event, sorted.
fn kept(tree: &str, conditions: &[&Condition]) -> Vec<Vec<String>> {
    let mut paths = BTreeSet::new();
    for condition in conditions {
        condition.walk(&mut |part| {
            for path in part.paths() {
                if let Some((first, rest)) = path.keys.split_first()
                    && path.root == Root::Item
                    && first == tree
                {
                    paths.insert(rest.to_vec());
                }
            }
        });
    }
    // What is part of another comes with it.
    let all: Vec<Vec<String>> = paths.into_iter().collect();
    let whole = |path: &Vec<String>| {
        !all.iter().any(|other| other.len() < path.len() && path.starts_with(other))
    };
    all.iter().filter(|path| whole(path)).cloned().collect()
}
