//! The pack's parser and compiler.

use waymark_engine::Program;
use waymark_pack::{Input, format};

use crate::journey;

/// Bytes as a pack: it is refused with places that are in it, or what comes out runs.
pub fn pack(bytes: &[u8]) {
    let Ok(text) = core::str::from_utf8(bytes) else { return };
    let input = Input { today: Some(journey::NOW), ..Input::of(text) };
    let compiled = match input.compile() {
        Ok(compiled) => compiled,
        Err(report) => {
            assert!(report.has_errors(), "refused without an error");
            for it in &report {
                assert!(text.get(it.offset..it.offset + it.length).is_some(), "{it}");
                assert_ne!(it.code, "bad-program", "{it}");
            }
            return;
        }
    };
    let program = &compiled.program;
    assert_eq!(Program::decode(&program.encode()).as_ref(), Ok(program));
    let page = program.page_projection();
    assert_eq!(Program::decode(&page.encode()).as_ref(), Ok(&page), "pages take their Program");
    journey::run(program);
    journey::run(&page);
    if let Ok(laid_out) = format(text) {
        assert_eq!(format(&laid_out).as_ref(), Ok(&laid_out), "a layout is its own");
        let again = Input::of(&laid_out).compile();
        assert_eq!(again.map(|again| again.program.hash).ok(), Some(program.hash));
    }
}
