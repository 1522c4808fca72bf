//! What another pack would change, visitor by visitor and look by look.

use std::collections::{BTreeMap, BTreeSet};

use waymark_engine::Program;

use super::{Journey, Seen, Shown};
use crate::KEEP;

/// How two packs differ in what they did to the same visitors.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    visitors: u64,
    /// Looks at which some slot shows something else.
    pub looks: Seen,
    /// By the slots' ids.
    pub slots: BTreeMap<String, SlotChange>,
    /// By the segments' ids.
    pub segments: BTreeMap<String, SegmentChange>,
}

#[derive(Debug, Clone, Default)]
pub struct SlotChange {
    /// Looks at which it shows another content.
    pub looks: Seen,
    /// Looks at which it shows the same content, with another text.
    pub reworded: Seen,
    /// From one content to another; [`KEEP`] is the author's.
    pub ways: BTreeMap<(String, String), Seen>,
    /// The slot's number in the one Program and in the other.
    numbers: [Option<usize>; 2],
}

/// Visitors at the end.
#[derive(Debug, Clone, Default)]
pub struct SegmentChange {
    pub before: u64,
    pub after: u64,
    pub both: u64,
}

impl Changes {
    pub fn between(before: &Program, after: &Program) -> Self {
        let mut changes = Self::default();
        for (pack, program) in [before, after].into_iter().enumerate() {
            for (number, slot) in program.slots.iter().enumerate() {
                let change = changes.slots.entry(slot.id.clone()).or_default();
                change.numbers[pack] = Some(number);
            }
            for segment in &program.segments {
                changes.segments.entry(segment.id.clone()).or_default();
            }
        }
        changes
    }

    /// One visitor, under both. There are as many looks in the one journey as in the other.
    pub fn compare(&mut self, programs: [&Program; 2], [before, after]: [&Journey; 2]) {
        self.visitors += 1;
        let visitor = self.visitors;
        for looks in before.looks.iter().zip(&after.looks) {
            let mut differs = false;
            for slot in self.slots.values_mut() {
                differs |= slot.compare(programs, [looks.0, looks.1], visitor);
            }
            if differs {
                self.looks.by(visitor);
            }
        }
        let ids = |pack: usize, journey: &Journey| -> BTreeSet<&str> {
            let ids = journey.segments.iter();
            ids.map(|number| programs[pack].segments[*number as usize].id.as_str()).collect()
        };
        let (before, after) = (ids(0, before), ids(1, after));
        for id in before.union(&after) {
            let Some(change) = self.segments.get_mut(*id) else { continue };
            let (was, is) = (before.contains(id), after.contains(id));
            change.before += u64::from(was);
            change.after += u64::from(is);
            change.both += u64::from(was && is);
        }
    }
}

impl SlotChange {
    /// Whether something else is seen.
    fn compare(&mut self, programs: [&Program; 2], looks: [&[Shown]; 2], visitor: u64) -> bool {
        let shown = |pack: usize| self.numbers[pack].map(|number| looks[pack][number]);
        let name = |pack: usize, shown: Option<Shown>| {
            let content = shown.and_then(|shown| shown.content);
            content.map_or(KEEP, |number| programs[pack].contents[number as usize].id.as_str())
        };
        let (was, is) = (shown(0), shown(1));
        let (from, to) = (name(0, was), name(1, is));
        if from != to {
            self.looks.by(visitor);
            self.ways.entry((from.to_owned(), to.to_owned())).or_default().by(visitor);
            return true;
        }
        let text = |shown: Option<Shown>| shown.map(|shown| shown.text);
        let reworded = from != KEEP && text(was) != text(is);
        if reworded {
            self.reworded.by(visitor);
        }
        reworded
    }
}
