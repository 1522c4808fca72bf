//! Conditions in words: what they ask, of whomever.

use waymark_engine::program::{Compare, Cond, CondId, FeatureKind, Order, Test};
use waymark_model::Span;

use super::wording::{
    Words, channels, duration, one_of, percent, relation_word, scheduled, value, window,
};

impl Words<'_> {
    pub(crate) fn condition(self, id: CondId) -> String {
        let joined = |parts: &[CondId], between: &str| {
            let words: Vec<String> = parts.iter().map(|part| self.condition(*part)).collect();
            if words.len() > 1 { format!("({})", words.join(between)) } else { words.concat() }
        };
        match self.0.cond(id) {
            Cond::All(parts) if parts.is_empty() => "anything".to_owned(),
            Cond::Any(parts) if parts.is_empty() => "nothing".to_owned(),
            Cond::All(parts) => joined(parts, " and "),
            Cond::Any(parts) => joined(parts, " or "),
            Cond::Not(part) => format!("not {}", self.condition(*part)),
            Cond::Test(test) => self.asks(test),
        }
    }

    fn asks(self, test: &Test) -> String {
        match test {
            Test::Compare { source, compare } => {
                let subject = self.source(source);
                match compare {
                    Compare::Is(wanted) => format!("{subject} = {}", value(wanted)),
                    Compare::In(list) => format!("{subject} is {}", one_of(list)),
                    Compare::Exists => format!("{subject} is there"),
                    other => format!("{subject} {}", self.wish(other, true)),
                }
            }
            Test::Relate { left, relation, right } => {
                let (left, right) = (self.source(left), self.source(right));
                format!("{left} {} {right}", relation_word(*relation))
            }
            Test::Count { feature, within, session, least, most } => {
                let times = match (least, most) {
                    (least, Some(most)) if least == most => format!("{least} times"),
                    (0, Some(most)) => format!("at most {most} times"),
                    (least, Some(most)) => format!("{least} to {most} times"),
                    (1, None) => String::new(),
                    (least, None) => format!("at least {least} times"),
                };
                let what = self.occurrence(*feature);
                let within = window(*within, *session);
                match (most, times.is_empty()) {
                    (Some(0), _) => format!("no {what}{within}"),
                    (_, true) => format!("{what}{within}"),
                    _ => format!("{what} {times}{within}"),
                }
            }
            Test::Age { feature, order, span } => {
                format!("the {} is {} ago", self.occurrence(*feature), length(*order, *span))
            }
            Test::Sequence { feature, within, idle } => {
                let Some(FeatureKind::Sequence { steps, without }) = self.kind(*feature) else {
                    return self.feature(*feature);
                };
                let steps = self.sequence_of(steps, without, *within);
                match idle {
                    None => steps,
                    Some(idle) => format!("{steps}, at least {} ago", duration(*idle)),
                }
            }
            Test::Segment(number) => {
                let id = self.0.segments.get(*number as usize).map_or("?", |s| s.id.as_str());
                format!("in the segment {id}")
            }
            Test::Stage { least, most } => format!("the stage is {}", self.stages(*least, *most)),
            Test::Elapsed { source, ahead, order, span } => {
                let side = if *ahead { "ahead" } else { "ago" };
                format!("{} is {} {side}", self.source(source), length(*order, *span))
            }
            Test::Clock(clock) => {
                format!("it is {} for {}", Self::hours(*clock), self.whose(clock.zone))
            }
            Test::Anniversary { source, before, after, .. } => {
                format!("today is {}", self.anniversary(source, *before, *after))
            }
            Test::Consent(purpose) => format!("consent for {}", purpose.name()),
            Test::Scheduled { from, until } => scheduled(*from, *until),
            Test::Channel { among, .. } => format!("the channel is {}", channels(*among)),
            Test::Percent(share) => format!("in {} of the visitors", percent(share)),
        }
    }
}

fn length(order: Order, span: Span) -> String {
    let than = match order {
        Order::Lt => "less than",
        Order::Lte => "at most",
        Order::Gt => "more than",
        Order::Gte => "at least",
    };
    format!("{than} {}", duration(span))
}
