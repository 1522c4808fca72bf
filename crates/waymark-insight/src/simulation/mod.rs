//! What a pack does to many visitors, counted while their journeys are played.
//!
//! A host plays one visitor after the other and tells what the engine said: see [`Simulation::begin`].
//! Nothing of a visitor is kept once they are done.

mod changes;
mod contacts;
mod places;
mod reach;
mod ways;

use std::collections::BTreeMap;

use waymark_engine::explain::Explanation;
use waymark_engine::{Acted, Change, Engine, Program, Reason, State, Stepped};
use waymark_model::{Timestamp, fnv1a64};

pub use changes::{Changes, SegmentChange, SlotChange};
pub use contacts::{ActionKey, Contacts};
pub use places::{Places, SegmentCount, StageCount, Stays};
pub use reach::{Fate, Never, RuleReach};
pub use ways::{FlowCount, StepCount, Way};

/// How often something was, and of how many visitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    pub times: u64,
    pub visitors: u64,
    /// The visitor of whom it was last seen; visitors come one after the other.
    last: u64,
}

impl Seen {
    pub(crate) fn by(&mut self, visitor: u64) {
        self.times += 1;
        if self.last != visitor {
            self.last = visitor;
            self.visitors += 1;
        }
    }
}

/// What one slot showed at one moment: the content's number, and a hash of what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    pub content: Option<u32>,
    pub text: u64,
}

/// One visitor's journey, as far as another pack's is compared with it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Journey {
    /// At each look, in the order of the pack's slots.
    pub looks: Vec<Vec<Shown>>,
    /// Segments that they are in at the end.
    pub segments: Vec<u32>,
}

/// Counts of everything that one pack did. Numbers of rules, segments and so on are the Program's.
#[derive(Debug, Clone)]
pub struct Simulation<'p> {
    pub program: &'p Program,
    pub visitors: u64,
    /// Events that were played, without those that the hosts themselves logged.
    pub events: u64,
    /// Decisions that were made.
    pub looks: u64,
    pub places: Places,
    pub rules: Vec<RuleReach>,
    /// By slot, then by content; none keeps the author's.
    pub slots: Vec<BTreeMap<Option<u32>, Seen>>,
    /// By experiment or holdout, then by variation.
    pub variations: BTreeMap<String, BTreeMap<String, Seen>>,
    pub flows: Vec<FlowCount>,
    pub actions: BTreeMap<ActionKey, Seen>,
    pub contacts: Contacts,
    contents: BTreeMap<&'p str, u32>,
    journey: Journey,
}

impl<'p> Simulation<'p> {
    /// Nobody yet.
    pub fn of(program: &'p Program) -> Self {
        Self {
            program,
            visitors: 0,
            events: 0,
            looks: 0,
            places: Places::of(program),
            rules: vec![RuleReach::default(); program.rules.len()],
            slots: vec![BTreeMap::new(); program.slots.len()],
            variations: BTreeMap::new(),
            flows: program.flows.iter().map(FlowCount::of).collect(),
            actions: BTreeMap::new(),
            contacts: Contacts::default(),
            contents: (0..)
                .zip(&program.contents)
                .map(|(number, content)| (content.id.as_str(), number))
                .collect(),
            journey: Journey::default(),
        }
    }

    /// The next visitor. Then come [`Self::came`] with their first event, whatever happens to them
    /// in the order in which it does, and [`Self::end`].
    pub fn begin(&mut self) {
        self.visitors += 1;
        self.journey = Journey::default();
        self.contacts.begin();
    }

    /// The first event of the visitor was taken in.
    pub fn came(&mut self, state: &State, at: Timestamp) {
        self.places.came(self.visitors, state, at);
        self.contacts.came(at);
    }

    /// Memberships changed, by an event or because time passed.
    pub fn changed(&mut self, change: &Change, at: Timestamp) {
        self.places.changed(self.visitors, change, at);
    }

    /// A decision was made, and shown. `held` are the rules whose conditions hold.
    pub fn looked(&mut self, explanation: &Explanation, held: &[u32]) {
        self.looks += 1;
        let (program, visitor) = (self.program, self.visitors);
        reach::looked(&mut self.rules, program, visitor, explanation, held);
        let decision = &explanation.decision;
        let mut look = Vec::with_capacity(decision.slots.len());
        for (slot, decided) in decision.slots.iter().enumerate() {
            let content = decided.content.as_deref();
            let content = content.and_then(|id| self.contents.get(id)).copied();
            self.slots[slot].entry(content).or_default().by(visitor);
            let text = decided.body.as_ref().map_or("", |body| &body.text);
            look.push(Shown { content, text: fnv1a64(text.as_bytes()) });
            let by_rule = decided.rule.is_some() && decided.reason != Reason::HeldOut;
            if by_rule && content.is_some() && program.slots[slot].contact.is_some() {
                self.contacts.contacted(decision.now);
            }
        }
        self.journey.looks.push(look);
        for exposure in &decision.exposures {
            let variations = self.variations.entry(exposure.experiment.clone()).or_default();
            variations.entry(exposure.variation.clone()).or_default().by(visitor);
        }
    }

    /// Runs of triggers and journeys moved: `before` is where they stood. `stepped` is what the
    /// engine said of it, unless it was an event that moved them.
    pub fn moved(
        &mut self,
        engine: Engine<'_>,
        state: &State,
        before: &[Way],
        stepped: Option<&Stepped>,
    ) {
        let after = Way::all(engine, state);
        ways::moved(&mut self.flows, self.visitors, (before, &after), stepped);
    }

    /// An action was taken.
    pub fn acted(&mut self, acted: &Acted) {
        let visitor = self.visitors;
        self.actions.entry(ActionKey::of(&acted.event)).or_default().by(visitor);
        self.contacts.acted(&acted.event);
    }

    /// The visitor is done: what they were is counted, and what another pack may be compared with is
    /// handed over.
    pub fn end(&mut self, engine: Engine<'_>, state: &State, at: Timestamp) -> Journey {
        for way in Way::all(engine, state) {
            self.flows[way.flow as usize].ends_at(way.step);
        }
        self.contacts.end(at);
        self.places.end(state);
        let mut journey = std::mem::take(&mut self.journey);
        journey.segments = state.segments().collect();
        journey
    }
}
