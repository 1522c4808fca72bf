//! The decoder of Programs.

use waymark_engine::Program;

use crate::journey;

/// Bytes as a Program: it is refused, or it runs.
pub fn program(bytes: &[u8]) {
    let Ok(program) = Program::decode(bytes) else { return };
    journey::run(&program);
    // The projection is made where packs are published: it may be asked of what was stored.
    journey::run(&program.page_projection());
    journey::with_a_flow(&program).iter().for_each(journey::run);
}
