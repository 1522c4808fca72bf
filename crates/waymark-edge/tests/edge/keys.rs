//! A write key that is for some pages only is no good for others.

use serde_json::{Value as Json, json};
use waymark_edge::http::{Method, Request};

use crate::memory::World;

/// `o:` of Basic authentication.
const OWN: &str = "Basic bzo=";

fn asked(world: &World, path: &str, origin: Option<&str>, body: &Json) -> (u16, Json) {
    let request = Request::new(Method::Post, &format!("https://edge.example{path}"))
        .with_header("Authorization", OWN)
        .with_body(body.to_string());
    let request = match origin {
        Some(origin) => request.with_header("Origin", origin),
        None => request,
    };
    let response = world.ask(&request);
    (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
}

#[test]
fn pages_of_other_origins_are_refused_whatever_they_ask() {
    let world = World::new();
    world.publish(&json!({ "pack": "p", "slots": {}, "content": {}, "rules": [] }));
    let event = json!({
        "type": "track", "event": "Seen", "messageId": "m", "anonymousId": "d",
        "context": { "consent": { "categoryPreferences": { "analytics": true } } },
    });
    let batch = json!({ "batch": [event] });
    for path in ["/v1/batch", "/v1/decide", "/v1/consent", "/v1/explain", "/v1/catalog"] {
        for other in
            ["https://evil.example", "null", "https://shop.example.evil", "http://shop.example"]
        {
            let (status, problem) = asked(&world, path, Some(other), &batch);
            let code = problem["code"].as_str().unwrap_or_default();
            assert_eq!((status, code), (403, "origin-not-allowed"), "{path} {other}");
        }
    }
    let (status, answer) = asked(&world, "/v1/batch", Some("https://shop.example"), &batch);
    assert_eq!((status, &answer["accepted"]), (200, &json!(1)));
    // An app has no origin.
    let (status, answer) = asked(&world, "/v1/batch", None, &batch);
    assert_eq!((status, &answer["duplicates"]), (200, &json!(1)));
}
