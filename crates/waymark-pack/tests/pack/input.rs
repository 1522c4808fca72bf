//! Packs of several files.

use waymark_pack::{Input, Part, catalog_source, compile, includes};

const PACK: &str = r#"{
  "pack": "shop", // the marketer's own file
  "include": ["trained/*.json"],
  "segments": { "vip": { "when": { "$did": { "event": "Order Completed" } } } },
  "slots": { "hero": { "default": "keep" } },
  "rules": [{ "id": "one", "slot": "hero", "when": { "$segment": "vip" }, "show": "hi" }],
}"#;
const PART: &str = r#"{
  "$schema": "https://waymark.dev/schema/pack-1.json",
  "segments": { "keen": { "when": { "$did": { "event": "Product Viewed", "count": 3.0e0 } } } },
  "content": { "hi": { "slot": "hero", "text": "Hi é" } },
  "rules": [{ "id": "two", "slot": "hero", "when": { "$segment": "keen" }, "show": "hi", "priority": 2 }]
}"#;

fn of<'s>(text: &'s str, parts: &[(&'s str, &'s str)]) -> Input<'s> {
    let parts = parts.iter().map(|(name, text)| Part { name, text });
    Input { parts: Some(parts.collect()), ..Input::of(text) }
}

#[test]
fn a_part_adds_to_the_pack() {
    assert_eq!(includes(PACK), ["trained/*.json"]);
    let input = of(PACK, &[("trained/a.json", PART)]);
    let program = input.compile().unwrap().program;
    let ids: Vec<&str> = program.segments.iter().map(|segment| segment.id.as_str()).collect();
    assert_eq!(ids, ["keen", "vip"]);
    assert_eq!(program.rules.len(), 2);
    assert_eq!(compile(&input.bundled().unwrap()).unwrap().program, program);
}

#[test]
fn what_is_wrong_in_a_part_is_said_of_that_part() {
    let wrong = PART
        .replace("\"Hi é\"", "\"é {{ trait.x }}\"")
        .replace("\"slot\": \"hero\",", "\"slot\": \"herp\",");
    let report = of(PACK, &[("empty.json", "{}"), ("trained/a.json", &wrong)]).check();
    let said: Vec<String> = report.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "6:83 error[wrong-slot]: \"hi\" is content of the slot \"herp\", not of \"hero\"",
            "trained/a.json:4:32 error[unknown-slot]: unknown slot \"herp\": did you mean \"hero\"?",
            "trained/a.json:4:54 error[unknown-path]: \"trait.x\" is no path; paths start with traits., page., campaign., device., geo., session., features., time., scores.: did you mean \"traits.x\"?",
            "trained/a.json:5:36 error[unknown-slot]: unknown slot \"herp\": did you mean \"hero\"?",
        ]
    );
    let first = &report.diagnostics[1];
    assert_eq!(
        (first.file.as_deref(), first.pointer.as_str()),
        (Some("trained/a.json"), "/content/hi/slot")
    );
    assert_eq!(&wrong[first.offset..first.offset + first.length], "\"herp\"");
}

#[test]
fn nothing_is_replaced() {
    let twice = r#"{ "pack": "other", "include": [], "segments": { "vip": {} } }"#;
    let report =
        of(PACK, &[("a.json", PART), ("b.json", twice), ("c.json", "[]"), ("d.json", "{")]).check();
    let said: Vec<String> = report.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "b.json:1:3 error[duplicate-key]: \"pack\" is in the pack itself and in b.json: keep one of the two; a part only adds to the pack",
            "b.json:1:20 error[bad-include]: a part of a pack includes nothing itself",
            "b.json:1:49 error[duplicate-key]: \"vip\" is in the pack itself and in b.json: keep one of the two; a part only adds to the pack",
            "c.json:1:1 error[wrong-type]: a part of a pack is an object, and this is an array",
            "d.json:1:1 error[bad-json]: this is no JSON: unterminated object",
        ]
    );
}

#[test]
fn a_pack_with_parts_is_refused_where_nobody_reads_files() {
    let codes: Vec<&str> = waymark_pack::check(PACK).iter().map(|d| d.code).collect();
    assert!(codes.contains(&"bad-include"), "{codes:?}");
    let wrong = PACK.replace("trained/*.json", "../*.json");
    assert_eq!(includes(&wrong), [] as [&str; 0]);
}

const LISTED: &str = r#"{
  "pack": "shop",
  "catalog": { "source": "catalog.ndjson", "key": "sku", "fields": { "title": "string", "price": "number" } },
  "tables": { "best": ["b", "a"] },
  "slots": { "more": { "default": "keep" } },
  "content": { "list": { "slot": "more", "items": { "from": "tables.best" }, "each": "{{ item.title }}" } },
  "rules": [{ "id": "list", "slot": "more", "show": "list" }]
}"#;
const ROWS: &str = "{\"sku\": \"a\", \"title\": \"A \\u00e9\", \"price\": 1}\n\n{\"sku\": \"b\", \"title\": \"B\"}\r\n";

fn listed<'s>(text: &'s str, rows: &'s str) -> Input<'s> {
    Input { rows: Some(Part { name: "catalog.ndjson", text: rows }), ..Input::of(text) }
}

#[test]
fn the_rows_of_a_catalogue_may_stand_in_a_file() {
    assert_eq!(catalog_source(LISTED).as_deref(), Some("catalog.ndjson"));
    let input = listed(LISTED, ROWS);
    let program = input.compile().unwrap().program;
    let keys: Vec<&str> = program.catalog.rows.iter().map(|row| row.key.as_str()).collect();
    assert_eq!(keys, ["a", "b"]);
    assert_eq!(compile(&input.bundled().unwrap()).unwrap().program, program);
}

#[test]
fn what_is_wrong_in_a_row_is_said_of_its_line() {
    let rows = "{\"sku\": \"a\", \"price\": \"1\"}\n{\"title\": \"B\"}\n{\"sku\": \"a\"}\n";
    let said: Vec<String> = listed(LISTED, rows).check().iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "4:24 error[unknown-row]: the catalogue has no \"b\"",
            "catalog.ndjson:1:23 error[wrong-type]: \"price\" is of type number, and this is a string",
            "catalog.ndjson:2:1 error[missing-key]: a row has no \"sku\": a string or a number",
            "catalog.ndjson:3:1 error[duplicate-id]: another row has the key \"a\"",
        ]
    );
    let broken = "{\"sku\": \"a\"}\n{\"sku\": \n";
    let report = listed(LISTED, broken).check();
    let said: Vec<String> = report.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "catalog.ndjson:2:8 error[bad-json]: this is no JSON: expected value after colon in object property"
        ]
    );
}

#[test]
fn rows_come_from_one_place() {
    let both = LISTED.replace("\"key\": \"sku\"", "\"key\": \"sku\", \"rows\": []");
    let said = |report: waymark_pack::Report| -> Vec<String> {
        report.iter().map(|it| format!("{}: {}", it.code, it.message)).collect()
    };
    let message = "duplicate-key: a catalogue has `rows` or a `source` of them, and this has both";
    assert!(said(listed(&both, ROWS).check()).contains(&message.to_owned()));
    let unread = said(waymark_pack::check(LISTED));
    let message = "bad-include: `source` names a file, and nobody reads files here";
    assert!(unread.contains(&message.to_owned()), "{unread:?}");
    let outside = LISTED.replace("catalog.ndjson", "../catalog.ndjson");
    assert_eq!(catalog_source(&outside), None);
    let message = "bad-include: \"../catalog.ndjson\" is no file beside the pack or below it";
    assert!(said(waymark_pack::check(&outside)).contains(&message.to_owned()));
    let neither = LISTED.replace("\"source\": \"catalog.ndjson\", ", "");
    let message = "missing-key: the catalogue needs `rows`, or the `source` of them";
    assert!(said(waymark_pack::check(&neither)).contains(&message.to_owned()));
}
