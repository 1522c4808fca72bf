//! What reports count, by day: touchpoints, exposures, conversions, and who came into and left segments and stages.
//!
//! A shard keeps the sums of its own visitors; the same numbers are put where reports read them, as they are and as
//! often as it takes. So each is counted once, whatever happens in between.

use std::collections::BTreeMap;

use waymark_engine::{Program, State};
use waymark_model::{Event, Fixed, Kind, Span, Timestamp, Value};

/// Characters of a name: what is longer, or holds a person's data by mistake, makes no row of its own.
const NAME_CHARS: usize = 100;

/// Days since 1970, in UTC.
pub fn day_of(at: Timestamp) -> i64 {
    at.0.div_euclid(Span::DAY.0)
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Events, by name; `variant` is the kind of call.
    Touchpoint,
    /// `Experiment Viewed`, by experiment; `variant` is the variation.
    Exposure,
    /// Events with revenue, by name; `variant` is the currency, `amount` the revenue.
    Conversion,
    /// By segment; `variant` is `entered` or `left`. Their difference over all days is the segment's size.
    Segment,
    /// Stages that were left, or nothing; `variant` is the one that was reached, or nothing.
    Stage,
}

impl Measure {
    pub const ALL: [Self; 5] =
        [Self::Touchpoint, Self::Exposure, Self::Conversion, Self::Segment, Self::Stage];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Touchpoint => "touchpoint",
            Self::Exposure => "exposure",
            Self::Conversion => "conversion",
            Self::Segment => "segment",
            Self::Stage => "stage",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.name() == name)
    }
}

/// What a shard counts of one day by names that others choose; further names are counted together.
pub const MOST_OF_A_DAY: u64 = 2_000;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Counted {
    /// Days since 1970, in UTC.
    pub day: i64,
    pub measure: Measure,
    pub name: String,
    pub variant: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    pub count: i64,
    /// Millionths.
    pub amount: i64,
}

/// Changes of sums.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tallies(pub BTreeMap<Counted, Sum>);

impl Tallies {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Counts an event once more, or once less.
    pub fn event(&mut self, event: &Event, times: i64) {
        let day = day_of(event.time);
        let kind = event.kind.name();
        let name = if event.kind == Kind::Track { event.name.as_str() } else { kind };
        self.count(Counted::new(day, Measure::Touchpoint, name, kind), times, 0);
        let text = |name: &str| event.properties.get(name).and_then(Value::as_text);
        if event.name == "Experiment Viewed"
            && let (Some(experiment), Some(variation)) =
                (text("experiment_id"), text("variation_id"))
        {
            self.count(Counted::new(day, Measure::Exposure, experiment, variation), times, 0);
        }
        if event.kind == Kind::Track
            && let Some(amount) = revenue(event)
        {
            let currency = text("currency").unwrap_or_default();
            let counted = Counted::new(day, Measure::Conversion, name, currency);
            self.count(counted, times, amount.saturating_mul(times));
        }
    }

    /// Somebody's segments and stage were these, and are those.
    pub fn moves(&mut self, day: i64, before: &Standing, after: &Standing) {
        let (before, after) = (before.parts(), after.parts());
        if before.stage != after.stage {
            self.count(Counted::new(day, Measure::Stage, before.stage, after.stage), 1, 0);
        }
        for (these, those, how) in [(&after, &before, "entered"), (&before, &after, "left")] {
            for segment in these.segments.iter().filter(|one| !those.segments.contains(one)) {
                self.count(Counted::new(day, Measure::Segment, segment, how), 1, 0);
            }
        }
    }

    fn count(&mut self, counted: Counted, count: i64, amount: i64) {
        self.add(counted, Sum { count, amount });
    }

    pub fn add(&mut self, counted: Counted, more: Sum) {
        let sum = self.0.entry(counted).or_default();
        sum.count += more.count;
        sum.amount = sum.amount.saturating_add(more.amount);
    }
}

impl Counted {
    /// Whether it goes by a name that the pack gives, of which there are not many.
    pub const fn is_of_pack(&self) -> bool {
        matches!(self.measure, Measure::Segment | Measure::Stage)
    }

    /// What stands for all that have no row of their own.
    #[must_use]
    pub fn other(&self) -> Self {
        let (name, variant) = ("(other)".to_owned(), String::new());
        Self { day: self.day, measure: self.measure, name, variant }
    }

    fn new(day: i64, measure: Measure, name: &str, variant: &str) -> Self {
        let short = |text: &str| match text.char_indices().nth(NAME_CHARS) {
            None => text.to_owned(),
            Some(_) => "(long)".to_owned(),
        };
        Self { day, measure, name: short(name), variant: short(variant) }
    }
}

/// `revenue`, which is Segment's name for it, or an order's `total`.
fn revenue(event: &Event) -> Option<i64> {
    let number = |name: &str| event.properties.get(name).and_then(Value::as_number);
    let amount = number("revenue").or_else(|| number("total"))?;
    Some(Fixed::from_f64(amount).0)
}

/// Segments and stage by name, as they were last counted: packs come and go, and a name that was counted in is to be
/// counted out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing(pub String);

struct Parts<'s> {
    stage: &'s str,
    segments: Vec<&'s str>,
}

impl Standing {
    pub fn of(program: &Program, state: &State) -> Self {
        let stage = state.stage().and_then(|stage| program.stages.get(stage as usize));
        let mut text = stage.map(|stage| stage.id.clone()).unwrap_or_default();
        for segment in state.segments() {
            let Some(segment) = program.segments.get(segment as usize) else { continue };
            text.push('\n');
            text.push_str(&segment.id);
        }
        Self(text)
    }

    fn parts(&self) -> Parts<'_> {
        let mut lines = self.0.split('\n');
        Parts { stage: lines.next().unwrap_or_default(), segments: lines.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counted, Standing, Sum, Tallies};
    use waymark_model::{Event, Kind, Timestamp, Value};

    fn rows(tallies: &Tallies) -> Vec<(&str, &str, &str, i64, i64)> {
        let rows = tallies.0.iter();
        rows.map(|(Counted { measure, name, variant, .. }, Sum { count, amount })| {
            (measure.name(), name.as_str(), variant.as_str(), *count, *amount)
        })
        .collect()
    }

    #[test]
    fn an_order_is_a_touchpoint_and_a_conversion() {
        let mut order = Event::new("m1", Kind::Track, "Order Completed", Timestamp(0));
        order.properties.insert("revenue".to_owned(), Value::Number(12.5));
        order.properties.insert("currency".to_owned(), Value::Text("EUR".to_owned()));
        let mut tallies = Tallies::default();
        tallies.event(&order, 1);
        assert_eq!(
            rows(&tallies),
            [
                ("touchpoint", "Order Completed", "track", 1, 0),
                ("conversion", "Order Completed", "EUR", 1, 12_500_000),
            ]
        );
        tallies.event(&order, -1);
        assert!(rows(&tallies).iter().all(|(.., count, amount)| (*count, *amount) == (0, 0)));
    }

    #[test]
    fn moves_are_differences() {
        let mut tallies = Tallies::default();
        let before = Standing("aware\nnew\nlocal".to_owned());
        tallies.moves(3, &before, &Standing("loyal\nlocal\nvip".to_owned()));
        assert_eq!(
            rows(&tallies),
            [
                ("segment", "new", "left", 1, 0),
                ("segment", "vip", "entered", 1, 0),
                ("stage", "aware", "loyal", 1, 0),
            ]
        );
    }

    #[test]
    fn a_name_that_is_too_long_is_no_row_of_its_own() {
        let mut tallies = Tallies::default();
        tallies.event(&Event::new("m", Kind::Track, &"x".repeat(101), Timestamp(0)), 1);
        assert_eq!(rows(&tallies)[0].1, "(long)");
    }
}
