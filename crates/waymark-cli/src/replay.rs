//! `waymark replay`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;

use serde::Serialize;
use waymark_engine::{Context, Engine, Numerals, Program};
use waymark_insight::Tally;
use waymark_model::{Purposes, Timestamp};
use waymark_wire::format_timestamp;

use crate::audience::Audience;
use crate::error::CliError;
use crate::events::Events;
use crate::host::Stopwatch;
use crate::{explain, pack, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Segment events as NDJSON, plain or gzip; - for the standard input
    #[arg(value_name = "FILE")]
    events: String,
    /// The pack's JSON file
    #[arg(long, value_name = "PACK")]
    pack: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// The moment to decide at, in ISO 8601 or milliseconds since 1970 [default: the newest event's]
    #[arg(long, value_name = "TIME", value_parser = explain::time)]
    now: Option<Timestamp>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Outcome<'a> {
    events: u64,
    duplicates: u64,
    rejected: u64,
    visitors: u64,
    sessions: u64,
    segments: &'a BTreeMap<String, u64>,
    stages: &'a BTreeMap<String, u64>,
    slots: &'a BTreeMap<String, BTreeMap<String, u64>>,
    events_per_second: f64,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let program = pack::load(&args.pack)?.program;
    let engine = Engine::new(&program, Numerals::NATIVE);
    let watch = Stopwatch::started();
    let (tally, now) = tally(engine, args)?;
    let seconds = watch.elapsed().as_secs_f64().max(1e-6);
    #[expect(clippy::cast_precision_loss, reason = "a rate, for people")]
    let rate = (tally.events as f64 / seconds).round();
    if !args.json {
        return print::out(&print::printable(&table(&program, &tally, now, rate)));
    }
    let outcome = Outcome {
        events: tally.events,
        duplicates: tally.duplicates,
        rejected: tally.rejected,
        visitors: tally.visitors,
        sessions: tally.sessions,
        segments: &tally.segments,
        stages: &tally.stages,
        slots: &tally.slots,
        events_per_second: rate,
    };
    let json = serde_json::to_string(&outcome).map_err(io::Error::from)?;
    print::out(&format!("{json}\n"))
}

/// Reads all events, folds each visitor in the order of arrival, and decides for each at one moment.
fn tally(engine: Engine<'_>, args: &Args) -> Result<(Tally, Option<Timestamp>), CliError> {
    let bar = print::bar("{bar:30} {bytes} of {total_bytes} read, {bytes_per_sec}, {eta} left");
    let mut events = Events::open(&args.events, bar.clone())?;
    let mut audience = Audience::new();
    while let Some(event) = events.next()? {
        audience.push(&event)?;
    }
    bar.finish_and_clear();
    let now = args.now.or(events.newest);
    let context = Context { consent: Purposes::ALL, ..Context::default() };
    let bar = print::bar("{bar:30} {percent}% folded, {eta} left");
    bar.set_length(Audience::parts());
    // Without an event there is nobody, and no moment.
    let mut tally = audience.tally(engine, &context, now.unwrap_or(Timestamp::MIN), &bar)?;
    bar.finish_and_clear();
    tally.duplicates = events.duplicates;
    tally.rejected = events.rejected;
    Ok((tally, now))
}

fn table(program: &Program, tally: &Tally, now: Option<Timestamp>, rate: f64) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_table(&mut out, program, tally, now, rate);
    out
}

fn write_table(
    out: &mut String,
    program: &Program,
    tally: &Tally,
    now: Option<Timestamp>,
    rate: f64,
) -> std::fmt::Result {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate")]
    let rate = print::thousands(rate as u64);
    for (name, count) in [
        ("events", tally.events),
        ("duplicates", tally.duplicates),
        ("rejected", tally.rejected),
        ("visitors", tally.visitors),
        ("sessions", tally.sessions),
    ] {
        let note = if name == "events" { format!("  ({rate} a second)") } else { String::new() };
        writeln!(out, "{name:<24}{:>12}{note}", print::thousands(count))?;
    }
    let at = now.and_then(format_timestamp).unwrap_or_else(|| "no time".to_owned());
    writeln!(out, "\npack {} {}, decided at {at}", program.pack, program.hash)?;
    let mut rows = |title: &str, counts: &[(&str, u64)]| -> std::fmt::Result {
        if counts.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{title:<24}{:>12}{:>9}", "visitors", "share")?;
        for (id, count) in counts {
            let share = print::share(*count, tally.visitors);
            writeln!(out, "  {id:<22}{:>12}{share:>9}", print::thousands(*count))?;
        }
        Ok(())
    };
    // In the order of the pack: stages are a way, and segments are made of those before.
    let count = |counts: &BTreeMap<String, u64>, id: &str| counts.get(id).copied().unwrap_or(0);
    let segments: Vec<(&str, u64)> = program
        .segments
        .iter()
        .map(|segment| (segment.id.as_str(), count(&tally.segments, &segment.id)))
        .collect();
    rows("segments", &segments)?;
    let stages: Vec<(&str, u64)> = program
        .stages
        .iter()
        .map(|stage| (stage.id.as_str(), count(&tally.stages, &stage.id)))
        .collect();
    rows("stages", &stages)?;
    for (slot, contents) in &tally.slots {
        let contents: Vec<(&str, u64)> =
            contents.iter().map(|(content, count)| (content.as_str(), *count)).collect();
        rows(&format!("slot {slot}"), &contents)?;
    }
    Ok(())
}
