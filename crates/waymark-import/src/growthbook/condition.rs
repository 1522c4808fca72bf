//! Conditions on attributes, which are conditions on traits.

use serde_json::{Map, Value, json};
use waymark_engine::{Context, Engine, Numerals};
use waymark_model::{Event, Kind, Purposes, Timestamp};
use waymark_pack::Code;

/// `savedGroups`: lists of values by their ids.
#[derive(Clone, Copy)]
pub(super) struct Groups<'a>(pub Option<&'a Value>);

impl Groups<'_> {
    /// Those that are lists, as a pack has them.
    pub fn for_pack(self) -> Option<Value> {
        let groups = self.0?.as_object()?;
        let lists: Map<String, Value> = groups
            .iter()
            .filter_map(|(id, group)| {
                let plain = |value: &&Value| !value.is_array() && !value.is_object();
                let values =
                    group.as_array()?.iter().filter(plain).filter(|value| !value.is_null());
                Some((id.clone(), values.cloned().collect()))
            })
            .collect();
        (!lists.is_empty()).then(|| lists.into())
    }

    fn has(self, id: &str) -> bool {
        self.0.and_then(|groups| groups.get(id)).is_some_and(Value::is_array)
    }
}

/// A condition in the language of packs, and what is to be said about it.
///
/// What GrowthBook's SDKs cannot read is neither true nor false there: it holds for nobody, and so
/// does its opposite. Here it comes out false wherever it stands.
pub(super) fn translated(condition: &Value, groups: Groups<'_>) -> (Value, Vec<String>) {
    let mut translation = Translation { groups, opposite: false, said: Vec::new() };
    let when = translation.condition(condition);
    (when, translation.said)
}

struct Translation<'a> {
    groups: Groups<'a>,
    /// Whether it stands under an odd number of negations.
    opposite: bool,
    said: Vec<String>,
}

impl Translation<'_> {
    fn condition(&mut self, condition: &Value) -> Value {
        let Value::Object(members) = condition else {
            return self.unreadable(&format!("{condition} is no condition"));
        };
        let all = members.iter().map(|(key, value)| match (key.as_str(), value) {
            ("$and" | "$or", Value::Array(parts)) => json!({ key: self.list(parts) }),
            ("$nor", Value::Array(parts)) => {
                json!({ key: self.negated(|translation| translation.list(parts)) })
            }
            ("$not", value) => {
                json!({ key: self.negated(|translation| translation.condition(value)) })
            }
            ("$and" | "$or" | "$nor", other) => {
                self.unreadable(&format!("`{key}` takes a list, and not {other}"))
            }
            ("$savedGroup", _) => {
                self.unreadable("saved groups by `$savedGroup` are not carried over")
            }
            (path, value) => self.attribute(&format!("traits.{path}"), value),
        });
        together(all.collect())
    }

    fn list(&mut self, parts: &[Value]) -> Vec<Value> {
        parts.iter().map(|part| self.condition(part)).collect()
    }

    fn negated<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        self.opposite = !self.opposite;
        let done = inner(self);
        self.opposite = !self.opposite;
        done
    }

    /// A comparison of one attribute, each of its operators by itself: of what packs cannot say the
    /// others may still be asked.
    fn attribute(&mut self, path: &str, value: &Value) -> Value {
        let operators = value.as_object().filter(|members| {
            !members.is_empty() && members.keys().all(|key| key.starts_with('$'))
        });
        let Some(operators) = operators else { return self.known(path, value) };
        let all = operators.iter().map(|(operator, value)| match (operator.as_str(), value) {
            // A group that there is not has nobody in it.
            ("$inGroup", Value::String(id)) if !self.groups.has(id) => never(),
            ("$notInGroup", Value::String(id)) if !self.groups.has(id) => json!({}),
            ("$not", value) => {
                json!({ "$not": self.negated(|translation| translation.attribute(path, value)) })
            }
            _ => self.known(path, &json!({ operator: value })),
        });
        together(all.collect())
    }

    /// The comparison, if packs have it. An operand that it cannot have never compares.
    fn known(&mut self, path: &str, comparison: &Value) -> Value {
        let condition = json!({ path: comparison });
        let mut pack = json!({ "pack": "p", "segments": { "s": { "when": condition } } });
        if let Some(groups) = self.groups.for_pack() {
            pack["groups"] = groups;
        }
        let report = waymark_pack::check(&pack.to_string());
        match report.errors().next() {
            None => condition,
            Some(error) if error.code == Code::UnknownKey.name() => self.unreadable(&error.message),
            Some(error) => {
                self.said.push(format!("{}: {condition} never holds", error.message));
                never()
            }
        }
    }

    fn unreadable(&mut self, why: &str) -> Value {
        self.said.push(format!("{why}: neither it nor its opposite holds"));
        if self.opposite { json!({}) } else { never() }
    }
}

/// Holds for nobody.
fn never() -> Value {
    json!({ "$nor": [{}] })
}

fn together(mut all: Vec<Value>) -> Value {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        last => {
            all.extend(last);
            json!({ "$and": all })
        }
    }
}

/// Whether attributes fulfil a condition, by the engine's word; an error where packs cannot say it.
pub fn holds(
    condition: &Value,
    attributes: &Value,
    saved_groups: Option<&Value>,
) -> Result<bool, String> {
    let groups = Groups(saved_groups);
    let (when, _) = translated(condition, groups);
    let mut pack = json!({
        "pack": "condition",
        "slots": { "s": { "default": "keep" } },
        "content": { "c": { "slot": "s", "text": "c" } },
        "rules": [{ "id": "r", "slot": "s", "show": "c", "when": when }],
    });
    if let Some(groups) = groups.for_pack() {
        pack["groups"] = groups;
    }
    let compiled = waymark_pack::compile(&pack.to_string()).map_err(|report| {
        report.errors().map(|error| error.message.clone()).collect::<Vec<_>>().join("; ")
    })?;
    let engine = Engine::new(&compiled.program, Numerals::NATIVE);
    let mut state = engine.new_state();
    engine.apply(&mut state, &identified(attributes, Timestamp(0)));
    let context = Context { consent: Purposes::ALL, ..Context::default() };
    let decision = engine.decide(&state, &context, Timestamp(0));
    Ok(decision.slots.iter().any(|slot| slot.rule.is_some()))
}

/// That a visitor has these attributes.
pub fn identified(attributes: &Value, at: Timestamp) -> Event {
    let mut event = Event::new("attributes", Kind::Identify, "Identified", at);
    if let waymark_model::Value::Object(traits) = waymark_wire::value_from_json(attributes) {
        event.properties = traits;
    }
    event
}
