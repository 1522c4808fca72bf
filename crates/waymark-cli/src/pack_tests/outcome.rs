//! What came out for a visitor, one thing at a time.

use std::collections::BTreeSet;

use waymark_engine::{Acted, Decision, Engine};
use waymark_model::Value;
use waymark_pack::{Action, Case, Expect};

use crate::test::Visitor;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    In(String),
    Stage(Option<String>),
    /// A slot, with its content; `None` is the author's.
    Shows(String, Option<String>),
    /// An experiment, with the variation.
    Has(String, String),
    Done(Done),
}

/// Something that was done: by the keys of an expectation, what did it and what it was.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Done {
    event: &'static str,
    /// By the properties' names.
    ids: Vec<(&'static str, String)>,
}

/// All that a test can expect.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    pub all: BTreeSet<Outcome>,
    /// In order.
    pub actions: Vec<Action>,
}

impl Done {
    fn of(acted: &Acted) -> Option<Self> {
        let name = &acted.event.name;
        let (_, event, of) = Action::DOES.into_iter().find(|(_, event, _)| event == name)?;
        let properties = std::iter::once(of).chain(Action::MORE.map(|(_, property)| property));
        let ids = properties.filter_map(|property| {
            let id = acted.event.properties.get(property).and_then(Value::as_text)?;
            // Steps that the compiler made have no name of the author's.
            (!id.contains(char::is_control)).then(|| (property, id.to_owned()))
        });
        Some(Self { event, ids: ids.collect() })
    }

    /// What it was, and what did it.
    fn named(&self) -> String {
        let does = Action::DOES.into_iter().find(|(_, event, _)| *event == self.event);
        let (does, ids) = (does.map_or("act", |(does, ..)| does), &self.ids);
        let of = |property: &str| ids.iter().find(|(of, _)| *of == property).map(|(_, id)| id);
        let what = ids.first().map_or("", |(_, id)| id);
        match of("trigger_id").or_else(|| of("journey_id")) {
            Some(flow) => format!("{flow} does {does} {what}"),
            None => format!("{does} {what}"),
        }
    }
}

impl Outcomes {
    pub(super) fn of(engine: Engine<'_>, case: &Case) -> Self {
        let Visitor { state, context, actions } = Visitor::of(engine, case);
        Self::found(&engine.decide(&state, &context, case.now), &actions)
    }

    pub(super) fn found(decision: &Decision, acted: &[Acted]) -> Self {
        let mut all = BTreeSet::new();
        all.extend(decision.segments.iter().cloned().map(Outcome::In));
        all.insert(Outcome::Stage(decision.stage.clone()));
        for slot in &decision.slots {
            all.insert(Outcome::Shows(slot.slot.clone(), slot.content.clone()));
            if let Some(assignment) = slot.assignment.as_ref().filter(|it| it.included) {
                let ids = (assignment.experiment.clone(), assignment.variation.clone());
                all.insert(Outcome::Has(ids.0, ids.1));
            }
        }
        let mut actions = Vec::new();
        for (acted, done) in acted.iter().filter_map(|acted| Some((acted, Done::of(acted)?))) {
            let (event, properties) = (done.event, done.ids.clone());
            actions.push(Action { event, properties, at: Some(acted.event.time) });
            all.insert(Outcome::Done(done));
        }
        Self { all, actions }
    }

    /// What a test expects.
    pub(super) fn expected(expect: &Expect) -> BTreeSet<Outcome> {
        let mut all = BTreeSet::new();
        all.extend(expect.segments.iter().cloned().map(Outcome::In));
        all.extend(expect.stage.iter().cloned().map(Outcome::Stage));
        let slots = expect.slots.iter().cloned();
        all.extend(slots.map(|(slot, content)| Outcome::Shows(slot, content)));
        let variations = expect.variations.iter().cloned();
        all.extend(variations.filter_map(|(id, variation)| Some(Outcome::Has(id, variation?))));
        let actions = expect.actions.iter().flatten();
        all.extend(actions.map(|action| {
            Outcome::Done(Done { event: action.event, ids: action.properties.clone() })
        }));
        all
    }
}

impl Outcome {
    /// Whether a test that expects the other expects this: what it leaves out is not looked at.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Done(this), Self::Done(other)) => {
                this.event == other.event && other.ids.iter().all(|id| this.ids.contains(id))
            }
            _ => self == other,
        }
    }

    /// As a test's name says it.
    pub(super) fn said(&self) -> String {
        match self {
            Self::In(segment) => format!("is in {segment}"),
            Self::Stage(Some(stage)) => format!("is in the stage {stage}"),
            Self::Stage(None) => "is in no stage".to_owned(),
            Self::Shows(slot, Some(content)) => format!("sees {content} in {slot}"),
            Self::Shows(slot, None) => format!("sees the page's own {slot}"),
            Self::Has(experiment, variation) => format!("has {variation} of {experiment}"),
            Self::Done(done) => done.named(),
        }
    }

    /// Adds it to what a test expects.
    pub(super) fn expect(&self, expect: &mut Expect, actions: &[Action]) {
        match self.clone() {
            Self::In(segment) => expect.segments.push(segment),
            Self::Stage(stage) => expect.stage = Some(stage),
            Self::Shows(slot, content) => expect.slots.push((slot, content)),
            Self::Has(experiment, variation) => {
                expect.variations.push((experiment, Some(variation)));
            }
            Self::Done(_) => expect.actions = Some(actions.to_vec()),
        }
    }
}
