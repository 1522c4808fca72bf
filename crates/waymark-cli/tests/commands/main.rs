//! The commands as a shell sees them: arguments in; output, messages and exit status out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod compile;
mod data_map;
mod diff;
mod explain;
mod format;
mod import;
mod lake;
mod pack_tests;
mod publish;
mod recipes;
mod replay;
mod simulate;
mod support;
mod test;
mod types;
