//! Who may read what, and what is asked on the way.

use futures_util::FutureExt as _;
use serde_json::{Value as Json, json};
use waymark_edge::http::{Method, Request};
use waymark_edge::identity::uuid_from_sha256;
use waymark_edge::pages::{PageRequest, plan};

use crate::memory::{BROWSER, Fault, World};

pub fn pack() -> Json {
    json!({
        "pack": "shop",
        "segments": { "keen": { "when": { "$did": { "event": "Seen" } } } },
        "slots": { "hero": { "default": "keep" } },
        "content": {
            "back": { "slot": "hero", "text": "Welcome back" },
            "letter": { "slot": "hero", "text": "From the letter" },
        },
        "rules": [
            { "id": "keen", "slot": "hero", "when": { "$segment": "keen" }, "show": "back", "priority": 1 },
            { "id": "letter", "slot": "hero", "when": { "campaign.source": "letter" }, "show": "letter" },
        ],
    })
}

fn granted() -> Json {
    json!({ "analytics": true, "personalization": true, "marketing": true })
}

/// A device that has been seen; gives its id and its cookie.
pub fn known(world: &World, device_key: &str) -> (String, String) {
    let id = uuid_from_sha256(device_key);
    let event = json!({
        "type": "track", "event": "Seen", "messageId": format!("m-{device_key}"), "anonymousId": id,
        "context": { "consent": { "categoryPreferences": granted() } },
    });
    let batch = json!({ "writeKey": "w", "deviceKey": device_key, "batch": [event] });
    let (status, answer) = world.post("/v1/batch", BROWSER, &batch);
    assert_eq!((status, &answer["accepted"]), (200, &json!(1)), "{answer}");
    let body = json!({
        "writeKey": "w", "deviceKey": device_key, "anonymousId": id, "consent": granted(),
    });
    let request =
        Request::new(Method::Post, "https://edge.example/v1/consent").with_body(body.to_string());
    let response = world.ask(&request);
    assert_eq!(response.status, 204);
    let cookie = response.header("Set-Cookie").unwrap().split(';').next().unwrap().to_owned();
    (id, cookie)
}

#[test]
fn a_page_is_personal_for_whom_the_cookie_was_made_and_nobody_else() {
    let world = World::new();
    world.publish(&pack());
    let (_, cookie) = known(&world, "a device");
    let url = "https://shop.example/".to_owned();
    let own = PageRequest { url: url.clone(), cookie: Some(cookie.clone()), ..Default::default() };
    let plan = world.page(&own).unwrap();
    assert_eq!(plan["slots"]["hero"]["content"], "back");
    let objecting = PageRequest { objects: true, ..own.clone() };
    assert_eq!(world.page(&objecting), None);
    let forged = PageRequest { cookie: Some(cookie.replace("wm_v=v1.k1.", "wm_v=v1.k1.A")), ..own };
    assert_eq!(world.page(&forged), None);
    assert_eq!(world.page(&PageRequest { url, ..Default::default() }), None);
}

#[test]
fn before_consent_no_shard_is_asked() {
    let world = World::new();
    world.publish(&pack());
    world.asked();
    for url in ["https://shop.example/", "https://shop.example/?utm_source=letter"] {
        let _ = world.page(&PageRequest { url: url.to_owned(), ..Default::default() });
    }
    let id = uuid_from_sha256("a device");
    let body = json!({ "deviceKey": "a device", "anonymousId": id });
    assert_eq!(world.post("/v1/decide", BROWSER, &body).0, 200);
    let refused = json!({ "type": "track", "event": "Seen", "messageId": "m", "anonymousId": id });
    let (_, answer) = world.post("/v1/batch", BROWSER, &json!({ "batch": [refused] }));
    assert_eq!(answer["rejected"][0]["code"], "no-consent");
    assert!(world.asked().is_empty());
}

#[test]
fn a_decision_is_given_to_its_own_device_only() {
    let world = World::new();
    world.publish(&pack());
    let (id, _) = known(&world, "a device");
    let ask = |body: &Json| world.post("/v1/decide", BROWSER, body);
    let own = json!({ "anonymousId": id, "deviceKey": "a device", "consent": granted() });
    assert_eq!(ask(&own).1["slots"]["hero"]["content"], "back");
    for other in [
        json!({ "anonymousId": id, "consent": granted() }),
        json!({ "anonymousId": id, "deviceKey": "another", "consent": granted() }),
    ] {
        let (status, problem) = ask(&other);
        assert_eq!((status, &problem["code"]), (403, &json!("no-proof")), "{problem}");
    }
}

#[test]
fn redirects_are_followed_to_their_end_and_never_in_a_circle() {
    let world = World::new();
    let to = |id: &str, to: &str| json!({ "slot": "page", "redirect": to, "label": id });
    let when = |path: &str, show: &str| json!({ "id": show, "slot": "page", "when": { "page.path": path }, "show": show });
    world.publish(&json!({
        "pack": "shop",
        "slots": { "page": { "default": "keep" } },
        "content": {
            "old": to("old", "/new?q={{ campaign.source }}"), "new": to("new", "/newest#top"),
            "a": to("a", "/b"), "b": to("b", "/a"), "self": to("self", "/self"),
            "away": to("away", "https://elsewhere.example/x"),
            "patch": { "slot": "page", "patch": [{ "selector": "a", "addClass": ["b"] }] },
        },
        "rules": [
            when("/old", "old"), when("/new", "new"), when("/a", "a"), when("/b", "b"),
            when("/self", "self"), when("/away", "away"), when("/patch", "patch"),
        ],
    }));
    let planned = |path: &str| {
        let url = format!("https://edge.example{path}");
        world.page(&PageRequest { url, ..PageRequest::default() })
    };
    let led = |path: &str| planned(path).map(|plan| plan["redirect"].clone());
    assert_eq!(led("/old?utm_source=x"), Some(json!("/newest#top")));
    assert_eq!(led("/new"), Some(json!("/newest#top")));
    assert_eq!(led("/away"), Some(json!("https://elsewhere.example/x")));
    assert_eq!(led("/newest"), None);
    for circle in ["/a", "/b", "/self"] {
        assert_eq!(led(circle), Some(Json::Null), "{circle}");
    }
    let patched = planned("/patch").unwrap();
    assert_eq!(patched["slots"], json!({}));
    let told: Json = serde_json::from_str(patched["decision"].as_str().unwrap()).unwrap();
    assert_eq!(told["slots"]["page"]["patch"], json!([{ "selector": "a", "addClass": ["b"] }]));
}

#[test]
fn an_experiment_that_leads_elsewhere_is_logged_before_anybody_goes() {
    let world = World::new();
    let mut pack = pack();
    pack["slots"]["page"] = json!({ "default": "keep" });
    pack["content"]["new"] = json!({ "slot": "page", "redirect": "/new" });
    pack["segments"]["led"] = json!({ "when": { "$did": { "event": "Experiment Viewed", "where": { "variation_id": "new" } } } });
    pack["rules"].as_array_mut().unwrap().push(json!({
        "id": "led", "slot": "hero", "when": { "$segment": "led" }, "show": "back", "priority": 2,
    }));
    pack["experiments"] = json!({ "move": {
        "slot": "page", "when": { "page.path": "/" },
        "variations": [{ "id": "old", "weight": 0 }, { "id": "new", "weight": 1, "show": "new" }],
    } });
    world.publish(&pack);
    let (id, cookie) = known(&world, "a device");
    let fetched = PageRequest {
        url: "https://shop.example/".to_owned(),
        cookie: Some(cookie),
        ..Default::default()
    };
    let body = json!({ "anonymousId": id, "deviceKey": "a device", "consent": granted() });
    let rule = || world.post("/v1/decide", BROWSER, &body).1["slots"]["hero"]["rule"].clone();
    // A script that fetches the page is led nowhere, and counts for nothing.
    assert_eq!(world.page(&fetched).unwrap()["redirect"], "/new");
    assert_eq!(rule(), "keen");
    let visit = PageRequest { visit: true, ..fetched };
    // Who cannot be counted is not led anywhere.
    for fault in [Fault::Refused, Fault::Away] {
        world.host.faults.borrow_mut().extend([Some(fault), None]);
        assert!(plan(&world.edge(), &visit).now_or_never().unwrap().is_err());
        world.host.faults.borrow_mut().clear();
        assert_eq!(rule(), "keen");
    }
    assert_eq!(world.page(&visit).unwrap()["redirect"], "/new");
    assert_eq!(rule(), "led");
}
