//! What goes to other servers: letters, and tasks that somebody has been given.

use waymark_model::{Reader, Span, Timestamp, Writer};

use crate::ports::StoreError;
use crate::protocol::read_bytes;

/// Something that is to be sent. What is in it is worked out when it is: here is only what asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Made of the action's and the visitor's, so that whoever gets it twice knows.
    pub id: String,
    /// Whose profile it is about.
    pub key: String,
    pub destination: String,
    /// When it was asked for.
    pub at: Timestamp,
    /// When it is tried next.
    pub due: Timestamp,
    pub tries: u32,
    /// The action, encoded.
    pub event: Vec<u8>,
    /// It says that a task was not done in time.
    pub overdue: bool,
    /// What went wrong the last time.
    pub failed: Option<String>,
    /// It is not tried again unless an operator has it.
    pub dead: bool,
}

/// What somebody is to do by when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// As the letter's that gave it.
    pub id: String,
    pub key: String,
    pub destination: String,
    /// Who hears of it when it is late.
    pub escalate: Option<String>,
    pub at: Timestamp,
    pub due: Timestamp,
    /// The action, encoded.
    pub event: Vec<u8>,
    pub late: bool,
    pub done: Option<Timestamp>,
}

/// What became of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It has arrived, or nobody wants it any more.
    Gone,
    /// It is tried again then.
    Again(Timestamp, String),
    Dead(String),
}

/// What a transaction changes of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Postings {
    /// In place of those with the same id.
    pub letters: Vec<Letter>,
    pub gone: Vec<String>,
    pub tasks: Vec<Task>,
    /// Those about these ids go.
    pub forget: Vec<String>,
    /// Dead ones, and tasks that were done, from before this go.
    pub before: Option<Timestamp>,
}

/// How long dead letters and tasks that were done are kept.
pub const KEPT: Span = Span(30 * Span::DAY.0);

pub trait LetterStore {
    /// Profiles that are to be looked at.
    fn due_visitors(&self, at: Timestamp, most: u32) -> Result<Vec<String>, StoreError>;
    /// Has every profile looked at that waits for nothing.
    fn look_at_all(&self, at: Timestamp) -> Result<(), StoreError>;
    /// When there is something to do next.
    fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;
    fn due_letters(&self, at: Timestamp, most: u32) -> Result<Vec<Letter>, StoreError>;
    fn letter(&self, id: &str) -> Result<Option<Letter>, StoreError>;
    /// After an id, in their order.
    fn dead_letters(&self, after: &str, most: u32) -> Result<Vec<Letter>, StoreError>;
    /// Open ones whose time has come.
    fn due_tasks(&self, at: Timestamp, most: u32) -> Result<Vec<Task>, StoreError>;
    fn task(&self, id: &str) -> Result<Option<Task>, StoreError>;
    /// Open ones after an id, in their order.
    fn open_tasks(&self, after: &str, most: u32) -> Result<Vec<Task>, StoreError>;
}

impl Letter {
    pub(crate) fn write(&self, out: &mut Writer) {
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

    pub(crate) fn read(input: &mut Reader<'_>) -> Self {
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
    pub(crate) fn write(&self, out: &mut Writer) {
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

    pub(crate) fn read(input: &mut Reader<'_>) -> Self {
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
    pub(crate) fn write(&self, out: &mut Writer) {
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

    pub(crate) fn read(input: &mut Reader<'_>) -> Self {
        match input.byte() {
            0 => Self::Gone,
            1 => Self::Again(Timestamp(input.signed()), input.string()),
            2 => Self::Dead(input.string()),
            _ => input.refuse("unknown-fate", Self::Gone),
        }
    }
}
