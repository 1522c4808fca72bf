//! How large what is remembered of a visitor can become.

use alloc::string::String;
use alloc::vec::Vec;

use super::{FeatureKind, Flow, Items, Ledger, Program, Window};
use crate::flow::KEPT_BYTES;
use crate::state::{FLOW_RUNS, KEY_BYTES, RUNS};

impl Program {
    /// The most bytes that the cells of a state take, the encoded tail left out.
    pub fn cells_bound(&self) -> usize {
        self.features.iter().map(|feature| feature.kind.bound()).sum()
    }

    /// The most bytes that runs of triggers and journeys take.
    pub fn runs_bound(&self) -> usize {
        self.flows.iter().map(Flow::bound).sum()
    }
}

impl Flow {
    fn bound(&self) -> usize {
        /// Hashes, times and flags.
        const FRAME: usize = 48;
        let key = if self.key.is_some() { KEPT_BYTES } else { 1 };
        let kept = |paths: &[Vec<String>]| {
            paths
                .iter()
                .map(|keys| KEPT_BYTES + keys.iter().map(|key| key.len() + 3).sum::<usize>())
                .sum::<usize>()
        };
        let runs = if self.key.is_some() { FLOW_RUNS } else { 1 };
        runs * (FRAME + key + kept(&self.entry) + kept(&self.answer))
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
                Self::Points(Ledger { window, .. }) => 6 + 2 * TIME * buckets(window),
                Self::Items(Items { most, .. }) => 6 + KEY_BYTES * *most as usize,
            }
    }
}
