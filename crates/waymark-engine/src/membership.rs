//! Which segments a visitor is in, and their stage.

use alloc::vec::Vec;

use waymark_model::Timestamp;

use crate::bits::Bits;
use crate::evaluate::{Answer, Evaluation, Silent, Truth};
use crate::state::{Fold, State, Touched};
use crate::{Engine, WHOLE};

/// Memberships at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memberships {
    /// When they were worked out.
    pub at: Timestamp,
    /// The first moment at which one of them could change if nothing happens.
    pub until: Timestamp,
    /// Of the segments, then of the watches.
    pub answers: Vec<Answer>,
    /// How many of these are segments.
    pub segments: usize,
    pub stage: Option<u32>,
    pub stage_until: Timestamp,
}

/// Memberships that changed, as numbers in the Program.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    pub entered: Vec<u32>,
    pub left: Vec<u32>,
    /// The stage before and after.
    pub stage: Option<(Option<u32>, Option<u32>)>,
    /// Watches that have begun to hold.
    pub began: Vec<u32>,
}

impl Change {
    pub const fn is_empty(&self) -> bool {
        self.entered.is_empty() && self.left.is_empty() && self.stage.is_none()
    }
}

impl Change {
    fn note(&mut self, number: u32, segments: usize, before: Answer, after: Answer) {
        let (was, is) = (before.truth == Truth::True, after.truth == Truth::True);
        match (number as usize).checked_sub(segments) {
            _ if was == is => {}
            None if is => self.entered.push(number),
            None => self.left.push(number),
            Some(watch) if is => self.began.extend(u32::try_from(watch)),
            Some(_) => {}
        }
    }
}

impl Memberships {
    pub fn segments(&self) -> impl Iterator<Item = u32> {
        let segments = self.answers.iter().take(self.segments);
        (0..).zip(segments).filter(|(_, answer)| answer.truth == Truth::True).map(|(n, _)| n)
    }

    fn change_from(&self, before: &Self) -> Change {
        let mut change = Change::default();
        for (number, (old, new)) in (0..).zip(before.answers.iter().zip(&self.answers)) {
            change.note(number, self.segments, *old, *new);
        }
        if before.stage != self.stage {
            change.stage = Some((before.stage, self.stage));
        }
        change
    }

    /// The same of segments and the stage alone: nothing is decided by watches.
    pub fn decided_until(&self) -> Timestamp {
        if !WHOLE || self.answers.len() == self.segments {
            return self.until;
        }
        self.first_end(self.segments)
    }

    fn renew_until(&mut self) {
        self.until = self.first_end(self.answers.len());
    }

    fn first_end(&self, among: usize) -> Timestamp {
        let ends = self.answers.iter().take(among).map(|answer| answer.until);
        ends.fold(self.stage_until, Timestamp::min)
    }
}

impl Engine<'_> {
    /// All memberships of a fold at `now`, worked out from nothing.
    pub(crate) fn memberships(&self, fold: &Fold, now: Timestamp) -> Memberships {
        let mut members = Memberships {
            at: now,
            answers: Vec::with_capacity(self.program.segments.len()),
            segments: self.program.segments.len(),
            stage_until: Timestamp::MAX,
            ..Memberships::default()
        };
        let mut stage_stands = true;
        for (number, when) in (0..).zip(self.program.memberships()) {
            if number == self.program.stage_after {
                stage_stands = false;
                self.renew_stage(&mut members, fold, now);
            }
            let answer =
                Evaluation::of_visitor(*self, fold, &members, now, &mut Silent).answer(when);
            members.answers.push(answer);
        }
        if stage_stands {
            self.renew_stage(&mut members, fold, now);
        }
        members.renew_until();
        members
    }

    /// Works out all memberships again and says what changed.
    pub(crate) fn renew_memberships(&self, state: &mut State, now: Timestamp) -> Change {
        let members = self.memberships(&state.head, now);
        let change = members.change_from(&state.members);
        state.members = members;
        change
    }

    /// Works out again what an event touched and what has run out.
    pub(crate) fn update_memberships(
        &self,
        state: &mut State,
        now: Timestamp,
        touched: &Touched,
    ) -> Change {
        let index = &self.program.index;
        let mut dirty = Bits::default();
        let mark =
            |dirty: &mut Bits, readers: &[u32]| readers.iter().for_each(|n| dirty.insert(*n));
        for feature in &touched.features {
            mark(&mut dirty, &index.by_feature[*feature as usize]);
        }
        if touched.traits {
            mark(&mut dirty, &index.by_traits);
        }
        mark(&mut dirty, &index.by_session);
        let State { head, members, .. } = state;
        if members.until <= now {
            for (number, answer) in (0..).zip(&members.answers) {
                if answer.until <= now {
                    dirty.insert(number);
                }
            }
        }
        let mut change = Change::default();
        let (stage_before, until_before) = (members.stage, members.until);
        // As long as nobody who said the moment until which all stands is asked again, it is at most
        // that which the others say now.
        let mut until = Some(until_before);
        members.at = now;
        let (mut number, mut stage_stands) = (0, true);
        loop {
            let next = dirty.next(number);
            if stage_stands && next.is_none_or(|next| next >= self.program.stage_after) {
                stage_stands = false;
                let before = members.stage_until;
                if self.renew_stage(members, head, now) {
                    mark(&mut dirty, &index.by_stage);
                }
                until = until
                    .filter(|least| before > *least)
                    .map(|least| least.min(members.stage_until));
                continue;
            }
            let Some(next) = next else { break };
            number = next + 1;
            let before = members.answers[next as usize];
            let when = self.program.membership(next);
            let after = Evaluation::of_visitor(*self, head, members, now, &mut Silent).answer(when);
            members.answers[next as usize] = after;
            until = until.filter(|least| before.until > *least).map(|least| least.min(after.until));
            // Readers inherit the moment, too.
            if before != after {
                mark(&mut dirty, &index.by_segment[next as usize]);
            }
            change.note(next, members.segments, before, after);
        }
        if members.stage != stage_before {
            change.stage = Some((stage_before, members.stage));
        }
        match until {
            Some(until) => members.until = until,
            None => members.renew_until(),
        }
        change
    }

    /// Whether the stage, or the moment until which it is known, changed.
    fn renew_stage(&self, members: &mut Memberships, fold: &Fold, now: Timestamp) -> bool {
        let before = (members.stage, members.stage_until);
        let mut until = Timestamp::MAX;
        let mut stage = None;
        for (number, candidate) in self.program.stages.iter().enumerate().rev() {
            let answer = Evaluation::of_visitor(*self, fold, members, now, &mut Silent)
                .answer(candidate.enter);
            until = until.min(answer.until);
            if answer.truth == Truth::True {
                stage = u32::try_from(number).ok();
                break;
            }
        }
        members.stage = stage;
        members.stage_until = until;
        before != (stage, until)
    }
}
