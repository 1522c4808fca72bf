//! Which tests of a condition made it come out as it did.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use waymark_model::{Purpose, Timestamp};

use super::{Clause, RuleTrace};
use crate::program::{Action, Cond, CondId, Logs, Presentation, Program, Rule, Slot, Test};
use crate::{Context, Engine, State, Truth};

/// Tests that are told of one condition, with what they rest on: segments made of segments could
/// double the story with each step.
const TOLD: usize = 100;

/// A test that counted, and what it rests on in turn.
#[derive(Debug)]
pub struct Reason<'a> {
    pub test: &'a Test,
    pub clause: &'a Clause,
    /// What the condition needed the test to be.
    pub want: bool,
    pub met: bool,
    /// Why the segment or the stage that it asks for is as it is.
    pub because: Vec<Self>,
}

/// What a condition needed a part to be, and whether the parts are told that were so or the others.
#[derive(Debug, Clone, Copy)]
struct Asked {
    want: bool,
    met: bool,
}

/// The answers of one moment: each rule's tests, and those of every segment and stage.
#[derive(Debug)]
pub struct Answers<'p> {
    pub(super) program: &'p Program,
    /// Equal tests are one test, so that all rules and segments share these.
    pub(super) found: BTreeMap<CondId, Clause>,
}

impl<'p> Answers<'p> {
    pub fn new(
        engine: Engine<'p>,
        rules: &[RuleTrace],
        state: &State,
        context: &Context,
        now: Timestamp,
    ) -> Self {
        // Rules that ask what segments and stages ask: the engine then tells how each came out.
        let probe = probe(engine.program);
        let watched = Engine::new(&probe, engine.numerals).explain(state, context, now);
        let found = watched
            .rules
            .iter()
            .chain(rules)
            .flat_map(|trace| &trace.clauses)
            .map(|clause| (clause.cond, clause.clone()))
            .collect();
        Self { program: engine.program, found }
    }

    /// Kleene's three-valued logic, over answers that the engine gave. `None` where a test was not
    /// asked.
    pub fn truth(&self, id: CondId) -> Option<Truth> {
        match self.program.cond(id) {
            Cond::All(parts) => self.together(parts, Truth::False, Truth::True),
            Cond::Any(parts) => self.together(parts, Truth::True, Truth::False),
            Cond::Not(part) => self.truth(*part).map(|truth| match truth {
                Truth::False => Truth::True,
                Truth::Unknown => Truth::Unknown,
                Truth::True => Truth::False,
            }),
            Cond::Test(_) => self.found.get(&id).map(|clause| clause.answer.truth),
        }
    }

    fn together(&self, parts: &[CondId], settles: Truth, otherwise: Truth) -> Option<Truth> {
        parts.iter().try_fold(otherwise, |all, part| {
            Some(match self.truth(*part)? {
                truth if truth == settles || all == settles => settles,
                Truth::Unknown => Truth::Unknown,
                _ => all,
            })
        })
    }

    /// The tests that keep a condition from holding, or, when it holds, that make it.
    pub fn reasons(&self, id: CondId) -> Vec<Reason<'_>> {
        let mut reasons = Vec::new();
        let met = self.truth(id) == Some(Truth::True);
        let mut left = TOLD;
        self.gather(id, Asked { want: true, met }, &mut left, &mut reasons);
        reasons
    }

    /// The parts that meet what the whole needs of them, or that do not, down to their tests.
    fn gather<'a>(
        &'a self,
        id: CondId,
        asked: Asked,
        left: &mut usize,
        into: &mut Vec<Reason<'a>>,
    ) {
        let Asked { want, met } = asked;
        match self.program.cond(id) {
            Cond::All(parts) | Cond::Any(parts) => {
                for part in parts {
                    if self.meets(*part, want) == Some(met) {
                        self.gather(*part, asked, left, into);
                    }
                }
            }
            Cond::Not(part) => self.gather(*part, Asked { want: !want, met }, left, into),
            Cond::Test(test) => {
                let Some(clause) = self.found.get(&id) else { return };
                let told = into.iter().any(|told| told.clause.cond == id && told.want == want);
                if told || *left == 0 {
                    return;
                }
                *left -= 1;
                let because = self.because(test, asked, left);
                into.push(Reason { test, clause, want, met, because });
            }
        }
    }

    fn meets(&self, id: CondId, want: bool) -> Option<bool> {
        let wanted = if want { Truth::True } else { Truth::False };
        self.truth(id).map(|truth| truth == wanted)
    }

    fn because(&self, test: &Test, asked: Asked, left: &mut usize) -> Vec<Reason<'_>> {
        let mut reasons = Vec::new();
        match test {
            Test::Segment(number) => {
                if let Some(segment) = self.program.segments.get(*number as usize) {
                    self.gather(segment.when, asked, left, &mut reasons);
                }
            }
            // Of a stage that was not reached, what it takes to enter it.
            Test::Stage { least, .. } if asked.want && !asked.met => {
                if let Some(stage) = self.program.stages.get(*least as usize)
                    && self.meets(stage.enter, true) == Some(false)
                {
                    self.gather(stage.enter, asked, left, &mut reasons);
                }
            }
            _ => {}
        }
        reasons
    }
}

/// The same visitors under one slot, with a rule for each segment and stage.
fn probe(program: &Program) -> Program {
    let mut probe = program.clone();
    let segments = program.segments.iter().map(|segment| segment.when);
    let stages = program.stages.iter().map(|stage| stage.enter);
    probe.rules = segments
        .chain(stages)
        .map(|when| Rule {
            id: String::new(),
            slot: 0,
            action: Action::Keep,
            priority: 0,
            purpose: Purpose::Personalization,
            when,
            // Asked whatever the consent: it is the pack's author or an operator who wants to know.
            stateless: true,
            shares: Vec::new(),
            needs: Vec::new(),
            holdouts: Vec::new(),
            limit: None,
            exclusive: None,
            logs: Logs::default(),
        })
        .collect();
    probe.slots = vec![Slot {
        id: String::new(),
        default: None,
        edge: false,
        contact: None,
        presentation: Presentation::InPlace,
    }];
    probe
}
