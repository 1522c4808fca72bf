//! The order in which memberships are worked out: each after what it is made of.

use std::collections::{BTreeMap, BTreeSet};

use crate::condition::{Condition, Kind};
use crate::diagnostic::Code;
use crate::json::At;
use crate::pack::Pack;
use crate::problem::{Problems, shown};

#[derive(Debug)]
pub(super) struct Order {
    /// Segments as places in the pack.
    pub segments: Vec<usize>,
    /// How many of them come before the stage.
    pub stage_after: u32,
}

/// What is worked out. Stages are one: the furthest whose condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Segment(usize),
    Stage,
}

impl Order {
    /// `None` when something is made of itself, which has then been said.
    pub fn of(pack: &Pack, problems: &mut Problems) -> Option<Self> {
        let graph = Graph::of(pack);
        let needed = graph.needed_by(Step::Stage);
        let mut done = BTreeSet::new();
        let mut segments = Vec::new();
        graph.place(&needed, &mut done, &mut segments);
        let stage_after = segments.len();
        let cyclic = done.len() < needed.len();
        if !cyclic {
            done.insert(Step::Stage);
            let all: BTreeSet<Step> = graph.needs.keys().copied().collect();
            graph.place(&all, &mut done, &mut segments);
        }
        if !cyclic && done.len() == graph.needs.len() {
            let stage_after = u32::try_from(stage_after).ok()?;
            return Some(Self { segments, stage_after });
        }
        graph.report_cycles(pack, problems);
        None
    }

    /// The number of each segment, by its id.
    pub fn numbers<'p>(&self, pack: &'p Pack) -> BTreeMap<&'p str, u32> {
        self.segments.iter().map(|at| pack.segments[*at].id.as_str()).zip(0..).collect()
    }
}

struct Graph<'p> {
    /// What each step reads.
    needs: BTreeMap<Step, BTreeSet<Step>>,
    ids: Vec<&'p str>,
}

impl<'p> Graph<'p> {
    fn of(pack: &'p Pack) -> Self {
        let ids: Vec<&str> = pack.segments.iter().map(|segment| segment.id.as_str()).collect();
        let places: BTreeMap<&str, usize> = ids.iter().copied().zip(0..).collect();
        let needs = |condition: Option<&Condition>| {
            let mut needs = BTreeSet::new();
            if let Some(condition) = condition {
                condition.walk(&mut |part| match &part.kind {
                    Kind::Segment(id) => {
                        needs.extend(places.get(id.as_str()).map(|at| Step::Segment(*at)));
                    }
                    Kind::Stage { .. } => {
                        needs.insert(Step::Stage);
                    }
                    _ => {}
                });
            }
            needs
        };
        let mut all: BTreeMap<Step, BTreeSet<Step>> = pack
            .segments
            .iter()
            .zip(0..)
            .map(|(segment, at)| (Step::Segment(at), needs(segment.when.as_ref())))
            .collect();
        let stage =
            pack.journey.stages.iter().flat_map(|stage| needs(stage.enter.as_ref())).collect();
        all.insert(Step::Stage, stage);
        Self { needs: all, ids }
    }

    /// Everything below a step.
    fn needed_by(&self, step: Step) -> BTreeSet<Step> {
        let mut needed = BTreeSet::new();
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            for need in &self.needs[&step] {
                if needed.insert(*need) {
                    open.push(*need);
                }
            }
        }
        needed
    }

    /// Places those of `among` whose needs are met, by id where there is a choice.
    fn place(&self, among: &BTreeSet<Step>, done: &mut BTreeSet<Step>, segments: &mut Vec<usize>) {
        let mut waiting: BTreeMap<Step, usize> = BTreeMap::new();
        let mut readers: BTreeMap<Step, Vec<Step>> = BTreeMap::new();
        let mut ready = BTreeSet::new();
        for step in among.iter().filter(|step| !done.contains(step)) {
            let open: Vec<Step> =
                self.needs[step].iter().filter(|need| !done.contains(need)).copied().collect();
            waiting.insert(*step, open.len());
            if open.is_empty() {
                ready.insert((self.id(*step), *step));
            }
            for need in open {
                readers.entry(need).or_default().push(*step);
            }
        }
        while let Some((_, step)) = ready.pop_first() {
            done.insert(step);
            if let Step::Segment(at) = step {
                segments.push(at);
            }
            for reader in readers.remove(&step).unwrap_or_default() {
                if let Some(count) = waiting.get_mut(&reader) {
                    *count -= 1;
                    if *count == 0 {
                        ready.insert((self.id(reader), reader));
                    }
                }
            }
        }
    }

    fn id(&self, step: Step) -> &'p str {
        match step {
            Step::Segment(at) => self.ids[at],
            Step::Stage => "$stage",
        }
    }

    /// Follows what is left until it comes back, once for each knot.
    fn report_cycles(&self, pack: &Pack, problems: &mut Problems) {
        // What needs nothing that is left is in no cycle.
        let mut left: BTreeSet<Step> = self.needs.keys().copied().collect();
        let mut placed = BTreeSet::new();
        self.place(&left.clone(), &mut placed, &mut Vec::new());
        left.retain(|step| !placed.contains(step));
        while let Some(start) = left.first().copied() {
            let mut path = vec![start];
            let mut seen: BTreeMap<Step, usize> = BTreeMap::from([(start, 0)]);
            let cycle = loop {
                let step = path[path.len() - 1];
                let Some(next) = self.needs[&step].iter().find(|need| left.contains(need)) else {
                    break None;
                };
                if let Some(from) = seen.get(next) {
                    break Some(*from);
                }
                seen.insert(*next, path.len());
                path.push(*next);
            };
            if let Some(from) = cycle {
                let cycle = &path[from..];
                let first = cycle[0];
                let ids: Vec<String> = cycle
                    .iter()
                    .chain([&first])
                    .map(|step| shown(self.id(*step)).into_owned())
                    .collect();
                let message = format!("made of itself: {}", ids.join(" needs "));
                problems.error(Code::Cycle, place_of(first, pack), message);
            }
            for step in path {
                left.remove(&step);
            }
        }
    }
}

fn place_of(step: Step, pack: &Pack) -> At {
    match step {
        Step::Segment(at) => pack.segments[at].at,
        Step::Stage => pack.journey.stages.first().map_or(At::default(), |stage| stage.at),
    }
}
