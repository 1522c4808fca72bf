//! Packs that come, go and come back under running profiles.

use serde_json::{Value as Json, json};
use waymark_model::Span;

use crate::memory::{OPERATOR, SERVER, START, World};

fn pack(content: &str, least: u32) -> Json {
    json!({
        "pack": "shop",
        "segments": { "keen": { "when": { "$did": { "event": "Seen", "count": { "$gte": least } } } } },
        "slots": { "hero": { "default": "keep" } },
        "content": { content: { "slot": "hero", "text": content } },
        "rules": [{ "id": "r", "slot": "hero", "when": { "$segment": "keen" }, "show": content }],
    })
}

fn seen(world: &World, number: usize) {
    let event = json!({ "type": "track", "event": "Seen", "messageId": format!("m{number}"), "userId": "u" });
    assert_eq!(world.post("/v1/track", SERVER, &event).0, 200);
}

fn hero(world: &World) -> Json {
    // An isolate may trust what it heard for five seconds.
    world.host.now.set(world.host.now.get().plus(Span(6_000)));
    let (status, decision) = world.post("/v1/decide", SERVER, &json!({ "userId": "u" }));
    assert_eq!(status, 200, "{decision}");
    decision["slots"]["hero"]["content"].clone()
}

#[test]
fn a_roll_back_finds_what_the_former_pack_remembered() {
    let world = World::new();
    world.publish(&pack("first", 2));
    seen(&world, 1);
    seen(&world, 2);
    assert_eq!(hero(&world), "first");
    world.publish(&pack("second", 3));
    assert_eq!(hero(&world), Json::Null);
    seen(&world, 3);
    assert_eq!(hero(&world), "second");
    let (status, answer) = world.post("/admin/v1/packs/rollback", OPERATOR, &Json::Null);
    assert_eq!(status, 200, "{answer}");
    assert_eq!(hero(&world), "first");
}

#[test]
fn without_a_pack_events_are_kept_and_nothing_is_decided() {
    let world = World::new();
    seen(&world, 1);
    let (status, problem) = world.post("/v1/decide", SERVER, &json!({ "userId": "u" }));
    assert_eq!((status, &problem["code"]), (404, &json!("no-active-pack")));
    world.publish(&pack("first", 2));
    seen(&world, 2);
    assert_eq!(hero(&world), "first");
}

#[test]
fn a_registry_that_is_away_stops_nothing_that_is_known() {
    let world = World::new();
    world.publish(&pack("first", 1));
    seen(&world, 1);
    assert_eq!(hero(&world), "first");
    world.host.registry_is_away.set(true);
    world.host.now.set(START.plus(Span::HOUR));
    seen(&world, 2);
    assert_eq!(hero(&world), "first");
}

#[test]
fn of_a_broken_pack_everything_is_said_and_nothing_kept() {
    let world = World::new();
    let mut broken = pack("first", 1);
    broken["rules"][0]["show"] = "other".into();
    let request = waymark_edge::http::Request::new(
        waymark_edge::http::Method::Put,
        "https://edge.example/admin/v1/packs",
    )
    .with_header("Authorization", OPERATOR)
    .with_body(broken.to_string());
    let response = world.ask(&request);
    let problem: Json = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((response.status, &problem["code"]), (422, &json!("broken-pack")));
    assert_eq!(problem["diagnostics"][0]["code"], "unknown-content");
    assert_eq!(world.get("/admin/v1/packs").1["packs"], json!([]));
}
