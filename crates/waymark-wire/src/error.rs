//! Why something was refused.

use std::fmt::Display;

/// A refusal. Shown, it is one or more full sentences for the sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct WireError {
    pub kind: Code,
    /// A JSON pointer (RFC 6901) into the body; empty for the whole of it.
    pub pointer: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// What kind of refusal it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    EmptyBody,
    BodyTooLarge,
    BadJson,
    NotAnObject,
    MissingBatch,
    TooManyEvents,
    EventTooLarge,
    ContextTooLarge,
    TooDeep,
    MissingType,
    UnknownType,
    MissingEventName,
    NameTooLong,
    MissingIdentity,
    IdTooLong,
    WrongType,
    BadTimestamp,
    MissingTimestamp,
    BackDated,
    BadConsent,
}

impl Code {
    pub const ALL: [Self; 20] = [
        Self::EmptyBody,
        Self::BodyTooLarge,
        Self::BadJson,
        Self::NotAnObject,
        Self::MissingBatch,
        Self::TooManyEvents,
        Self::EventTooLarge,
        Self::ContextTooLarge,
        Self::TooDeep,
        Self::MissingType,
        Self::UnknownType,
        Self::MissingEventName,
        Self::NameTooLong,
        Self::MissingIdentity,
        Self::IdTooLong,
        Self::WrongType,
        Self::BadTimestamp,
        Self::MissingTimestamp,
        Self::BackDated,
        Self::BadConsent,
    ];

    /// The stable name: in problem documents, counters and logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EmptyBody => "empty-body",
            Self::BodyTooLarge => "body-too-large",
            Self::BadJson => "bad-json",
            Self::NotAnObject => "not-an-object",
            Self::MissingBatch => "missing-batch",
            Self::TooManyEvents => "too-many-events",
            Self::EventTooLarge => "event-too-large",
            Self::ContextTooLarge => "context-too-large",
            Self::TooDeep => "too-deep",
            Self::MissingType => "missing-type",
            Self::UnknownType => "unknown-type",
            Self::MissingEventName => "missing-event-name",
            Self::NameTooLong => "name-too-long",
            Self::MissingIdentity => "missing-identity",
            Self::IdTooLong => "id-too-long",
            Self::WrongType => "wrong-type",
            Self::BadTimestamp => "bad-timestamp",
            Self::MissingTimestamp => "missing-timestamp",
            Self::BackDated => "back-dated",
            Self::BadConsent => "bad-consent",
        }
    }

    /// The same for every refusal of the kind.
    pub const fn title(self) -> &'static str {
        match self {
            Self::EmptyBody => "The body is empty",
            Self::BodyTooLarge => "The body is too large",
            Self::BadJson => "The body is not JSON",
            Self::NotAnObject => "A JSON object was expected",
            Self::MissingBatch => "The batch is missing",
            Self::TooManyEvents => "The batch has too many events",
            Self::EventTooLarge => "The event is too large",
            Self::ContextTooLarge => "The batch's context is too large",
            Self::TooDeep => "The JSON is nested too deeply",
            Self::MissingType => "The event's type is missing",
            Self::UnknownType => "The event's type is unknown",
            Self::MissingEventName => "The track call has no event name",
            Self::NameTooLong => "The event's name is too long",
            Self::MissingIdentity => "The event says nothing of whose it is",
            Self::IdTooLong => "An id is too long",
            Self::WrongType => "A member has the wrong type",
            Self::BadTimestamp => "A timestamp cannot be read",
            Self::MissingTimestamp => "The timestamp is missing",
            Self::BackDated => "The event is dated too far back",
            Self::BadConsent => "The consent cannot be read",
        }
    }

    /// The HTTP status when a whole request is refused for this.
    pub const fn status(self) -> u16 {
        match self {
            Self::BodyTooLarge | Self::EventTooLarge | Self::ContextTooLarge => 413,
            _ => 400,
        }
    }
}

impl WireError {
    pub fn new(kind: Code, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, pointer: pointer.into(), message: message.into() }
    }

    /// The stable name of the reason.
    pub const fn code(&self) -> &'static str {
        self.kind.name()
    }

    /// The same refusal, seen from a body that holds the refused part at `parent`.
    pub(crate) fn below(mut self, parent: &impl Display) -> Self {
        self.pointer = format!("{parent}{}", self.pointer);
        self
    }
}

/// What the sender wrote, short enough and escaped for a message.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 40;
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use super::{Code, quoted};
    use std::collections::BTreeSet;

    #[test]
    fn every_code_has_a_name_of_its_own_that_fits_an_address() {
        let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for name in names {
            assert!(name.bytes().all(|b| b == b'-' || b.is_ascii_lowercase()), "{name}");
        }
    }

    #[test]
    fn what_the_sender_wrote_is_shortened_and_escaped() {
        assert_eq!(quoted("a\n\"b"), r#""a\n\"b""#);
        assert_eq!(quoted(&"é".repeat(99)), format!("\"{}…\"", "é".repeat(40)));
    }
}
