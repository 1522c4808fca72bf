//! `ts/test/golden.json`: what the engine and the TypeScript around it must agree on, byte for byte.
//! The TypeScript's side of the same file is `ts/test/golden.test.ts`.
//!
//! `GOLDEN=write cargo test -p waymark-browser` writes the bytes anew.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use serde_json::{Value as Json, json};
use waymark_browser::{encode_acted, encode_effects};
use waymark_engine::program::{CondId, Program, Segment, Stage};
use waymark_engine::state::Effects;
use waymark_engine::{Acted, Applied, Change, Context, Decision};
use waymark_model::{Event, Kind, Object, Purpose, Span, Timestamp, Value, Writer, Zone};

#[test]
fn the_golden_bytes_are_the_engines() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("ts/test/golden.json");
    let read: Json = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let with = |section: &str, input: &str, bytes: fn(&Json) -> Vec<u8>| -> Vec<Json> {
        let cases = read[section].as_array().unwrap().iter();
        cases.map(|case| json!({ input: case[input], "hex": hex(&bytes(&case[input])) })).collect()
    };
    let fresh = json!({
        "events": with("events", "event", |json| event(json).encode()),
        "contexts": with("contexts", "context", |json| context(json).encode()),
        "decisions": decisions(),
        "effects": effects(),
        "acted": acted(),
    });
    #[expect(clippy::disallowed_methods, reason = "asks whether to write what the test compares")]
    let write = std::env::var("GOLDEN").is_ok_and(|word| word == "write");
    if write {
        std::fs::write(&path, format!("{fresh:#}\n")).unwrap();
    } else {
        assert_eq!(read, fresh);
    }
}

fn event(json: &Json) -> Event {
    let text = |key: &str| json[key].as_str().map(str::to_owned);
    let kind = Kind::from_name(&text("kind").unwrap()).unwrap();
    let time = Timestamp(json["time"].as_i64().unwrap());
    let mut event = Event::new(&text("id").unwrap(), kind, &text("name").unwrap(), time);
    event.anonymous_id = text("anonymousId");
    event.user_id = text("userId");
    event.properties = object(&json["properties"]);
    event.context = object(&json["context"]);
    event
}

fn context(json: &Json) -> Context {
    let granted = |purpose: &Purpose| json["consent"][purpose.name()] == true;
    Context {
        values: object(&json["values"]),
        consent: Purpose::ALL.into_iter().filter(granted).collect(),
        locale: json["locale"].as_str().unwrap().to_owned(),
        zone: json.get("zone").map(|zone| Zone {
            offset: Span(zone["offset"].as_i64().unwrap()),
            until: Timestamp(zone["until"].as_i64().unwrap()),
        }),
        anonymous_id: json["anonymousId"].as_str().map(str::to_owned),
        shown: json["shown"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|rule| rule.as_str().unwrap().to_owned())
            .collect(),
        ..Context::default()
    }
}

fn decisions() -> Json {
    let nothing = checked(|out| {
        out.raw(&[0; 16]);
        out.unsigned(0);
        out.number(0.0);
        out.number(f64::INFINITY);
        out.unsigned(0);
        out.optional_text(None);
        out.unsigned(0);
        out.unsigned(0);
        out.unsigned(0);
    });
    let much = checked(much);
    json!([
        {
            "hex": hex(&nothing),
            "decision": {
                "pack": "0".repeat(32), "seq": 0, "validUntil": null, "segments": [], "stage": null,
                "slots": {}, "source": "device",
            },
        },
        {
            "hex": hex(&much),
            "decision": {
                "pack": "ab".repeat(16), "seq": 5_000_000_000_u64,
                "validUntil": 1_700_000_600_000_u64, "segments": ["vip", "常客"],
                "stage": "loyal",
                "slots": {
                    "hero": {
                        "content": "content of <b>😀</b>", "rule": "r1", "reason": "rule",
                        "html": "<b>😀</b>",
                    },
                    "cross": {
                        "content": "content of a & b", "rule": null, "reason": "no-match",
                        "text": "a & b",
                    },
                    "note": { "content": null, "rule": null, "reason": "no-consent" },
                    "copy": {
                        "content": null, "rule": "hero-copy", "reason": "experiment",
                        "experiment": {
                            "id": "hero-copy", "variation": "short", "number": 1, "included": true,
                            "counted": true, "forced": false, "sticky": true, "conflict": false,
                        },
                    },
                },
                "exposures": [{
                    "experiment_id": "hero-copy", "variation_id": "short", "bucket_version": 2,
                    "slot": "copy", "rule_id": "hero-copy", "propensity": 0.5, "unit": "userId",
                    "conflict": true, "placed": true,
                }],
                "views": [
                    {
                        "slot": "hero", "rule_id": "r1", "content_id": "sale",
                        "contact": "popup", "session": 1_700_000_000_000_u64, "placed": true,
                        "decided": false,
                    },
                    {
                        "slot": "hero", "rule_id": "r1", "content_id": "sale",
                        "session": 1_700_000_000_000_u64, "placed": false, "decided": true,
                    },
                ],
                "source": "device",
            },
        },
    ])
}

fn much(out: &mut Writer) {
    out.raw(&[0xab; 16]);
    out.unsigned(5_000_000_000);
    out.number(1_700_000_000_000.0);
    out.number(1_700_000_600_000.0);
    out.list(&["vip", "常客"], |out, id| out.text(id));
    out.optional_text(Some("loyal"));
    out.unsigned(4);
    let mut slot = |id: &str, reason, rule, body: Option<(u8, &str)>| {
        out.text(id);
        out.byte(reason);
        out.optional_text(rule);
        out.optional_text(body.map(|(_, text)| format!("content of {text}")).as_deref());
        out.option(body.as_ref(), |out, (body, text)| {
            out.byte(*body);
            out.text(text);
        });
        out.flag(reason == 3);
    };
    slot("hero", 0, Some("r1"), Some((1, "<b>😀</b>")));
    slot("cross", 1, None, Some((0, "a & b")));
    slot("note", 2, None, None);
    slot("copy", 3, Some("hero-copy"), None);
    out.text("hero-copy");
    out.text("short");
    out.unsigned(1);
    for flag in [true, true, false, true, false] {
        out.flag(flag);
    }
    out.option(Some(&0.25), |out, bucket| out.number(*bucket));
    out.number(0.5);
    out.optional_text(Some("userId"));
    out.option(Some(&7_u32), |out, leaf| out.unsigned((*leaf).into()));
    out.unsigned(1);
    for text in ["copy", "hero-copy", "hero-copy", "short"] {
        out.text(text);
    }
    out.unsigned(2);
    out.number(0.5);
    out.optional_text(Some("userId"));
    out.flag(true);
    out.flag(true);
    out.unsigned(2);
    for contact in [Some("popup"), None] {
        for text in ["hero", "r1", "sale"] {
            out.text(text);
        }
        out.optional_text(contact);
        out.number(1_700_000_000_000.0);
        out.flag(contact.is_some());
        out.flag(contact.is_none());
    }
}

/// Bytes that the engine reads as a decision, and writes as they are.
fn checked(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut out = Writer::default();
    write(&mut out);
    let bytes = out.into_bytes();
    assert_eq!(Decision::decode(&bytes).unwrap().encode(), bytes);
    bytes
}

fn effects() -> Json {
    let when = CondId(0);
    let program = Program {
        segments: vec![
            Segment { id: "a".to_owned(), when, edge: false },
            Segment { id: "b".to_owned(), when, edge: false },
        ],
        stages: vec![Stage { id: "buyer".to_owned(), enter: when }],
        ..Program::default()
    };
    let change = Change {
        entered: vec![0, 1],
        left: vec![1],
        stage: Some((None, Some(0))),
        began: Vec::new(),
    };
    let some = encode_effects(&program, Applied::InOrder, 300, &change);
    let none = encode_effects(&program, Applied::Duplicate, 0, &Change::default());
    json!([
        {
            "hex": hex(&some),
            "effects": {
                "duplicate": false, "seq": 300, "entered": ["a", "b"], "left": ["b"],
                "stage": { "from": null, "to": "buyer" },
            },
        },
        {
            "hex": hex(&none),
            "effects": { "duplicate": true, "seq": 0, "entered": [], "left": [], "stage": null },
        },
    ])
}

fn acted() -> Json {
    let program = Program {
        segments: vec![Segment { id: "a".to_owned(), when: CondId(0), edge: false }],
        ..Program::default()
    };
    let mut event = Event::new("act-1", Kind::Track, "Content Triggered", Timestamp(9));
    event.properties.insert("trigger_id", Value::from("gold"));
    event.properties.insert("key", Value::Number(3.0));
    let change = Change { entered: vec![0], ..Change::default() };
    let effects = Effects { applied: Applied::InOrder, change, valid_until: Timestamp::MAX };
    let bytes = encode_acted(&program, 7, &[Acted { event, effects }]);
    json!([{
        "hex": hex(&bytes),
        "acted": [{
            "id": "act-1", "event": "Content Triggered", "properties": { "trigger_id": "gold" },
            "effects": { "duplicate": false, "seq": 7, "entered": ["a"], "left": [], "stage": null },
        }],
    }])
}

fn object(json: &Json) -> Object {
    json.as_object().unwrap().iter().map(|(key, json)| (key.as_str(), value(json))).collect()
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => Value::Number(number.as_f64().unwrap()),
        Json::String(text) => Value::Text(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(value).collect()),
        Json::Object(_) => Value::Object(object(json)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
