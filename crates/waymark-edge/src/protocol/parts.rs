//! What messages are made of, as bytes.

use waymark_engine::PackHash;
use waymark_model::{Reader, Timestamp, Writer};
use waymark_wire::Basis;

use super::{Draining, Incoming, Packs, Stats, Stored};
use crate::ports::{Counters, Grave, Health, Posted, Refusal, TallyRow};
use crate::tally::{Counted, Measure, Sum};

impl Draining {
    pub(super) fn write(&self, out: &mut Writer) {
        out.unsigned(self.made);
        out.option(self.range.as_ref(), |out, (after, last, day)| {
            out.unsigned(*after);
            out.unsigned(*last);
            out.signed(*day);
        });
        out.list(&self.events, write_stored);
        out.list(&self.graves, |out, grave| {
            out.unsigned(grave.seq);
            out.text(&grave.key);
            out.signed(grave.at.0);
        });
        out.list(&self.sums, |out, TallyRow { counted, sum, version }| {
            out.signed(counted.day);
            out.text(counted.measure.name());
            out.text(&counted.name);
            out.text(&counted.variant);
            out.signed(sum.count);
            out.signed(sum.amount);
            out.unsigned(*version);
        });
        out.option(self.due.as_ref(), |out, due| out.signed(due.0));
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        Self {
            made: input.unsigned(),
            range: input.option(|input| (input.unsigned(), input.unsigned(), input.signed())),
            events: input.list(read_stored),
            graves: input.list(|input| Grave {
                seq: input.unsigned(),
                key: input.string(),
                at: Timestamp(input.signed()),
            }),
            sums: input.list(|input| TallyRow {
                counted: Counted {
                    day: input.signed(),
                    measure: match Measure::from_name(&input.string()) {
                        Some(measure) => measure,
                        None => input.refuse("unknown-measure", Measure::Touchpoint),
                    },
                    name: input.string(),
                    variant: input.string(),
                },
                sum: Sum { count: input.signed(), amount: input.signed() },
                version: input.unsigned(),
            }),
            due: input.option(|input| Timestamp(input.signed())),
        }
    }
}

pub(super) fn write_stored(out: &mut Writer, stored: &Stored) {
    out.signed(stored.received.0);
    stored.event.write(out);
}

pub(super) fn read_stored(input: &mut Reader<'_>) -> Stored {
    Stored { received: Timestamp(input.signed()), event: Incoming::read(input) }
}

impl Incoming {
    pub fn write(&self, out: &mut Writer) {
        out.text(&self.visitor);
        write_basis(out, self.basis);
        out.optional_text(self.user.as_deref());
        out.list(&self.previous, |out, key| out.text(key));
        out.bytes(&self.event);
    }

    pub fn read(input: &mut Reader<'_>) -> Self {
        Self {
            visitor: input.string(),
            basis: read_basis(input),
            user: input.option(Reader::string),
            previous: input.list(Reader::string),
            event: read_bytes(input),
        }
    }
}

impl Packs {
    pub(super) fn write(&self, out: &mut Writer) {
        out.option(self.active.as_ref(), |out, hash| out.raw(&hash.0));
        out.list(&self.former, |out, hash| out.raw(&hash.0));
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        Self { active: input.option(read_hash), former: input.list(read_hash) }
    }
}

impl Counters {
    fn write(self, out: &mut Writer) {
        for number in [self.batches, self.events, self.duplicates, self.late] {
            out.unsigned(number);
        }
    }

    fn read(input: &mut Reader<'_>) -> Self {
        Self {
            batches: input.unsigned(),
            events: input.unsigned(),
            duplicates: input.unsigned(),
            late: input.unsigned(),
        }
    }
}

impl Health {
    pub(super) fn write(&self, out: &mut Writer) {
        self.counters.write(out);
        for number in [self.profiles, self.bytes, self.outbox] {
            out.unsigned(number);
        }
        out.option(self.waiting_since.as_ref(), |out, since| out.signed(since.0));
        out.unsigned(self.unsettled);
        out.unsigned(self.refused);
        out.option(self.undrained_since.as_ref(), |out, since| out.signed(since.0));
        for number in
            [self.moving, self.letters, self.dead_letters, self.open_tasks, self.late_tasks]
        {
            out.unsigned(number);
        }
        for since in [self.due_since, self.letters_since] {
            out.option(since.as_ref(), |out, since| out.signed(since.0));
        }
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        Self {
            counters: Counters::read(input),
            profiles: input.unsigned(),
            bytes: input.unsigned(),
            outbox: input.unsigned(),
            waiting_since: input.option(|input| Timestamp(input.signed())),
            unsettled: input.unsigned(),
            refused: input.unsigned(),
            undrained_since: input.option(|input| Timestamp(input.signed())),
            moving: input.unsigned(),
            letters: input.unsigned(),
            dead_letters: input.unsigned(),
            open_tasks: input.unsigned(),
            late_tasks: input.unsigned(),
            due_since: input.option(|input| Timestamp(input.signed())),
            letters_since: input.option(|input| Timestamp(input.signed())),
        }
    }
}

impl Stats {
    pub(super) fn write(&self, out: &mut Writer) {
        self.counters.write(out);
        out.unsigned(self.visitors);
        out.unsigned(self.sessions);
        out.unsigned(self.late);
        for counts in [&self.segments, &self.stages] {
            out.list(counts, |out, (id, count)| {
                out.text(id);
                out.unsigned(*count);
            });
        }
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        Self {
            counters: Counters::read(input),
            visitors: input.unsigned(),
            sessions: input.unsigned(),
            late: input.unsigned(),
            segments: input.list(read_count),
            stages: input.list(read_count),
        }
    }
}

pub(super) fn write_basis(out: &mut Writer, basis: Basis) {
    out.flag(basis == Basis::Server);
}

pub(super) fn read_basis(input: &mut Reader<'_>) -> Basis {
    if input.flag() { Basis::Server } else { Basis::Browser }
}

pub(super) fn write_refusal(out: &mut Writer, refusal: &Refusal) {
    out.signed(refusal.at.0);
    write_basis(out, refusal.basis);
    out.text(&refusal.code);
    out.text(&refusal.pointer);
    out.option(refusal.told.as_ref(), |out, (message, event)| {
        out.text(message);
        out.text(event);
    });
}

pub(super) fn read_refusal(input: &mut Reader<'_>) -> Refusal {
    Refusal {
        at: Timestamp(input.signed()),
        basis: read_basis(input),
        code: input.string(),
        pointer: input.string(),
        told: input.option(|input| (input.string(), input.string())),
    }
}

pub(super) fn write_post(out: &mut Writer, post: &Posted) {
    out.unsigned(post.seq);
    out.text(&post.key);
    out.bytes(&post.message);
}

pub(super) fn read_post(input: &mut Reader<'_>) -> Posted {
    Posted { seq: input.unsigned(), key: input.string(), message: read_bytes(input) }
}

pub(super) fn write_slots(out: &mut Writer, slots: &[u16]) {
    out.list(slots, |out, slot| out.unsigned((*slot).into()));
}

pub(super) fn read_u16(input: &mut Reader<'_>) -> u16 {
    let number = u16::try_from(input.unsigned());
    number.unwrap_or_else(|_| input.refuse("too-large", 0))
}

pub(crate) fn read_bytes(input: &mut Reader<'_>) -> Vec<u8> {
    input.bytes().to_vec()
}

pub(super) fn write_count(out: &mut Writer, (name, count): &(String, u64)) {
    out.text(name);
    out.unsigned(*count);
}

pub(super) fn read_count(input: &mut Reader<'_>) -> (String, u64) {
    (input.string(), input.unsigned())
}

pub(super) fn read_hash(input: &mut Reader<'_>) -> PackHash {
    PackHash(input.array())
}
