//! Actions that were taken, and how often visitors were contacted.

use std::collections::BTreeMap;

use waymark_engine::program::Act;
use waymark_model::{Event, Span, Timestamp, Value};

/// An action: of what kind, by which way, and what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActionKey {
    /// One of [`Act::EVENTS`].
    pub event: String,
    pub destination: Option<String>,
    /// The message, the content or the survey.
    pub what: Option<String>,
}

/// Contacts: messages, and what was shown in slots that contact visitors.
#[derive(Debug, Clone, Default)]
pub struct Contacts {
    pub all: u64,
    /// Visitors by how many messages were requested for them.
    pub messages: BTreeMap<u64, u64>,
    /// Visitors by the most contacts that they had within seven days.
    pub most: BTreeMap<u64, u64>,
    /// From the visitors' first events to the end, each at least a week.
    time: i64,
    first: Option<Timestamp>,
    sent: u64,
    at: Vec<Timestamp>,
}

impl ActionKey {
    /// What an action that was taken is.
    pub fn of(event: &Event) -> Self {
        let said = |key: &str| {
            let text = event.properties.get(key).and_then(Value::as_text);
            text.map(str::to_owned)
        };
        let what = ["message_id", "content_id", "survey_id"].into_iter().find_map(said);
        Self { event: event.name.clone(), destination: said("destination_id"), what }
    }
}

impl Contacts {
    pub(super) fn begin(&mut self) {
        self.first = None;
        self.sent = 0;
        self.at.clear();
    }

    pub(super) const fn came(&mut self, at: Timestamp) {
        self.first = Some(at);
    }

    pub(super) fn acted(&mut self, event: &Event) {
        self.sent += u64::from(event.name == Act::MESSAGE);
        if event.properties.get("contact").is_some() {
            self.contacted(event.time);
        }
    }

    pub(super) fn contacted(&mut self, at: Timestamp) {
        self.all += 1;
        self.at.push(at);
    }

    pub(super) fn end(&mut self, at: Timestamp) {
        let time = self.first.map_or(0, |first| at.since(first).0);
        self.time = self.time.saturating_add(time.max(Span::WEEK.0));
        *self.messages.entry(self.sent).or_default() += 1;
        *self.most.entry(most_within(&mut self.at, Span::WEEK)).or_default() += 1;
    }

    /// Contacts of a visitor in seven days, on average.
    pub fn mean_a_week(&self) -> f64 {
        if self.time == 0 {
            return 0.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a mean, for people")]
        let mean = self.all as f64 * Span::WEEK.0 as f64 / self.time as f64;
        mean
    }
}

/// How many of the moments at most lie within a span.
fn most_within(all: &mut [Timestamp], span: Span) -> u64 {
    all.sort_unstable();
    let (mut most, mut first) = (0, 0);
    for (last, at) in all.iter().enumerate() {
        while all[first].plus(span) <= *at {
            first += 1;
        }
        most = most.max(last - first + 1);
    }
    most as u64
}

#[cfg(test)]
mod tests {
    use super::most_within;
    use waymark_model::{Span, Timestamp};

    #[test]
    fn a_week_is_open_at_its_end() {
        let days = |days: &[i64]| {
            let mut at: Vec<_> = days.iter().map(|day| Timestamp(day * Span::DAY.0)).collect();
            most_within(&mut at, Span::WEEK)
        };
        assert_eq!(days(&[]), 0);
        assert_eq!(days(&[0, 7, 14]), 1);
        assert_eq!(days(&[0, 3, 6, 7, 30]), 3);
        assert_eq!(days(&[6, 0, 1, 7]), 3);
    }
}
