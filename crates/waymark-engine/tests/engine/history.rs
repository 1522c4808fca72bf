//! The same questions asked twice: as a Program, and of the whole history by scanning it.

use waymark_engine::Program;
use waymark_engine::program::{
    Amount, Compare, Cond, CondId, Feature, FeatureKind, Matcher, Merge, Order, Path, Presentation,
    Root, Segment, SessionKey, Slot, Source, Stage, Taken, Test, Window,
};
use waymark_model::{Event, Span, Value};

const GAP: i64 = 300;
const WITHIN: i64 = 500;

/// Segments whose features do not depend on the order of events.
pub const COMMUTING: [&str; 10] = [
    "a-at-most-1",
    "a-thrice",
    "b-big-last-high",
    "b-big-twice-in-window",
    "busy-session",
    "first-a-old",
    "high-trait",
    "last-b-recent",
    "spent",
    "third-session",
];

#[derive(Clone, Copy, PartialEq)]
pub enum Probe {
    All,
    Commuting,
}

/// Ids are sorted, so that segments come in the order of the scan below.
pub fn program() -> Program {
    let mut build = Build::default();
    let big = build.test(Test::Compare {
        source: Source::Path(Path { root: Root::Property, keys: vec!["n".into()] }),
        compare: Compare::Order(Order::Gte, Value::Number(5.0)),
    });
    let on = |event: u32| Matcher { event: Some(event), condition: None };
    let big_b = Matcher { event: Some(1), condition: Some(big) };
    let times_a = build.feature(FeatureKind::Times { on: on(0), keep: 3 });
    let times_b = build.feature(FeatureKind::Times { on: big_b.clone(), keep: 3 });
    let sum = build.feature(FeatureKind::Windowed {
        on: on(0),
        taken: Taken { each: None, amount: Amount::Property(vec!["n".into()]) },
        merge: Merge::Sum,
        window: Some(Window { resolution: Span(100), buckets: 5, skip: 0 }),
    });
    let first_a = build.feature(FeatureKind::First { on: on(0), capture: None });
    let last_b = build.feature(FeatureKind::Last { on: big_b, capture: Some(vec!["n".into()]) });
    let any =
        build.feature(FeatureKind::Times { on: Matcher { event: None, condition: None }, keep: 4 });
    let sequence = build
        .feature(FeatureKind::Sequence { steps: vec![on(0), on(1), on(0)], without: vec![on(2)] });
    let count = |feature, within: Option<i64>, session, least, most| Test::Count {
        feature,
        within: within.map(Span),
        session,
        least,
        most,
    };
    build.segment("a-at-most-1", count(times_a, Some(WITHIN), false, 0, Some(1)));
    build.segment("a-thrice", count(times_a, Some(WITHIN), false, 3, None));
    build.segment(
        "b-big-last-high",
        Test::Compare {
            source: Source::Feature(last_b),
            compare: Compare::Order(Order::Gt, Value::Number(7.0)),
        },
    );
    build.segment("b-big-twice-in-window", count(times_b, Some(WITHIN), false, 2, Some(2)));
    build.segment("busy-session", count(any, None, true, 4, None));
    build.segment(
        "first-a-old",
        Test::Age { feature: first_a, order: Order::Gte, span: Span(1_000) },
    );
    build.segment(
        "high-trait",
        Test::Compare {
            source: Source::Path(Path { root: Root::Traits, keys: vec!["n".into()] }),
            compare: Compare::Order(Order::Gte, Value::Number(4.0)),
        },
    );
    build
        .segment("last-b-recent", Test::Age { feature: last_b, order: Order::Lt, span: Span(400) });
    build.segment(
        "sequence",
        Test::Sequence { feature: sequence, within: Some(Span(900)), idle: Some(Span(50)) },
    );
    build.segment(
        "spent",
        Test::Compare {
            source: Source::Feature(sum),
            compare: Compare::Order(Order::Gte, Value::Number(10.25)),
        },
    );
    build.segment(
        "third-session",
        Test::Compare {
            source: Source::Session(SessionKey::Number),
            compare: Compare::Order(Order::Gte, Value::Number(3.0)),
        },
    );
    let both = [build.test(Test::Segment(1)), build.test(Test::Segment(9))];
    let both = build.cond(Cond::All(both.to_vec()));
    let neither = build.cond(Cond::Not(both));
    build.program.segments.push(Segment { id: "z-not-both".into(), when: neither, edge: false });
    for segment in [0, 1, 9] {
        let enter = build.test(Test::Segment(segment));
        build.program.stages.push(Stage { id: format!("stage-{segment}"), enter });
    }
    build.program.stage_after = 10;
    build.program.slots.push(Slot {
        id: "hero".into(),
        default: None,
        edge: false,
        contact: None,
        presentation: Presentation::InPlace,
    });
    build.program.events = ["A", "B", "C"].map(String::from).to_vec();
    build.program.session_gap = Span(GAP);
    Program::decode(&build.program.encode()).expect("a legal program")
}

#[derive(Default)]
struct Build {
    program: Program,
}

impl Build {
    fn cond(&mut self, cond: Cond) -> CondId {
        self.program.conds.push(cond);
        CondId(u32::try_from(self.program.conds.len()).expect("few") - 1)
    }

    fn test(&mut self, test: Test) -> CondId {
        self.cond(Cond::Test(test))
    }

    fn feature(&mut self, kind: FeatureKind) -> u32 {
        let number = u32::try_from(self.program.features.len()).expect("few");
        self.program.features.push(Feature { fingerprint: 100 + u64::from(number), kind });
        number
    }

    fn segment(&mut self, id: &str, test: Test) {
        let when = self.test(test);
        self.program.segments.push(Segment { id: id.into(), when, edge: false });
    }
}

/// Every event there was, in order.
pub struct History(Vec<Event>);

impl History {
    pub fn of(events: &[Event]) -> Self {
        let mut events = events.to_vec();
        events.sort_by_key(Event::key);
        Self(events)
    }

    pub fn newest(&self) -> i64 {
        self.0.last().map_or(0, |event| event.time.0)
    }

    pub fn sessions(&self) -> u64 {
        let gaps = self.0.windows(2).filter(|pair| pair[1].time.0 - pair[0].time.0 >= GAP).count();
        gaps as u64 + u64::from(!self.0.is_empty())
    }

    pub fn stage(&self, now: i64) -> Option<String> {
        let segments = self.segments(now, Probe::All);
        [("stage-9", "spent"), ("stage-1", "a-thrice"), ("stage-0", "a-at-most-1")]
            .into_iter()
            .find(|(_, segment)| segments.iter().any(|id| id == segment))
            .map(|(stage, _)| stage.to_owned())
    }

    pub fn segments(&self, now: i64, probe: Probe) -> Vec<String> {
        let a: Vec<&Event> = self.0.iter().filter(|event| event.name == "A").collect();
        let b: Vec<&Event> =
            self.0.iter().filter(|event| event.name == "B" && n(event) >= 5.0).collect();
        let recent =
            |events: &[&Event]| events.iter().filter(|event| now - event.time.0 < WITHIN).count();
        let spent: f64 = a
            .iter()
            .filter(|event| now.div_euclid(100) - event.time.0.div_euclid(100) < 5)
            .map(|event| n(event))
            .sum();
        let trait_n = self.0.iter().filter(|event| event.name == "Identified").map(n).next_back();
        let thrice = recent(&a) >= 3;
        let all = [
            ("a-at-most-1", recent(&a) <= 1),
            ("a-thrice", thrice),
            ("b-big-last-high", b.last().is_some_and(|event| n(event) > 7.0)),
            ("b-big-twice-in-window", recent(&b) == 2),
            ("busy-session", self.events_in_session(now) >= 4),
            ("first-a-old", a.first().is_some_and(|event| now - event.time.0 >= 1_000)),
            ("high-trait", trait_n.is_some_and(|n| n >= 4.0)),
            ("last-b-recent", b.last().is_some_and(|event| now - event.time.0 < 400)),
            ("sequence", self.sequence(now)),
            ("spent", spent >= 10.25),
            ("third-session", self.sessions() >= 3),
            ("z-not-both", !(thrice && spent >= 10.25)),
        ];
        all.into_iter()
            .filter(|(id, holds)| *holds && (probe == Probe::All || COMMUTING.contains(id)))
            .map(|(id, _)| id.to_owned())
            .collect()
    }

    fn events_in_session(&self, now: i64) -> usize {
        let mut events = 0;
        let mut last = now;
        for event in self.0.iter().rev() {
            if last - event.time.0 >= GAP {
                break;
            }
            last = event.time.0;
            events += 1;
        }
        events
    }

    /// A, then B, then A, and no C after the first: of the matches that end last, the one that began
    /// last. It began in the window and ended a while ago.
    fn sequence(&self, now: i64) -> bool {
        let events = &self.0;
        let clean_from = events.iter().rposition(|event| event.name == "C").map_or(0, |at| at + 1);
        let names: Vec<&str> = events[clean_from..].iter().map(|e| e.name.as_str()).collect();
        let mut best: Option<(usize, usize)> = None;
        for third in 0..names.len() {
            for second in 0..third {
                for first in 0..second {
                    let matched =
                        names[first] == "A" && names[second] == "B" && names[third] == "A";
                    if matched && best.is_none_or(|best| (third, first) > best) {
                        best = Some((third, first));
                    }
                }
            }
        }
        best.is_some_and(|(third, first)| {
            now - events[clean_from + first].time.0 < 900
                && now - events[clean_from + third].time.0 >= 50
        })
    }
}

fn n(event: &Event) -> f64 {
    event.properties.get("n").and_then(Value::as_number).unwrap_or_default()
}
