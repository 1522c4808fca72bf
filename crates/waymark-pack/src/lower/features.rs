//! The features of a Program, equal ones shared whoever asks for them.

use std::collections::BTreeMap;

use waymark_engine::program::{CondId, Feature, FeatureKind, Flow, Items, Ledger, Matcher};
use waymark_model::fnv1a64;

use super::canonical;
use crate::condition::{Condition, Definition, Occurrence};

/// Lowers a condition on an event.
pub(super) type Lower<'l> = &'l mut dyn FnMut(&Condition) -> CondId;

#[derive(Debug, Default)]
pub(super) struct Features {
    /// Their events are numbered in the order in which they came up.
    list: Vec<Feature>,
    known: BTreeMap<String, u32>,
    events: BTreeMap<String, u32>,
}

impl Features {
    /// How often something happened. One memory serves all who ask: it keeps what most of them need.
    pub fn times(&mut self, on: &Occurrence, keep: u32, lower: Lower<'_>) -> u32 {
        let number = self.shared(canonical::times(on), |features| FeatureKind::Times {
            on: features.matcher(on, lower),
            keep,
        });
        if let FeatureKind::Times { keep: kept, .. } = &mut self.list[number as usize].kind {
            *kept = keep.max(*kept);
        }
        number
    }

    pub fn definition(&mut self, of: &Definition, lower: Lower<'_>) -> u32 {
        self.shared(canonical::definition(of), |features| match of {
            Definition::Windowed(of) => FeatureKind::Windowed {
                on: features.matcher(&of.on, lower),
                taken: of.taken.clone(),
                merge: of.merge,
                window: of.window,
            },
            Definition::Kept(of) => {
                let (on, capture) = (features.matcher(&of.on, lower), of.property.clone());
                if of.first {
                    FeatureKind::First { on, capture }
                } else {
                    FeatureKind::Last { on, capture }
                }
            }
            Definition::Distinct(of) => FeatureKind::Distinct {
                on: features.matcher(&of.on, lower),
                taken: of.taken.clone(),
                window: of.window,
                most: of.most,
            },
            Definition::Top(of) => FeatureKind::Top {
                on: features.matcher(&of.on, lower),
                taken: of.taken.clone(),
                window: of.window,
                most: of.most,
            },
            Definition::Streak { on, period } => {
                FeatureKind::Streak { on: features.matcher(on, lower), period: *period }
            }
            Definition::Items(of) => {
                let [add, remove, clear] = [&of.add, &of.remove, &of.clear]
                    .map(|all| all.iter().map(|on| features.matcher(on, lower)).collect());
                let (taken, most) = (of.taken.clone(), of.most);
                FeatureKind::Items(Items { add, remove, clear, taken, most })
            }
            Definition::Points(of) => {
                let [earn, spend] = [&of.earn, &of.spend]
                    .map(|all| all.iter().map(|on| features.matcher(on, lower)).collect());
                let (earned, spent, window) = (of.earned.clone(), of.spent.clone(), of.window);
                FeatureKind::Points(Ledger { earn, earned, spend, spent, window })
            }
        })
    }

    pub fn sequence(
        &mut self,
        steps: &[Occurrence],
        without: &[Occurrence],
        lower: Lower<'_>,
    ) -> u32 {
        self.shared(canonical::sequence(steps, without), |features| FeatureKind::Sequence {
            steps: steps.iter().map(|step| features.matcher(step, lower)).collect(),
            without: without.iter().map(|step| features.matcher(step, lower)).collect(),
        })
    }

    /// The names of the events, sorted, and the features that watch them. Flows get the same numbers.
    pub fn finish(mut self, flows: &mut [Flow]) -> (Vec<String>, Vec<Feature>) {
        let mut moved = vec![0; self.events.len()];
        for (new, old) in (0..).zip(self.events.values()) {
            moved[*old as usize] = new;
        }
        let to_new = |matcher: &mut Matcher| {
            matcher.event = matcher.event.map(|old| moved[old as usize]);
        };
        self.list.iter_mut().for_each(|feature| feature.kind.each_matcher(to_new));
        for flow in flows {
            flow.each_matcher(to_new);
        }
        (self.events.into_keys().collect(), self.list)
    }

    fn shared(&mut self, text: String, make: impl FnOnce(&mut Self) -> FeatureKind) -> u32 {
        if let Some(number) = self.known.get(&text) {
            return *number;
        }
        let fingerprint = fnv1a64(text.as_bytes());
        let kind = make(self);
        let number = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        self.list.push(Feature { fingerprint, kind });
        self.known.insert(text, number);
        number
    }

    pub fn matcher(&mut self, on: &Occurrence, lower: Lower<'_>) -> Matcher {
        let event = on.event.as_ref().map(|name| {
            let next = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
            *self.events.entry(name.clone()).or_insert(next)
        });
        Matcher { event, condition: on.filter.as_ref().map(|filter| lower(filter)) }
    }
}
