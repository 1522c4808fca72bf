//! The binary form of a Program. Reading checks every reference, order and depth, so that a Program
//! in memory can be followed without looking.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{DecodeError, Purpose, Reader, Span, Value, Writer, limits};

use super::{
    Amount, Compare, Cond, CondId, Content, Feature, FeatureKind, Index, Matcher, NumberSource,
    Order, PackHash, Path, Program, Root, Rule, Segment, SessionKey, Slot, Stage, Test, Window,
};

const MAGIC: &[u8; 4] = b"WMP\x01";
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
        if self.session_gap.0 <= 0 {
            return Err("no-session-gap");
        }
        let kinds = self.check_conds()?;
        let on_event = |id: CondId| match kinds.get(id.0 as usize) {
            Some(reads) if reads.only_events => Ok(()),
            _ => Err("condition-out-of-place"),
        };
        let on_visitor = |id: CondId, segments: u32, stage: bool| match kinds.get(id.0 as usize) {
            Some(reads)
                if reads.no_events && reads.segments <= segments && (stage || !reads.stage) =>
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
        for slot in &self.slots {
            slot.default.map_or(Ok(()), |content| below(content, self.contents.len()))?;
        }
        for rule in &self.rules {
            below(rule.slot, self.slots.len())?;
            below(rule.content, self.contents.len())?;
            on_visitor(rule.when, segments, true)?;
        }
        if !self.rules.is_sorted_by_key(|rule| rule.slot) {
            return Err("unsorted-rules");
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
            let mut reads =
                Reads { only_events: true, no_events: true, weight: 1, ..Reads::default() };
            if let Cond::Test(test) = cond {
                reads.of_test(test, self)?;
            }
            for part in parts {
                // A condition stands after its parts, so there is no cycle.
                let part = all.get(part.0 as usize).ok_or("dangling-reference")?;
                reads.only_events &= part.only_events;
                reads.no_events &= part.no_events;
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
    only_events: bool,
    no_events: bool,
    stage: bool,
    /// One past the highest segment.
    segments: u32,
    depth: u8,
    weight: u32,
}

impl Reads {
    fn of_test(&mut self, test: &Test, program: &Program) -> Result<(), &'static str> {
        if let Test::Value { path, .. } = test {
            match path.root {
                Root::Property | Root::EventContext => self.no_events = false,
                Root::Feature | Root::Session => return Err("condition-out-of-place"),
                _ => self.only_events = false,
            }
            return Ok(());
        }
        self.only_events = false;
        if let Some(feature) = test.feature() {
            let kind = program.features.get(feature as usize).ok_or("dangling-reference")?;
            let fits = matches!(
                (test, &kind.kind),
                (Test::Count { .. }, FeatureKind::Times { .. })
                    | (Test::Number { .. }, FeatureKind::Windowed { .. })
                    | (
                        Test::Age { .. } | Test::Captured { .. },
                        FeatureKind::First { .. } | FeatureKind::Last { .. }
                    )
                    | (Test::Sequence { .. }, FeatureKind::Sequence { .. })
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
                if *segment as usize >= program.segments.len() {
                    return Err("dangling-reference");
                }
                self.segments = segment + 1;
            }
            Test::Stage { most, .. } => {
                if *most as usize >= program.stages.len() {
                    return Err("dangling-reference");
                }
                self.stage = true;
            }
            _ => {}
        }
        Ok(())
    }
}

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
        Test::Value { path, compare } => {
            out.byte(0);
            write_path(out, path);
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
        Test::Number { source, compare } => {
            out.byte(2);
            match source {
                NumberSource::Session(SessionKey::Number) => out.byte(0),
                NumberSource::Session(SessionKey::Events) => out.byte(1),
                NumberSource::Windowed(feature) => {
                    out.byte(2);
                    out.unsigned((*feature).into());
                }
            }
            write_compare(out, compare);
        }
        Test::Age { feature, order, span } => {
            out.byte(3);
            out.unsigned((*feature).into());
            out.byte(*order as u8);
            out.signed(span.0);
        }
        Test::Captured { feature, compare } => {
            out.byte(4);
            out.unsigned((*feature).into());
            write_compare(out, compare);
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
    }
}

fn read_test(input: &mut Reader<'_>) -> Test {
    match input.byte() {
        0 => Test::Value { path: read_path(input), compare: read_compare(input) },
        1 => Test::Count {
            feature: input.u32(),
            within: read_span(input),
            session: input.flag(),
            least: input.u32(),
            most: input.option(Reader::u32),
        },
        2 => Test::Number { source: read_number(input), compare: read_compare(input) },
        3 => {
            Test::Age { feature: input.u32(), order: read_order(input), span: Span(input.signed()) }
        }
        4 => Test::Captured { feature: input.u32(), compare: read_compare(input) },
        5 => Test::Sequence {
            feature: input.u32(),
            within: read_span(input),
            idle: read_span(input),
        },
        6 => Test::Segment(input.u32()),
        7 => Test::Stage { least: input.u32(), most: input.u32() },
        _ => input.refuse("unknown-test", Test::Segment(0)),
    }
}

fn read_number(input: &mut Reader<'_>) -> NumberSource {
    match input.byte() {
        0 => NumberSource::Session(SessionKey::Number),
        1 => NumberSource::Session(SessionKey::Events),
        2 => NumberSource::Windowed(input.u32()),
        _ => input.refuse("unknown-number", NumberSource::Windowed(0)),
    }
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
        Compare::Eq(value) => {
            out.byte(0);
            value.write(out);
        }
        Compare::Ne(value) => {
            out.byte(1);
            value.write(out);
        }
        Compare::Order(order, value) => {
            out.byte(2);
            out.byte(*order as u8);
            value.write(out);
        }
        Compare::In(list) => {
            out.byte(3);
            values(out, list);
        }
        Compare::NotIn(list) => {
            out.byte(4);
            values(out, list);
        }
        Compare::Exists(wanted) => {
            out.byte(5);
            out.flag(*wanted);
        }
    }
}

fn read_compare(input: &mut Reader<'_>) -> Compare {
    match input.byte() {
        0 => Compare::Eq(Value::read(input)),
        1 => Compare::Ne(Value::read(input)),
        2 => Compare::Order(read_order(input), Value::read(input)),
        3 => Compare::In(input.list(Value::read)),
        4 => Compare::NotIn(input.list(Value::read)),
        5 => Compare::Exists(input.flag()),
        _ => input.refuse("unknown-comparison", Compare::Exists(false)),
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
    out.unsigned(rule.content.into());
    out.signed(rule.priority.into());
    out.byte(rule.purpose as u8);
    out.unsigned(rule.when.0.into());
    out.flag(rule.stateless);
}

fn read_rule(input: &mut Reader<'_>) -> Rule {
    Rule {
        id: input.string(),
        slot: input.u32(),
        content: input.u32(),
        priority: i32::try_from(input.signed())
            .unwrap_or_else(|_| input.refuse("number-too-large", 0)),
        purpose: input.one_of(&Purpose::ALL, "unknown-purpose"),
        when: read_id(input),
        stateless: input.flag(),
    }
}
