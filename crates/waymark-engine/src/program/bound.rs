//! How large what is remembered of a visitor can become.

use super::{FeatureKind, Program, Window};

impl Program {
    /// The most bytes that the cells of a state take, the encoded tail left out.
    pub fn cells_bound(&self) -> usize {
        self.features.iter().map(|feature| feature.kind.bound()).sum()
    }

    pub(crate) fn window_of(&self, feature: u32) -> Option<Window> {
        match self.features[feature as usize].kind {
            FeatureKind::Windowed { window, .. } => window,
            _ => None,
        }
    }
}

impl FeatureKind {
    fn bound(&self) -> usize {
        // Fingerprint, flags, how far back it reaches, and the length of the cell.
        const FRAME: usize = 24;
        const TIME: usize = 9;
        FRAME
            + match self {
                Self::Times { keep, .. } => 12 + TIME * *keep as usize,
                Self::Windowed { window, .. } => {
                    12 + window.map_or(0, |window| 2 * TIME * window.buckets as usize)
                }
                Self::First { .. } | Self::Last { .. } => 18 + 520,
                Self::Sequence { steps, .. } => 2 + 2 * TIME * steps.len(),
            }
    }
}
