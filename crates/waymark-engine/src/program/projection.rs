//! What of a Program a page is given: what its slots, segments and stages rest on, and nothing else.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use super::{
    Action, Body, Clock, Compare, Cond, CondId, Content, Cue, FeatureKind, Filter, Flow, From,
    Matcher, Outcome, Path, Program, Root, Rule, Segment, Source, Test, ZoneId,
};

impl Program {
    /// The Program for pages. Of what is decided at the edge only nothing is left in it; the rest it
    /// decides as the whole does, and it carries the whole's hash.
    #[must_use]
    pub fn page_projection(&self) -> Self {
        let slots = Numbers::of(self.slots.iter().map(|slot| !slot.edge));
        let segments = Numbers::of(self.segments.iter().map(|segment| !segment.edge));
        let mut kept = Kept::nothing(self);
        for segment in self.segments.iter().filter(|segment| !segment.edge) {
            kept.cond(segment.when);
        }
        for stage in &self.stages {
            kept.cond(stage.enter);
        }
        for slot in self.slots.iter().filter(|slot| !slot.edge) {
            slot.default.into_iter().for_each(|content| kept.content(content));
        }
        for rule in self.rules.iter().filter(|rule| slots.has(rule.slot)) {
            kept.rule(rule);
        }
        for flow in self.flows.iter().filter(|flow| !flow.edge) {
            kept.flow(flow);
        }
        Move { slots, segments, ..kept.numbered() }.page()
    }

    /// The paths that a condition reads.
    pub(super) fn paths_of<'p>(&'p self, cond: CondId, out: &mut Vec<&'p Path>) {
        match self.cond(cond) {
            Cond::All(parts) | Cond::Any(parts) => {
                for part in parts {
                    self.paths_of(*part, out);
                }
            }
            Cond::Not(part) => self.paths_of(*part, out),
            Cond::Test(test) => out.extend(test.sources().filter_map(|source| match source {
                Source::Path(path) => Some(path),
                _ => None,
            })),
        }
    }
}

/// What something rests on, found from what rests on it.
struct Kept<'p> {
    program: &'p Program,
    conds: Vec<bool>,
    features: Vec<bool>,
    events: Vec<bool>,
    patterns: Vec<bool>,
    groups: Vec<bool>,
    zones: Vec<bool>,
    contents: Vec<bool>,
    experiments: Vec<bool>,
    holdouts: Vec<bool>,
    picks: Vec<bool>,
    watches: Vec<bool>,
    models: Vec<bool>,
    /// Features that templates read by name.
    names: BTreeSet<&'p str>,
    holidays: bool,
}

impl<'p> Kept<'p> {
    fn nothing(program: &'p Program) -> Self {
        Self {
            program,
            conds: vec![false; program.conds.len()],
            features: vec![false; program.features.len()],
            events: vec![false; program.events.len()],
            patterns: vec![false; program.patterns.len()],
            groups: vec![false; program.groups.len()],
            zones: vec![false; program.zones.len()],
            contents: vec![false; program.contents.len()],
            experiments: vec![false; program.experiments.len()],
            holdouts: vec![false; program.holdouts.len()],
            picks: vec![false; program.picks.len()],
            watches: vec![false; program.watches.len()],
            models: vec![false; program.models.len()],
            names: BTreeSet::new(),
            holidays: false,
        }
    }

    fn rule(&mut self, rule: &Rule) {
        self.cond(rule.when);
        rule.limit.into_iter().for_each(|limit| self.cond(limit));
        for holdout in &rule.holdouts {
            self.holdouts[*holdout as usize] = true;
        }
        let program = self.program;
        match rule.action {
            Action::Keep => {}
            Action::Show(content) => self.content(content),
            Action::Experiment(number) => {
                self.experiments[number as usize] = true;
                let experiment = &program.experiments[number as usize];
                for variation in &experiment.variations {
                    variation.show.into_iter().for_each(|content| self.content(content));
                }
                for leaf in &experiment.contexts {
                    self.cond(leaf.when);
                }
                if let Some(sticky) = &experiment.sticky {
                    self.feature(sticky.feature);
                    sticky.blocked.into_iter().for_each(|cond| self.cond(cond));
                }
            }
            Action::Pick(number) => {
                self.picks[number as usize] = true;
                for candidate in &program.picks[number as usize].candidates {
                    self.content(candidate.show);
                    self.cond(candidate.when);
                    for points in &candidate.points {
                        self.cond(points.when);
                        points.times.iter().for_each(|source| self.source(source));
                    }
                }
            }
        }
    }

    fn flow(&mut self, flow: &Flow) {
        for entrance in &flow.enter {
            if let Cue::Becomes(watch) = entrance.cue {
                self.watches[watch as usize] = true;
                self.cond(self.program.watches[watch as usize]);
            }
        }
        flow.matchers().for_each(|matcher| self.matcher(matcher));
        flow.clone().each_cond(|cond| self.cond(*cond));
    }

    fn content(&mut self, number: u32) {
        if core::mem::replace(&mut self.contents[number as usize], true) {
            return;
        }
        let program = self.program;
        let content = &program.contents[number as usize];
        // What the edge fetches, and where from, is its own.
        if content.body == Body::Remote {
            return;
        }
        for variant in &content.variants {
            let mut paths = Vec::new();
            variant.template.paths(&mut paths);
            for path in paths {
                if path.root == Root::Time {
                    self.zone(ZoneId::PACK);
                }
                if path.root == Root::Score
                    && let Some(model) = path.keys.first().and_then(|id| program.model(id))
                {
                    self.model(model);
                }
                let Some(name) = path.keys.first().filter(|_| path.root == Root::Feature) else {
                    continue;
                };
                if let Some(feature) = program.named_feature(name) {
                    self.names.insert(name);
                    self.feature(feature);
                }
            }
            let mut filters = variant.template.inserts().flat_map(|insert| &insert.filters);
            if filters.any(|filter| matches!(filter, Filter::Date(_))) {
                self.zone(ZoneId::PACK);
            }
        }
        for each in content.lists() {
            each.filter.into_iter().for_each(|cond| self.cond(cond));
            if let From::Related(model, _) = &each.from {
                self.model(*model);
            }
        }
    }

    fn cond(&mut self, id: CondId) {
        if core::mem::replace(&mut self.conds[id.0 as usize], true) {
            return;
        }
        match self.program.cond(id) {
            Cond::All(parts) | Cond::Any(parts) => parts.iter().for_each(|part| self.cond(*part)),
            Cond::Not(part) => self.cond(*part),
            Cond::Test(test) => self.test(test),
        }
    }

    fn test(&mut self, test: &Test) {
        test.feature().into_iter().for_each(|feature| self.feature(feature));
        test.sources().for_each(|source| self.source(source));
        match test {
            Test::Compare { compare, .. } => match compare {
                Compare::Some(cond) | Compare::Size(cond) => self.cond(*cond),
                Compare::Pattern(pattern) => self.patterns[*pattern as usize] = true,
                Compare::Group(group) => self.groups[*group as usize] = true,
                _ => {}
            },
            // Dates without a zone are the pack's.
            Test::Elapsed { .. } => self.zone(ZoneId::PACK),
            Test::Clock(Clock { zone, workdays, .. }) => {
                self.holidays |= workdays;
                self.zone(*zone);
            }
            Test::Anniversary { zone, .. } => self.zone(*zone),
            _ => {}
        }
    }

    fn source(&mut self, source: &Source) {
        match source {
            Source::Feature(feature) => self.feature(*feature),
            Source::Time(_, zone) => self.zone(*zone),
            Source::Score(model) => self.model(*model),
            Source::Path(_) | Source::Session(_) => {}
        }
    }

    fn model(&mut self, number: u32) {
        self.models[number as usize] = true;
        let model = &self.program.models[number as usize];
        model.features().for_each(|feature| self.feature(feature));
        model.inputs().for_each(|input| self.source(&input.source));
    }

    fn feature(&mut self, number: u32) {
        if core::mem::replace(&mut self.features[number as usize], true) {
            return;
        }
        let program = self.program;
        let kind = &program.features[number as usize].kind;
        kind.matchers().for_each(|matcher| self.matcher(matcher));
        if matches!(kind, FeatureKind::Streak { .. }) {
            self.zone(ZoneId::PACK);
        }
    }

    fn matcher(&mut self, Matcher { event, condition }: &Matcher) {
        if let Some(event) = event {
            self.events[*event as usize] = true;
        }
        if let Some(cond) = condition {
            self.cond(*cond);
        }
    }

    /// The pack's own zone stands in for the visitor's, and comes first.
    fn zone(&mut self, zone: ZoneId) {
        for number in [0, (zone.0 as usize).saturating_sub(1)] {
            if let Some(kept) = self.zones.get_mut(number) {
                *kept = true;
            }
        }
    }

    fn numbered(self) -> Move<'p> {
        Move {
            program: self.program,
            slots: Numbers::default(),
            segments: Numbers::default(),
            conds: Numbers::of(self.conds),
            features: Numbers::of(self.features),
            events: Numbers::of(self.events),
            patterns: Numbers::of(self.patterns),
            groups: Numbers::of(self.groups),
            zones: Numbers::of(self.zones),
            contents: Numbers::of(self.contents),
            experiments: Numbers::of(self.experiments),
            holdouts: Numbers::of(self.holdouts),
            picks: Numbers::of(self.picks),
            watches: Numbers::of(self.watches),
            models: Numbers::of(self.models),
            names: self.names,
            holidays: self.holidays,
        }
    }
}

/// New numbers by old ones, of those that are kept.
#[derive(Default)]
struct Numbers(Vec<Option<u32>>);

impl Numbers {
    fn of(kept: impl IntoIterator<Item = bool>) -> Self {
        let mut next = 0;
        let number = |keep: bool| {
            keep.then(|| {
                next += 1;
                next - 1
            })
        };
        Self(kept.into_iter().map(number).collect())
    }

    fn has(&self, old: u32) -> bool {
        self.0.get(old as usize).copied().flatten().is_some()
    }

    /// What is referred to is kept.
    fn of_old(&self, old: u32) -> u32 {
        self.0.get(old as usize).copied().flatten().unwrap_or_default()
    }

    fn filter<'a, T: Clone>(&'a self, list: &'a [T]) -> impl Iterator<Item = T> + 'a {
        list.iter().zip(&self.0).filter(|(_, new)| new.is_some()).map(|(one, _)| one.clone())
    }
}

/// A Program with other numbers.
struct Move<'p> {
    program: &'p Program,
    slots: Numbers,
    segments: Numbers,
    conds: Numbers,
    features: Numbers,
    events: Numbers,
    patterns: Numbers,
    groups: Numbers,
    zones: Numbers,
    contents: Numbers,
    experiments: Numbers,
    holdouts: Numbers,
    picks: Numbers,
    watches: Numbers,
    models: Numbers,
    names: BTreeSet<&'p str>,
    holidays: bool,
}

impl Move<'_> {
    fn page(&self) -> Program {
        let whole = self.program;
        let before_stage = whole.segments.iter().take(whole.stage_after as usize);
        let stage_after = before_stage.filter(|segment| !segment.edge).count();
        let mut page = Program {
            hash: whole.hash,
            pack: whole.pack.clone(),
            session_gap: whole.session_gap,
            sessionless: whole.sessionless,
            zones: self.zones.filter(&whole.zones).collect(),
            holidays: if self.holidays { whole.holidays.clone() } else { Vec::new() },
            patterns: self.patterns.filter(&whole.patterns).collect(),
            groups: self.groups.filter(&whole.groups).collect(),
            events: self.events.filter(&whole.events).collect(),
            // Where nothing watches them, nothing is to be left out.
            server_events: self
                .events
                .filter(&whole.events)
                .filter(|name| whole.server_events.binary_search(name).is_ok())
                .collect(),
            features: self.features.filter(&whole.features).collect(),
            named: whole
                .named
                .iter()
                .filter(|(name, _)| self.names.contains(name.as_str()))
                .map(|(name, feature)| (name.clone(), self.features.of_old(*feature)))
                .collect(),
            conds: self.conds.filter(&whole.conds).map(|cond| self.cond_of(cond)).collect(),
            segments: self.segments.filter(&whole.segments).collect(),
            stages: whole.stages.clone(),
            stage_after: u32::try_from(stage_after).unwrap_or_default(),
            slots: self.slots.filter(&whole.slots).collect(),
            contents: self.contents.filter(&whole.contents).collect(),
            rules: whole.rules.iter().filter(|rule| self.slots.has(rule.slot)).cloned().collect(),
            experiments: self.experiments.filter(&whole.experiments).collect(),
            holdouts: self.holdouts.filter(&whole.holdouts).collect(),
            picks: self.picks.filter(&whole.picks).collect(),
            catalog: whole.catalog.clone(),
            watches: self.watches.filter(&whole.watches).map(|cond| self.cond(cond)).collect(),
            flows: whole.flows.iter().filter(|flow| !flow.edge).cloned().collect(),
            models: self.models.filter(&whole.models).collect(),
            index: super::Index::default(),
        };
        let matcher = |matcher: &mut Matcher| {
            matcher.event = matcher.event.map(|event| self.events.of_old(event));
            matcher.condition = matcher.condition.map(|cond| self.cond(cond));
        };
        for feature in &mut page.features {
            feature.kind.each_matcher(matcher);
        }
        for flow in &mut page.flows {
            flow.each_matcher(matcher);
            flow.each_cond(|cond| *cond = self.cond(*cond));
            for entrance in &mut flow.enter {
                if let Cue::Becomes(watch) = &mut entrance.cue {
                    *watch = self.watches.of_old(*watch);
                }
            }
        }
        for model in &mut page.models {
            model.each_feature(|feature| *feature = self.features.of_old(*feature));
        }
        for Segment { when, .. } in &mut page.segments {
            *when = self.cond(*when);
        }
        for stage in &mut page.stages {
            stage.enter = self.cond(stage.enter);
        }
        for slot in &mut page.slots {
            slot.default = slot.default.map(|content| self.contents.of_old(content));
        }
        page.contents.iter_mut().for_each(|content| self.content(content));
        page.rules.iter_mut().for_each(|rule| self.rule(rule));
        for experiment in &mut page.experiments {
            for variation in &mut experiment.variations {
                variation.show = variation.show.map(|content| self.contents.of_old(content));
            }
            for leaf in &mut experiment.contexts {
                leaf.when = self.cond(leaf.when);
            }
            if let Some(sticky) = &mut experiment.sticky {
                sticky.feature = self.features.of_old(sticky.feature);
                sticky.blocked = sticky.blocked.map(|cond| self.cond(cond));
            }
        }
        for candidate in page.picks.iter_mut().flat_map(|pick| &mut pick.candidates) {
            candidate.show = self.contents.of_old(candidate.show);
            candidate.when = self.cond(candidate.when);
            for points in &mut candidate.points {
                points.when = self.cond(points.when);
                points.times.iter_mut().for_each(|source| self.source(source));
            }
        }
        page.catalog = whole.catalog.projected(&page);
        page.indexed()
    }

    fn content(&self, content: &mut Content) {
        if content.body == Body::Remote {
            content.variants.clear();
        }
        for part in content.variants.iter_mut().flat_map(|variant| &mut variant.template.0) {
            if let super::Part::Each(each) = part {
                each.filter = each.filter.map(|cond| self.cond(cond));
                if let From::Related(model, _) = &mut each.from {
                    *model = self.models.of_old(*model);
                }
            }
        }
    }

    fn rule(&self, rule: &mut Rule) {
        rule.slot = self.slots.of_old(rule.slot);
        rule.when = self.cond(rule.when);
        rule.limit = rule.limit.map(|cond| self.cond(cond));
        rule.action = match rule.action {
            Action::Keep => Action::Keep,
            Action::Show(content) => Action::Show(self.contents.of_old(content)),
            Action::Experiment(number) => Action::Experiment(self.experiments.of_old(number)),
            Action::Pick(number) => Action::Pick(self.picks.of_old(number)),
        };
        for holdout in &mut rule.holdouts {
            *holdout = self.holdouts.of_old(*holdout);
        }
        for need in &mut rule.needs {
            need.slot = self.slots.of_old(need.slot);
            // What nothing shows cannot be what a slot came to.
            let kept = need.any_of.iter().filter_map(|outcome| match *outcome {
                Outcome::Keep => Some(Outcome::Keep),
                Outcome::Content(content) => self
                    .contents
                    .has(content)
                    .then(|| Outcome::Content(self.contents.of_old(content))),
                Outcome::Variation(experiment, variation) => self
                    .experiments
                    .has(experiment)
                    .then(|| Outcome::Variation(self.experiments.of_old(experiment), variation)),
            });
            need.any_of = kept.collect();
        }
    }

    fn cond(&self, id: CondId) -> CondId {
        CondId(self.conds.of_old(id.0))
    }

    fn cond_of(&self, cond: Cond) -> Cond {
        let all = |parts: Vec<CondId>| parts.into_iter().map(|part| self.cond(part)).collect();
        match cond {
            Cond::All(parts) => Cond::All(all(parts)),
            Cond::Any(parts) => Cond::Any(all(parts)),
            Cond::Not(part) => Cond::Not(self.cond(part)),
            // The compiler lets nothing of a page read what the edge alone knows. Should a Program come
            // from elsewhere, it does not hold there.
            Cond::Test(Test::Segment(segment)) if !self.segments.has(segment) => {
                Cond::Any(Vec::new())
            }
            Cond::Test(mut test) => {
                self.test(&mut test);
                Cond::Test(test)
            }
        }
    }

    fn test(&self, test: &mut Test) {
        match test {
            Test::Compare { source, compare } => {
                self.source(source);
                match compare {
                    Compare::Some(cond) | Compare::Size(cond) => *cond = self.cond(*cond),
                    Compare::Pattern(pattern) => *pattern = self.patterns.of_old(*pattern),
                    Compare::Group(group) => *group = self.groups.of_old(*group),
                    _ => {}
                }
            }
            Test::Relate { left, right, .. } => {
                self.source(left);
                self.source(right);
            }
            Test::Elapsed { source, .. } => self.source(source),
            Test::Anniversary { source, zone, .. } => {
                self.source(source);
                self.zone(zone);
            }
            Test::Count { feature, .. }
            | Test::Age { feature, .. }
            | Test::Sequence { feature, .. } => *feature = self.features.of_old(*feature),
            Test::Segment(segment) => *segment = self.segments.of_old(*segment),
            Test::Clock(clock) => self.zone(&mut clock.zone),
            Test::Stage { .. }
            | Test::Consent(_)
            | Test::Scheduled { .. }
            | Test::Percent(_)
            | Test::Channel { .. } => {}
        }
    }

    fn source(&self, source: &mut Source) {
        match source {
            Source::Feature(feature) => *feature = self.features.of_old(*feature),
            Source::Time(_, zone) => self.zone(zone),
            Source::Score(model) => *model = self.models.of_old(*model),
            Source::Path(_) | Source::Session(_) => {}
        }
    }

    fn zone(&self, zone: &mut ZoneId) {
        if let Some(number) = zone.0.checked_sub(1) {
            zone.0 = self.zones.of_old(number) + 1;
        }
    }
}
