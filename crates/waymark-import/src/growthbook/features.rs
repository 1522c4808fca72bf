//! Features and their rules.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::condition::{holds, translated};
use super::experiment::Redirects;
use super::{Importing, Kind, Origin, content_id};

impl Importing<'_> {
    pub(super) fn features(&mut self) {
        let none = Map::new();
        let features = self.payload["features"].as_object().unwrap_or(&none);
        // What each can show has to be known before anything can need it.
        for (id, feature) in features {
            self.slot(id, &feature["defaultValue"]);
            for rule in list(&feature["rules"]) {
                let shown = match rule.get("force") {
                    Some(value) => std::slice::from_ref(value),
                    None => variations(rule),
                };
                for value in shown.iter().filter(|value| !value.is_null()) {
                    self.content_of(id, value);
                }
            }
        }
        let circles = circles(features);
        for (id, feature) in features {
            let rules = list(&feature["rules"]);
            for (number, rule) in rules.iter().enumerate() {
                let priority = rules.len() - number;
                if !self.rule(id, rule, priority, &circles) {
                    break;
                }
            }
        }
    }

    /// A slot with this value as its default.
    pub(super) fn slot(&mut self, id: &str, default: &Value) {
        let default =
            if default.is_null() { "keep".to_owned() } else { self.content_of(id, default) };
        self.slots.insert(id.to_owned(), json!({ "default": default }));
    }

    /// Whether the rules after it are reached.
    fn rule(
        &mut self,
        feature: &str,
        rule: &Value,
        priority: usize,
        circles: &BTreeSet<(String, String)>,
    ) -> bool {
        let mut needs = Vec::new();
        for parent in list(&rule["parentConditions"]) {
            let id = parent["id"].as_str().unwrap_or_default();
            if circles.contains(&(feature.to_owned(), id.to_owned())) {
                self.keep(feature, rule, priority, Kind::Circle, &needs);
                self.note(feature, format!("its prerequisites lead back to it by way of {id}"));
                return false;
            }
            if circles.iter().any(|(of, _)| of == id) {
                let mut nothing = needs.clone();
                nothing.push(json!({ "slot": id, "shows": ["keep"] }));
                self.keep(feature, rule, priority, Kind::Circle, &nothing);
            }
            let Some(shows) = self.fulfilling(feature, id, &parent["condition"]) else {
                return true;
            };
            let met = |not: bool| json!({ "slot": id, "shows": shows, "not": not });
            let is_known = self.slots.contains_key(id);
            let gate = parent["gate"] == true;
            // Of a feature that there is not, the value is always null.
            let always = !is_known && !shows.is_empty();
            let never = !is_known && shows.is_empty();
            if gate && !always {
                let mut unmet = needs.clone();
                unmet.extend((!never).then(|| met(true)));
                self.keep(feature, rule, priority, Kind::Gate, &unmet);
            }
            if never {
                return !(gate && needs.is_empty());
            }
            if !always {
                needs.push(met(false));
            }
        }
        self.shown(feature, rule, priority, needs);
        true
    }

    /// What an experiment needs of other slots; `None` when that can never be.
    pub(super) fn prerequisites(&mut self, of: &str, experiment: &Value) -> Option<Vec<Value>> {
        let mut needs = Vec::new();
        for parent in list(&experiment["parentConditions"]) {
            let id = parent["id"].as_str().unwrap_or_default();
            let shows = self.fulfilling(of, id, &parent["condition"])?;
            if self.slots.contains_key(id) {
                needs.push(json!({ "slot": id, "shows": shows }));
            } else if shows.is_empty() {
                self.note(of, format!("it needs {id}, which there is not, and is left out"));
                return None;
            }
        }
        Some(needs)
    }

    /// What the other slot has to show for a condition on its value to hold.
    fn fulfilling(
        &mut self,
        feature: &str,
        parent: &str,
        condition: &Value,
    ) -> Option<Vec<String>> {
        let empty = json!({});
        let condition = if condition.is_null() { &empty } else { condition };
        let groups = self.groups.0;
        let asked = |value: &Value| holds(condition, &json!({ "value": value }), groups);
        let null = match asked(&Value::Null) {
            Ok(null) => null,
            Err(why) => {
                let message = format!("a rule with a prerequisite on {parent} is left out: {why}");
                self.note(feature, message);
                return None;
            }
        };
        let values = self.values.get(parent).map_or(&[][..], Vec::as_slice);
        let shown = (0..).zip(values).filter(|(_, value)| asked(value) == Ok(true));
        let mut shows: Vec<String> = shown.map(|(number, _)| content_id(parent, number)).collect();
        if null {
            shows.push("keep".to_owned());
        }
        Some(shows)
    }

    /// A rule that shows nothing.
    fn keep(&mut self, feature: &str, rule: &Value, priority: usize, kind: Kind, needs: &[Value]) {
        let word = if kind == Kind::Gate { "gate" } else { "circle" };
        // It stands before the rule that it guards.
        let id = self.origin(&format!("{feature}: {word} {priority}"), rule, kind);
        self.rules.push(json!({
            "id": id, "slot": feature, "show": "keep", "priority": 2 * priority + 1, "needs": needs,
        }));
    }

    /// The rule itself: a value for everybody, or an experiment.
    fn shown(&mut self, feature: &str, rule: &Value, priority: usize, needs: Vec<Value>) {
        let mut made = Map::new();
        made.insert("slot".to_owned(), json!(feature));
        made.insert("priority".to_owned(), json!(2 * priority));
        if !needs.is_empty() {
            made.insert("needs".to_owned(), needs.into());
        }
        if !self.condition(feature, rule, &mut made) {
            return;
        }
        let Some(value) = rule.get("force") else {
            if rule.get("variations").is_some() || rule.get("contextualVariations").is_some() {
                self.experiment(feature, rule, made, Redirects::No);
            }
            return;
        };
        let Some(mut filters) = self.filters(feature, rule) else { return };
        let share = match (&rule["range"], rule["coverage"].as_f64()) {
            (Value::Array(range), _) => Some(json!(range)),
            (_, Some(coverage)) => Some(json!([0.0, coverage])),
            _ => None,
        };
        if let Some(share) = share {
            let seed = text_of(&rule["seed"]).unwrap_or(feature);
            match self.filter(rule, seed, 1, &[share]) {
                Some(filter) => filters.push(filter),
                None => return self.note(feature, "a rule is hashed in a way that nobody is in"),
            }
        }
        if !filters.is_empty() {
            made.insert("filters".to_owned(), filters.into());
        }
        let show =
            if value.is_null() { "keep".to_owned() } else { self.content_of(feature, value) };
        made.insert("show".to_owned(), show.into());
        let wanted = text_of(&rule["id"])
            .map_or_else(|| format!("{feature}: rule {priority}"), |id| format!("{feature}: {id}"));
        let id = self.origin(&wanted, rule, Kind::Force);
        made.insert("id".to_owned(), id.into());
        self.rules.push(made.into());
    }

    /// Adds the condition; `false` when it cannot be said here, and the rule is left out.
    pub(super) fn condition(
        &mut self,
        of: &str,
        rule: &Value,
        made: &mut Map<String, Value>,
    ) -> bool {
        let Some(condition) = rule.get("condition").filter(|condition| !condition.is_null()) else {
            return true;
        };
        let (when, said) = translated(condition, self.groups);
        for message in said {
            self.note(of, message);
        }
        // The compiler's word counts: what it refuses as a whole is left out.
        if let Err(why) = holds(condition, &json!({}), self.groups.0) {
            self.note(of, format!("a rule is left out, as its condition cannot be said: {why}"));
            return false;
        }
        made.insert("when".to_owned(), when);
        true
    }

    /// The id under which a rule or experiment stands in the pack.
    pub(super) fn origin(&mut self, wanted: &str, definition: &Value, kind: Kind) -> String {
        let id = self.unique(wanted);
        let rule_id = text_of(&definition["id"]).unwrap_or_default().to_owned();
        let origin = Origin { kind, rule_id, definition: definition.clone() };
        self.origins.insert(id.clone(), origin);
        id
    }

    /// The rule's own filters; `None` when nobody can pass them.
    pub(super) fn filters(&mut self, of: &str, rule: &Value) -> Option<Vec<Value>> {
        let filters = list(&rule["filters"]).iter().map(|filter| {
            let by = json!({ "hashAttribute": filter["attribute"], "hashVersion": filter["hashVersion"] });
            let seed = text_of(&filter["seed"]).unwrap_or_default();
            self.filter(&by, seed, 2, list(&filter["ranges"]))
        });
        let filters: Option<Vec<Value>> = filters.collect();
        if filters.is_none() {
            self.note(of, "a rule is left out, as nobody passes its filters");
        }
        filters
    }

    /// A share of the visitors; `None` when its hash version is none.
    fn filter(&self, by: &Value, seed: &str, usual: u64, ranges: &[Value]) -> Option<Value> {
        let version = version(&by["hashVersion"], usual)?;
        let ranges: Vec<Value> = ranges.iter().filter_map(range).collect();
        let mut filter = json!({ "seed": seed, "hashVersion": version, "unit": unit(&by["hashAttribute"]), "ranges": ranges });
        if let Some(fallback) = self.fallback(by) {
            filter["fallbackUnit"] = fallback;
        }
        Some(filter)
    }

    /// The attribute that stands in, where sticky buckets were kept.
    pub(super) fn fallback(&self, by: &Value) -> Option<Value> {
        let sticky = self.options.sticky && by["disableStickyBucketing"] != true;
        let fallback = text_of(&by["fallbackAttribute"]).filter(|_| sticky);
        fallback.map(|_| unit(&by["fallbackAttribute"]))
    }
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn text_of(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

/// The values that an experiment compares.
pub(super) fn variations(rule: &Value) -> &[Value] {
    match rule.get("contextualVariations") {
        Some(variations) => list(variations),
        None => list(&rule["variations"]),
    }
}

pub(super) fn unit(attribute: &Value) -> Value {
    json!(format!("traits.{}", text_of(attribute).unwrap_or("id")))
}

/// Nothing and 0 are the usual one; `None` is one that there is not.
pub(super) fn version(version: &Value, usual: u64) -> Option<u64> {
    match version.as_f64().filter(|version| *version != 0.0) {
        None => Some(usual),
        Some(1.0) => Some(1),
        Some(2.0) => Some(2),
        Some(_) => None,
    }
}

/// From and to, inside 0 to 1, where all buckets are; one that ends before it begins has none.
pub(super) fn range(range: &Value) -> Option<Value> {
    let [from, to] = list(range) else { return None };
    let (from, to) = (from.as_f64()?.clamp(0.0, 1.0), to.as_f64()?.clamp(0.0, 1.0));
    (from <= to).then(|| json!({ "from": from, "to": to }))
}

/// Features, each with a prerequisite that leads back to it.
fn circles(features: &Map<String, Value>) -> BTreeSet<(String, String)> {
    let parents: BTreeMap<&str, BTreeSet<&str>> = features
        .iter()
        .map(|(id, feature)| {
            let rules = list(&feature["rules"]).iter();
            let parents = rules.flat_map(|rule| list(&rule["parentConditions"]));
            (id.as_str(), parents.filter_map(|parent| parent["id"].as_str()).collect())
        })
        .collect();
    let reaches = |from: &str, to: &str| {
        let mut open = vec![from];
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if id == to {
                return true;
            }
            if seen.insert(id) {
                open.extend(parents.get(id).into_iter().flatten());
            }
        }
        false
    };
    let edges = parents.iter().flat_map(|(id, all)| all.iter().map(move |parent| (*id, *parent)));
    edges
        .filter(|(id, parent)| reaches(parent, id))
        .map(|(id, parent)| (id.to_owned(), parent.to_owned()))
        .collect()
}
