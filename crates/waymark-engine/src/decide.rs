//! Which content each slot shows.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use waymark_model::{Fixed, Purpose, Purposes, Timestamp};

use crate::assignment::{Assigned, Missed, Visitor};
use crate::decision::{Assignment, Decision, Exposure, Reason, Rendered, SlotDecision, View};
use crate::evaluate::{Answer, Evaluation, Reading, Silent, Truth, Watch};
use crate::membership::Memberships;
use crate::program::{
    Action, Body, CondId, Experiment, Leaf, Outcome, Pick, Points, Rule, Scan, Slot, Status,
};
use crate::render::render;
use crate::state::State;
use crate::{Context, Engine, WHOLE};

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Won,
    /// Its condition does not hold, or cannot be known.
    Lost(Truth),
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
    /// It would have won; the visitor is held out to measure what it changes.
    HeldOut,
    /// The visitor is counted, and goes on to the next rule.
    PassedThrough,
    /// It was shown as often as it may be, or may not be shown now.
    Limited,
    /// Another slot shows one that it goes instead of.
    Excluded,
}

/// Watches a decision being made.
pub(crate) trait Watcher: Watch {
    fn rule(&mut self, number: u32, rule: &Rule, verdict: Verdict);

    /// One of several contents, and its points if it could be shown. Only called when
    /// [`Watch::EVERY_PART`] is.
    fn ranked(&mut self, content: u32, points: Option<Fixed>);
}

impl Watcher for Silent {
    fn rule(&mut self, _: u32, _: &Rule, _: Verdict) {}

    fn ranked(&mut self, _: u32, _: Option<Fixed>) {}
}

impl Engine<'_> {
    /// Decides every slot of the pack. The state does not move; a `now` behind it is taken to be at it.
    pub fn decide(&self, state: &State, context: &Context, now: Timestamp) -> Decision {
        self.decide_watched(state, context, now, &mut Silent).into_owned()
    }
}

impl<'p> Engine<'p> {
    pub(crate) fn decide_watched<W: Watcher>(
        &self,
        state: &State,
        context: &Context,
        now: Timestamp,
        watch: &mut W,
    ) -> Decision<&'p str> {
        let now = state.clamp(now);
        let members = self.members_at(state, now);
        let mut decision = Decision {
            pack: self.program.hash,
            seq: state.seq,
            now,
            valid_until: Timestamp::MAX,
            segments: Vec::new(),
            stage: None,
            slots: Vec::with_capacity(self.program.slots.len()),
            exposures: Vec::new(),
            views: Vec::new(),
        };
        if context.consent.contains(Purpose::Personalization) {
            decision.valid_until = members.decided_until();
            let program = self.program;
            decision.segments =
                members.segments().map(|number| &*program.segments[number as usize].id).collect();
            decision.stage = members.stage.map(|stage| &*program.stages[stage as usize].id);
        }
        let prepared = self.prepare(state, context);
        let mut deciding = Deciding {
            engine: *self,
            visitor: Visitor { fold: &state.head, members: members.as_ref(), context },
            now,
            watch,
            decision,
            came_to: Vec::new(),
            assigned: Vec::new(),
            taken: Vec::new(),
            memo: vec![None; self.program.index.shared()],
            scan: Scan::new(&self.program.index.columns, &prepared.0),
        };
        let program = self.program;
        let mut rules = &program.rules[..];
        let mut number = 0;
        for (slot, definition) in (0..).zip(&program.slots) {
            let (own, rest) = rules.split_at(rules.partition_point(|rule| rule.slot <= slot));
            rules = rest;
            deciding.slot(definition, own, number);
            number += own.len();
        }
        deciding.decision
    }
}

impl Engine<'_> {
    /// Memberships at `now`: as kept while they stand, otherwise worked out for this decision.
    pub(crate) fn members_at<'s>(&self, state: &'s State, now: Timestamp) -> Cow<'s, Memberships> {
        if now < state.members.until {
            Cow::Borrowed(&state.members)
        } else {
            Cow::Owned(self.memberships(&state.head, now))
        }
    }
}

/// A decision being made.
struct Deciding<'p, 'a, W> {
    engine: Engine<'p>,
    visitor: Visitor<'a>,
    now: Timestamp,
    watch: &'a mut W,
    decision: Decision<&'p str>,
    /// The content of each slot so far.
    came_to: Vec<Option<u32>>,
    /// Experiments that the visitor is in, and the variation.
    assigned: Vec<(u32, u32)>,
    /// Groups of rules of which one has won.
    taken: Vec<u32>,
    /// Answers that several rules ask for.
    memo: Vec<Option<Answer>>,
    /// The rules that the visitor's values leave.
    scan: Scan<'a>,
}

/// What a slot shows, and who said so.
struct Won<'p> {
    rule: &'p Rule,
    content: Option<u32>,
    reason: Reason,
    assignment: Option<Assignment<&'p str>>,
}

impl<'p, W: Watcher> Deciding<'p, '_, W> {
    /// `first` is the number of the slot's first rule.
    #[cfg_attr(feature = "lean", inline(never))]
    fn slot(&mut self, definition: &'p Slot, rules: &'p [Rule], first: usize) {
        let mut won: Option<Won<'p>> = None;
        let mut reason = Reason::NoMatch;
        // Rules that cannot win are passed over, unless somebody wants to hear of each. Where a
        // consent is missing it is told, also of those.
        let quick = !W::EVERY_PART && self.visitor.context.consent == Purposes::ALL;
        let mut at = 0;
        while at < rules.len() {
            if quick {
                let next = self.scan.next(first + at, first + rules.len());
                let Some((next, _)) = next.filter(|_| won.is_none()) else { break };
                at = next - first;
            }
            let rule = &rules[at];
            let verdict = if !self.may_run(rule) {
                reason = Reason::NoConsent;
                Verdict::NoConsent
            } else if won.is_some() {
                if W::EVERY_PART {
                    // Somebody wants to know why each rule would have won or lost.
                    self.look(rule.when);
                }
                Verdict::Outranked
            } else {
                match self.attempt(rule, definition) {
                    Ok(found) => {
                        let verdict = match found.reason {
                            Reason::HeldOut => Verdict::HeldOut,
                            _ => Verdict::Won,
                        };
                        won = Some(found);
                        verdict
                    }
                    Err(verdict) => verdict,
                }
            };
            if W::EVERY_PART
                && let Ok(number) = u32::try_from(first + at)
            {
                self.watch.rule(number, rule, verdict);
            }
            at += 1;
        }
        let mut slot = SlotDecision {
            slot: &*definition.id,
            reason,
            rule: None,
            content: None,
            body: None,
            assignment: None,
        };
        let mut shown = definition.default;
        if let Some(won) = won {
            shown = won.content;
            slot.reason = won.reason;
            slot.rule = Some(&*won.rule.id);
            slot.assignment = won.assignment;
            self.taken.extend(won.rule.exclusive);
            if won.reason != Reason::HeldOut {
                self.view(won.rule, definition, shown);
            }
        }
        let program = self.engine.program;
        if let Some(content) = shown.map(|content| &program.contents[content as usize]) {
            let Visitor { fold, context, .. } = self.visitor;
            let (text, until) = render(self.engine, content, fold, context, self.now);
            self.stands(until);
            slot.content = Some(&*content.id);
            let (body, presentation) = (content.body, definition.presentation);
            slot.body = text.map(|text| Rendered { body, presentation, text });
        }
        if WHOLE {
            self.came_to.push(shown);
        }
        self.decision.slots.push(slot);
    }

    fn may_run(&self, rule: &Rule) -> bool {
        rule.stateless || self.visitor.context.consent.contains(rule.purpose)
    }

    /// Whether a rule wins, when none before it did.
    #[cfg_attr(feature = "lean", inline(never))]
    fn attempt(&mut self, rule: &'p Rule, slot: &'p Slot) -> Result<Won<'p>, Verdict> {
        if rule.exclusive.is_some_and(|group| self.taken.contains(&group)) {
            return Err(Verdict::Excluded);
        }
        let Action::Experiment(number) = rule.action else {
            self.eligible(rule)?;
            let content = match rule.action {
                Action::Show(content) => Some(content),
                Action::Pick(number) if WHOLE => Some(self.pick(number)?),
                _ => None,
            };
            self.within_limit(rule)?;
            if self.held_out(rule) {
                let content = slot.default;
                return Ok(Won { rule, content, reason: Reason::HeldOut, assignment: None });
            }
            return Ok(Won { rule, content, reason: Reason::Rule, assignment: None });
        };
        let assigned = self.assign(rule, number)?;
        self.within_limit(rule)?;
        let program = self.engine.program;
        let experiment = &program.experiments[number as usize];
        let variation = &experiment.variations[assigned.variation as usize];
        if assigned.counted && self.held_out(rule) {
            let content = slot.default;
            return Ok(Won { rule, content, reason: Reason::HeldOut, assignment: None });
        }
        if WHOLE && assigned.included {
            self.assigned.push((number, assigned.variation));
        }
        if assigned.counted {
            self.decision.exposures.push(Exposure {
                slot: &*slot.id,
                rule: &*rule.id,
                experiment: &*rule.id,
                variation: &*variation.id,
                bucket_version: experiment.bucket_version,
                propensity: assigned.propensity,
                unit: assigned.unit.clone(),
                conflict: assigned.conflict,
                placed: self.is_placed(rule),
            });
        }
        if variation.passthrough {
            return Err(Verdict::PassedThrough);
        }
        let assignment = Assignment {
            experiment: &*rule.id,
            variation: &*variation.id,
            number: assigned.variation,
            included: assigned.included,
            counted: assigned.counted,
            forced: assigned.forced,
            sticky: assigned.sticky,
            conflict: assigned.conflict,
            bucket: assigned.bucket,
            propensity: assigned.propensity,
            unit: assigned.unit,
            leaf: assigned.leaf,
        };
        Ok(Won {
            rule,
            content: variation.show.or(slot.default),
            reason: Reason::Experiment,
            assignment: Some(assignment),
        })
    }

    /// The variation that a visitor sees of an experiment.
    #[cfg_attr(feature = "lean", inline(never))]
    fn assign(&mut self, rule: &Rule, number: u32) -> Result<Assigned, Verdict> {
        let engine = self.engine;
        let experiment = &engine.program.experiments[number as usize];
        let visitor = self.visitor;
        let context = visitor.context;
        if let Some(forced) = visitor.forced(&rule.id, experiment) {
            let known = context.consent.contains(rule.purpose);
            let leaf = if known { self.leaf(experiment) } else { None };
            return Ok(Assigned { leaf: leaf.map(|leaf| leaf.id), ..forced });
        }
        if experiment.status == Status::Draft {
            return Err(Verdict::Inactive);
        }
        if !context.consent.contains(rule.purpose)
            || (context.is_bot() && experiment.force.is_none())
        {
            if experiment.status == Status::Stopped {
                return Err(Verdict::Inactive);
            }
            // Neither is anybody's name read, nor the visitor counted.
            self.needs(rule)?;
            self.holds(rule)?;
            return Ok(Assigned::control());
        }
        let mut assigned =
            visitor.sticky(engine, experiment).map_err(|Missed| Verdict::OutOfShare)?;
        let kept = experiment.sticky.as_ref().is_some_and(|sticky| sticky.enrolled);
        if !assigned.sticky {
            self.eligible(rule)?;
        } else if !kept {
            self.needs(rule)?;
            self.holds(rule)?;
        }
        if let Some(blocked) = experiment.sticky.as_ref().and_then(|sticky| sticky.blocked)
            && self.answer(blocked) != Truth::False
        {
            return Err(Verdict::OutOfShare);
        }
        let leaf = self.leaf(experiment);
        let ranges = leaf.map_or(&experiment.share.ranges, |leaf| &leaf.ranges);
        assigned.leaf = leaf.map(|leaf| leaf.id);
        assigned.fall_into(ranges).map_err(|Missed| Verdict::OutOfShare)?;
        if let Some(variation) = experiment.force {
            return Ok(Assigned { variation, ..assigned }.into_forced());
        }
        if experiment.status == Status::Stopped {
            return Err(Verdict::Inactive);
        }
        Ok(assigned)
    }

    /// The kind of visitor whose ranges count.
    #[cfg_attr(feature = "lean", inline(never))]
    fn leaf(&mut self, experiment: &'p Experiment) -> Option<&'p Leaf> {
        // A lean engine has none.
        if !WHOLE {
            return None;
        }
        experiment.contexts.iter().find(|leaf| self.answer(leaf.when) == Truth::True)
    }

    /// Whether the visitor is one of those whom a rule is for.
    fn eligible(&mut self, rule: &Rule) -> Result<(), Verdict> {
        self.needs(rule)?;
        if !rule.shares.iter().all(|share| self.visitor.is_in(self.engine, share)) {
            return Err(Verdict::OutOfShare);
        }
        self.holds(rule)
    }

    fn needs(&self, rule: &Rule) -> Result<(), Verdict> {
        if !WHOLE {
            return Ok(());
        }
        let met = rule.needs.iter().all(|need| {
            let shown = self.came_to[need.slot as usize];
            let found = need.any_of.iter().any(|outcome| match *outcome {
                Outcome::Keep => shown.is_none(),
                Outcome::Content(content) => shown == Some(content),
                Outcome::Variation(experiment, variation) => {
                    self.assigned.contains(&(experiment, variation))
                }
            });
            found != need.none
        });
        if met { Ok(()) } else { Err(Verdict::Needs) }
    }

    fn holds(&mut self, rule: &Rule) -> Result<(), Verdict> {
        match self.answer(rule.when) {
            Truth::True => Ok(()),
            truth => Err(Verdict::Lost(truth)),
        }
    }

    /// Whether a rule may be shown once more. What the visitor has in front of them stays.
    fn within_limit(&mut self, rule: &Rule) -> Result<(), Verdict> {
        let Some(limit) = rule.limit else { return Ok(()) };
        if !self.visitor.context.shown.contains(&rule.id) && self.answer(limit) == Truth::False {
            return Err(Verdict::Limited);
        }
        Ok(())
    }

    /// The content with the most points of those whose conditions hold.
    fn pick(&mut self, number: u32) -> Result<u32, Verdict> {
        let Pick { candidates } = &self.engine.program.picks[number as usize];
        let mut best: Option<(Fixed, u32)> = None;
        let mut closest = Truth::False;
        for candidate in candidates {
            let truth = self.answer(candidate.when);
            closest = closest.max(truth);
            let points = (truth == Truth::True).then(|| self.points(&candidate.points));
            if W::EVERY_PART {
                self.watch.ranked(candidate.show, points);
            }
            if let Some(points) = points
                && best.is_none_or(|(most, _)| points > most)
            {
                best = Some((points, candidate.show));
            }
        }
        best.map(|(_, content)| content).ok_or(Verdict::Lost(closest))
    }

    fn points(&mut self, all: &[Points]) -> Fixed {
        all.iter().fold(Fixed(0), |sum, Points { when, times, amount }| {
            if self.answer(*when) != Truth::True {
                return sum;
            }
            let Some(source) = times else { return sum.plus(*amount) };
            let Visitor { fold, members, context } = self.visitor;
            let Reading { value, until } =
                Evaluation::of_page(self.engine, (fold, members), context, self.now, self.watch)
                    .read(source);
            let number = value.and_then(|value| value.as_number()).unwrap_or_default();
            self.stands(until);
            sum.plus(Fixed::from_f64(number * amount.to_f64()))
        })
    }

    /// What is to be logged of a rule that has won, for limits to count. Machines, and what nobody
    /// allowed to keep, count for nothing.
    #[cfg_attr(feature = "lean", inline(never))]
    fn view(&mut self, rule: &'p Rule, slot: &'p Slot, shown: Option<u32>) {
        let Visitor { fold, context, .. } = self.visitor;
        let logged = rule.logs.viewed || rule.logs.decided;
        if !logged || !context.consent.contains(rule.purpose) || context.is_bot() {
            return;
        }
        let program = self.engine.program;
        let Some(content) = shown.map(|content| &program.contents[content as usize]) else {
            return;
        };
        let view = View {
            slot: &*slot.id,
            rule: &*rule.id,
            content: &*content.id,
            contact: slot.contact.as_deref(),
            session: fold.session_at(self.engine.program, self.now),
            placed: is_placed(content.body),
            decided: false,
        };
        if rule.logs.decided {
            self.decision.views.push(View { decided: true, ..view.clone() });
        }
        if rule.logs.viewed {
            self.decision.views.push(view);
        }
    }

    /// A condition that the decision rests on.
    fn answer(&mut self, cond: CondId) -> Truth {
        let answer = self.look(cond);
        self.stands(answer.until);
        answer.truth
    }

    fn look(&mut self, cond: CondId) -> Answer {
        let Visitor { fold, members, context } = self.visitor;
        Evaluation::of_page(self.engine, (fold, members), context, self.now, self.watch)
            .remembering(&mut self.memo)
            .answer(cond)
    }

    fn stands(&mut self, until: Timestamp) {
        self.decision.valid_until = self.decision.valid_until.min(until);
    }

    /// Whether what a rule may show stands in the page, and is no data and no way elsewhere.
    fn is_placed(&self, rule: &Rule) -> bool {
        let program = self.engine.program;
        let placed = |content: u32| is_placed(program.contents[content as usize].body);
        match rule.action {
            Action::Keep => true,
            Action::Show(content) => placed(content),
            Action::Experiment(number) => {
                let shown = program.experiments[number as usize].variations.iter();
                shown.filter_map(|variation| variation.show).all(placed)
            }
            Action::Pick(number) => {
                program.picks[number as usize].candidates.iter().all(|one| placed(one.show))
            }
        }
    }

    /// Whether the visitor is one of those who are to see what would be there without the rule. Of
    /// both kinds it is counted who they are.
    fn held_out(&mut self, rule: &'p Rule) -> bool {
        let counted =
            self.visitor.context.consent.contains(rule.purpose) && !self.visitor.context.is_bot();
        let program = self.engine.program;
        let slot = &program.slots[rule.slot as usize];
        for number in &rule.holdouts {
            let holdout = &program.holdouts[*number as usize];
            let Some((unit, bucket)) = self.visitor.bucket(self.engine, &holdout.share) else {
                continue;
            };
            let chosen = crate::assign::choose(bucket, &holdout.share.ranges).is_some();
            if counted {
                let share: f64 = holdout.share.ranges.iter().map(|range| range.width()).sum();
                self.decision.exposures.push(Exposure {
                    slot: &*slot.id,
                    rule: &*rule.id,
                    experiment: &*holdout.id,
                    variation: if chosen { "held-out" } else { "shown" },
                    bucket_version: 0,
                    propensity: if chosen { share } else { 1.0 - share },
                    unit: Some(unit),
                    conflict: false,
                    placed: self.is_placed(rule),
                });
            }
            if chosen && counted {
                return true;
            }
        }
        false
    }
}

/// Whether content has a place in the page, and is no data and no way elsewhere.
const fn is_placed(body: Body) -> bool {
    !matches!(body, Body::Json | Body::Patch | Body::Redirect)
}
