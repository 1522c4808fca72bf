//! What goes from object to object with a slot, as bytes.

use waymark_model::{Reader, Timestamp, Writer};

use super::Parcel;
use super::parts::{read_bytes, read_u16, write_slots};
use crate::ports::{Batch, Link, Node, Origin, Profile, Seen, Stand, VisitorRow};
use crate::tally::Standing;

impl Parcel {
    pub(super) fn write(&self, out: &mut Writer) {
        write_slots(out, &self.slots);
        out.optional_text(self.next.as_deref());
        out.option(self.gate.as_ref(), |out, seq| out.unsigned(*seq));
        out.list(&self.visitors, write_visitor);
        out.list(&self.seen, |out, (visitor, seen)| {
            out.text(visitor);
            out.signed(seen.day);
            out.unsigned(seen.part.into());
            out.list(&seen.ids, |out, id| out.fixed64(*id));
        });
        out.list(&self.nodes, |out, node| {
            out.text(&node.key);
            out.option(node.link.as_ref(), |out, link| link.write(out));
            out.text(&node.root);
            out.unsigned(node.turn);
            out.unsigned(node.settled);
        });
        for pairs in [&self.members, &self.leads] {
            out.list(pairs, |out, (to, key)| {
                out.text(to);
                out.text(key);
            });
        }
        out.list(&self.batches, write_batch);
        out.list(&self.tombstones, |out, (slot, hash, at)| {
            out.unsigned((*slot).into());
            out.unsigned(*hash);
            out.signed(at.0);
        });
        out.list(&self.imported, |out, (slot, source, seq)| {
            out.unsigned((*slot).into());
            out.unsigned((*source).into());
            out.unsigned(*seq);
        });
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        let pairs = |input: &mut Reader<'_>| input.list(|input| (input.string(), input.string()));
        Self {
            slots: input.list(read_u16),
            next: input.option(Reader::string),
            gate: input.option(Reader::unsigned),
            visitors: input.list(read_visitor),
            seen: input.list(|input| {
                let visitor = input.string();
                let (day, part) = (input.signed(), input.u32());
                (visitor, Seen { day, part, ids: input.list(Reader::fixed64) })
            }),
            nodes: input.list(|input| Node {
                key: input.string(),
                link: input.option(Link::read),
                root: input.string(),
                turn: input.unsigned(),
                settled: input.unsigned(),
            }),
            members: pairs(input),
            leads: pairs(input),
            batches: input.list(read_batch),
            tombstones: input
                .list(|input| (read_u16(input), input.unsigned(), Timestamp(input.signed()))),
            imported: input.list(|input| (read_u16(input), read_u16(input), input.unsigned())),
        }
    }
}

impl Stand {
    pub(super) fn write(&self, out: &mut Writer) {
        match self {
            Self::Absent => out.byte(0),
            Self::Held => out.byte(1),
            Self::Leaving(epoch) => {
                out.byte(2);
                out.unsigned(*epoch);
            }
            Self::Coming(source, upto) => {
                out.byte(3);
                out.unsigned((*source).into());
                out.text(upto);
            }
        }
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        match input.byte() {
            0 => Self::Absent,
            1 => Self::Held,
            2 => Self::Leaving(input.unsigned()),
            3 => Self::Coming(read_u16(input), input.string()),
            _ => input.refuse("unknown-stand", Self::Absent),
        }
    }
}

fn write_visitor(out: &mut Writer, row: &VisitorRow) {
    out.text(&row.id);
    out.unsigned(row.slot.into());
    match &row.profile {
        Profile::Here(state, Standing(standing)) => {
            out.byte(0);
            out.bytes(state);
            out.text(standing);
        }
        Profile::PartOf(root) => {
            out.byte(1);
            out.text(root);
        }
    }
    out.unsigned(row.seq);
    out.signed(row.updated.0);
    out.option(row.due.as_ref(), |out, due| out.signed(due.0));
}

fn read_visitor(input: &mut Reader<'_>) -> VisitorRow {
    VisitorRow {
        id: input.string(),
        slot: read_u16(input),
        profile: match input.byte() {
            0 => Profile::Here(read_bytes(input), Standing(input.string())),
            1 => Profile::PartOf(input.string()),
            _ => input.refuse("unknown-profile", Profile::PartOf(String::new())),
        },
        seq: input.unsigned(),
        updated: Timestamp(input.signed()),
        due: input.option(|input| Timestamp(input.signed())),
    }
}

fn write_batch(out: &mut Writer, batch: &Batch) {
    out.signed(batch.received.0);
    out.unsigned(batch.events.into());
    out.unsigned(batch.duplicates.into());
    out.list(&batch.markers, |out, mark| out.fixed64(*mark));
    out.bytes(&batch.body);
    out.signed(batch.origin.number());
}

fn read_batch(input: &mut Reader<'_>) -> Batch {
    Batch {
        seq: 0,
        received: Timestamp(input.signed()),
        events: input.u32(),
        duplicates: input.u32(),
        markers: input.list(Reader::fixed64),
        body: read_bytes(input),
        origin: Origin::of_number(input.signed()),
    }
}
