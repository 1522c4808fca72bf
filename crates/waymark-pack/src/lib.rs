//! The compiler: a pack's JSON, checked, to a [`Program`]; diagnostics.
//!
//! It reads text and gives a Program or a [`Report`]. It opens no files, reads no clock and knows no
//! visitor; it runs in the command line, in an editor and at the edge.
//!
//! ```
//! let compiled = waymark_pack::compile(r#"{
//!   "pack": "shop", // comments and trailing commas are fine
//!   "segments": { "keen": { "when": { "$did": { "event": "Product Viewed", "within": "7d" } } } },
//!   "slots": { "hero": { "default": "keep" } },
//!   "content": { "hi": { "slot": "hero", "html": "<h1>Hi {{ traits.name | default: 'you' }}</h1>" } },
//!   "rules": [{ "id": "greet", "slot": "hero", "when": { "$segment": "keen" }, "show": "hi" }],
//! }"#)?;
//! assert_eq!(compiled.program.segments[0].id, "keen");
//!
//! let report = waymark_pack::check(r#"{ "pack": "shop", "slotz": {} }"#);
//! assert_eq!(report.to_string(), "1:19 error[unknown-key]: a pack has no key \"slotz\": did you mean \"slots\"?\n");
//! # Ok::<(), waymark_pack::Report>(())
//! ```
//!
//! What may be written is described in [`language`], and how to add to it: a key is one line there,
//! with the sentence that editors and the reference show, and a `take` in its reader. A [`Code`] is
//! one line in `diagnostic.rs`.
//!
//! What the language does not have is refused by name; nothing is passed over.
//!
//! # Windows
//!
//! `$count`, `$sum` and their like over a window are made of calendar buckets, counted from 1970 in UTC:
//! the current one and those before it. The window is rounded up to whole buckets. `between` goes by the
//! longer of its two lengths, and leaves out the latest buckets, rounded down.
//!
//! | `within` | buckets of | and of `$top` | buckets of |
//! |---|---|---|---|
//! | up to 2h | 1 minute | up to 2h | 5 minutes |
//! | up to 1d | 5 minutes | up to 31h | 1 hour |
//! | up to 14d | 1 hour | up to 7d | 6 hours |
//! | up to 400d | 1 day | up to 31d | 1 day |
//! | up to 12000d | 30 days | up to 217d | 1 week |
//! | | | up to 930d | 30 days |
//! | | | up to 11160d | 360 days |
//!
//! `$did` needs no buckets: it remembers the latest occurrences, up to 128, to the millisecond.

mod condition;
mod data_map;
mod declared;
mod diagnostic;
mod feed;
mod fields;
mod format;
mod html;
mod input;
mod instant;
mod json;
pub mod language;
mod leaving;
mod lint;
mod locale;
mod lower;
mod measures;
mod outbound;
mod pack;
mod pattern;
mod problem;
mod shares;
mod template;

use std::cmp::Reverse;

use declared::{Declared, Desk};
use problem::Problems;
use sha2::{Digest, Sha256};
use waymark_engine::state::{TAIL_BYTES, TRAITS_BOUND};
use waymark_engine::{PackHash, Program};
use waymark_model::limits;

pub use data_map::{DataMap, Datum, DatumKind, Kept};
pub use diagnostic::{Code, Diagnostic, Report, Severity};
pub use feed::{Mistyped, Things};
pub use format::format;
pub use html::sanitized;
pub use input::{Input, Part, catalog_source, includes};
pub use measures::{Guardrail, Measured, Measures, Metric, MetricKind};
pub use outbound::{Destination, Outbound, Survey};
pub use pack::{Action, Case, Expect};

/// The version of the pack language that this compiler reads.
pub const SPEC_VERSION: &str = "1";

/// A pack that can be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    pub program: Program,
    /// What its experiments are measured by.
    pub measures: Measures,
    /// Warnings only.
    pub report: Report,
    pub cost: Cost,
    /// The pack's own tests, which are no part of the Program.
    pub tests: Vec<Case>,
    /// What it reads of visitors.
    pub data: DataMap,
    /// What the edge sends.
    pub outbound: Outbound,
}

/// What a pack asks of its hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// The most that is remembered of one visitor.
    pub state_bytes: usize,
    /// What a page downloads: the encoded page projection.
    pub page_bytes: usize,
}

/// Compiles a pack in one file. Any error refuses it whole; the report then holds the warnings, too.
pub fn compile(source: &str) -> Result<Compiled, Report> {
    Input::of(source).compile()
}

/// Everything that is to be said about a pack in one file, sorted by position.
pub fn check(source: &str) -> Report {
    Input::of(source).check()
}

/// What a pack without errors comes to.
struct Made {
    program: Program,
    tests: Vec<Case>,
    measures: Measures,
    data: DataMap,
    outbound: Outbound,
}

impl Input<'_> {
    /// Compiles the pack. Any error refuses it whole; the report then holds the warnings, too.
    pub fn compile(&self) -> Result<Compiled, Report> {
        let (program, report) = self.run();
        match program {
            Some(Made { program, tests, measures, data, outbound }) if !report.has_errors() => {
                let cost = Cost::of(&program);
                Ok(Compiled { program, measures, report, cost, tests, data, outbound })
            }
            _ => Err(report),
        }
    }

    /// Everything that is to be said about the pack, sorted by position, file by file.
    pub fn check(&self) -> Report {
        self.run().1
    }

    fn run(&self) -> (Option<Made>, Report) {
        let mut problems = Problems::default();
        let read = self.read(&mut problems);
        let Some(root) = &read.root else { return (None, problems.into_report(&read.files)) };
        let mut desk = Desk {
            source: &read.text,
            problems,
            declared: Declared::default(),
            today: self.today,
            included: self.parts.is_some(),
        };
        let pack = pack::read_pack(root, &mut desk);
        let mut program = None;
        if let Some(pack) = pack {
            lint::lint(&pack, &mut desk);
            if !desk.problems.has_errors() {
                program = lower::program(&pack, &mut desk.problems)
                    .and_then(|program| sealed(program, &mut desk.problems))
                    .map(|program| {
                        let data = data_map::of(&pack, &desk.declared);
                        let (tests, measures, outbound) = pack.beside();
                        Made { program, tests, measures, data, outbound }
                    });
            }
        }
        (program, desk.problems.into_report(&read.files))
    }
}

/// The Program with its hash, once a host would take it.
fn sealed(mut program: Program, problems: &mut Problems) -> Option<Program> {
    let digest = Sha256::digest(program.encode_body());
    let mut hash = PackHash::default();
    let length = hash.0.len();
    hash.0.copy_from_slice(&digest[..length]);
    program.hash = hash;
    if problems.has_errors() {
        return None;
    }
    let start = json::At::default();
    let bytes = program.encode();
    if bytes.len() > limits::PROGRAM_BYTES {
        let limit = limits::PROGRAM_BYTES;
        let message =
            format!("a compiled pack has at most {limit} bytes, and this has {}", bytes.len());
        problems.error(Code::ProgramTooLarge, start, message);
        return None;
    }
    let state = Cost::of(&program).state_bytes;
    if state > limits::STATE_BYTES {
        let limit = limits::STATE_BYTES;
        let message = format!(
            "a visitor's state has at most {limit} bytes, and this pack's may have {state}"
        );
        problems
            .error(Code::StateTooLarge, start, message)
            .mend(format!("shorten windows or lists; the most is taken by {}", largest(&program)));
        return None;
    }
    match Program::decode(&bytes) {
        Ok(program) => Some(program),
        Err(error) => {
            let message = format!("no host takes what the compiler made of this: {error}");
            let problem = problems.error(Code::BadProgram, start, message);
            problem.mend("this is a bug in the compiler; please report it with the pack");
            None
        }
    }
}

/// What remembers the most, for people.
fn largest(program: &Program) -> String {
    let mut features: Vec<(usize, u32)> =
        (0_u32..).zip(&program.features).map(|(at, one)| (one.kind.bound(), at)).collect();
    features.sort_by_key(|(bytes, at)| (Reverse(*bytes), *at));
    let shown = features.iter().take(3).map(|(bytes, at)| {
        let named = program.named.iter().find(|(_, number)| number == at);
        let event = || {
            let mut matchers = program.features[*at as usize].kind.matchers();
            let event = matchers.find_map(|matcher| matcher.event);
            event.map_or("any event", |event| &program.events[event as usize])
        };
        let what = named.map_or_else(event, |(name, _)| name);
        format!("{} ({bytes} bytes)", problem::shown(what))
    });
    shown.collect::<Vec<_>>().join(", ")
}

impl Cost {
    fn of(program: &Program) -> Self {
        // The header and a user id; sessions; the events that wait to be folded.
        const USER: usize = limits::ID_BYTES + 64;
        const SESSIONS: usize = 128 * 30;
        Self {
            state_bytes: program.cells_bound()
                + program.runs_bound()
                + USER
                + TRAITS_BOUND
                + SESSIONS
                + TAIL_BYTES,
            page_bytes: program.page_projection().encode().len(),
        }
    }
}
