//! How an audience divides over what a pack tells apart.

use std::collections::BTreeMap;

use waymark_engine::{Context, Engine, Program, State};
use waymark_model::Timestamp;

/// What a slot shows where the author's content stays. No content can have this id: a pack's
/// `"default": "keep"` means the same.
pub const KEEP: &str = "keep";

/// Counts over visitors. Tallies of parts of an audience merge to the tally of the whole, in any
/// order, as long as each visitor is in one part.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Distinct accepted events.
    pub events: u64,
    /// Events whose message id was there before.
    pub duplicates: u64,
    /// Events that could not be read.
    pub rejected: u64,
    pub visitors: u64,
    pub sessions: u64,
    /// Visitors in each segment.
    pub segments: BTreeMap<String, u64>,
    /// Visitors whose furthest stage it is. A visitor in none is counted in none.
    pub stages: BTreeMap<String, u64>,
    /// By slot, then by content: visitors who are shown it; [`KEEP`] where the author's stays.
    pub slots: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Tally {
    /// Nobody yet. Every segment, stage and slot of the program is there.
    pub fn of(program: &Program) -> Self {
        Self {
            segments: program.segments.iter().map(|segment| (segment.id.clone(), 0)).collect(),
            stages: program.stages.iter().map(|stage| (stage.id.clone(), 0)).collect(),
            slots: program.slots.iter().map(|slot| (slot.id.clone(), BTreeMap::new())).collect(),
            ..Self::default()
        }
    }

    /// Counts a visitor as a decision at `now` finds them. Without consent for personalization in
    /// the context they are in no segment and no stage.
    pub fn add_visitor(
        &mut self,
        engine: Engine<'_>,
        state: &State,
        context: &Context,
        now: Timestamp,
    ) {
        let decision = engine.decide(state, context, now);
        self.visitors += 1;
        self.events += state.seq;
        self.sessions += state.fold().sessions.count();
        for segment in decision.segments {
            *self.segments.entry(segment).or_default() += 1;
        }
        if let Some(stage) = decision.stage {
            *self.stages.entry(stage).or_default() += 1;
        }
        for slot in decision.slots {
            let content = slot.content.unwrap_or_else(|| KEEP.to_owned());
            *self.slots.entry(slot.slot).or_default().entry(content).or_default() += 1;
        }
    }

    /// Adds what another part of the audience came to.
    pub fn merge(&mut self, other: &Self) {
        self.events += other.events;
        self.duplicates += other.duplicates;
        self.rejected += other.rejected;
        self.visitors += other.visitors;
        self.sessions += other.sessions;
        add(&mut self.segments, &other.segments);
        add(&mut self.stages, &other.stages);
        for (slot, contents) in &other.slots {
            // A slot that nobody saw yet is a slot all the same.
            add(self.slots.entry(slot.clone()).or_default(), contents);
        }
    }
}

fn add(counts: &mut BTreeMap<String, u64>, others: &BTreeMap<String, u64>) {
    for (id, count) in others {
        *counts.entry(id.clone()).or_default() += count;
    }
}
