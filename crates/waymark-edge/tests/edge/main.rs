//! The use cases over ports that are kept in memory and can fail.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod budgets;
mod catalog;
mod contract;
mod day;
mod delivery;
mod devices;
mod erasure;
mod figures;
mod identity;
mod keys;
mod lake;
mod letters;
mod memory;
mod moves;
mod packs;
mod person;
mod quarantine;
mod reading;
mod releases;
mod snapshots;
mod trust;
