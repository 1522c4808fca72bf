//! What one device of a person did, and what servers told of them, reaches their others.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value as Json, json};
use waymark_engine::{Context, Engine, Numerals};
use waymark_model::{Event, Kind, Purposes, Span};
use waymark_wire::decision_to_json;

use crate::memory::{BROWSER, SERVER, START, World};
use crate::reading::known;

fn pack() -> Json {
    json!({
        "pack": "shop",
        "attributes": { "traits.first": { "type": "string" }, "traits.score": { "type": "number" } },
        "features": {
            "orders": { "$count": { "event": "Order Completed", "within": "30d" } },
            "calls": { "$count": { "event": "Called", "within": "30d" } },
        },
        "segments": {
            "buyer": { "when": { "features.orders": { "$gte": 2 } } },
            "risky": { "when": { "traits.score": { "$lt": 10 }, "features.calls": { "$gte": 1 } }, "runs": "edge" },
        },
        "slots": { "hero": { "default": "keep" } },
        "content": { "thanks": { "slot": "hero", "text": "Thanks, {{ traits.first | default: \"you\" }}" } },
        "rules": [{ "id": "thanks", "slot": "hero", "when": { "$segment": "buyer" }, "show": "thanks" }],
    })
}

/// Ann has this device and another; a server has told of her, too.
fn world() -> (World, String) {
    let world = World::new();
    world.publish(&pack());
    let (id, _) = known(&world, "own");
    let batch = json!([
        { "type": "identify", "userId": "ann", "anonymousId": id, "messageId": "i1", "traits": { "first": "Ann" } },
        { "type": "identify", "userId": "ann", "messageId": "i2", "traits": { "score": 3, "secret": "from the CRM" } },
        { "type": "track", "event": "Order Completed", "userId": "ann", "anonymousId": "other", "messageId": "o1",
          "properties": { "note": "a gift" } },
        { "type": "track", "event": "Order Completed", "userId": "ann", "messageId": "o2" },
        { "type": "track", "event": "Called", "userId": "ann", "messageId": "c1" },
    ]);
    let (status, answer) = world.post("/v1/batch", SERVER, &json!({ "batch": batch }));
    assert_eq!((status, &answer["accepted"]), (200, &json!(5)), "{answer}");
    (world, id)
}

fn asked(world: &World, id: &str, key: &str, consent: bool) -> (u16, Json) {
    let consent = json!({ "analytics": true, "personalization": consent, "marketing": false });
    let body = json!({
        "writeKey": "w", "deviceKey": key, "anonymousId": id, "consent": consent, "state": true,
    });
    world.post("/v1/decide", BROWSER, &body)
}

#[test]
fn a_page_goes_on_from_what_the_edge_knows() {
    let (world, id) = world();
    let (status, answer) = asked(&world, &id, "own", true);
    assert_eq!(status, 200, "{answer}");
    let page =
        waymark_pack::compile(&pack().to_string()).unwrap().program.page_projection().indexed();
    let engine = Engine::new(&page, Numerals::NATIVE);
    let bytes = BASE64_STANDARD.decode(answer["state"].as_str().unwrap()).unwrap();
    let mut state = engine.read_state(&bytes).unwrap();
    let context = Context { consent: Purposes::ALL, ..Context::default() };
    let own = decision_to_json(&engine.decide(&state, &context, START));
    for member in ["seq", "pack", "segments", "validUntil"] {
        assert_eq!(own[member], answer[member], "{member}");
    }
    assert_eq!(own["slots"]["hero"]["text"], "Thanks, Ann");
    assert_eq!(own["slots"]["hero"]["text"], answer["slots"]["hero"]["text"]);
    // And counts on.
    let order = Event::new("o3", Kind::Track, "Order Completed", START.plus(Span(1_000)));
    engine.apply(&mut state, &order);
    assert_eq!(state.seq, answer["seq"].as_u64().unwrap() + 1);
}

#[test]
fn it_has_nothing_that_the_page_has_no_use_for() {
    let (world, id) = world();
    let answer = asked(&world, &id, "own", true).1;
    let bytes = BASE64_STANDARD.decode(answer["state"].as_str().unwrap()).unwrap();
    let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(has("Ann"));
    for text in ["secret", "CRM", "score", "gift", "other", "Called", "c1", "o1"] {
        assert!(!has(text), "{text} is in the page's state");
    }
    assert_eq!(answer["segments"], json!(["buyer"]));
}

#[test]
fn nobody_else_is_told_and_nobody_who_has_not_agreed() {
    let (world, id) = world();
    let (status, answer) = asked(&world, &id, "another's key", true);
    assert_eq!((status, answer["state"].is_null()), (403, true), "{answer}");
    let (status, answer) = asked(&world, &id, "own", false);
    assert_eq!((status, answer["state"].is_null()), (200, true), "{answer}");
}
