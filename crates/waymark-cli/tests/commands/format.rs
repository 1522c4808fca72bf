use crate::support::Folder;

#[test]
fn a_pack_is_laid_out_anew_with_its_comments_and_then_stays() {
    let folder = Folder::new();
    let path = folder.write("pack.jsonc", "{\"pack\":\"shop\", // name\n\"rules\":[]}");
    folder.run(&["fmt", "--check", "pack.jsonc"]).refused(1, &["not-formatted", "`waymark fmt`"]);
    assert_eq!(folder.run(&["fmt", "pack.jsonc"]).ok(), "");
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, "{\n  \"pack\": \"shop\", // name\n  \"rules\": [],\n}\n");
    assert_eq!(folder.run(&["fmt", "--check", "*.jsonc"]).ok(), "");
}

#[test]
fn a_minus_reads_and_writes_the_standard_streams() {
    let folder = Folder::new();
    let ran = folder.run_with(&["fmt", "-"], b"{\"pack\": \"p\"}", &[]);
    assert_eq!(ran.ok(), "{\n  \"pack\": \"p\"\n}\n");
}

#[test]
fn the_example_packs_are_laid_out_so() {
    let packs = format!("{}/../../examples/packs/*.jsonc", env!("CARGO_MANIFEST_DIR"));
    assert_eq!(Folder::new().run(&["fmt", "--check", &packs]).ok(), "");
}

#[test]
fn what_is_no_json_is_left_as_it_is() {
    let folder = Folder::new();
    let path = folder.write("wrong.jsonc", "{ \"pack\": ");
    folder.run(&["fmt", "wrong.jsonc"]).refused(1, &["bad-json", "wrong.jsonc has 1 error"]);
    assert_eq!(std::fs::read_to_string(path).unwrap(), "{ \"pack\": ");
}
