//! What goes to other servers: letters, and tasks that somebody has been given.

use waymark_model::{Span, Timestamp};

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
