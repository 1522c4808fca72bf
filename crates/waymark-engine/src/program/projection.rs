//! What of a Program a page is given.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::Program;

impl Program {
    /// The Program for pages: content that no rule shows and slots that nothing fills stay behind.
    /// It decides as the whole does, and carries the whole's hash.
    #[must_use]
    pub fn page_projection(&self) -> Self {
        let mut page = self.clone();
        let shown: BTreeSet<u32> = self
            .rules
            .iter()
            .map(|rule| rule.content)
            .chain(self.slots.iter().filter_map(|slot| slot.default))
            .collect();
        let kept: Vec<u32> = shown.into_iter().collect();
        let moved = |old: u32| kept.binary_search(&old).ok().and_then(|at| u32::try_from(at).ok());
        page.contents = kept.iter().map(|old| self.contents[*old as usize].clone()).collect();
        for rule in &mut page.rules {
            rule.content = moved(rule.content).unwrap_or_default();
        }
        for slot in &mut page.slots {
            slot.default = slot.default.and_then(moved);
        }
        page.indexed()
    }
}
