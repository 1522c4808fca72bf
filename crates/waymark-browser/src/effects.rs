//! What an event or the passing of time changed, as bytes for the page.
//!
//! ```text
//! byte      applied: 0 in order, 1 reordered, 2 late, 3 duplicate
//! unsigned  events known of the visitor
//! list      ids of segments entered (text)
//! list      ids of segments left (text)
//! flag      whether the stage changed; if so
//!             option text  the stage before
//!             option text  the stage after
//! number    until when memberships stay as they are, ms; Infinity: until something happens
//! ```
//!
//! Read by `ts/decode.ts`.

use alloc::vec::Vec;

use waymark_engine::{Applied, Change, Program};
use waymark_model::{Timestamp, Writer};

pub fn encode_effects(
    program: &Program,
    applied: Applied,
    seq: u64,
    change: &Change,
    valid_until: Timestamp,
) -> Vec<u8> {
    let segment = |out: &mut Writer, number: &u32| {
        out.text(program.segments.get(*number as usize).map_or("", |segment| &segment.id));
    };
    let stage = |number: Option<u32>| {
        number.and_then(|number| program.stages.get(number as usize)).map(|stage| &*stage.id)
    };
    let mut out = Writer::default();
    out.byte(match applied {
        Applied::InOrder => 0,
        Applied::Reordered => 1,
        Applied::Late => 2,
        Applied::Duplicate => 3,
    });
    out.unsigned(seq);
    out.list(&change.entered, segment);
    out.list(&change.left, segment);
    out.option(change.stage.as_ref(), |out, (before, after)| {
        out.optional_text(stage(*before));
        out.optional_text(stage(*after));
    });
    out.number(valid_until.to_js());
    out.into_bytes()
}
