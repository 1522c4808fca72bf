//! The features of a Program, equal ones shared whoever asks for them.

use std::collections::BTreeMap;

use waymark_engine::program::{Amount, CondId, Feature, FeatureKind, Matcher};
use waymark_model::fnv1a64;

use super::canonical;
use crate::condition::{Condition, Kept, Occurrence, Windowed};

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

    pub fn windowed(&mut self, of: &Windowed, lower: Lower<'_>) -> u32 {
        self.shared(canonical::windowed(of), |features| FeatureKind::Windowed {
            on: features.matcher(&of.on, lower),
            amount: of.property.clone().map_or(Amount::One, Amount::Property),
            window: of.window,
        })
    }

    pub fn kept(&mut self, of: &Kept, lower: Lower<'_>) -> u32 {
        self.shared(canonical::kept(of), |features| {
            let on = features.matcher(&of.on, lower);
            let capture = of.property.clone();
            if of.first {
                FeatureKind::First { on, capture }
            } else {
                FeatureKind::Last { on, capture }
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

    /// The names of the events, sorted, and the features that watch them.
    pub fn finish(mut self) -> (Vec<String>, Vec<Feature>) {
        let mut moved = vec![0; self.events.len()];
        for (new, old) in (0..).zip(self.events.values()) {
            moved[*old as usize] = new;
        }
        for feature in &mut self.list {
            for matcher in matchers(&mut feature.kind) {
                matcher.event = matcher.event.map(|old| moved[old as usize]);
            }
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

    fn matcher(&mut self, on: &Occurrence, lower: Lower<'_>) -> Matcher {
        let event = on.event.as_ref().map(|name| {
            let next = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
            *self.events.entry(name.clone()).or_insert(next)
        });
        Matcher { event, condition: on.filter.as_ref().map(|filter| lower(filter)) }
    }
}

fn matchers(kind: &mut FeatureKind) -> Vec<&mut Matcher> {
    match kind {
        FeatureKind::Times { on, .. }
        | FeatureKind::Windowed { on, .. }
        | FeatureKind::First { on, .. }
        | FeatureKind::Last { on, .. } => vec![on],
        FeatureKind::Sequence { steps, without } => steps.iter_mut().chain(without).collect(),
    }
}
