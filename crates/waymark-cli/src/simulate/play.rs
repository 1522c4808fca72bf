//! One visitor after the other, under one pack, as hosts would have it: events as they come, actions
//! when they are due, and what is shown is logged.

use std::collections::BTreeSet;

use waymark_engine::{Decision, Engine, Numerals, Program, State};
use waymark_insight::simulation::{Journey, Simulation, Way};
use waymark_model::{Event, Kind, Span, Timestamp};
use waymark_wire::{exposure_to_json, object_from_json, view_to_json};

use super::Look;
use crate::surroundings::Surroundings;

const EXPOSED: &str = "Experiment Viewed";
/// What is logged of a page comes after it.
const LATER: Span = Span(1);

/// Plays visitors under a pack and counts.
pub(super) struct Player<'p> {
    pub counts: Simulation<'p>,
    look: Look,
    until: Timestamp,
}

impl<'p> Player<'p> {
    pub(super) fn new(program: &'p Program, look: Look, until: Timestamp) -> Self {
        Self { counts: Simulation::of(program), look, until }
    }

    /// A visitor's events, in the order of time; of those that come after the end nothing is heard.
    pub(super) fn play(&mut self, events: &[Event]) -> Journey {
        let engine = Engine::new(self.counts.program, Numerals::NATIVE);
        self.counts.begin();
        let mut visit = Visit {
            engine,
            counts: &mut self.counts,
            state: engine.new_state(),
            around: Surroundings::default(),
            clock: Timestamp::MIN,
            logged: 0,
        };
        let mut next_look = None;
        let end = events.partition_point(|event| event.time <= self.until);
        // Of what came at one moment nothing is before the other.
        for together in events[..end].chunk_by(|one, other| one.time == other.time) {
            let [Event { time, .. }, ..] = *together else { continue };
            if self.look == Look::Day {
                let next = next_look.get_or_insert(time);
                visit.look_daily(next, time);
            }
            visit.takes(together, time);
            if self.look == Look::PageView {
                for page in together.iter().filter(|event| event.kind == Kind::Page) {
                    visit.around.turn_to(page);
                    visit.looks(time);
                }
            }
        }
        if let Some(next) = &mut next_look {
            visit.look_daily(next, self.until.plus(LATER));
        }
        visit.waits(self.until);
        let Visit { state, clock, counts, .. } = visit;
        counts.end(engine, &state, clock)
    }
}

/// A visitor who is being played.
struct Visit<'a, 'p> {
    engine: Engine<'p>,
    counts: &'a mut Simulation<'p>,
    state: State,
    around: Surroundings,
    clock: Timestamp,
    logged: u64,
}

impl Visit<'_, '_> {
    /// Events of one moment.
    fn takes(&mut self, events: &[Event], time: Timestamp) {
        let first = self.clock == Timestamp::MIN;
        if first {
            self.clock = time;
        } else {
            self.waits(time);
        }
        for event in events {
            self.counts.events += 1;
            self.around.hear(event);
            self.hears(event.clone(), first);
        }
        if first {
            self.counts.came(&self.state, time);
        }
        self.waits(time);
    }

    fn ways(&self) -> Vec<Way> {
        Way::all(self.engine, &self.state)
    }

    fn hears(&mut self, event: Event, first: bool) {
        let before = self.ways();
        let effects = self.engine.apply_owned(&mut self.state, event);
        if !first {
            self.counts.changed(&effects.change, self.clock);
        }
        self.counts.moved(self.engine, &self.state, &before, None);
    }

    /// Lets time pass, as [`Engine::run`] does, and takes note of all that changes.
    fn waits(&mut self, until: Timestamp) {
        self.clock = self.clock.max(until);
        loop {
            let due = self.state.valid_until();
            let at = due.min(self.clock);
            let before = self.ways();
            let change = self.engine.advance(&mut self.state, at);
            self.counts.changed(&change, at);
            self.counts.moved(self.engine, &self.state, &before, None);
            let acted = self.acts(at);
            let done = !acted && self.state.valid_until() <= due;
            if due > self.clock || done {
                break;
            }
        }
    }

    /// Whether something was done.
    fn acts(&mut self, at: Timestamp) -> bool {
        // Mostly nothing is due, and the visitor's time need not be looked up.
        if self.state.valid_until() > at {
            return false;
        }
        let context = self.around.at(&self.state, at);
        let mut any = false;
        for _ in 0..Engine::STEPS {
            let before = self.ways();
            let stepped = self.engine.act_once(&mut self.state, &context, at);
            let Some(stepped) = stepped else { break };
            self.counts.moved(self.engine, &self.state, &before, Some(&stepped));
            if let Some(acted) = &stepped.acted {
                self.counts.acted(acted);
                self.counts.changed(&acted.effects.change, at);
                any = true;
            }
        }
        any
    }

    /// A look a day, on no page in particular, until before a moment.
    fn look_daily(&mut self, next: &mut Timestamp, before: Timestamp) {
        while *next < before {
            self.waits(*next);
            self.looks(*next);
            *next = next.plus(Span::DAY);
        }
    }

    /// Decides, and logs what is shown as hosts do: each once a page.
    fn looks(&mut self, at: Timestamp) {
        let at = at.max(self.clock);
        let context = self.around.at(&self.state, at);
        let explanation = self.engine.explain(&self.state, &context, at);
        let prepared = self.engine.prepare(&self.state, &context);
        let mut held = Vec::new();
        self.engine.eligible(&prepared, &self.state, &context, at, &mut held);
        self.counts.looked(&explanation, &held);
        let logged = self.logged(&explanation.decision, at.plus(LATER));
        if logged.is_empty() {
            return;
        }
        self.waits(at.plus(LATER));
        for event in logged {
            self.hears(event, false);
        }
        self.waits(self.clock);
    }

    /// In the order in which events of one moment are.
    fn logged(&mut self, decision: &Decision, at: Timestamp) -> Vec<Event> {
        let mut seen = BTreeSet::new();
        let mut events = Vec::new();
        let exposures = decision.exposures.iter().map(|exposure| {
            let ids = (exposure.experiment.as_str(), exposure.variation.as_str());
            (EXPOSED, ids, exposure_to_json(exposure))
        });
        let views = decision.views.iter().map(|view| {
            (view.event(), (view.rule.as_str(), view.content.as_str()), view_to_json(view))
        });
        for (name, ids, properties) in exposures.chain(views) {
            if !seen.insert((name, ids)) {
                continue;
            }
            self.logged += 1;
            let mut event = Event::new(&format!("sim-{}", self.logged), Kind::Track, name, at);
            event.anonymous_id.clone_from(&self.around.context.anonymous_id);
            event.properties = properties.as_object().map(object_from_json).unwrap_or_default();
            events.push(event);
        }
        events.sort_by_key(Event::key);
        events
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use waymark_engine::{Context, Engine, Numerals};
    use waymark_insight::simulation::{ActionKey, Fate};
    use waymark_model::{Purposes, Span, Timestamp};
    use waymark_wire::play;

    use super::{Look, Player};
    use crate::crowd::{Generator, START};

    /// Without slots nothing is logged, and nothing but the events moves a visitor.
    #[test]
    fn a_simulation_does_what_a_host_does_that_never_sleeps() {
        let pack = include_str!("../../../../examples/recipes/cart-abandonment.jsonc");
        let compiled = waymark_pack::compile(pack).unwrap();
        let until = START.plus(Span(20 * Span::DAY.0));
        let generator = Generator::of(&[&compiled], 5, START, until);
        let mut player = Player::new(&compiled.program, Look::PageView, until);
        let engine = Engine::new(&compiled.program, Numerals::NATIVE);
        let context = Context { consent: Purposes::ALL, ..Context::default() };
        let mut taken: BTreeMap<ActionKey, u64> = BTreeMap::new();
        for number in 0..300 {
            let events = generator.journey(number);
            player.play(&events);
            let arrivals = events.iter().map(|event| (event.clone(), event.time));
            let clock = (Timestamp::MIN, until);
            let played = play(engine, engine.new_state(), clock, arrivals, &context, None);
            for acted in played.actions {
                *taken.entry(ActionKey::of(&acted.event)).or_default() += 1;
            }
        }
        let counted = player.counts.actions.into_iter().map(|(key, seen)| (key, seen.times));
        assert_eq!(counted.collect::<BTreeMap<_, _>>(), taken);
        assert_eq!(taken.len(), 2);
    }

    #[test]
    fn every_run_is_somewhere_and_something_became_of_every_rule_that_held() {
        let pack = include_str!("../../../waymark-pack/tests/whole/journeys.jsonc");
        let compiled = waymark_pack::compile(pack).unwrap();
        let until = START.plus(Span(60 * Span::DAY.0));
        let generator = Generator::of(&[&compiled], 7, START, until);
        let mut player = Player::new(&compiled.program, Look::PageView, until);
        for number in 0..400 {
            player.play(&generator.journey(number));
        }
        let counts = player.counts;
        let mut runs = 0;
        for flow in &counts.flows {
            let (left, still) = flow.left();
            assert_eq!(flow.entered.times, flow.completed + left + still);
            runs += flow.entered.times;
            for step in &flow.steps {
                assert!(step.came.times >= step.exited + step.no_consent + step.still);
            }
        }
        assert!(runs > 100);
        for reach in &counts.rules {
            let sum: u64 = Fate::ALL.into_iter().map(|fate| reach.of(fate).times).sum();
            assert_eq!(reach.held.times, sum);
        }
        for contents in &counts.slots {
            assert_eq!(contents.values().map(|seen| seen.times).sum::<u64>(), counts.looks);
        }
    }
}
