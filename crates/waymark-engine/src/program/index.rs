//! What reads what, so that an event costs only what it touches.

use alloc::vec;
use alloc::vec::Vec;

use super::{Cond, CondId, NumberSource, Program, Root, Test};

/// Lookups into a Program.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// By event number: the features that watch it.
    by_event: Vec<Vec<u32>>,
    /// Features that watch every event.
    any_event: Vec<u32>,
    /// By feature: segments that read it.
    pub(crate) by_feature: Vec<Vec<u32>>,
    /// By segment: later segments that read it.
    pub(crate) by_segment: Vec<Vec<u32>>,
    /// Segments that read the session, which every event moves.
    pub(crate) by_session: Vec<u32>,
    pub(crate) by_traits: Vec<u32>,
    pub(crate) by_stage: Vec<u32>,
}

impl Index {
    pub(crate) fn of(program: &Program) -> Self {
        let mut index = Self {
            by_event: vec![Vec::new(); program.events.len()],
            by_feature: vec![Vec::new(); program.features.len()],
            by_segment: vec![Vec::new(); program.segments.len()],
            ..Self::default()
        };
        for (number, feature) in (0..).zip(&program.features) {
            let any = feature.kind.matchers().any(|matcher| matcher.event.is_none());
            if any {
                index.any_event.push(number);
                continue;
            }
            for event in feature.kind.matchers().filter_map(|matcher| matcher.event) {
                push_once(&mut index.by_event[event as usize], number);
            }
        }
        for (number, segment) in (0..).zip(&program.segments) {
            index.read(program, segment.when, number);
        }
        index
    }

    /// The features that an event of this name may change.
    pub(crate) fn watching(&self, event: Option<u32>) -> impl Iterator<Item = u32> {
        let named = event.map_or(&[][..], |event| &self.by_event[event as usize]);
        named.iter().chain(&self.any_event).copied()
    }

    fn read(&mut self, program: &Program, cond: CondId, reader: u32) {
        let test = match program.cond(cond) {
            Cond::All(parts) | Cond::Any(parts) => {
                for part in parts {
                    self.read(program, *part, reader);
                }
                return;
            }
            Cond::Not(part) => return self.read(program, *part, reader),
            Cond::Test(test) => test,
        };
        if let Some(feature) = test.feature() {
            push_once(&mut self.by_feature[feature as usize], reader);
        }
        match test {
            Test::Value { path, .. } if path.root == Root::Traits => {
                push_once(&mut self.by_traits, reader);
            }
            Test::Count { session: true, .. }
            | Test::Number { source: NumberSource::Session(_), .. } => {
                push_once(&mut self.by_session, reader);
            }
            Test::Segment(segment) => {
                push_once(&mut self.by_segment[*segment as usize], reader);
            }
            Test::Stage { .. } => push_once(&mut self.by_stage, reader),
            _ => {}
        }
    }
}

impl Test {
    /// The feature that it reads.
    pub const fn feature(&self) -> Option<u32> {
        match self {
            Self::Count { feature, .. }
            | Self::Age { feature, .. }
            | Self::Captured { feature, .. }
            | Self::Sequence { feature, .. }
            | Self::Number { source: NumberSource::Windowed(feature), .. } => Some(*feature),
            Self::Value { .. } | Self::Number { .. } | Self::Segment(_) | Self::Stage { .. } => {
                None
            }
        }
    }
}

fn push_once(list: &mut Vec<u32>, item: u32) {
    if !list.contains(&item) {
        list.push(item);
    }
}
