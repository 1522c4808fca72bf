//! What is counted of pages, what of their plans is used again, and how much a key may send in a day.

use futures_util::FutureExt as _;
use serde_json::{Value as Json, json};
use waymark_edge::http::{Method, Request, Response};
use waymark_edge::isolate::Isolate;
use waymark_edge::pages::PageRequest;
use waymark_edge::quotas;
use waymark_model::Span;
use waymark_wire::format_timestamp;

use crate::identity::all_settled;
use crate::memory::{BROWSER, OPERATOR, SERVER, START, World};
use crate::reading::known;

fn pack() -> Json {
    json!({
        "pack": "shop",
        "slots": { "hero": { "default": "keep" } },
        "content": { "letter": { "slot": "hero", "text": "From the letter" } },
        "rules": [
            { "id": "letter", "slot": "hero", "when": { "campaign.source": "letter" }, "show": "letter" },
        ],
    })
}

fn page(world: &World, url: &str, language: &str) -> Option<Json> {
    let page = PageRequest {
        url: format!("https://shop.example{url}"),
        accept_language: Some(language.to_owned()),
        ..PageRequest::default()
    };
    world.page(&page)
}

/// The figures as Prometheus reads them.
fn figure(world: &World, series: &str) -> String {
    let request = Request::new(Method::Get, "https://edge.example/metrics")
        .with_header("Authorization", OPERATOR);
    let text = String::from_utf8(world.ask(&request).body).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{series} ")));
    line.unwrap_or_else(|| panic!("no {series} in {text}")).to_owned()
}

#[test]
fn requests_that_rules_cannot_tell_apart_have_one_plan() {
    let world = World::new();
    world.publish(&pack());
    let letter = page(&world, "/?utm_source=letter", "en").unwrap();
    assert_eq!(letter["slots"]["hero"]["body"], "From the letter");
    assert_eq!(page(&world, "/tents?utm_source=letter&x=1", "en"), Some(letter.clone()));
    assert_eq!((page(&world, "/", "en"), page(&world, "/packs", "en")), (None, None));
    // Another language, and a while later, it is another.
    assert_eq!(page(&world, "/?utm_source=letter", "zh").unwrap()["slots"], letter["slots"]);
    world.host.now.set(world.host.now.get().plus(Span(60_000)));
    let later = page(&world, "/?utm_source=letter", "en").unwrap();
    assert_ne!(later["decision"], letter["decision"]);
    assert_eq!((&later["tag"], &later["variant"]), (&letter["tag"], &letter["variant"]));
    let series = |was: &str| figure(&world, &format!("waymark_variants_total{{was=\"{was}\"}}"));
    assert_eq!((series("plan-made"), series("plan-used")), ("4".to_owned(), "2".to_owned()));
    // Another pack has nothing of them.
    let mut other = pack();
    other["content"]["letter"]["text"] = json!("For readers");
    world.publish(&other);
    assert_eq!(
        page(&world, "/?utm_source=letter", "en").unwrap()["slots"]["hero"]["body"],
        "For readers"
    );
}

#[test]
fn a_variation_that_an_address_asks_for_is_nobody_elses() {
    let world = World::new();
    let mut pack = pack();
    pack["content"]["other"] = json!({ "slot": "hero", "text": "The other" });
    pack["experiments"] = json!({ "copy": {
        "slot": "hero", "variations": [{ "id": "a", "show": "letter" }, { "id": "b", "show": "other" }],
    } });
    pack["rules"] = json!([]);
    world.publish(&pack);
    let shown =
        |url: &str| page(&world, url, "en").map(|plan| plan["slots"]["hero"]["body"].clone());
    let control = shown("/");
    assert_ne!(shown("/?copy=1"), control);
    assert_eq!(shown("/"), control);
    assert_eq!(shown("/tents?copy=0"), control);
    assert_eq!(shown("/tents?x=1&copy=1"), Some(json!("The other")));
}

#[test]
fn what_says_who_reads_it_is_no_variant() {
    let world = World::new();
    let mut varying = pack();
    varying["content"]["letter"]["text"] = json!("From {{ campaign.name | default: \"us\" }}");
    world.publish(&varying);
    let named = |name: &str| {
        page(&world, &format!("/?utm_source=letter&utm_campaign={name}"), "en").unwrap()
    };
    for name in ["spring", "autumn", "spring"] {
        let plan = named(name);
        assert_eq!(
            (&plan["slots"]["hero"]["body"], &plan["variant"]),
            (&json!(format!("From {name}")), &Json::Null)
        );
    }
    varying["content"]["letter"]["text"] = json!("{{ time.hour }}");
    world.publish(&varying);
    let counts = || {
        ["made", "used"]
            .map(|was| figure(&world, &format!("waymark_variants_total{{was=\"plan-{was}\"}}")))
    };
    let before = counts();
    assert_eq!(named("spring")["slots"]["hero"]["body"], named("spring")["slots"]["hero"]["body"]);
    assert_eq!(counts(), before, "what says the time is kept");
}

#[test]
fn all_isolates_are_counted_and_what_the_registry_does_not_hear_is_told_again() {
    let mut world = World::new();
    world.publish(&pack());
    let (_, cookie) = known(&world, "a device");
    let visit = |world: &World| {
        let page = PageRequest {
            url: "https://shop.example/".to_owned(),
            cookie: Some(cookie.clone()),
            ..PageRequest::default()
        };
        world.page(&page);
    };
    let none = "waymark_snapshots_total{cookie=\"none\"}";
    visit(&world);
    assert_eq!(figure(&world, none), "1");
    visit(&world);
    world.host.registry_is_away.set(true);
    assert!(waymark_edge::counts::tell(&world.edge()).now_or_never().unwrap().is_err());
    world.host.registry_is_away.set(false);
    world.isolate.counts.add("pages", "personal");
    world.isolate.counts.add("pages", "no such thing");
    world.isolate.counts.add("no such family", "personal");
    waymark_edge::counts::tell(&world.edge()).now_or_never().unwrap().unwrap();
    world.isolate = Isolate::default();
    visit(&world);
    assert_eq!(figure(&world, none), "3");
    assert_eq!(figure(&world, "waymark_pages_total{became=\"personal\"}"), "1");
    assert_eq!(figure(&world, "waymark_pages_total{became=\"late\"}"), "0");
}

#[test]
fn what_pages_say_of_the_edges_decision_is_counted() {
    let world = World::new();
    world.publish(&pack());
    for adopted in ["same", "same", "mismatch", "no such thing"] {
        let batch = json!({ "writeKey": "w", "batch": [], "adopted": adopted });
        assert_eq!(world.post("/v1/batch", BROWSER, &batch).0, 200);
    }
    let series = |was: &str| figure(&world, &format!("waymark_adoptions_total{{was=\"{was}\"}}"));
    assert_eq!([series("same"), series("stale"), series("mismatch")], ["2", "0", "1"]);
}

/// What all shards count together.
fn of_all_shards(world: &World, name: &str) -> u64 {
    let shards = world.edge().config.map.all_objects();
    let of = |shard| figure(world, &format!("{name}{{shard=\"{shard}\"}}"));
    (0..shards).map(|shard| of(shard).parse::<u64>().unwrap()).sum()
}

#[test]
fn events_that_come_too_late_to_be_put_in_order_are_counted_once() {
    let world = World::new();
    world.publish(&pack());
    let seen = |minute: i64, user: Option<&str>| {
        let mut event = json!({
            "type": "track", "event": "Seen", "anonymousId": "v", "messageId": format!("m{minute}"),
            "timestamp": format_timestamp(START.plus(Span(60_000 * minute))),
        });
        if let Some(user) = user {
            event["userId"] = json!(user);
        }
        event
    };
    let send = |events: &[Json]| {
        let (status, answer) = world.post("/v1/batch", SERVER, &json!({ "batch": events }));
        assert_eq!(status, 200, "{answer}");
    };
    let late = || of_all_shards(&world, "waymark_late_total");
    world.host.now.set(START.plus(Span::DAY));
    let many: Vec<Json> = (100..200).map(|minute| seen(minute, None)).collect();
    send(&many);
    // Among those that a profile can still put in order, an event is not late.
    send(&[json!({ "type": "track", "event": "Seen", "anonymousId": "v", "messageId": "between",
        "timestamp": format_timestamp(START.plus(Span(60_000 * 198 + 1))) })]);
    assert_eq!(late(), 0);
    send(&[seen(1, None)]);
    send(&[seen(1, None)]);
    assert_eq!(late(), 1);
    // Of a person with several ids it is the person's profile that it comes too late for; what their profile is folded
    // from again was counted before.
    send(&[json!({ "type": "identify", "anonymousId": "v", "userId": "ada", "messageId": "is",
        "timestamp": format_timestamp(START.plus(Span(60_000 * 200))) })]);
    all_settled(&world);
    assert_eq!(late(), 1);
    send(&[seen(2, None)]);
    all_settled(&world);
    assert_eq!(late(), 2);
    let (_, stats) = world.get("/admin/v1/stats");
    assert_eq!(stats["duplicates"], json!(1), "{stats}");
}

fn sent(world: &World, key: &str, ids: std::ops::Range<u32>) -> Response {
    let batch: Vec<Json> = ids
        .map(|id| json!({ "type": "track", "event": "Seen", "userId": "u", "messageId": format!("m{id}") }))
        .collect();
    let key = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, format!("{key}:"));
    let request = Request::new(Method::Post, "https://edge.example/v1/batch")
        .with_header("Authorization", &format!("Basic {key}"))
        .with_body(json!({ "batch": batch }).to_string());
    world.ask(&request)
}

#[test]
fn a_key_that_has_used_up_its_day_is_told_to_come_tomorrow() {
    let mut world = World::new();
    // 2026-03-01T23:59:50Z
    world.host.now.set(START.plus(Span(86_390_000)));
    assert_eq!(sent(&world, "ten", 0..6).status, 200);
    // Again is not more.
    assert_eq!(sent(&world, "ten", 0..6).status, 200);
    // Another isolate knows of it, and what begins within the quota lands whole.
    quotas::tell(&world.edge()).now_or_never().unwrap();
    world.isolate = Isolate::default();
    assert_eq!(sent(&world, "ten", 6..12).status, 200);
    let refused = sent(&world, "ten", 12..13);
    let problem: Json = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!((refused.status, &problem["code"]), (429, &json!("quota-used-up")), "{problem}");
    assert_eq!(refused.header("Retry-After"), Some("10"));
    // Keys without a quota go on, and so does this one the day after.
    assert_eq!(sent(&world, "s", 12..13).status, 200);
    world.host.now.set(world.host.now.get().plus(Span(10_000)));
    let answer: Json = serde_json::from_slice(&sent(&world, "ten", 12..14).body).unwrap();
    assert_eq!((&answer["accepted"], &answer["duplicates"]), (&json!(1), &json!(1)));
}

#[test]
fn what_other_isolates_send_is_heard_of_within_seconds() {
    let mut world = World::new();
    assert_eq!(sent(&world, "ten", 0..1).status, 200);
    let first = std::mem::take(&mut world.isolate);
    assert_eq!(sent(&world, "ten", 1..20).status, 200);
    let second = std::mem::replace(&mut world.isolate, first);
    assert_eq!(sent(&world, "ten", 20..21).status, 200);
    world.host.now.set(world.host.now.get().plus(Span(10_000)));
    world.isolate = second;
    assert_eq!(sent(&world, "ten", 21..22).status, 429);
    world.isolate = Isolate::default();
    assert_eq!(sent(&world, "ten", 21..22).status, 429);
}
