//! The state is the fold of the distinct events in the order of their keys: what the engine keeps in
//! bounded space answers as a scan of the whole history does, in whatever order events arrive.

use crate::history::{COMMUTING, History, Probe, program};
use proptest::prelude::*;
use waymark_engine::{Applied, Context, Engine, Numerals, State};
use waymark_model::{Event, Kind, Purposes, Timestamp, Value};

fn engine(program: &waymark_engine::Program) -> Engine<'_> {
    Engine::new(program, Numerals::NATIVE)
}

fn event(number: usize, name: u8, time: i64, n: i64) -> Event {
    let name = ["A", "B", "C", "D"][usize::from(name)];
    let kind = if name == "D" { Kind::Identify } else { Kind::Track };
    let name = if name == "D" { "Identified" } else { name };
    let mut event = Event::new(&format!("m{number}"), kind, name, Timestamp(time));
    #[expect(clippy::cast_precision_loss, reason = "small")]
    event.properties.insert("n", Value::Number(n as f64 / 4.0));
    event
}

prop_compose! {
    fn histories(most: usize)(
        raw in prop::collection::vec((0_u8..4, 0_i64..3_000, -8_i64..40), 1..most),
    ) -> Vec<Event> {
        raw.into_iter().enumerate().map(|(i, (name, time, n))| event(i, name, time, n)).collect()
    }
}

/// The order of arrival: each event moves by up to its own delay, and some come twice.
fn arrivals(events: &[Event], delays: &[usize]) -> Vec<Event> {
    let mut order: Vec<(usize, usize)> =
        (0..events.len()).map(|i| (i + delays[i % delays.len()], i)).collect();
    for i in (0..events.len()).step_by(5) {
        order.push((i + delays[i % delays.len()] + 1, i));
    }
    order.sort_unstable();
    order.into_iter().map(|(_, i)| events[i].clone()).collect()
}

fn segments(
    engine: Engine<'_>,
    state: &State,
    now: i64,
) -> (Vec<String>, Timestamp, Option<String>) {
    let context = Context { consent: Purposes::ALL, ..Context::default() };
    let decision = engine.decide(state, &context, Timestamp(now));
    (decision.segments, decision.valid_until, decision.stage)
}

fn apply_all(engine: Engine<'_>, events: &[Event]) -> State {
    let mut state = engine.new_state();
    let mut seen = std::collections::BTreeSet::new();
    for event in events {
        // The host keeps the ids of two weeks; the state itself knows those of its tail.
        let again = !seen.insert(event.id.clone());
        let before = state.seq;
        let late_before = state.late;
        let mut copy = state.clone();
        let effects = engine.apply(&mut copy, event);
        if again && effects.applied == Applied::Late {
            continue;
        }
        state = copy;
        if again {
            assert_eq!(effects.applied, Applied::Duplicate);
            assert_eq!((state.seq, state.late), (before, late_before));
        }
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]

    #[test]
    fn shuffled_and_doubled_events_fold_as_their_sorted_history(
        events in histories(32),
        delays in prop::collection::vec(0_usize..40, 1..8),
        later in 0_i64..2_000,
    ) {
        let program = program();
        let engine = engine(&program);
        let state = apply_all(engine, &arrivals(&events, &delays));
        prop_assert_eq!(state.late, 0);
        prop_assert_eq!(state.seq, events.len() as u64);
        let history = History::of(&events);
        let now = history.newest() + later;
        let (segments, until, stage) = segments(engine, &state, now);
        prop_assert_eq!(&segments, &history.segments(now, Probe::All));
        prop_assert_eq!(stage, history.stage(now));
        prop_assert_eq!(state.fold().sessions.count(), history.sessions());
        // The answer stands until the moment that came with it.
        for moment in [now + 1, now + (until.0.min(now + 4_000) - now) / 2, until.0.min(now + 4_000) - 1] {
            if moment > now && moment < until.0 {
                prop_assert_eq!(&history.segments(moment, Probe::All), &segments, "at {}", moment);
            }
        }
    }

    #[test]
    fn late_events_move_what_commutes(
        events in histories(160),
        delays in prop::collection::vec(0_usize..200, 1..8),
        later in 0_i64..2_000,
    ) {
        let program = program();
        let engine = engine(&program);
        let state = apply_all(engine, &arrivals(&events, &delays));
        prop_assert_eq!(state.seq, events.len() as u64);
        let history = History::of(&events);
        let now = history.newest() + later;
        let probe = if state.late == 0 { Probe::All } else { Probe::Commuting };
        let (mut segments, ..) = segments(engine, &state, now);
        if state.late > 0 {
            segments.retain(|id| COMMUTING.contains(&id.as_str()));
        }
        prop_assert_eq!(segments, history.segments(now, probe));
        prop_assert_eq!(state.fold().sessions.count(), history.sessions());
    }

    #[test]
    fn memberships_kept_event_by_event_are_those_worked_out_at_once(events in histories(60)) {
        let program = program();
        let engine = engine(&program);
        let mut sorted = events;
        sorted.sort_by_key(Event::key);
        let mut state = engine.new_state();
        let mut members: Vec<u32> = state.segments().collect();
        for event in &sorted {
            let effects = engine.apply(&mut state, event);
            members.retain(|segment| !effects.change.left.contains(segment));
            members.extend(&effects.change.entered);
            members.sort_unstable();
            let reread = engine.read_state(&engine.write_state(&state)).unwrap();
            prop_assert_eq!(&members, &reread.segments().collect::<Vec<_>>());
            prop_assert_eq!(&members, &state.segments().collect::<Vec<_>>());
            prop_assert_eq!(state.stage(), reread.stage());
            prop_assert_eq!(state.valid_until(), reread.valid_until());
        }
    }

    #[test]
    fn a_written_state_goes_on_as_if_it_had_not_been(
        events in histories(80),
        cut in 0_usize..80,
        delays in prop::collection::vec(0_usize..6, 1..5),
    ) {
        let program = program();
        let engine = engine(&program);
        let events = arrivals(&events, &delays);
        let cut = cut.min(events.len());
        let mut kept = engine.new_state();
        let mut stored = engine.new_state();
        for (number, event) in events.iter().enumerate() {
            if number == cut {
                stored = engine.read_state(&engine.write_state(&stored)).unwrap();
            }
            prop_assert_eq!(engine.apply(&mut kept, event), engine.apply(&mut stored, event));
        }
        prop_assert_eq!(engine.write_state(&kept), engine.write_state(&stored));
    }

    #[test]
    fn any_bytes_are_a_state_or_refused(bytes: Vec<u8>, flips in prop::collection::vec((0_usize..4_000, 0_u8..8), 0..4)) {
        let program = program();
        let engine = engine(&program);
        let _ = engine.read_state(&bytes);
        let mut state = engine.new_state();
        for (number, name) in (0..40).zip([0, 1, 2, 3].into_iter().cycle()) {
            engine.apply(&mut state, &event(number, name, i64::from(name) + 50, 3));
        }
        let mut written = engine.write_state(&state);
        for (at, bit) in flips {
            let at = at % written.len();
            written[at] ^= 1 << bit;
        }
        if let Ok(mut state) = engine.read_state(&written) {
            engine.apply(&mut state, &event(99, 0, 9_999, 1));
            let _ = segments(engine, &state, 10_000);
            let _ = engine.write_state(&state);
        }
        let mut bytes = program.encode();
        let at = written.len() % bytes.len();
        bytes[at] ^= 0x55;
        if let Ok(program) = waymark_engine::Program::decode(&bytes) {
            let engine = Engine::new(&program, Numerals::NATIVE);
            let mut state = engine.new_state();
            engine.apply(&mut state, &event(1, 1, 5, 1));
            let _ = segments(engine, &state, 10);
        }
    }
}
