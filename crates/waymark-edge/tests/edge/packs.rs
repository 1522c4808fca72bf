//! Packs that come, go and come back under running profiles.

use serde_json::{Value as Json, json};
use waymark_model::Span;

use crate::memory::{OPERATOR, PUBLISHER, SERVER, START, VIEWER, World};

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

fn activate(world: &World, hash: &str, percent: u8) -> (u16, Json) {
    let path = format!("/admin/v1/packs/{hash}/activate");
    world.post(&path, PUBLISHER, &json!({ "percent": percent }))
}

fn put(world: &World, pack: &Json) -> String {
    let request = waymark_edge::http::Request::new(
        waymark_edge::http::Method::Put,
        "https://edge.example/admin/v1/packs",
    );
    let request = request.with_header("Authorization", PUBLISHER).with_body(pack.to_string());
    let answer: Json = serde_json::from_slice(&world.ask(&request).body).unwrap();
    answer["hash"].as_str().unwrap().to_owned()
}

/// Which of a thousand have a pack.
fn having(world: &World, hash: &str) -> Vec<u32> {
    world.host.now.set(world.host.now.get().plus(Span(6_000)));
    let has = |user: &u32| {
        let who = json!({ "userId": format!("p{user}") });
        world.post("/v1/decide", SERVER, &who).1["pack"] == hash
    };
    (0..1_000).filter(has).collect()
}

#[test]
fn a_pack_is_given_to_some_and_the_same_ones_are_among_more() {
    let world = World::new();
    let first = world.publish(&pack("first", 2));
    let second = put(&world, &pack("second", 1));
    assert_eq!(having(&world, &second), [] as [u32; 0]);
    let (status, answer) = activate(&world, &second, 10);
    assert_eq!((status, &answer["percent"]), (200, &json!(10)));
    let ten = having(&world, &second);
    assert!((60..140).contains(&ten.len()), "{}", ten.len());
    assert_eq!(having(&world, &second), ten, "stably");
    // A page of no visitor's has what most have.
    let page = world.ask(&waymark_edge::http::Request::new(
        waymark_edge::http::Method::Get,
        "https://edge.example/v1/pack",
    ));
    assert!(
        page.headers
            .iter()
            .any(|(name, value)| *name == "ETag" && *value == format!("\"{first}\""))
    );
    let (_, packs) = world.get("/admin/v1/packs");
    assert_eq!(packs["active"], first);
    let shares: Vec<&Json> =
        packs["packs"].as_array().unwrap().iter().map(|one| &one["percent"]).collect();
    assert!(shares.contains(&&json!(10)) && shares.contains(&&json!(90)), "{packs}");

    activate(&world, &second, 50);
    let fifty = having(&world, &second);
    assert!((420..580).contains(&fifty.len()), "{}", fifty.len());
    assert!(ten.iter().all(|user| fifty.contains(user)));
    // Who went without is never asked about again: all have it.
    activate(&world, &second, 100);
    assert_eq!(having(&world, &second).len(), 1_000);
    // And back: to what all had before.
    assert_eq!(world.post("/admin/v1/packs/rollback", PUBLISHER, &Json::Null).1["hash"], first);
    assert_eq!(having(&world, &first).len(), 1_000);
}

#[test]
fn a_share_is_taken_back_and_what_it_remembered_of_all_is_there_when_it_comes_again() {
    let world = World::new();
    let first = world.publish(&pack("first", 2));
    let other = json!({
        "pack": "shop",
        "slots": { "hero": { "default": "keep" } },
        "content": { "second": { "slot": "hero", "text": "{{ features.sum }}" } },
        "features": { "sum": { "$sum": { "event": "Paid", "property": "revenue" } } },
        "rules": [{ "id": "r", "slot": "hero", "when": { "features.sum": { "$gte": 30 } }, "show": "second" }],
    });
    let second = put(&world, &other);
    activate(&world, &second, 1);
    world.host.now.set(world.host.now.get().plus(Span(6_000)));
    for number in 0..40 {
        // More than a state keeps of single events.
        let event = json!({
            "type": "track", "event": "Paid", "messageId": format!("m{number}"), "userId": "u",
            "properties": { "revenue": 1 },
        });
        assert_eq!(world.post("/v1/track", SERVER, &event).0, 200);
    }
    let (status, answer) = world.post("/admin/v1/packs/rollback", PUBLISHER, &Json::Null);
    assert_eq!((status, &answer["hash"], &answer["percent"]), (200, &json!(first), &json!(100)));
    assert_eq!(having(&world, &second), [] as [u32; 0]);
    activate(&world, &second, 100);
    world.host.now.set(world.host.now.get().plus(Span(6_000)));
    let (_, decision) = world.post("/v1/decide", SERVER, &json!({ "userId": "u" }));
    assert_eq!(decision["slots"]["hero"]["text"], "40");
}

#[test]
fn shares_that_make_no_sense_are_refused() {
    let world = World::new();
    let first = put(&world, &pack("first", 2));
    let (status, problem) = activate(&world, &first, 10);
    assert_eq!((status, &problem["code"]), (409, &json!("no-other-pack")));
    activate(&world, &first, 100);
    assert_eq!(activate(&world, &first, 10).0, 409);
    for percent in [0, 101] {
        let (status, problem) = activate(&world, &first, percent);
        assert_eq!((status, &problem["pointer"]), (400, &json!("/percent")));
    }
}

#[test]
fn roles_may_what_is_theirs() {
    let world = World::new();
    let hash = put(&world, &pack("first", 2));
    assert_eq!(activate(&world, &hash, 100).0, 200);
    for (who, path, status) in [
        (VIEWER, "/admin/v1/packs", 200),
        (VIEWER, "/admin/v1/audit", 403),
        (PUBLISHER, "/admin/v1/stats", 200),
        (PUBLISHER, "/admin/v1/events?visitor=u", 403),
        (PUBLISHER, "/admin/v1/dead-letters", 403),
        (OPERATOR, "/admin/v1/audit", 200),
        ("Bearer nobody", "/admin/v1/stats", 401),
    ] {
        assert_eq!(world.get_as(who, path).0, status, "{who} {path}");
    }
    let path = format!("/admin/v1/packs/{hash}/activate");
    let (status, problem) = world.post(&path, VIEWER, &Json::Null);
    assert_eq!((status, &problem["code"]), (403, &json!("role-needed")));
    let (_, audit) = world.get("/admin/v1/audit");
    assert!(audit["deeds"][0]["by"].as_str().unwrap().starts_with("ci, token "), "{audit}");
}
