//! How large what is remembered of a visitor can become.

use super::{FeatureKind, Items, Program, Window};
use crate::state::{KEY_BYTES, RUNS};

impl Program {
    /// The most bytes that the cells of a state take, the encoded tail left out.
    pub fn cells_bound(&self) -> usize {
        self.features.iter().map(|feature| feature.kind.bound()).sum()
    }
}

impl FeatureKind {
    /// The most bytes that its cell takes.
    pub fn bound(&self) -> usize {
        // Fingerprint, flags, how far back it reaches, and the length of the cell.
        const FRAME: usize = 24;
        const TIME: usize = 9;
        /// A number that counts buckets, which come one after the other, and one that counts events.
        const BUCKET: usize = 5;
        let buckets = |window: &Option<Window>| window.map_or(1, |window| window.buckets as usize);
        FRAME
            + match self {
                Self::Times { keep, .. } => 12 + TIME * *keep as usize,
                Self::Windowed { window, .. } => 12 + (2 * TIME + BUCKET) * buckets(window),
                Self::First { .. } | Self::Last { .. } => 18 + 520,
                Self::Sequence { steps, .. } => 2 + 2 * TIME * steps.len(),
                Self::Distinct { most, .. } => 6 + (8 + BUCKET) * *most as usize,
                Self::Top { most, window, .. } => {
                    6 + (KEY_BYTES + 8 + TIME + 2 * BUCKET * buckets(window)) * *most as usize
                }
                Self::Streak { .. } => 2 + 2 * TIME * RUNS,
                Self::Items(Items { most, .. }) => 6 + KEY_BYTES * *most as usize,
            }
    }
}
