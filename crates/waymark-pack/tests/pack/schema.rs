//! The JSON Schema: what it accepts and refuses, and that the published one is the present one.

use std::path::{Path, PathBuf};

use jsonc_parser::ParseOptions;
use jsonschema::Validator;
use serde_json::Value;
use waymark_pack::{check, language};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// The packs of a folder, by name.
fn packs(folder: &Path) -> Vec<(String, Value)> {
    let mut packs = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "jsonc") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            packs.extend(parsed(&read(&path)).map(|pack| (name, pack)));
        }
    }
    packs.sort_by(|one, other| one.0.cmp(&other.0));
    packs
}

fn parsed(source: &str) -> Option<Value> {
    jsonc_parser::parse_to_serde_value(source, &ParseOptions::default()).ok()
}

fn schema() -> Validator {
    let schema: Value = serde_json::from_str(&language::schema()).unwrap();
    jsonschema::meta::validate(&schema).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn the_published_schema_is_the_present_one() {
    let published = read(&repository("www/schema/pack-1.json"));
    assert!(published == language::schema(), "it is stale: run `cargo xtask schema`");
}

#[test]
fn it_accepts_every_pack_that_works() {
    let schema = schema();
    let mut all = packs(&repository("examples/packs"));
    all.extend(packs(&repository("tests/vectors")));
    all.extend(packs(&repository("crates/waymark-pack/tests/whole")));
    // The vectors hold packs of their own.
    for file in std::fs::read_dir(repository("tests/vectors")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let suite: Value = serde_json::from_str(&read(&path)).unwrap();
            inner_packs(&suite, &mut |pack| all.push((path.display().to_string(), pack.clone())));
        }
    }
    assert!(all.len() > 15, "{} packs", all.len());
    for (name, pack) in all {
        let errors: Vec<String> =
            schema.iter_errors(&pack).map(|e| format!("{} {e}", e.instance_path())).collect();
        assert!(errors.is_empty() || check(&pack.to_string()).has_errors(), "{name}: {errors:#?}");
    }
}

fn inner_packs(value: &Value, each: &mut dyn FnMut(&Value)) {
    match value {
        Value::Object(members) if members.get("pack").is_some_and(Value::is_object) => {
            each(&members["pack"]);
            members.values().for_each(|value| inner_packs(value, each));
        }
        Value::Object(members) => members.values().for_each(|value| inner_packs(value, each)),
        Value::Array(items) => items.iter().for_each(|value| inner_packs(value, each)),
        _ => {}
    }
}

#[test]
fn it_refuses_packs_whose_shape_is_wrong() {
    let schema = schema();
    let refused: Vec<String> = packs(&repository("crates/waymark-pack/tests/broken"))
        .into_iter()
        .filter(|(_, pack)| !schema.is_valid(pack))
        .map(|(name, _)| name)
        .collect();
    for name in [
        "durations",
        "missing-keys",
        "out-of-place",
        "slots-and-rules",
        "top-level",
        "unknown-keys",
        "wrong-json-types",
    ] {
        assert!(refused.iter().any(|refused| refused == name), "{name}: {refused:?}");
    }
}

#[test]
fn it_explains_every_key_to_an_editor() {
    fn explained(schema: &Value, within: &str) {
        for (word, value) in schema.as_object().into_iter().flatten() {
            let members = value.as_object().into_iter().flatten();
            match word.as_str() {
                "properties" => members.for_each(|(key, property)| {
                    let bare = property.get("description").is_none();
                    let about = property["description"].as_str().unwrap_or_default();
                    assert!(bare && key.starts_with('$') || about.ends_with('.'), "{within}.{key}");
                    explained(property, key);
                }),
                "$defs" => members.for_each(|(key, value)| explained(value, key)),
                _ => {
                    explained(value, within);
                    value.as_array().into_iter().flatten().for_each(|v| explained(v, within));
                }
            }
        }
    }
    explained(&serde_json::from_str(&language::schema()).unwrap(), "a pack");
}
