//! A person whole, for those who may see it.

use serde_json::{Value as Json, json};
use waymark_edge::http::{Method, Request};

use crate::memory::{BROWSER, OPERATOR, SERVER, VIEWER, World};
use crate::reading::known;

fn pack() -> Json {
    json!({
        "pack": "shop",
        "events": { "Order Completed": {} },
        "attributes": {
            "traits.plan": { "type": "string", "sensitivity": "public" },
            "traits.income": { "type": "number", "sensitivity": "internal" },
        },
        "journey": { "stages": [{ "id": "customer", "enter": { "$did": { "event": "Order Completed" } } }] },
        "features": {
            "spend": { "$sum": { "event": "Order Completed", "property": "revenue" } },
            "note": { "$last": { "event": "Order Completed", "property": "note" } },
        },
        "segments": { "keen": { "when": { "features.spend": { "$gte": 30 } } } },
        "models": {
            "worth": { "kind": "linear", "intercept": 1, "terms": [{ "of": "features.spend", "weight": 2 }] },
        },
    })
}

fn world() -> World {
    let world = World::new();
    world.publish(&pack());
    let consent = json!({ "consent": { "categoryPreferences": { "analytics": true } } });
    let batch = json!([
        { "type": "identify", "userId": "ann", "messageId": "i1", "context": consent,
          "traits": { "plan": "gold", "income": 5, "email": "ann@example.com" } },
        { "type": "track", "event": "Order Completed", "userId": "ann", "messageId": "o1",
          "properties": { "revenue": 20, "note": "for ann" } },
        { "type": "track", "event": "Order Completed", "userId": "ann", "anonymousId": "d1", "messageId": "o2",
          "properties": { "revenue": 20, "note": "for ann" } },
        { "type": "track", "event": "Experiment Viewed", "userId": "ann", "messageId": "e1",
          "properties": { "experiment_id": "hero", "variation_id": "b" } },
    ]);
    let (status, answer) = world.post("/v1/batch", SERVER, &json!({ "batch": batch }));
    assert_eq!((status, &answer["accepted"]), (200, &json!(4)), "{answer}");
    world
}

#[test]
fn all_that_is_known_of_a_person_is_in_one_place() {
    let (status, person) = world().get("/admin/v1/profile?visitor=ann");
    assert_eq!(status, 200, "{person}");
    assert_eq!(person["ids"], json!(["u:ann", "a:d1"]));
    assert_eq!(
        person["traits"],
        json!({ "plan": "gold", "income": 5, "email": "ann@example.com" })
    );
    assert_eq!((&person["stage"], &person["segments"]), (&json!("customer"), &json!(["keen"])));
    assert_eq!(person["features"], json!({ "spend": 40, "note": "for ann" }));
    assert_eq!(person["scores"], json!({ "worth": 81 }));
    assert_eq!(person["consent"]["categoryPreferences"]["analytics"], true);
    let exposure = &person["exposures"][0];
    assert_eq!((&exposure["experiment"], &exposure["variation"]), (&json!("hero"), &json!("b")));
    assert_eq!(person["timeline"].as_array().unwrap().len(), 4);
}

#[test]
fn a_trait_says_where_its_latest_word_came_from() {
    let world = world();
    let enrich = |id: &str, traits: Json, source: Json| {
        let event = json!({
            "type": "identify", "userId": "ann", "messageId": id, "traits": traits, "context": { "source": source },
        });
        assert_eq!(world.post("/v1/batch", SERVER, &json!({ "batch": [event] })).0, 200);
        world.host.now.set(world.host.now.get().plus(waymark_model::Span(1_000)));
    };
    let bought = json!({ "name": "geodata-ltd", "license": "2026/14, no resale" });
    world.host.now.set(world.host.now.get().plus(waymark_model::Span(1_000)));
    enrich("s1", json!({ "district": "harbour", "plan": "silver" }), bought.clone());
    enrich("s2", json!({ "plan": "gold" }), Json::Null);
    let sources = world.get("/admin/v1/profile?visitor=ann").1["sources"].clone();
    assert_eq!(sources["district"], bought);
    // What she says herself takes the place of what was bought.
    assert_eq!(sources["plan"], Json::Null, "{sources}");
}

#[test]
fn a_viewer_sees_what_the_pack_calls_public_and_nobodys_words() {
    let world = world();
    let (status, person) = world.get_as(VIEWER, "/admin/v1/profile?visitor=ann");
    assert_eq!(status, 200, "{person}");
    assert_eq!(person["traits"], json!({ "plan": "gold", "income": "•••", "email": "•••" }));
    assert_eq!(person["features"], json!({ "spend": 40, "note": "•••" }));
    assert_eq!(person["segments"], json!(["keen"]));
    assert!(!person.to_string().contains("ann"), "{person}");
    assert_eq!(world.get_as(VIEWER, "/admin/v1/stats").0, 200);
    assert_eq!(world.get_as(VIEWER, "/metrics").0, 200);
}

#[test]
fn a_viewer_may_look_and_do_nothing() {
    let world = world();
    for path in
        ["/export", "/events?visitor=ann", "/profile/export?visitor=ann", "/quarantine", "/tasks"]
    {
        let (status, problem) = world.get_as(VIEWER, &format!("/admin/v1{path}"));
        assert_eq!((status, &problem["code"]), (403, &json!("role-needed")), "{path}");
    }
    for path in ["/erase", "/packs/rollback", "/packs/deactivate", "/previews", "/evaluate"] {
        let (status, problem) =
            world.post(&format!("/admin/v1{path}"), VIEWER, &json!({ "visitor": "ann" }));
        assert_eq!((status, &problem["code"]), (403, &json!("role-needed")), "{path}");
    }
    assert_eq!(world.get("/admin/v1/profile?visitor=ann").0, 200);
    assert_eq!(world.get_as("Bearer nobody", "/admin/v1/stats").0, 401);
}

fn lines(world: &World, request: &Request) -> (u16, Vec<Json>) {
    let response = world.ask(request);
    let text = String::from_utf8(response.body).unwrap();
    (response.status, text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

#[test]
fn an_operator_can_hand_over_all_events_under_all_ids() {
    let path = "https://edge.example/admin/v1/profile/export?visitor=d1";
    let request = Request::new(Method::Get, path).with_header("Authorization", OPERATOR);
    let (status, events) = lines(&world(), &request);
    let mut ids: Vec<&str> =
        events.iter().filter_map(|event| event["messageId"].as_str()).collect();
    ids.sort_unstable();
    assert_eq!((status, ids), (200, vec!["e1", "i1", "o1", "o2"]));
}

#[test]
fn a_visitor_is_given_what_their_own_device_told() {
    let world = World::new();
    world.publish(&crate::reading::pack());
    let (_, cookie) = known(&world, "a key of one device");
    let (_, others) = known(&world, "a key of another device");
    let ask = |cookie: &str| {
        Request::new(Method::Get, "https://edge.example/v1/export").with_header("Cookie", cookie)
    };
    let (status, events) = lines(&world, &ask(&cookie));
    assert_eq!((status, events.len()), (200, 1));
    assert_eq!(events[0]["messageId"], "m-a key of one device");
    assert_eq!(lines(&world, &ask(&others)).1[0]["messageId"], "m-a key of another device");
    // Neither who has no cookie, nor who has made one, nor another site.
    assert_eq!(lines(&world, &ask("")).0, 403);
    assert_eq!(lines(&world, &ask(&format!("{cookie}x"))).0, 403);
    assert_eq!(lines(&world, &ask(&cookie).with_header("Sec-Fetch-Site", "cross-site")).0, 403);
    let (status, _) = world.post("/v1/export", BROWSER, &json!({}));
    assert_eq!(status, 405);
}
