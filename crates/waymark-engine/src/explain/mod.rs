//! Why each rule won or lost: a decision made again with somebody watching.

mod distance;
mod reasons;

pub use reasons::{Answers, Reason};

use alloc::vec::Vec;

use waymark_model::{Fixed, Timestamp, Value};

use crate::decide::{Verdict, Watcher};
use crate::decision::Decision;
use crate::evaluate::{Answer, Truth, Watch};
use crate::program::{CondId, Rule};
use crate::state::State;
use crate::{Context, Engine};

#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    pub decision: Decision,
    /// In the order in which they were tried.
    pub rules: Vec<RuleTrace>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RuleTrace {
    /// Its number in the Program.
    pub rule: u32,
    pub outcome: Outcome,
    /// Every test of its condition and of its limit, with what was found.
    pub clauses: Vec<Clause>,
    /// The contents among which it chooses, with the points of those that could be shown.
    pub ranking: Vec<(u32, Option<Fixed>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Won,
    /// Its condition does not hold.
    Failed,
    /// Its condition reaches back further than what was seen.
    Unknown,
    /// Its purpose has no consent.
    NoConsent,
    /// A rule before it won.
    Outranked,
    /// What it needs of other slots is not so.
    Needs,
    /// The visitor is not in the share that it is for, or has no id to be hashed by.
    OutOfShare,
    /// An experiment that is not running.
    Inactive,
    /// It would have won; the visitor is held out.
    HeldOut,
    /// An experiment that counts the visitor and leaves the slot to the next rule.
    PassedThrough,
    /// It was shown as often as it may be, or may not be shown now.
    Limited,
    /// Another slot shows one that it goes instead of.
    Excluded,
}

impl Outcome {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NoConsent => "no-consent",
            Self::Outranked => "outranked",
            Self::Needs => "needs",
            Self::OutOfShare => "out-of-share",
            Self::Inactive => "inactive",
            Self::HeldOut => "held-out",
            Self::PassedThrough => "passed-through",
            Self::Limited => "limited",
            Self::Excluded => "excluded",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// The test, in the Program.
    pub cond: CondId,
    pub answer: Answer,
    /// What was found; for an age, milliseconds; for a sequence, the steps taken.
    pub actual: Value,
}

impl Engine<'_> {
    /// Decides, and says why.
    pub fn explain(&self, state: &State, context: &Context, now: Timestamp) -> Explanation {
        let mut recorder = Recorder::default();
        let decision = self.decide_watched(state, context, now, &mut recorder);
        Explanation { decision: decision.into_owned(), rules: recorder.rules }
    }
}

#[derive(Default)]
struct Recorder {
    clauses: Vec<Clause>,
    ranking: Vec<(u32, Option<Fixed>)>,
    rules: Vec<RuleTrace>,
}

impl Watch for Recorder {
    const EVERY_PART: bool = true;

    fn tested(&mut self, cond: CondId, answer: Answer, actual: Value) {
        self.clauses.push(Clause { cond, answer, actual });
    }
}

impl Watcher for Recorder {
    fn rule(&mut self, number: u32, _: &Rule, verdict: Verdict) {
        let outcome = match verdict {
            Verdict::Won => Outcome::Won,
            Verdict::Lost(Truth::Unknown) => Outcome::Unknown,
            Verdict::Lost(_) => Outcome::Failed,
            Verdict::NoConsent => Outcome::NoConsent,
            Verdict::Outranked => Outcome::Outranked,
            Verdict::Needs => Outcome::Needs,
            Verdict::OutOfShare => Outcome::OutOfShare,
            Verdict::Inactive => Outcome::Inactive,
            Verdict::HeldOut => Outcome::HeldOut,
            Verdict::PassedThrough => Outcome::PassedThrough,
            Verdict::Limited => Outcome::Limited,
            Verdict::Excluded => Outcome::Excluded,
        };
        let clauses = core::mem::take(&mut self.clauses);
        let ranking = core::mem::take(&mut self.ranking);
        self.rules.push(RuleTrace { rule: number, outcome, clauses, ranking });
    }

    fn ranked(&mut self, content: u32, points: Option<Fixed>) {
        self.ranking.push((content, points));
    }
}
