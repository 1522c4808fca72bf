use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use waymark_engine::Decision;

use crate::support::{Folder, lines, two_visitors};

fn case(name: &str, events: &[&str], decide: &Value) -> String {
    format!(r#"{{"name":"{name}","events":[{}],"decide":{decide}}}"#, events.join(","))
}

#[test]
fn each_case_comes_back_to_be_read_and_as_bytes() {
    let folder = Folder::with_pack();
    let all = two_visitors();
    let ann: Vec<&str> = all.lines().take(3).collect();
    let twice: Vec<&str> = ann.iter().chain(&ann).copied().collect();
    let now = 1_767_312_000_000_i64;
    let consent = json!({"categoryPreferences": {"personalization": true}});
    let decide = json!({"now": now, "consent": consent, "locale": "en", "context": {}});
    let text = lines(&[
        case("ann", &ann, &decide),
        case("ann twice", &twice, &decide),
        case("nobody", &[], &json!({"now": "2026-01-02T00:00:00Z"})),
        case("unread", &["{}", ann[0]], &decide),
        // Half of a surrogate pair, which JSON readers differ about.
        case(
            "odd",
            &[r#"{"type":"track","event":"\ud83d","anonymousId":"a","timestamp":0}"#],
            &decide,
        ),
    ]);
    folder.write("cases.ndjson", &text);
    let ran = folder.run(&["evaluate", "pack.jsonc", "cases.ndjson"]);
    let out: Vec<Value> =
        ran.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(out.len(), 5);
    let hero = &out[0]["decision"]["slots"]["hero"];
    assert_eq!(hero["html"], "<h1>Welcome back, Ann</h1>");
    let bytes = STANDARD.decode(out[0]["encoded"].as_str().unwrap()).unwrap();
    let decision = Decision::decode(&bytes).unwrap();
    assert_eq!((decision.seq, decision.now.0), (3, now));
    assert_eq!(waymark_wire::decision_to_json(&decision), out[0]["decision"]);
    assert_eq!(out[0]["state"].as_str().unwrap().len(), 16);
    assert_eq!(out[1]["state"], out[0]["state"], "a message id counts once");
    assert_eq!(out[1]["encoded"], out[0]["encoded"]);
    assert_eq!(out[2]["decision"]["slots"]["hero"]["reason"], "no-consent");
    assert_eq!(out[2]["decision"]["now"], "2026-01-02T00:00:00.000Z");
    assert_eq!(out[3]["rejected"], json!([{"index": 0, "code": "missing-type"}]));
    assert_eq!(out[3]["decision"]["seq"], 1);
    assert_eq!((&out[4]["decision"]["seq"], &out[4]["rejected"]), (&json!(1), &json!([])));
    let piped = folder.run_with(&["evaluate", "pack.jsonc", "-"], text.as_bytes(), &[]);
    assert_eq!(piped.ok(), ran.out());
}

#[test]
fn a_line_that_is_no_case_is_refused_by_number() {
    let folder = Folder::with_pack();
    for (line, said) in [
        ("{", "Line 2 of standard input is not a case: EOF"),
        (r#"{"name":"a","events":[]}"#, "missing field `decide`"),
        (r#"{"name":"a","decide":{}}"#, "`decide.now` is neither"),
        (r#"{"name":"a","decide":{"now":0,"consent":{"analytics":true}}}"#, "categoryPreferences"),
    ] {
        let input = format!("\n{line}\n");
        let ran = folder.run_with(&["evaluate", "pack.jsonc", "-"], input.as_bytes(), &[]);
        ran.refused(2, &["bad-case"]);
        let flat: String = ran.err().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(said), "{said:?} is not in:\n{flat}");
    }
}
