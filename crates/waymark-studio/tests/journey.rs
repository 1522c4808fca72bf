//! The page's own example, and what one does to it there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value as Json, json};
use waymark_studio::{check, run};

const PACK: &str = include_str!("../../../examples/packs/outdoor-shop.jsonc");
const EVENTS: &str = include_str!("../../../www/studio/example.ndjson");
const WORDS: &str = include_str!("../../../www/studio/words.ts");

fn asked(more: &Json) -> String {
    let mut request = json!({
        "consent": { "categoryPreferences": { "personalization": true } }, "locale": "en",
    });
    for (key, value) in more.as_object().unwrap() {
        request[key] = value.clone();
    }
    request.to_string()
}

fn find<'j>(list: &'j Json, key: &str, value: &str) -> &'j Json {
    list.as_array().unwrap().iter().find(|item| item[key] == value).unwrap()
}

#[test]
fn the_example_pack_has_no_problem_and_a_price() {
    let answer = check(PACK, None);
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["diagnostics"], json!([]));
    assert!(answer["cost"]["pageBytes"].as_u64().unwrap() > 0);
}

#[test]
fn the_example_journey_shows_tents_and_says_why() {
    let answer = run(PACK, EVENTS, &asked(&json!({})));
    let hero = &answer["decision"]["slots"]["hero"];
    assert_eq!(hero["content"], "hero-tents");
    assert!(hero["html"].as_str().unwrap().contains("You looked at Cirrus 1."));
    let rule = find(&answer["rules"], "rule", "tent-shoppers");
    assert_eq!(rule["outcome"], "won");
    assert_eq!(rule["because"][0]["segment"], "tent-shopper");
    let seen = &rule["because"][0]["because"][0];
    assert_eq!((&seen["test"], &seen["least"]), (&json!("count"), &json!(3)));
    assert_eq!(seen["feature"]["on"]["where"]["path"], "category");
    let lost = find(&answer["rules"], "rule", "customers");
    assert_eq!(lost["outcome"], "failed");
    assert_eq!(lost["because"][0]["actual"], "consideration");
    assert_eq!(lost["because"][0]["least"], "customer");
}

#[test]
fn each_event_says_what_it_changed() {
    let answer = run(PACK, EVENTS, &asked(&json!({})));
    let effects = answer["effects"].as_array().unwrap();
    assert_eq!(effects.len(), 5);
    assert_eq!(effects[0]["stage"], json!({ "from": null, "to": "awareness" }));
    assert_eq!(effects[4]["entered"], json!(["tent-shopper"]));
    assert_eq!(effects[4]["left"], json!(["newcomer"]));
}

#[test]
fn lines_that_hold_no_event_are_named_and_the_others_count() {
    let events = format!("not an event\n{EVENTS}\n\n{{\"type\":\"track\"}}\n");
    let answer = run(PACK, &events, &asked(&json!({})));
    let rejected = answer["rejected"].as_array().unwrap();
    assert_eq!(rejected.len(), 2);
    assert_eq!((&rejected[0]["line"], &rejected[0]["code"]), (&json!(1), &json!("not-an-object")));
    assert_eq!(rejected[1]["code"], "missing-event-name");
    assert_eq!(answer["effects"][0]["line"], 2);
    assert_eq!(answer["decision"]["slots"]["hero"]["content"], "hero-tents");
}

#[test]
fn without_consent_nothing_kept_is_looked_at() {
    let consent = json!({ "categoryPreferences": {} });
    let context = json!({ "campaign": { "source": "newsletter" } });
    let request = asked(&json!({ "consent": consent, "context": context }));
    let answer = run(PACK, EVENTS, &request);
    assert_eq!(answer["decision"]["slots"]["hero"]["content"], "hero-spring");
    let rule = find(&answer["rules"], "rule", "tent-shoppers");
    assert_eq!((&rule["outcome"], &rule["because"]), (&json!("no-consent"), &json!([])));
    let segment = find(&answer["segments"], "id", "tent-shopper");
    assert_eq!((&segment["truth"], &segment["because"]), (&json!(null), &json!([])));
}

#[test]
fn time_alone_takes_a_visitor_out_of_a_segment() {
    let soon = run(PACK, EVENTS, &asked(&json!({ "now": "2026-11-21T20:30:00Z" })));
    assert_eq!(soon["decision"]["validUntil"], "2026-11-27T09:02:00.000Z");
    let later = run(PACK, EVENTS, &asked(&json!({ "now": "2026-11-27T09:02:00Z" })));
    assert_eq!(later["decision"]["slots"]["hero"]["content"], json!(null));
    let rule = find(&later["rules"], "rule", "tent-shoppers");
    assert_eq!(rule["because"][0]["because"][0]["actual"], 2);
}

#[test]
fn what_cannot_be_asked_is_refused_with_a_code() {
    let refused = |pack: &str, request: &str| run(pack, EVENTS, request)["error"]["code"].clone();
    assert_eq!(refused("{", "{}"), "pack-has-errors");
    assert_eq!(refused(PACK, "{"), "bad-json");
    assert_eq!(refused(PACK, "[]"), "not-an-object");
    assert_eq!(refused(PACK, r#"{"now": "soon"}"#), "bad-timestamp");
}

#[test]
fn a_diagnostic_is_placed_where_an_editor_would_mark_it() {
    let source = PACK.replacen(r#""$segment": "big-spender""#, r#""$segment": "big-spendr""#, 1);
    let answer = check(&source, None);
    let found = &answer["diagnostics"][0];
    assert_eq!((&found["code"], &found["severity"]), (&json!("unknown-segment"), &json!("error")));
    assert_eq!(found["mend"], "did you mean \"big-spender\"?");
    let units: Vec<u16> = source.encode_utf16().collect();
    let at = |key: &str| usize::try_from(found[key].as_u64().unwrap()).unwrap();
    let marked = String::from_utf16(&units[at("from")..at("to")]).unwrap();
    assert!(marked.contains("big-spendr"), "{marked}");
    let line = source.lines().nth(at("line") - 1).unwrap();
    assert!(line.chars().skip(at("column") - 1).collect::<String>().starts_with(&marked));
}

#[test]
fn reasons_do_not_grow_with_each_way_to_them() {
    let segments: Vec<String> = (0..40)
        .map(|number| match number {
            0 | 1 => {
                format!(r#""s{number}": {{ "when": {{ "$did": {{ "event": "E{number}" }} }} }}"#)
            }
            _ => format!(
                r#""s{number}": {{ "when": {{ "$segment": ["s{}", "s{}"] }} }}"#,
                number - 1,
                number - 2
            ),
        })
        .collect();
    let pack = format!(
        r#"{{ "pack": "deep", "events": {{ "E0": {{}}, "E1": {{}} }}, "segments": {{ {} }},
            "slots": {{ "a": {{ "default": "keep" }} }}, "content": {{ "c": {{ "slot": "a", "text": "c" }} }},
            "rules": [{{ "id": "r", "slot": "a", "when": {{ "$segment": "s39" }}, "show": "c" }}] }}"#,
        segments.join(", ")
    );
    assert_eq!(check(&pack, None)["diagnostics"], json!([]));
    let answer = run(&pack, "", &asked(&json!({ "now": 0 })));
    assert_eq!(answer["rules"][0]["outcome"], "failed");
    assert!(answer.to_string().len() < 2_000_000);
}

#[test]
fn every_code_has_a_chinese_title() {
    let packs = waymark_pack::Code::ALL.iter().map(|code| code.name());
    let events = waymark_wire::Code::ALL.iter().map(|code| code.name());
    for code in packs.chain(events) {
        assert!(WORDS.contains(&format!("    '{code}': '")), "www/studio/words.ts lacks {code}");
    }
}
