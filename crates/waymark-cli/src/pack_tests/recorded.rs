//! Recorded visitors, looked at again and again, and for each thing that came out the shortest journey.

use std::collections::BTreeMap;

use waymark_engine::program::Root;
use waymark_engine::{Acted, Engine, State};
use waymark_model::{Event, Kind, Object, Span, Timestamp};
use waymark_pack::{Case, Expect};

use super::outcome::{Outcome, Outcomes};
use crate::surroundings::Surroundings;

/// Of a longer journey only the beginning is looked at: nobody reads a longer test.
const LONGEST: usize = 200;
/// After so long a silence it is also looked at what came of the silence.
const SILENCE: Span = Span::HOUR;

pub(super) struct Recording {
    /// The events that a test may have; `None` if any.
    names: Option<Vec<String>>,
    until: Timestamp,
    pub visitors: u64,
    shortest: BTreeMap<Outcome, Case>,
}

impl Recording {
    pub(super) fn of(names: Option<Vec<String>>, until: Timestamp) -> Self {
        Self { names, until: second(until), visitors: 0, shortest: BTreeMap::new() }
    }

    /// The journeys to choose from.
    pub(super) fn candidates(self) -> Vec<Case> {
        let mut cases: Vec<Case> = Vec::new();
        for case in self.shortest.into_values() {
            if !cases.contains(&case) {
                cases.push(case);
            }
        }
        cases
    }

    /// A visitor's events, in the order of time.
    pub(super) fn play(&mut self, engine: Engine<'_>, events: &[Event]) {
        self.visitors += 1;
        let user = events.iter().any(|event| event.user_id.is_some());
        let known = events.iter().filter(|event| self.may_be_given(event));
        let given: Vec<Event> = known
            .take(LONGEST)
            .enumerate()
            .map(|(number, event)| {
                let mut given = Case::event(number, &event.name, second(event.time));
                given.user_id = user.then(|| format!("user-{}", self.visitors));
                given.properties = event.properties.clone();
                given.context = event.context.clone();
                given
            })
            .collect();
        let mut look = Look {
            engine,
            state: engine.new_state(),
            around: Surroundings::default(),
            clock: Timestamp::MIN,
            actions: Vec::new(),
        };
        // By that a test's visitors are told apart, and no recorded one is known by it.
        look.around.context.anonymous_id = Some(format!("visitor-{}", self.visitors));
        for (number, event) in given.iter().enumerate() {
            let before = number.checked_sub(1).map(|last| given[last].time);
            if before.is_some_and(|before| event.time.since(before).0 > SILENCE.0) {
                self.keep(&mut look, event.time.minus(Span::SECOND), &given[..number]);
            }
            look.around.hear(event);
            look.takes(event);
            if event.kind == Kind::Page {
                look.around.turn_to(event);
            }
            self.keep(&mut look, event.time, &given[..=number]);
        }
        let until = self.until.max(look.clock);
        self.keep(&mut look, until, &given);
    }

    /// Whether a test of this pack can say that it happened.
    fn may_be_given(&self, event: &Event) -> bool {
        let named = |names: &Vec<String>| names.contains(&event.name);
        let of_call = event.kind.event_name() == Some(event.name.as_str());
        of_call
            || (event.kind == Kind::Track
                && self.names.as_ref().is_none_or(named)
                && Kind::ALL.iter().all(|kind| kind.event_name() != Some(event.name.as_str())))
    }

    /// Keeps the journey so far for all that it is the shortest for.
    fn keep(&mut self, look: &mut Look<'_>, now: Timestamp, given: &[Event]) {
        look.waits(now);
        let context = look.around.at(&look.state, now);
        let decision = look.engine.decide(&look.state, &context, now);
        let mut case = None;
        for outcome in Outcomes::found(&decision, &look.actions).all {
            let known = self.shortest.get(&outcome);
            if known.is_none_or(|known| known.given.len() > given.len()) {
                let case = case.get_or_insert_with(|| look.case(now, given));
                self.shortest.insert(outcome, case.clone());
            }
        }
    }
}

/// A visitor who is looked at.
struct Look<'p> {
    engine: Engine<'p>,
    state: State,
    around: Surroundings,
    clock: Timestamp,
    actions: Vec<Acted>,
}

impl Look<'_> {
    fn takes(&mut self, event: &Event) {
        self.waits(event.time);
        self.engine.apply(&mut self.state, event);
        self.waits(event.time);
    }

    fn waits(&mut self, until: Timestamp) {
        let since = self.clock;
        self.clock = self.clock.max(until);
        let around = self.around.clone();
        let at = |state: &State, at: Timestamp| around.at(state, at);
        self.actions.extend(self.engine.run(&mut self.state, (since, self.clock), at));
    }

    fn case(&self, now: Timestamp, given: &[Event]) -> Case {
        let context = &self.around.context;
        let groups = [Root::Page, Root::Campaign, Root::Device, Root::Geo].map(Root::name);
        let surroundings = groups.into_iter().filter_map(|name| {
            let group = context.values.get(name)?;
            Some((name, group.clone()))
        });
        Case {
            name: String::new(),
            now,
            given: given.to_vec(),
            context: surroundings.collect::<Object>(),
            consent: context.consent,
            locale: context.locale.clone(),
            anonymous_id: context.anonymous_id.clone().unwrap_or_default(),
            timezone: self.around.device.clone(),
            expect: Expect::default(),
        }
    }
}

/// Tests tell times to the second.
fn second(at: Timestamp) -> Timestamp {
    Timestamp(at.0.div_euclid(Span::SECOND.0) * Span::SECOND.0)
}
