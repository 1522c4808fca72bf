//! Bodies of calls and batches, as clients send them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use waymark_model::{Kind, Purpose, Purposes, Timestamp, Value, limits};
use waymark_wire::{Basis, Batch, WireError, parse_batch, parse_call, parse_line, parse_object};

const NOW: Timestamp = Timestamp(1_704_110_400_000);

fn batch(body: &Json) -> Batch {
    parse_batch(body.to_string().as_bytes(), NOW, Basis::Server).unwrap()
}

fn refused(body: &[u8]) -> WireError {
    parse_batch(body, NOW, Basis::Server).unwrap_err()
}

fn call(kind: Option<Kind>, body: &Json) -> Result<Batch, WireError> {
    parse_call(kind, body.to_string().as_bytes(), NOW, Basis::Browser)
}

fn track() -> Json {
    json!({"type": "track", "event": "Product Viewed", "anonymousId": "a1", "messageId": "m1"})
}

/// `track()` with one member set.
fn track_with(member: &str, value: impl Into<Json>) -> Json {
    let mut event = track();
    event[member] = value.into();
    event
}

fn rejected_as(event: &Json) -> (&'static str, String) {
    let out = batch(&json!({ "batch": [event] }));
    assert!(out.events.is_empty(), "{:?}", out.events);
    let error = &out.rejected[0].error;
    assert!(error.message.ends_with('.'), "{}", error.message);
    (error.code(), error.pointer.clone())
}

#[test]
fn a_bad_event_is_rejected_by_index_and_the_others_are_kept() {
    let out = batch(&json!({"batch": [track(), 7, track_with("event", ""), track()]}));
    let kept: Vec<_> = out.events.iter().map(|accepted| accepted.index).collect();
    let lost: Vec<_> = out.rejected.iter().map(|r| (r.index, r.error.code())).collect();
    assert_eq!(kept, [0, 3]);
    assert_eq!(lost, [(1, "not-an-object"), (2, "missing-event-name")]);
}

#[test]
fn keys_and_the_senders_clock_are_handed_over_and_not_kept_in_events() {
    let out = batch(&json!({
        "writeKey": "wk", "deviceKey": "dk", "sentAt": "2024-01-01T11:59:00Z",
        "batch": [track_with("timestamp", "2024-01-01T11:58:00Z")],
    }));
    assert_eq!((out.write_key.as_deref(), out.device_key.as_deref()), (Some("wk"), Some("dk")));
    assert_eq!(out.sent_at, Some(Timestamp(NOW.0 - 60_000)));
    assert_eq!(out.events[0].event.time, Timestamp(NOW.0 - 60_000));

    let out = call(Some(Kind::Track), &track_with("deviceKey", "dk")).unwrap();
    assert_eq!(out.device_key.as_deref(), Some("dk"));
    assert!(!format!("{:?}", out.events).contains("dk"));
}

#[test]
fn an_address_that_names_the_call_needs_no_type() {
    let out = call(Some(Kind::Page), &json!({"userId": 7, "name": "Home", "type": null})).unwrap();
    let event = &out.events[0].event;
    assert_eq!((event.name.as_str(), event.user_id.as_deref()), ("Page Viewed", Some("7")));
    assert_eq!(event.properties.get("name"), Some(&Value::from("Home")));

    let error = call(None, &json!({"userId": 7})).unwrap_err();
    assert_eq!((error.code(), error.pointer.as_str()), ("missing-type", "/type"));
}

#[test]
fn a_browser_key_cannot_back_date_and_a_server_key_can() {
    let body = json!({"batch": [track_with("timestamp", "2023-12-01T00:00:00Z")]}).to_string();
    let browser = parse_batch(body.as_bytes(), NOW, Basis::Browser).unwrap();
    assert_eq!(browser.rejected[0].error.code(), "back-dated");
    assert_eq!(browser.rejected[0].error.pointer, "/batch/0/timestamp");
    let server = parse_batch(body.as_bytes(), NOW, Basis::Server).unwrap();
    assert_eq!(server.events.len(), 1);
}

#[test]
fn a_batchs_context_fills_what_the_events_lack() {
    let out = batch(&json!({
        "context": {"ip": "1.1.1.1", "locale": "en", "app": {"name": "x"}},
        "batch": [track_with("context", json!({"ip": "2.2.2.2", "locale": null}))],
    }));
    let context = &out.events[0].event.context;
    assert_eq!(context.get("ip"), Some(&Value::from("2.2.2.2")));
    assert_eq!(context.get("locale"), Some(&Value::from("en")));
    assert_eq!(context.len(), 3);
}

#[test]
fn an_events_own_consent_goes_before_the_batchs() {
    let consent =
        |analytics: bool| json!({"consent": {"categoryPreferences": {"analytics": analytics}}});
    let events = json!([track(), track_with("context", consent(false))]);
    let out = batch(&json!({"context": consent(true), "batch": events}));
    let said: Vec<_> = out.events.iter().map(|accepted| accepted.consent).collect();
    assert_eq!(said, [Some(Purposes::NONE.with(Purpose::Analytics)), Some(Purposes::NONE)]);
    assert_eq!(batch(&json!({"batch": [track()]})).events[0].consent, None);
    let bad = track_with("context", json!({"consent": true}));
    assert_eq!(rejected_as(&bad), ("bad-consent", "/batch/0/context/consent".into()));
}

#[test]
fn each_refusal_of_an_event_points_at_what_is_wrong() {
    for (member, value, code) in [
        ("type", json!("trcak"), "unknown-type"),
        ("type", json!(1), "wrong-type"),
        ("type", json!(null), "missing-type"),
        ("event", json!(null), "missing-event-name"),
        ("event", json!({}), "wrong-type"),
        ("event", json!("é".repeat(129)), "name-too-long"),
        ("userId", json!(true), "wrong-type"),
        ("userId", json!("u".repeat(257)), "id-too-long"),
        ("messageId", json!("m".repeat(257)), "id-too-long"),
        ("timestamp", json!("yesterday"), "bad-timestamp"),
        ("originalTimestamp", json!([]), "bad-timestamp"),
        ("sentAt", json!(1e300), "bad-timestamp"),
        ("properties", json!("none"), "wrong-type"),
        ("context", json!([]), "wrong-type"),
    ] {
        let rejected = rejected_as(&track_with(member, value));
        assert_eq!(rejected, (code, format!("/batch/0/{member}")));
    }
    assert_eq!(
        rejected_as(&track_with("anonymousId", "")),
        ("missing-identity", "/batch/0".into())
    );
}

#[test]
fn an_unknown_type_is_told_the_known_ones() {
    let out = batch(&json!({"batch": [track_with("type", "Track")]}));
    let message = &out.rejected[0].error.message;
    assert!(message.contains("\"Track\""), "{message}");
    assert!(message.contains("track, page, screen, identify, group, alias"), "{message}");
}

#[test]
fn limits_are_named_with_what_met_them() {
    let event = track_with("properties", json!({"text": "x".repeat(limits::EVENT_BYTES)}));
    let size = event.to_string().len();
    let out = batch(&json!({"batch": [event, track()]}));
    let error = &out.rejected[0].error;
    assert_eq!((error.code(), error.pointer.as_str()), ("event-too-large", "/batch/0"));
    assert!(error.message.contains(&size.to_string()) && error.message.contains("32768"));
    assert_eq!(out.events.len(), 1);
    assert_eq!(call(None, &event).unwrap_err().code(), "event-too-large");

    let error = refused(&vec![b' '; limits::BATCH_BYTES + 1]);
    assert_eq!(error.code(), "body-too-large");
    assert!(error.message.contains("512001") && error.message.contains("512000"));

    let error = refused(json!({"batch": vec![0; limits::BATCH_EVENTS + 3]}).to_string().as_bytes());
    assert_eq!((error.code(), error.pointer.as_str()), ("too-many-events", "/batch"));
    assert!(error.message.contains("2503") && error.message.contains("2500"));
}

#[test]
fn a_batchs_context_counts_for_each_event_and_cannot_be_spread_without_end() {
    let context = json!({"text": "x".repeat(2_000)});
    let near = track_with("properties", json!({"text": "x".repeat(31_000)}));
    let out = batch(&json!({"context": context, "batch": [near, track()]}));
    assert_eq!(out.rejected[0].error.code(), "event-too-large");
    assert_eq!(out.events.len(), 1);

    let body = json!({"context": context, "batch": vec![track(); 1_100]}).to_string();
    let error = refused(body.as_bytes());
    assert_eq!((error.code(), error.pointer.as_str()), ("context-too-large", "/context"));
}

fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}

#[test]
fn nesting_is_bounded_where_it_is_kept() {
    let event = |member: &str, depth| {
        let deep = nested(depth);
        format!(r#"{{"type":"track","event":"E","userId":"u","{member}":{{"a":{deep}}}}}"#)
    };
    let read = |text: &str| parse_call(None, text.as_bytes(), NOW, Basis::Server);
    assert!(read(&event("properties", 15)).is_ok());
    for depth in [16, 120, 10_000] {
        let error = read(&event("properties", depth)).unwrap_err();
        assert_eq!((error.code(), error.pointer.as_str()), ("too-deep", "/properties"));
        assert!(error.message.contains(&format!("nests {} ", depth + 2)), "{}", error.message);
    }
    assert!(read(&event("integrations", 10_000)).is_ok());
}

#[test]
fn nesting_costs_no_stack_wherever_it_is() {
    let deep = nested(200_000);
    for body in [
        format!(r#"{{"batch":{deep}}}"#),
        format!(r#"{{"batch":[{deep}]}}"#),
        format!(r#"{{"batch":[],"x":{deep}}}"#),
        format!(r#"{{"batch":{{"x":{deep}}}}}"#),
        format!(r#"{{"batch":[{{"type":"track","properties":{deep}}}]}}"#),
        format!(r#"{{"batch":[],"context":{deep}}}"#),
        format!(r#"{{"batch":[],"sentAt":{deep}}}"#),
        "[".repeat(limits::BATCH_BYTES),
        "{\"batch\":[".repeat(limits::BATCH_BYTES / 10),
        "{\"context\":".repeat(limits::BATCH_BYTES / 11),
    ] {
        let _ = parse_batch(body.as_bytes(), NOW, Basis::Server);
        let _ = parse_call(None, body.as_bytes(), NOW, Basis::Server);
        let _ = parse_object(body.as_bytes());
        let _ = parse_line(&body);
    }
    let error = refused(format!(r#"{{"batch":[],"context":{deep}}}"#).as_bytes());
    assert_eq!((error.code(), error.pointer.as_str()), ("too-deep", "/context"));
}

#[test]
fn a_body_that_is_no_batch_is_told_so() {
    for (body, code) in [
        ("", "empty-body"),
        (" \n", "empty-body"),
        ("\u{feff}", "empty-body"),
        ("[]", "not-an-object"),
        ("nonsense", "not-an-object"),
        ("{}", "missing-batch"),
        (r#"{"batch": null}"#, "missing-batch"),
        (r#"{"batch": {}}"#, "wrong-type"),
        (r#"{"batch": "x"}"#, "wrong-type"),
        (r#"{"batch": 1.5}"#, "wrong-type"),
        (r#"{"batch": []} {}"#, "bad-json"),
        (r#"{"batch": [], "sentAt": "now"}"#, "bad-timestamp"),
        (r#"{"batch": [], "writeKey": 1}"#, "wrong-type"),
        (r#"{"batch": [], "context": 1}"#, "wrong-type"),
    ] {
        assert_eq!(refused(body.as_bytes()).code(), code, "{body}");
    }
    assert_eq!(batch(&json!({"batch": []})).events, []);
}

#[test]
fn bad_json_is_told_its_line_and_column() {
    let error = refused(b"{\n  \"batch\": [}\n}");
    assert_eq!(error.code(), "bad-json");
    assert!(error.message.contains("line 2, column 13"), "{}", error.message);
    let error = refused(b"{\"batch\": \"\xff\"}");
    assert_eq!(error.code(), "bad-json");
    assert!(error.message.contains("not UTF-8 at byte 11"), "{}", error.message);
}

#[test]
fn a_number_that_no_double_holds_spoils_its_event_only() {
    let body = format!(
        r#"{{"batch": [{{"type":"track","event":"E","userId":"u","properties":{{"n":1e999}}}},{}]}}"#,
        track()
    );
    let out = parse_batch(body.as_bytes(), NOW, Basis::Server).unwrap();
    assert_eq!(out.events.len(), 1);
    let error = &out.rejected[0].error;
    assert_eq!((error.code(), error.pointer.as_str()), ("bad-json", "/batch/0/properties"));
    assert!(error.message.contains("out of range"), "{}", error.message);
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let body = format!("\u{feff}{}", json!({"batch": [track()]}));
    assert_eq!(parse_batch(body.as_bytes(), NOW, Basis::Server).unwrap().events.len(), 1);
}

#[test]
fn lone_surrogates_are_read_as_replacement_characters() {
    let event = r#"{"type":"track","event":"E","userId":"u","properties":{"\udc00":"a\ud800","b":"\ud83d\ude00\\ud800"}}"#;
    for (start, end) in [("", ""), (r#""context":{"c":"\udfff"},"#, ""), ("", r#","\ud800":0"#)] {
        let body = format!(r#"{{{start}"batch":[{event}]{end}}}"#);
        let out = parse_batch(body.as_bytes(), NOW, Basis::Server).unwrap();
        let properties = &out.events[0].event.properties;
        assert_eq!(properties.get("\u{fffd}"), Some(&Value::from("a\u{fffd}")));
        assert_eq!(properties.get("b"), Some(&Value::from("😀\\ud800")));
    }
}

#[test]
fn of_keys_given_twice_the_last_stays_and_great_integers_are_doubles() {
    let body = br#"{"batch": [3], "batch": [{"type":"track","event":"E","userId":"u",
        "properties":{"a":1,"z":-0,"a":9007199254740993,"b":18446744073709551615}}]}"#;
    let out = parse_batch(body, NOW, Basis::Server).unwrap();
    let properties = &out.events[0].event.properties;
    assert_eq!(properties.get("a"), Some(&Value::Number(9_007_199_254_740_992.0)));
    assert_eq!(properties.get("b"), Some(&Value::Number(18_446_744_073_709_551_616.0)));
    let zero = properties.get("z").and_then(Value::as_number).unwrap();
    assert_eq!(zero.to_bits(), 0.0_f64.to_bits());
}

#[test]
fn a_request_of_our_own_is_read_by_the_same_rules() {
    let object = parse_object(b"\xef\xbb\xbf{\"a\": \"\\ud800\", \"a\": [1]}").unwrap();
    assert_eq!(object.get("a"), Some(&Value::Array(vec![Value::Number(1.0)])));
    assert_eq!(parse_object(b"[]").unwrap_err().code(), "not-an-object");
    assert_eq!(parse_object(b"{\"a\":}").unwrap_err().code(), "bad-json");
    let deep = format!("{{\"a\": {}}}", nested(16));
    assert_eq!(parse_object(deep.as_bytes()).unwrap_err().code(), "too-deep");
}

/// Text that is often nearly a batch.
fn nearly_json() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just("\""),
        Just("\\"),
        Just("\"batch\":["),
        Just("\"type\":\"track\""),
        Just("\"event\":\"E\""),
        Just("null"),
        Just("\"userId\":"),
        Just("\"u\""),
        Just("\"timestamp\":"),
        Just("\"2024-01-01\""),
        Just("\"properties\":{"),
        Just("\"context\":{"),
        Just("1e999"),
        Just("-0"),
        Just("\\ud800"),
        Just("\\udc00"),
        Just("\"sentAt\":"),
        Just("8.64e15"),
        Just("\u{feff}"),
        Just("é"),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>, text in nearly_json(), ms: i64) {
        for body in [bytes.as_slice(), text.as_bytes()] {
            let _ = parse_batch(body, Timestamp(ms), Basis::Browser);
            let _ = parse_call(Some(Kind::Track), body, Timestamp(ms), Basis::Server);
            let _ = parse_object(body);
        }
        let _ = parse_line(&text);
    }

    #[test]
    fn every_cut_and_every_changed_byte_of_a_batch_is_parsed_or_refused(at: prop::sample::Index, byte: u8) {
        let mut body = json!({"context": {"a": 1}, "batch": [track(), track()]}).to_string().into_bytes();
        let at = at.index(body.len());
        let _ = parse_batch(&body[..at], NOW, Basis::Browser);
        body[at] = byte;
        let _ = parse_batch(&body, NOW, Basis::Browser);
    }
}
