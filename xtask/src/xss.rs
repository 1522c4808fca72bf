//! What our own engine makes of every attempt of `tests/xss` to run a script: as what a pack says,
//! and as a value in every place that has one. Chromium then shows all of it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};
use waymark_engine::{Context, Engine, Numerals, Program};
use waymark_model::{Event, Kind, Object, Purposes, Timestamp};

use crate::project::{self, node_tool, output, read, root};
use crate::tools;
use crate::vectors::compile;

const PLACES: &str = "tests/xss/places.pack.jsonc";
const NOW: Timestamp = Timestamp(1_772_366_400_000);

/// The attempts alone, without an edge.
pub fn run() -> Result<()> {
    tools::node_modules()?;
    bundle(&root().join("target/xss"))?;
    let mut node = project::command("node");
    node.args(["--test", "--test-reporter=spec", "tests/e2e/xss.test.mjs"]);
    project::run(node.env("CHROMIUM", tools::chromium()?))
}

/// Writes what is made of each payload, and the code with which a page shows it; says how many
/// payloads there are.
pub fn bundle(out: &Path) -> Result<usize> {
    let payloads = output(Command::new("node").arg(root().join("tests/xss/payloads.mjs")))?;
    let payloads: Vec<Value> = serde_json::from_str(&payloads)?;
    let places = compile(&String::from_utf8(read(&root().join(PLACES))?)?)?;
    let mut made = Vec::new();
    for (number, one) in payloads.iter().enumerate() {
        let payload = one["payload"].as_str().context("payload")?;
        let mut shown: Vec<Value> = slots(&places, payload).collect();
        let mut refused = 0;
        for content in contents(payload) {
            match compile(&said(&content)) {
                Ok(program) => shown.extend(slots(&program, payload)),
                Err(_) => refused += 1,
            }
        }
        made.push(json!({
            "number": number, "technique": one["technique"], "payload": payload,
            "shown": shown, "refused": refused,
        }));
    }
    if made.len() < 200 {
        bail!("{} payloads are too few", made.len());
    }
    project::write(&out.join("made.json"), json!(made).to_string())?;
    let mut esbuild = project::command(node_tool("esbuild"));
    esbuild.args(["tests/xss/page.ts", "--bundle", "--format=iife", "--global-name=shop"]);
    project::run(esbuild.arg(format!("--outfile={}", out.join("page.js").display())))?;
    Ok(made.len())
}

/// What every slot shows to a visitor whose trait has the payload.
fn slots(program: &Program, payload: &str) -> impl Iterator<Item = Value> + use<> {
    let engine = Engine::new(program, Numerals::NATIVE);
    let mut state = engine.new_state();
    let mut event = Event::new("m1", Kind::Identify, "Identified", NOW);
    let values =
        [("x", payload.into()), ("list", waymark_model::Value::Array(vec![payload.into()]))];
    event.properties = values.into_iter().collect::<Object>();
    engine.apply(&mut state, &event);
    let context = Context { consent: Purposes::ALL, ..Context::default() };
    let decision = engine.decide(&state, &context, NOW);
    let told = waymark_wire::decision_to_json(&decision);
    let slots = told["slots"].as_object().cloned().unwrap_or_default();
    slots.into_iter().map(|(_, slot)| slot)
}

/// A payload as what a pack says, in every way that it can.
fn contents(payload: &str) -> Vec<Value> {
    let patch = |attribute: &str| json!({ "patch": [{ "selector": ".patched *", "attributes": { attribute: payload } }] });
    let mut all = vec![
        json!({ "html": payload }),
        json!({ "html": format!("<div title=\"{payload}\">x</div>") }),
        json!({ "html": format!("<a href='{payload}'>x</a>") }),
        json!({ "html": format!("<p {payload}>x</p>") }),
        json!({ "html": format!("<!-- {payload} --><p>x</p>") }),
        json!({ "html": format!("{payload}{{{{ traits.x }}}}") }),
        json!({ "text": payload }),
        json!({ "json": { "a": payload, payload: 1 } }),
        json!({ "image": { "src": payload, "alt": payload } }),
        json!({ "image": { "src": "/ok.png", "alt": "x", "href": payload } }),
        json!({ "redirect": payload }),
        json!({ "redirect": format!("/{payload}") }),
        json!({ "patch": [{ "selector": ".patched *", "attributes": { payload: "x" } }] }),
        json!({ "patch": [{ "selector": ".patched *", "addClass": [payload] }] }),
        json!({ "items": { "from": "tables.t" }, "row": { "x": payload }, "each": format!(
            "<a href=\"{{{{ item.x }}}}\" title=\"{{{{ item.x }}}}\">{{{{ item.x }}}}</a>{payload}"
        ) }),
        json!({ "patch": [{ "selector": payload, "addClass": ["x"] }] }),
    ];
    all.extend(["href", "src", "title", "srcset", "onclick", "style", "srcdoc"].map(patch));
    all
}

/// A pack that shows one content to everybody; `row` is a thing of its catalogue.
fn said(content: &Value) -> String {
    let mut content = content.clone();
    content["slot"] = "s".into();
    let row = content.as_object_mut().and_then(|content| content.remove("row"));
    let table: Vec<Value> = row.into_iter().collect();
    json!({ "pack": "p", "tables": { "t": table }, "slots": { "s": { "default": "c" } }, "content": { "c": content } })
        .to_string()
}
