//! The compiler from outside: packs in, Programs and diagnostics out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod behaviour;
mod diagnostics;
mod format;
mod html;
mod input;
mod program;
mod reference;
mod robust;
mod schema;
mod visitor;
