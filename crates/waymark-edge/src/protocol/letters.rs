//! Letters and tasks, as bytes.

use waymark_model::{Reader, Timestamp, Writer};

use super::parts::read_bytes;
use crate::letters::{Fate, Letter, Task};

impl Letter {
    pub(super) fn write(&self, out: &mut Writer) {
        out.text(&self.id);
        out.text(&self.key);
        out.text(&self.destination);
        out.signed(self.at.0);
        out.signed(self.due.0);
        out.unsigned(self.tries.into());
        out.bytes(&self.event);
        out.flag(self.overdue);
        out.optional_text(self.failed.as_deref());
        out.flag(self.dead);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        Self {
            id: input.string(),
            key: input.string(),
            destination: input.string(),
            at: Timestamp(input.signed()),
            due: Timestamp(input.signed()),
            tries: input.u32(),
            event: read_bytes(input),
            overdue: input.flag(),
            failed: input.option(Reader::string),
            dead: input.flag(),
        }
    }
}

impl Task {
    pub(super) fn write(&self, out: &mut Writer) {
        out.text(&self.id);
        out.text(&self.key);
        out.text(&self.destination);
        out.optional_text(self.escalate.as_deref());
        out.signed(self.at.0);
        out.signed(self.due.0);
        out.bytes(&self.event);
        out.flag(self.late);
        out.option(self.done.as_ref(), |out, done| out.signed(done.0));
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        Self {
            id: input.string(),
            key: input.string(),
            destination: input.string(),
            escalate: input.option(Reader::string),
            at: Timestamp(input.signed()),
            due: Timestamp(input.signed()),
            event: read_bytes(input),
            late: input.flag(),
            done: input.option(|input| Timestamp(input.signed())),
        }
    }
}

impl Fate {
    pub(super) fn write(&self, out: &mut Writer) {
        match self {
            Self::Gone => out.byte(0),
            Self::Again(due, why) => {
                out.byte(1);
                out.signed(due.0);
                out.text(why);
            }
            Self::Dead(why) => {
                out.byte(2);
                out.text(why);
            }
        }
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        match input.byte() {
            0 => Self::Gone,
            1 => Self::Again(Timestamp(input.signed()), input.string()),
            2 => Self::Dead(input.string()),
            _ => input.refuse("unknown-fate", Self::Gone),
        }
    }
}
