//! Other people's published cases, run through our engine.

mod growthbook;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::project::{read, root};

pub use growthbook::run as growthbook;

/// How the cases of a file came out.
#[derive(Debug, Default)]
pub struct Tally {
    pub passed: usize,
    pub failed: usize,
}

/// A section of a file that is not run, and why.
type Skipped = (&'static str, &'static str);

impl Tally {
    /// Prints a section's failing cases, and how many there were.
    fn section(&mut self, name: &str, outcomes: Vec<(String, Outcome)>) {
        let count = outcomes.len();
        let mut failed = 0;
        for (case, outcome) in outcomes {
            if let Err(wrong) = outcome {
                failed += 1;
                println!("  failed: {name} / {case}\n    {}", wrong.replace('\n', "\n    "));
            }
        }
        println!("{name}: {} of {count}", count - failed);
        self.passed += count - failed;
        self.failed += failed;
    }
}

/// What was expected and what came, where they differ.
type Outcome = Result<(), String>;

fn compared(expected: &Value, actual: &Value) -> Outcome {
    if equal(expected, actual) {
        return Ok(());
    }
    Err(format!("expected {expected}\nactual   {actual}"))
}

/// JSON's equality: 1 and 1.0 are one number.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(a, b)| equal(a, b))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, a)| right.get(key).is_some_and(|b| equal(a, b)))
        }
        _ => left == right,
    }
}

/// Runs a file of cases; an error when one fails. Without a file, the shared one where it is.
pub fn run(file: Option<PathBuf>) -> Result<()> {
    let tally = match file {
        Some(file) => growthbook(&file)?,
        None => match shared()? {
            Some(tally) => tally,
            None => return Ok(()),
        },
    };
    if tally.failed > 0 {
        bail!("{} cases come out otherwise", tally.failed);
    }
    Ok(())
}

/// The shared cases; `None`, and said, where they are not at hand.
pub fn shared() -> Result<Option<Tally>> {
    let file = root().join("../shared/data/truth/growthbook_cases_half.json.gz");
    if !file.exists() {
        println!("skipped: GrowthBook's cases are not at hand ({})", file.display());
        return Ok(None);
    }
    growthbook(&file).map(Some)
}

/// A file of JSON, packed or not.
fn load(file: &Path) -> Result<Value> {
    let bytes = read(file)?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(serde_json::from_reader(flate2::read::GzDecoder::new(bytes.as_slice()))?);
    }
    Ok(serde_json::from_slice(&bytes)?)
}

/// Says which sections are not run. One that nobody knows is said, too.
fn say_skipped(cases: &Value, run: &[&str], skipped: &[Skipped]) {
    let known: BTreeSet<&str> = run.iter().copied().collect();
    for (name, section) in cases.as_object().into_iter().flatten() {
        if known.contains(name.as_str()) || section.is_string() {
            continue;
        }
        let why = skipped
            .iter()
            .find(|(skipped, _)| skipped == name)
            .map_or("a section that this harness does not know", |(_, why)| why);
        println!("{name}: skipped, {why}");
    }
}
