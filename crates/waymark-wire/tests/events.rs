//! Single events: what each kind of call keeps, and the way there and back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use serde_json::json;
use waymark_model::{Event, Kind, Object, Timestamp, Value, limits};
use waymark_wire::{
    Basis, LINE_BYTES, event_to_json, object_from_json, object_to_json, parse_call, parse_line,
    value_from_json, value_to_json,
};

const AT: &str = "2024-01-01T12:00:00.000Z";

fn line(event: &serde_json::Value) -> Event {
    parse_line(&event.to_string()).unwrap()
}

#[test]
fn each_kind_keeps_what_the_spec_gives_it() {
    for (event, name, properties) in [
        (
            json!({"type": "track", "event": "Order Completed", "properties": {"total": 9}, "traits": {"a": 1}}),
            "Order Completed",
            json!({"total": 9}),
        ),
        (
            json!({"type": "page", "name": "Home", "category": "Docs", "properties": {"category": "Own"}}),
            "Page Viewed",
            json!({"name": "Home", "category": "Own"}),
        ),
        (json!({"type": "screen", "name": "Cart"}), "Screen Viewed", json!({"name": "Cart"})),
        (
            json!({"type": "identify", "traits": {"plan": "pro"}, "properties": {"a": 1}}),
            "Identified",
            json!({"plan": "pro"}),
        ),
        (
            json!({"type": "group", "groupId": 12, "traits": {"size": 3}}),
            "Grouped",
            json!({"size": 3, "groupId": "12"}),
        ),
        (json!({"type": "alias", "previousId": "a0"}), "Aliased", json!({"previousId": "a0"})),
    ] {
        let mut whole = event.clone();
        whole["userId"] = json!("u1");
        whole["timestamp"] = json!(AT);
        whole["integrations"] = json!({"All": false});
        let read = line(&whole);
        assert_eq!(read.name, name);
        assert_eq!(json!(object_to_json(&read.properties)), properties, "{event}");
        assert_eq!(read.time, Timestamp(1_704_110_400_000));
    }
}

#[test]
fn a_line_keeps_its_time_whatever_it_says_of_sending() {
    let event = json!({"type": "track", "event": "E", "userId": "u", "sentAt": "2001-01-01",
        "originalTimestamp": AT});
    assert_eq!(line(&event).time, Timestamp(1_704_110_400_000));
    let error = parse_line(r#"{"type":"track","event":"E","userId":"u"}"#).unwrap_err();
    assert_eq!((error.code(), error.pointer.as_str()), ("missing-timestamp", "/timestamp"));
}

#[test]
fn a_line_that_is_no_event_is_refused_by_name() {
    for (text, code) in [("", "empty-body"), ("\r\n", "empty-body"), ("7", "not-an-object")] {
        assert_eq!(parse_line(text).unwrap_err().code(), code);
    }
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(LINE_BYTES));
    assert_eq!(parse_line(&long).unwrap_err().code(), "event-too-large");
}

#[test]
fn an_event_without_an_id_gets_the_same_one_for_each_retry() {
    let id = |sent_at: &str, price: u32, now: i64| {
        let body = json!({"event": "E", "userId": "u", "timestamp": AT, "sentAt": sent_at,
            "properties": {"price": price}});
        let now = Timestamp(1_704_110_400_000 + now);
        let batch =
            parse_call(Some(Kind::Track), body.to_string().as_bytes(), now, Basis::Server).unwrap();
        batch.events[0].event.id.clone()
    };
    let first = id("2024-01-01T12:00:01Z", 1, 1_500);
    assert_eq!(first, "wm-8071fe190a08fc9c");
    assert_eq!(id("2024-01-01T12:00:09Z", 1, 9_100), first);
    assert_ne!(id("2024-01-01T12:00:01Z", 2, 1_500), first);
}

#[test]
fn the_longest_event_that_is_accepted_can_be_read_again() {
    let numbers = vec!["1e15"; 6_500].join(",");
    let body =
        format!(r#"{{"type":"track","event":"E","userId":"u","properties":{{"n":[{numbers}]}}}}"#);
    assert!(body.len() <= limits::EVENT_BYTES);
    let batch = parse_call(None, body.as_bytes(), Timestamp(0), Basis::Server).unwrap();
    let event = &batch.events[0].event;
    assert_eq!(line(&event_to_json(event)), *event);
}

#[test]
fn numbers_are_written_as_javascript_would_read_them() {
    let written = |number: f64| value_to_json(&Value::Number(number)).to_string();
    assert_eq!(written(42.0), "42");
    assert_eq!(written(-0.0), "0");
    assert_eq!(written(0.1), "0.1");
    assert_eq!(written(9_007_199_254_740_991.0), "9007199254740991");
    assert_eq!(written(f64::NAN), "null");
    assert_eq!(written(f64::INFINITY), "null");
}

#[test]
fn a_written_event_has_segments_shape() {
    let event = json!({"type": "group", "messageId": "m", "anonymousId": "a", "groupId": "g",
        "timestamp": AT, "traits": {"size": 3}, "context": {"ip": "1.1.1.1"}});
    assert_eq!(event_to_json(&line(&event)), event);
    let far = json!({"type": "track", "event": "E", "messageId": "m", "userId": "u",
        "timestamp": -8_640_000_000_000_000_i64});
    assert_eq!(event_to_json(&line(&far)), far);
}

fn value() -> impl Strategy<Value = Value> {
    let number = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number.prop_map(|number| Value::Number(number + 0.0)),
        any::<i32>().prop_map(|number| Value::Number(f64::from(number))),
        any::<String>().prop_map(Value::Text),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((key(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Keys that mean something at an event's top, among others.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        Just("groupId".to_owned()),
        Just("previousId".to_owned()),
        Just("name".to_owned()),
        Just("$serde_json::private::RawValue".to_owned()),
    ]
}

fn object() -> impl Strategy<Value = Object> {
    prop::collection::vec((key(), value()), 0..6).prop_map(|pairs| pairs.into_iter().collect())
}

fn id() -> impl Strategy<Value = String> {
    "[^\u{0}]{1,60}"
}

prop_compose! {
    fn event()(
        id in id(), kind in prop::sample::select(Kind::ALL.to_vec()), name in id(),
        time in -Timestamp::JS_LIMIT..=Timestamp::JS_LIMIT,
        anonymous in prop::option::of(id()), user in id(),
        properties in object(), mut context in object(),
    ) -> Event {
        context.remove("consent");
        let name = kind.event_name().unwrap_or(&name);
        let mut event = Event::new(&id, kind, name, Timestamp(time));
        event.user_id = anonymous.is_none().then_some(user);
        event.anonymous_id = anonymous;
        event.properties = properties;
        event.context = context;
        event
    }
}

proptest! {
    #[test]
    fn an_event_that_is_written_is_read_back_as_it_was(event in event()) {
        let text = event_to_json(&event).to_string();
        prop_assert_eq!(parse_line(&text).unwrap(), event.clone());
        prop_assert_eq!(Event::decode(&event.encode()).unwrap(), event);
    }

    #[test]
    fn a_value_survives_the_way_through_json(value in value(), object in object()) {
        prop_assert_eq!(value_from_json(&value_to_json(&value)), value);
        prop_assert_eq!(object_from_json(&object_to_json(&object)), object);
    }
}
