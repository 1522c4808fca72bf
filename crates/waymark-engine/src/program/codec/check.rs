//! Whether a Program can be followed without looking: every reference points at something, and
//! nothing refers to itself.

use alloc::string::String;
use alloc::vec::Vec;

use crate::program::{
    Action, Clock, Compare, Cond, CondId, Content, Cue, Does, FeatureKind, From, Items, ModelKind,
    Program, Root, Source, Test,
};

/// Conditions inside each other. The evaluator recurses as deep.
const COND_DEPTH: u8 = 64;
/// Tests that one evaluation may ask. Shared parts count each time they are reached.
const COND_WEIGHT: u32 = 20_000;
/// Values that one feature keeps.
const VALUES: u32 = 1_000;
/// Features, each of which is looked for among the others.
const FEATURES: usize = 4_000;
/// Triggers and journeys, and the steps of one.
const FLOWS: usize = 1_000;
const STEPS: usize = 100;
/// Minutes of a day.
const DAY_MINUTES: u32 = 24 * 60;

/// Whether a number is one of a list.
fn below(number: u32, list: usize) -> Result<(), &'static str> {
    if (number as usize) < list { Ok(()) } else { Err("dangling-reference") }
}

/// Whether a condition reads an event and nothing else.
fn on_event(kinds: &[Reads], id: CondId) -> Result<(), &'static str> {
    match kinds.get(id.0 as usize) {
        Some(reads) if reads.what & !Reads::EVENT == 0 => Ok(()),
        _ => Err("condition-out-of-place"),
    }
}

/// Whether a condition reads a visitor and nothing else: of the segments so many, and perhaps the stage.
fn on_visitor(kinds: &[Reads], id: CondId, segments: u32, stage: bool) -> Result<(), &'static str> {
    match kinds.get(id.0 as usize) {
        Some(reads)
            if reads.what & !Reads::VISITOR == 0
                && reads.segments <= segments
                && (stage || !reads.stage) =>
        {
            Ok(())
        }
        _ => Err("condition-out-of-place"),
    }
}

impl Program {
    pub(super) fn check(&self) -> Result<(), &'static str> {
        let sorted = |names: &mut dyn Iterator<Item = &String>| {
            if names.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err("unsorted-names") }
        };
        sorted(&mut self.events.iter())?;
        sorted(&mut self.server_events.iter())?;
        sorted(&mut self.named.iter().map(|(name, _)| name))?;
        let ordered = self.groups.iter().all(|group| group.members.is_sorted());
        if !ordered || !self.holidays.is_sorted() {
            return Err("unsorted-numbers");
        }
        if self.session_gap.0 <= 0 {
            return Err("no-session-gap");
        }
        let kinds = self.check_conds()?;
        self.check_features(&kinds)?;
        for (_, feature) in &self.named {
            below(*feature, self.features.len())?;
        }
        let segments = u32::try_from(self.segments.len()).map_err(|_| "too-many-segments")?;
        if self.stage_after > segments {
            return Err("dangling-reference");
        }
        for (number, segment) in (0..).zip(&self.segments) {
            on_visitor(&kinds, segment.when, number, number >= self.stage_after)?;
        }
        for stage in &self.stages {
            on_visitor(&kinds, stage.enter, self.stage_after, false)?;
        }
        self.check_lists(&kinds)?;
        for slot in &self.slots {
            slot.default.map_or(Ok(()), |content| below(content, self.contents.len()))?;
        }
        for rule in &self.rules {
            below(rule.slot, self.slots.len())?;
            on_visitor(&kinds, rule.when, segments, true)?;
            match rule.action {
                Action::Keep => {}
                Action::Show(content) => below(content, self.contents.len())?,
                Action::Experiment(number) => below(number, self.experiments.len())?,
                Action::Pick(number) => below(number, self.picks.len())?,
            }
            rule.limit.map_or(Ok(()), |cond| on_visitor(&kinds, cond, segments, true))?;
            for holdout in &rule.holdouts {
                below(*holdout, self.holdouts.len())?;
            }
            for need in &rule.needs {
                // What is needed is decided before.
                below(need.slot, rule.slot as usize)?;
            }
        }
        self.check_chosen(&kinds)?;
        self.check_models()?;
        self.check_flows(&kinds, segments)?;
        if !self.rules.is_sorted_by_key(|rule| rule.slot) {
            return Err("unsorted-rules");
        }
        Ok(())
    }

    fn check_features(&self, kinds: &[Reads]) -> Result<(), &'static str> {
        if self.features.len() > FEATURES {
            return Err("too-many-features");
        }
        for (number, feature) in self.features.iter().enumerate() {
            if self.features[..number].iter().any(|one| one.fingerprint == feature.fingerprint) {
                return Err("duplicate-feature");
            }
            if let Some(window) = feature.kind.window() {
                let span = window.resolution.0.checked_mul(window.buckets.into());
                if window.resolution.0 <= 0 || window.skip >= window.buckets || span.is_none() {
                    return Err("bad-window");
                }
            }
            if let FeatureKind::Distinct { most, .. }
            | FeatureKind::Top { most, .. }
            | FeatureKind::Items(Items { most, .. }) = &feature.kind
                && !(1..=VALUES).contains(most)
            {
                return Err("keeps-too-many");
            }
            if let FeatureKind::Sequence { steps, .. } = &feature.kind
                && steps.is_empty()
            {
                return Err("empty-sequence");
            }
            if let FeatureKind::Points(ledger) = &feature.kind
                && ledger.earn.len() != ledger.earned.len()
            {
                return Err("bad-points");
            }
            for matcher in feature.kind.matchers() {
                matcher.event.map_or(Ok(()), |event| below(event, self.events.len()))?;
                matcher.condition.map_or(Ok(()), |cond| on_event(kinds, cond))?;
            }
        }
        Ok(())
    }

    fn check_models(&self) -> Result<(), &'static str> {
        if !self.models.is_sorted_by(|a, b| a.id < b.id) {
            return Err("unsorted-names");
        }
        for model in &self.models {
            for input in model.inputs() {
                // Nothing that reads another score, or looks something up.
                let plain = match &input.source {
                    Source::Path(path) => path.root == Root::Traits,
                    Source::Feature(_) | Source::Session(_) => true,
                    Source::Time(..) | Source::Score(_) => false,
                } && input.is.as_ref().is_none_or(Compare::is_plain);
                let finite =
                    [input.missing, input.mean, input.scale].iter().all(|it| it.is_finite());
                if !plain || !finite || input.scale == 0.0 {
                    return Err("bad-model");
                }
                Reads::default().of_source(&input.source, self)?;
            }
            let sound = match &model.kind {
                ModelKind::Sum { intercept, terms, .. } => {
                    intercept.is_finite() && terms.iter().all(|term| term.weight.is_finite())
                }
                ModelKind::Nearest { inputs, points } => points.iter().all(|point| {
                    point.at.len() == inputs.len() && point.at.iter().all(|it| it.is_finite())
                }),
                ModelKind::Related(items) => items.is_sorted_by(|a, b| a.0 < b.0),
                ModelKind::Next(next) => {
                    let kind = |number: u32| self.features.get(number as usize).map(|it| &it.kind);
                    matches!(kind(next.times), Some(FeatureKind::Times { .. }))
                        && matches!(kind(next.first), Some(FeatureKind::First { .. }))
                        && matches!(kind(next.last), Some(FeatureKind::Last { .. }))
                        && next.usual.0 > 0
                        && next.weight.is_finite()
                        && next.weight > 0.0
                }
            };
            if !sound {
                return Err("bad-model");
            }
        }
        Ok(())
    }

    fn check_flows(&self, kinds: &[Reads], segments: u32) -> Result<(), &'static str> {
        for watch in &self.watches {
            on_visitor(kinds, *watch, segments, true)?;
        }
        if self.flows.len() > FLOWS {
            return Err("too-many-flows");
        }
        for (number, flow) in self.flows.iter().enumerate() {
            if self.flows[..number].iter().any(|one| one.id == flow.id) {
                return Err("duplicate-flow");
            }
            if flow.steps.len() > STEPS {
                return Err("too-many-steps");
            }
            for (number, step) in flow.steps.iter().enumerate() {
                if flow.steps[..number].iter().any(|one| one.id == step.id) {
                    return Err("duplicate-step");
                }
            }
            for entrance in &flow.enter {
                on_visitor(kinds, entrance.when, segments, true)?;
                if let Cue::Becomes(watch) = entrance.cue {
                    below(watch, self.watches.len())?;
                }
            }
            for matcher in flow.matchers() {
                matcher.event.map_or(Ok(()), |event| below(event, self.events.len()))?;
                matcher.condition.map_or(Ok(()), |cond| on_event(kinds, cond))?;
            }
            let mut conds = Ok(());
            flow.clone().each_cond(|cond| {
                let reads = kinds.get(cond.0 as usize).ok_or("dangling-reference");
                conds = conds.and(reads.and_then(|reads| {
                    let sound = reads.what & Reads::EVENT == 0 && reads.segments <= segments;
                    if sound { Ok(()) } else { Err("condition-out-of-place") }
                }));
            });
            conds?;
            for (number, step) in (0..).zip(&flow.steps) {
                // It only goes on, and so comes to an end.
                let on = |to: &u32| if *to > number { Ok(()) } else { Err("step-goes-back") };
                match &step.does {
                    Does::Await { missed, .. } => on(missed)?,
                    Does::Branch { arms, otherwise } => {
                        arms.iter().map(|(_, to)| to).chain([otherwise]).try_for_each(on)?;
                    }
                    Does::Go(to) => on(to)?,
                    Does::Wait(_) | Does::Act(_) => {}
                }
            }
        }
        Ok(())
    }

    /// Experiments, and contents among which rules choose.
    fn check_chosen(&self, kinds: &[Reads]) -> Result<(), &'static str> {
        let on_visitor = |id: CondId| on_visitor(kinds, id, u32::MAX, true);
        for experiment in &self.experiments {
            let count = experiment.variations.len();
            let fits = |ranges: usize| if ranges == count { Ok(()) } else { Err("bad-ranges") };
            fits(experiment.share.ranges.len())?;
            // There is a first one for those who are not assigned.
            below(experiment.force.unwrap_or(0), count)?;
            for show in experiment.variations.iter().filter_map(|variation| variation.show) {
                below(show, self.contents.len())?;
            }
            for leaf in &experiment.contexts {
                fits(leaf.ranges.len())?;
                on_visitor(leaf.when)?;
            }
            if let Some(sticky) = &experiment.sticky {
                below(sticky.feature, self.features.len())?;
                sticky.blocked.map_or(Ok(()), on_visitor)?;
            }
        }
        for candidate in self.picks.iter().flat_map(|pick| &pick.candidates) {
            below(candidate.show, self.contents.len())?;
            on_visitor(candidate.when)?;
            for points in &candidate.points {
                on_visitor(points.when)?;
                if let Some(source) = &points.times {
                    let mut reads = Reads::default();
                    reads.of_source(source, self)?;
                    if reads.what & !Reads::VISITOR != 0 {
                        return Err("condition-out-of-place");
                    }
                }
            }
        }
        Ok(())
    }

    /// The catalogue, and the lists of content over it.
    fn check_lists(&self, kinds: &[Reads]) -> Result<(), &'static str> {
        if !self.catalog.is_sound() {
            return Err("bad-catalog");
        }
        for each in self.contents.iter().flat_map(Content::lists) {
            let from = match each.from {
                From::Table(table) => Some(table),
                From::Path(_) => None,
                From::Related(model, _) => {
                    let kind = self.models.get(model as usize).map(|model| &model.kind);
                    if !matches!(kind, Some(ModelKind::Related(_))) {
                        return Err("dangling-reference");
                    }
                    None
                }
            };
            for table in from.into_iter().chain(each.fallback) {
                below(table, self.catalog.tables.len())?;
            }
            if let Some(filter) = each.filter {
                let reads = kinds.get(filter.0 as usize).ok_or("dangling-reference")?;
                if reads.what & !Reads::ITEM != 0 {
                    return Err("condition-out-of-place");
                }
            }
        }
        Ok(())
    }

    fn check_conds(&self) -> Result<Vec<Reads>, &'static str> {
        let mut all: Vec<Reads> = Vec::with_capacity(self.conds.len());
        for cond in &self.conds {
            let parts: &[CondId] = match cond {
                Cond::All(parts) | Cond::Any(parts) => parts,
                Cond::Not(part) => core::slice::from_ref(part),
                Cond::Test(_) => &[],
            };
            let mut reads = Reads { weight: 1, ..Reads::default() };
            if let Cond::Test(test) = cond {
                reads.of_test(test, &all, self)?;
            }
            for part in parts {
                // A condition stands after its parts, so there is no cycle.
                let part = all.get(part.0 as usize).ok_or("dangling-reference")?;
                reads.what |= part.what;
                reads.stage |= part.stage;
                reads.segments = reads.segments.max(part.segments);
                reads.depth = reads.depth.max(part.depth + 1);
                reads.weight = reads.weight.saturating_add(part.weight);
            }
            if reads.depth > COND_DEPTH {
                return Err("condition-too-deep");
            }
            if reads.weight > COND_WEIGHT {
                return Err("condition-too-large");
            }
            all.push(reads);
        }
        Ok(all)
    }
}

/// What a condition reads, and so where it may stand.
#[derive(Default)]
struct Reads {
    /// Of the visitor, the event or the element.
    what: u8,
    stage: bool,
    /// One past the highest segment.
    segments: u32,
    depth: u8,
    weight: u32,
}

impl Reads {
    const VISITOR: u8 = 1;
    const EVENT: u8 = 2;
    const ITEM: u8 = 4;

    /// `before`: the conditions that it may be made of.
    fn of_test(
        &mut self,
        test: &Test,
        before: &[Self],
        program: &Program,
    ) -> Result<(), &'static str> {
        match test {
            Test::Compare { source, compare } => {
                self.of_source(source, program)?;
                match compare {
                    Compare::Some(cond) | Compare::Size(cond) => {
                        let part = before.get(cond.0 as usize).ok_or("dangling-reference")?;
                        if part.what & !Self::ITEM != 0 {
                            return Err("condition-out-of-place");
                        }
                        self.depth = part.depth + 1;
                        self.weight = self.weight.saturating_add(part.weight);
                    }
                    Compare::Group(group) => below(*group, program.groups.len())?,
                    Compare::Pattern(pattern) => below(*pattern, program.patterns.len())?,
                    _ => {}
                }
                return Ok(());
            }
            Test::Relate { left, right, .. } => {
                self.of_source(left, program)?;
                return self.of_source(right, program);
            }
            Test::Elapsed { source, .. } | Test::Anniversary { source, .. } => {
                self.of_source(source, program)?;
            }
            Test::Channel { of_event: true, .. } => {
                self.what |= Self::EVENT;
                return Ok(());
            }
            _ => {}
        }
        self.what |= Self::VISITOR;
        if let Some(feature) = test.feature() {
            let kind = program.features.get(feature as usize).ok_or("dangling-reference")?;
            let fits = matches!(
                (test, &kind.kind),
                (Test::Count { .. }, FeatureKind::Times { .. })
                    | (Test::Age { .. }, FeatureKind::First { .. } | FeatureKind::Last { .. })
                    | (Test::Sequence { .. }, FeatureKind::Sequence { .. })
                    | (Test::Elapsed { .. }, _)
            );
            if !fits {
                return Err("wrong-feature");
            }
        }
        match test {
            Test::Count { feature, within, session, least, most } => {
                // Otherwise a full list could not tell whether there were more.
                let needed = most.map_or(*least, |most| most.saturating_add(1).max(*least));
                if let FeatureKind::Times { keep, .. } = program.features[*feature as usize].kind
                    && (within.is_some() || *session)
                    && keep < needed
                {
                    return Err("keeps-too-few");
                }
            }
            Test::Segment(segment) => {
                below(*segment, program.segments.len())?;
                self.segments = segment + 1;
            }
            Test::Stage { most, .. } => {
                below(*most, program.stages.len())?;
                self.stage = true;
            }
            Test::Clock(Clock { zone, from, to, .. }) => {
                below(zone.0, program.zones.len() + 1)?;
                if *from > DAY_MINUTES || *to > DAY_MINUTES {
                    return Err("bad-clock");
                }
            }
            Test::Anniversary { before, after, zone, .. } => {
                below(zone.0, program.zones.len() + 1)?;
                if before.0 < 0 || after.0 < 0 {
                    return Err("bad-anniversary");
                }
            }
            Test::Scheduled { from, until } if from >= until => return Err("bad-schedule"),
            _ => {}
        }
        Ok(())
    }

    fn of_source(&mut self, source: &Source, program: &Program) -> Result<(), &'static str> {
        self.what |= match source {
            Source::Path(path) => match path.root {
                Root::Property | Root::EventContext => Self::EVENT,
                Root::Item => Self::ITEM,
                Root::Feature | Root::Session | Root::Time | Root::Score => {
                    return Err("condition-out-of-place");
                }
                _ => Self::VISITOR,
            },
            _ => Self::VISITOR,
        };
        match source {
            Source::Feature(feature) => {
                let feature = program.features.get(*feature as usize);
                let kind = &feature.ok_or("dangling-reference")?.kind;
                if matches!(kind, FeatureKind::Times { .. } | FeatureKind::Sequence { .. }) {
                    return Err("wrong-feature");
                }
            }
            Source::Score(model) => below(*model, program.models.len())?,
            Source::Time(_, zone) if zone.0 as usize > program.zones.len() => {
                return Err("dangling-reference");
            }
            _ => {}
        }
        Ok(())
    }
}
