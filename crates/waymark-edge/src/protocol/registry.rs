//! What is asked of the registry of packs, and what it answers, as bytes.

use waymark_model::{DecodeError, Object, Reader, Timestamp, Writer};

use super::parts::{read_bytes, read_count, read_hash, write_count};
use super::{InForce, Packs, RegistryAsk, RegistryTold, Trial, message, read_message};
use crate::ports::{Activation, Deed, Derived, Feed, FeedRow, PackParts, PackRow, Part};

impl RegistryAsk {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = message();
        match self {
            Self::Put { row, parts } => {
                out.byte(0);
                write_row(&mut out, row);
                out.bytes(&parts.source);
                out.bytes(&parts.program);
                out.bytes(&parts.page);
            }
            Self::List => out.byte(1),
            Self::Activate { hash, at, by, percent } => {
                out.byte(2);
                out.option(hash.as_ref(), |out, hash| out.raw(&hash.0));
                out.signed(at.0);
                out.text(by);
                out.option(percent.as_ref(), |out, percent| out.byte(*percent));
            }
            Self::RollBack { at, by } => {
                out.byte(3);
                out.signed(at.0);
                out.text(by);
            }
            Self::Active { now } => {
                out.byte(4);
                out.signed(now.0);
            }
            Self::Part { hash, part } => {
                out.byte(5);
                out.raw(&hash.0);
                out.byte(*part as u8);
            }
            Self::Programs(hashes) => {
                out.byte(6);
                out.list(hashes, |out, hash| out.raw(&hash.0));
            }
            Self::Feed { rows, at } => {
                out.byte(7);
                out.list(rows, write_feed_row);
                out.signed(at.0);
            }
            Self::Unfeed { at } => {
                out.byte(8);
                out.signed(at.0);
            }
            Self::Catalog { key, now } => {
                out.byte(9);
                out.optional_text(key.as_deref());
                out.signed(now.0);
            }
            Self::Note(deed) => {
                out.byte(10);
                write_deed(&mut out, deed);
            }
            Self::Deeds { before } => {
                out.byte(11);
                out.option(before.as_ref(), |out, before| out.unsigned(*before));
            }
            Self::Count(counts) => {
                out.byte(12);
                out.list(counts, write_count);
            }
            Self::Counts => out.byte(13),
            Self::Use { key, day, events } => {
                out.byte(14);
                out.text(key);
                out.signed(*day);
                out.unsigned(*events);
            }
        }
        out.into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        read_message(bytes, |input| match input.byte() {
            0 => Self::Put {
                row: read_row(input),
                parts: PackParts {
                    source: read_bytes(input),
                    program: read_bytes(input),
                    page: read_bytes(input),
                },
            },
            1 => Self::List,
            2 => Self::Activate {
                hash: input.option(read_hash),
                at: Timestamp(input.signed()),
                by: input.string(),
                percent: input.option(Reader::byte),
            },
            3 => Self::RollBack { at: Timestamp(input.signed()), by: input.string() },
            4 => Self::Active { now: Timestamp(input.signed()) },
            5 => Self::Part {
                hash: read_hash(input),
                part: input.one_of(&Part::ALL, "unknown-part"),
            },
            6 => Self::Programs(input.list(read_hash)),
            7 => Self::Feed { rows: input.list(read_feed_row), at: Timestamp(input.signed()) },
            8 => Self::Unfeed { at: Timestamp(input.signed()) },
            9 => {
                Self::Catalog { key: input.option(Reader::string), now: Timestamp(input.signed()) }
            }
            10 => Self::Note(read_deed(input)),
            11 => Self::Deeds { before: input.option(Reader::unsigned) },
            12 => Self::Count(input.list(read_count)),
            13 => Self::Counts,
            14 => Self::Use { key: input.string(), day: input.signed(), events: input.unsigned() },
            _ => input.refuse("unknown-message", Self::List),
        })
    }
}

impl RegistryTold {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = message();
        match self {
            Self::Put { created } => {
                out.byte(0);
                out.flag(*created);
            }
            Self::List { packs, activations } => {
                out.byte(1);
                out.list(packs, write_row);
                out.list(activations, write_activation);
            }
            Self::Activated(activation) => {
                out.byte(2);
                write_activation(&mut out, activation);
            }
            Self::Refused(code) => {
                out.byte(3);
                out.text(code);
            }
            Self::Active(InForce { packs, deciding, trial }) => {
                out.byte(4);
                packs.write(&mut out);
                out.option(deciding.as_ref(), |out, hash| out.raw(&hash.0));
                out.option(trial.as_ref(), |out, trial| {
                    out.raw(&trial.pack.0);
                    out.byte(trial.percent);
                });
            }
            Self::Part(part) => {
                out.byte(5);
                out.option(part.as_ref(), |out, part| out.bytes(part));
            }
            Self::Programs(programs) => {
                out.byte(6);
                out.list(programs, |out, program| {
                    out.option(program.as_ref(), |out, program| out.bytes(program));
                });
            }
            Self::Failed(why) => {
                out.byte(7);
                out.text(why);
            }
            Self::Fed { changed } => {
                out.byte(8);
                out.unsigned(*changed);
            }
            Self::Catalog { feed, derived, row } => {
                out.byte(9);
                write_feed(&mut out, feed);
                out.option(derived.as_ref(), write_derived);
                out.option(row.as_ref(), write_feed_row);
            }
            Self::Noted => out.byte(10),
            Self::Deeds(deeds) => {
                out.byte(11);
                out.list(deeds, |out, (number, deed)| {
                    out.unsigned(*number);
                    write_deed(out, deed);
                });
            }
            Self::Counts(counts) => {
                out.byte(12);
                out.list(counts, write_count);
            }
            Self::Used(events) => {
                out.byte(13);
                out.unsigned(*events);
            }
        }
        out.into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        read_message(bytes, |input| match input.byte() {
            0 => Self::Put { created: input.flag() },
            1 => {
                Self::List { packs: input.list(read_row), activations: input.list(read_activation) }
            }
            2 => Self::Activated(read_activation(input)),
            3 => Self::Refused(input.string()),
            4 => Self::Active(InForce {
                packs: Packs::read(input),
                deciding: input.option(read_hash),
                trial: input
                    .option(|input| Trial { pack: read_hash(input), percent: input.byte() }),
            }),
            5 => Self::Part(input.option(read_bytes)),
            6 => Self::Programs(input.list(|input| input.option(read_bytes))),
            7 => Self::Failed(input.string()),
            8 => Self::Fed { changed: input.unsigned() },
            9 => Self::Catalog {
                feed: read_feed(input),
                derived: input.option(read_derived),
                row: input.option(read_feed_row),
            },
            10 => Self::Noted,
            11 => Self::Deeds(input.list(|input| (input.unsigned(), read_deed(input)))),
            12 => Self::Counts(input.list(read_count)),
            13 => Self::Used(input.unsigned()),
            _ => input.refuse("unknown-message", Self::Failed(String::new())),
        })
    }
}

fn write_row(out: &mut Writer, row: &PackRow) {
    out.raw(&row.hash.0);
    out.text(&row.name);
    out.signed(row.created.0);
}

fn read_row(input: &mut Reader<'_>) -> PackRow {
    PackRow { hash: read_hash(input), name: input.string(), created: Timestamp(input.signed()) }
}

fn write_activation(out: &mut Writer, activation: &Activation) {
    out.unsigned(activation.number);
    out.option(activation.hash.as_ref(), |out, hash| out.raw(&hash.0));
    out.signed(activation.at.0);
    out.text(&activation.by);
    out.option(activation.restores.as_ref(), |out, number| out.unsigned(*number));
    out.option(activation.percent.as_ref(), |out, percent| out.byte(*percent));
}

fn read_activation(input: &mut Reader<'_>) -> Activation {
    Activation {
        number: input.unsigned(),
        hash: input.option(read_hash),
        at: Timestamp(input.signed()),
        by: input.string(),
        restores: input.option(Reader::unsigned),
        percent: input.option(Reader::byte),
    }
}

fn write_feed_row(out: &mut Writer, row: &FeedRow) {
    out.text(&row.key);
    out.option(row.fields.as_ref(), |out, fields| fields.write(out));
    out.signed(row.at.0);
}

fn read_feed_row(input: &mut Reader<'_>) -> FeedRow {
    FeedRow {
        key: input.string(),
        fields: input.option(Object::read),
        at: Timestamp(input.signed()),
    }
}

fn write_deed(out: &mut Writer, deed: &Deed) {
    out.signed(deed.at.0);
    out.text(&deed.by);
    out.text(&deed.what);
    out.optional_text(deed.of.as_deref());
}

fn read_deed(input: &mut Reader<'_>) -> Deed {
    Deed {
        at: Timestamp(input.signed()),
        by: input.string(),
        what: input.string(),
        of: input.option(Reader::string),
    }
}

fn write_feed(out: &mut Writer, feed: &Feed) {
    out.unsigned(feed.changes);
    out.signed(feed.changed.0);
    out.unsigned(feed.rows);
    out.unsigned(feed.bytes);
}

fn read_feed(input: &mut Reader<'_>) -> Feed {
    Feed {
        changes: input.unsigned(),
        changed: Timestamp(input.signed()),
        rows: input.unsigned(),
        bytes: input.unsigned(),
    }
}

fn write_derived(out: &mut Writer, derived: &Derived) {
    out.raw(&derived.pack.0);
    out.unsigned(derived.changes);
    out.signed(derived.at.0);
    out.raw(&derived.hash.0);
    out.optional_text(derived.problem.as_deref());
}

fn read_derived(input: &mut Reader<'_>) -> Derived {
    Derived {
        pack: read_hash(input),
        changes: input.unsigned(),
        at: Timestamp(input.signed()),
        hash: read_hash(input),
        problem: input.option(Reader::string),
    }
}
