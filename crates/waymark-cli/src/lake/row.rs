//! An event of the lake: a line of JSON, or a row of a table.

use serde_json::{Map, Value as Json, json};
use waymark_model::Timestamp;
use waymark_wire::{format_timestamp, parse_timestamp};

/// Where a column's text stands in a line.
pub(super) enum Source {
    /// A member's text.
    Member(&'static str),
    /// A member as JSON.
    Whole(&'static str),
    /// What the edge says of how it keeps the event.
    Kept(&'static str),
    /// The same as JSON.
    KeptWhole(&'static str),
}

/// Columns of text, by name.
pub(super) const TEXTS: [(&str, Source); 14] = [
    ("message_id", Source::Member("messageId")),
    ("type", Source::Member("type")),
    ("event", Source::Member("event")),
    ("visitor", Source::Kept("visitor")),
    ("basis", Source::Kept("basis")),
    ("anonymous_id", Source::Member("anonymousId")),
    ("user_id", Source::Member("userId")),
    ("group_id", Source::Member("groupId")),
    ("previous_id", Source::Member("previousId")),
    ("trusted_user", Source::Kept("user")),
    ("trusted_previous", Source::KeptWhole("previous")),
    ("properties", Source::Whole("properties")),
    ("traits", Source::Whole("traits")),
    ("context", Source::Whole("context")),
];
const VISITOR: usize = 3;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Row {
    pub(super) timestamp: i64,
    pub(super) received: i64,
    pub(super) texts: [Option<String>; TEXTS.len()],
}

impl Row {
    /// The key that the event is kept under.
    pub(super) fn visitor(&self) -> &str {
        self.texts[VISITOR].as_deref().unwrap_or_default()
    }

    /// `None` for what is no line of a lake.
    pub(super) fn from_line(line: &str) -> Option<Self> {
        let Json::Object(line) = serde_json::from_str(line).ok()? else { return None };
        let kept = line.get("kept").and_then(Json::as_object);
        let text = |value: Option<&Json>| value.and_then(Json::as_str).map(str::to_owned);
        let mut row = Self {
            timestamp: instant(line.get("timestamp")?)?,
            received: instant(line.get("receivedAt")?)?,
            ..Self::default()
        };
        for (column, (_, source)) in row.texts.iter_mut().zip(&TEXTS) {
            *column = match source {
                Source::Member(name) => text(line.get(*name)),
                Source::Whole(name) => line.get(*name).map(Json::to_string),
                Source::Kept(name) => text(kept.and_then(|kept| kept.get(*name))),
                Source::KeptWhole(name) => {
                    kept.and_then(|kept| kept.get(*name)).map(Json::to_string)
                }
            };
        }
        row.texts[VISITOR].is_some().then_some(row)
    }

    pub(super) fn to_line(&self) -> String {
        let mut line = Map::new();
        let mut kept = Map::new();
        let written =
            |at: i64| format_timestamp(Timestamp(at)).map_or_else(|| at.into(), Json::from);
        line.insert("timestamp".to_owned(), written(self.timestamp));
        line.insert("receivedAt".to_owned(), written(self.received));
        for (column, (_, source)) in self.texts.iter().zip(&TEXTS) {
            let Some(text) = column else { continue };
            let whole = || serde_json::from_str(text).unwrap_or_default();
            match source {
                Source::Member(name) => line.insert((*name).to_owned(), json!(text)),
                Source::Whole(name) => line.insert((*name).to_owned(), whole()),
                Source::Kept(name) => kept.insert((*name).to_owned(), json!(text)),
                Source::KeptWhole(name) => kept.insert((*name).to_owned(), whole()),
            };
        }
        line.insert("kept".to_owned(), kept.into());
        Json::from(line).to_string()
    }
}

/// As the edge writes it: text, or a number where the calendar ends.
fn instant(value: &Json) -> Option<i64> {
    match value {
        Json::String(text) => parse_timestamp(text).map(|at| at.0),
        other => other.as_i64(),
    }
}

#[cfg(test)]
mod tests {
    use super::Row;
    use serde_json::{Value as Json, json};

    #[test]
    fn a_line_comes_back_as_it_was() {
        let line = json!({
            "type": "alias", "messageId": "m", "timestamp": "2026-03-01T00:00:00.001Z",
            "receivedAt": "2026-03-01T00:00:01.000Z", "userId": "ann", "previousId": "d1",
            "context": { "page": { "path": "/" }, "n": 0.1 },
            "kept": { "visitor": "u:ann", "basis": "server", "user": "u:ann", "previous": ["a:d1"] },
        });
        let row = Row::from_line(&line.to_string()).unwrap();
        assert_eq!(row.visitor(), "u:ann");
        assert_eq!(serde_json::from_str::<Json>(&row.to_line()).unwrap(), line);
    }

    #[test]
    fn what_is_no_event_of_a_lake_is_none() {
        for line in ["", "[]", "{}", r#"{"timestamp":"2026-03-01T00:00:00Z","receivedAt":0}"#] {
            assert_eq!(Row::from_line(line), None, "{line}");
        }
    }
}
