//! What a pack becomes.

use crate::visitor::{Visitor, object, program};
use sha2::{Digest, Sha256};
use waymark_engine::Program;
use waymark_engine::program::FeatureKind;
use waymark_model::{Kind, Object, Span, Value};
use waymark_pack::compile;

const SHOP: &str = r#"{
  // A marketer's notes.
  "pack": "outdoor-shop", "timezone": "Asia/Singapore", "currency": "SGD",
  "events": {
    "Product Viewed": { "touchpoint": "product-page", "purpose": ["personalization"], "properties": { "category": "string", "price": "number", "seen_at": "date" } },
    "Order Completed": { "properties": { "revenue": "number" } },
  },
  "attributes": { "traits.plan": { "type": "string", "purpose": ["personalization"], "sensitivity": "internal" }, "traits.firstName": { "type": "string" } },
  "journey": {
    "session": "30m",
    "stages": [ { "id": "consideration", "enter": { "$did": { "event": "Product Viewed", "count": { "$gte": 2 }, "within": "7d" } }, "label": "Thinking" } ],
    "touchpoints": { "product-page": { "channel": "web", "label": { "en": "Product page", "zh": "商品页" } } },
  },
  "features": { "spend-90d": { "$sum": { "event": "Order Completed", "property": "revenue", "within": "90d" } } },
  "segments": { "vip": { "when": { "features.spend-90d": { "$gte": 500 } }, "description": "Spends a lot" } },
  "slots": { "hero": { "default": "keep" } },
  "content": { "hero-vip": { "slot": "hero", "locales": {
    "en": { "html": "<h1>Welcome back, {{ traits.firstName | default: 'friend' }}</h1>" },
    "zh": { "html": "<h1>欢迎回来</h1>" } } } },
  "rules": [ { "id": "vip-hero", "slot": "hero", "when": { "$segment": "vip" }, "show": "hero-vip", "priority": 10, "purpose": "personalization", "label": "x" } ],
}"#;

#[test]
fn hosts_read_back_what_was_compiled() {
    let compiled = compile(SHOP).unwrap();
    assert!(compiled.report.is_empty(), "{}", compiled.report);
    let program = compiled.program;
    assert_eq!(Program::decode(&program.encode()), Ok(program.clone()));
    let page = program.page_projection();
    assert_eq!(Program::decode(&page.encode()), Ok(page.clone()));
    assert_eq!(compiled.cost.page_bytes, page.encode().len());
    assert!(compiled.cost.state_bytes > program.cells_bound());
}

#[test]
fn no_visitor_is_remembered_in_more_bytes_than_was_said() {
    let compiled = compile(SHOP).unwrap();
    let mut visitor = Visitor::new(&compiled.program);
    let mut most = 0;
    for step in 0..400_i64 {
        let at = Span(step * 20 * Span::HOUR.0);
        let text = "x".repeat(usize::try_from(step % 37).unwrap() * 800);
        let number = Value::from(0.1 * f64::from(i32::try_from(step).unwrap()));
        let name = format!("trait-{step}");
        visitor.did_with("Product Viewed", at, &[("category", text.as_str().into())]);
        visitor.did_with("Order Completed", at, &[("revenue", number)]);
        let said =
            object(&[(&name, text[..text.len() / 40].into()), ("plan", name.as_str().into())]);
        visitor.event(Kind::Identify, "Identified", at, (said, Object::new()));
        most = most.max(visitor.engine.write_state(&visitor.state).len());
    }
    assert!(most > 20_000, "{most} bytes are no trial");
    assert!(most <= compiled.cost.state_bytes, "{most} of {}", compiled.cost.state_bytes);
    assert!(compiled.cost.state_bytes < 32 * 1024);
}

#[test]
fn the_hash_is_of_the_program_and_not_of_its_notes() {
    let program = program(SHOP);
    assert_eq!(program.hash.0, Sha256::digest(program.encode_body())[..16]);
    let renoted = SHOP.replace("A marketer's notes", "Others").replace("Thinking", "Pondering");
    assert_eq!(crate::visitor::program(&renoted).hash, program.hash);
    let changed = SHOP.replace("500", "501");
    assert_ne!(crate::visitor::program(&changed).hash, program.hash);
}

#[test]
fn equal_conditions_and_memories_are_shared() {
    let program = program(
        r#"{ "pack": "p", "segments": {
            "a": { "when": { "$did": { "event": "E", "where": { "x": 1, "y": 2 }, "count": { "$gte": 3 }, "within": "7d" } } },
            "b": { "when": { "$did": { "event": "E", "where": { "y": 2, "x": 1 }, "count": { "$lte": 9 }, "in": "session" } } },
            "c": { "when": { "$did": { "event": "E", "where": { "$and": [ { "x": 1 }, { "y": 2 } ] }, "count": { "$gte": 400 } } } },
            "d": { "when": { "traits.plan": "pro", "traits.age": 7 } },
            "e": { "when": { "$and": [ { "traits.plan": "pro" }, { "traits.age": 7 } ] } } } }"#,
    );
    let [feature] = program.features.as_slice() else { panic!("{:?}", program.features) };
    assert!(matches!(feature.kind, FeatureKind::Times { keep: 10, .. }));
    assert_eq!(program.segments[3].when, program.segments[4].when);
}

#[test]
fn a_memory_is_found_again_whatever_else_is_in_the_pack() {
    let fingerprint = |source: &str| {
        let program = program(source);
        let mut all: Vec<u64> = program.features.iter().map(|f| f.fingerprint).collect();
        all.sort_unstable();
        all
    };
    let one = fingerprint(
        r#"{ "pack": "p", "segments": { "s": { "when": { "$did": { "event": "E", "where": { "x": { "$gt": 1, "$lt": 9 } }, "count": { "$gte": 2 }, "within": "7d" } } } } }"#,
    );
    let two = fingerprint(
        r#"{ "pack": "q", "segments": { "a": { "when": { "$did": { "event": "A" } } }, "s": { "when": { "$did": { "event": "E", "where": { "x": { "$lt": 9, "$gt": 1 } }, "count": { "$gte": 7 }, "within": "1d" } } } } }"#,
    );
    assert!(two.contains(&one[0]));
    let other = fingerprint(
        r#"{ "pack": "p", "segments": { "s": { "when": { "$did": { "event": "E", "where": { "x": { "$gte": 1, "$lt": 9 } } } } } } }"#,
    );
    assert_ne!(one, other);
    // Whoever changes how definitions are written down loses what visitors' states remember.
    assert_eq!(one, [0xa775_42ec_94bd_9794]);
}

#[test]
fn windows_are_whole_buckets_of_the_documented_width() {
    for (within, resolution, buckets) in [
        ("90s", Span::MINUTE, 2),
        ("2h", Span::MINUTE, 120),
        ("121m", Span(5 * Span::MINUTE.0), 25),
        ("1d", Span(5 * Span::MINUTE.0), 288),
        ("25h", Span::HOUR, 25),
        ("2w", Span::HOUR, 336),
        ("15d", Span::DAY, 15),
        ("400d", Span::DAY, 400),
        ("401d", Span(30 * Span::DAY.0), 14),
        ("12000d", Span(30 * Span::DAY.0), 400),
    ] {
        let program = program(&format!(
            "{{ \"pack\": \"p\", \"features\": {{ \"f\": {{ \"$count\": {{ \"event\": \"E\", \"within\": \"{within}\" }} }} }} }}"
        ));
        let FeatureKind::Windowed { window: Some(window), .. } = &program.features[0].kind else {
            panic!("no window");
        };
        assert_eq!((window.resolution, window.buckets), (resolution, buckets), "{within}");
    }
}

#[test]
fn a_byte_order_mark_in_front_is_not_minded() {
    assert_eq!(program("\u{feff}{ \"pack\": \"p\" }").pack, "p");
    let report = waymark_pack::check("\u{feff}{ \"pack\": \"P\" }");
    assert_eq!(report.diagnostics[0].offset, 13);
}

#[test]
fn a_report_is_written_as_json_by_the_command_line() {
    let report = waymark_pack::check("{ \"pack\": \"P\" }");
    let json = serde_json::to_value(&report).unwrap();
    let first = &json["diagnostics"][0];
    assert_eq!(first["code"], "bad-id");
    assert_eq!(first["severity"], "error");
    assert_eq!(first["pointer"], "/pack");
    assert_eq!((&first["line"], &first["column"]), (&1.into(), &11.into()));
}

#[test]
fn nothing_of_what_is_sent_reaches_the_page() {
    let source = r#"{
      "pack": "p",
      "attributes": { "traits.margin": { "type": "number", "visible": "edge" } },
      "destinations": { "secret-destination": { "channel": "secret-channel" } },
      "surveys": { "secret-survey": { "question": "secret-question", "where": ["link"] } },
      "models": { "secret-model": { "kind": "linear", "terms": [{ "of": "traits.margin", "weight": 1 }], "visible": "edge" } },
      "slots": { "hero": { "default": "keep" } },
      "content": { "shown-content": { "slot": "hero", "text": "hi" } },
      "triggers": [
        { "id": "shown-trigger", "on": { "event": "Shown Event" }, "do": { "show": "shown-content" } },
        { "id": "secret-trigger", "on": { "event": "Secret Event" }, "when": { "scores.secret-model": { "$gt": 1 } }, "do": { "send": "secret-destination", "message": "secret-message" } },
        { "id": "secret-asking", "on": { "event": "Secret Question" }, "do": { "survey": "secret-survey" } }
      ],
      "journeys": {
        "secret-journey": { "enter": { "event": "Secret Entry" }, "exit": { "event": "Secret Exit" },
          "steps": [{ "id": "secret-step", "wait": { "event": "Secret Answer" } }, { "id": "secret-act", "send": "secret-destination" }] }
      },
      "tests": [{ "name": "secret-test", "expect": {} }]
    }"#;
    let compiled = compile(source).unwrap();
    let has = |bytes: &[u8], text: &str| {
        let text = text.to_lowercase();
        String::from_utf8_lossy(bytes).to_lowercase().contains(&text)
    };
    let (whole, page) = (compiled.program.encode(), compiled.program.page_projection().encode());
    for told in ["shown-trigger", "shown-content", "Shown Event"] {
        assert!(has(&page, told), "{told}");
    }
    assert!(has(&whole, "secret-journey") && has(&whole, "secret-model"));
    assert!(!has(&page, "secret"), "{}", String::from_utf8_lossy(&page));
    assert!(!has(&whole, "secret-test") && !has(&whole, "secret-question"));
}
