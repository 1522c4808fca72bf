//! Conditions, and the engine that evaluates them.

use waymark_engine::{Engine, Numerals};
use waymark_model::Span;

use crate::journey::{self, NOW, context};

/// Bytes as the `when` of a segment and of a rule. What is worked out event by event is what comes out
/// at once, and it stands for as long as it is said to.
pub fn condition(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    // What ends the condition would write the rest of the pack.
    if text.len() > 4_000 || waymark_pack::check(text).iter().any(|it| it.code == "bad-json") {
        return;
    }
    let rest = r#""timezone": "Europe/Berlin", "groups": { "g": ["tents"] }, "holidays": ["2026-03-01"],
        "features": { "f": { "$count": { "event": "A" } }, "l": { "$last": { "event": "B", "property": "a" } } },
        "slots": { "s": { "default": "keep" } }, "content": { "c": { "slot": "s", "text": "c" } }"#;
    for source in [
        format!(r#"{{ "pack": "p", {rest}, "segments": {{ "s": {{ "when": {text} }} }} }}"#),
        format!(
            r#"{{ "pack": "p", {rest}, "rules": [{{ "id": "r", "slot": "s", "show": "c", "when": {text} }}] }}"#
        ),
    ] {
        let Ok(compiled) = waymark_pack::compile(&source) else { continue };
        let program = &compiled.program;
        journey::run(program);
        let engine = Engine::new(program, Numerals::NATIVE);
        let mut state = engine.new_state();
        for event in journey::events(program) {
            engine.apply(&mut state, &event);
            let context = context();
            let decision = engine.decide(&state, &context, event.time);
            let far = decision.now.plus(Span(400 * Span::DAY.0));
            let last = decision.valid_until.min(far).minus(Span(1)).max(decision.now);
            let then = engine.decide(&state, &context, last);
            assert_eq!(then.segments, decision.segments, "{source} until {last:?}");
            let shown = |it: &waymark_engine::Decision| {
                it.slots.iter().map(|slot| slot.content.clone()).collect::<Vec<_>>()
            };
            assert_eq!(shown(&then), shown(&decision), "{source} until {last:?}");
        }
        let at_once = engine.decide(&state, &context(), NOW);
        assert!(at_once.valid_until >= NOW);
    }
}
