//! Segments and stages: who is where, who was, and for how long.

use std::collections::BTreeMap;

use waymark_engine::{Change, Program, State};
use waymark_model::{Span, Timestamp};

use super::Seen;

#[derive(Debug, Clone, Default)]
pub struct Places {
    pub segments: Vec<SegmentCount>,
    /// Visitors who are in both of two segments at the end; the lower number first.
    pub overlaps: BTreeMap<(u32, u32), u64>,
    pub stages: Vec<StageCount>,
    /// Visitors who are in no stage at the end.
    pub no_stage: u64,
    /// From one stage, or none, to another.
    pub moves: BTreeMap<(Option<u32>, Option<u32>), Seen>,
    /// The stage of the visitor who is being played, and since when.
    stage: Option<(u32, Timestamp)>,
}

#[derive(Debug, Clone, Default)]
pub struct SegmentCount {
    /// Visitors who are in it at the end.
    pub end: u64,
    /// Who were in it at some time.
    pub ever: Seen,
}

#[derive(Debug, Clone, Default)]
pub struct StageCount {
    pub end: u64,
    pub ever: Seen,
    /// Of those who left it.
    pub stays: Stays,
}

/// How long stays lasted, in whole minutes: as many numbers as there are different ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stays {
    pub count: u64,
    minutes: BTreeMap<i64, u64>,
}

impl Places {
    pub(super) fn of(program: &Program) -> Self {
        Self {
            segments: vec![SegmentCount::default(); program.segments.len()],
            stages: vec![StageCount::default(); program.stages.len()],
            ..Self::default()
        }
    }

    pub(super) fn came(&mut self, visitor: u64, state: &State, at: Timestamp) {
        // Some hold of everybody, and began to before there was anything to tell.
        for segment in state.segments() {
            self.segments[segment as usize].ever.by(visitor);
        }
        self.stage = None;
        self.enters(visitor, None, state.stage(), at);
    }

    pub(super) fn changed(&mut self, visitor: u64, change: &Change, at: Timestamp) {
        for segment in &change.entered {
            self.segments[*segment as usize].ever.by(visitor);
        }
        if let Some((from, to)) = change.stage {
            self.enters(visitor, from, to, at);
        }
    }

    fn enters(&mut self, visitor: u64, from: Option<u32>, to: Option<u32>, at: Timestamp) {
        if let Some((stage, since)) = self.stage.take() {
            self.stages[stage as usize].stays.add(at.since(since));
        }
        if from != to {
            self.moves.entry((from, to)).or_default().by(visitor);
        }
        if let Some(stage) = to {
            self.stages[stage as usize].ever.by(visitor);
            self.stage = Some((stage, at));
        }
    }

    pub(super) fn end(&mut self, state: &State) {
        let segments: Vec<u32> = state.segments().collect();
        for (at, segment) in segments.iter().enumerate() {
            self.segments[*segment as usize].end += 1;
            for other in &segments[at + 1..] {
                *self.overlaps.entry((*segment, *other)).or_default() += 1;
            }
        }
        match state.stage() {
            Some(stage) => self.stages[stage as usize].end += 1,
            None => self.no_stage += 1,
        }
        self.stage = None;
    }
}

impl Stays {
    fn add(&mut self, span: Span) {
        self.count += 1;
        *self.minutes.entry(span.0.div_euclid(Span::MINUTE.0)).or_default() += 1;
    }

    /// The median, in days; of an even number the middle of the two.
    pub fn median_days(&self) -> Option<f64> {
        let last = self.count.checked_sub(1)?;
        let (low, high) = (self.nth(last / 2)?, self.nth(self.count / 2)?);
        #[expect(clippy::cast_precision_loss, reason = "minutes of less than a million years")]
        let minutes = (low + high) as f64 / 2.0;
        Some(minutes / 1_440.0)
    }

    fn nth(&self, mut place: u64) -> Option<i64> {
        for (minutes, count) in &self.minutes {
            match place.checked_sub(*count) {
                Some(rest) => place = rest,
                None => return Some(*minutes),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Stays;
    use waymark_model::Span;

    #[test]
    fn the_median_is_the_middle_or_between_the_two() {
        let mut stays = Stays::default();
        assert_eq!(stays.median_days(), None);
        for days in [9, 1, 2] {
            stays.add(Span(days * Span::DAY.0));
        }
        assert_eq!(stays.median_days(), Some(2.0));
        stays.add(Span(3 * Span::DAY.0));
        assert_eq!(stays.median_days(), Some(2.5));
    }
}
