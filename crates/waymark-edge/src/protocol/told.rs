//! What shards answer, as bytes.

use waymark_model::{DecodeError, Reader, Writer};

use super::parts::{
    read_bytes, read_count, read_post, read_refusal, read_stored, write_post, write_refusal,
    write_stored,
};
use super::{Draining, ShardTold, Stats};
use crate::ports::{Health, Profile};
use crate::tally::Standing;

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
