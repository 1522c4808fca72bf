//! `waymark pack-tests`: tests for a pack, from the journeys of a recording.
//!
//! Of all that came out for the recorded visitors, and that no test of the pack expects yet, the shortest
//! journeys are taken that show it, and of each only what it takes. Whose they were is not told.

mod cover;
mod outcome;
mod recorded;
mod smaller;
mod written;

use std::io;
use std::path::PathBuf;

use waymark_engine::{Engine, Numerals};
use waymark_pack::{Case, Compiled, DatumKind, Input, Part};

use crate::compile::write_whole;
use crate::crowd::{self, Whom};
use crate::error::CliError;
use crate::pack::Source;
use crate::{print, test};
use recorded::Recording;

#[derive(clap::Args)]
#[command(group(crowd::required()))]
pub(crate) struct Args {
    /// The pack's JSON file
    #[arg(value_name = "PACK")]
    pack: String,
    #[command(flatten)]
    whom: Whom,
    /// Where to write the tests, as a part that the pack may include [default: the standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let source = Source::read(&args.pack)?;
    let compiled = source.compiled(2)?;
    let engine = Engine::new(&compiled.program, Numerals::NATIVE);
    let crowd = args.whom.gathered()?;
    let mut recording = Recording::of(names(&source)?, crowd.journeys.until);
    crowd.each(&[&compiled], |events| recording.play(engine, events))?;
    let visitors = recording.visitors;
    let cases = cover::chosen(engine, &compiled.tests, recording.candidates());
    let found = cases.len();
    let (cases, text) = passing(&source, engine, cases)?;
    eprintln!(
        "{} of {}, for what no test of the pack expects",
        print::counted(cases.len() as u64, "test"),
        print::counted(visitors, "visitor")
    );
    if found > cases.len() {
        let more = print::counted((found - cases.len()) as u64, "journey");
        eprintln!("{more} more showed something, and there is more to them than a test can say");
    }
    for said in sensitive(&compiled, &cases) {
        eprintln!("{}", print::printable(&said));
    }
    match &args.output {
        None => print::out(&text),
        Some(path) => write_whole(path, text.as_bytes())
            .map_err(|source| CliError::unwritable(&path.display().to_string(), source)),
    }
}

/// The events that the pack declares; `None` if it does not say which there are.
fn names(source: &Source) -> Result<Option<Vec<String>>, CliError> {
    let json = source.input().json().map_err(|report| source.refused(&report, 2))?;
    let json: serde_json::Value = serde_json::from_str(&json).map_err(io::Error::from)?;
    Ok(json["events"].as_object().map(|events| events.keys().cloned().collect()))
}

/// The tests that pass as they are written, and how they are. All do, unless there is more to a visitor
/// than a test can say.
fn passing(
    source: &Source,
    engine: Engine<'_>,
    mut cases: Vec<Case>,
) -> Result<(Vec<Case>, String), CliError> {
    loop {
        let text = written::tests(&cases);
        let Input { parts, rows, today, .. } = source.input();
        let mut parts = parts.unwrap_or_default();
        parts.push(Part { name: "the proposed tests", text: &text });
        let input = Input { parts: Some(parts), rows, today, ..Input::of(&source.text) };
        let read = input.compile().map_err(|report| source.refused(&report, 2))?.tests;
        let proposed = read.get(read.len().saturating_sub(cases.len())..).unwrap_or_default();
        let passed: Vec<bool> = proposed.iter().map(|case| test::passes(engine, case)).collect();
        if passed.iter().all(|passed| *passed) {
            return Ok((cases, text));
        }
        let mut passed = passed.into_iter();
        cases.retain(|_| passed.next().unwrap_or_default());
    }
}

/// What is to be looked at before the tests are shown to others.
fn sensitive(compiled: &Compiled, cases: &[Case]) -> Vec<String> {
    let mut said = Vec::new();
    let data = compiled.data.iter().filter(|datum| datum.kind == DatumKind::Trait);
    for (name, sensitivity) in data.filter_map(|d| Some((&d.name, d.sensitivity.as_ref()?))) {
        let path: Vec<String> =
            name.trim_start_matches("traits.").split('.').map(str::to_owned).collect();
        let has = |case: &&Case| {
            let mut traits = case.given.iter().filter(|event| event.name == "Identified");
            traits.any(|event| event.properties.at(&path).is_some())
        };
        for case in cases.iter().filter(has) {
            said.push(format!(
                "the test {:?} has a visitor's {name}, which the pack calls {sensitivity}: write another value",
                case.name
            ));
        }
    }
    said
}
