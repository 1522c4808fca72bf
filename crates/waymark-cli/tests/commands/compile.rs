use std::fs;

use waymark_engine::Program;

use crate::support::Folder;

#[test]
fn the_whole_and_the_page_carry_one_hash() {
    let folder = Folder::with_pack();
    let whole = folder.run(&["compile", "pack.jsonc", "-o", "whole.wmk"]).ok().to_owned();
    let page = folder.run(&["compile", "pack.jsonc", "--page", "-o", "page.wmk"]).ok().to_owned();
    let read = |name: &str| Program::decode(&fs::read(folder.path(name)).unwrap()).unwrap();
    let hash = read("whole.wmk").hash.to_string();
    assert_eq!(read("page.wmk").hash.to_string(), hash);
    let size = |name: &str| fs::metadata(folder.path(name)).unwrap().len().to_string();
    for (said, name) in [(&whole, "whole.wmk"), (&page, "page.wmk")] {
        let said = said.replace(',', "");
        assert_eq!(said, format!("{hash} {} bytes\n", size(name)));
    }
}

#[test]
fn a_file_is_replaced_whole_or_left_as_it_was() {
    let folder = Folder::with_pack();
    folder.write("out.wmk", "before");
    folder.write("wrong.jsonc", "{");
    let ran = folder.run(&["compile", "wrong.jsonc", "-o", "out.wmk"]);
    ran.refused(1, &["wrong.jsonc:1:", "pack-has-errors"]);
    assert_eq!(fs::read(folder.path("out.wmk")).unwrap(), b"before");
    folder.run(&["compile", "pack.jsonc", "-o", "out.wmk"]).ok();
    assert!(Program::decode(&fs::read(folder.path("out.wmk")).unwrap()).is_ok());
    assert_eq!(folder.names(), ["out.wmk", "pack.jsonc", "wrong.jsonc"]);
}

#[test]
fn a_file_that_cannot_be_written_is_said_to_be() {
    let folder = Folder::with_pack();
    for output in ["none/out.wmk", ".", "/"] {
        let ran = folder.run(&["compile", "pack.jsonc", "-o", output]);
        ran.refused(2, &["unwritable-file", "cannot be written"]);
    }
    assert_eq!(folder.names(), ["pack.jsonc"]);
}
