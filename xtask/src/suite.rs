//! Everything that CI runs, in the order in which it fails soonest.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use crate::edge::{self, Running};
use crate::project::{cargo, command, node_tool, root, run};
use crate::{api, arrows, build, conformance, docs, journeys, sizes, spark, tools, vectors, xss};

/// A part of the whole, by the name that `cargo xtask test` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Formatting, clippy, dependency arrows
    Lints,
    /// Unit and property tests of the crates
    Crates,
    /// The TypeScript around the engine
    Scripts,
    /// What a visitor downloads, against its budget
    Sizes,
    /// The written cases, natively
    Vectors,
    /// Written and generated cases in Chromium and in workerd, against the native engine
    Parity,
    /// The worker over HTTP
    Edge,
    /// Requests at random, by what `openapi.json` says of them
    Api,
    /// Pages in Chromium
    Pages,
    /// The npm package under each bundler
    Packages,
    /// Real journeys, natively and through an edge that is killed
    Journeys,
    /// An edge under load that is killed again and again
    Faults,
}

/// Runs the parts that were named; all of them when none was.
pub fn run_parts(parts: &[Part]) -> Result<()> {
    let all = Part::value_variants();
    let parts = if parts.is_empty() { all } else { parts };
    let mut counts = Counts::default();
    for part in all.iter().filter(|part| parts.contains(part)) {
        match part {
            Part::Lints => lints(&mut counts)?,
            Part::Crates => {
                step("unit and property tests");
                counts.run(cargo().args(["test", "--quiet", "--locked", "--workspace"]))?;
            }
            Part::Scripts => scripts(&mut counts)?,
            Part::Sizes => {
                step("sizes");
                counts.one(sizes::report(&build::all()?, false))?;
            }
            Part::Vectors => {
                step("vectors, natively");
                counts.passed += vectors::run(false)?;
                step("GrowthBook's cases");
                match conformance::shared()? {
                    None => counts.skipped += 1,
                    Some(tally) => {
                        counts.passed += tally.passed;
                        counts.failed += tally.failed;
                        if tally.failed > 0 {
                            bail!("GrowthBook's cases come out otherwise");
                        }
                    }
                }
            }
            Part::Parity => parity(&mut counts)?,
            Part::Edge => {
                step("the worker");
                let mut test = node_test(&files("tests/edge", ".test.mjs")?);
                match spark::python() {
                    Ok(Some(python)) => {
                        test.env("WAYMARK_SPARK", python);
                    }
                    Ok(None) => {}
                    // Half a gigabyte may not come; the rest is to be tested nevertheless.
                    Err(error) => eprintln!("Spark is not to be had: {error}"),
                }
                counts.against_edge(test)?;
            }
            Part::Api => api(&mut counts)?,
            Part::Pages => {
                step("pages in Chromium");
                let payloads = xss::bundle(&root().join("target/xss"))?;
                println!("{payloads} attempts to run a script");
                counts.against_edge(node_test(&files("tests/e2e", ".test.mjs")?))?;
            }
            Part::Packages => {
                step("the npm package");
                counts.against_edge(node_test(&files("tests/npm", ".test.mjs")?))?;
            }
            Part::Journeys => real_journeys(&mut counts)?,
            Part::Faults => {
                step("faults");
                counts.against_edge(node_test(&files("tests/faults", ".test.mjs")?))?;
            }
        }
    }
    println!("\n{} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped);
    Ok(())
}

fn lints(counts: &mut Counts) -> Result<()> {
    step("formatting");
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(command("node").args(["examples/storefront/generate.mjs", "--check"]))?;
    step("lints");
    tools::wasm_target()?;
    let strict = ["--", "-D", "warnings"];
    run(cargo()
        .args(["clippy", "--quiet", "--locked", "--workspace", "--all-targets"])
        .args(strict))?;
    let wasm = ["--target", "wasm32-unknown-unknown"];
    let crates = ["-p", "waymark-browser", "-p", "waymark-edge", "-p", "waymark-studio"];
    run(cargo().args(["clippy", "--quiet", "--locked"]).args(wasm).args(crates).args(strict))?;
    step("the reference");
    counts.one(docs::write(true))?;
    step("dependency arrows");
    counts.one(arrows::check())
}

fn scripts(counts: &mut Counts) -> Result<()> {
    step("TypeScript");
    tools::node_modules()?;
    for project in ["crates/waymark-browser/tsconfig.json", "www/studio/tsconfig.json"] {
        run(command(node_tool("tsc")).args(["--project", project]))?;
    }
    counts.run(&mut node_test(&bundle_script_tests()?))
}

fn parity(counts: &mut Counts) -> Result<()> {
    step("vectors and generated journeys, in Chromium and in workerd");
    build::all()?;
    println!("{} cases", vectors::bundle(&root().join("target/parity"))?);
    bundle_parity_page()?;
    let hosts =
        ["chromium", "workerd"].map(|host| root().join(format!("tests/parity/{host}.test.mjs")));
    counts.against_edge(node_test(&hosts))
}

fn api(counts: &mut Counts) -> Result<()> {
    step("requests at random");
    build::all()?;
    let Some(tool) = api::tool()? else {
        println!("skipped: Python 3 with venv is not here, and schemathesis needs it");
        counts.skipped += 1;
        return Ok(());
    };
    let running = Running::start(edge::free_port()?, &fresh_state("api-state")?)?;
    counts.one(api::fuzz(&tool, running.edge))
}

fn real_journeys(counts: &mut Counts) -> Result<()> {
    step("real journeys");
    let shared = Path::new("../shared/data/journeys");
    if !root().join(shared).exists() {
        println!("skipped: the shared journeys are not here");
        counts.skipped += 1;
        return Ok(());
    }
    build::all()?;
    journeys::convert(shared, Path::new("target/journeys"))?;
    let mut real = node_test(&[root().join("tests/journeys/replay.test.mjs")]);
    real.env("WAYMARK_CLI", root().join("target/release/waymark"));
    real.env("WAYMARK_XTASK", std::env::current_exe()?);
    counts.run(&mut real)
}

fn step(name: &str) {
    println!("\n== {name}");
    let _ = std::io::stdout().flush();
}

fn fresh_state(name: &str) -> Result<PathBuf> {
    let state = root().join("target").join(name);
    let _ = std::fs::remove_dir_all(&state);
    std::fs::create_dir_all(&state)?;
    Ok(state)
}

fn files(folder: &str, ending: &str) -> Result<Vec<PathBuf>> {
    let mut files = std::fs::read_dir(root().join(folder))
        .with_context(|| folder.to_owned())?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    files.retain(|file| file.to_string_lossy().ends_with(ending));
    files.sort();
    Ok(files)
}

fn node_test(files: &[PathBuf]) -> Command {
    let mut node = command("node");
    node.args(["--test", "--test-reporter=spec", "--test-concurrency=1", "--test-force-exit"])
        .args(files);
    node
}

/// Tests in TypeScript, each bundled so that node can run it.
fn bundle_script_tests() -> Result<Vec<PathBuf>> {
    let out = root().join("target/ts-tests");
    let _ = std::fs::remove_dir_all(&out);
    let sources = files("crates/waymark-browser/ts/test", ".test.ts")?;
    let mut esbuild = command(node_tool("esbuild"));
    esbuild.args(&sources).args([
        "--bundle",
        "--platform=node",
        "--format=esm",
        "--log-level=warning",
    ]);
    run(esbuild.args(["--out-extension:.js=.mjs", &format!("--outdir={}", out.display())]))?;
    files("target/ts-tests", ".mjs")
}

/// The page's own encoder and its way to call the module, for the parity run.
fn bundle_parity_page() -> Result<()> {
    let mut esbuild = command(node_tool("esbuild"));
    esbuild.args(["tests/parity/page.ts", "--bundle", "--format=esm", "--log-level=warning"]);
    run(esbuild.arg("--outfile=target/parity/page.js"))
}

/// Tests as their runners counted them.
#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Counts {
    fn one(&mut self, done: Result<()>) -> Result<()> {
        done?;
        self.passed += 1;
        Ok(())
    }

    /// Runs tests with an edge of their own and a Chromium at hand.
    fn against_edge(&mut self, mut test: Command) -> Result<()> {
        build::all()?;
        let chromium = tools::chromium()?;
        let running = Running::start(edge::free_port()?, &fresh_state("test-state")?)?;
        test.env("WAYMARK_EDGE", running.edge.url(""))
            .env("WAYMARK_ADMIN_TOKEN", edge::ADMIN_TOKEN)
            .env("WAYMARK_CLI", root().join("target/release/waymark"))
            .env("CHROMIUM", chromium);
        self.run(&mut test)
    }

    /// Runs a test runner, shows what it prints, and reads its closing lines.
    fn run(&mut self, command: &mut Command) -> Result<()> {
        let name = crate::project::name(command);
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not start {name}"))?;
        let output = child.stdout.take().context("no output")?;
        let reader = thread::spawn(move || {
            let mut counts = Self::default();
            for line in BufReader::new(output).lines().map_while(std::io::Result::ok) {
                println!("{line}");
                counts.read(&line);
            }
            counts
        });
        let status = child.wait()?;
        let counts = reader.join().unwrap_or_default();
        self.passed += counts.passed;
        self.failed += counts.failed;
        self.skipped += counts.skipped;
        if !status.success() {
            println!("\n{} passed, {} failed", self.passed, self.failed.max(1));
            bail!("{name} failed");
        }
        if counts.passed == 0 {
            bail!("{name} ran no test");
        }
        Ok(())
    }

    /// `test result: ok. 3 passed; 0 failed; 1 ignored; …` of cargo, `ℹ pass 3` of node.
    fn read(&mut self, line: &str) {
        let words: Vec<&str> =
            line.split([' ', ';', ',']).filter(|word| !word.is_empty()).collect();
        let mut add = |count: &str, word: &str| {
            let count = count.parse().unwrap_or(0);
            match word {
                "passed" | "pass" => self.passed += count,
                "failed" | "fail" => self.failed += count,
                "ignored" | "skipped" => self.skipped += count,
                _ => {}
            }
        };
        if line.starts_with("test result:") {
            words.windows(2).for_each(|pair| add(pair[0], pair[1]));
        } else if let ["ℹ", word, count] = words[..] {
            add(count, word);
        }
    }
}
