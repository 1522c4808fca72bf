//! Who withdraws leaves nothing behind, and takes nobody along.

use futures_util::FutureExt as _;
use serde_json::{Value as Json, json};
use waymark_edge::http::{Method, Request};
use waymark_model::Span;

use crate::identity::all_settled;
use crate::memory::{BROWSER, Fault, OPERATOR, SERVER, World};
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

#[test]
fn an_erasure_that_stops_anywhere_is_begun_again_and_leaves_nobody_behind() {
    let said = |device: &str, user: Option<&str>, number: usize| {
        let mut event = json!({
            "type": "track", "event": "Seen", "messageId": format!("{device}-{number}"), "anonymousId": device,
        });
        if let Some(user) = user {
            event["userId"] = json!(user);
        }
        event
    };
    let people = || {
        let world = World::new();
        world.host.has_no_lake.set(true);
        world.publish(&pack());
        // A person with two devices, one of which was known by another id of the same before.
        let batch = [
            said("gone-phone", None, 0),
            said("gone-phone", Some("gone-ann"), 1),
            said("gone-laptop", None, 0),
            said("gone-laptop", Some("gone-old"), 1),
            json!({ "type": "alias", "previousId": "gone-old", "userId": "gone-ann", "messageId": "gone-alias" }),
            said("stays", Some("bob"), 0),
        ];
        assert_eq!(world.post("/v1/batch", SERVER, &json!({ "batch": batch })).0, 200);
        all_settled(&world);
        // What a browser says of her device without proof, and a bad event of hers, with her id in it.
        let claim = json!({ "writeKey": "w", "batch": [said("gone-phone", Some("gone-ann"), 2)] });
        assert_eq!(world.post("/v1/batch", BROWSER, &claim).0, 200);
        let bad = json!({ "type": "track", "event": 3, "anonymousId": "gone-phone", "messageId": "gone-bad" });
        world.post("/v1/batch", SERVER, &json!({ "batch": [bad] }));
        world
    };
    for named in ["gone-ann", "gone-phone", "gone-old"] {
        let erase =
            |world: &World| world.post("/admin/v1/erase", OPERATOR, &json!({ "visitor": named })).0;
        let mut stopped = 0;
        for (calls, fault) in (0..).flat_map(|calls| {
            [Fault::Away, Fault::Refused, Fault::Unheard].map(|fault| (calls, fault))
        }) {
            let world = people();
            assert!(world.host.kept().contains("gone-"));
            // The last is taken first.
            let mut faults = vec![Some(fault)];
            faults.extend((0..calls).map(|_| None));
            world.host.faults.replace(faults);
            let first = erase(&world);
            let was_reached = world.host.faults.borrow().is_empty();
            world.host.faults.borrow_mut().clear();
            if first != 200 {
                stopped += 1;
                assert_eq!(first, 503);
                assert_eq!(erase(&world), 200);
            }
            all_settled(&world);
            let kept = world.host.kept();
            let at = kept.find("gone-").unwrap_or_default();
            assert!(
                !kept.contains("gone-"),
                "{named} after {calls} calls, {fault:?}: {:?}",
                kept.get(at.saturating_sub(80)..at + 80)
            );
            assert!(kept.contains("stays"));
            if !was_reached {
                break;
            }
        }
        assert!(stopped > 20, "{stopped}");
    }
}

#[test]
fn a_new_device_of_a_user_who_was_erased_is_its_own() {
    let world = World::new();
    world.publish(&pack());
    let said = |user: Option<&str>, number: usize| {
        let mut event = event("d-new", number);
        if let Some(user) = user {
            event["userId"] = json!(user);
        }
        event
    };
    let send = |batch: &[Json]| {
        assert_eq!(world.post("/v1/batch", SERVER, &json!({ "batch": batch })).0, 200);
        all_settled(&world);
    };
    send(&[json!({ "type": "track", "event": "Seen", "messageId": "first", "userId": "ann" })]);
    assert_eq!(world.post("/admin/v1/erase", OPERATOR, &json!({ "visitor": "ann" })).0, 200);
    send(&[said(Some("ann"), 0)]);
    send(&[said(None, 1)]);
    let (status, device) = world.get("/admin/v1/profile?visitor=d-new");
    assert_eq!((status, &device["events"]), (200, &json!(1)), "{device}");
    assert_eq!(world.get("/admin/v1/profile?visitor=ann").0, 404);
    world.host.now.set(world.host.now.get().plus(Span(40 * Span::DAY.0)));
    expire(&world, 30);
    assert!(!world.host.kept().contains("d-new"));
}
