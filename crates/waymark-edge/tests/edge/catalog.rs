//! What feeds say of the catalogue is what content shows.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use waymark_edge::http::{Method, Request};
use waymark_edge::packs::PackCache;
use waymark_engine::{Context, Engine, Numerals, Program};
use waymark_model::{Purposes, Span};
use waymark_wire::decision_to_json;

use crate::memory::{BROWSER, OPERATOR, SERVER, START, VIEWER, World};

fn pack(rows: &Json) -> Json {
    json!({
        "pack": "shop",
        "catalog": {
            "key": "sku",
            "fields": { "title": "string", "stock": "number", "note": "string" },
            "rows": rows,
        },
        "tables": { "best": rows.as_array().unwrap().iter().map(|row| row["sku"].clone()).collect::<Vec<_>>() },
        "features": { "seen": { "$items": { "add": "Product Viewed", "key": "sku", "max": 5 } } },
        "segments": { "looker": { "when": { "$did": { "event": "Product Viewed" } } } },
        "triggers": [{
            "id": "greet", "on": { "since": { "event": "Product Viewed", "reaches": "1h" } },
            "do": { "show": "hello", "for": "1d" },
        }],
        "slots": { "all": { "default": "list" }, "best": { "default": "best" }, "own": { "default": "own" }, "over": { "default": "keep" } },
        "content": {
            "list": { "slot": "all", "items": {
                "from": "catalog", "where": { "stock": { "$gt": 0 } }, "max": 50,
            }, "each": "<i>{{ item.title }}:{{ item.stock }}</i>" },
            "best": { "slot": "best", "items": {
                "from": "tables.best", "where": { "stock": { "$gt": 0 } }, "max": 50,
            }, "each": "<i>{{ item.title }}</i>" },
            "own": { "slot": "own", "items": {
                "from": "features.seen", "max": 5,
            }, "each": "<i>{{ item.title }}</i>" },
            "hello": { "slot": "over", "text": "Hello" },
        },
        "rules": [],
    })
}

fn rows() -> Json {
    json!([
        { "sku": "a", "title": "Axe", "stock": 3, "note": "" },
        { "sku": "b", "title": "Boot", "stock": 0, "note": "" },
    ])
}

fn world() -> World {
    let world = World::new();
    world.publish(&pack(&rows()));
    world
}

fn fed(world: &World, feed: &Json) -> Json {
    let (status, answer) = world.post("/v1/catalog", SERVER, feed);
    assert_eq!(status, 200, "{answer}");
    answer
}

fn later(world: &World, span: Span) {
    world.host.now.set(world.host.now.get().plus(span));
}

fn decided(world: &World) -> Json {
    // An isolate may trust what it heard for five seconds.
    later(world, Span(6_000));
    let (status, decision) = world.post("/v1/decide", SERVER, &json!({ "userId": "u" }));
    assert_eq!(status, 200, "{decision}");
    decision
}

fn shown(world: &World) -> String {
    decided(world)["slots"]["all"]["html"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn what_a_feed_says_is_shown() {
    let world = world();
    assert_eq!(shown(&world), "<i>Axe:3</i>");
    let answer = fed(
        &world,
        &json!({ "rows": [
        { "sku": "b", "stock": 7 },
        { "sku": "c", "title": "Cap <&>", "stock": 1 },
    ] }),
    );
    assert_eq!((&answer["accepted"], &answer["changed"]), (&json!(2), &json!(2)));
    assert_eq!(shown(&world), "<i>Axe:3</i><i>Boot:7</i><i>Cap &lt;&amp;&gt;:1</i>");
    assert_eq!(decided(&world)["slots"]["best"]["html"], "<i>Axe</i><i>Boot</i>");
    // A minute passes before pages get another.
    fed(&world, &json!({ "rows": [{ "sku": "a", "stock": null }], "remove": ["c"] }));
    assert!(shown(&world).contains("Cap"));
    later(&world, Span::MINUTE);
    assert_eq!(shown(&world), "<i>Boot:7</i>");
}

#[test]
fn what_is_removed_is_shown_to_nobody_who_saw_it() {
    let world = world();
    for (sku, id) in [("a", "m1"), ("b", "m2")] {
        let event = json!({ "type": "track", "event": "Product Viewed", "userId": "u", "messageId": id,
            "properties": { "sku": sku } });
        assert_eq!(world.post("/v1/track", SERVER, &event).0, 200);
    }
    let own = |world: &World| decided(world)["slots"]["own"]["html"].clone();
    assert_eq!(own(&world), "<i>Axe</i><i>Boot</i>");
    fed(&world, &json!({ "remove": ["a", "b"] }));
    assert_eq!(own(&world), Json::Null);
}

#[test]
fn a_bad_row_is_refused_by_its_place_and_the_rest_lands() {
    let world = world();
    let deep = (0..20).fold(json!(1), |inner, _| json!([inner]));
    let answer = fed(
        &world,
        &json!({
            "rows": [
                { "sku": "a", "stock": "many" },
                { "stock": 3 },
                "a",
                { "sku": "", "stock": 1 },
                { "sku": "a", "more": deep },
                { "sku": "b", "stock": 2 },
            ],
            "remove": [{}],
        }),
    );
    assert_eq!((&answer["accepted"], &answer["changed"]), (&json!(1), &json!(1)));
    let rejected = answer["rejected"].as_array().unwrap();
    let said: Vec<_> = rejected.iter().map(|one| (&one["pointer"], &one["code"])).collect();
    let expected = json!([
        ["/rows/0", "wrong-type"],
        ["/rows/1", "missing-key"],
        ["/rows/2", "wrong-type"],
        ["/rows/3", "bad-key"],
        ["/rows/4", "too-deep"],
        ["/remove/0", "bad-key"],
    ]);
    assert_eq!(json!(said), expected);
    assert_eq!(shown(&world), "<i>Axe:3</i><i>Boot:2</i>");
}

#[test]
fn an_older_word_changes_nothing() {
    let world = world();
    let at = |minute: u32, stock: u32| json!({ "timestamp": format!("2026-02-28T23:{minute:02}:00Z"), "rows": [{ "sku": "a", "stock": stock }] });
    assert_eq!(fed(&world, &at(30, 5))["changed"], 1);
    assert_eq!(fed(&world, &at(20, 9))["changed"], 0);
    assert_eq!(fed(&world, &at(30, 5))["changed"], 0);
    assert_eq!(shown(&world), "<i>Axe:5</i>");
    // What is said to be later than now is from now.
    let tomorrow =
        json!({ "timestamp": "2026-03-02T00:00:00Z", "rows": [{ "sku": "a", "stock": 4 }] });
    assert_eq!(fed(&world, &tomorrow)["changed"], 1);
    later(&world, Span::MINUTE);
    assert_eq!(fed(&world, &json!({ "rows": [{ "sku": "a", "stock": 6 }] }))["changed"], 1);
}

#[test]
fn only_a_server_says_what_is_sold() {
    let world = world();
    let feed = json!({ "rows": [{ "sku": "a", "title": "Bad" }] });
    let (status, problem) = world.post("/v1/catalog", BROWSER, &feed);
    assert_eq!((status, &problem["code"]), (403, &json!("server-key-needed")));
    let (status, problem) = world.post("/v1/catalog", "Basic eDo=", &feed);
    assert_eq!((status, &problem["code"]), (401, &json!("unknown-write-key")));
    assert_eq!(world.post("/admin/v1/catalog/reset", VIEWER, &Json::Null).0, 403);
    assert_eq!(shown(&world), "<i>Axe:3</i>");

    let none = World::new();
    assert_eq!(none.post("/v1/catalog", SERVER, &feed).1["code"], "no-active-pack");
    none.publish(&json!({ "pack": "bare", "slots": {}, "content": {}, "rules": [] }));
    later(&none, Span(6_000));
    assert_eq!(none.post("/v1/catalog", SERVER, &feed).1["code"], "no-catalog");
}

#[test]
fn pages_get_a_pack_of_their_own_and_decide_the_same() {
    let mut world = world();
    let published = decided(&world)["pack"].clone();
    fed(&world, &json!({ "rows": [{ "sku": "b", "stock": 1 }] }));
    let decision = decided(&world);
    assert_ne!(decision["pack"], published);
    let page = |world: &World, hash: &Json| {
        let address = format!("https://edge.example/v1/pack/{}", hash.as_str().unwrap());
        let response = world.ask(&Request::new(Method::Get, &address));
        (response.status, response.body)
    };
    let (status, bytes) = page(&world, &decision["pack"]);
    assert_eq!(status, 200);
    let program = Program::decode(&bytes).unwrap();
    let engine = Engine::new(&program, Numerals::NATIVE);
    let context = Context { consent: Purposes::ALL, ..Context::default() };
    let own = decision_to_json(&engine.decide(&engine.new_state(), &context, START));
    assert_eq!(own["pack"], decision["pack"]);
    assert_eq!(own["slots"], decision["slots"]);
    // A page that was given it may ask for it for an hour.
    for stock in 2..9 {
        later(&world, Span(10 * Span::MINUTE.0));
        fed(&world, &json!({ "rows": [{ "sku": "b", "stock": stock }] }));
        decided(&world);
        world.packs = PackCache::default();
        let expected = if stock < 7 { 200 } else { 404 };
        assert_eq!(page(&world, &decision["pack"]).0, expected, "{stock}");
    }
    // It is listed nowhere, and cannot be activated.
    let listed = world.get("/admin/v1/packs").1;
    assert_eq!(listed["packs"].as_array().unwrap().len(), 1);
    let path = format!("/admin/v1/packs/{}/activate", decided(&world)["pack"].as_str().unwrap());
    assert_eq!(world.post(&path, OPERATOR, &Json::Null).1["code"], "unknown-pack");
}

#[test]
fn what_nobody_reads_makes_no_pack() {
    let world = world();
    let published = decided(&world)["pack"].clone();
    fed(&world, &json!({ "rows": [{ "sku": "a", "note": "behind the door" }] }));
    assert_eq!(decided(&world)["pack"], published);
    later(&world, Span::HOUR);
    fed(&world, &json!({ "rows": [{ "sku": "a", "stock": 9 }] }));
    let derived = decided(&world)["pack"].clone();
    assert_ne!(derived, published);
    later(&world, Span::HOUR);
    fed(&world, &json!({ "rows": [{ "sku": "a", "note": "on the shelf" }] }));
    assert_eq!(decided(&world)["pack"], derived);
    later(&world, Span::HOUR);
    assert_eq!(world.post("/admin/v1/catalog/reset", OPERATOR, &Json::Null).1["forgotten"], 1);
    assert_eq!(decided(&world)["pack"], published);
}

#[test]
fn a_feed_is_no_new_pack_for_those_who_are_on_their_way() {
    let world = world();
    let event = json!({ "type": "track", "event": "Product Viewed", "userId": "u", "messageId": "m1",
        "properties": { "sku": "a" } });
    decided(&world);
    fed(&world, &json!({ "rows": [{ "sku": "b", "stock": 1 }] }));
    assert_eq!(world.post("/v1/track", SERVER, &event).0, 200);
    let before = decided(&world);
    assert_eq!(before["segments"], json!(["looker"]));
    later(&world, Span::MINUTE);
    fed(&world, &json!({ "rows": [{ "sku": "b", "stock": 2 }] }));
    let after = decided(&world);
    assert_ne!(before["pack"], after["pack"]);
    assert_eq!(after["slots"]["over"], before["slots"]["over"]);
    assert_eq!(after["segments"], before["segments"]);
}

#[test]
fn an_operator_sees_what_feeds_said() {
    let world = world();
    assert_eq!(world.get("/admin/v1/catalog").1["changed"], Json::Null);
    fed(&world, &json!({ "rows": [{ "sku": "b", "stock": 1 }], "remove": ["a"] }));
    decided(&world);
    let (status, told) = world.get_as(VIEWER, "/admin/v1/catalog?key=b");
    assert_eq!(status, 200);
    assert_eq!(told["rows"], 2);
    assert_eq!(told["shown"]["upToDate"], true);
    assert_eq!(told["row"]["fields"], json!({ "sku": "b", "stock": 1 }));
    assert_eq!(world.get("/admin/v1/catalog?key=a").1["row"]["removed"], true);
    assert_eq!(world.get("/admin/v1/catalog?key=z").1["row"], Json::Null);
    let metrics = world.ask(
        &Request::new(Method::Get, "https://edge.example/metrics")
            .with_header("Authorization", OPERATOR),
    );
    let text = String::from_utf8(metrics.body).unwrap();
    assert!(text.contains("waymark_catalog_rows 2\n"), "{text}");
    assert!(text.contains("waymark_catalog_broken 0\n"), "{text}");
}

#[test]
fn a_feed_that_does_not_fit_changes_nothing_and_is_told_of() {
    let world = world();
    let long = "x".repeat(20_000);
    for part in 0..5 {
        let rows: Vec<Json> = (0..20)
            .map(|row| json!({ "sku": format!("{part}-{row}"), "title": long, "stock": 1 }))
            .collect();
        fed(&world, &json!({ "rows": rows }));
    }
    let rows: Vec<Json> =
        (0..20).map(|row| json!({ "sku": format!("x{row}"), "title": long, "stock": 1 })).collect();
    let (status, problem) = world.post("/v1/catalog", SERVER, &json!({ "rows": rows }));
    assert_eq!((status, &problem["code"]), (409, &json!("catalog-too-large")));
    assert_eq!(world.get("/admin/v1/catalog").1["rows"], 100);
}

/// What a feed says of one of a few things: stock, or that it is gone.
fn word() -> impl Strategy<Value = (usize, Option<u8>)> {
    (0..5_usize, prop::option::weighted(0.8, 0..4_u8))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Fed, a pack decides what one with those rows in it decides.
    #[test]
    fn feeding_is_like_publishing(words in prop::collection::vec(word(), 1..12)) {
        let world = world();
        let mut rows = rows().as_array().unwrap().clone();
        for (thing, word) in words {
            let sku = ["a", "b", "c", "d", "e"][thing];
            let at = rows.iter().position(|row| row["sku"] == sku);
            later(&world, Span::SECOND);
            if let Some(stock) = word {
                let title = sku.to_uppercase();
                let news = json!({ "sku": sku, "stock": stock, "title": title });
                fed(&world, &json!({ "rows": [news] }));
                match at {
                    Some(at) => {
                        rows[at]["stock"] = stock.into();
                        rows[at]["title"] = title.into();
                    }
                    None => rows.push(news),
                }
            } else {
                fed(&world, &json!({ "remove": [sku] }));
                if let Some(at) = at {
                    rows.remove(at);
                }
            }
        }
        later(&world, Span::MINUTE);
        let published = World::new();
        published.publish(&pack(&Json::Array(rows)));
        let items = |world: &World| {
            let html = shown(world);
            let mut items: Vec<String> = html.split_inclusive("</i>").map(str::to_owned).collect();
            items.sort();
            items
        };
        prop_assert_eq!(items(&world), items(&published));
    }
}
