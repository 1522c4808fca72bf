//! Rows of the catalogue that are newer than the pack: prices, what is in stock.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::Object;

use super::{PackHash, Program};

/// Of a hash so much tells one published pack from another.
const PUBLISHED: usize = 8;

impl Program {
    /// This pack with what a feed says of its catalogue: of each key the fields that change, or that there is no
    /// such thing any more. Of rows it has what content reads, so two are the same when they show the same; `None`
    /// when it shows what the pack does. `digest` makes its hash.
    pub fn fed(
        &self,
        rows: Vec<(String, Option<Object>)>,
        digest: impl Fn(&[u8]) -> [u8; 16],
    ) -> Option<Self> {
        let mut fed = self.clone();
        fed.catalog = fed.catalog.fed(rows).projected(self);
        if fed.catalog == self.catalog.projected(self) {
            return None;
        }
        let digest = digest(&fed.encode_body());
        fed.hash.0[PUBLISHED..].copy_from_slice(&digest[PUBLISHED..]);
        Some(fed)
    }
}

impl PackHash {
    /// Whether both are of one published pack: rows of a catalogue change nothing of what is remembered of visitors.
    pub fn is_same_pack(self, other: Self) -> bool {
        self.0[..PUBLISHED] == other.0[..PUBLISHED]
    }
}
