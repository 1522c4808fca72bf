//! The engine against a scan of the whole history, and under packs that change.
#![allow(clippy::unwrap_used, clippy::expect_used)] // clippy knows tests by `#[test]` only

mod change;
mod columns;
mod flows;
mod fold;
mod history;
