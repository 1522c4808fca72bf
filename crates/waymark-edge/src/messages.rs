//! What shards tell each other, so that a person's ids come to one profile. A message waits in its sender's
//! outbox until it has arrived; between two objects they arrive in order, and each counts once.

use waymark_model::{DecodeError, Reader, Timestamp, Writer};

use crate::ports::Link;
use crate::protocol::{Incoming, read_bytes};

#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Events of a user that came under a device's id.
    Forward { user: String, received: Timestamp, events: Vec<Incoming> },
    /// An id leads to another, says a trusted event.
    Links { key: String, link: Link },
    /// `from` leads here now, or no longer: it is to hear when this id comes to lead elsewhere.
    Leads { to: String, from: String, does: bool },
    /// An id that it leads to, by way of those, leads elsewhere now: it may be somebody else's.
    Look { key: String, way: Vec<String> },
    /// An id's events will be in this profile from now on. With its state: what was done because of it is
    /// not to be done again.
    Join { root: String, key: String, state: Vec<u8> },
    /// Events of an id that has joined, from before it did.
    History { root: String, key: String, received: Timestamp, events: Vec<Incoming> },
    /// That was its history.
    Joined { root: String, key: String },
    /// New events of an id that has joined.
    Share { root: String, key: String, received: Timestamp, events: Vec<Incoming> },
    /// It was somebody else's all along, or is to be forgotten.
    Leave { root: String, key: String },
}

impl Message {
    /// Whose shard gets it.
    pub fn addressee(&self) -> &str {
        match self {
            Self::Forward { user: key, .. }
            | Self::Links { key, .. }
            | Self::Leads { to: key, .. }
            | Self::Look { key, .. }
            | Self::Join { root: key, .. }
            | Self::History { root: key, .. }
            | Self::Joined { root: key, .. }
            | Self::Share { root: key, .. }
            | Self::Leave { root: key, .. } => key,
        }
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        match self {
            Self::Forward { user, received, events } => {
                out.byte(0);
                out.text(user);
                write_events(&mut out, *received, events);
            }
            Self::Links { key, link } => {
                out.byte(1);
                out.text(key);
                link.write(&mut out);
            }
            Self::Leads { to, from, does } => {
                out.byte(2);
                out.text(to);
                out.text(from);
                out.flag(*does);
            }
            Self::Look { key, way } => {
                out.byte(3);
                out.text(key);
                out.list(way, |out, key| out.text(key));
            }
            Self::Join { root, key, state } => {
                write_pair(&mut out, 4, root, key);
                out.bytes(state);
            }
            Self::History { root, key, received, events } => {
                write_pair(&mut out, 5, root, key);
                write_events(&mut out, *received, events);
            }
            Self::Joined { root, key } => write_pair(&mut out, 6, root, key),
            Self::Share { root, key, received, events } => {
                write_pair(&mut out, 7, root, key);
                write_events(&mut out, *received, events);
            }
            Self::Leave { root, key } => write_pair(&mut out, 8, root, key),
        }
        out.into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, |input| match input.byte() {
            0 => {
                let user = input.string();
                let (received, events) = read_events(input);
                Self::Forward { user, received, events }
            }
            1 => Self::Links { key: input.string(), link: Link::read(input) },
            2 => Self::Leads { to: input.string(), from: input.string(), does: input.flag() },
            3 => Self::Look { key: input.string(), way: input.list(Reader::string) },
            4 => Self::Join { root: input.string(), key: input.string(), state: read_bytes(input) },
            5 => {
                let (root, key) = (input.string(), input.string());
                let (received, events) = read_events(input);
                Self::History { root, key, received, events }
            }
            6 => Self::Joined { root: input.string(), key: input.string() },
            7 => {
                let (root, key) = (input.string(), input.string());
                let (received, events) = read_events(input);
                Self::Share { root, key, received, events }
            }
            8 => Self::Leave { root: input.string(), key: input.string() },
            _ => {
                input.refuse("unknown-message", Self::Look { key: String::new(), way: Vec::new() })
            }
        })
    }
}

impl Link {
    pub fn write(&self, out: &mut Writer) {
        out.signed(self.at.0);
        out.text(&self.message);
        out.text(&self.to);
    }

    pub fn read(input: &mut Reader<'_>) -> Self {
        Self { at: Timestamp(input.signed()), message: input.string(), to: input.string() }
    }
}

fn write_pair(out: &mut Writer, kind: u8, root: &str, key: &str) {
    out.byte(kind);
    out.text(root);
    out.text(key);
}

fn write_events(out: &mut Writer, received: Timestamp, events: &[Incoming]) {
    out.signed(received.0);
    out.list(events, |out, event| event.write(out));
}

fn read_events(input: &mut Reader<'_>) -> (Timestamp, Vec<Incoming>) {
    (Timestamp(input.signed()), input.list(Incoming::read))
}

#[cfg(test)]
mod tests {
    use super::Message;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            if let Ok(message) = Message::decode(&bytes) {
                prop_assert_eq!(Message::decode(&message.encode()), Ok(message));
            }
        }
    }
}
