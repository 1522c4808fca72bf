use crate::support::{Folder, lines, track};

/// A pack without its own tests, with a part that has them.
const PACK: &str = r#"{
  "pack": "shop",
  "include": ["proposed.jsonc"],
  "events": { "Product Viewed": {}, "Product Added": {}, "Order Completed": {} },
  "attributes": { "traits.email": { "type": "string", "sensitivity": "personal" } },
  "journey": {
    "stages": [
      { "id": "looking", "enter": { "$did": { "event": "Product Viewed" } } },
      { "id": "customer", "enter": { "$did": { "event": "Order Completed" } } },
    ],
  },
  "features": { "spend": { "$sum": { "event": "Order Completed", "property": "revenue", "within": "90d" } } },
  "segments": {
    "vip": { "when": { "features.spend": { "$gte": 500 } } },
    "tents": { "when": { "$did": { "event": "Product Viewed", "where": { "category": "tents" }, "count": { "$gte": 3 } } } },
    "staff": { "when": { "traits.email": { "$regex": "@shop[.]example$" } } },
    "nobody": { "when": { "traits.never": true } },
  },
  "slots": { "hero": { "default": "keep" } },
  "content": { "vip": { "slot": "hero", "text": "Hi" }, "mobile": { "slot": "hero", "text": "Small" } },
  "rules": [
    { "id": "vips", "slot": "hero", "when": { "$segment": "vip" }, "show": "vip", "priority": 10 },
    { "id": "small", "slot": "hero", "when": { "device.type": "mobile", "page.path": "/cart" }, "show": "mobile" },
  ],
  "destinations": { "email": { "channel": "email" } },
  "journeys": {
    "cart": {
      "enter": { "event": "Product Added" },
      "exit": { "event": "Order Completed" },
      "steps": [{ "id": "hour", "wait": "1h" }, { "id": "remind", "send": "email", "message": "cart" }],
    },
  },
}"#;

fn recorded() -> String {
    let view = r#"{"category":"tents","secret":"s3cret","price":3}"#;
    let identify = r#"{"type":"identify","messageId":"i1","anonymousId":"device-of-dan","userId":"dan-the-user","timestamp":"2026-01-03T00:00:00Z","traits":{"email":"dan@shop.example","phone":"12345"}}"#;
    let page = r#"{"type":"page","messageId":"p1","anonymousId":"device-of-cid","timestamp":"2026-01-02T10:00:00Z","context":{"device":{"type":"mobile","model":"m0del"},"page":{"path":"/cart","title":"t1tle"}},"properties":{}}"#;
    let mut all: Vec<String> = (0..9)
        .map(|n| track(&format!("v{n}"), "device-of-ann", n * 90, "Product Viewed", view))
        .collect();
    all.extend([
        track(
            "o1",
            "device-of-ann",
            2_000,
            "Order Completed",
            r#"{"revenue":200,"order_id":"ord3r"}"#,
        ),
        track(
            "o2",
            "device-of-ann",
            3_000,
            "Order Completed",
            r#"{"revenue":350,"order_id":"ord4r"}"#,
        ),
        track("a1", "device-of-bob", 500, "Product Added", r#"{"sku":"sk0"}"#),
        track("u1", "device-of-bob", 600, "Unknown Thing", "{}"),
        page.to_owned(),
        identify.to_owned(),
    ]);
    lines(&all)
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("pack.jsonc", PACK);
    folder.write("proposed.jsonc", "{}");
    folder.write("events.ndjson", recorded());
    folder
}

const PROPOSE: [&str; 4] = ["pack-tests", "pack.jsonc", "--from", "events.ndjson"];

#[test]
fn what_was_recorded_becomes_tests_that_pass() {
    let folder = folder();
    let proposed = folder.run(&[&PROPOSE[..], &["-o", "proposed.jsonc"]].concat());
    assert_eq!(proposed.ok(), "");
    let said = folder.run(&["test", "pack.jsonc"]);
    assert!(said.ok().contains(" 0 failed"), "{}", said.ok());
    let tests = folder.run(&["fmt", "--check", "proposed.jsonc"]);
    assert_eq!(tests.ok(), "");
    // There is nothing more to propose.
    let again = folder.run(&PROPOSE);
    assert_eq!(again.ok(), "{\n  \"tests\": []\n}\n");
    assert!(again.err().contains("0 tests of 4 visitors"), "{}", again.err());
}

#[test]
fn each_is_as_short_as_can_be_and_tells_of_nobody() {
    let folder = folder();
    let proposed = folder.run(&PROPOSE);
    let json: serde_json::Value = serde_json::from_str(proposed.ok()).unwrap();
    let tests = json["tests"].as_array().unwrap();
    let expects = |key: &str, id: &str| -> Vec<&serde_json::Value> {
        let has = |test: &&serde_json::Value| {
            test["expect"][key].as_array().is_some_and(|all| all.iter().any(|one| one == id))
        };
        tests.iter().filter(has).collect()
    };
    // Three views, of nine; nothing of them but what is asked.
    let [tents] = expects("segments", "tents")[..] else { panic!("{}", proposed.ok()) };
    let given = tents["given"].as_array().unwrap();
    assert_eq!(given.len(), 3);
    assert!(
        given.iter().all(|event| event["properties"] == serde_json::json!({"category": "tents"}))
    );
    // Two views are not enough, nor is one order.
    let near: Vec<usize> = ["tents", "vip"]
        .into_iter()
        .map(|id| expects("notSegments", id)[0]["given"].as_array().unwrap().len())
        .collect();
    assert_eq!(near, [2, 1]);
    // Who only looked at a page is on that page.
    let small = tests.iter().find(|test| test["expect"]["slots"]["hero"] == "mobile").unwrap();
    let context = serde_json::json!({"device": {"type": "mobile"}, "page": {"path": "/cart"}});
    assert_eq!(small["context"], context);
    assert!(small["given"].is_null());
    // An hour after the cart was filled, and no sooner.
    let reminded = tests.iter().find(|test| !test["expect"]["actions"].is_null()).unwrap();
    let action = &reminded["expect"]["actions"][0];
    assert_eq!((&action["send"], &action["step"]), (&"email".into(), &"remind".into()));
    for theirs in [
        "device-of",
        "dan-the-user",
        "s3cret",
        "ord3r",
        "sk0",
        "m0del",
        "t1tle",
        "12345",
        "Unknown",
        "nobody\"]",
        "price",
    ] {
        assert!(!proposed.ok().contains(theirs), "{theirs} is in:\n{}", proposed.ok());
    }
    // That it takes an address cannot be helped, and is said.
    assert!(
        proposed.err().contains("traits.email, which the pack calls personal"),
        "{}",
        proposed.err()
    );
}

#[test]
fn visitors_may_be_made_up() {
    let folder = folder();
    let args = ["pack-tests", "pack.jsonc", "--generate", "200", "-o", "proposed.jsonc"];
    assert_eq!(folder.run(&args).ok(), "");
    let said = folder.run(&["test", "pack.jsonc"]);
    assert!(said.ok().contains(" 0 failed"), "{}", said.ok());
    folder.run(&["pack-tests", "pack.jsonc"]).refused(2, &["--events <FILE>|--generate <NUMBER>"]);
}
