//! The dependency arrows of ARCHITECTURE.md, checked against what cargo resolves.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::project::{cargo, output};

/// Each crate and all of the workspace that it may know, directly.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("waymark-model", &[]),
    ("waymark-engine", &["waymark-model"]),
    ("waymark-wire", &["waymark-engine", "waymark-model"]),
    ("waymark-pack", &["waymark-engine", "waymark-model"]),
    ("waymark-insight", &["waymark-engine", "waymark-model"]),
    ("waymark-import", &["waymark-engine", "waymark-model", "waymark-pack", "waymark-wire"]),
    ("waymark-browser", &["waymark-engine", "waymark-model"]),
    (
        "waymark-edge",
        &["waymark-engine", "waymark-insight", "waymark-model", "waymark-pack", "waymark-wire"],
    ),
    (
        "waymark-studio",
        &["waymark-engine", "waymark-insight", "waymark-model", "waymark-pack", "waymark-wire"],
    ),
    (
        "waymark-cli",
        &[
            "waymark-engine",
            "waymark-import",
            "waymark-insight",
            "waymark-model",
            "waymark-pack",
            "waymark-wire",
        ],
    ),
    ("waymark-bench", &[]),
    ("waymark-fuzz", &["waymark-engine", "waymark-model", "waymark-pack"]),
    (
        "xtask",
        &["waymark-engine", "waymark-import", "waymark-model", "waymark-pack", "waymark-wire"],
    ),
];

/// What must not be reached, by any way.
const MUST_NOT_REACH: &[(&[&str], &[&str], &str)] = &[
    (
        &["waymark-model", "waymark-engine", "waymark-pack", "waymark-insight", "waymark-wire"],
        &["js-sys", "web-sys", "wasm-bindgen", "worker", "tokio", "getrandom", "rand"],
        "hosts bring time, entropy and I/O",
    ),
    (
        &["waymark-model", "waymark-engine", "waymark-browser"],
        &["serde", "serde_json", "regex", "waymark-pack"],
        "a page knows no JSON and downloads a compiled Program",
    ),
];

pub fn check() -> Result<()> {
    let graph = Graph::read()?;
    let mut broken = Vec::new();
    for (name, allowed) in MAY_KNOW {
        let Some(direct) = graph.normal.get(*name) else {
            bail!("the workspace has no crate {name}");
        };
        for other in direct.iter().filter(|other| graph.members.contains(*other)) {
            if !allowed.contains(&other.as_str()) {
                broken.push(format!("{name} must not depend on {other}"));
            }
        }
    }
    for name in &graph.members {
        if MAY_KNOW.iter().all(|(known, _)| known != name) {
            broken.push(format!(
                "{name} has no place in the arrows; give it one in xtask/src/arrows.rs"
            ));
        }
    }
    for (from, to, why) in MUST_NOT_REACH {
        for name in *from {
            for other in graph.reachable(name).iter().filter(|other| to.contains(&other.as_str())) {
                broken.push(format!("{name} reaches {other}: {why}"));
            }
        }
    }
    if broken.is_empty() {
        println!("arrows: {} crates depend only on what they may", graph.members.len());
        return Ok(());
    }
    bail!("broken dependency arrows:\n  {}", broken.join("\n  "))
}

/// Normal dependencies, by crate name, for the wasm target and for the host alike.
struct Graph {
    members: BTreeSet<String>,
    normal: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    fn read() -> Result<Self> {
        let text = output(cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
        let metadata: Value = serde_json::from_str(&text)?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let names: BTreeMap<String, String> = list(&metadata["packages"])
            .iter()
            .map(|package| (text(&package["id"]), text(&package["name"])))
            .collect();
        let name_of = |id: &Value| names.get(&text(id)).cloned().context("an unnamed package");
        let members =
            list(&metadata["workspace_members"]).iter().map(name_of).collect::<Result<_>>()?;
        let mut normal: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for node in list(&metadata["resolve"]["nodes"]) {
            let all = normal.entry(name_of(&node["id"])?).or_default();
            for dependency in list(&node["deps"]) {
                let kinds = list(&dependency["dep_kinds"]);
                if kinds.iter().any(|kind| kind["kind"].is_null()) {
                    all.insert(name_of(&dependency["pkg"])?);
                }
            }
        }
        Ok(Self { members, normal })
    }

    fn reachable(&self, from: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut open = vec![from.to_owned()];
        while let Some(name) = open.pop() {
            for next in self.normal.get(&name).into_iter().flatten() {
                if found.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        found
    }
}
