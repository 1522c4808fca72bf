//! What the engine does, as data: the written cases of `tests/vectors` and a generated corpus, run
//! natively here and handed to Chromium and workerd with the bytes that they have to give.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use waymark_engine::{Decision, Engine, Numerals, Program};
use waymark_model::Timestamp;
use waymark_wire::{Played, acted_to_json, play, zoned};

use crate::generate::Journeys;
use crate::project::{self, read, root};
use crate::tools::hex;

const FOLDER: &str = "tests/vectors";
/// Journeys of the generated corpus; the seed is part of it.
const JOURNEYS: usize = 15_000;
const SEED: u64 = 20_261_122;
/// Cases in one file of the bundle.
const CHUNK: usize = 500;

/// A pack and cases that it decides.
struct Suite {
    name: String,
    pack: String,
    whole: Program,
    cases: Vec<Value>,
}

/// What a case came to.
struct Outcome {
    decision: Decision,
    actions: Vec<Value>,
    state: Vec<u8>,
}

pub fn run(count: bool) -> Result<usize> {
    if count {
        write_index()?;
    }
    let held = check()?;
    println!("{held} vectors hold, with the whole Program and with the page's");
    Ok(held)
}

/// Runs every written case natively, with the whole Program and with the page's; says how many.
fn check() -> Result<usize> {
    let suites = written()?;
    let counts: BTreeMap<&str, usize> =
        suites.iter().map(|suite| (suite.name.as_str(), suite.cases.len())).collect();
    let index: Value = serde_json::from_slice(&read(&root().join(FOLDER).join("index.json"))?)?;
    if index["suites"] != json!(counts) {
        bail!(
            "tests/vectors/index.json counts other cases; run `cargo xtask vectors --count` and look at the change"
        );
    }
    let mut wrong = Vec::new();
    for suite in &suites {
        let page = Host::Page.program(suite.whole.clone())?;
        for case in &suite.cases {
            let name = format!("{} / {}", suite.name, case["name"].as_str().unwrap_or("?"));
            let outcome = evaluate(&suite.whole, case, Host::Edge).with_context(|| name.clone())?;
            let in_page = evaluate(&page, case, Host::Page)?;
            let mut told = told(&suite.whole, &outcome.decision);
            // What the edge did is an event that no page knows.
            told.seq -= (outcome.actions.len() - in_page.actions.len()) as u64;
            // Nor does a page end a decision with what the edge alone decides.
            if suite.whole.slots.iter().any(|slot| slot.edge) {
                told.valid_until = told.valid_until.max(in_page.decision.valid_until);
            }
            if in_page.decision.encode() != told.encode() {
                wrong.push(format!("{name}: the page's Program decides otherwise"));
            }
            wrong.extend(
                differences(&outcome, &case["expect"]).map(|what| format!("{name}: {what}")),
            );
        }
    }
    if !wrong.is_empty() {
        bail!("{} vectors differ:\n  {}", wrong.len(), wrong.join("\n  "));
    }
    Ok(counts.values().sum())
}

fn write_index() -> Result<()> {
    let counts: BTreeMap<String, usize> =
        written()?.into_iter().map(|suite| (suite.name, suite.cases.len())).collect();
    let total: usize = counts.values().sum();
    let index = json!({ "cases": total, "suites": counts });
    project::write(&root().join(FOLDER).join("index.json"), format!("{index:#}\n"))
}

/// Writes every case, written and generated, with its expected bytes; says how many.
pub fn bundle(out: &Path) -> Result<usize> {
    let _ = std::fs::remove_dir_all(out);
    let mut suites = written()?;
    suites.extend(generated()?);
    let mut packs = Vec::new();
    let mut cases = Vec::new();
    for (number, suite) in suites.iter().enumerate() {
        let page = suite.whole.page_projection();
        packs.push(packed(&suite.pack, &page));
        for case in &suite.cases {
            let outcome = evaluate(&suite.whole, case, Host::Edge)?;
            let in_page = evaluate(&page, case, Host::Page)?;
            cases.push(json!({
                "name": format!("{} / {}", suite.name, case["name"].as_str().unwrap_or("?")),
                "pack": number,
                "before": before(case)?,
                "events": case["events"],
                "decide": case["decide"],
                "decision": BASE64.encode(outcome.decision.encode()),
                "actions": outcome.actions,
                "state": hex(&Sha256::digest(&outcome.state)),
                "page": {
                    "decision": BASE64.encode(in_page.decision.encode()),
                    "actions": in_page.actions,
                    "state": hex(&Sha256::digest(&in_page.state)),
                },
            }));
        }
    }
    for (number, chunk) in cases.chunks(CHUNK).enumerate() {
        project::write(&out.join(format!("cases-{number}.json")), json!(chunk).to_string())?;
    }
    let chunks = cases.len().div_ceil(CHUNK);
    let index = json!({ "packs": packs, "chunks": chunks, "cases": cases.len() });
    project::write(&out.join("index.json"), index.to_string())?;
    Ok(cases.len())
}

/// What a visitor was under before, with the Programs for pages.
fn before(case: &Value) -> Result<Vec<Value>> {
    let all = case["before"].as_array().into_iter().flatten();
    let each = all.map(|before| {
        let source = before["pack"].to_string();
        let page = Host::Page.program(compile(&source)?)?;
        let mut before = before.clone();
        before["pack"] = packed(&source, &page);
        Ok(before)
    });
    each.collect()
}

fn packed(source: &str, page: &Program) -> Value {
    json!({
        "source": source,
        "page": BASE64.encode(page.encode()),
        "acts": !page.flows.is_empty(),
    })
}

fn written() -> Result<Vec<Suite>> {
    let folder = root().join(FOLDER);
    let mut files =
        std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.sort();
    files
        .iter()
        .filter(|file| file.extension().is_some_and(|ending| ending == "json"))
        .filter(|file| file.file_stem().is_some_and(|stem| stem != "index"))
        .map(|file| {
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let data: Value = serde_json::from_slice(&read(file)?).with_context(|| name.clone())?;
            let cases = data["cases"].as_array().with_context(|| format!("{name}: cases"))?;
            suite(name, data["pack"].to_string(), cases.clone())
        })
        .collect()
}

fn generated() -> Result<Vec<Suite>> {
    let sources = [
        "tests/vectors/kitchen-sink.pack.jsonc",
        "examples/packs/outdoor-shop.jsonc",
        "tests/vectors/flows.pack.jsonc",
    ];
    let mut journeys = Journeys::new(SEED);
    sources
        .iter()
        .map(|source| {
            let pack = String::from_utf8(read(&root().join(source))?)?;
            let cases = (0..JOURNEYS / sources.len()).map(|number| journeys.case(number)).collect();
            suite((*source).to_owned(), pack, cases)
        })
        .collect()
}

fn suite(name: String, pack: String, cases: Vec<Value>) -> Result<Suite> {
    let whole = compile(&pack).with_context(|| name.clone())?;
    Ok(Suite { name, pack, whole, cases })
}

pub fn compile(pack: &str) -> Result<Program> {
    match waymark_pack::compile(pack) {
        Ok(compiled) => Ok(compiled.program),
        Err(report) => {
            let first = report.diagnostics.iter().map(|d| format!("{}: {}", d.pointer, d.message));
            bail!("the pack has errors:\n  {}", first.collect::<Vec<_>>().join("\n  "))
        }
    }
}

/// Which Program of a pack runs.
#[derive(Clone, Copy)]
enum Host {
    Edge,
    Page,
}

impl Host {
    fn program(self, whole: Program) -> Result<Program> {
        match self {
            Self::Edge => Ok(whole),
            Self::Page => Ok(Program::decode(&whole.page_projection().encode())?),
        }
    }
}

/// What becomes of a visitor, who may have been under other packs before.
fn evaluate(program: &Program, case: &Value, host: Host) -> Result<Outcome> {
    let mut kept: Option<Vec<u8>> = None;
    let mut clock = Timestamp::MIN;
    let mut actions = Vec::new();
    for before in case["before"].as_array().into_iter().flatten() {
        let program = host.program(compile(&before["pack"].to_string())?)?;
        let outcome = go_on(&program, before, kept.as_deref(), clock)?;
        clock = outcome.decision.now;
        kept = Some(outcome.state);
        actions.extend(outcome.actions);
    }
    let mut outcome = go_on(program, case, kept.as_deref(), clock)?;
    actions.append(&mut outcome.actions);
    Ok(Outcome { actions, ..outcome })
}

fn go_on(
    program: &Program,
    case: &Value,
    kept: Option<&[u8]>,
    clock: Timestamp,
) -> Result<Outcome> {
    let engine = Engine::new(program, Numerals::NATIVE);
    let state = match kept {
        None => engine.new_state(),
        Some(bytes) => engine.read_state(bytes)?,
    };
    let mut arrivals = Vec::new();
    for written in case["events"].as_array().context("events")? {
        let event = waymark_wire::parse_line(&written.to_string()).map_err(anyhow::Error::new)?;
        let arrives = match &written["receivedAt"] {
            Value::Null => event.time,
            at => waymark_wire::timestamp_from_json(at).context("receivedAt")?,
        };
        arrivals.push((event, arrives));
    }
    let context = waymark_wire::context_from_json(&case["decide"])?;
    let now = Timestamp(case["decide"]["now"].as_i64().context("decide.now")?);
    let Played { state, actions, .. } = play(engine, state, (clock, now), arrivals, &context, None);
    Ok(Outcome {
        decision: engine.decide(&state, &zoned(context, None, &state, now), now),
        actions: actions.iter().map(acted_to_json).collect(),
        state: engine.write_state(&state),
    })
}

/// What a page may decide of this: all but what the edge alone does. Nothing else may differ.
fn told(whole: &Program, decision: &Decision) -> Decision {
    let mut told = decision.clone().for_page(whole);
    let edge = |id: &String| whole.slots.iter().any(|slot| slot.edge && slot.id == *id);
    told.slots.retain(|slot| !edge(&slot.slot));
    told.exposures.retain(|exposure| !edge(&exposure.slot));
    told.views.retain(|view| !edge(&view.slot));
    told
}

/// What a case names of the decision, where it is not so.
fn differences<'a>(outcome: &Outcome, expect: &'a Value) -> impl Iterator<Item = String> + 'a {
    let mut found = waymark_wire::decision_to_json(&outcome.decision);
    found["actions"] = json!(outcome.actions);
    let all = expect.as_object().into_iter().flatten();
    all.filter_map(move |(key, wanted)| {
        let (key, wanted) = (key.as_str(), wanted);
        let found = match key {
            "slots" => {
                let slots = wanted.as_object().into_iter().flatten();
                let other: Vec<String> = slots
                    .filter(|(slot, wanted)| match wanted {
                        Value::Object(_) => !says(&found["slots"][slot], wanted),
                        content => found["slots"][slot]["content"] != **content,
                    })
                    .map(|(slot, wanted)| {
                        format!("{slot} is {}, wanted {wanted}", found["slots"][slot])
                    })
                    .collect();
                return (!other.is_empty()).then(|| other.join("; "));
            }
            key => &found[key],
        };
        (!says(found, wanted)).then(|| format!("{key} is {found}, wanted {wanted}"))
    })
}

/// Whether an outcome says what is wanted of it, whatever else it says. What is wanted as null may
/// be left out.
fn says(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            wanted.iter().all(|(key, wanted)| says(found.get(key).unwrap_or(&Value::Null), wanted))
        }
        (Value::Array(found), Value::Array(wanted)) => {
            found.len() == wanted.len() && found.iter().zip(wanted).all(|(f, w)| says(f, w))
        }
        _ => found == wanted,
    }
}
