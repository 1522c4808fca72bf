//! What rules read, and whether they may.

use std::collections::{BTreeMap, BTreeSet};

use waymark_engine::program::{Path, Root};
use waymark_model::Purpose;

use super::by_id;
use crate::condition::{Condition, Definition, Kind, Occurrence, Subject};
use crate::declared::Declared;
use crate::diagnostic::Code;
use crate::json::At;
use crate::pack::{Content, Destination, Flow, Model, Pack, Rule};
use crate::problem::{Problems, shown};

/// Different things that the rules of a slot may read before its decisions are hardly ever the same
/// for two page views.
const SIGNALS: usize = 12;
/// Segments, or stages, that are followed from one rule: a bound on the work.
const FOLLOWED: usize = 200;

/// One thing that a rule reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Read {
    Event(String),
    Trait(String),
    /// What a page, a device, a campaign, a place or a clock tells.
    Signal(String),
}

/// Everything that a rule reads, each with the place in the rule where it comes in.
struct Reads<'p> {
    names: &'p Names<'p>,
    all: BTreeSet<(Read, At)>,
    /// Conditions that are still to be looked at, with the place in the rule when they stand elsewhere.
    pending: Vec<(&'p Condition, Option<At>)>,
    /// Segments and stages that were followed.
    followed: BTreeSet<&'p str>,
}

/// What conditions refer to, by id.
pub(crate) struct Names<'p> {
    segments: BTreeMap<&'p str, &'p Condition>,
    stages: Vec<&'p Condition>,
    features: BTreeMap<&'p str, &'p Definition>,
    models: BTreeMap<&'p str, &'p Model>,
    contents: BTreeMap<&'p str, &'p Content>,
}

impl<'p> Names<'p> {
    pub fn of(pack: &'p Pack) -> Self {
        let segments = pack.segments.iter();
        let features = pack.features.iter();
        Self {
            segments: segments.filter_map(|it| Some((it.id.as_str(), it.when.as_ref()?))).collect(),
            stages: pack.journey.stages.iter().filter_map(|it| it.enter.as_ref()).collect(),
            features: features.map(|it| (it.id.as_str(), &it.definition)).collect(),
            models: pack.models.iter().map(|it| (it.id.as_str(), it)).collect(),
            contents: by_id(pack),
        }
    }
}

/// What a rule reads, also by way of segments and stages.
pub(crate) fn read_by_rule(names: &Names<'_>, rule: &Rule) -> BTreeSet<Read> {
    Reads::of(names, rule).all.into_iter().map(|(read, _)| read).collect()
}

/// What a trigger or a journey reads, also by way of segments and stages.
pub(crate) fn read_by_flow(names: &Names<'_>, flow: &Flow) -> BTreeSet<Read> {
    Reads::of_flow(names, flow).all.into_iter().map(|(read, _)| read).collect()
}

/// What a destination sends of a visitor.
pub(crate) fn read_by_destination(names: &Names<'_>, destination: &Destination) -> BTreeSet<Read> {
    Reads::of_destination(names, destination).all.into_iter().map(|(read, _)| read).collect()
}

/// What a condition reads by itself.
pub(crate) fn read_by(names: &Names<'_>, condition: Option<&Condition>) -> BTreeSet<Read> {
    let mut reads = Reads::nothing(names);
    if let Some(condition) = condition {
        condition.walk(&mut |part| reads.part(part, part.at));
    }
    reads.all.into_iter().map(|(read, _)| read).collect()
}

/// Rules, triggers and journeys that read data which is not collected for their purpose.
pub(super) fn purposes(
    pack: &Pack,
    names: &Names<'_>,
    declared: &Declared,
    problems: &mut Problems,
) {
    for rule in &pack.rules {
        purpose(&Reads::of(names, rule), "rule", rule.purpose, declared, problems);
    }
    for flow in &pack.flows.all {
        let reads = Reads::of_flow(names, flow);
        let purposes: BTreeSet<Purpose> = flow.acts().map(|act| act.purpose).collect();
        for wanted in purposes {
            purpose(&reads, flow.kind.name(), wanted, declared, problems);
        }
    }
    for destination in &pack.flows.destinations {
        let reads = Reads::of_destination(names, destination);
        purpose(&reads, "destination", destination.purpose, declared, problems);
    }
}

fn purpose(
    reads: &Reads<'_>,
    who: &str,
    wanted: Purpose,
    declared: &Declared,
    problems: &mut Problems,
) {
    for (read, at) in &reads.all {
        let (kind, name, purposes) = match read {
            Read::Event(name) => {
                let event = declared.events.as_ref().and_then(|events| events.get(name));
                ("event", name, event.and_then(|event| event.purposes.as_ref()))
            }
            Read::Trait(name) => ("trait", name, declared.purposes_of_trait(name)),
            Read::Signal(_) => continue,
        };
        let Some(purposes) = purposes.filter(|purposes| !purposes.contains(&wanted)) else {
            continue;
        };
        let names: Vec<&str> = purposes.iter().copied().map(Purpose::name).collect();
        let collected = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
        let (name, wanted) = (shown(name), wanted.name());
        let message = format!(
            "the {kind} {name} is collected for {collected}, and the {who} is for {wanted}"
        );
        let problem = problems.warn(Code::PurposeNotAllowed, *at, message);
        problem.mend(format!("give the {who} that purpose, or leave what it must not read out"));
    }
}

/// Slots whose decisions hang on so much that hardly two are the same.
pub(super) fn signals(pack: &Pack, names: &Names<'_>, problems: &mut Problems) {
    let mut by_slot: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in &pack.rules {
        by_slot.entry(&rule.slot).or_default().push(rule);
    }
    for slot in &pack.slots {
        let rules = by_slot.remove(slot.id.as_str()).unwrap_or_default().into_iter();
        let reads: BTreeSet<Read> =
            rules.flat_map(|rule| Reads::of(names, rule).all).map(|(read, _)| read).collect();
        if reads.len() > SIGNALS {
            let message = format!(
                "the rules of the slot {} read {} different things: its decisions can hardly be cached",
                shown(&slot.id),
                reads.len()
            );
            let problem = problems.warn(Code::ManySignals, slot.at, message);
            problem.mend(format!("read at most {SIGNALS}, or divide the slot"));
        }
    }
}

impl<'p> Reads<'p> {
    const fn nothing(names: &'p Names<'p>) -> Self {
        Self { names, all: BTreeSet::new(), pending: Vec::new(), followed: BTreeSet::new() }
    }

    fn of(names: &'p Names<'p>, rule: &'p Rule) -> Self {
        let mut reads = Self::nothing(names);
        reads.follow(rule.conditions().collect());
        for show in rule.shown() {
            let Some(content) = names.contents.get(show.content.as_str()) else { continue };
            let mut paths = Vec::new();
            content.variants.iter().for_each(|variant| variant.template.paths(&mut paths));
            for path in paths {
                reads.path(path, show.at);
            }
        }
        reads
    }

    fn of_flow(names: &'p Names<'p>, flow: &'p Flow) -> Self {
        let mut reads = Self::nothing(names);
        reads.follow(flow.conditions());
        flow.occurrences().into_iter().for_each(|on| reads.occurrence(on, flow.at));
        reads
    }

    fn follow(&mut self, conditions: Vec<&'p Condition>) {
        self.pending = conditions.into_iter().map(|condition| (condition, None)).collect();
        while let Some((condition, within)) = self.pending.pop() {
            condition.walk(&mut |part| self.part(part, within.unwrap_or(part.at)));
        }
    }

    fn part(&mut self, part: &'p Condition, at: At) {
        match &part.kind {
            Kind::All(_)
            | Kind::Any(_)
            | Kind::Not(_)
            | Kind::Consent(_)
            | Kind::Scheduled { .. } => {}
            Kind::Percent(_) => self.signal("the visitor's id", at),
            Kind::Channel { .. } => self.signal("the channel", at),
            Kind::Compare { subject, .. }
            | Kind::Elapsed { subject, .. }
            | Kind::Anniversary { subject, .. } => self.subject(subject, at),
            Kind::Relate { left, right, .. } => {
                self.subject(left, at);
                self.subject(right, at);
            }
            Kind::Count { on, .. } => self.occurrence(on, at),
            Kind::Age { of, .. } => self.occurrence(&of.on, at),
            Kind::Sequence { steps, without, .. } => {
                steps.iter().chain(without).for_each(|on| self.occurrence(on, at));
            }
            Kind::Clock(_) => self.signal("time", at),
            Kind::Segment(id) => {
                if let Some(when) = self.names.segments.get(id.as_str())
                    && self.followed.len() < FOLLOWED
                    && self.followed.insert(id)
                {
                    self.pending.push((when, Some(at)));
                }
            }
            // The stage that a visitor is in depends on all of them.
            Kind::Stage { .. } => {
                if self.followed.insert("") {
                    let stages = self.names.stages.iter().take(FOLLOWED);
                    self.pending.extend(stages.map(|enter| (*enter, Some(at))));
                }
            }
        }
    }

    fn subject(&mut self, subject: &Subject, at: At) {
        match subject {
            Subject::Path(path) => self.path(path, at),
            Subject::Session(_) => self.signal("session", at),
            Subject::Time(..) => self.signal(&subject.name(), at),
            Subject::Feature(id) => self.feature(id, at),
            Subject::Score(id) => self.score(id, at),
            Subject::Remembered(definition) => {
                definition.occurrences().for_each(|on| self.occurrence(on, at));
            }
        }
    }

    fn of_destination(names: &'p Names<'p>, destination: &Destination) -> Self {
        let mut reads = Self::nothing(names);
        for path in destination.paths() {
            reads.path(path, destination.at);
        }
        reads
    }

    fn path(&mut self, path: &Path, at: At) {
        let name = || format!("{}.{}", path.root.name(), path.keys.join("."));
        match path.root {
            Root::Traits => {
                self.all.insert((Read::Trait(name()), at));
            }
            Root::Feature => {
                if let Some(id) = path.keys.first() {
                    self.feature(id, at);
                }
            }
            Root::Score => {
                if let Some(id) = path.keys.first() {
                    self.score(id, at);
                }
            }
            Root::Property | Root::EventContext | Root::Item => {}
            _ => self.signal(&name(), at),
        }
    }

    fn score(&mut self, id: &str, at: At) {
        let Some(model) = self.names.models.get(id) else { return };
        model.inputs().for_each(|input| self.subject(&input.of, at));
        model.occurrence().into_iter().for_each(|on| self.occurrence(on, at));
    }

    fn feature(&mut self, id: &str, at: At) {
        if let Some(definition) = self.names.features.get(id) {
            definition.occurrences().for_each(|on| self.occurrence(on, at));
        }
    }

    fn occurrence(&mut self, on: &Occurrence, at: At) {
        if let Some(event) = &on.event {
            self.all.insert((Read::Event(event.clone()), at));
        }
    }

    fn signal(&mut self, name: &str, at: At) {
        self.all.insert((Read::Signal(name.to_owned()), at));
    }
}
