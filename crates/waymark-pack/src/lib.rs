//! The compiler: a pack's JSON, checked, to a [`Program`]; diagnostics.

mod diagnostic;

use waymark_engine::Program;

pub use diagnostic::{Diagnostic, Report, Severity};

/// The version of the pack language that this compiler reads.
pub const SPEC_VERSION: &str = "1";

/// A pack that can be run.
#[derive(Debug, Clone, PartialEq)]
pub struct Compiled {
    pub program: Program,
    /// Warnings only.
    pub report: Report,
    pub cost: Cost,
}

/// What a pack asks of its hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// The most that is remembered of one visitor.
    pub state_bytes: usize,
    /// What a page downloads: the encoded page projection.
    pub page_bytes: usize,
}

/// Compiles a pack. Any error refuses it whole; the report then holds the warnings, too.
pub fn compile(source: &str) -> Result<Compiled, Report> {
    let _ = source;
    Err(Report::default())
}

/// Everything that is to be said about a pack, sorted by position.
pub fn check(source: &str) -> Report {
    let _ = source;
    Report::default()
}
