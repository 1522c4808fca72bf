//! Every written vector, asked as the page asks: the decision is the expected one, and what is said
//! of it agrees with it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use waymark_studio::{check, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// `(name, pack, events as NDJSON, request, what is expected)`.
fn cases() -> Vec<(String, String, String, String, Json)> {
    let folder = root().join("tests/vectors");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.extension().is_none_or(|ending| ending != "json") || stem == "index" {
            continue;
        }
        let suite: Json = serde_json::from_str(&read(&path)).unwrap();
        // The studio knows one pack at a time.
        let cases = suite["cases"].as_array().unwrap().iter();
        for case in cases.filter(|case| case["before"].is_null()) {
            let events = case["events"].as_array().unwrap();
            let lines: Vec<String> = events.iter().map(Json::to_string).collect();
            all.push((
                format!("{stem} / {}", case["name"]),
                suite["pack"].to_string(),
                lines.join("\n"),
                case["decide"].to_string(),
                case["expect"].clone(),
            ));
        }
    }
    all
}

fn list<'j>(answer: &'j Json, key: &str) -> &'j [Json] {
    answer[key].as_array().unwrap_or_else(|| panic!("{key} in {answer}"))
}

/// Whether an answer says what is wanted of it, whatever else it says. What is wanted as null may be
/// left out.
fn says(found: &Json, wanted: &Json) -> bool {
    match (found, wanted) {
        (Json::Object(found), Json::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| says(found.get(key).unwrap_or(&Json::Null), wanted))
        }
        (Json::Array(found), Json::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(f, w)| says(f, w))
        }
        _ => found == wanted,
    }
}

#[test]
fn the_page_is_told_what_every_vector_expects() {
    let cases = cases();
    let index: Json =
        serde_json::from_str(&read(&root().join("tests/vectors/index.json"))).unwrap();
    let (all, asked) = (index["cases"].as_u64().unwrap(), cases.len() as u64);
    assert!(asked <= all && asked > all - 20, "{asked} of {all}");
    for (name, pack, events, request, expect) in cases {
        assert_eq!(check(&pack, None)["ok"], true, "{name}");
        let answer = run(&pack, &events, &request);
        assert_eq!(list(&answer, "rejected"), [] as [Json; 0], "{name}");
        for (key, wanted) in expect.as_object().into_iter().flatten() {
            if key == "actions" {
                assert!(says(&answer[key], wanted), "{name}: {}", answer[key]);
                continue;
            }
            if key != "slots" {
                assert!(says(&answer["decision"][key], wanted), "{name}: {key}");
                continue;
            }
            for (slot, wanted) in wanted.as_object().unwrap() {
                let found = &answer["decision"]["slots"][slot];
                match wanted.as_object() {
                    None => assert_eq!(&found["content"], wanted, "{name}: {slot}"),
                    Some(members) => members.iter().for_each(|(member, wanted)| {
                        assert!(says(&found[member], wanted), "{name}: {slot}.{member}");
                    }),
                }
            }
        }
    }
}

#[test]
fn what_is_said_of_a_decision_agrees_with_it() {
    for (name, pack, events, request, _) in cases() {
        let answer = run(&pack, &events, &request);
        let decision = &answer["decision"];
        for rule in list(&answer, "rules") {
            let name = format!("{name}: rule {rule}");
            let shown = &decision["slots"][rule["slot"].as_str().unwrap()];
            let won = rule["outcome"] == "won";
            let held_out = rule["outcome"] == "held-out";
            assert_eq!(won || held_out, shown["rule"] == rule["rule"], "{name}");
            let experiment = &shown["experiment"];
            if won && experiment.is_null() {
                // Of several with the same points the first.
                let mut best = (&rule["content"], f64::NEG_INFINITY);
                for one in rule["ranking"].as_array().into_iter().flatten() {
                    if let Some(points) = one["points"].as_f64().filter(|points| *points > best.1) {
                        best = (&one["content"], points);
                    }
                }
                assert_eq!(&shown["content"], best.0, "{name}");
            }
            // An address may ask for a variation, and a visitor keep one, whatever the condition.
            let regardless = experiment["forced"] == true || experiment["sticky"] == true;
            let met = |met: bool| list(rule, "because").iter().all(|fact| fact["met"] == met);
            match rule["outcome"].as_str().unwrap() {
                "won" if regardless => {}
                "won" | "held-out" | "passed-through" => {
                    assert!(rule["holds"] == true && met(true), "{name}");
                }
                "needs" | "out-of-share" | "inactive" | "limited" | "excluded" => {}
                "failed" | "unknown" => {
                    assert!(rule["holds"] == false && met(false), "{name}");
                    assert!(!list(rule, "because").is_empty(), "{name}: no reason");
                }
                "outranked" => assert!(met(rule["holds"] == true), "{name}"),
                "no-consent" => assert!(list(rule, "because").is_empty(), "{name}"),
                other => panic!("{name}: {other}"),
            }
        }
        let holding = |key: &str| -> Vec<Json> {
            let holding = list(&answer, key).iter().filter(|asked| asked["truth"] == "true");
            holding.map(|asked| asked["id"].clone()).collect()
        };
        assert_eq!(holding("segments"), list(decision, "segments"), "{name}");
        let stage = holding("stages").pop().unwrap_or_default();
        assert_eq!(stage, decision["stage"], "{name}");
    }
}
