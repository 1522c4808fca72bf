use crate::support::Folder;

const PAYLOAD: &str = r#"{
  "features": {
    "banner": {
      "defaultValue": "plain",
      "rules": [
        { "condition": { "country": { "$in": ["SG"] } }, "force": "local" },
        { "key": "banner-test", "variations": ["plain", "loud"], "coverage": 0.5, "hashVersion": 2 },
        { "condition": { "country": { "$soundsLike": "S" } }, "force": "odd" }
      ]
    }
  }
}"#;

#[test]
fn a_payload_becomes_a_pack_that_checks_and_what_was_left_out_is_said() {
    let folder = Folder::new();
    folder.write("features.json", PAYLOAD);
    let done = folder.run(&["import", "growthbook", "features.json", "-o", "pack.jsonc"]);
    done.ok();
    assert!(
        done.err().contains("banner: ") && done.err().contains("$soundsLike"),
        "{}",
        done.err()
    );
    folder.run(&["check", "pack.jsonc"]).ok();
    folder.run(&["fmt", "--check", "pack.jsonc"]).ok();
}

#[test]
fn what_is_no_json_is_refused() {
    let folder = Folder::new();
    folder.write("features.json", "features:");
    let done = folder.run(&["import", "growthbook", "features.json"]);
    done.refused(2, &["payload-not-json", "features.json"]);
}
