//! Speed, measured beside others in the same run: ratios, not absolute times.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::browser::engine;
use crate::build::{self, bundle, cli, compile_with, target};
use crate::edge::{self, Running};
use crate::project::{self, cargo, command, dist, root, run};
use crate::tools;

/// The peers, where they are shared.
const PEERS: &str = "../shared/bench";

#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Which: all, without any
    parts: Vec<Part>,
    /// Numbers of rules
    #[arg(long, default_value = "100,1000,10000")]
    n: String,
    /// Rounds of the paired run
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Peers of the paired run, by their names in the shared folder
    #[arg(
        long,
        default_value = "js-closures,js-anchored,json-logic-engine,uniform,growthbook-cond"
    )]
    peers: String,
    /// Trackers of the paired run in Chromium, by their names in the shared folder
    #[arg(long, default_value = "floor,snowplow,segment,posthog,rudder")]
    trackers: String,
    /// Visitors who are stored already when the worker takes events in
    #[arg(long, default_value = "1000", value_delimiter = ',')]
    visitors: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// The engine natively, by criterion
    Criterion,
    /// Rules, with the peers' engines in the same rounds
    Rules,
    /// Segments as events arrive, with JavaScript's in the same rounds
    Segments,
    /// Pages, and taking events in, with the peers' workers in the same rounds
    Edge,
    /// The page in Chromium: what loading costs, and an event, with the trackers in the same rounds
    Browser,
}

pub fn run_parts(args: &Args) -> Result<()> {
    let wants = |part| args.parts.is_empty() || args.parts.contains(&part);
    if wants(Part::Criterion) {
        run(cargo().args(["bench", "--quiet", "-p", "waymark-bench"]))?;
    }
    if wants(Part::Browser) {
        browser(args)?;
    }
    if wants(Part::Edge) {
        workers(args)?;
    }
    if !(wants(Part::Rules) || wants(Part::Segments)) {
        return Ok(());
    }
    let built = module()?;
    cli()?;
    let Some(peers) = peers("rules")? else {
        println!("skipped: {PEERS} is not there");
        return Ok(());
    };
    let ours = root().join("tests/bench");
    if wants(Part::Rules) {
        let extra = ["engine.mjs", "engine-from-js.mjs"].map(|file| ours.join(file));
        let extra = extra.map(|file| file.display().to_string()).join(",");
        let rounds = args.rounds.to_string();
        let out = built.join("rules.json");
        run(command("node")
            .current_dir(&peers)
            .args(["run.mjs", "--engines", &args.peers, "--n", &args.n, "--reps", &rounds])
            .args(["--extra", &extra, "--out"])
            .arg(&out))?;
        run(command("node").arg(ours.join("ratios.mjs")).arg(&out))?;
        run(command("node").arg(ours.join("decisions.mjs")).arg(peers.join("workload.mjs")))?;
    }
    if wants(Part::Segments) {
        run(command("node")
            .arg(ours.join("segments.mjs"))
            .arg(peers.join("segments.mjs"))
            .arg(args.rounds.to_string()))?;
    }
    Ok(())
}

/// The page's module with what benchmarks call, built as pages get it.
fn module() -> Result<PathBuf> {
    tools::wasm_target()?;
    tools::node_modules()?;
    let out = target()?.join("bench");
    let wasm = compile_with("waymark-browser", "wasm-browser", Some("measure"))?;
    let mut bindgen = Bindgen::new();
    bindgen.input_path(&wasm).web(true).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    bindgen.out_name("glue").typescript(false).omit_default_module_path(true);
    bindgen.generate(&out).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    engine(&out.join("glue_bg.wasm"), &out.join("engine.wasm"))?;
    bundle(
        &root().join("tests/bench/exports.ts"),
        &out.join("engine.js"),
        &[
            "--format=esm".to_owned(),
            "--target=es2022".to_owned(),
            format!("--alias:waymark-bench={}", out.join("glue.js").display()),
            format!("--alias:page={}", root().join("tests/bench/page.ts").display()),
        ],
    )?;
    Ok(out)
}

/// What loading the SDK costs a page, and what an event does beside trackers.
fn browser(args: &Args) -> Result<()> {
    build::all()?;
    let chromium = tools::chromium()?;
    let state = target()?.join("bench/state");
    let _ = std::fs::remove_dir_all(&state);
    std::fs::create_dir_all(&state)?;
    let running = Running::start(edge::free_port()?, &state)?;
    let mut loading = command("node");
    loading.arg(root().join("tests/bench/page.mjs")).arg(running.edge.url(""));
    run(loading.arg(args.rounds.to_string()).env("CHROMIUM", chromium))?;
    drop(running);
    let Some(peers) = peers("browser")? else {
        println!("skipped: {PEERS} is not there");
        return Ok(());
    };
    let package = peers.join("node_modules/@waymark/browser");
    copy(&dist().join("npm"), &package)?;
    project::write(
        &peers.join("src/waymark.js"),
        project::read(&root().join("tests/bench/tracking.js"))?,
    )?;
    for name in ["engine.wasm", "engine-whole.wasm"] {
        project::write(&peers.join("dist").join(name), project::read(&package.join(name))?)?;
    }
    let program = peers.join("dist/program");
    let pack = root().join("examples/packs/outdoor-shop.jsonc");
    run(command(cli()?).arg("compile").arg(pack).args(["--page", "-o"]).arg(program))?;
    let libraries = format!("{},waymark", args.trackers);
    let rounds = args.rounds.to_string();
    let words = ["run.mjs", "--libs", &libraries, "--reps", &rounds];
    run(command("node").current_dir(&peers).args(words))
}

/// What a page and a batch of events cost the worker, beside ones that do some of it.
fn workers(args: &Args) -> Result<()> {
    build::all()?;
    // The workers' workload is made of the rules'.
    let (Some(_), Some(peers)) = (peers("rules")?, peers("edge")?) else {
        println!("skipped: {PEERS} is not there");
        return Ok(());
    };
    for folder in ["dist", "conf"] {
        std::fs::create_dir_all(peers.join(folder))?;
    }
    run(command("node").current_dir(&peers).arg("gen.mjs"))?;
    // The tests' own edges are started by them.
    let ours = |file: &str| {
        let mut ours = command("node");
        ours.arg(root().join("tests/bench").join(file)).arg(&peers).arg(args.rounds.to_string());
        ours.env("WAYMARK_EDGE", "http://127.0.0.1");
        ours
    };
    run(&mut ours("pages.mjs"))?;
    run(ours("ingest.mjs").args(args.visitors.iter().map(u32::to_string)))
}

/// A copy of peers with their packages, since what is shared cannot be written to.
fn peers(folder: &str) -> Result<Option<PathBuf>> {
    let from = root().join(PEERS).join(folder);
    if !from.exists() {
        return Ok(None);
    }
    let to = target()?.join("bench/peers").join(folder);
    copy(&from, &to).with_context(|| format!("copying {}", from.display()))?;
    if !to.join("node_modules").exists() {
        eprintln!("setting up: the peers' packages");
        // Their lock file names platforms that this one is not.
        let words = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
        run(command("npm").current_dir(&to).args(words))?;
    }
    Ok(Some(to))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (path, into) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            if entry.file_name() != "node_modules" {
                copy(&path, &into)?;
            }
        } else {
            project::write(&into, project::read(&path)?)?;
        }
    }
    Ok(())
}
