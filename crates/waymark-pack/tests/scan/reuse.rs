//! A decision that is given again is the one that would be made.

use serde_json::{Map, Value as Json, json};
use waymark_engine::{Context, Decision, Engine, Latest, Numerals};
use waymark_model::{Purposes, Span};

use crate::generate::Random;

const PACKS: usize = 400;
const JOURNEYS: usize = 5;

/// A rule a condition, in four slots. Some packs say something of the session, some have limits.
fn pack(random: &mut Random) -> Json {
    const SLOTS: usize = 4;
    let slot = |at: usize| format!("s{}", at % SLOTS);
    let slots: Map<String, Json> =
        (0..SLOTS).map(|at| (slot(at), json!({ "default": "keep" }))).collect();
    let of_session = random.chance(25);
    let text = |at: usize| match at {
        0 if of_session => "{{ session.events }}".to_owned(),
        1 => "{{ traits.c | default: \"nobody\" }}".to_owned(),
        _ => format!("text {at}"),
    };
    let content: Map<String, Json> =
        (0..SLOTS).map(|at| (slot(at), json!({ "slot": slot(at), "text": text(at) }))).collect();
    let limited = random.chance(25);
    let per = *random.pick(&["session", "visitor", "7d"]);
    let rules: Vec<Json> = (0..8)
        .map(|at| {
            let mut rule = json!({
                "id": format!("r{at}"), "slot": slot(at), "show": slot(at),
                "when": random.condition(1),
            });
            if limited && at < SLOTS {
                rule["limit"] = json!({ "times": 2, "per": per });
            }
            rule
        })
        .collect();
    json!({
        "pack": "p", "timezone": *random.pick(&["UTC", "Asia/Singapore", "America/New_York"]),
        "journey": { "session": "30m" }, "loyalty": Random::loyalty(), "slots": slots, "content": content, "rules": rules,
    })
}

#[test]
fn a_decision_that_is_given_again_is_the_one_that_would_be_made() {
    let mut random = Random::of(20_261_126);
    let mut sessionless = 0;
    for _ in 0..PACKS {
        let pack = pack(&mut random);
        let source = pack.to_string();
        let program = match waymark_pack::compile(&source) {
            Ok(compiled) => compiled.program,
            Err(report) => panic!("{report}\n{source}"),
        };
        // As hosts have it: read from bytes, which say whether the session matters.
        let program = waymark_engine::Program::decode(&program.encode()).expect("it is read back");
        sessionless += usize::from(program.sessionless);
        let engine = Engine::new(&program, Numerals::NATIVE);
        for _ in 0..JOURNEYS {
            let mut events = random.journey();
            let (mut state, mut latest) = (engine.new_state(), Latest::default());
            let mut seen = Vec::new();
            while !events.is_empty() {
                // Late now and then.
                let event = events.remove(random.index(events.len().min(3)));
                engine.apply(&mut state, &event);
                seen.push(event);
                for _ in 0..3 {
                    let consent = *random.pick(&[Purposes::ALL, Purposes::ALL, Purposes::NONE]);
                    let context = Context { consent, ..Context::default() };
                    let mut now = random.moment(&seen);
                    if random.chance(50) {
                        now = seen[seen.len() - 1].time.plus(Span(1));
                    }
                    if random.chance(10) {
                        engine.advance(&mut state, now);
                    }
                    let given = latest.decide(engine, &state, &context.encode(), now);
                    let given = given.and_then(|bytes| Decision::decode(&bytes)).expect("one");
                    assert!(now < given.valid_until, "{source}\nat {now:?} of {seen:?}");
                    // Of several moments until which it stands either may be said.
                    let valid_until = given.valid_until;
                    let made = Decision { valid_until, ..engine.decide(&state, &context, now) };
                    assert_eq!(given, made, "{source}\nat {now:?} of {seen:?}");
                }
            }
        }
    }
    // Otherwise there would be little to give again.
    assert!((PACKS / 10..PACKS).contains(&sessionless), "{sessionless} packs without the session");
}
