//! Rules that choose among several contents, by points.

use alloc::vec::Vec;

use waymark_model::{Fixed, Reader, Writer};

use super::codec::{read_source, refuse, write_source};
use super::{CondId, Source};
use crate::WHOLE;

/// Of the candidates whose condition holds, the one with the most points is shown; of equals the
/// first.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    pub candidates: Vec<Candidate>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// A content.
    pub show: u32,
    pub when: CondId,
    /// They add up.
    pub points: Vec<Points>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Points {
    /// Given if this holds.
    pub when: CondId,
    /// A number that is read, times `amount`; what is no number gives nothing. Without it, `amount`.
    pub times: Option<Source>,
    pub amount: Fixed,
}

impl Pick {
    pub(super) fn write(&self, out: &mut Writer) {
        out.list(&self.candidates, |out, candidate| {
            out.unsigned(candidate.show.into());
            out.unsigned(candidate.when.0.into());
            out.list(&candidate.points, |out, points| {
                out.unsigned(points.when.0.into());
                out.option(points.times.as_ref(), write_source);
                out.signed(points.amount.0);
            });
        });
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        if !WHOLE {
            return refuse(input, "needs-whole-engine", Self { candidates: Vec::new() });
        }
        let candidates = input.list(|input| Candidate {
            show: input.u32(),
            when: CondId(input.u32()),
            points: input.list(|input| Points {
                when: CondId(input.u32()),
                times: input.option(read_source),
                amount: Fixed(input.signed()),
            }),
        });
        Self { candidates }
    }
}
