//! `waymark evaluate`: parity with the other hosts, case by case.
//!
//! A case is a line `{"name": …, "events": [Segment's events], "decide": {"now": ms or ISO 8601,
//! "context": {…}, "consent": {"categoryPreferences": {…}}, "locale": …}}`. Of each comes a line
//! `{"name", "decision", "encoded", "state", "rejected"}`: the decision to read, the base64 of its
//! canonical bytes, FNV-1a of the state's bytes in 16 hex digits, and the events that could not be
//! read, by place and code. A message id counts once in a case.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use waymark_engine::{Engine, Numerals};
use waymark_model::{Timestamp, fnv1a64};
use waymark_wire::{context_from_json, decision_to_json, parse_line, parse_timestamp};

use crate::error::CliError;
use crate::input::{Lines, open};
use crate::{pack, print};

/// Bytes of one case.
const CASE_BYTES: usize = 16 * 1024 * 1024;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pack's JSON file
    #[arg(value_name = "PACK")]
    pack: String,
    /// Cases as NDJSON, plain or gzip; - for the standard input
    #[arg(value_name = "FILE")]
    cases: String,
}

#[derive(Deserialize)]
struct Case<'a> {
    name: String,
    /// As they stand: the wire has its own rules for what JSON means.
    #[serde(borrow, default)]
    events: Vec<&'a RawValue>,
    decide: Json,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let program = pack::load(&args.pack)?.program;
    let engine = Engine::new(&program, Numerals::NATIVE);
    let mut lines = Lines::of(&args.cases, open(&args.cases)?.0, CASE_BYTES)?;
    while let Some(line) = lines.next()? {
        let decided = match line.bytes {
            None => Err(format!("it has more than {CASE_BYTES} bytes")),
            Some(bytes) => serde_json::from_slice(bytes)
                .map_err(|error| error.to_string())
                .and_then(|case| decide(engine, &case)),
        };
        let decided = decided.map_err(|reason| CliError::BadCase {
            file: pack::shown(&args.cases).to_owned(),
            line: line.number,
            reason,
        })?;
        print::out(&format!("{decided}\n"))?;
    }
    Ok(())
}

fn decide(engine: Engine<'_>, case: &Case<'_>) -> Result<Json, String> {
    let now = match &case.decide["now"] {
        Json::Number(ms) => ms.as_f64().and_then(Timestamp::from_js),
        Json::String(text) => parse_timestamp(text),
        _ => None,
    };
    let now = now.ok_or("`decide.now` is neither milliseconds since 1970 nor ISO 8601")?;
    let context = context_from_json(&case.decide).map_err(|error| error.to_string())?;
    let mut state = engine.new_state();
    let mut seen = BTreeSet::new();
    let mut rejected = Vec::new();
    for (index, event) in case.events.iter().enumerate() {
        match parse_line(event.get()) {
            Ok(event) => {
                if seen.insert(event.id.clone()) {
                    engine.apply(&mut state, &event);
                }
            }
            Err(error) => rejected.push(json!({ "index": index, "code": error.code() })),
        }
    }
    let decision = engine.decide(&state, &context, now);
    Ok(json!({
        "name": case.name,
        "decision": decision_to_json(&decision),
        "encoded": STANDARD.encode(decision.encode()),
        "state": format!("{:016x}", fnv1a64(&engine.write_state(&state))),
        "rejected": rejected,
    }))
}
