//! What the worker and its objects say to each other: binary, over the objects' `fetch`.

use waymark_engine::PackHash;
use waymark_model::{DecodeError, Reader, Span, Timestamp, Writer};
use waymark_wire::Basis;

use crate::ports::{
    Activation, Counters, Grave, Health, Link, PackParts, PackRow, Part, Posted, Profile, Refusal,
    TallyRow, Unavailable,
};
use crate::shard_map::ShardMap;
use crate::tally::{Counted, Measure, Standing, Sum};

/// The pack to fold with, and those whose features are carried along.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Packs {
    /// `None`: no pack is active.
    pub active: Option<PackHash>,
    /// Active during the last 30 days, newest first.
    pub former: Vec<PackHash>,
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
    /// `more`: ask again. `others`: ids that are the same person's.
    Erased {
        events: u32,
        more: bool,
        others: Vec<String>,
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
    },
    /// Whether something waits for another shard.
    Done {
        pending: bool,
    },
    Lead(Option<String>),
    Quarantined(Vec<Refusal>),
    Health(Health),
    Members(Vec<String>),
    Drain(Draining),
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
    Put { row: PackRow, parts: PackParts },
    List,
    Activate { hash: Option<PackHash>, at: Timestamp, by: String },
    RollBack { at: Timestamp, by: String },
    Active { now: Timestamp },
    Part { hash: PackHash, part: Part },
    Programs(Vec<PackHash>),
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
    Active(Packs),
    Part(Option<Vec<u8>>),
    Programs(Vec<Option<Vec<u8>>>),
    Failed(String),
}

impl ShardCall {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.unsigned(self.map.epoch);
        out.unsigned(self.map.objects().into());
        out.unsigned(self.object.into());
        match &self.ask {
            ShardAsk::Receive { packs, received, events } => {
                out.byte(0);
                packs.write(&mut out);
                out.signed(received.0);
                out.list(events, |out, event| event.write(out));
            }
            ShardAsk::Profile { visitor } => {
                out.byte(1);
                out.text(visitor);
            }
            ShardAsk::Stats { packs, now } => {
                out.byte(2);
                packs.write(&mut out);
                out.signed(now.0);
            }
            ShardAsk::Events { visitor, after } => {
                out.byte(3);
                out.optional_text(visitor.as_deref());
                out.unsigned(*after);
            }
            ShardAsk::Erase { visitor, at, unseen } => {
                out.byte(4);
                out.text(visitor);
                out.signed(at.0);
                out.option(unseen.as_ref(), |out, since| out.signed(since.0));
            }
            ShardAsk::Unseen { since } => {
                out.byte(17);
                out.signed(since.0);
            }
            ShardAsk::Pending => out.byte(5),
            ShardAsk::Import { packs, at, source, posts } => {
                out.byte(6);
                packs.write(&mut out);
                out.signed(at.0);
                out.unsigned((*source).into());
                out.list(posts, write_post);
            }
            ShardAsk::Delivered(seqs) => {
                out.byte(7);
                out.list(seqs, |out, seq| out.unsigned(*seq));
            }
            ShardAsk::Lead { key } => {
                out.byte(8);
                out.text(key);
            }
            ShardAsk::Quarantine(refusals) => {
                out.byte(10);
                out.list(refusals, write_refusal);
            }
            ShardAsk::Quarantined => out.byte(11),
            ShardAsk::Health => out.byte(13),
            ShardAsk::Members { key } => {
                out.byte(14);
                out.text(key);
            }
            ShardAsk::Unquarantine { id } => {
                out.byte(12);
                out.text(id);
            }
            ShardAsk::Drain { at, age } => {
                out.byte(15);
                out.signed(at.0);
                out.signed(age.0);
            }
            ShardAsk::Again { key, at, forgotten } => {
                out.byte(19);
                out.text(key);
                out.signed(at.0);
                out.flag(*forgotten);
            }
            ShardAsk::Restore { packs, at, events, links } => {
                out.byte(18);
                packs.write(&mut out);
                out.signed(at.0);
                out.list(events, write_stored);
                out.list(links, |out, (key, received, link)| {
                    out.text(key);
                    out.signed(received.0);
                    link.write(out);
                });
            }
            ShardAsk::Drained(step) => {
                out.byte(16);
                out.option(step.drained.as_ref(), |out, seq| out.unsigned(*seq));
                out.list(&step.buried, |out, seq| out.unsigned(*seq));
                out.option(step.reported.as_ref(), |out, version| out.unsigned(*version));
            }
            ShardAsk::Root { packs, at, key, turn, root } => {
                out.byte(9);
                packs.write(&mut out);
                out.signed(at.0);
                out.text(key);
                out.unsigned(*turn);
                out.text(root);
            }
        }
        out.into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, |input| {
            let (epoch, objects, object) = (input.unsigned(), read_u16(input), read_u16(input));
            let map = ShardMap::new(epoch, objects);
            let map = map.unwrap_or_else(|| input.refuse("bad-map", ShardMap::DEFAULT));
            Self { map, object, ask: ShardAsk::read(input) }
        })
    }

    /// The packs that answering needs.
    pub fn packs(&self) -> Option<&Packs> {
        match &self.ask {
            ShardAsk::Receive { packs, .. }
            | ShardAsk::Stats { packs, .. }
            | ShardAsk::Import { packs, .. }
            | ShardAsk::Restore { packs, .. }
            | ShardAsk::Root { packs, .. } => Some(packs),
            ShardAsk::Profile { .. }
            | ShardAsk::Events { .. }
            | ShardAsk::Erase { .. }
            | ShardAsk::Unseen { .. }
            | ShardAsk::Pending
            | ShardAsk::Delivered(_)
            | ShardAsk::Health
            | ShardAsk::Members { .. }
            | ShardAsk::Quarantine(_)
            | ShardAsk::Quarantined
            | ShardAsk::Unquarantine { .. }
            | ShardAsk::Drain { .. }
            | ShardAsk::Drained(_)
            | ShardAsk::Again { .. }
            | ShardAsk::Lead { .. } => None,
        }
    }
}

impl ShardAsk {
    fn read(input: &mut Reader<'_>) -> Self {
        match input.byte() {
            0 => Self::Receive {
                packs: Packs::read(input),
                received: Timestamp(input.signed()),
                events: input.list(Incoming::read),
            },
            1 => Self::Profile { visitor: input.string() },
            2 => Self::Stats { packs: Packs::read(input), now: Timestamp(input.signed()) },
            3 => Self::Events { visitor: input.option(Reader::string), after: input.unsigned() },
            4 => Self::Erase {
                visitor: input.string(),
                at: Timestamp(input.signed()),
                unseen: input.option(|input| Timestamp(input.signed())),
            },
            5 => Self::Pending,
            6 => Self::Import {
                packs: Packs::read(input),
                at: Timestamp(input.signed()),
                source: read_u16(input),
                posts: input.list(read_post),
            },
            7 => Self::Delivered(input.list(Reader::unsigned)),
            8 => Self::Lead { key: input.string() },
            9 => Self::Root {
                packs: Packs::read(input),
                at: Timestamp(input.signed()),
                key: input.string(),
                turn: input.unsigned(),
                root: input.string(),
            },
            10 => Self::Quarantine(input.list(read_refusal)),
            11 => Self::Quarantined,
            12 => Self::Unquarantine { id: input.string() },
            13 => Self::Health,
            14 => Self::Members { key: input.string() },
            15 => Self::Drain { at: Timestamp(input.signed()), age: Span(input.signed()) },
            19 => Self::Again {
                key: input.string(),
                at: Timestamp(input.signed()),
                forgotten: input.flag(),
            },
            18 => Self::Restore {
                packs: Packs::read(input),
                at: Timestamp(input.signed()),
                events: input.list(read_stored),
                links: input
                    .list(|input| (input.string(), Timestamp(input.signed()), Link::read(input))),
            },
            17 => Self::Unseen { since: Timestamp(input.signed()) },
            16 => Self::Drained(DrainStep {
                drained: input.option(Reader::unsigned),
                buried: input.list(Reader::unsigned),
                reported: input.option(Reader::unsigned),
            }),
            _ => input.refuse("unknown-message", Self::Pending),
        }
    }
}

impl ShardTold {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        match self {
            Self::Received { accepted, duplicates, pending } => {
                out.byte(0);
                out.unsigned((*accepted).into());
                out.unsigned((*duplicates).into());
                out.flag(*pending);
            }
            Self::Profile(None) => {
                out.byte(1);
                out.byte(0);
            }
            Self::Profile(Some(Profile::Here(state, _))) => {
                out.byte(1);
                out.byte(1);
                out.bytes(state);
            }
            Self::Profile(Some(Profile::PartOf(root))) => {
                out.byte(1);
                out.byte(2);
                out.text(root);
            }
            Self::Stats(stats) => {
                out.byte(2);
                stats.write(&mut out);
            }
            Self::Events { events, next } => {
                out.byte(3);
                out.list(events, write_stored);
                out.option(next.as_ref(), |out, next| out.unsigned(*next));
            }
            Self::Stale { epoch } => {
                out.byte(4);
                out.unsigned(*epoch);
            }
            Self::Failed(why) => {
                out.byte(5);
                out.text(why);
            }
            Self::Erased { events, more, others, pending } => {
                out.byte(6);
                out.unsigned((*events).into());
                out.flag(*more);
                out.list(others, |out, key| out.text(key));
                out.flag(*pending);
            }
            Self::Pending { posts, unsettled } => {
                out.byte(7);
                out.list(posts, write_post);
                out.list(unsettled, |out, (key, turn)| {
                    out.text(key);
                    out.unsigned(*turn);
                });
            }
            Self::Done { pending } => {
                out.byte(8);
                out.flag(*pending);
            }
            Self::Lead(to) => {
                out.byte(9);
                out.optional_text(to.as_deref());
            }
            Self::Quarantined(refusals) => {
                out.byte(10);
                out.list(refusals, write_refusal);
            }
            Self::Health(health) => {
                out.byte(11);
                health.write(&mut out);
            }
            Self::Members(keys) => {
                out.byte(12);
                out.list(keys, |out, key| out.text(key));
            }
            Self::Drain(draining) => {
                out.byte(13);
                draining.write(&mut out);
            }
        }
        out.into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, |input| match input.byte() {
            0 => Self::Received {
                accepted: input.u32(),
                duplicates: input.u32(),
                pending: input.flag(),
            },
            1 => Self::Profile(match input.byte() {
                0 => None,
                1 => Some(Profile::Here(read_bytes(input), Standing::default())),
                2 => Some(Profile::PartOf(input.string())),
                _ => input.refuse("unknown-profile", None),
            }),
            2 => Self::Stats(Stats::read(input)),
            3 => Self::Events {
                events: input.list(read_stored),
                next: input.option(Reader::unsigned),
            },
            4 => Self::Stale { epoch: input.unsigned() },
            5 => Self::Failed(input.string()),
            6 => Self::Erased {
                events: input.u32(),
                more: input.flag(),
                others: input.list(Reader::string),
                pending: input.flag(),
            },
            7 => Self::Pending { posts: input.list(read_post), unsettled: input.list(read_count) },
            8 => Self::Done { pending: input.flag() },
            9 => Self::Lead(input.option(Reader::string)),
            10 => Self::Quarantined(input.list(read_refusal)),
            11 => Self::Health(Health::read(input)),
            12 => Self::Members(input.list(Reader::string)),
            13 => Self::Drain(Draining::read(input)),
            _ => input.refuse("unknown-message", Self::Failed(String::new())),
        })
    }
}

impl Draining {
    fn write(&self, out: &mut Writer) {
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

    fn read(input: &mut Reader<'_>) -> Self {
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

fn write_stored(out: &mut Writer, stored: &Stored) {
    out.signed(stored.received.0);
    stored.event.write(out);
}

fn read_stored(input: &mut Reader<'_>) -> Stored {
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
    fn write(&self, out: &mut Writer) {
        out.option(self.active.as_ref(), |out, hash| out.raw(&hash.0));
        out.list(&self.former, |out, hash| out.raw(&hash.0));
    }

    fn read(input: &mut Reader<'_>) -> Self {
        Self { active: input.option(read_hash), former: input.list(read_hash) }
    }
}

impl Health {
    fn write(&self, out: &mut Writer) {
        let Counters { batches, events, duplicates } = self.counters;
        for number in [batches, events, duplicates, self.profiles, self.bytes, self.outbox] {
            out.unsigned(number);
        }
        out.option(self.waiting_since.as_ref(), |out, since| out.signed(since.0));
        out.unsigned(self.unsettled);
        out.unsigned(self.refused);
        out.option(self.undrained_since.as_ref(), |out, since| out.signed(since.0));
    }

    fn read(input: &mut Reader<'_>) -> Self {
        Self {
            counters: Counters {
                batches: input.unsigned(),
                events: input.unsigned(),
                duplicates: input.unsigned(),
            },
            profiles: input.unsigned(),
            bytes: input.unsigned(),
            outbox: input.unsigned(),
            waiting_since: input.option(|input| Timestamp(input.signed())),
            unsettled: input.unsigned(),
            refused: input.unsigned(),
            undrained_since: input.option(|input| Timestamp(input.signed())),
        }
    }
}

impl Stats {
    fn write(&self, out: &mut Writer) {
        out.unsigned(self.counters.batches);
        out.unsigned(self.counters.events);
        out.unsigned(self.counters.duplicates);
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

    fn read(input: &mut Reader<'_>) -> Self {
        Self {
            counters: Counters {
                batches: input.unsigned(),
                events: input.unsigned(),
                duplicates: input.unsigned(),
            },
            visitors: input.unsigned(),
            sessions: input.unsigned(),
            late: input.unsigned(),
            segments: input.list(read_count),
            stages: input.list(read_count),
        }
    }
}

impl RegistryAsk {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
        match self {
            Self::Put { row, parts } => {
                out.byte(0);
                write_row(&mut out, row);
                out.bytes(&parts.source);
                out.bytes(&parts.program);
                out.bytes(&parts.page);
            }
            Self::List => out.byte(1),
            Self::Activate { hash, at, by } => {
                out.byte(2);
                out.option(hash.as_ref(), |out, hash| out.raw(&hash.0));
                out.signed(at.0);
                out.text(by);
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
        }
        out.into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, |input| match input.byte() {
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
            },
            3 => Self::RollBack { at: Timestamp(input.signed()), by: input.string() },
            4 => Self::Active { now: Timestamp(input.signed()) },
            5 => Self::Part {
                hash: read_hash(input),
                part: input.one_of(&Part::ALL, "unknown-part"),
            },
            6 => Self::Programs(input.list(read_hash)),
            _ => input.refuse("unknown-message", Self::List),
        })
    }
}

impl RegistryTold {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::default();
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
            Self::Active(packs) => {
                out.byte(4);
                packs.write(&mut out);
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
        }
        out.into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, |input| match input.byte() {
            0 => Self::Put { created: input.flag() },
            1 => {
                Self::List { packs: input.list(read_row), activations: input.list(read_activation) }
            }
            2 => Self::Activated(read_activation(input)),
            3 => Self::Refused(input.string()),
            4 => Self::Active(Packs::read(input)),
            5 => Self::Part(input.option(read_bytes)),
            6 => Self::Programs(input.list(|input| input.option(read_bytes))),
            7 => Self::Failed(input.string()),
            _ => input.refuse("unknown-message", Self::Failed(String::new())),
        })
    }
}

impl From<DecodeError> for Unavailable {
    fn from(error: DecodeError) -> Self {
        Self(format!("An object's answer cannot be read: {error}."))
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
}

fn read_activation(input: &mut Reader<'_>) -> Activation {
    Activation {
        number: input.unsigned(),
        hash: input.option(read_hash),
        at: Timestamp(input.signed()),
        by: input.string(),
        restores: input.option(Reader::unsigned),
    }
}

fn write_basis(out: &mut Writer, basis: Basis) {
    out.flag(basis == Basis::Server);
}

fn read_basis(input: &mut Reader<'_>) -> Basis {
    if input.flag() { Basis::Server } else { Basis::Browser }
}

fn write_refusal(out: &mut Writer, refusal: &Refusal) {
    out.signed(refusal.at.0);
    write_basis(out, refusal.basis);
    out.text(&refusal.code);
    out.text(&refusal.pointer);
    out.option(refusal.told.as_ref(), |out, (message, event)| {
        out.text(message);
        out.text(event);
    });
}

fn read_refusal(input: &mut Reader<'_>) -> Refusal {
    Refusal {
        at: Timestamp(input.signed()),
        basis: read_basis(input),
        code: input.string(),
        pointer: input.string(),
        told: input.option(|input| (input.string(), input.string())),
    }
}

fn write_post(out: &mut Writer, post: &Posted) {
    out.unsigned(post.seq);
    out.text(&post.key);
    out.bytes(&post.message);
}

fn read_post(input: &mut Reader<'_>) -> Posted {
    Posted { seq: input.unsigned(), key: input.string(), message: read_bytes(input) }
}

fn read_u16(input: &mut Reader<'_>) -> u16 {
    let number = u16::try_from(input.unsigned());
    number.unwrap_or_else(|_| input.refuse("too-large", 0))
}

fn read_hash(input: &mut Reader<'_>) -> PackHash {
    PackHash(input.array())
}

pub(crate) fn read_bytes(input: &mut Reader<'_>) -> Vec<u8> {
    input.bytes().to_vec()
}

fn read_count(input: &mut Reader<'_>) -> (String, u64) {
    (input.string(), input.unsigned())
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
