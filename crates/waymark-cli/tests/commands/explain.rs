use serde_json::{Value, json};

use crate::support::{Folder, lines, track, two_visitors};

const NOW: &str = "2026-01-02T00:00:00Z";

fn folder() -> Folder {
    let folder = Folder::with_pack();
    folder.write("events.ndjson", two_visitors());
    folder
}

fn explain(folder: &Folder, more: &[&str]) -> String {
    let args = ["explain", "pack.jsonc", "--events", "events.ndjson", "--now", NOW];
    folder.run(&[&args, more].concat()).ok().to_owned()
}

#[test]
fn the_winner_says_why_it_holds() {
    let said = explain(&folder(), &["--visitor", "ann"]);
    assert_eq!(
        said,
        "\
visitor ann: 3 events, 1 session
at 2026-01-02T00:00:00.000Z, stands until 2026-04-01T00:00:00.000Z if nothing happens
segments: vip
stage: customer

slot hero: hero-vip, by vips
  ✓ vips (priority 10): won
      in the segment vip
        features.spend-90d: 600 ≥ 500
  ✗ campers (priority 5): does not hold
      not in the segment tents
        Product Viewed where category = \"tents\" in the last 7d: 0 of 3
      page.path is missing, wanted \"/tents\"

slot note: the author's content stays, no rule won
  ✗ sale (priority 0): does not hold
      campaign.source is missing, wanted \"mail\"
"
    );
}

#[test]
fn a_loser_says_what_it_lacks() {
    let context = r#"{"page":{"path":"/a"},"campaign":{"source":"mail"}}"#;
    let said = explain(&folder(), &["--visitor", "bob", "--context", context]);
    for part in [
        "visitor bob: 2 events, 2 sessions",
        "segments: none\nstage: looking",
        "features.spend-90d: 0 < 500 (short by 500)",
        "Product Viewed where category = \"tents\" in the last 7d: 2 of 3",
        "page.path is \"/a\", wanted \"/tents\"",
        "slot note: note-sale, by sale\n  ✓ sale (priority 0): won\n      campaign.source is \"mail\"",
    ] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
}

#[test]
fn one_that_came_second_is_said_to_hold_too() {
    let folder = folder();
    let more: Vec<String> = (0..3)
        .map(|n| {
            track(&format!("t{n}"), "ann", 20 + n, "Product Viewed", r#"{"category":"tents"}"#)
        })
        .collect();
    folder.write("events.ndjson", two_visitors() + &lines(&more));
    let context = r#"{"page":{"path":"/tents"}}"#;
    let said = explain(&folder, &["--visitor", "ann", "--context", context]);
    assert!(said.contains("✗ campers (priority 5): holds too, but vips comes first"), "{said}");
}

#[test]
fn without_consent_only_what_needs_none_is_tried() {
    let said = explain(&folder(), &["--visitor", "ann", "--consent", "analytics,marketing"]);
    assert!(said.contains("segments: none\nstage: none"), "{said}");
    assert!(said.contains("✗ vips (priority 10): there is no consent for personalization\n  ✗"));
    let context = r#"{"campaign":{"source":"mail"}}"#;
    let said = explain(&folder(), &["--visitor", "ann", "--consent", "none", "--context", context]);
    assert!(said.contains("✓ sale (priority 0): won"), "{said}");
}

#[test]
fn json_holds_the_decision_and_every_rule() {
    let said = explain(&folder(), &["--visitor", "ann", "--format", "json", "--locale", "en"]);
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&json["visitor"], &json["events"], &json["sessions"]),
        (&json!("ann"), &json!(3), &json!(1))
    );
    assert_eq!(json["decision"]["now"], "2026-01-02T00:00:00.000Z");
    assert_eq!(
        json["decision"]["slots"]["hero"],
        json!({
            "content": "hero-vip",
            "rule": "vips",
            "reason": "rule",
            "html": "<h1>Welcome back, Ann</h1>",
        })
    );
    assert_eq!(
        json["slots"][0]["rules"][0],
        json!({
            "rule": "vips",
            "priority": 10,
            "outcome": "won",
            "words": "won",
            "because": [{
                "words": "in the segment vip",
                "because": [{ "words": "features.spend-90d: 600 ≥ 500", "because": [] }],
            }],
            "distance": null,
        })
    );
}

#[test]
fn a_file_of_one_visitor_needs_no_name() {
    let folder = Folder::with_pack();
    folder.write("events.ndjson", track("m1", "ann", 0, "Product Viewed", "{}"));
    assert!(explain(&folder, &[]).starts_with("visitor ann: 1 event, 1 session\n"));
}

#[test]
fn a_clock_behind_the_newest_event_stands_at_it() {
    let folder = folder();
    let args = ["--visitor", "bob", "--now", "0"];
    let args = [&["explain", "pack.jsonc", "--events", "events.ndjson"], &args[..]].concat();
    assert!(folder.run(&args).ok().contains("at 2026-01-01T01:00:00.000Z"));
}

#[test]
fn what_a_visitor_sent_cannot_steer_the_terminal() {
    let folder = Folder::with_pack();
    let events = r#"{"type":"track","event":"A","anonymousId":"\u001b[2J","timestamp":0}"#;
    folder.write("events.ndjson", events);
    let said = explain(&folder, &[]);
    assert!(said.starts_with("visitor \u{fffd}[2J: 1 event"), "{said}");
}

#[test]
fn who_cannot_be_found_is_said_to_be() {
    let folder = folder();
    let run = |more: &[&str]| {
        let args = ["explain", "pack.jsonc", "--events", "events.ndjson"];
        folder.run(&[&args, more].concat())
    };
    run(&["--visitor", "eve"]).refused(2, &["no-such-visitor", "\"eve\""]);
    run(&["--visitor", "u1"]).refused(2, &["no-such-visitor", "it is the userId of ann"]);
    run(&[]).refused(2, &["many-visitors", "2 visitors", "\"ann\", \"bob\"", "--visitor ID"]);
    folder.write("events.ndjson", "");
    run(&[]).refused(2, &["no-visitor", "has no event that can be read"]);
}

#[test]
fn arguments_that_cannot_be_read_are_said_to_be() {
    let folder = folder();
    let run = |more: &[&str]| {
        let args = ["explain", "pack.jsonc", "--visitor", "ann", "--events", "events.ndjson"];
        folder.run(&[&args, more].concat())
    };
    run(&["--now", "soon"]).refused(2, &["ISO 8601", "milliseconds since 1970"]);
    run(&["--consent", "ads"]).refused(2, &["all, none, or some of analytics,personalization"]);
    run(&["--context", "{"]).refused(2, &["bad-context", "The context is not JSON"]);
    run(&["--context", "[]"]).refused(2, &["wrong-type", "`context` is an array"]);
    run(&["--context", r#"{"page":1}"#]).refused(2, &["wrong-type", "`context.page` is a number"]);
    let wrong = ["explain", "events.ndjson", "--events", "events.ndjson"];
    folder.run(&wrong).refused(2, &["pack-has-errors", "events.ndjson"]);
    let none = ["explain", "pack.jsonc", "--events", "none.ndjson"];
    folder.run(&none).refused(2, &["unreadable-file", "none.ndjson"]);
}

#[test]
fn of_several_that_do_not_hold_the_closest_is_named() {
    let folder = folder();
    let pack = r#"{
        "pack": "shop",
        "segments": {
            "buyers": { "when": { "$count": { "event": "Order Completed", "is": { "$gte": 1 } } } },
        },
        "slots": { "hero": { "default": "keep" }, "side": { "default": "keep" } },
        "content": {
            "a": { "slot": "hero", "text": "a" },
            "s": { "slot": "side", "text": "s" },
        },
        "rules": [
            { "id": "nothing-like-it", "slot": "hero", "show": "a", "priority": 3,
              "when": { "$segment": "buyers", "page.path": "/none" } },
            { "id": "one-more-view", "slot": "hero", "show": "a", "priority": 2,
              "when": { "$did": { "event": "Product Viewed", "count": { "$gte": 3 } } } },
            { "id": "many-more-views", "slot": "hero", "show": "a", "priority": 1,
              "when": { "$did": { "event": "Product Viewed", "count": { "$gte": 30 } } } },
            { "id": "alone", "slot": "side", "show": "s", "when": { "page.path": "/none" } },
        ],
    }"#;
    folder.write("pack.jsonc", pack);
    let said = explain(&folder, &["--visitor", "bob"]);
    let line =
        "  closest of those that do not hold: one-more-view (Product Viewed: 2 of 3)\n\nslot side";
    assert!(said.contains(line), "{said}");
    assert_eq!(
        said.matches("closest").count(),
        1,
        "one rule has nothing to be compared with: {said}"
    );
    let said = explain(&folder, &["--visitor", "bob", "--format", "json"]);
    let json: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(json["slots"][0]["closest"], "one-more-view");
    let distances: Vec<f64> =
        (0..3).map(|rule| json["slots"][0]["rules"][rule]["distance"].as_f64().unwrap()).collect();
    assert!((distances[0] - 2.0).abs() < 1e-9, "{distances:?}");
    assert!((distances[1] - 1.0 / 3.0).abs() < 1e-9, "{distances:?}");
    assert!((distances[2] - 28.0 / 30.0).abs() < 1e-9, "{distances:?}");
}
