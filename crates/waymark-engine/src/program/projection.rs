//! What of a Program a page is given.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::{Action, Body, Cond, CondId, Outcome, Path, Program, Source};

impl Program {
    /// The Program for pages: content that no rule shows and slots that nothing fills stay behind.
    /// It decides as the whole does, and carries the whole's hash.
    #[must_use]
    pub fn page_projection(&self) -> Self {
        let mut page = self.clone();
        let shown: BTreeSet<u32> = self
            .rules
            .iter()
            .filter_map(|rule| match rule.action {
                Action::Show(content) => Some(content),
                _ => None,
            })
            .chain(
                (self.experiments.iter().flat_map(|experiment| &experiment.variations))
                    .filter_map(|variation| variation.show),
            )
            .chain(self.slots.iter().filter_map(|slot| slot.default))
            .collect();
        let kept: Vec<u32> = shown.into_iter().collect();
        let moved = |old: u32| kept.binary_search(&old).ok().and_then(|at| u32::try_from(at).ok());
        page.contents = kept.iter().map(|old| self.contents[*old as usize].clone()).collect();
        for rule in &mut page.rules {
            if let Action::Show(content) = rule.action {
                rule.action = Action::Show(moved(content).unwrap_or_default());
            }
            for need in &mut rule.needs {
                // What nothing shows cannot be what a slot came to.
                let kept = need.any_of.iter().filter_map(|outcome| match *outcome {
                    Outcome::Content(content) => moved(content).map(Outcome::Content),
                    other => Some(other),
                });
                need.any_of = kept.collect();
            }
        }
        for variation in page.experiments.iter_mut().flat_map(|one| &mut one.variations) {
            variation.show = variation.show.and_then(moved);
        }
        for slot in &mut page.slots {
            slot.default = slot.default.and_then(moved);
        }
        // What the edge fetches, and where from, is its own.
        for content in page.contents.iter_mut().filter(|content| content.body == Body::Remote) {
            content.variants.clear();
        }
        page.catalog = self.catalog.projected(&page);
        page.indexed()
    }

    /// The paths that a condition reads.
    pub(super) fn paths_of<'p>(&'p self, cond: CondId, out: &mut Vec<&'p Path>) {
        match self.cond(cond) {
            Cond::All(parts) | Cond::Any(parts) => {
                for part in parts {
                    self.paths_of(*part, out);
                }
            }
            Cond::Not(part) => self.paths_of(*part, out),
            Cond::Test(test) => out.extend(test.sources().filter_map(|source| match source {
                Source::Path(path) => Some(path),
                _ => None,
            })),
        }
    }
}
