//! What the worker and its objects say to each other: binary, over the objects' `fetch`. While a release is being
//! deployed, some of both are of the one before it; each message begins with what tells them apart.

mod ask;
mod letters;
mod parcel;
mod parts;
mod registry;
mod told;

use waymark_engine::{PackHash, Program, State};
use waymark_model::{DecodeError, Event, Purposes, Reader, Span, Timestamp, Writer};
use waymark_wire::Basis;

pub(crate) use parts::read_bytes;

use crate::letters::{Fate, Letter, Task};
use crate::ports::{
    Activation, Batch, Counters, Deed, Derived, Feed, FeedRow, Grave, Health, Link, Node,
    PackParts, PackRow, Part, Posted, Profile, Refusal, Seen, Stand, TallyRow, VisitorRow,
};
use crate::shard_map::ShardMap;

/// What a message begins with: the version of the messages, and the forms of what is in them. The first changes whenever a
/// message does; whoever reads another's refuses it, and the same request is sent again until both are of one release.
const RELEASE: [u8; 4] = [2, Event::FORMAT, State::FORMAT, Program::FORMAT];
const ANOTHER_RELEASE: &str = "another-release";

fn message() -> Writer {
    let mut out = Writer::default();
    out.raw(&RELEASE);
    out
}

fn read_message<T>(
    bytes: &[u8],
    read: impl FnOnce(&mut Reader<'_>) -> T,
) -> Result<T, DecodeError> {
    Reader::whole(bytes, |input| {
        if input.array() != RELEASE {
            input.refuse(ANOTHER_RELEASE, ());
        }
        read(input)
    })
}

/// Why a message could not be read.
pub fn unreadable(error: &DecodeError) -> String {
    if error.code == ANOTHER_RELEASE {
        "Another release of the edge is being deployed.".to_owned()
    } else {
        format!("A message between the worker and its objects cannot be read: {error}.")
    }
}

/// The pack to fold with, and those whose features are carried along.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Packs {
    /// `None`: no pack is active.
    pub active: Option<PackHash>,
    /// Active during the last 30 days, newest first.
    pub former: Vec<PackHash>,
}

/// What is in force.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InForce {
    pub packs: Packs,
    /// The pack that decides: the active one, with the rows that a feed has changed.
    pub deciding: Option<PackHash>,
    /// Another one that decides for some.
    pub trial: Option<Trial>,
}

/// A pack that some of the visitors have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    pub pack: PackHash,
    /// Of a hundred.
    pub percent: u8,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ShardCall {
    /// The caller's.
    pub map: ShardMap,
    /// Which object of it is asked.
    pub object: u16,
    pub ask: ShardAsk,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ShardAsk {
    Receive {
        packs: Packs,
        received: Timestamp,
        events: Vec<Incoming>,
    },
    Profile {
        visitor: String,
    },
    Stats {
        packs: Packs,
        now: Timestamp,
    },
    /// Forgets a visitor, as many of their batches as one call may.
    Erase {
        visitor: String,
        at: Timestamp,
        /// Nobody wants it; they have not been seen since this moment. Then they may come back.
        unseen: Option<Timestamp>,
        /// There is a lake, which may have something of theirs.
        lake: bool,
    },
    /// Ids that are the same person's as this one, as far as it knows itself.
    Kin {
        key: String,
    },
    /// Profiles of whom nothing was heard since a moment.
    Unseen {
        since: Timestamp,
    },
    /// Stored events after a batch; of one visitor's profile, if one is named.
    Events {
        visitor: Option<String>,
        after: u64,
    },
    /// The number of the batch that was stored last.
    Newest,
    /// What waits to be delivered, and ids of which it is not known yet whose they are.
    Pending,
    /// Messages of another object, or of its own, in their order.
    Import {
        packs: Packs,
        at: Timestamp,
        source: u16,
        posts: Vec<Posted>,
    },
    Delivered(Vec<u64>),
    /// Events that were refused.
    Quarantine(Vec<Refusal>),
    Quarantined,
    /// Drops those that name an id.
    Unquarantine {
        id: String,
    },
    /// Where an id leads.
    Lead {
        key: String,
    },
    /// The ids whose events are in the profile of this one.
    Members {
        key: String,
    },
    Health,
    /// What is to go to the lake and to reports next; of events those that have waited for so long.
    Drain {
        at: Timestamp,
        age: Span,
    },
    /// What has arrived there.
    Drained(DrainStep),
    /// Events that come back from the lake, and whose they said that ids are.
    Restore {
        packs: Packs,
        at: Timestamp,
        events: Vec<Stored>,
        links: Vec<(String, Timestamp, Link)>,
    },
    /// An id's person is told of it again: the one who had the profile has forgotten, or that it leads on.
    Again {
        key: String,
        at: Timestamp,
        forgotten: bool,
    },
    /// Slots that have not come yet, and those that have not gone.
    Slots,
    /// How slots stand here.
    Stands(Vec<u16>),
    /// Slots are another object's now: what there is of them; of the first one after something.
    Yield {
        slots: Vec<u16>,
        after: String,
    },
    /// What another object had of slots, from where it was taken in last.
    Arrive {
        source: u16,
        from: String,
        parcel: Parcel,
    },
    /// No other object has these slots: they are this one's with what is here of them.
    Stay(Vec<u16>),
    /// Another object has all of these slots, or none is to have what is here of them.
    Gone(Vec<u16>),
    /// The first message that waits.
    Outbox,
    /// Messages of another object, up to one, have arrived.
    Ungate {
        source: u16,
        upto: u64,
    },
    /// A profile that another release has written is folded anew.
    Renew {
        packs: Packs,
        at: Timestamp,
        visitor: String,
    },
    /// Takes the actions whose time has come.
    Act {
        packs: Packs,
        at: Timestamp,
    },
    /// Has every profile looked at, where the pack has something to do at the edge.
    LookAtAll {
        packs: Packs,
        at: Timestamp,
    },
    /// Letters that are to be sent.
    Letters {
        at: Timestamp,
    },
    /// What became of letters, by their ids.
    Fates(Vec<(String, Fate)>),
    DeadLetters {
        after: String,
    },
    /// Dead letters are sent `again`, or dropped: these, or all.
    Revive {
        ids: Option<Vec<String>>,
        at: Timestamp,
        again: bool,
    },
    Tasks {
        after: String,
    },
    Complete {
        ids: Vec<String>,
        at: Timestamp,
    },
    /// Letters and tasks about these ids go.
    Unpost {
        keys: Vec<String>,
    },
    /// What a person allows.
    Consent {
        packs: Packs,
        visitor: String,
    },
    /// Whose an id is, as an answer to a turn.
    Root {
        packs: Packs,
        at: Timestamp,
        key: String,
        turn: u64,
        root: String,
    },
}

/// An event on its way to its visitor's shard.
#[derive(Debug, Clone, PartialEq)]
pub struct Incoming {
    pub visitor: String,
    pub basis: Basis,
    /// The user, where they can be trusted to be.
    pub user: Option<String>,
    /// Ids that are the user's as well.
    pub previous: Vec<String>,
    /// Encoded.
    pub event: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ShardTold {
    Received {
        accepted: u32,
        /// With those of visitors who were erased: they are not wanted either.
        duplicates: u32,
        /// Something waits for another shard.
        pending: bool,
    },
    /// `more`: ask again.
    Erased {
        events: u32,
        more: bool,
        pending: bool,
    },
    Profile(Option<Profile>),
    Stats(Stats),
    /// `next`: ask again from there.
    Events {
        events: Vec<Stored>,
        next: Option<u64>,
    },
    /// The caller's map is older than the object's.
    Stale {
        epoch: u64,
    },
    Failed(String),
    Pending {
        posts: Vec<Posted>,
        unsettled: Vec<(String, u64)>,
        /// Objects whose messages go before others of this one's, and up to which.
        gates: Vec<(u16, u64)>,
    },
    /// These slots are not here, or not yet.
    Elsewhere(Vec<u16>),
    Slots {
        missing: Vec<u16>,
        left: Vec<u16>,
    },
    Stands(Vec<Stand>),
    /// `None`: ask again, it is being noted what there is.
    Parcel(Option<Parcel>),
    /// Of these slots more is left; some of it goes only after it has left for the lake.
    Cleared {
        left: Vec<u16>,
        waiting: Vec<u16>,
    },
    Outbox(Option<u64>),
    /// Whether something waits for another shard.
    Done {
        pending: bool,
    },
    /// Where an id leads, and whether it was erased: then it is nobody's.
    Lead {
        to: Option<String>,
        erased: bool,
    },
    Quarantined(Vec<Refusal>),
    Health(Health),
    Members(Vec<String>),
    Drain(Draining),
    /// How many were looked at, and when the next are to be.
    Acted {
        looked: u32,
        pending: bool,
        due: Option<Timestamp>,
    },
    Letters(Vec<Letter>),
    Tasks(Vec<Task>),
    Count(u64),
    Consent(Purposes),
}

/// What an object has of some slots, or a part of one.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parcel {
    pub slots: Vec<u16>,
    /// It is a part; the next begins here.
    pub next: Option<String>,
    /// Messages of the object's up to this one wait, perhaps some of the slots'.
    pub gate: Option<u64>,
    pub visitors: Vec<VisitorRow>,
    pub seen: Vec<(String, Seen)>,
    pub nodes: Vec<Node>,
    pub members: Vec<(String, String)>,
    pub leads: Vec<(String, String)>,
    pub batches: Vec<Batch>,
    /// With their slots.
    pub tombstones: Vec<(u16, u64, Timestamp)>,
    /// By slot and source.
    pub imported: Vec<(u16, u16, u64)>,
}

/// What an object has for the lake and for reports.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draining {
    /// Tells this object from another of the same name, before or after it.
    pub made: u64,
    /// Batches that are fixed to go together: after which, up to which, and the day on which they came.
    pub range: Option<(u64, u64, i64)>,
    /// Their events.
    pub events: Vec<Stored>,
    pub graves: Vec<Grave>,
    pub sums: Vec<TallyRow>,
    /// When there is something to do again, if nothing else happens.
    pub due: Option<Timestamp>,
}

/// What has arrived in the lake, and in reports.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DrainStep {
    /// Batches up to this one.
    pub drained: Option<u64>,
    pub buried: Vec<u64>,
    /// Sums up to this version.
    pub reported: Option<u64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub received: Timestamp,
    pub event: Incoming,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    pub counters: Counters,
    pub visitors: u64,
    pub sessions: u64,
    /// Events that came too late to be put in order.
    pub late: u64,
    pub segments: Vec<(String, u64)>,
    pub stages: Vec<(String, u64)>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum RegistryAsk {
    Put {
        row: PackRow,
        parts: PackParts,
    },
    List,
    Activate {
        hash: Option<PackHash>,
        at: Timestamp,
        by: String,
        percent: Option<u8>,
    },
    RollBack {
        at: Timestamp,
        by: String,
    },
    Active {
        now: Timestamp,
    },
    Part {
        hash: PackHash,
        part: Part,
    },
    Programs(Vec<PackHash>),
    /// What a feed says of the catalogue.
    Feed {
        rows: Vec<FeedRow>,
        at: Timestamp,
    },
    Unfeed {
        at: Timestamp,
    },
    Catalog {
        key: Option<String>,
        now: Timestamp,
    },
    Note(Deed),
    Deeds {
        before: Option<u64>,
    },
    /// How often what happened to pages, since it was last told.
    Count(Vec<(String, u64)>),
    /// What was told of that, in all.
    Counts,
    /// A key has sent events on a day, since that was last told.
    Use {
        key: String,
        day: i64,
        events: u64,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub enum RegistryTold {
    /// Whether it is new.
    Put {
        created: bool,
    },
    List {
        packs: Vec<PackRow>,
        activations: Vec<Activation>,
    },
    Activated(Activation),
    /// Neither this nor that can be done: a stable code.
    Refused(String),
    Active(InForce),
    Part(Option<Vec<u8>>),
    Programs(Vec<Option<Vec<u8>>>),
    /// How many rows changed; the others were told of later already.
    Fed {
        changed: u64,
    },
    Catalog {
        feed: Feed,
        derived: Option<Derived>,
        row: Option<FeedRow>,
    },
    Noted,
    Deeds(Vec<(u64, Deed)>),
    Counts(Vec<(String, u64)>),
    /// What the key has sent on the day, in all.
    Used(u64),
    Failed(String),
}

#[cfg(test)]
mod tests {
    use super::{RegistryAsk, RegistryTold, ShardCall, ShardTold};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = ShardCall::decode(&bytes);
            let _ = ShardTold::decode(&bytes);
            let _ = RegistryAsk::decode(&bytes);
            let _ = RegistryTold::decode(&bytes);
        }
    }
}
