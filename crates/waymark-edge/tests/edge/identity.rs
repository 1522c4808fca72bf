//! Whoever says in whatever order who is who, the profiles are those of the statements themselves.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use waymark_edge::identity::uuid_from_sha256;
use waymark_edge::merges::settle;
use waymark_edge::ports::Link;
use waymark_engine::{Engine, Numerals};
use waymark_model::{Event, Kind, Span, Timestamp};
use waymark_wire::{format_timestamp, parse_line};

use crate::memory::{BROWSER, OPERATOR, SERVER, START, World, faults, twice};

pub fn pack() -> Json {
    json!({
        "pack": "shop",
        "journey": { "session": "30m" },
        "features": { "spend": { "$sum": { "event": "Order Completed", "property": "revenue" } } },
        "segments": {
            "keen": { "when": { "$did": { "event": "Order Completed", "count": { "$gte": 3 } } } },
        },
    })
}

/// What one server event says: under which device's id, of which user, and whom the user was before.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    device: Option<u8>,
    user: Option<u8>,
    /// A device or a user.
    previous: Option<(bool, u8)>,
    minute: u16,
}

pub fn statement() -> impl Strategy<Value = Statement> {
    let person = || prop::option::of(0..4_u8);
    let previous = prop::option::weighted(0.3, (any::<bool>(), 0..4_u8));
    (person(), person(), previous, 0..60_u16).prop_map(|(device, user, previous, minute)| {
        // Somebody it has to be.
        let user = if device.is_none() || previous.is_some() { user.or(Some(0)) } else { user };
        Statement { device, user, previous, minute }
    })
}

pub fn event(statement: Statement, number: usize) -> Json {
    let Statement { device, user, previous, minute } = statement;
    let at = START.plus(Span(-60_000 * i64::from(minute)));
    let mut event = json!({
        "messageId": format!("m{number}"),
        "timestamp": format_timestamp(at),
        "anonymousId": device.map(|device| format!("d{device}")),
        "userId": user.map(|user| format!("p{user}")),
    });
    match previous {
        None => {
            event["type"] = "track".into();
            event["event"] = "Order Completed".into();
            event["properties"] = json!({ "revenue": 0.1 });
        }
        Some((is_user, previous)) => {
            event["type"] = "alias".into();
            let name = if is_user { 'p' } else { 'd' };
            event["previousId"] = format!("{name}{previous}").into();
        }
    }
    event
}

/// The profiles as the design has them, from all statements at once.
fn expected(events: &[Event]) -> BTreeMap<String, Vec<Event>> {
    let mut own: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    let mut links: BTreeMap<String, Link> = BTreeMap::new();
    for event in events {
        let user = event.user_id.as_ref().map(|id| format!("u:{id}"));
        let device = event.anonymous_id.as_ref().map(|id| format!("a:{id}"));
        let mut others: Vec<String> = device.clone().into_iter().collect();
        if event.kind == Kind::Alias {
            let previous = event.properties.get("previousId").and_then(|id| id.as_text()).unwrap();
            others.extend([format!("a:{previous}"), format!("u:{previous}")]);
        }
        if let Some(user) = &user {
            for other in others.into_iter().filter(|other| other != user) {
                let link = Link { at: event.time, message: event.id.clone(), to: user.clone() };
                links
                    .entry(other)
                    .and_modify(|first| *first = first.clone().min(link.clone()))
                    .or_insert(link);
            }
        }
        own.entry(user.or(device).unwrap()).or_default().push(event.clone());
    }
    let mut profiles: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for (key, events) in own {
        let mut way = vec![key];
        let root = loop {
            let last = way.last().unwrap();
            let Some(Link { to, .. }) = links.get(last) else { break last.clone() };
            if let Some(at) = way.iter().position(|before| before == to) {
                break way[at..].iter().min().unwrap().clone();
            }
            way.push(to.clone());
        };
        profiles.entry(root).or_default().extend(events);
    }
    profiles
}

pub fn all_settled(world: &World) {
    let objects: BTreeSet<u16> = (0..world.config.map.all_objects()).collect();
    settle(&world.edge(), objects).now_or_never().unwrap().unwrap();
}

/// Whether the profiles are those of the events.
pub fn profiles_are_right(world: &World, events: &[Json]) -> Result<(), TestCaseError> {
    let compiled = waymark_pack::compile(&pack().to_string()).unwrap();
    let engine = Engine::new(&compiled.program, Numerals::NATIVE);
    let events: Vec<Event> =
        events.iter().map(|event| parse_line(&event.to_string()).unwrap()).collect();
    let mut found = world.host.profiles();
    found.retain(|key, state| !key.starts_with("c:") && engine.read_state(state).unwrap().seq > 0);
    let expected: BTreeMap<String, Vec<u8>> = expected(&events)
        .into_iter()
        .map(|(key, events)| (key, engine.write_state(&engine.refolded(events, []))))
        .collect();
    prop_assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (key, state) in &expected {
        prop_assert_eq!(&found[key], state, "{}", key);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_order_of_statements_retries_and_crashes_ends_in_the_same_profiles(
        statements in prop::collection::vec(statement(), 1..28),
        seed in any::<u64>(),
        size in 1..4_usize,
        faults in faults(120),
    ) {
        let world = World::new();
        world.publish(&pack());
        let events: Vec<Json> =
            statements.iter().enumerate().map(|(number, one)| event(*one, number)).collect();
        let queue = twice(events.len(), seed);
        *world.host.faults.borrow_mut() = faults;
        for numbers in queue.chunks(size) {
            let batch: Vec<&Json> = numbers.iter().map(|number| &events[*number]).collect();
            // A claim beside it, which changes nobody.
            let claim = json!({ "batch": [{
                "type": "identify", "userId": "p0", "anonymousId": "d1",
                "messageId": format!("claim{}", numbers[0]),
                "context": { "consent": { "categoryPreferences": { "analytics": true } } },
            }] });
            for (key, body) in [(SERVER, json!({ "batch": batch })), (BROWSER, claim)] {
                let mut tries = 0;
                while world.post("/v1/batch", key, &body).0 != 200 {
                    tries += 1;
                    prop_assert!(tries < 200);
                }
            }
        }
        world.host.faults.borrow_mut().clear();
        all_settled(&world);

        profiles_are_right(&world, &events)?;
        let (_, stats) = world.get("/admin/v1/stats");
        let claims = queue.chunks(size).map(|numbers| numbers[0]).collect::<BTreeSet<_>>().len();
        prop_assert_eq!(&stats["events"], &json!(events.len() + claims));
    }
}

fn order(device: Option<&str>, user: Option<&str>, id: &str, minute: i64) -> Json {
    let at = START.plus(Span(-60_000 * minute));
    json!({
        "type": "track", "event": "Order Completed", "messageId": id, "anonymousId": device,
        "userId": user, "timestamp": format_timestamp(at), "properties": { "revenue": 1 },
        "context": { "consent": { "categoryPreferences": { "personalization": true } } },
    })
}

fn send(world: &World, key: &str, body: &Json) -> Json {
    let (status, answer) = world.post("/v1/batch", key, body);
    assert_eq!(status, 200, "{answer}");
    answer
}

fn seq(world: &World, who: &Json) -> u64 {
    world.post("/v1/decide", SERVER, who).1["seq"].as_u64().unwrap()
}

#[test]
fn the_first_user_of_a_shared_device_has_its_events_and_the_second_only_their_own() {
    let world = World::new();
    world.publish(&pack());
    send(&world, SERVER, &json!({ "batch": [order(Some("d"), None, "m1", 9)] }));
    // The second is heard of first.
    send(&world, SERVER, &json!({ "batch": [order(Some("d"), Some("two"), "m3", 5)] }));
    assert_eq!(seq(&world, &json!({ "userId": "two" })), 2);
    send(&world, SERVER, &json!({ "batch": [order(Some("d"), Some("one"), "m2", 7)] }));
    assert_eq!(seq(&world, &json!({ "userId": "two" })), 1);
    assert_eq!(seq(&world, &json!({ "userId": "one" })), 2);
    assert_eq!(seq(&world, &json!({ "anonymousId": "d" })), 2);
}

#[test]
fn two_devices_of_a_user_have_one_profile() {
    let world = World::new();
    world.publish(&pack());
    for (device, id) in [("phone", "m1"), ("laptop", "m2")] {
        send(&world, SERVER, &json!({ "batch": [order(Some(device), None, id, 9)] }));
        let known = order(Some(device), Some("one"), &format!("i{id}"), 5);
        send(&world, SERVER, &json!({ "batch": [known] }));
    }
    send(&world, SERVER, &json!({ "batch": [order(Some("phone"), None, "m3", 1)] }));
    for who in [json!({ "anonymousId": "laptop" }), json!({ "userId": "one" })] {
        assert_eq!(seq(&world, &who), 5);
    }
}

/// `{"alg":"HS256"}` and the claims, signed with the test's key.
fn token(user: &str, expires: Timestamp) -> String {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let claims = json!({ "sub": user, "exp": expires.0 / 1_000 }).to_string();
    let text = format!("{}.{}", BASE64.encode(r#"{"alg":"HS256"}"#), BASE64.encode(claims));
    let secret = b"a secret of the site's own server";
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", BASE64.encode(mac.finalize().into_bytes()))
}

#[test]
fn a_browser_becomes_a_user_with_a_token_and_not_without() {
    let world = World::new();
    world.publish(&pack());
    let id = uuid_from_sha256("device key");
    send(&world, SERVER, &json!({ "batch": [order(None, Some("one"), "m1", 9)] }));
    let mut event = order(Some(&id), Some("one"), "m2", 5);
    let body = |event: &Json| json!({ "deviceKey": "device key", "batch": [event] });
    send(&world, BROWSER, &body(&event));
    assert_eq!(seq(&world, &json!({ "userId": "one" })), 1);
    let forged = token("one", START.plus(Span::DAY)).replace('A', "B");
    event["messageId"] = "m3".into();
    event["context"]["userToken"] = forged.into();
    let answer = send(&world, BROWSER, &body(&event));
    assert_eq!(answer["doubts"][0]["code"], "untrusted-user", "{answer}");
    assert_eq!(seq(&world, &json!({ "userId": "one" })), 1);
    event["messageId"] = "m4".into();
    event["context"]["userToken"] = token("one", START.plus(Span::DAY)).into();
    let answer = send(&world, BROWSER, &body(&event));
    assert_eq!(answer.get("doubts"), None, "{answer}");
    // What the device did before is the user's, too.
    assert_eq!(seq(&world, &json!({ "userId": "one" })), 4);
    let asked = json!({
        "deviceKey": "device key", "anonymousId": id, "consent": { "personalization": true },
    });
    assert_eq!(world.post("/v1/decide", BROWSER, &asked).1["seq"], 4);
    // The token itself is nowhere kept.
    assert!(!world.host.kept().contains("userToken"));
}

#[test]
fn a_request_has_so_many_tokens_looked_at() {
    let world = World::new();
    world.publish(&pack());
    let id = uuid_from_sha256("device key");
    let events: Vec<Json> = (0..17)
        .map(|number| {
            let user = format!("user{number}");
            let mut event = order(Some(&id), Some(&user), &format!("m{number}"), 5);
            event["context"]["userToken"] = token(&user, START.plus(Span::DAY)).into();
            event
        })
        .collect();
    let body = json!({ "deviceKey": "device key", "batch": events });
    let answer = send(&world, BROWSER, &body);
    assert_eq!(answer["doubts"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!(answer["doubts"][0]["index"], 16);
    assert_eq!(seq(&world, &json!({ "userId": "user16" })), 0);
}

#[test]
fn a_person_is_seen_whole_under_any_of_their_ids() {
    let world = World::new();
    world.publish(&pack());
    for (device, minute) in [("phone", 9), ("laptop", 5)] {
        let mut known = order(Some(device), Some("one"), &format!("i{device}"), minute - 1);
        known["type"] = "identify".into();
        known["traits"] = json!({ "plan": device });
        let batch = [order(Some(device), None, &format!("o{device}"), minute), known];
        send(&world, SERVER, &json!({ "batch": batch }));
    }
    let mut views: Vec<Json> = ["phone", "laptop", "one", "u:one"]
        .iter()
        .map(|id| world.get(&format!("/admin/v1/profile?visitor={id}")).1)
        .collect();
    let whole = views.pop().unwrap();
    assert!(views.iter().all(|view| *view == whole), "{views:?}");
    assert_eq!(whole["ids"], json!(["u:one", "a:laptop", "a:phone"]));
    assert_eq!((&whole["traits"], &whole["events"]), (&json!({ "plan": "laptop" }), &json!(4)));
    let ids: Vec<&str> = whole["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["messageId"].as_str())
        .collect();
    assert_eq!(ids, ["ilaptop", "olaptop", "iphone", "ophone"]);
    assert_eq!(world.get("/admin/v1/profile?visitor=nobody").0, 404);
}

#[test]
fn erased_by_one_id_a_person_is_forgotten_under_all() {
    let world = World::new();
    world.host.has_no_lake.set(true);
    world.publish(&pack());
    for (device, id) in [("phone", "m1"), ("laptop", "m2")] {
        send(&world, SERVER, &json!({ "batch": [order(Some(device), None, id, 9)] }));
        let known = order(Some(device), Some("one"), &format!("i{id}"), 5);
        send(&world, SERVER, &json!({ "batch": [known] }));
    }
    send(&world, SERVER, &json!({ "batch": [order(Some("other"), Some("two"), "m9", 5)] }));
    let (status, answer) = world.post("/admin/v1/erase", OPERATOR, &json!({ "visitor": "phone" }));
    assert_eq!((status, &answer["events"]), (200, &json!(4)), "{answer}");
    for who in [
        json!({ "anonymousId": "phone" }),
        json!({ "anonymousId": "laptop" }),
        json!({ "userId": "one" }),
    ] {
        assert_eq!(seq(&world, &who), 0);
    }
    assert_eq!(seq(&world, &json!({ "userId": "two" })), 1);
    let kept = world.host.kept();
    for trace in ["phone", "laptop", "u:one"] {
        assert!(!kept.contains(trace), "{trace} is still there");
    }
}
