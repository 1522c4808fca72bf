//! Cases that decide something for a visitor: payload, importer, compiler, Program, decision.

use anyhow::{Context as _, Result, anyhow};
use serde_json::{Map, Value, json};
use waymark_engine::program::Body;
use waymark_engine::{Assignment, Context, Decision, Engine, Numerals, Program, SlotDecision};
use waymark_import::growthbook::{Imported, Kind, Options, identified, import};
use waymark_model::{Event, Kind as Call, Object, Purposes, Timestamp};
use waymark_wire::value_from_json;

use super::{Outcome, part, text};
use crate::conformance::compared;

/// Long after what the visitor saw before.
const NOW: Timestamp = Timestamp(1_000_000);

/// One visitor at one address, and the pack that decides for them.
struct Visit {
    imported: Imported,
    decision: Decision,
    /// As GrowthBook's SDKs were given them.
    attributes: Value,
    bandits: Value,
    sticky: bool,
}

impl Visit {
    /// `sticky` are documents of assignments: what was kept where those SDKs ran.
    fn new(payload: &Value, context: &Value, sticky: Option<&Value>) -> Result<Self> {
        let imported = import(payload, &Options { sticky: sticky.is_some() });
        let compiled = waymark_pack::compile(&imported.pack).map_err(|report| {
            anyhow!("the imported pack has errors:\n{report}{}", imported.pack)
        })?;
        let attributes = context["attributes"].clone();
        let decision = decided(&compiled.program, payload, context, sticky);
        let bandits = payload["contextualBandits"].clone();
        Ok(Self { imported, decision, attributes, bandits, sticky: sticky.is_some() })
    }

    fn slot(&self, id: &str) -> Option<&SlotDecision> {
        self.decision.slots.iter().find(|slot| slot.slot == id)
    }
}

fn decided(
    program: &Program,
    payload: &Value,
    context: &Value,
    sticky: Option<&Value>,
) -> Decision {
    let engine = Engine::new(program, Numerals::NATIVE);
    let mut state = engine.new_state();
    engine.apply(&mut state, &identified(&context["attributes"], Timestamp(0)));
    if let Some(documents) = sticky {
        for event in seen_before(payload, documents) {
            engine.apply(&mut state, &event);
        }
    }
    let mut values = Object::new();
    let url = context["url"].as_str().unwrap_or_default();
    values.insert("page", value_from_json(&json!({ "url": url })));
    // A run in which nobody is to be counted is one of a machine's.
    values.insert("device", value_from_json(&json!({ "bot": context["qaMode"] == true })));
    // Experiments that are switched off are those of a visitor who allows none.
    let consent = if context["enabled"] == false { Purposes::NONE } else { Purposes::ALL };
    let forced = context["forcedVariations"].as_object().into_iter().flatten();
    let forced = forced.map(|(id, variation)| {
        let variation = variation.as_u64().and_then(|number| u32::try_from(number).ok());
        (id.clone(), variation.unwrap_or(u32::MAX))
    });
    let context = Context { values, consent, forced: forced.collect(), ..Context::default() };
    engine.decide(&state, &context, NOW)
}

/// What a visitor was assigned, as the exposures of then: by their own attribute before the one
/// that stood in for it.
fn seen_before(payload: &Value, documents: &Value) -> Vec<Event> {
    let rules = payload["features"].as_object().into_iter().flatten();
    let rules = rules.flat_map(|(_, feature)| feature["rules"].as_array().into_iter().flatten());
    let own: Vec<&str> = rules.map(|rule| rule["hashAttribute"].as_str().unwrap_or("id")).collect();
    let mut documents: Vec<&Value> = documents.as_array().into_iter().flatten().collect();
    documents.sort_by_key(|document| {
        !own.contains(&document["attributeName"].as_str().unwrap_or_default())
    });
    let mut events = Vec::new();
    for document in documents {
        for (key, variation) in document["assignments"].as_object().into_iter().flatten() {
            let (experiment, version) = key.rsplit_once("__").unwrap_or((key, "0"));
            let number = i64::try_from(events.len()).unwrap_or_default() + 1;
            let id = format!("exposure {number}");
            let mut event = Event::new(&id, Call::Track, "Experiment Viewed", Timestamp(number));
            let properties = json!({
                "experiment_id": experiment,
                "variation_id": variation,
                "bucket_version": version.parse::<u32>().unwrap_or_default(),
            });
            if let waymark_model::Value::Object(properties) = value_from_json(&properties) {
                event.properties = properties;
            }
            events.push(event);
        }
    }
    events
}

/// Name, context, feature, result.
pub(super) fn feature(parts: &[Value]) -> Result<Outcome> {
    let (context, id, expected) = (part(parts, 1)?, text(parts, 2)?, part(parts, 3)?);
    let visit = Visit::new(&payload(context), context, None)?;
    Ok(compared(expected, &feature_result(&visit, id)))
}

fn payload(context: &Value) -> Value {
    json!({
        "features": context["features"],
        "savedGroups": context["savedGroups"],
        "contextualBandits": context["contextualBandits"],
    })
}

fn feature_result(visit: &Visit, id: &str) -> Value {
    let Some(slot) = visit.slot(id) else { return result(&Value::Null, "unknownFeature", "") };
    let value = shown(slot);
    let origin = slot.rule.as_ref().and_then(|rule| visit.imported.origins.get(rule));
    let Some(origin) = origin else { return result(&value, "defaultValue", "") };
    let source = match origin.kind {
        Kind::Force => "force",
        Kind::Experiment => "experiment",
        Kind::Gate => return result(&value, "prerequisite", ""),
        Kind::Circle => return result(&value, "cyclicPrerequisite", ""),
    };
    let mut out = result(&value, source, &origin.rule_id);
    if let Some(assignment) = &slot.assignment {
        let mut told = definition(&origin.definition, assignment);
        let mut found = experiment_result(visit, slot, assignment, &origin.definition);
        found["featureId"] = id.into();
        if let Some(bandit) = bandit(visit, &origin.definition, assignment) {
            told["weights"] = bandit["variationWeights"].clone();
            // Only who was hashed counts for the bandit.
            if assignment.bucket.is_some() {
                for (key, value) in &bandit {
                    found[key] = value.clone();
                }
                told["contextualBandit"] = bandit.into();
            }
        }
        out["experiment"] = told;
        out["experimentResult"] = found;
    }
    out
}

/// JavaScript's word on what is on.
fn result(value: &Value, source: &str, rule: &str) -> Value {
    let on = match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    };
    json!({ "value": value, "on": on, "off": !on, "source": source, "ruleId": rule })
}

/// What a slot shows, as data.
fn shown(slot: &SlotDecision) -> Value {
    let body = slot.body.as_ref().filter(|body| body.body == Body::Json);
    body.and_then(|body| serde_json::from_str(&body.text).ok()).unwrap_or_default()
}

/// The experiment as GrowthBook hands it on: of the rule what concerns the experiment.
fn definition(rule: &Value, assignment: &Assignment) -> Value {
    const TOLD: [&str; 19] = [
        "coverage",
        "weights",
        "hashAttribute",
        "fallbackAttribute",
        "disableStickyBucketing",
        "bucketVersion",
        "minBucketVersion",
        "namespace",
        "meta",
        "ranges",
        "name",
        "phase",
        "seed",
        "hashVersion",
        "filters",
        "condition",
        "variations",
        "key",
        "contextualBandit",
    ];
    let members = rule.as_object().into_iter().flatten();
    let mut told: Map<String, Value> = members
        .filter(|(name, _)| TOLD.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(variations) = rule.get("contextualVariations") {
        told.insert("variations".to_owned(), variations.clone());
    }
    told.entry("key").or_insert_with(|| assignment.experiment.as_str().into());
    told.into()
}

fn experiment_result(
    visit: &Visit,
    slot: &SlotDecision,
    assignment: &Assignment,
    rule: &Value,
) -> Value {
    let usual = rule["hashAttribute"].as_str().unwrap_or("id");
    let fallback = rule["fallbackAttribute"].as_str().filter(|_| visit.sticky);
    let attribute = match &assignment.unit {
        Some(unit) => unit.strip_prefix("traits.").unwrap_or(unit),
        // Nothing was hashed: the attribute that would have been.
        None => [Some(usual), fallback]
            .into_iter()
            .flatten()
            .find(|name| visit.attributes.get(name).is_some_and(|value| !value.is_null()))
            .unwrap_or(usual),
    };
    let pointer = format!("/{}", attribute.replace('.', "/"));
    let value = visit.attributes.get(attribute).or_else(|| visit.attributes.pointer(&pointer));
    let meta = &rule["meta"][assignment.number as usize];
    let mut out = json!({
        "key": assignment.variation,
        "value": shown(slot),
        "variationId": assignment.number,
        "inExperiment": assignment.included,
        "hashUsed": assignment.bucket.is_some(),
        "hashAttribute": attribute,
        "hashValue": value.cloned().unwrap_or_else(|| "".into()),
        "stickyBucketUsed": assignment.sticky,
    });
    if let Some(bucket) = assignment.bucket {
        out["bucket"] = bucket.into();
    }
    for name in ["name", "passthrough"] {
        if meta[name] == true || meta[name].as_str().is_some_and(|text| !text.is_empty()) {
            out[name] = meta[name].clone();
        }
    }
    out
}

/// The leaf that was taken, by our word, with the weights that it has there.
fn bandit(visit: &Visit, rule: &Value, assignment: &Assignment) -> Option<Map<String, Value>> {
    let bandit = &visit.bandits[rule["contextualBanditRef"].as_str()?];
    let leaf = assignment.leaf.and_then(|id| {
        let leaves = bandit["contexts"].as_array()?;
        leaves.iter().find(|leaf| leaf["leafId"] == id)
    });
    let weights = leaf.map_or(&rule["weights"], |leaf| &leaf["weights"]);
    let id = assignment.leaf.map_or(-1, i64::from);
    let told = [
        ("leafId", json!(id)),
        ("variationWeights", weights.clone()),
        ("banditVersion", bandit["banditVersion"].clone()),
    ];
    Some(told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Name, context, experiment; value, in the experiment, by its hash.
pub(super) fn run(parts: &[Value]) -> Result<Outcome> {
    let (context, experiment) = (part(parts, 1)?, part(parts, 2)?);
    let mut payload = payload(context);
    payload["experiments"] = json!([experiment]);
    let visit = Visit::new(&payload, context, None)?;
    let key = experiment["key"].as_str().context("the experiment's key")?;
    let slot = visit.slot(key);
    let found = slot.and_then(|slot| Some((shown(slot), slot.assignment.as_ref()?)));
    // Who is not in it sees the first.
    let (value, included, hashed) = match &found {
        Some((value, found)) => (value.clone(), found.included, found.bucket.is_some()),
        None => (experiment["variations"][0].clone(), false, false),
    };
    let actual = json!([value, included, hashed]);
    let expected = json!([part(parts, 3)?, part(parts, 4)?, part(parts, 5)?]);
    Ok(compared(&expected, &actual))
}

/// Name, context, documents, feature; the experiment's result, the documents after.
pub(super) fn sticky(parts: &[Value]) -> Result<Outcome> {
    let (context, documents, id) = (part(parts, 1)?, part(parts, 2)?, text(parts, 3)?);
    let visit = Visit::new(&payload(context), context, Some(documents))?;
    let result = feature_result(&visit, id);
    let found = result.get("experimentResult").cloned().unwrap_or_default();
    let actual = json!([found, documents_after(&visit, documents, id)]);
    Ok(compared(&json!([part(parts, 4)?, part(parts, 5)?]), &actual))
}

/// The documents, with what the decision's exposures add to them.
fn documents_after(visit: &Visit, before: &Value, feature: &str) -> Value {
    let mut all = Map::new();
    let name = |attribute: &Value, value: &Value| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("{}||{value}", attribute.as_str().unwrap_or_default())
    };
    for document in before.as_array().into_iter().flatten() {
        let key = name(&document["attributeName"], &document["attributeValue"]);
        all.insert(key, document.clone());
    }
    for exposure in visit.decision.exposures.iter().filter(|exposure| exposure.slot == feature) {
        let Some(origin) = visit.imported.origins.get(&exposure.rule) else { continue };
        if origin.definition["disableStickyBucketing"] == true {
            continue;
        }
        let unit = exposure.unit.as_deref().unwrap_or_default();
        let attribute = json!(unit.strip_prefix("traits.").unwrap_or(unit));
        let value = &visit.attributes[attribute.as_str().unwrap_or_default()];
        let document = all.entry(name(&attribute, value)).or_insert_with(|| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            json!({ "attributeName": attribute, "attributeValue": text, "assignments": {} })
        });
        let key = format!("{}__{}", exposure.experiment, exposure.bucket_version);
        document["assignments"][key] = exposure.variation.as_str().into();
    }
    all.into()
}

/// Name, context; what each experiment that leads elsewhere does.
pub(super) fn redirect(parts: &[Value]) -> Result<Outcome> {
    let (context, expected) = (part(parts, 1)?, part(parts, 2)?);
    let mut payload = payload(context);
    payload["experiments"] = context["experiments"].clone();
    let visit = Visit::new(&payload, context, None)?;
    let mut actual = Vec::new();
    for experiment in context["experiments"].as_array().into_iter().flatten() {
        let slot = experiment["key"].as_str().and_then(|key| visit.slot(key));
        let Some(slot) = slot else { continue };
        let Some(assignment) = &slot.assignment else { continue };
        let to = slot.body.as_ref().filter(|body| body.body == Body::Redirect);
        let Some(to) = to.map(|to| to.text.as_str()) else { continue };
        let url = experiment["variations"][assignment.number as usize]["urlRedirect"].clone();
        actual.push(json!({
            "inExperiment": assignment.included, "urlRedirect": url, "urlWithParams": to,
        }));
    }
    Ok(compared(expected, &actual.into()))
}
