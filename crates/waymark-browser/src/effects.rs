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
//! ```
//!
//! Of actions, a list:
//!
//! ```text
//! text      the event's id
//! text      the event's name
//! list      its properties that are text: key (text), value (text)
//! effects   what it changed, as above
//! ```
//!
//! Read by `ts/engine/decode.ts`.

use alloc::vec::Vec;

use waymark_engine::{Acted, Applied, Change, Program};
use waymark_model::Writer;

pub fn encode_effects(program: &Program, applied: Applied, seq: u64, change: &Change) -> Vec<u8> {
    let mut out = Writer::default();
    write(&mut out, program, applied, seq, change);
    out.into_bytes()
}

pub fn encode_acted(program: &Program, seq: u64, acted: &[Acted]) -> Vec<u8> {
    let mut out = Writer::default();
    out.list(acted, |out, Acted { event, effects }| {
        out.text(&event.id);
        out.text(&event.name);
        let texts: Vec<(&str, &str)> = event
            .properties
            .iter()
            .filter_map(|(key, value)| Some((key, value.as_text()?)))
            .collect();
        out.list(&texts, |out, (key, value)| {
            out.text(key);
            out.text(value);
        });
        write(out, program, effects.applied, seq, &effects.change);
    });
    out.into_bytes()
}

fn write(out: &mut Writer, program: &Program, applied: Applied, seq: u64, change: &Change) {
    let segment = |out: &mut Writer, number: &u32| {
        out.text(program.segments.get(*number as usize).map_or("", |segment| &segment.id));
    };
    let stage = |number: Option<u32>| {
        number.and_then(|number| program.stages.get(number as usize)).map(|stage| &*stage.id)
    };
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
}
