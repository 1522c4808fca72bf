//! What shards answer, as bytes.

use waymark_model::{DecodeError, Purposes, Reader, Timestamp};

use super::parts::{
    read_bytes, read_count, read_post, read_refusal, read_stored, read_u16, write_post,
    write_refusal, write_slots, write_stored,
};
use super::{Draining, Parcel, ShardTold, Stats, message, read_message};
use crate::letters::{Letter, Task};
use crate::ports::{Health, Profile, Stand};
use crate::tally::Standing;

impl ShardTold {
    #[expect(clippy::too_many_lines, reason = "an arm a message")]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = message();
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
            Self::Erased { events, more, pending } => {
                out.byte(6);
                out.unsigned((*events).into());
                out.flag(*more);
                out.flag(*pending);
            }
            Self::Pending { posts, unsettled, gates } => {
                out.byte(7);
                out.list(posts, write_post);
                out.list(unsettled, |out, (key, turn)| {
                    out.text(key);
                    out.unsigned(*turn);
                });
                out.list(gates, |out, (source, upto)| {
                    out.unsigned((*source).into());
                    out.unsigned(*upto);
                });
            }
            Self::Done { pending } => {
                out.byte(8);
                out.flag(*pending);
            }
            Self::Lead { to, erased } => {
                out.byte(9);
                out.optional_text(to.as_deref());
                out.flag(*erased);
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
            Self::Elsewhere(slots) => {
                out.byte(14);
                write_slots(&mut out, slots);
            }
            Self::Slots { missing, left } => {
                out.byte(15);
                write_slots(&mut out, missing);
                write_slots(&mut out, left);
            }
            Self::Stands(stands) => {
                out.byte(16);
                out.list(stands, |out, stand| stand.write(out));
            }
            Self::Parcel(parcel) => {
                out.byte(17);
                out.option(parcel.as_ref(), |out, parcel| parcel.write(out));
            }
            Self::Cleared { left, waiting } => {
                out.byte(18);
                write_slots(&mut out, left);
                write_slots(&mut out, waiting);
            }
            Self::Outbox(first) => {
                out.byte(19);
                out.option(first.as_ref(), |out, first| out.unsigned(*first));
            }
            Self::Acted { looked, pending, due } => {
                out.byte(20);
                out.unsigned((*looked).into());
                out.flag(*pending);
                out.option(due.as_ref(), |out, due| out.signed(due.0));
            }
            Self::Letters(letters) => {
                out.byte(21);
                out.list(letters, |out, letter| letter.write(out));
            }
            Self::Tasks(tasks) => {
                out.byte(22);
                out.list(tasks, |out, task| task.write(out));
            }
            Self::Count(count) => {
                out.byte(23);
                out.unsigned(*count);
            }
            Self::Consent(purposes) => {
                out.byte(24);
                out.byte(purposes.bits());
            }
        }
        out.into_bytes()
    }

    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        read_message(bytes, |input| match input.byte() {
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
            6 => Self::Erased { events: input.u32(), more: input.flag(), pending: input.flag() },
            7 => Self::Pending {
                posts: input.list(read_post),
                unsettled: input.list(read_count),
                gates: input.list(|input| (read_u16(input), input.unsigned())),
            },
            8 => Self::Done { pending: input.flag() },
            9 => Self::Lead { to: input.option(Reader::string), erased: input.flag() },
            10 => Self::Quarantined(input.list(read_refusal)),
            11 => Self::Health(Health::read(input)),
            12 => Self::Members(input.list(Reader::string)),
            13 => Self::Drain(Draining::read(input)),
            14 => Self::Elsewhere(input.list(read_u16)),
            15 => Self::Slots { missing: input.list(read_u16), left: input.list(read_u16) },
            16 => Self::Stands(input.list(Stand::read)),
            17 => Self::Parcel(input.option(Parcel::read)),
            18 => Self::Cleared { left: input.list(read_u16), waiting: input.list(read_u16) },
            19 => Self::Outbox(input.option(Reader::unsigned)),
            20 => Self::Acted {
                looked: input.u32(),
                pending: input.flag(),
                due: input.option(|input| Timestamp(input.signed())),
            },
            21 => Self::Letters(input.list(Letter::read)),
            22 => Self::Tasks(input.list(Task::read)),
            23 => Self::Count(input.unsigned()),
            24 => Self::Consent(Purposes::from_bits(input.byte())),
            _ => input.refuse("unknown-message", Self::Failed(String::new())),
        })
    }
}
