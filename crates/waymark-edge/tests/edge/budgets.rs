//! Who asks too much is told to come again; nothing is dropped, and nobody else waits.

use serde_json::{Value as Json, json};
use waymark_edge::http::{Method, Request, Response};

use crate::memory::{OPERATOR, SERVER, World};

fn ask(world: &World, path: &str, from: &str, authorization: &str, body: &Json) -> Response {
    world.ask(
        &Request::new(Method::Post, &format!("https://edge.example{path}"))
            .with_header("Authorization", authorization)
            .with_header("CF-Connecting-IP", from)
            .with_body(body.to_string()),
    )
}

fn batch(id: &str) -> Json {
    json!({ "batch": [{ "type": "track", "event": "Seen", "messageId": id, "userId": "u" }] })
}

#[test]
fn what_is_too_much_is_told_to_come_again_and_lands_then() {
    let world = World::new();
    world.host.budget.set(Some(2));
    for id in ["a", "b"] {
        assert_eq!(ask(&world, "/v1/batch", "203.0.113.7", SERVER, &batch(id)).status, 200);
    }
    let refused = ask(&world, "/v1/batch", "203.0.113.7", SERVER, &batch("c"));
    let problem: Json = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!((refused.status, &problem["code"]), (429, &json!("too-many-requests")));
    let again = refused.headers.iter().find(|(name, _)| *name == "Retry-After");
    assert_eq!(again.map(|(_, value)| value.as_ref()), Some("10"));
    world.host.budget.set(None);
    assert_eq!(ask(&world, "/v1/batch", "203.0.113.7", SERVER, &batch("c")).status, 200);
    assert_eq!(world.get("/admin/v1/stats").1["events"], 3);
}

#[test]
fn a_servers_key_has_a_budget_and_everybody_else_one_of_their_own() {
    let world = World::new();
    world.host.budget.set(Some(1));
    // Wherever a server asks from.
    assert_eq!(ask(&world, "/v1/batch", "203.0.113.7", SERVER, &batch("a")).status, 200);
    assert_eq!(ask(&world, "/v1/batch", "203.0.113.8", SERVER, &batch("b")).status, 429);
    // A key that is none is nobody's: who guesses operators' tokens has one guess.
    assert_eq!(
        ask(&world, "/admin/v1/erase", "203.0.113.9", "Bearer guess", &json!({})).status,
        401
    );
    assert_eq!(ask(&world, "/admin/v1/erase", "203.0.113.9", OPERATOR, &json!({})).status, 429);
    assert_eq!(ask(&world, "/admin/v1/erase", "203.0.113.10", OPERATOR, &json!({})).status, 400);
    // A household of the sixth version is one.
    assert_eq!(ask(&world, "/v1/decide", "2001:db8::1", "", &json!({})).status, 401);
    assert_eq!(ask(&world, "/v1/decide", "2001:db8::2", "", &json!({})).status, 429);
    // What is only looked up is nobody's work.
    let pack = Request::new(Method::Get, "https://edge.example/v1/pack");
    for _ in 0..3 {
        let request = pack.clone().with_header("CF-Connecting-IP", "203.0.113.11");
        assert_eq!(world.ask(&request).status, 404);
    }
}
