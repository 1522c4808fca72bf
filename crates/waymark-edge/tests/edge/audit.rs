//! What operators have had done is on record, and nothing is done that is not.

use serde_json::{Value as Json, json};
use waymark_edge::http::{Method, Request};

use crate::memory::{OPERATOR, PUBLISHER, SERVER, VIEWER, World};

fn pack(name: &str) -> Json {
    json!({ "pack": name, "slots": {}, "content": {}, "rules": [] })
}

fn deeds(world: &World) -> Vec<(String, Option<String>)> {
    let (status, told) = world.get("/admin/v1/audit");
    assert_eq!(status, 200, "{told}");
    let deeds = told["deeds"].as_array().unwrap();
    deeds
        .iter()
        .map(|deed| {
            let text = |name: &str| deed[name].as_str().map(str::to_owned);
            assert!(text("by").unwrap().starts_with("token "), "{deed}");
            assert_eq!(text("at").unwrap(), "2026-03-01T00:00:00.000Z");
            (text("what").unwrap(), text("of"))
        })
        .collect()
}

fn seen(world: &World, user: &str) {
    let event = json!({ "type": "track", "event": "Seen", "messageId": "m1", "userId": user });
    assert_eq!(world.post("/v1/track", SERVER, &event).0, 200);
}

#[test]
fn what_was_done_is_told_the_latest_first_and_people_only_by_hash() {
    let world = World::new();
    let hash = world.publish(&pack("one"));
    seen(&world, "ann@example.com");
    let erased = world.post("/admin/v1/erase", OPERATOR, &json!({ "visitor": "ann@example.com" }));
    assert_eq!(erased.0, 200);
    // Who only looks leaves nothing.
    assert_eq!(world.get("/admin/v1/packs").0, 200);
    assert_eq!(world.get("/admin/v1/stats").0, 200);
    let deeds = deeds(&world);
    let names: Vec<&str> = deeds.iter().map(|(what, _)| what.as_str()).collect();
    assert_eq!(names, ["person-erase", "pack-activate", "pack-put"]);
    assert_eq!(deeds[1].1.as_deref(), Some(hash.as_str()));
    // Of the id that the operator named.
    let of = "sha256:71d4f55f72fa128dfb468a1a3901507c804b74316488744d769d7f4b16696476";
    assert_eq!(deeds[0].1.as_deref(), Some(of));
}

#[test]
fn nothing_is_done_that_cannot_be_noted() {
    let world = World::new();
    world.publish(&pack("one"));
    seen(&world, "ann");
    world.host.registry_is_away.set(true);
    assert_eq!(world.post("/admin/v1/erase", OPERATOR, &json!({ "visitor": "ann" })).0, 503);
    world.host.registry_is_away.set(false);
    assert_eq!(world.get("/admin/v1/stats").1["events"], 1);
}

#[test]
fn only_operators_read_it_and_only_their_deeds_are_in_it() {
    let world = World::new();
    assert_eq!(world.get_as(VIEWER, "/admin/v1/audit").0, 403);
    assert_eq!(world.get_as("Bearer nobody", "/admin/v1/audit").0, 401);
    assert_eq!(world.post("/admin/v1/erase", VIEWER, &json!({ "visitor": "ann" })).0, 403);
    assert_eq!(world.post("/admin/v1/erase", "Bearer nobody", &json!({ "visitor": "ann" })).0, 401);
    assert_eq!(deeds(&world), []);
}

#[test]
fn a_long_record_is_told_in_parts() {
    let world = World::new();
    for number in 0..130 {
        let request = Request::new(Method::Put, "https://edge.example/admin/v1/packs")
            .with_header("Authorization", OPERATOR)
            .with_body(pack(&format!("p{number}")).to_string());
        assert_eq!(world.ask(&request).status, 201);
    }
    let (_, first) = world.get("/admin/v1/audit");
    assert_eq!(first["deeds"].as_array().unwrap().len(), 100);
    let rest = world.get(&format!("/admin/v1/audit?before={}", first["next"])).1;
    assert_eq!((rest["deeds"].as_array().unwrap().len(), &rest["next"]), (30, &Json::Null));
    assert_eq!(world.get("/admin/v1/audit?before=x").0, 400);
}

#[test]
fn reasons_are_for_owners_since_peoples_traits_are_in_them() {
    let world = World::new();
    world.publish(&json!({ "pack": "shop", "slots": { "hero": { "default": "keep" } } }));
    let body = json!({ "userId": "ann", "state": true });
    for who in [VIEWER, PUBLISHER] {
        let (status, problem) = world.post("/v1/decide?explain=true", who, &body);
        assert_eq!((status, &problem["code"]), (403, &json!("role-needed")), "{problem}");
    }
    let (status, told) = world.post("/v1/decide?explain=true", OPERATOR, &body);
    assert_eq!(status, 200, "{told}");
    assert!(told["explanation"].is_object());
}
