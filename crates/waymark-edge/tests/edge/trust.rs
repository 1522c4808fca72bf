//! Events that only a server's word makes count.

use serde_json::{Value as Json, json};
use waymark_edge::identity::uuid_from_sha256;
use waymark_engine::{Engine, Numerals};
use waymark_model::{Event, Kind, Timestamp, Value};

use crate::memory::{BROWSER, SERVER, World};

fn pack(trust: &str) -> Json {
    json!({
        "pack": "shop",
        "events": { "Order Completed": { "trust": trust }, "Product Viewed": {} },
        "features": {
            "spend": { "$sum": { "event": "Order Completed", "property": "revenue" } },
            "seen": { "$count": { "event": "Product Viewed" } },
        },
        "segments": { "buyer": { "when": { "features.spend": { "$gt": 0 } } } },
        "slots": { "hero": { "default": "keep" } },
        "content": { "thanks": { "slot": "hero", "text": "You have seen {{ features.seen }}" } },
        "rules": [{ "id": "r", "slot": "hero", "when": { "$segment": "buyer" }, "show": "thanks" }],
    })
}

fn event(name: &str, id: &str, device: &str) -> Json {
    json!({
        "type": "track", "event": name, "messageId": id, "anonymousId": device, "properties": { "revenue": 5 },
        "context": { "consent": { "categoryPreferences": { "analytics": true, "personalization": true } } },
    })
}

/// A device says that it has bought; gives what the edge makes of it.
fn told(world: &World, trust: &str) -> (String, Json) {
    world.publish(&pack(trust));
    let key = "a key of the device's own";
    let device = uuid_from_sha256(key);
    let batch =
        json!([event("Order Completed", "o1", &device), event("Product Viewed", "v1", &device)]);
    let body = json!({ "writeKey": "w", "deviceKey": key, "batch": batch });
    let (status, answer) = world.post("/v1/batch", BROWSER, &body);
    assert_eq!((status, &answer["accepted"]), (200, &json!(2)), "{answer}");
    let person = world.get(&format!("/admin/v1/profile?visitor=a:{device}")).1;
    (device, person)
}

#[test]
fn what_a_server_has_to_say_comes_to_nothing_when_a_browser_says_it() {
    let world = World::new();
    let (device, person) = told(&world, "server");
    // It is kept, and was a visit.
    assert_eq!((&person["events"], person["timeline"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(person["timeline"][1]["event"], "Order Completed");
    assert_eq!((&person["segments"], &person["features"]["seen"]), (&json!([]), &json!(1)));

    // The same from a server counts, and once.
    let order = event("Order Completed", "o2", &device);
    world.post("/v1/batch", SERVER, &json!({ "batch": [order] }));
    let person = world.get(&format!("/admin/v1/profile?visitor=a:{device}")).1;
    assert_eq!((&person["segments"], &person["features"]["spend"]), (&json!(["buyer"]), &json!(5)));
}

#[test]
fn where_anyone_is_trusted_a_browser_is() {
    let (_, person) = told(&World::new(), "anyone");
    assert_eq!((&person["segments"], &person["features"]["spend"]), (&json!(["buyer"]), &json!(5)));
}

#[test]
fn profiles_that_are_folded_again_believe_no_more_than_before() {
    let world = World::new();
    let (device, _) = told(&world, "server");
    // The device turns out to be a user's: its events are folded anew.
    let login = json!({
        "type": "identify", "messageId": "i1", "userId": "ann", "anonymousId": device, "traits": {},
    });
    world.post("/v1/batch", SERVER, &json!({ "batch": [login] }));
    let person = world.get("/admin/v1/profile?visitor=u:ann").1;
    assert_eq!((&person["events"], &person["segments"]), (&json!(3), &json!([])), "{person}");
}

#[test]
fn a_page_comes_to_the_same() {
    let compiled = waymark_pack::compile(&pack("server").to_string()).unwrap();
    let page = compiled.program.page_projection();
    assert_eq!((&page.server_events, page.needs_whole()), (&compiled.program.server_events, true));
    let mut order = Event::new("o1", Kind::Track, "Order Completed", Timestamp(1_772_323_200_000));
    order.properties.insert("revenue", Value::Number(5.0));
    let engine = Engine::new(&compiled.program, Numerals::NATIVE);
    let mut state = engine.new_state();
    engine.apply(&mut state, &order);
    // What the edge has counted is in the state that a page is given, and stays.
    let on_page = Engine::new(&page, Numerals::NATIVE);
    let mut given = on_page.read_state(&engine.write_state(&state)).unwrap();
    assert_eq!(given.segments().count(), 1);
    // Of its own it takes what the edge takes of it.
    let mut own = order.clone();
    own.id = "o2".to_owned();
    page.doubt(&mut own);
    on_page.apply(&mut given, &own);
    assert_eq!((given.seq, given.segments().count()), (2, 1));
    let mut nobody = on_page.new_state();
    on_page.apply(&mut nobody, &own);
    assert_eq!((nobody.seq, nobody.segments().count()), (1, 0));
}

#[test]
fn another_word_is_pointed_out() {
    let report = waymark_pack::compile(&pack("me").to_string()).unwrap_err();
    let text = serde_json::to_string(&report.diagnostics).unwrap();
    assert!(text.contains("\"bad-value\"") && text.contains("anyone"), "{text}");
}
