//! What else is stored or sent: states, events, contexts and decisions.

use std::sync::OnceLock;

use waymark_engine::{Context, Decision, Engine, Numerals, Program};
use waymark_model::Event;

use crate::journey::{self, NOW, context, events};

/// Every kind of memory.
const PACK: &str = r#"{ "pack": "p", "timezone": "Asia/Singapore",
    "features": {
        "count": { "$count": { "event": "A", "within": "7d" } },
        "avg": { "$avg": { "event": "A", "property": "price" } },
        "max": { "$max": { "event": "A", "property": "price", "between": ["30d", "7d"] } },
        "distinct": { "$distinct": { "event": "A", "property": "category", "within": "7d" } },
        "top": { "$top": { "event": "A", "property": "category", "within": "7d" } },
        "streak": { "$streak": { "event": "A" } },
        "items": { "$items": { "add": "A", "remove": "B", "clear": "C", "key": "category" } },
        "first": { "$first": { "event": "A", "property": "price" } },
        "last": { "$last": { "event": "B", "property": "price" } } },
    "loyalty": { "points": [{ "event": "A", "per": "price" }], "expires": "30d",
        "redeem": { "event": "B", "per": "price" }, "tiers": [{ "id": "gold", "at": 9 }] },
    "segments": {
        "gold": { "when": { "$tier": "gold", "features.loyalty-points": { "$gte": 1 } } },
        "often": { "when": { "$did": { "event": "A", "count": { "$gte": 3 }, "within": "7d" } } },
        "steps": { "when": { "$sequence": { "steps": [{ "event": "A" }, { "event": "B" }], "without": ["C"] } } },
        "all": { "when": { "features.count": { "$gte": 1 }, "features.avg": { "$lt": 9 }, "features.max": { "$gt": 1 },
            "features.distinct": 2, "features.top": "tents", "features.streak": { "$gte": 2 },
            "features.items": { "$size": 1 }, "features.first": 1, "features.last": 2 } } } }"#;

fn program() -> &'static Program {
    static PROGRAM: OnceLock<Program> = OnceLock::new();
    PROGRAM.get_or_init(|| match waymark_pack::compile(PACK) {
        Ok(compiled) => match journey::with_a_flow(&compiled.program) {
            Some(program) => program,
            None => panic!("the journey is legal"),
        },
        Err(report) => panic!("{report}"),
    })
}

/// Bytes as each of these: refused, or as good as one that the engine made.
pub fn state(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let engine = Engine::new(program(), Numerals::NATIVE);
    match kind % 4 {
        0 => {
            let Ok(mut state) = engine.read_state(bytes) else { return };
            for event in events(engine.program).into_iter().take(8) {
                engine.apply(&mut state, &event);
            }
            engine.explain(&state, &context(), NOW);
            journey::acts(engine, &mut state);
        }
        1 => {
            let Ok(event) = Event::decode(bytes) else { return };
            // As bytes: what is no number equals not even itself.
            let back = Event::decode(&event.encode()).map(|back| back.encode());
            assert_eq!(back, Ok(event.encode()));
            engine.apply(&mut engine.new_state(), &event);
        }
        2 => {
            let Ok(context) = Context::decode(bytes) else { return };
            let back = Context::decode(&context.encode()).map(|back| back.encode());
            assert_eq!(back, Ok(context.encode()));
            engine.decide(&engine.new_state(), &context, NOW);
        }
        _ => {
            let Ok(decision) = Decision::decode(bytes) else { return };
            assert!(Decision::decode(&decision.encode()).is_ok());
        }
    }
}
