//! The binary form of a Program. Reading checks every reference, order and depth, so that a Program
//! in memory can be followed without looking.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{DecodeError, Purpose, Reader, Span, Value, Writer, limits};

use super::{
    Action, Amount, Catalog, Clock, Compare, Cond, CondId, Content, Experiment, Feature,
    FeatureKind, From, Group, Holdout, Index, Matcher, Need, Order, PackHash, Path, Pattern,
    Program, Relation, Root, Rule, Segment, SessionKey, Share, Slot, Source, Stage, Test, TimeKey,
    Type, Window, ZoneId, ZoneTable,
};

const MAGIC: &[u8; 4] = b"WMP\x02";
/// Conditions inside each other. The evaluator recurses as deep.
const COND_DEPTH: u8 = 64;
/// Tests that one evaluation may ask. Shared parts count each time they are reached.
const COND_WEIGHT: u32 = 20_000;

impl Program {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.raw(MAGIC);
        out.raw(&self.hash.0);
        out.raw(&self.encode_body());
        out.into_bytes()
    }

    /// What the content hash is taken over.
    pub fn encode_body(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.text(&self.pack);
        out.signed(self.session_gap.0);
        out.list(&self.zones, |out, zone| zone.write(out));
        out.list(&self.holidays, |out, day| out.signed(*day));
        out.list(&self.patterns, |out, pattern| pattern.write(out));
        out.list(&self.groups, |out, group| {
            out.text(&group.id);
            out.list(&group.members, |out, member| out.fixed64(*member));
        });
        out.list(&self.events, |out, name| out.text(name));
        out.list(&self.conds, write_cond);
        out.list(&self.features, write_feature);
        out.list(&self.named, |out, (name, feature)| {
            out.text(name);
            out.unsigned((*feature).into());
        });
        out.list(&self.segments, |out, segment| {
            out.text(&segment.id);
            out.unsigned(segment.when.0.into());
        });
        out.list(&self.stages, |out, stage| {
            out.text(&stage.id);
            out.unsigned(stage.enter.0.into());
        });
        out.unsigned(self.stage_after.into());
        out.list(&self.contents, |out, content| content.write(out));
        out.list(&self.slots, |out, slot| {
            out.text(&slot.id);
            out.option(slot.default.as_ref(), |out, content| out.unsigned((*content).into()));
        });
        out.list(&self.rules, write_rule);
        out.list(&self.experiments, |out, experiment| experiment.write(out));
        out.list(&self.holdouts, |out, holdout| holdout.write(out));
        self.catalog.write(&mut out);
        out.into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let program = Reader::whole(bytes, |input| {
            if bytes.len() > limits::PROGRAM_BYTES {
                input.refuse("program-too-large", ());
            }
            if input.array() != *MAGIC {
                input.refuse("not-a-program", ());
            }
            // Fields are read in the order in which they stand here.
            Self {
                hash: PackHash(input.array()),
                pack: input.string(),
                session_gap: Span(input.signed()),
                zones: input.list(ZoneTable::read),
                holidays: input.list(Reader::signed),
                patterns: input.list(Pattern::read),
                groups: input.list(|input| Group {
                    id: input.string(),
                    members: input.list(Reader::fixed64),
                }),
                events: input.list(Reader::string),
                conds: input.list(read_cond),
                features: input.list(read_feature),
                named: input.list(|input| (input.string(), input.u32())),
                segments: input.list(|input| Segment { id: input.string(), when: read_id(input) }),
                stages: input.list(|input| Stage { id: input.string(), enter: read_id(input) }),
                stage_after: input.u32(),
                contents: input.list(Content::read),
                slots: input
                    .list(|input| Slot { id: input.string(), default: input.option(Reader::u32) }),
                rules: input.list(read_rule),
                experiments: input.list(Experiment::read),
                holdouts: input.list(Holdout::read),
                catalog: Catalog::read(input),
                index: Index::default(),
            }
        })?;
        match program.check() {
            Ok(()) => Ok(program.indexed()),
            Err(code) => Err(DecodeError { code, offset: bytes.len() }),
        }
    }

    /// Every reference points at something, and nothing refers to itself.
    fn check(&self) -> Result<(), &'static str> {
        let below = |number: u32, list: usize| {
            if (number as usize) < list { Ok(()) } else { Err("dangling-reference") }
        };
        let sorted = |names: &mut dyn Iterator<Item = &String>| {
            if names.is_sorted_by(|a, b| a < b) { Ok(()) } else { Err("unsorted-names") }
        };
        sorted(&mut self.events.iter())?;
        sorted(&mut self.named.iter().map(|(name, _)| name))?;
        let ordered = self.groups.iter().all(|group| group.members.is_sorted());
        if !ordered || !self.holidays.is_sorted() {
            return Err("unsorted-numbers");
        }
        if self.session_gap.0 <= 0 {
            return Err("no-session-gap");
        }
        let kinds = self.check_conds()?;
        let on_event = |id: CondId| match kinds.get(id.0 as usize) {
            Some(reads) if reads.what & !Reads::EVENT == 0 => Ok(()),
            _ => Err("condition-out-of-place"),
        };
        let on_visitor = |id: CondId, segments: u32, stage: bool| match kinds.get(id.0 as usize) {
            Some(reads)
                if reads.what & !Reads::VISITOR == 0
                    && reads.segments <= segments
                    && (stage || !reads.stage) =>
            {
                Ok(())
            }
            _ => Err("condition-out-of-place"),
        };
        for feature in &self.features {
            if let FeatureKind::Windowed { window: Some(window), .. } = &feature.kind {
                let span = window.resolution.0.checked_mul(window.buckets.into());
                if window.resolution.0 <= 0 || window.buckets == 0 || span.is_none() {
                    return Err("bad-window");
                }
            }
            if let FeatureKind::Sequence { steps, .. } = &feature.kind
                && steps.is_empty()
            {
                return Err("empty-sequence");
            }
            for matcher in feature.kind.matchers() {
                matcher.event.map_or(Ok(()), |event| below(event, self.events.len()))?;
                matcher.condition.map_or(Ok(()), on_event)?;
            }
        }
        for (_, feature) in &self.named {
            below(*feature, self.features.len())?;
        }
        let segments = u32::try_from(self.segments.len()).map_err(|_| "too-many-segments")?;
        if self.stage_after > segments {
            return Err("dangling-reference");
        }
        for (number, segment) in (0..).zip(&self.segments) {
            on_visitor(segment.when, number, number >= self.stage_after)?;
        }
        for stage in &self.stages {
            on_visitor(stage.enter, self.stage_after, false)?;
        }
        self.check_lists(&kinds)?;
        for slot in &self.slots {
            slot.default.map_or(Ok(()), |content| below(content, self.contents.len()))?;
        }
        for rule in &self.rules {
            below(rule.slot, self.slots.len())?;
            on_visitor(rule.when, segments, true)?;
            match rule.action {
                Action::Keep => {}
                Action::Show(content) => below(content, self.contents.len())?,
                Action::Experiment(number) => below(number, self.experiments.len())?,
            }
            for holdout in &rule.holdouts {
                below(*holdout, self.holdouts.len())?;
            }
            for need in &rule.needs {
                // What is needed is decided before.
                below(need.slot, rule.slot as usize)?;
            }
        }
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
                on_visitor(leaf.when, segments, true)?;
            }
            if let Some(sticky) = &experiment.sticky {
                below(sticky.feature, self.features.len())?;
                sticky.blocked.map_or(Ok(()), |cond| on_visitor(cond, segments, true))?;
            }
        }
        if !self.rules.is_sorted_by_key(|rule| rule.slot) {
            return Err("unsorted-rules");
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
            };
            for table in from.into_iter().chain(each.fallback) {
                if table as usize >= self.catalog.tables.len() {
                    return Err("dangling-reference");
                }
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
        let exists = |number: u32, length: usize| {
            if (number as usize) < length { Ok(()) } else { Err("dangling-reference") }
        };
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
                    Compare::Group(group) => exists(*group, program.groups.len())?,
                    Compare::Pattern(pattern) => exists(*pattern, program.patterns.len())?,
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
                exists(*segment, program.segments.len())?;
                self.segments = segment + 1;
            }
            Test::Stage { most, .. } => {
                exists(*most, program.stages.len())?;
                self.stage = true;
            }
            Test::Clock(Clock { zone, from, to, .. }) => {
                exists(zone.0, program.zones.len() + 1)?;
                if *from > DAY_MINUTES || *to > DAY_MINUTES {
                    return Err("bad-clock");
                }
            }
            Test::Anniversary { before, after, zone, .. } => {
                exists(zone.0, program.zones.len() + 1)?;
                if before.0 < 0 || after.0 < 0 {
                    return Err("bad-anniversary");
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn of_source(&mut self, source: &Source, program: &Program) -> Result<(), &'static str> {
        self.what |= match source {
            Source::Path(path) => match path.root {
                Root::Property | Root::EventContext => Self::EVENT,
                Root::Item => Self::ITEM,
                Root::Feature | Root::Session => return Err("condition-out-of-place"),
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
            Source::Time(_, zone) if zone.0 as usize > program.zones.len() => {
                return Err("dangling-reference");
            }
            _ => {}
        }
        Ok(())
    }
}

/// Minutes of a day.
const DAY_MINUTES: u32 = 24 * 60;

fn read_id(input: &mut Reader<'_>) -> CondId {
    CondId(input.u32())
}

fn write_ids(out: &mut Writer, ids: &[CondId]) {
    out.list(ids, |out, id| out.unsigned(id.0.into()));
}

fn write_cond(out: &mut Writer, cond: &Cond) {
    match cond {
        Cond::All(parts) => {
            out.byte(0);
            write_ids(out, parts);
        }
        Cond::Any(parts) => {
            out.byte(1);
            write_ids(out, parts);
        }
        Cond::Not(part) => {
            out.byte(2);
            out.unsigned(part.0.into());
        }
        Cond::Test(test) => {
            out.byte(3);
            write_test(out, test);
        }
    }
}

fn read_cond(input: &mut Reader<'_>) -> Cond {
    match input.byte() {
        0 => Cond::All(input.list(read_id)),
        1 => Cond::Any(input.list(read_id)),
        2 => Cond::Not(read_id(input)),
        3 => Cond::Test(read_test(input)),
        _ => input.refuse("unknown-condition", Cond::All(Vec::new())),
    }
}

fn write_span(out: &mut Writer, span: Option<Span>) {
    out.option(span.as_ref(), |out, span| out.signed(span.0));
}

fn read_span(input: &mut Reader<'_>) -> Option<Span> {
    input.option(|input| Span(input.signed()))
}

fn write_test(out: &mut Writer, test: &Test) {
    match test {
        Test::Compare { source, compare } => {
            out.byte(0);
            write_source(out, source);
            write_compare(out, compare);
        }
        Test::Count { feature, within, session, least, most } => {
            out.byte(1);
            out.unsigned((*feature).into());
            write_span(out, *within);
            out.flag(*session);
            out.unsigned((*least).into());
            out.option(most.as_ref(), |out, most| out.unsigned((*most).into()));
        }
        Test::Relate { left, relation, right } => {
            out.byte(2);
            write_source(out, left);
            write_relation(out, *relation);
            write_source(out, right);
        }
        Test::Age { feature, order, span } => {
            out.byte(3);
            out.unsigned((*feature).into());
            out.byte(*order as u8);
            out.signed(span.0);
        }
        Test::Elapsed { source, ahead, order, span } => {
            out.byte(4);
            write_source(out, source);
            out.flag(*ahead);
            out.byte(*order as u8);
            out.signed(span.0);
        }
        Test::Sequence { feature, within, idle } => {
            out.byte(5);
            out.unsigned((*feature).into());
            write_span(out, *within);
            write_span(out, *idle);
        }
        Test::Segment(segment) => {
            out.byte(6);
            out.unsigned((*segment).into());
        }
        Test::Stage { least, most } => {
            out.byte(7);
            out.unsigned((*least).into());
            out.unsigned((*most).into());
        }
        Test::Clock(Clock { zone, from, to, days, workdays }) => {
            out.byte(8);
            out.unsigned(zone.0.into());
            out.unsigned((*from).into());
            out.unsigned((*to).into());
            out.byte(*days);
            out.flag(*workdays);
        }
        Test::Anniversary { source, before, after, zone } => {
            out.byte(9);
            write_source(out, source);
            out.signed(before.0);
            out.signed(after.0);
            out.unsigned(zone.0.into());
        }
        Test::Consent(purpose) => {
            out.byte(10);
            out.byte(*purpose as u8);
        }
    }
}

fn read_test(input: &mut Reader<'_>) -> Test {
    match input.byte() {
        0 => Test::Compare { source: read_source(input), compare: read_compare(input) },
        1 => Test::Count {
            feature: input.u32(),
            within: read_span(input),
            session: input.flag(),
            least: input.u32(),
            most: input.option(Reader::u32),
        },
        2 => Test::Relate {
            left: read_source(input),
            relation: read_relation(input),
            right: read_source(input),
        },
        3 => {
            Test::Age { feature: input.u32(), order: read_order(input), span: Span(input.signed()) }
        }
        4 => Test::Elapsed {
            source: read_source(input),
            ahead: input.flag(),
            order: read_order(input),
            span: Span(input.signed()),
        },
        5 => Test::Sequence {
            feature: input.u32(),
            within: read_span(input),
            idle: read_span(input),
        },
        6 => Test::Segment(input.u32()),
        7 => Test::Stage { least: input.u32(), most: input.u32() },
        8 => Test::Clock(Clock {
            zone: ZoneId(input.u32()),
            from: input.u32(),
            to: input.u32(),
            days: input.byte(),
            workdays: input.flag(),
        }),
        9 => Test::Anniversary {
            source: read_source(input),
            before: Span(input.signed()),
            after: Span(input.signed()),
            zone: ZoneId(input.u32()),
        },
        10 => Test::Consent(input.one_of(&Purpose::ALL, "unknown-purpose")),
        _ => input.refuse("unknown-test", Test::Segment(0)),
    }
}

fn write_source(out: &mut Writer, source: &Source) {
    match source {
        Source::Path(path) => {
            out.byte(0);
            write_path(out, path);
        }
        Source::Feature(feature) => {
            out.byte(1);
            out.unsigned((*feature).into());
        }
        Source::Session(key) => {
            out.byte(2);
            out.byte(*key as u8);
        }
        Source::Time(key, zone) => {
            out.byte(3);
            out.byte(*key as u8);
            out.unsigned(zone.0.into());
        }
    }
}

fn read_source(input: &mut Reader<'_>) -> Source {
    match input.byte() {
        0 => Source::Path(read_path(input)),
        1 => Source::Feature(input.u32()),
        2 => Source::Session(input.one_of(&SessionKey::ALL, "unknown-session-key")),
        3 => Source::Time(input.one_of(&TimeKey::ALL, "unknown-time-key"), ZoneId(input.u32())),
        _ => input.refuse("unknown-source", Source::Feature(0)),
    }
}

fn write_relation(out: &mut Writer, relation: Relation) {
    out.byte(match relation {
        Relation::Order(order) => order as u8,
        Relation::Eq => 4,
        Relation::In => 5,
    });
}

fn read_relation(input: &mut Reader<'_>) -> Relation {
    const ALL: [Relation; 6] = [
        Relation::Order(Order::Lt),
        Relation::Order(Order::Lte),
        Relation::Order(Order::Gt),
        Relation::Order(Order::Gte),
        Relation::Eq,
        Relation::In,
    ];
    input.one_of(&ALL, "unknown-relation")
}

pub(super) fn write_path(out: &mut Writer, path: &Path) {
    out.byte(path.root as u8);
    out.list(&path.keys, |out, key| out.text(key));
}

pub(super) fn read_path(input: &mut Reader<'_>) -> Path {
    Path { root: input.one_of(&Root::ALL, "unknown-root"), keys: read_keys(input) }
}

fn read_order(input: &mut Reader<'_>) -> Order {
    input.one_of(&Order::ALL, "unknown-order")
}

fn write_compare(out: &mut Writer, compare: &Compare) {
    let values = |out: &mut Writer, values: &[Value]| out.list(values, |out, v| v.write(out));
    match compare {
        Compare::Is(value) => {
            out.byte(0);
            value.write(out);
        }
        Compare::Order(order, value) => {
            out.byte(1);
            out.byte(*order as u8);
            value.write(out);
        }
        Compare::In(list) => {
            out.byte(2);
            values(out, list);
        }
        Compare::InFolded(list) => {
            out.byte(3);
            values(out, list);
        }
        Compare::Group(group) => {
            out.byte(4);
            out.unsigned((*group).into());
        }
        Compare::Exists => out.byte(5),
        Compare::Type(ty) => {
            out.byte(6);
            out.byte(*ty as u8);
        }
        Compare::Pattern(pattern) => {
            out.byte(7);
            out.unsigned((*pattern).into());
        }
        Compare::Version(relation, version) => {
            out.byte(8);
            write_relation(out, *relation);
            out.text(version);
        }
        Compare::Some(cond) => {
            out.byte(9);
            out.unsigned(cond.0.into());
        }
        Compare::Size(cond) => {
            out.byte(10);
            out.unsigned(cond.0.into());
        }
    }
}

fn read_compare(input: &mut Reader<'_>) -> Compare {
    match input.byte() {
        0 => Compare::Is(Value::read(input)),
        1 => Compare::Order(read_order(input), Value::read(input)),
        2 => Compare::In(input.list(Value::read)),
        3 => Compare::InFolded(input.list(Value::read)),
        4 => Compare::Group(input.u32()),
        5 => Compare::Exists,
        6 => Compare::Type(input.one_of(&Type::ALL, "unknown-type")),
        7 => Compare::Pattern(input.u32()),
        8 => Compare::Version(read_relation(input), input.string()),
        9 => Compare::Some(read_id(input)),
        10 => Compare::Size(read_id(input)),
        _ => input.refuse("unknown-comparison", Compare::Exists),
    }
}

fn write_matcher(out: &mut Writer, matcher: &Matcher) {
    out.option(matcher.event.as_ref(), |out, event| out.unsigned((*event).into()));
    out.option(matcher.condition.as_ref(), |out, cond| out.unsigned(cond.0.into()));
}

fn read_matcher(input: &mut Reader<'_>) -> Matcher {
    Matcher { event: input.option(Reader::u32), condition: input.option(read_id) }
}

fn write_keys(out: &mut Writer, keys: &[String]) {
    out.list(keys, |out, key| out.text(key));
}

fn read_keys(input: &mut Reader<'_>) -> Vec<String> {
    input.list(Reader::string)
}

fn write_feature(out: &mut Writer, feature: &Feature) {
    out.fixed64(feature.fingerprint);
    let capture = |out: &mut Writer, capture: &Option<Vec<String>>| {
        out.option(capture.as_ref(), |out, keys| write_keys(out, keys));
    };
    match &feature.kind {
        FeatureKind::Times { on, keep } => {
            out.byte(0);
            write_matcher(out, on);
            out.unsigned((*keep).into());
        }
        FeatureKind::Windowed { on, amount, window } => {
            out.byte(1);
            write_matcher(out, on);
            let property = match amount {
                Amount::One => None,
                Amount::Property(keys) => Some(keys),
            };
            out.option(property, |out, keys| write_keys(out, keys));
            out.option(window.as_ref(), |out, window| {
                out.signed(window.resolution.0);
                out.unsigned(window.buckets.into());
            });
        }
        FeatureKind::First { on, capture: kept } => {
            out.byte(2);
            write_matcher(out, on);
            capture(out, kept);
        }
        FeatureKind::Last { on, capture: kept } => {
            out.byte(3);
            write_matcher(out, on);
            capture(out, kept);
        }
        FeatureKind::Sequence { steps, without } => {
            out.byte(4);
            out.list(steps, write_matcher);
            out.list(without, write_matcher);
        }
    }
}

fn read_feature(input: &mut Reader<'_>) -> Feature {
    Feature { fingerprint: input.fixed64(), kind: read_feature_kind(input) }
}

fn read_feature_kind(input: &mut Reader<'_>) -> FeatureKind {
    match input.byte() {
        0 => FeatureKind::Times { on: read_matcher(input), keep: input.u32() },
        1 => FeatureKind::Windowed {
            on: read_matcher(input),
            amount: input.option(read_keys).map_or(Amount::One, Amount::Property),
            window: input
                .option(|input| Window { resolution: Span(input.signed()), buckets: input.u32() }),
        },
        2 => FeatureKind::First { on: read_matcher(input), capture: input.option(read_keys) },
        3 => FeatureKind::Last { on: read_matcher(input), capture: input.option(read_keys) },
        4 => FeatureKind::Sequence {
            steps: input.list(read_matcher),
            without: input.list(read_matcher),
        },
        _ => {
            let on = Matcher { event: None, condition: None };
            input.refuse("unknown-feature", FeatureKind::Times { on, keep: 0 })
        }
    }
}

fn write_rule(out: &mut Writer, rule: &Rule) {
    out.text(&rule.id);
    out.unsigned(rule.slot.into());
    rule.action.write(out);
    out.signed(rule.priority.into());
    out.byte(rule.purpose as u8);
    out.unsigned(rule.when.0.into());
    out.flag(rule.stateless);
    out.list(&rule.shares, |out, share| share.write(out));
    out.list(&rule.needs, |out, need| need.write(out));
    out.list(&rule.holdouts, |out, holdout| out.unsigned((*holdout).into()));
}

fn read_rule(input: &mut Reader<'_>) -> Rule {
    Rule {
        id: input.string(),
        slot: input.u32(),
        action: Action::read(input),
        priority: i32::try_from(input.signed())
            .unwrap_or_else(|_| input.refuse("number-too-large", 0)),
        purpose: input.one_of(&Purpose::ALL, "unknown-purpose"),
        when: read_id(input),
        stateless: input.flag(),
        shares: input.list(Share::read),
        needs: input.list(Need::read),
        holdouts: input.list(Reader::u32),
    }
}
