//! The packs that we hand out.

use std::path::Path;

use crate::support::Folder;

/// The packs of a folder of examples, by their names.
fn packs(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(folder);
    let mut packs: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "jsonc"))
        .map(|path| path.to_str().unwrap().to_owned())
        .collect();
    packs.sort();
    packs
}

#[test]
fn every_pack_is_right_without_a_warning_and_passes_its_own_tests() {
    let recipes = packs("recipes");
    assert!(recipes.len() >= 20, "{recipes:?}");
    let folder = Folder::new();
    for pack in recipes.iter().chain(&packs("packs")) {
        let checked = folder.run(&["check", "--format", "json", pack]);
        let report: serde_json::Value = serde_json::from_str(checked.ok()).unwrap();
        assert_eq!(report[0]["diagnostics"], serde_json::json!([]), "{pack}: {report}");
        let tested = folder.run(&["test", "--format", "json", pack]);
        let tests: serde_json::Value = serde_json::from_str(tested.ok()).unwrap();
        // The shop's pack is tested by what is built on it.
        let least = if pack.contains("/recipes/") { 3 } else { 0 };
        assert!(tests.as_array().unwrap().len() >= least, "{pack}");
    }
}

#[test]
fn tests_can_be_proposed_for_every_pack_and_pass() {
    let folder = Folder::new();
    for pack in packs("recipes").iter().chain(&packs("packs")) {
        let text = std::fs::read_to_string(pack).unwrap();
        let json = waymark_pack::Input::of(&text).json().unwrap();
        let mut json: serde_json::Value = serde_json::from_str(&json).unwrap();
        // Without its own tests, so that there is something to propose.
        json["tests"] = serde_json::json!([]);
        json["include"] = serde_json::json!(["proposed.jsonc"]);
        folder.write("pack.jsonc", json.to_string());
        folder.write("proposed.jsonc", "{}");
        let args = ["pack-tests", "pack.jsonc", "--generate", "100", "-o", "proposed.jsonc"];
        let proposed = folder.run(&args);
        assert_eq!(proposed.ok(), "", "{pack}");
        assert!(!proposed.err().contains("more to them"), "{pack}: {}", proposed.err());
        let said = folder.run(&["test", "pack.jsonc"]);
        assert!(said.ok().contains(" 0 failed") && !said.ok().starts_with("0 passed"), "{pack}");
    }
}
