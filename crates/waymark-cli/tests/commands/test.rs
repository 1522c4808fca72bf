use crate::support::{Folder, PACK};

/// The pack with tests in it.
fn with_tests(tests: &str) -> Folder {
    let folder = Folder::new();
    let end = PACK.rfind('}').unwrap();
    folder.write("pack.jsonc", format!("{}\"tests\": [{tests}],\n}}", &PACK[..end]));
    folder
}

const BIG_SPENDER: &str = r#"{
  "name": "a big spender sees the VIP hero",
  "given": [{ "at": "-3d", "event": "Order Completed", "properties": { "revenue": REVENUE } }],
  "context": { "page": { "path": "/" } },
  "expect": { "segments": ["vip"], "notSegments": ["tents"], "stage": "customer", "slots": { "hero": "hero-vip", "note": "keep" } },
}"#;

#[test]
fn a_test_that_holds_takes_one_line() {
    let folder = with_tests(&BIG_SPENDER.replace("REVENUE", "600"));
    let ran = folder.run(&["test", "pack.jsonc"]);
    assert_eq!(ran.ok(), "✓ a big spender sees the VIP hero\n1 passed, 0 failed\n");
}

#[test]
fn a_test_that_fails_says_which_clause_and_by_how_much() {
    let folder = with_tests(&BIG_SPENDER.replace("REVENUE", "420"));
    let ran = folder.run(&["test", "pack.jsonc"]);
    ran.refused(1, &["tests-failed", "1 of 1 tests failed"]);
    for part in [
        "✗ a big spender sees the VIP hero",
        "the visitor is not in the segment vip",
        "the slot hero shows what the page's author put there, not hero-vip",
        "420",
        "500",
        "80",
    ] {
        assert!(ran.out().contains(part), "{part:?} is not in:\n{}", ran.out());
    }
    let ran = folder.run(&["test", "--format", "json", "pack.jsonc"]);
    assert_eq!(ran.status(), 1);
    let json: serde_json::Value = serde_json::from_str(ran.out()).unwrap();
    assert_eq!((&json[0]["passed"], &json[0]["failures"][0]["id"]), (&false.into(), &"vip".into()));
}

#[test]
fn a_test_may_be_of_somebody_who_allowed_nothing() {
    let folder = with_tests(
        r#"{ "name": "nothing is known", "consent": "none", "traits": { "a": 1 },
             "given": [{ "event": "Order Completed", "properties": { "revenue": 600 } }],
             "context": { "campaign": { "source": "mail" } },
             "expect": { "notSegments": ["vip"], "stage": null, "slots": { "hero": "keep", "note": "note-sale" } } }"#,
    );
    assert!(folder.run(&["test", "*.jsonc"]).ok().ends_with("1 passed, 0 failed\n"));
}

#[test]
fn the_packs_of_this_repository_pass_their_own_tests() {
    let here = env!("CARGO_MANIFEST_DIR");
    let [examples, whole] = [
        format!("{here}/../../examples/packs/*.jsonc"),
        format!("{here}/../waymark-pack/tests/whole/*.jsonc"),
    ];
    let ran = Folder::new().run(&["test", &examples, &whole]);
    assert!(ran.ok().lines().count() > 4, "{}", ran.out());
}

#[test]
fn tests_are_no_part_of_the_program() {
    let (with, without) = (with_tests(&BIG_SPENDER.replace("REVENUE", "600")), Folder::with_pack());
    let hash = |folder: &Folder| {
        let ran = folder.run(&["check", "--format", "json", "pack.jsonc"]);
        ran.json()[0]["hash"].clone()
    };
    assert_eq!(hash(&with), hash(&without));
}
