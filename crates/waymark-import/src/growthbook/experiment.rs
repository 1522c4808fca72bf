//! Experiments: of features, and those that run by themselves.

use serde_json::{Map, Value, json};

use super::features::{list, range, text_of, unit, variations, version};
use super::urls::targeted;
use super::{Importing, Kind};

/// What an experiment's variations are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Redirects {
    /// Values.
    No,
    /// Addresses to go to.
    Yes { keeps_query: bool },
}

impl Importing<'_> {
    /// Experiments on values, redirects and pages. Each has a slot of its own.
    pub(super) fn experiments(&mut self) {
        let payload = self.payload;
        for experiment in list(&payload["experiments"]) {
            let Some(key) = text_of(&experiment["key"]) else { continue };
            if self.slots.contains_key(key) {
                self.note(key, "an experiment of the name of a feature is left out");
                continue;
            }
            let shown = list(&experiment["variations"]);
            let changes = |variation: &Value| {
                ["domMutations", "css", "js"].iter().any(|kind| match &variation[kind] {
                    Value::Array(changes) => !changes.is_empty(),
                    Value::String(text) => !text.is_empty(),
                    _ => false,
                })
            };
            let redirects = shown.iter().any(|variation| variation["urlRedirect"].is_string());
            if !redirects && shown.iter().any(changes) {
                self.note(key, "changes made in GrowthBook's visual editor are left out: write them as `patch` content");
                continue;
            }
            let mut made = Map::new();
            made.insert("slot".to_owned(), json!(key));
            if redirects {
                self.slots.insert(key.to_owned(), json!({ "default": "keep" }));
            } else {
                self.slot(key, &Value::Null);
            }
            if !self.condition(key, experiment, &mut made) {
                continue;
            }
            if let Some(patterns) = experiment.get("urlPatterns") {
                let place = match targeted(list(patterns)) {
                    Ok(place) => place,
                    Err(why) => {
                        self.note(
                            key,
                            format!("it is left out, as its addresses cannot be said: {why}"),
                        );
                        continue;
                    }
                };
                let when = made.remove("when").unwrap_or_else(|| json!({}));
                made.insert("when".to_owned(), json!({ "$and": [when, place] }));
            }
            let Some(needs) = self.prerequisites(key, experiment) else { continue };
            if !needs.is_empty() {
                made.insert("needs".to_owned(), needs.into());
            }
            let keeps_query = experiment["persistQueryString"] == true;
            let kind = if redirects { Redirects::Yes { keeps_query } } else { Redirects::No };
            self.experiment(key, experiment, made, kind);
        }
    }

    /// The rest of an experiment, once its slot and its condition are there.
    pub(super) fn experiment(
        &mut self,
        slot: &str,
        rule: &Value,
        mut made: Map<String, Value>,
        redirects: Redirects,
    ) {
        let shown = variations(rule);
        let count = shown.len();
        if count < 2 {
            return self.note(slot, "an experiment with fewer than two variations is left out");
        }
        let Some(version) = version(&rule["hashVersion"], 1) else {
            return self.note(slot, "an experiment is left out: there is no such hash version");
        };
        let Some(mut filters) = self.filters(slot, rule) else { return };
        if rule.get("filters").is_none_or(Value::is_null)
            && let [Value::String(id), from, to] = list(&rule["namespace"])
        {
            match range(&json!([from, to])) {
                Some(part) => {
                    made.insert(
                        "namespace".to_owned(),
                        json!({ "id": id, "from": part["from"], "to": part["to"] }),
                    );
                }
                None => filters.push(json!({ "seed": id, "ranges": [] })),
            }
        }
        if !filters.is_empty() {
            made.insert("filters".to_owned(), filters.into());
        }
        let key = text_of(&rule["key"]).unwrap_or(slot);
        let id = self.origin(key, rule, Kind::Experiment);
        if id != key {
            self.note(slot, format!("there are several experiments {key}: this one is called {id}, and starts without what visitors saw before"));
        }
        made.insert("seed".to_owned(), json!(text_of(&rule["seed"]).unwrap_or(key)));
        made.insert("hashVersion".to_owned(), json!(version));
        made.insert("unit".to_owned(), unit(&rule["hashAttribute"]));
        if let Some(fallback) = self.fallback(rule) {
            made.insert("fallbackUnit".to_owned(), fallback);
        }
        let sticky = self.options.sticky && rule["disableStickyBucketing"] != true;
        made.insert("sticky".to_owned(), if sticky { json!("enrolled") } else { json!(false) });
        for name in ["bucketVersion", "minBucketVersion"] {
            if let Some(version) = rule[name].as_u64() {
                made.insert(name.to_owned(), json!(version));
            }
        }
        self.status(slot, rule, count, &mut made);
        let weights = numbers(&rule["weights"]).filter(|weights| usable(weights, count));
        let ranges = rule.get("ranges").filter(|ranges| ranges.is_array()).map(list);
        if ranges.is_none() {
            let coverage = rule["coverage"].as_f64().unwrap_or(1.0).clamp(0.0, 1.0);
            made.insert("coverage".to_owned(), json!(coverage));
        }
        let ids = keys(rule, count);
        let mut all = Vec::new();
        for (number, value) in shown.iter().enumerate() {
            let mut variation = json!({ "id": ids[number] });
            match ranges {
                // A variation without buckets is never chosen.
                Some(ranges) => {
                    variation["range"] = ranges
                        .get(number)
                        .and_then(range)
                        .unwrap_or_else(|| json!({ "from": 0, "to": 0 }));
                }
                None => {
                    if let Some(weights) = &weights {
                        variation["weight"] = json!(weights[number]);
                    }
                }
            }
            if rule["meta"][number]["passthrough"] == true {
                variation["passthrough"] = json!(true);
            }
            if let Some(show) = self.content_for(slot, number, value, redirects) {
                variation["show"] = show.into();
            }
            all.push(variation);
        }
        made.insert("variations".to_owned(), all.into());
        self.contexts(slot, rule, count, &mut made);
        self.tests.insert(id, made.into());
    }

    /// What a variation shows; nothing where it leaves the page as it is.
    fn content_for(
        &mut self,
        slot: &str,
        number: usize,
        value: &Value,
        redirects: Redirects,
    ) -> Option<String> {
        let Redirects::Yes { keeps_query } = redirects else {
            return (!value.is_null()).then(|| self.content_of(slot, value));
        };
        let to = text_of(&value["urlRedirect"])?;
        let id = format!("{slot} > {number}");
        let redirect = if keeps_query { json!({ "to": to, "keepQuery": true }) } else { json!(to) };
        self.content.insert(id.clone(), json!({ "slot": slot, "redirect": redirect }));
        Some(id)
    }

    fn status(&mut self, slot: &str, rule: &Value, count: usize, made: &mut Map<String, Value>) {
        let draft = rule["active"] == false || rule["status"] == "draft";
        let mut status = if draft { "draft" } else { rule["status"].as_str().unwrap_or("running") };
        if let Some(force) = rule.get("force") {
            let place = force.as_u64().and_then(|place| usize::try_from(place).ok());
            if let Some(place) = place.filter(|place| *place < count) {
                made.insert("force".to_owned(), json!(keys(rule, count)[place]));
            } else {
                self.note(slot, "it forces a variation that there is not: nobody takes part");
                status = "stopped";
            }
        }
        made.insert("status".to_owned(), json!(status));
    }

    /// A contextual bandit's weights, as they were when the file was saved.
    fn contexts(&mut self, slot: &str, rule: &Value, count: usize, made: &mut Map<String, Value>) {
        let Some(id) = text_of(&rule["contextualBanditRef"]) else { return };
        self.note(slot, "a contextual bandit keeps the weights of this file");
        let mut contexts = Vec::new();
        for leaf in list(&self.payload["contextualBandits"][id]["contexts"]) {
            let mut context = Map::new();
            if !self.condition(slot, leaf, &mut context) {
                continue;
            }
            let weights = numbers(&leaf["weights"]).filter(|weights| usable(weights, count));
            let weights = weights.unwrap_or_else(|| waymark_engine::assign::equal_weights(count));
            context.insert("id".to_owned(), leaf["leafId"].clone());
            context.insert("weights".to_owned(), json!(weights));
            contexts.push(Value::from(context));
        }
        if !contexts.is_empty() {
            made.insert("contexts".to_owned(), contexts.into());
        }
    }
}

/// The variations' keys; their numbers, where there are none or one stands twice.
pub(super) fn keys(rule: &Value, count: usize) -> Vec<String> {
    let key = |number: usize| {
        text_of(&rule["meta"][number]["key"]).map_or_else(|| number.to_string(), str::to_owned)
    };
    let keys: Vec<String> = (0..count).map(key).collect();
    let distinct: std::collections::BTreeSet<&String> = keys.iter().collect();
    if distinct.len() == count { keys } else { (0..count).map(|n| n.to_string()).collect() }
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

/// Others count as equal ones.
fn usable(weights: &[f64], count: usize) -> bool {
    weights.len() == count && (0.99..=1.01).contains(&weights.iter().sum::<f64>())
}
