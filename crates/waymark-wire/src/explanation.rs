//! An explanation as JSON: of each rule, segment and stage, which tests made it come out as it did, with
//! what was asked, found and wanted. Features, events and conditions go by the names that the pack gives
//! them; who shows it puts it into words.

use serde_json::{Map, Value as Json, json};
use waymark_engine::explain::{Answers, Outcome, Reason};
use waymark_engine::program::{
    Amount, Compare, Cond, CondId, FeatureKind, Matcher, NumberSource, Order, Path, Program, Root,
    SessionKey, Test,
};
use waymark_engine::{Context, Engine, State, Truth};
use waymark_model::{Purpose, Span, Timestamp};

use crate::{decision_to_json, format_timestamp, value_to_json};

/// Decides, and says why: `{decision, rules, segments, stages}`. Rules are in the order in which they
/// were tried. What needs a consent that the context lacks is not looked at.
pub fn explanation_to_json(
    engine: Engine<'_>,
    state: &State,
    context: &Context,
    now: Timestamp,
) -> Json {
    let program = engine.program;
    let explanation = engine.explain(state, context, now);
    let answers = Answers::new(engine, &explanation.rules, state, context, now);
    let facts = Facts(program);
    let rules = explanation
        .rules
        .iter()
        .filter_map(|trace| program.rules.get(trace.rule as usize).map(|rule| (trace, rule)))
        .map(|(trace, rule)| {
            let allowed = trace.outcome != Outcome::NoConsent;
            let because = if allowed { facts.all(&answers.reasons(rule.when)) } else { Vec::new() };
            json!({
                "rule": rule.id,
                "slot": program.slots.get(rule.slot as usize).map(|slot| &slot.id),
                "content": program.contents.get(rule.content as usize).map(|content| &content.id),
                "priority": rule.priority,
                "purpose": rule.purpose.name(),
                "outcome": trace.outcome.name(),
                "holds": allowed && answers.truth(rule.when) == Some(Truth::True),
                "because": because,
            })
        });
    let known = context.consent.contains(Purpose::Personalization);
    let asked = |id: &str, when| {
        let because = if known { facts.all(&answers.reasons(when)) } else { Vec::new() };
        let found = answers.truth(when).filter(|_| known).map(truth);
        json!({ "id": id, "truth": found, "because": because })
    };
    let segments = program.segments.iter().map(|segment| asked(&segment.id, segment.when));
    let stages = program.stages.iter().map(|stage| asked(&stage.id, stage.enter));
    json!({
        "rules": rules.collect::<Vec<_>>(),
        "segments": segments.collect::<Vec<_>>(),
        "stages": stages.collect::<Vec<_>>(),
        "decision": decision_to_json(&explanation.decision),
    })
}

/// Names things as the pack does.
#[derive(Clone, Copy)]
struct Facts<'p>(&'p Program);

impl Facts<'_> {
    fn all(self, reasons: &[Reason<'_>]) -> Vec<Json> {
        reasons.iter().map(|reason| self.one(reason)).collect()
    }

    fn one(self, reason: &Reason<'_>) -> Json {
        let Reason { test, clause, want, met, because } = reason;
        let mut fact = match self.test(test) {
            Json::Object(fact) => fact,
            _ => Map::new(),
        };
        fact.insert("actual".to_owned(), value_to_json(&clause.actual));
        fact.insert("truth".to_owned(), truth(clause.answer.truth).into());
        fact.insert("want".to_owned(), (*want).into());
        fact.insert("met".to_owned(), (*met).into());
        fact.insert("until".to_owned(), instant(clause.answer.until));
        fact.insert("because".to_owned(), self.all(because).into());
        fact.into()
    }

    fn test(self, test: &Test) -> Json {
        match test {
            Test::Value { path, compare } => {
                json!({ "test": "value", "path": dotted(path), "is": comparison(compare) })
            }
            Test::Number { source, compare } => match source {
                NumberSource::Windowed(feature) => json!({
                    "test": "feature", "feature": self.feature(*feature), "is": comparison(compare),
                }),
                NumberSource::Session(key) => {
                    let path = match key {
                        SessionKey::Number => "session.number",
                        SessionKey::Events => "session.events",
                    };
                    json!({ "test": "value", "path": path, "is": comparison(compare) })
                }
            },
            Test::Captured { feature, compare } => json!({
                "test": "feature", "feature": self.feature(*feature), "is": comparison(compare),
            }),
            Test::Count { feature, within, session, least, most } => json!({
                "test": "count",
                "feature": self.feature(*feature),
                "within": within.map(|span| span.0),
                "session": session,
                "least": least,
                "most": most,
                "kept": self.kept(*feature, within.is_some() || *session),
            }),
            Test::Age { feature, order, span } => json!({
                "test": "age",
                "feature": self.feature(*feature),
                "is": { "op": order_name(*order), "value": span.0 },
            }),
            Test::Sequence { feature, within, idle } => json!({
                "test": "sequence",
                "feature": self.feature(*feature),
                "within": within.map(|span| span.0),
                "idle": idle.map(|span| span.0),
            }),
            Test::Segment(number) => {
                let segment = self.0.segments.get(*number as usize);
                json!({ "test": "segment", "segment": segment.map(|segment| &segment.id) })
            }
            Test::Stage { least, most } => {
                let name = |number: u32| self.0.stages.get(number as usize).map(|stage| &stage.id);
                let last = *most as usize + 1 >= self.0.stages.len();
                json!({
                    "test": "stage",
                    "least": name(*least),
                    "most": if last { None } else { name(*most) },
                })
            }
        }
    }

    /// How many occurrences are remembered, where no more can be counted.
    fn kept(self, feature: u32, windowed: bool) -> Option<u32> {
        match self.0.features.get(feature as usize)?.kind {
            FeatureKind::Times { keep, .. } if windowed => Some(keep),
            _ => None,
        }
    }

    fn feature(self, number: u32) -> Json {
        let name = self.0.named.iter().find(|(_, named)| *named == number).map(|(name, _)| name);
        let Some(feature) = self.0.features.get(number as usize) else {
            return Json::Null;
        };
        let property = |path: &[String]| path.join(".");
        match &feature.kind {
            FeatureKind::Times { on, .. } => {
                json!({ "kind": "times", "name": name, "on": self.matcher(on) })
            }
            FeatureKind::Windowed { on, amount, window } => {
                let within = window.map(|window| {
                    Span(window.resolution.0.saturating_mul(i64::from(window.buckets))).0
                });
                let of = match amount {
                    Amount::One => None,
                    Amount::Property(path) => Some(property(path)),
                };
                let kind = if of.is_some() { "sum" } else { "times" };
                json!({
                    "kind": kind, "name": name, "on": self.matcher(on), "property": of, "within": within,
                })
            }
            FeatureKind::First { on, capture } => json!({
                "kind": "first", "name": name, "on": self.matcher(on),
                "property": capture.as_deref().map(property),
            }),
            FeatureKind::Last { on, capture } => json!({
                "kind": "last", "name": name, "on": self.matcher(on),
                "property": capture.as_deref().map(property),
            }),
            FeatureKind::Sequence { steps, without } => {
                let all = |matchers: &[Matcher]| -> Vec<Json> {
                    matchers.iter().map(|matcher| self.matcher(matcher)).collect()
                };
                json!({
                    "kind": "sequence", "name": name, "steps": all(steps), "without": all(without),
                })
            }
        }
    }

    /// `event` is null for any event.
    fn matcher(self, matcher: &Matcher) -> Json {
        let event = matcher.event.and_then(|event| self.0.events.get(event as usize));
        json!({ "event": event, "where": matcher.condition.map(|id| self.condition(id)) })
    }

    /// A condition on an event.
    fn condition(self, id: CondId) -> Json {
        let parts = |parts: &[CondId]| -> Vec<Json> {
            parts.iter().map(|part| self.condition(*part)).collect()
        };
        match self.0.cond(id) {
            Cond::All(all) => json!({ "all": parts(all) }),
            Cond::Any(any) => json!({ "any": parts(any) }),
            Cond::Not(part) => json!({ "not": self.condition(*part) }),
            Cond::Test(Test::Value { path, compare }) => {
                let path = match path.root {
                    Root::Property => path.keys.join("."),
                    _ => dotted(path),
                };
                json!({ "path": path, "is": comparison(compare) })
            }
            // The compiler lets no other test read an event.
            Cond::Test(_) => Json::Null,
        }
    }
}

fn comparison(compare: &Compare) -> Json {
    let list = |values: &[waymark_model::Value]| -> Vec<Json> {
        values.iter().map(value_to_json).collect()
    };
    match compare {
        Compare::Eq(value) => json!({ "op": "eq", "value": value_to_json(value) }),
        Compare::Ne(value) => json!({ "op": "ne", "value": value_to_json(value) }),
        Compare::Order(order, value) => {
            json!({ "op": order_name(*order), "value": value_to_json(value) })
        }
        Compare::In(values) => json!({ "op": "in", "value": list(values) }),
        Compare::NotIn(values) => json!({ "op": "nin", "value": list(values) }),
        Compare::Exists(there) => json!({ "op": "exists", "value": there }),
    }
}

const fn order_name(order: Order) -> &'static str {
    match order {
        Order::Lt => "lt",
        Order::Lte => "lte",
        Order::Gt => "gt",
        Order::Gte => "gte",
    }
}

fn dotted(path: &Path) -> String {
    format!("{}.{}", path.root.name(), path.keys.join("."))
}

const fn truth(truth: Truth) -> &'static str {
    match truth {
        Truth::False => "false",
        Truth::Unknown => "unknown",
        Truth::True => "true",
    }
}

/// ISO 8601; null for "until something happens".
fn instant(at: Timestamp) -> Json {
    match at {
        Timestamp::MAX | Timestamp::MIN => Json::Null,
        at => format_timestamp(at).map_or(Json::Null, Json::from),
    }
}
