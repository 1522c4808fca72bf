//! Every operator on a journey, against a scan of the whole history: random packs, random journeys in
//! any order, random moments, and the moments up to which the answer is said to stand.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod generate;
mod naive;
mod reuse;

use generate::Random;
use naive::Scan;
use serde_json::{Value as Json, json};
use waymark_engine::{Context, Engine, Numerals, State};
use waymark_model::{Event, Purposes, Span, Timestamp};

const PACKS: usize = 1_000;
const JOURNEYS: usize = 10;
const MOMENTS: usize = 10;
/// Of each pack.
const SEGMENTS: usize = 8;

#[test]
fn every_operator_answers_as_a_scan_of_the_whole_history_does_and_for_as_long_as_it_says() {
    let mut random = Random::of(20_261_125);
    let (mut triples, mut held) = (0_usize, 0_usize);
    for number in 0..PACKS {
        let zone = *random.pick(&["UTC", "Asia/Singapore", "Europe/Berlin", "America/New_York"]);
        let conditions: Vec<Json> = (0..SEGMENTS).map(|_| random.condition(2)).collect();
        let segments: serde_json::Map<String, Json> = (0..)
            .zip(&conditions)
            .map(|(at, when): (usize, _)| (format!("s{at}"), json!({ "when": when })))
            .collect();
        let pack = json!({
            "pack": "p", "timezone": zone, "journey": { "session": "30m" }, "segments": segments,
            "loyalty": Random::loyalty(),
        });
        let source = pack.to_string();
        let program = match waymark_pack::compile(&source) {
            Ok(compiled) => compiled.program,
            Err(report) => panic!("{report}\n{source}"),
        };
        let engine = Engine::new(&program, Numerals::NATIVE);
        for _ in 0..JOURNEYS {
            let events = random.journey();
            let state = taken_in(engine, &events, &mut random);
            let scan = Scan::new(&events, zone);
            for _ in 0..MOMENTS {
                let now = random.moment(&events);
                let context = Context { consent: Purposes::ALL, ..Context::default() };
                let decision = engine.decide(&state, &context, now);
                for (at, condition) in conditions.iter().enumerate() {
                    let found = decision.segments.contains(&format!("s{at}"));
                    let wanted = scan.holds(condition, now);
                    assert_eq!(
                        found,
                        wanted,
                        "pack {number} at {now:?}: {}",
                        told(condition, &events)
                    );
                    held += usize::from(found);
                    // The last moment at which it is said to stand, and one in between.
                    let until = decision.valid_until.min(now.plus(Span(400 * Span::DAY.0)));
                    let last = until.minus(Span(1)).max(now);
                    let between = Timestamp(i64::midpoint(now.0, last.0));
                    for moment in [between, last] {
                        let still = scan.holds(condition, moment);
                        assert_eq!(
                            found,
                            still,
                            "pack {number}: said at {now:?} to stand until {until:?}, and it is \
                             otherwise at {moment:?}: {}",
                            told(condition, &events)
                        );
                    }
                }
                triples += 1;
            }
        }
    }
    assert_eq!(triples, PACKS * JOURNEYS * MOMENTS);
    // Conditions that never hold, or always, would show nothing.
    let share = held * 100 / (triples * SEGMENTS);
    assert!((10..90).contains(&share), "{share}% of the answers hold");
}

/// Events arrive late, and twice, but not so late that only what commutes moves.
fn taken_in(engine: Engine<'_>, events: &[Event], random: &mut Random) -> State {
    let mut arrivals: Vec<(usize, &Event)> = Vec::new();
    for (at, event) in events.iter().enumerate() {
        arrivals.push((at + random.index(6), event));
        if random.chance(5) {
            arrivals.push((at + random.index(8), event));
        }
    }
    arrivals.sort_by_key(|(at, _)| *at);
    let mut state = engine.new_state();
    for (_, event) in arrivals {
        engine.apply(&mut state, event);
    }
    // What is stored is what is known.
    engine.read_state(&engine.write_state(&state)).expect("a state comes back as it was")
}

fn told(condition: &Json, events: &[Event]) -> String {
    let each = events
        .iter()
        .map(|event| format!("\n  {} {} {:?}", event.time.0, event.name, event.properties));
    format!("{condition}{}", each.collect::<String>())
}
