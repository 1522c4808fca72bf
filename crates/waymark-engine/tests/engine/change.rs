//! Packs change under running states.

use crate::history::program;
use waymark_engine::program::{
    Cond, CondId, Feature, FeatureKind, Matcher, PackHash, Program, Segment, Test,
};
use waymark_engine::{Engine, Numerals, State};
use waymark_model::{Event, Kind, Span, Timestamp};

const DAY: i64 = Span::DAY.0;

fn engine(program: &Program) -> Engine<'_> {
    Engine::new(program, Numerals::NATIVE)
}

fn event(number: i64, time: i64) -> Event {
    Event::new(&format!("m{number}"), Kind::Track, "Order", Timestamp(time))
}

/// A pack that asks whether there was no order in thirty days, and whether there were ever two.
fn orders(fingerprint: u64) -> Program {
    let on = Matcher { event: Some(0), condition: None };
    let count = |within, least| {
        Cond::Test(Test::Count { feature: 0, within, session: false, least, most: None })
    };
    let program = Program {
        hash: PackHash([u8::try_from(fingerprint).expect("small"); 16]),
        session_gap: Span(30 * Span::MINUTE.0),
        events: vec!["Order".into()],
        features: vec![Feature { fingerprint, kind: FeatureKind::Times { on, keep: 2 } }],
        conds: vec![count(Some(Span(30 * DAY)), 1), Cond::Not(CondId(0)), count(None, 2)],
        segments: vec![
            Segment { id: "lapsed".into(), when: CondId(1), edge: false },
            Segment { id: "twice".into(), when: CondId(2), edge: false },
        ],
        ..Program::default()
    };
    Program::decode(&program.encode()).expect("a legal program")
}

fn nothing() -> Program {
    Program { session_gap: Span(30 * Span::MINUTE.0), ..Program::default() }.indexed()
}

fn moved(from: &Program, state: &State, to: &Program) -> State {
    engine(to).read_state(&engine(from).write_state(state)).expect("a legal state")
}

/// The segments after time has passed without an event.
fn segments(program: &Program, state: &State, now: i64) -> Vec<String> {
    let mut state = state.clone();
    engine(program).advance(&mut state, Timestamp(now));
    state.segments().map(|number| program.segments[number as usize].id.clone()).collect()
}

#[test]
fn a_new_feature_is_filled_from_the_events_that_are_kept() {
    let (none, with) = (nothing(), orders(7));
    let mut state = engine(&none).new_state();
    for number in 0..3 {
        engine(&none).apply(&mut state, &event(number, number * DAY));
    }
    assert_eq!(segments(&with, &moved(&none, &state, &with), 3 * DAY), ["twice"]);
}

#[test]
fn what_reaches_further_back_than_was_seen_is_not_true() {
    let (none, with) = (nothing(), orders(7));
    let mut state = engine(&none).new_state();
    engine(&none).apply(&mut state, &event(0, 0));
    // More than are kept: the order is no longer among them.
    for number in 1..60 {
        let other =
            Event::new(&format!("o{number}"), Kind::Track, "Other", Timestamp(number * 1_000));
        engine(&none).apply(&mut state, &other);
    }
    let state = moved(&none, &state, &with);
    // There was an order yesterday that nobody counted: "none in 30 days" would be wrong.
    assert_eq!(segments(&with, &state, DAY), Vec::<String>::new());
    // Once everything in the window was seen, it is known.
    assert_eq!(segments(&with, &state, 31 * DAY), ["lapsed"]);
}

#[test]
fn a_roll_back_loses_nothing_when_the_new_pack_carries_the_former() {
    let former = orders(7);
    let next = nothing().carrying(&former);
    assert_eq!(next.hash, nothing().hash);
    let mut state = engine(&former).new_state();
    engine(&former).apply(&mut state, &event(0, 0));
    let mut state = moved(&former, &state, &next);
    for number in 1..100 {
        let time = Timestamp(number * 1_000);
        let other = Event::new(&format!("o{number}"), Kind::Track, "Other", time);
        engine(&next).apply(&mut state, &other);
    }
    engine(&next).apply(&mut state, &event(1, DAY));
    let state = moved(&next, &state, &former);
    assert_eq!(segments(&former, &state, DAY), ["twice"]);
}

#[test]
fn a_feature_set_aside_comes_back_if_nothing_was_missed() {
    let (with, none) = (orders(7), nothing());
    let mut state = engine(&with).new_state();
    engine(&with).apply(&mut state, &event(0, 0));
    engine(&with).apply(&mut state, &event(1, DAY));
    let aside = moved(&with, &state, &none);
    assert_eq!(segments(&with, &moved(&none, &aside, &with), DAY), ["twice"]);
}

#[test]
fn a_feature_set_aside_for_long_is_forgotten() {
    let (with, none) = (orders(7), nothing());
    let mut state = engine(&with).new_state();
    for number in 0..40 {
        engine(&with).apply(&mut state, &event(number, number * 1_000));
    }
    let mut state = moved(&with, &state, &none);
    assert_eq!(state.set_aside(), 1);
    for number in 40..120 {
        engine(&none).apply(&mut state, &event(number, number * DAY));
    }
    assert_eq!(moved(&none, &state, &none).set_aside(), 0);
}

#[test]
fn the_engine_of_a_carrying_program_answers_as_the_one_without() {
    let plain = program();
    let carrying = program().carrying(&orders(7));
    let mut a = engine(&plain).new_state();
    let mut b = engine(&carrying).new_state();
    for number in 0..50 {
        let name = ["A", "B", "Order"][usize::try_from(number % 3).expect("small")];
        let event = Event::new(&format!("m{number}"), Kind::Track, name, Timestamp(number * 40));
        assert_eq!(engine(&plain).apply(&mut a, &event), engine(&carrying).apply(&mut b, &event));
    }
}
