//! Who withdraws leaves nothing behind, and takes nobody along.

use futures_util::FutureExt as _;
use serde_json::{Value as Json, json};
use waymark_edge::http::{Method, Request};
use waymark_model::Span;

use crate::memory::{BROWSER, SERVER, World};
use waymark_edge::identity::uuid_from_sha256;

fn pack() -> Json {
    json!({ "pack": "shop", "features": { "seen": { "$count": { "event": "Seen" } } } })
}

fn event(id: &str, number: usize) -> Json {
    json!({
        "type": "track", "event": "Seen", "messageId": format!("{id}-{number}"), "anonymousId": id,
        "context": { "consent": { "categoryPreferences": { "analytics": true } } },
    })
}

fn send(world: &World, device_key: &str, numbers: std::ops::Range<usize>) -> Json {
    let id = uuid_from_sha256(device_key);
    let batch: Vec<Json> = numbers.map(|number| event(&id, number)).collect();
    let body = json!({ "writeKey": "w", "deviceKey": device_key, "batch": batch });
    let (status, answer) = world.post("/v1/batch", BROWSER, &body);
    assert_eq!(status, 200, "{answer}");
    answer
}

fn erase(world: &World, device_key: &str) -> u16 {
    let id = uuid_from_sha256(device_key);
    let body = json!({
        "writeKey": "w", "deviceKey": device_key, "anonymousId": id, "consent": {}, "erase": true,
    });
    let request =
        Request::new(Method::Post, "https://edge.example/v1/consent").with_body(body.to_string());
    world.ask(&request).status
}

fn exported(world: &World) -> String {
    let mut all = String::new();
    for shard in 0..4 {
        let path = format!("https://edge.example/admin/v1/export?shard={shard}");
        let request = Request::new(Method::Get, &path).with_header("Authorization", "Bearer token");
        all.push_str(&String::from_utf8(world.ask(&request).body).unwrap());
    }
    all
}

#[test]
fn events_profile_and_message_ids_go_and_the_others_stay() {
    let world = World::new();
    world.publish(&pack());
    // Servers' batches have events of many visitors.
    let mine = uuid_from_sha256("mine");
    for round in 0..20 {
        send(&world, "mine", round * 3..round * 3 + 3);
    }
    send(&world, "other", 0..5);
    let mixed: Vec<Json> = ["s1", "s2"].iter().map(|id| event(id, 0)).collect();
    world.post("/v1/batch", SERVER, &json!({ "batch": mixed }));
    assert!(exported(&world).contains(&mine));
    assert_eq!(erase(&world, "mine"), 204);
    let rest = exported(&world);
    assert!(!rest.contains(&mine), "{rest}");
    assert_eq!(rest.lines().count(), 7);
    let (_, stats) = world.get("/admin/v1/stats");
    assert_eq!(stats["visitors"], json!(3), "{stats}");
}

#[test]
fn what_arrives_later_of_who_was_erased_is_not_kept() {
    let world = World::new();
    world.publish(&pack());
    send(&world, "mine", 0..2);
    assert_eq!(erase(&world, "mine"), 204);
    // A tab that had not heard, and a retry.
    let answer = send(&world, "mine", 0..4);
    assert_eq!((&answer["accepted"], &answer["duplicates"]), (&json!(0), &json!(4)), "{answer}");
    assert_eq!(exported(&world), "");
    // As often as it is asked.
    assert_eq!(erase(&world, "mine"), 204);
}

#[test]
fn nobody_erases_another() {
    let world = World::new();
    world.publish(&pack());
    send(&world, "mine", 0..2);
    let body = json!({
        "writeKey": "w", "deviceKey": "other", "anonymousId": uuid_from_sha256("mine"),
        "consent": {}, "erase": true,
    });
    let request =
        Request::new(Method::Post, "https://edge.example/v1/consent").with_body(body.to_string());
    assert_eq!(world.ask(&request).status, 403);
    assert_eq!(exported(&world).lines().count(), 2);
}

/// All objects, until none has anybody left who was not heard of for so many days.
fn expire(world: &World, days: i64) {
    let since = world.host.now.get().minus(Span(days * Span::DAY.0));
    for object in 0..world.config.map.objects() {
        while waymark_edge::erasure::expire(&world.edge(), object, since)
            .now_or_never()
            .unwrap()
            .unwrap()
        {}
    }
}

#[test]
fn who_is_not_heard_of_for_a_term_is_forgotten_under_all_ids_and_may_come_back() {
    let world = World::new();
    world.publish(&pack());
    let seen = |user: &str, device: &str, number: usize| {
        let id = format!("{user}-{number}");
        json!({ "type": "track", "event": "Seen", "messageId": id, "userId": user, "anonymousId": device })
    };
    let send = |events: &[Json]| {
        let (status, answer) = world.post("/v1/batch", SERVER, &json!({ "batch": events }));
        assert_eq!((status, &answer["accepted"]), (200, &json!(events.len())), "{answer}");
    };
    let later = |days: i64| world.host.now.set(world.host.now.get().plus(Span(days * Span::DAY.0)));
    let anonymous = |device: &str| json!({ "type": "track", "event": "Seen", "messageId": format!("a-{device}"), "anonymousId": device });
    send(&[
        anonymous("d-ann"),
        anonymous("d-bob"),
        seen("ann", "d-ann", 0),
        seen("bob", "d-bob", 0),
    ]);
    later(20);
    send(&[seen("bob", "d-bob", 1)]);
    later(20);
    expire(&world, 30);
    // Her device's id is old, and so is his; but he was here.
    let all = world.host.kept();
    assert!(!all.contains("ann") && all.contains("d-bob"));
    assert_eq!(world.get("/admin/v1/profile?visitor=bob").1["events"], 3);
    assert_eq!(world.get("/admin/v1/profile?visitor=ann").0, 404);
    send(&[seen("ann", "d-ann", 9)]);
    assert_eq!(world.get("/admin/v1/profile?visitor=ann").1["events"], 1);
}
