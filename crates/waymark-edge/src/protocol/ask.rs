//! What is asked of shards, as bytes.

use waymark_model::{DecodeError, Reader, Span, Timestamp};

use super::parts::{
    read_post, read_refusal, read_stored, read_u16, write_post, write_refusal, write_slots,
    write_stored,
};
use super::{
    DrainStep, Incoming, Packs, Parcel, RELEASE, ShardAsk, ShardCall, message, read_message,
};
use crate::letters::Fate;
use crate::ports::Link;
use crate::shard_map::ShardMap;

/// What the message that brings events says it is.
const RECEIVE: u8 = 0;

impl ShardCall {
    /// Whether a message brings events. Nobody but their sender waits for those.
    pub fn receives(message: &[u8]) -> bool {
        let mut input = Reader::new(message);
        let _: [u8; RELEASE.len()] = input.array();
        let _ = Self::read_addressee(&mut input);
        input.byte() == RECEIVE && input.check().is_ok()
    }

    #[expect(clippy::too_many_lines, reason = "an arm a message")]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = message();
        out.unsigned(self.map.epoch);
        out.list(self.map.history(), |out, objects| out.unsigned((*objects).into()));
        out.unsigned(self.object.into());
        match &self.ask {
            ShardAsk::Receive { packs, received, events } => {
                out.byte(RECEIVE);
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
            ShardAsk::Erase { visitor, at, unseen, lake } => {
                out.byte(4);
                out.text(visitor);
                out.signed(at.0);
                out.option(unseen.as_ref(), |out, since| out.signed(since.0));
                out.flag(*lake);
            }
            ShardAsk::Kin { key } => {
                out.byte(41);
                out.text(key);
            }
            ShardAsk::Unseen { since } => {
                out.byte(17);
                out.signed(since.0);
            }
            ShardAsk::Newest => out.byte(40),
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
            ShardAsk::Renew { packs, at, visitor } => {
                out.byte(29);
                packs.write(&mut out);
                out.signed(at.0);
                out.text(visitor);
            }
            ShardAsk::Act { packs, at } => {
                out.byte(30);
                packs.write(&mut out);
                out.signed(at.0);
            }
            ShardAsk::LookAtAll { packs, at } => {
                out.byte(38);
                packs.write(&mut out);
                out.signed(at.0);
            }
            ShardAsk::Letters { at } => {
                out.byte(31);
                out.signed(at.0);
            }
            ShardAsk::Fates(fates) => {
                out.byte(32);
                out.list(fates, |out, (id, fate)| {
                    out.text(id);
                    fate.write(out);
                });
            }
            ShardAsk::DeadLetters { after } => {
                out.byte(33);
                out.text(after);
            }
            ShardAsk::Revive { ids, at, again } => {
                out.byte(34);
                out.option(ids.as_ref(), |out, ids| out.list(ids, |out, id| out.text(id)));
                out.signed(at.0);
                out.flag(*again);
            }
            ShardAsk::Tasks { after } => {
                out.byte(35);
                out.text(after);
            }
            ShardAsk::Complete { ids, at } => {
                out.byte(36);
                out.list(ids, |out, id| out.text(id));
                out.signed(at.0);
            }
            ShardAsk::Unpost { keys } => {
                out.byte(37);
                out.list(keys, |out, key| out.text(key));
            }
            ShardAsk::Consent { packs, visitor } => {
                out.byte(39);
                packs.write(&mut out);
                out.text(visitor);
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
            ShardAsk::Slots => out.byte(20),
            ShardAsk::Stands(slots) => {
                out.byte(21);
                write_slots(&mut out, slots);
            }
            ShardAsk::Yield { slots, after } => {
                out.byte(22);
                write_slots(&mut out, slots);
                out.text(after);
            }
            ShardAsk::Arrive { source, from, parcel } => {
                out.byte(23);
                out.unsigned((*source).into());
                out.text(from);
                parcel.write(&mut out);
            }
            ShardAsk::Stay(slots) => {
                out.byte(24);
                write_slots(&mut out, slots);
            }
            ShardAsk::Gone(slots) => {
                out.byte(25);
                write_slots(&mut out, slots);
            }
            ShardAsk::Outbox => out.byte(26),
            ShardAsk::Ungate { source, upto } => {
                out.byte(27);
                out.unsigned((*source).into());
                out.unsigned(*upto);
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
        read_message(bytes, |input| {
            let (map, object) = Self::read_addressee(input);
            Self { map, object, ask: ShardAsk::read(input) }
        })
    }

    /// The caller's map, and which object of it is asked.
    fn read_addressee(input: &mut Reader<'_>) -> (ShardMap, u16) {
        let (epoch, history) = (input.unsigned(), input.list(read_u16));
        let since = epoch.checked_sub((history.len() as u64).saturating_sub(1));
        let map = since.and_then(|since| ShardMap::new(since, &history));
        let map = map.unwrap_or_else(|| input.refuse("bad-map", ShardMap::DEFAULT));
        (map, read_u16(input))
    }

    /// The packs that answering needs.
    pub fn packs(&self) -> Option<&Packs> {
        match &self.ask {
            ShardAsk::Receive { packs, .. }
            | ShardAsk::Stats { packs, .. }
            | ShardAsk::Import { packs, .. }
            | ShardAsk::Restore { packs, .. }
            | ShardAsk::Renew { packs, .. }
            | ShardAsk::Act { packs, .. }
            | ShardAsk::LookAtAll { packs, .. }
            | ShardAsk::Consent { packs, .. }
            | ShardAsk::Root { packs, .. } => Some(packs),
            ShardAsk::Profile { .. }
            | ShardAsk::Events { .. }
            | ShardAsk::Erase { .. }
            | ShardAsk::Kin { .. }
            | ShardAsk::Unseen { .. }
            | ShardAsk::Newest
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
            | ShardAsk::Letters { .. }
            | ShardAsk::Fates(_)
            | ShardAsk::DeadLetters { .. }
            | ShardAsk::Revive { .. }
            | ShardAsk::Tasks { .. }
            | ShardAsk::Complete { .. }
            | ShardAsk::Unpost { .. }
            | ShardAsk::Slots
            | ShardAsk::Stands(_)
            | ShardAsk::Yield { .. }
            | ShardAsk::Arrive { .. }
            | ShardAsk::Stay(_)
            | ShardAsk::Gone(_)
            | ShardAsk::Outbox
            | ShardAsk::Ungate { .. }
            | ShardAsk::Lead { .. } => None,
        }
    }
}

impl ShardAsk {
    fn read(input: &mut Reader<'_>) -> Self {
        match input.byte() {
            RECEIVE => Self::Receive {
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
                lake: input.flag(),
            },
            41 => Self::Kin { key: input.string() },
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
            20 => Self::Slots,
            21 => Self::Stands(input.list(read_u16)),
            22 => Self::Yield { slots: input.list(read_u16), after: input.string() },
            23 => Self::Arrive {
                source: read_u16(input),
                from: input.string(),
                parcel: Parcel::read(input),
            },
            24 => Self::Stay(input.list(read_u16)),
            25 => Self::Gone(input.list(read_u16)),
            26 => Self::Outbox,
            27 => Self::Ungate { source: read_u16(input), upto: input.unsigned() },
            30 => Self::Act { packs: Packs::read(input), at: Timestamp(input.signed()) },
            31 => Self::Letters { at: Timestamp(input.signed()) },
            32 => Self::Fates(input.list(|input| (input.string(), Fate::read(input)))),
            33 => Self::DeadLetters { after: input.string() },
            34 => Self::Revive {
                ids: input.option(|input| input.list(Reader::string)),
                at: Timestamp(input.signed()),
                again: input.flag(),
            },
            35 => Self::Tasks { after: input.string() },
            36 => Self::Complete { ids: input.list(Reader::string), at: Timestamp(input.signed()) },
            37 => Self::Unpost { keys: input.list(Reader::string) },
            38 => Self::LookAtAll { packs: Packs::read(input), at: Timestamp(input.signed()) },
            39 => Self::Consent { packs: Packs::read(input), visitor: input.string() },
            40 => Self::Newest,
            29 => Self::Renew {
                packs: Packs::read(input),
                at: Timestamp(input.signed()),
                visitor: input.string(),
            },
            _ => input.refuse("unknown-message", Self::Pending),
        }
    }
}
