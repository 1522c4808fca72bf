//! `waymark test`: a pack's own tests, by the real engine.

use std::fmt::Write;

use clap::ValueEnum;
use serde::Serialize;
use waymark_engine::{Acted, Context, Engine, Numerals, Program, State};
use waymark_model::{Timestamp, Value};
use waymark_pack::{Action, Case};
use waymark_wire::{Played, format_timestamp, play, zoned};

use crate::error::CliError;
use crate::explain::report::Explained;
use crate::pack::{self, Source};
use crate::print;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The packs' JSON files; names may have `*` and `?` in them
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<String>,
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    #[value(alias = "text")]
    Human,
    Json,
}

/// What became of a test.
#[derive(Serialize)]
struct Outcome {
    path: String,
    test: String,
    passed: bool,
    failures: Vec<Failure>,
}

/// One thing that came out otherwise.
#[derive(Serialize)]
struct Failure {
    /// What was looked at: `segment`, `stage`, `slot`, `experiment` or `action`.
    of: &'static str,
    id: String,
    /// One sentence.
    said: String,
    /// The tests of the conditions that made it so, a line each.
    because: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let mut outcomes = Vec::new();
    for path in pack::matching(&args.packs)? {
        let compiled = Source::read(&path)?.compiled(1)?;
        for case in &compiled.tests {
            let outcome = outcome(&path, &compiled.program, case);
            if args.format == Format::Human {
                print::out(&print::printable(&outcome.text()))?;
            }
            outcomes.push(outcome);
        }
    }
    let failed = outcomes.iter().filter(|outcome| !outcome.passed).count();
    let all = outcomes.len();
    match args.format {
        Format::Human => print::out(&format!("{} passed, {failed} failed\n", all - failed))?,
        Format::Json => {
            let json = serde_json::to_string_pretty(&outcomes).map_err(std::io::Error::from)?;
            print::out(&format!("{json}\n"))?;
        }
    }
    if failed > 0 { Err(CliError::TestsFailed { failed, all }) } else { Ok(()) }
}

/// A case's visitor at its moment.
pub(crate) struct Visitor {
    pub state: State,
    pub context: Context,
    pub actions: Vec<Acted>,
}

impl Visitor {
    pub(crate) fn of(engine: Engine<'_>, case: &Case) -> Self {
        let context = Context {
            values: case.context.clone(),
            consent: case.consent,
            locale: case.locale.clone(),
            anonymous_id: Some(case.anonymous_id.clone()),
            ..Context::default()
        };
        let arrivals = case.given.iter().map(|event| (event.clone(), event.time));
        let (clock, device) = ((Timestamp::MIN, case.now), case.timezone.as_deref());
        let Played { state, actions, .. } =
            play(engine, engine.new_state(), clock, arrivals, &context, device);
        let context = zoned(context, device, &state, case.now);
        Self { state, context, actions }
    }
}

fn outcome(path: &str, program: &Program, case: &Case) -> Outcome {
    let failures = failures(Engine::new(program, Numerals::NATIVE), case);
    let passed = failures.is_empty();
    Outcome { path: path.to_owned(), test: case.name.clone(), passed, failures }
}

/// Whether a test passes.
pub(crate) fn passes(engine: Engine<'_>, case: &Case) -> bool {
    failures(engine, case).is_empty()
}

fn failures(engine: Engine<'_>, case: &Case) -> Vec<Failure> {
    let Visitor { state, context, actions } = Visitor::of(engine, case);
    let explained = Explained::new(engine, &case.name, &state, &context, case.now);
    let mut failures = misdecided(case, &explained);
    failures.extend(case.expect.actions.as_deref().and_then(|wanted| undone(wanted, &actions)));
    failures
}

fn misdecided(case: &Case, explained: &Explained<'_>) -> Vec<Failure> {
    let (expect, decision) = (&case.expect, explained.decision());
    let is_in = |id: &String| decision.segments.contains(id);
    let mut failures = Vec::new();
    let segments = expect.segments.iter().map(|id| (id, true));
    for (id, wanted) in segments.chain(expect.not_segments.iter().map(|id| (id, false))) {
        if is_in(id) != wanted {
            let not = if wanted { "not " } else { "" };
            let said = format!("the visitor is {not}in the segment {id}");
            failures.push(Failure::new("segment", id, said, &explained.of_segment(id)));
        }
    }
    if let Some(wanted) = &expect.stage
        && *wanted != decision.stage
    {
        let name = |stage: &Option<String>| stage.clone().unwrap_or_else(|| "no stage".to_owned());
        let said = format!("the visitor is in {}, not in {}", name(&decision.stage), name(wanted));
        let id = wanted.as_ref().or(decision.stage.as_ref()).cloned().unwrap_or_default();
        failures.push(Failure::new("stage", &id, said, &explained.of_stage(&id)));
    }
    for (slot, wanted) in &expect.slots {
        let shown = decision.slots.iter().find(|decided| decided.slot == *slot);
        let shown = shown.and_then(|decided| decided.content.clone());
        if shown != *wanted {
            let name = |content: &Option<String>| {
                content.clone().unwrap_or_else(|| "what the page's author put there".to_owned())
            };
            let said = format!("the slot {slot} shows {}, not {}", name(&shown), name(wanted));
            failures.push(Failure::new("slot", slot, said, &explained.of_slot(slot)));
        }
    }
    for (experiment, wanted) in &expect.variations {
        let assigned = decision.slots.iter().find_map(|decided| {
            let assignment = decided.assignment.as_ref()?;
            (assignment.experiment == *experiment && assignment.included)
                .then(|| (decided.slot.as_str(), assignment.variation.clone()))
        });
        let (slot, variation) = assigned.unzip();
        if variation != *wanted {
            let name = |variation: &Option<String>| {
                variation.clone().unwrap_or_else(|| "no variation".to_owned())
            };
            let said = format!(
                "the visitor has {} of {experiment}, not {}",
                name(&variation),
                name(wanted)
            );
            let because = slot.map(|slot| explained.of_slot(slot)).unwrap_or_default();
            failures.push(Failure::new("experiment", experiment, said, &because));
        }
    }
    failures
}

/// What was done, where it is not what was wanted.
fn undone(wanted: &[Action], actions: &[Acted]) -> Option<Failure> {
    let is = |action: &Action, acted: &Acted| {
        let has = |(key, value): &(&str, String)| {
            acted.event.properties.get(key).and_then(Value::as_text) == Some(value)
        };
        action.event == acted.event.name
            && action.properties.iter().all(has)
            && action.at.is_none_or(|at| at == acted.event.time)
    };
    let place = (0..wanted.len().max(actions.len())).find(|place| {
        let both = wanted.get(*place).zip(actions.get(*place));
        !both.is_some_and(|(action, acted)| is(action, acted))
    })?;
    let list = actions.iter().map(done).collect::<Vec<_>>().join("\n");
    let number = place + 1;
    let said = match (wanted.get(place), actions.get(place)) {
        (Some(_), None) => format!("action {number} was not taken"),
        (None, Some(acted)) => format!("nobody expected action {number}: {}", done(acted)),
        _ => format!("action {number} is another"),
    };
    let list = if list.is_empty() { "nothing was done".to_owned() } else { list };
    Some(Failure::new("action", &number.to_string(), said, &list))
}

/// An action, on one line.
fn done(acted: &Acted) -> String {
    let event = &acted.event;
    let at = format_timestamp(event.time).unwrap_or_default();
    let properties = event.properties.iter().filter_map(|(key, value)| {
        let text = value.as_text()?;
        Some(format!("{key} {text}"))
    });
    format!("{at} {}: {}", event.name, properties.collect::<Vec<_>>().join(", "))
}

impl Failure {
    fn new(of: &'static str, id: &str, said: String, because: &str) -> Self {
        let because = because.lines().map(str::to_owned).collect();
        Self { of, id: id.to_owned(), said, because }
    }
}

impl Outcome {
    fn text(&self) -> String {
        let sign = if self.passed { '✓' } else { '✗' };
        let mut text = format!("{sign} {}\n", self.test);
        for failure in &self.failures {
            // Writing to a String does not fail.
            let _ = writeln!(text, "  {}", failure.said);
            for line in &failure.because {
                let _ = writeln!(text, "  {line}");
            }
        }
        text
    }
}
