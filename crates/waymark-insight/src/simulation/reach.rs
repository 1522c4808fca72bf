//! What became of each rule, and of whom.

use std::collections::BTreeMap;

use waymark_engine::Program;
use waymark_engine::explain::{Explanation, Outcome};

use super::Seen;

/// What became of a rule whose condition held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It won its slot.
    Shown,
    /// A rule before it won.
    Beaten,
    /// Its limit or the contact policy stopped it.
    Capped,
    /// Another slot shows one that it goes instead of.
    Excluded,
    /// It would have won; the visitor is held out.
    HeldOut,
    NoConsent,
    /// What it needs of other slots was not so.
    Needs,
    OutOfShare,
    /// An experiment that is not running.
    Inactive,
    /// None of its contents could be shown.
    Nothing,
    /// An experiment that counted the visitor and left the slot to the next rule.
    PassedThrough,
}

impl Fate {
    pub const ALL: [Self; 11] = [
        Self::Shown,
        Self::Beaten,
        Self::Capped,
        Self::Excluded,
        Self::HeldOut,
        Self::NoConsent,
        Self::Needs,
        Self::OutOfShare,
        Self::Inactive,
        Self::Nothing,
        Self::PassedThrough,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Beaten => "beaten",
            Self::Capped => "capped",
            Self::Excluded => "excluded",
            Self::HeldOut => "held-out",
            Self::NoConsent => "no-consent",
            Self::Needs => "needs",
            Self::OutOfShare => "out-of-share",
            Self::Inactive => "inactive",
            Self::Nothing => "nothing-to-show",
            Self::PassedThrough => "passed-through",
        }
    }
}

/// Whom a rule reached, and what kept it from others.
#[derive(Debug, Clone, Default)]
pub struct RuleReach {
    /// Its condition held.
    pub held: Seen,
    /// Its condition could not be known.
    pub unknown: Seen,
    fates: [Seen; Fate::ALL.len()],
    /// How often each rule was shown in its place while it held.
    pub beaten_by: BTreeMap<u32, u64>,
}

/// Why a rule was never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Never {
    /// Nobody looked.
    NobodyLooked,
    ConditionNeverHeld,
    /// Its condition reaches back further than what was seen.
    NeverKnown,
    /// It held, and this became of it each time.
    Always(Fate),
    /// It held, and of the reasons this was the most frequent.
    Mostly(Fate),
}

impl RuleReach {
    pub const fn of(&self, fate: Fate) -> Seen {
        self.fates[fate as usize]
    }

    /// `None` of a rule that was shown.
    pub fn never(&self, looks: u64) -> Option<Never> {
        if self.of(Fate::Shown).times > 0 {
            return None;
        }
        if looks == 0 {
            return Some(Never::NobodyLooked);
        }
        if self.held.times == 0 {
            let known = self.unknown.times == 0;
            return Some(if known { Never::ConditionNeverHeld } else { Never::NeverKnown });
        }
        let mut most = Fate::Beaten;
        for fate in Fate::ALL {
            if self.of(fate).times > self.of(most).times {
                most = fate;
            }
        }
        let always = self.of(most).times == self.held.times;
        Some(if always { Never::Always(most) } else { Never::Mostly(most) })
    }

    /// The rule that was shown most often in its place, and how often.
    pub fn mostly_beaten_by(&self) -> Option<(u32, u64)> {
        let most = self.beaten_by.iter().rev().max_by_key(|(_, times)| **times);
        most.map(|(rule, times)| (*rule, *times))
    }
}

/// One decision. `held` are the rules whose conditions hold, rising.
pub(super) fn looked(
    rules: &mut [RuleReach],
    program: &Program,
    visitor: u64,
    explanation: &Explanation,
    held: &[u32],
) {
    // Rules come slot by slot, and the winner of a slot before those that it beats.
    let mut winner = None;
    for trace in &explanation.rules {
        let number = trace.rule;
        let holds = held.binary_search(&number).is_ok();
        let fate = match trace.outcome {
            Outcome::Won => Some(Fate::Shown),
            Outcome::HeldOut => Some(Fate::HeldOut),
            Outcome::PassedThrough => Some(Fate::PassedThrough),
            Outcome::Limited => Some(Fate::Capped),
            Outcome::Failed => holds.then_some(Fate::Nothing),
            Outcome::Unknown => {
                rules[number as usize].unknown.by(visitor);
                None
            }
            Outcome::Outranked => holds.then_some(Fate::Beaten),
            Outcome::Excluded => holds.then_some(Fate::Excluded),
            Outcome::NoConsent => holds.then_some(Fate::NoConsent),
            Outcome::Needs => holds.then_some(Fate::Needs),
            Outcome::OutOfShare => holds.then_some(Fate::OutOfShare),
            Outcome::Inactive => holds.then_some(Fate::Inactive),
        };
        if matches!(fate, Some(Fate::Shown | Fate::HeldOut)) {
            winner = Some(number);
        }
        let Some(fate) = fate else { continue };
        let slot = program.rules[number as usize].slot;
        let reach = &mut rules[number as usize];
        reach.held.by(visitor);
        reach.fates[fate as usize].by(visitor);
        let beats = |winner: &u32| program.rules[*winner as usize].slot == slot;
        if let Some(winner) = winner.filter(beats)
            && fate == Fate::Beaten
        {
            *reach.beaten_by.entry(winner).or_default() += 1;
        }
    }
}
