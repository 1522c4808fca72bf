//! Parts of an audience add up to the whole, however it is cut and in whatever order it is merged.

use proptest::prelude::*;
use waymark_engine::program::{
    Action, Body, Compare, Cond, CondId, Content, Feature, FeatureKind, Logs, Matcher, Order, Part,
    Path, Presentation, Program, Root, Rule, Segment, Slot, Source, Stage, Template, Test, Variant,
};
use waymark_engine::{Context, Engine, Numerals, State};
use waymark_insight::{KEEP, Tally};
use waymark_model::{Event, Kind, Purpose, Purposes, Span, Timestamp, Value};

/// One segment (two views), one stage (one view), one slot (for adults), one that stays as it is.
fn program() -> Program {
    let views = |least| {
        let (feature, within, session, most) = (0, Some(Span::DAY), false, None);
        Cond::Test(Test::Count { feature, within, session, least, most })
    };
    let adult = Cond::Test(Test::Compare {
        source: Source::Path(Path { root: Root::Traits, keys: vec!["age".to_owned()] }),
        compare: Compare::Order(Order::Gte, Value::Number(18.0)),
    });
    let on = Matcher { event: Some(0), condition: None };
    let template = Template(vec![Part::Literal("Hello".to_owned())]);
    let program = Program {
        session_gap: Span(30 * Span::MINUTE.0),
        events: vec!["Product Viewed".to_owned()],
        features: vec![Feature { fingerprint: 1, kind: FeatureKind::Times { on, keep: 2 } }],
        conds: vec![views(2), views(1), adult],
        segments: vec![Segment { id: "keen".to_owned(), when: CondId(0), edge: false }],
        stages: vec![Stage { id: "looking".to_owned(), enter: CondId(1) }],
        stage_after: 1,
        slots: vec![
            Slot {
                id: "hero".to_owned(),
                default: None,
                edge: false,
                contact: None,
                presentation: Presentation::InPlace,
            },
            Slot {
                id: "still".to_owned(),
                default: None,
                edge: false,
                contact: None,
                presentation: Presentation::InPlace,
            },
        ],
        contents: vec![Content {
            id: "hero-adult".to_owned(),
            body: Body::Text,
            variants: vec![Variant { locale: "en".to_owned(), template }],
        }],
        rules: vec![Rule {
            id: "adults".to_owned(),
            slot: 0,
            action: Action::Show(0),
            priority: 0,
            purpose: Purpose::Personalization,
            when: CondId(2),
            stateless: false,
            shares: Vec::new(),
            needs: Vec::new(),
            holdouts: Vec::new(),
            limit: None,
            exclusive: None,
            logs: Logs::default(),
        }],
        ..Program::default()
    };
    program.indexed()
}

fn context() -> Context {
    Context { consent: Purposes::ALL, ..Context::default() }
}

const NOW: Timestamp = Timestamp(2 * 86_400_000);

/// A visitor by when they viewed, in minutes, and their age.
fn visitor(engine: Engine<'_>, number: usize, views: &[i64], age: u8) -> State {
    let mut state = engine.new_state();
    for (at, minute) in views.iter().enumerate() {
        let time = Timestamp(minute * Span::MINUTE.0);
        let id = format!("{number}-{at}");
        engine.apply(&mut state, &Event::new(&id, Kind::Track, "Product Viewed", time));
    }
    let mut event = Event::new(&format!("{number}-i"), Kind::Identify, "Identified", Timestamp(0));
    event.properties.insert("age", Value::Number(f64::from(age)));
    engine.apply(&mut state, &event);
    state
}

proptest! {
    #[test]
    fn partial_tallies_merge_to_the_whole_in_any_order(
        visitors in prop::collection::vec((prop::collection::vec(0_i64..2_880, 0..5), 0_u8..40, 0_usize..4), 0..40),
        refused in prop::collection::vec((0_u64..9, 0_u64..9), 4),
        order in Just([0_usize, 1, 2, 3]).prop_shuffle(),
    ) {
        let program = program();
        let engine = Engine::new(&program, Numerals::NATIVE);
        let mut whole = Tally::of(&program);
        let mut parts = vec![Tally::of(&program); 4];
        for (number, (views, age, part)) in visitors.iter().enumerate() {
            let state = visitor(engine, number, views, *age);
            whole.add_visitor(engine, &state, &context(), NOW);
            parts[*part].add_visitor(engine, &state, &context(), NOW);
        }
        for (part, (duplicates, rejected)) in parts.iter_mut().zip(&refused) {
            part.duplicates += duplicates;
            part.rejected += rejected;
            whole.duplicates += duplicates;
            whole.rejected += rejected;
        }
        let mut merged = Tally::default();
        for part in order {
            merged.merge(&parts[part]);
        }
        prop_assert_eq!(&merged, &whole);
        let shown: u64 = merged.slots["hero"].values().sum();
        prop_assert_eq!(shown, visitors.len() as u64);
        prop_assert_eq!(merged.visitors, visitors.len() as u64);
    }
}

#[test]
fn every_segment_stage_and_slot_is_there_before_anybody_is() {
    let tally = Tally::of(&program());
    assert_eq!(tally.segments["keen"], 0);
    assert_eq!(tally.stages["looking"], 0);
    assert!(tally.slots["hero"].is_empty() && tally.slots["still"].is_empty());
}

#[test]
fn a_visitor_is_counted_as_a_decision_finds_them() {
    let program = program();
    let engine = Engine::new(&program, Numerals::NATIVE);
    let mut tally = Tally::of(&program);
    // Two sessions an hour apart, one day before `NOW`.
    tally.add_visitor(engine, &visitor(engine, 1, &[2_000, 2_060], 18), &context(), NOW);
    tally.add_visitor(engine, &visitor(engine, 2, &[2_000], 17), &context(), NOW);
    tally.add_visitor(engine, &visitor(engine, 3, &[], 17), &context(), NOW);
    assert_eq!((tally.visitors, tally.events), (3, 6));
    // Each identify, at 1970, is a session of its own.
    assert_eq!(tally.sessions, 3 + 2 + 1);
    assert_eq!((tally.segments["keen"], tally.stages["looking"]), (1, 2));
    let hero: Vec<(&str, u64)> =
        tally.slots["hero"].iter().map(|(content, n)| (content.as_str(), *n)).collect();
    assert_eq!(hero, [("hero-adult", 1), (KEEP, 2)]);
    assert_eq!(tally.slots["still"][KEEP], 3);
}

#[test]
fn without_consent_nobody_is_told_apart() {
    let program = program();
    let engine = Engine::new(&program, Numerals::NATIVE);
    let mut tally = Tally::of(&program);
    let state = visitor(engine, 1, &[2_000, 2_060], 18);
    tally.add_visitor(engine, &state, &Context::default(), NOW);
    assert_eq!((tally.visitors, tally.segments["keen"], tally.stages["looking"]), (1, 0, 0));
    assert_eq!(tally.slots["hero"][KEEP], 1);
}
