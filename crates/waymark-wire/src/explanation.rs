//! An explanation as JSON: of each rule, segment and stage, which tests made it come out as it did, with
//! what was asked, found and wanted. Features, events and conditions go by the names that the pack gives
//! them; who shows it puts it into words.

use serde_json::{Map, Value as Json, json};
use waymark_engine::explain::{Answers, Outcome, Reason};
use waymark_engine::program::{
    Action, Amount, Clock, Compare, Cond, CondId, FeatureKind, Matcher, Merge, Order, Path,
    Program, Relation, Root, Source, Taken, Test, WEEKDAYS, Window,
};
use waymark_engine::{Channel, Context, Engine, State, Truth};
use waymark_model::{Fixed, Purpose, Timestamp};

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
            // Of a rule that holds and was shown enough, its limit is what kept it back.
            let asked = match (trace.outcome, rule.limit) {
                (Outcome::Limited, Some(limit)) => limit,
                _ => rule.when,
            };
            let because = if allowed { facts.all(&answers.reasons(asked)) } else { Vec::new() };
            let ranking = trace.ranking.iter().filter_map(|(content, points)| {
                let content = &program.contents.get(*content as usize)?.id;
                Some(json!({ "content": content, "points": points.map(Fixed::to_f64) }))
            });
            json!({
                "rule": rule.id,
                "slot": program.slots.get(rule.slot as usize).map(|slot| &slot.id),
                "content": match rule.action {
                    Action::Show(content) => {
                        program.contents.get(content as usize).map(|content| &content.id)
                    }
                    _ => None,
                },
                "priority": rule.priority,
                "purpose": rule.purpose.name(),
                "outcome": trace.outcome.name(),
                "holds": allowed && answers.truth(rule.when) == Some(Truth::True),
                "because": because,
                "ranking": ranking.collect::<Vec<_>>(),
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
            Test::Compare { source: Source::Feature(feature), compare } => json!({
                "test": "feature", "feature": self.feature(*feature), "is": self.comparison(compare),
            }),
            Test::Compare { source, compare } => {
                json!({ "test": "value", "path": self.source(source), "is": self.comparison(compare) })
            }
            Test::Relate { left, relation, right } => json!({
                "test": "value",
                "path": self.source(left),
                "is": { "op": relation_name(*relation), "ref": self.source(right) },
            }),
            Test::Elapsed { source, ahead, order, span } => json!({
                "test": "elapsed",
                "path": self.source(source),
                "ahead": ahead,
                "is": { "op": order_name(*order), "value": span.0 },
            }),
            Test::Clock(Clock { zone, from, to, days, workdays }) => {
                let zone = (zone.0 as usize).checked_sub(1).map(|at| self.0.zones.get(at));
                let days = (0..).zip(WEEKDAYS).filter(|(bit, _)| days >> bit & 1 == 1);
                json!({
                    "test": "clock",
                    "zone": zone.map_or("visitor", |zone| zone.map_or("UTC", |zone| &zone.name)),
                    "from": from,
                    "to": to,
                    "days": days.map(|(_, name)| name).collect::<Vec<_>>(),
                    "workdays": workdays,
                })
            }
            Test::Anniversary { source, before, after, .. } => json!({
                "test": "anniversary",
                "path": self.source(source),
                "before": before.0,
                "after": after.0,
            }),
            Test::Consent(purpose) => json!({ "test": "consent", "purpose": purpose.name() }),
            Test::Scheduled { from, until } => json!({
                "test": "scheduled", "from": instant(*from), "end": instant(*until),
            }),
            Test::Percent(share) => json!({
                "test": "percent",
                "share": share.ranges.iter().map(|range| range.end - range.start).sum::<f64>(),
            }),
            Test::Channel { among, .. } => json!({ "test": "channel", "among": channels(*among) }),
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
            FeatureKind::Windowed { on, taken, merge, window } => {
                let kind = match (merge, &taken.amount) {
                    (Merge::Sum, Amount::One) => "times",
                    (Merge::Sum, _) => "sum",
                    (Merge::Average, _) => "avg",
                    (Merge::Least, _) => "min",
                    (Merge::Greatest, _) => "max",
                };
                self.values(kind, name, (on, taken), *window)
            }
            FeatureKind::Distinct { on, taken, window, .. } => {
                self.values("distinct", name, (on, taken), *window)
            }
            FeatureKind::Top { on, taken, window, .. } => {
                self.values("top", name, (on, taken), *window)
            }
            FeatureKind::Streak { on, period } => json!({
                "kind": "streak", "name": name, "on": self.matcher(on), "per": period.name(),
            }),
            FeatureKind::Items(items) => {
                let all = |matchers: &[Matcher]| -> Vec<Json> {
                    matchers.iter().map(|matcher| self.matcher(matcher)).collect()
                };
                json!({ "kind": "items", "name": name, "steps": all(&items.add) })
            }
            FeatureKind::Points(ledger) => {
                let all = |matchers: &[Matcher]| -> Vec<Json> {
                    matchers.iter().map(|matcher| self.matcher(matcher)).collect()
                };
                json!({ "kind": "points", "name": name, "steps": all(&ledger.earn) })
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

    /// A feature made of values: of a property, or of each element of a list.
    fn values(
        self,
        kind: &str,
        name: Option<&String>,
        (on, taken): (&Matcher, &Taken),
        window: Option<Window>,
    ) -> Json {
        let spans = |buckets: fn(Window) -> u32| {
            window.map(|it| it.resolution.0.saturating_mul(i64::from(buckets(it))))
        };
        let each = taken.each.as_deref().map(|list| list.join("."));
        let property = match &taken.amount {
            Amount::One => each,
            Amount::Property(path) => {
                let path = path.join(".");
                Some(match each {
                    None => path,
                    Some(each) if path.is_empty() => each,
                    Some(each) => format!("{each}.{path}"),
                })
            }
        };
        json!({
            "kind": kind,
            "name": name,
            "on": self.matcher(on),
            "property": property,
            "within": spans(|window| window.buckets),
            "after": spans(|window| window.skip).filter(|skip| *skip > 0),
        })
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
            Cond::Test(Test::Compare { source, compare }) => {
                json!({ "path": self.source(source), "is": self.comparison(compare) })
            }
            Cond::Test(Test::Relate { left, relation, right }) => json!({
                "path": self.source(left),
                "is": { "op": relation_name(*relation), "ref": self.source(right) },
            }),
            Cond::Test(Test::Channel { among, .. }) => json!({ "channel": channels(*among) }),
            // The compiler lets no other test read an event.
            Cond::Test(_) => Json::Null,
        }
    }

    fn source(self, source: &Source) -> String {
        match source {
            Source::Path(Path { root: Root::Property | Root::Item, keys }) => keys.join("."),
            Source::Path(path) => format!("{}.{}", path.root.name(), path.keys.join(".")),
            Source::Score(model) => {
                let id = self.0.models.get(*model as usize).map(|model| model.id.as_str());
                format!("scores.{}", id.unwrap_or_default())
            }
            Source::Session(key) => format!("session.{}", key.name()),
            Source::Time(key, _) => format!("time.{}", key.name()),
            Source::Feature(number) => {
                let name = self.0.named.iter().find(|(_, named)| named == number);
                name.map_or_else(|| "features".to_owned(), |(name, _)| format!("features.{name}"))
            }
        }
    }

    fn comparison(self, compare: &Compare) -> Json {
        let list = |values: &[waymark_model::Value]| -> Vec<Json> {
            values.iter().map(value_to_json).collect()
        };
        match compare {
            Compare::Is(value) => json!({ "op": "eq", "value": value_to_json(value) }),
            Compare::Order(order, value) => {
                json!({ "op": order_name(*order), "value": value_to_json(value) })
            }
            Compare::In(values) => json!({ "op": "in", "value": list(values) }),
            Compare::InFolded(values) => json!({ "op": "ini", "value": list(values) }),
            Compare::Group(group) => {
                let group = self.0.groups.get(*group as usize);
                json!({ "op": "inGroup", "value": group.map(|group| &group.id) })
            }
            Compare::Exists => json!({ "op": "exists", "value": true }),
            Compare::Type(ty) => json!({ "op": "type", "value": ty.name() }),
            Compare::Pattern(pattern) => {
                let pattern = self.0.patterns.get(*pattern as usize);
                let op = if pattern.is_some_and(|p| p.folded) { "regexi" } else { "regex" };
                json!({ "op": op, "value": pattern.map(|pattern| &pattern.source) })
            }
            Compare::Version(relation, version) => json!({
                "op": format!("v{}", relation_name(*relation)),
                "value": version.replace(' ', "").trim_end_matches("-~"),
            }),
            Compare::Some(cond) => json!({ "op": "elemMatch", "value": self.condition(*cond) }),
            Compare::Size(cond) => json!({ "op": "size", "value": self.condition(*cond) }),
        }
    }
}

/// The names of a set of channels.
fn channels(among: u32) -> Vec<&'static str> {
    let all = Channel::ALL.into_iter().filter(|channel| channel.bit() & among != 0);
    all.map(Channel::name).collect()
}

const fn relation_name(relation: Relation) -> &'static str {
    match relation {
        Relation::Eq => "eq",
        Relation::Order(order) => order_name(order),
        Relation::In => "in",
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
