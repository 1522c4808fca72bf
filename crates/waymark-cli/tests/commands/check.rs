use crate::support::Folder;

#[test]
fn a_pack_that_is_right_takes_one_line() {
    let folder = Folder::with_pack();
    let ran = folder.run(&["check", "pack.jsonc"]);
    let line = ran.ok();
    assert!(line.starts_with("ok: shop, 3 rules, 2 segments, state ≤ "), "{line}");
    assert!(line.contains(" KB a visitor, page Program "), "{line}");
    assert_eq!(line.lines().count(), 1);
}

#[test]
fn a_pack_that_is_wrong_is_shown_where_and_how_to_mend_it() {
    let folder = Folder::new();
    let wrong = crate::support::PACK.replace(r#""$segment": "vip""#, r#""$segment": "vap""#);
    folder.write("wrong.jsonc", wrong);
    let ran = folder.run(&["check", "wrong.jsonc"]);
    ran.refused(1, &["pack-has-errors", "wrong.jsonc has 1 error"]);
    let shown = ran.out();
    for part in ["wrong.jsonc:26:59", r#""$segment": "vap""#, "help: ", "vip"] {
        assert!(shown.contains(part), "{part:?} is not in:\n{shown}");
    }
    assert!(!shown.contains('\u{1b}'), "colours are for terminals");
}

#[test]
fn every_pack_is_checked_though_one_is_wrong() {
    let folder = Folder::with_pack();
    folder.write("wrong.jsonc", "{");
    let ran = folder.run(&["check", "wrong.jsonc", "pack.jsonc"]);
    assert_eq!(ran.status(), 1);
    assert!(ran.out().contains("ok: shop, "));
}

#[test]
fn json_has_one_member_a_pack() {
    let folder = Folder::with_pack();
    folder.write("wrong.jsonc", "{");
    let ran = folder.run(&["check", "--format", "json", "pack.jsonc", "wrong.jsonc"]);
    assert_eq!(ran.status(), 1);
    let json: serde_json::Value = serde_json::from_str(ran.out()).unwrap();
    assert_eq!(json[0]["ok"], true);
    assert_eq!((&json[0]["pack"], &json[0]["rules"]), (&"shop".into(), &3.into()));
    assert_eq!(json[0]["hash"].as_str().unwrap().len(), 32);
    assert_eq!(json[1]["ok"], false);
    let diagnostic = &json[1]["diagnostics"][0];
    assert_eq!((&diagnostic["severity"], &diagnostic["line"]), (&"error".into(), &1.into()));
    assert_eq!(json[1].get("pack"), None);
}

#[test]
fn sarif_says_where_and_how_to_mend_it() {
    let folder = Folder::with_pack();
    let wrong = crate::support::PACK.replace(r#""$segment": "vip""#, r#""$segment": "vpi""#);
    folder.write("wrong one.jsonc", wrong);
    let ran = folder.run(&["check", "--format", "sarif", "*.jsonc"]);
    assert_eq!(ran.status(), 1);
    let log: serde_json::Value = serde_json::from_str(ran.out()).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for rule in rules {
        for text in [&rule["shortDescription"]["text"], &rule["help"]["text"]] {
            assert!(text.as_str().is_some_and(|text| text.ends_with('.')), "{rule}");
        }
    }
    let result = &run["results"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 1);
    assert_eq!(result["ruleId"], "unknown-segment");
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(rules[index]["id"], "unknown-segment");
    assert_eq!(result["level"], "error");
    assert_eq!(result["message"]["text"], r#"unknown segment "vpi": did you mean "vip"?"#);
    let place = &result["locations"][0];
    assert_eq!(place["physicalLocation"]["artifactLocation"]["uri"], "wrong%20one.jsonc");
    let region =
        serde_json::json!({ "startLine": 26, "startColumn": 59, "endLine": 26, "endColumn": 64 });
    assert_eq!(place["physicalLocation"]["region"], region);
    assert_eq!(place["logicalLocations"][0]["fullyQualifiedName"], "/rules/0/when/$segment");
    let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["deletedRegion"], region);
    assert_eq!(replacement["insertedContent"]["text"], r#""vip""#);
}

#[test]
fn a_pattern_means_the_files_that_are_like_it() {
    let folder = Folder::with_pack();
    folder.write("other.jsonc", crate::support::PACK);
    assert_eq!(folder.run(&["check", "*.jsonc"]).ok().matches("ok: ").count(), 2);
    folder.run(&["check", "*.pack"]).refused(2, &["no-such-file", "*.pack"]);
}

#[test]
fn a_pack_on_one_long_line_is_told_of_without_the_line() {
    let folder = Folder::new();
    let spaces = " ".repeat(100_000);
    folder.write("long.json", format!(r#"{{ "pack": "p",{spaces}"slotz": {{}} }}"#));
    let ran = folder.run(&["check", "long.json"]);
    ran.refused(1, &["pack-has-errors"]);
    assert!(ran.out().contains("long.json:1:100015: a pack has no key"), "{}", ran.out());
    assert!(ran.out().len() < 1_000);
}

#[test]
fn what_cannot_be_read_is_said_to_be() {
    let folder = Folder::new();
    folder
        .run(&["check", "none.json"])
        .refused(2, &["unreadable-file", "none.json cannot be read"]);
    folder.write("latin.json", b"{\"pack\": \"\xe9\"}");
    folder.run(&["check", "latin.json"]).refused(2, &["it is not UTF-8 at byte 10"]);
    folder.write("large.json", vec![b' '; 2 * 1024 * 1024 + 1]);
    folder.run(&["check", "large.json"]).refused(2, &["pack-too-large", "2097152 bytes"]);
    folder.run(&["check"]).refused(2, &["<PACK>..."]);
}

#[test]
fn the_parts_of_a_pack_are_read_from_beside_it() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("trained")).unwrap();
    folder.write(
        "pack.jsonc",
        crate::support::PACK.replacen('{', r#"{ "include": ["trained/*.json", "more.json"],"#, 1),
    );
    folder.write("more.json", "{}");
    folder.write(
        "trained/a.json",
        r#"{ "segments": { "big": { "when": { "features.spend-90d": { "$gt": 9 } } } } }"#,
    );
    assert!(folder.run(&["check", "pack.jsonc"]).ok().starts_with("ok: shop, 3 rules, 3 segments"));
    folder.write("trained/b.json", r#"{ "segments": { "vip": { "when": {} } } }"#);
    let ran = folder.run(&["check", "pack.jsonc"]);
    ran.refused(1, &["pack-has-errors"]);
    assert!(ran.out().contains("trained/b.json:1:17"), "{}", ran.out());
    let ran = folder.run(&["check", "--format", "sarif", "pack.jsonc"]);
    let log: serde_json::Value = serde_json::from_str(ran.out()).unwrap();
    let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "trained/b.json");
    folder.run(&["check", "trained/../pack.jsonc"]).refused(1, &["pack-has-errors"]);
    folder.run(&["fmt", "--check", "trained/b.json"]).refused(1, &["not-formatted"]);
}

#[test]
fn the_rows_of_the_catalogue_are_read_from_beside_the_pack() {
    let folder = Folder::new();
    let catalog = r#"{ "catalog": { "source": "things.ndjson", "key": "sku" },"#;
    folder.write("pack.jsonc", crate::support::PACK.replacen('{', catalog, 1));
    folder.run(&["check", "pack.jsonc"]).refused(2, &["unreadable-file", "things.ndjson"]);
    folder.write("things.ndjson", "{\"sku\": 1}\n{\"sku\": 2}\n");
    folder.run(&["check", "pack.jsonc"]).ok();
    folder.write("things.ndjson", "{\"sku\": 1}\n{}\n");
    let ran = folder.run(&["check", "pack.jsonc"]);
    ran.refused(1, &["pack-has-errors"]);
    assert!(ran.out().contains("things.ndjson:2:1"), "{}", ran.out());
}
