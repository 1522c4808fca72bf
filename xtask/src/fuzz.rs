//! Fuzzing by libFuzzer: `tests/fuzz` has the targets, this has what they begin with.
//!
//! A run goes on from the corpus of the repository and from seeds: every pack that lies here, and what it
//! compiles to. With `--keep` what it found worth keeping is merged into the corpus.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use waymark_engine::{Engine, Numerals};
use waymark_model::{Event, Kind, Timestamp};

use crate::project::{self, cargo, command, read, root, run};

const FOLDER: &str = "tests/fuzz/libfuzzer";
const CORPUS: &str = "tests/fuzz/corpus";
const TARGETS: [&str; 4] = ["pack", "program", "condition", "state"];
const CARGO_FUZZ: &str = "0.13.2";
/// Inputs of more bytes find nothing that smaller ones do not, and take longer.
const LONGEST: usize = 8 * 1024;

#[derive(clap::Args)]
pub struct Args {
    /// Only these targets
    #[arg(value_parser = TARGETS)]
    targets: Vec<String>,
    /// For how long each
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Keep what was found worth it in the repository's corpus
    #[arg(long)]
    keep: bool,
}

pub fn run_targets(args: &Args) -> Result<()> {
    set_up()?;
    seeds()?;
    let targets = TARGETS.into_iter().filter(|target| {
        args.targets.is_empty() || args.targets.iter().any(|named| named == target)
    });
    for target in targets {
        println!("\n== {target}, {} s", args.seconds);
        for folder in [found(target), kept(target)] {
            std::fs::create_dir_all(folder)?;
        }
        let mut fuzz = cargo_fuzz("run", target);
        fuzz.args([found(target), seeds_of(target), kept(target)]);
        fuzz.args(["--", "-timeout=10", "-rss_limit_mb=4096", "-print_final_stats=1"]);
        fuzz.arg(format!("-max_total_time={}", args.seconds));
        fuzz.arg(format!("-max_len={LONGEST}"));
        fuzz.arg(format!("-dict={}", dictionary()?.display()));
        run(&mut fuzz).with_context(|| {
            format!("{target} has a finding: mend it, and put the input into {CORPUS}/{target}")
        })?;
        if args.keep {
            keep(target)?;
        }
    }
    Ok(())
}

/// The smallest set of inputs that reaches what all of them reach.
fn keep(target: &str) -> Result<()> {
    let smallest = work().join("smallest").join(target);
    let _ = std::fs::remove_dir_all(&smallest);
    std::fs::create_dir_all(&smallest)?;
    let mut merge = cargo_fuzz("run", target);
    merge.args([smallest.clone(), found(target), seeds_of(target), kept(target)]);
    merge
        .args(["--", "-set_cover_merge=1", "-use_counters=0", "-timeout=10"])
        .arg(format!("-max_len={LONGEST}"));
    run(&mut merge)?;
    let corpus = kept(target);
    let _ = std::fs::remove_dir_all(&corpus);
    std::fs::create_dir_all(&corpus)?;
    for entry in std::fs::read_dir(&smallest)? {
        let path = entry?.path();
        std::fs::copy(&path, corpus.join(path.file_name().context("a file has a name")?))?;
    }
    Ok(())
}

/// libFuzzer's hooks are an unstable flag of the compiler; no other sanitizer is needed, as nothing here
/// is unsafe.
fn cargo_fuzz(verb: &str, target: &str) -> std::process::Command {
    let mut fuzz = command(work().join("tools/bin/cargo-fuzz"));
    fuzz.args(["fuzz", verb, "--fuzz-dir", FOLDER, "--sanitizer", "none", "--release"]);
    fuzz.args(["--debug-assertions", "--target-dir"]).arg(work().join("target"));
    fuzz.env("RUSTC_BOOTSTRAP", "1").arg(target);
    fuzz
}

fn work() -> PathBuf {
    root().join("target/fuzz")
}

fn found(target: &str) -> PathBuf {
    work().join("found").join(target)
}

fn seeds_of(target: &str) -> PathBuf {
    work().join("seeds").join(target)
}

fn kept(target: &str) -> PathBuf {
    root().join(CORPUS).join(target)
}

fn set_up() -> Result<()> {
    let tools = work().join("tools");
    if tools.join("bin/cargo-fuzz").exists() {
        return Ok(());
    }
    eprintln!("setting up: cargo-fuzz {CARGO_FUZZ}");
    run(cargo().args(["install", "cargo-fuzz", "--version", CARGO_FUZZ, "--root"]).arg(tools))
}

/// The words of the language.
fn dictionary() -> Result<PathBuf> {
    let mut words: Vec<String> = Vec::new();
    let schema: Value = serde_json::from_str(&waymark_pack::language::schema())?;
    gather(&schema, &mut words);
    words.sort();
    words.dedup();
    let plain = words.iter().filter(|word| word.is_ascii() && !word.contains(['"', '\\']));
    let lines: Vec<String> = plain.map(|word| format!("\"\\\"{word}\\\"\"\n")).collect();
    let path = work().join("words.dict");
    project::write(&path, lines.concat())?;
    Ok(path)
}

fn gather(schema: &Value, words: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                if key == "properties" {
                    words.extend(
                        value.as_object().into_iter().flatten().map(|(key, _)| key.clone()),
                    );
                }
                if key == "const" {
                    words.extend(value.as_str().map(str::to_owned));
                }
                gather(value, words);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, words)),
        _ => {}
    }
}

/// Every pack that lies in the repository, in the form of each target.
fn seeds() -> Result<()> {
    let _ = std::fs::remove_dir_all(work().join("seeds"));
    let mut packs: Vec<String> = Vec::new();
    for folder in
        ["examples/packs", "crates/waymark-pack/tests/whole", "crates/waymark-pack/tests/broken"]
    {
        for path in files(&root().join(folder))? {
            packs.push(String::from_utf8_lossy(&read(&path)?).into_owned());
        }
    }
    for path in files(&root().join("tests/vectors"))? {
        let vectors: Value = serde_json::from_slice(&read(&path)?).unwrap_or_default();
        packs.extend(vectors.get("pack").map(Value::to_string));
    }
    if packs.is_empty() {
        bail!("there are no packs to begin with");
    }
    for (number, pack) in packs.iter().enumerate() {
        let seed = |target: &str, part: usize, bytes: &[u8]| {
            project::write(&seeds_of(target).join(format!("{number}-{part}")), bytes)
        };
        seed("pack", 0, pack.as_bytes())?;
        let Ok(compiled) = waymark_pack::compile(pack) else { continue };
        let program = compiled.program;
        seed("program", 0, &program.encode())?;
        seed("program", 1, &program.page_projection().encode())?;
        let engine = Engine::new(&program, Numerals::NATIVE);
        let mut state = engine.new_state();
        let event = Event::new("m", Kind::Track, "A", Timestamp(1));
        engine.apply(&mut state, &event);
        let context = waymark_engine::Context::default();
        let decision = engine.decide(&state, &context, Timestamp(2));
        let forms =
            [engine.write_state(&state), event.encode(), context.encode(), decision.encode()];
        for (kind, bytes) in (0_u8..).zip(forms) {
            seed("state", kind.into(), &[&[kind][..], &bytes].concat())?;
        }
        let Ok(pack) = serde_json::from_str::<Value>(pack) else { continue };
        let mut conditions = Vec::new();
        conditions_of(&pack, &mut conditions);
        for (part, condition) in conditions.iter().enumerate() {
            seed("condition", part, condition.as_bytes())?;
        }
    }
    for operator in
        waymark_pack::language::VISITOR.iter().chain(waymark_pack::language::COMPARISONS)
    {
        let name = operator.name.trim_start_matches('$');
        project::write(&seeds_of("condition").join(name), operator.example)?;
    }
    Ok(())
}

fn conditions_of(pack: &Value, found: &mut Vec<String>) {
    match pack {
        Value::Object(members) => {
            for (key, value) in members {
                if matches!(key.as_str(), "when" | "enter" | "where") {
                    found.push(value.to_string());
                }
                conditions_of(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| conditions_of(item, found)),
        _ => {}
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    files.retain(|path| path.is_file());
    files.sort();
    Ok(files)
}
