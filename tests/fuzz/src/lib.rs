//! What is fuzzed: each target is a function that any bytes may be given to. It panics on a finding.
//!
//! `cargo xtask fuzz` runs them under libFuzzer (`libfuzzer/`); the inputs that it found worth keeping
//! lie in `corpus/`, and `cargo test` runs them again.

#![expect(clippy::missing_panics_doc, reason = "a finding is a panic")]

mod condition;
mod journey;
mod pack;
mod program;
mod state;

pub use condition::condition;
pub use pack::pack;
pub use program::program;
pub use state::state;

/// A target, by its name.
pub type Target = fn(&[u8]);

/// Every target.
pub const TARGETS: [(&str, Target); 4] =
    [("pack", pack), ("program", program), ("condition", condition), ("state", state)];
