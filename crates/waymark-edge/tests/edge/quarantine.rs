//! What is refused can be looked at, and by whom it was sent only if that may be kept.

use serde_json::{Value as Json, json};
use waymark_edge::http::{Method, Request};
use waymark_model::Span;

use crate::memory::{BROWSER, OPERATOR, SERVER, START, World};

fn refused(world: &World) -> Vec<Json> {
    let request = Request::new(Method::Get, "https://edge.example/admin/v1/quarantine")
        .with_header("Authorization", OPERATOR);
    let response = world.ask(&request);
    assert_eq!(response.status, 200);
    let text = String::from_utf8(response.body).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn event(id: &str, consent: bool) -> Json {
    let consent = json!({ "consent": { "categoryPreferences": { "analytics": consent } } });
    json!({ "type": "trcak", "event": "Seen", "messageId": id, "anonymousId": id, "context": consent })
}

#[test]
fn the_rest_of_the_batch_lands_and_what_was_refused_can_be_read() {
    let world = World::new();
    let mut good = event("good", true);
    good["type"] = "track".into();
    let body = json!({ "batch": [event("bad", true), good] });
    let (status, answer) = world.post("/v1/batch", SERVER, &body);
    assert_eq!((status, &answer["accepted"]), (200, &json!(1)), "{answer}");
    assert_eq!(answer["rejected"][0]["index"], 0);
    let lines = refused(&world);
    assert_eq!(lines.len(), 1);
    assert_eq!((&lines[0]["code"], &lines[0]["basis"]), (&json!("unknown-type"), &json!("server")));
    assert_eq!(lines[0]["pointer"], "/batch/0/type");
    let kept: Json = serde_json::from_str(lines[0]["event"].as_str().unwrap()).unwrap();
    assert_eq!(kept["messageId"], "bad");
}

#[test]
fn of_a_browser_that_has_not_agreed_only_the_reason_is_kept() {
    let world = World::new();
    world.post("/v1/batch", BROWSER, &json!({ "batch": [event("no", false), event("yes", true)] }));
    let lines = refused(&world);
    let events: Vec<Option<&str>> = lines.iter().map(|line| line["event"].as_str()).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(events.iter().flatten().count(), 1);
    assert!(!world.host.kept().contains("\"no\""));
}

#[test]
fn a_call_that_is_refused_can_be_read_as_well_whoever_is_named_in_it() {
    let world = World::new();
    let mut call = event("one", true);
    call["event"] = Json::Null;
    assert_eq!(world.post("/v1/track", SERVER, &call).0, 400);
    // As scripts in pages send it.
    call["writeKey"] = "w".into();
    assert_eq!(world.post("/v1/t", "", &call).0, 400);
    let lines = refused(&world);
    assert_eq!(lines.len(), 2);
    assert!(
        lines.iter().all(|line| line["event"].as_str().unwrap().contains("\"one\"")),
        "{lines:?}"
    );
    // Of nobody's key nothing is kept.
    call["writeKey"] = "nobody".into();
    world.post("/v1/t", "", &call);
    assert_eq!(refused(&world).len(), 2);
}

#[test]
fn a_browser_that_objects_is_believed_before_the_event() {
    let world = World::new();
    let request = Request::new(Method::Post, "https://edge.example/v1/batch")
        .with_header("Authorization", BROWSER)
        .with_header("Sec-GPC", "1")
        .with_body(json!({ "batch": [event("gpc", true)] }).to_string());
    world.ask(&request);
    assert_eq!(refused(&world)[0]["event"], Json::Null);
}

#[test]
fn it_is_bounded_and_ends_after_a_week() {
    let world = World::new();
    for part in 0..6 {
        let batch: Vec<Json> = (0..100).map(|n| event(&format!("m{part}-{n}"), true)).collect();
        world.post("/v1/batch", SERVER, &json!({ "batch": batch }));
    }
    assert_eq!(refused(&world).len(), 500);
    world.host.now.set(START.plus(Span(8 * Span::DAY.0)));
    assert_eq!(refused(&world).len(), 0);
    world.post("/v1/batch", SERVER, &json!({ "batch": [event("late", true)] }));
    assert_eq!(refused(&world).len(), 1);
}

#[test]
fn who_is_erased_is_not_in_it_either() {
    let world = World::new();
    world.post(
        "/v1/batch",
        SERVER,
        &json!({ "batch": [event("gone", true), event("stays", true)] }),
    );
    assert_eq!(world.post("/admin/v1/erase", OPERATOR, &json!({ "visitor": "gone" })).0, 200);
    assert_eq!(refused(&world).len(), 1);
}
