//! The pure engine of Waymark: a compiled pack ([`Program`]), what is known of a visitor
//! ([`State`]), and two functions over them: [`Engine::apply`] an event, and [`Engine::decide`]
//! what to show.
//!
//! The same program, the same accepted events and the same `now` give the same decision on every
//! target. So nothing here reads a clock, draws a random number, keeps an order that is not in the
//! data, or knows JSON. Packs are compiled by `waymark-pack`.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod assign;
mod assignment;
mod bits;
mod case;
mod channel;
mod context;
mod decide;
mod decision;
mod eligible;
mod evaluate;
pub mod explain;
mod flow;
mod membership;
mod numerals;
mod portrait;
pub mod program;
mod render;
mod reuse;
pub mod state;

pub use assignment::forced_by;
pub use case::fold_case;
pub use channel::Channel;
pub use context::Context;
pub use decision::{Assignment, Decision, Exposure, Reason, Rendered, SlotDecision, View};
pub use eligible::Prepared;
pub use evaluate::{Answer, Truth, member_hash, padded_version};
pub use flow::{Acted, Ended, Stepped};
pub use membership::Change;
pub use numerals::Numerals;
pub use program::{PackHash, Program};
pub use reuse::Latest;
pub use state::{Applied, Effects, Standing, State, Vocabulary};

/// Whether this is the whole engine, or the one of pages whose packs need only what most packs use.
///
/// What is behind it takes three fifths of the bytes. A Program says whether it needs it
/// ([`Program::needs_whole`]); a lean engine refuses one that does by name, so none comes out otherwise.
///
/// Some of what one place alone calls stays a function of its own in a lean engine
/// (`inline(never)`): functions with few variables compress better.
pub const WHOLE: bool = cfg!(not(feature = "lean"));

/// Whether a Program is looked through when it is read.
///
/// A page trusts the one of its own edge, which looked through it when it was published. What cannot be
/// followed traps, and the page goes on without an engine.
pub const CHECKS: bool = cfg!(not(feature = "trusting"));

/// A program and the host's way with numbers: what every evaluation needs.
#[derive(Debug, Clone, Copy)]
pub struct Engine<'p> {
    pub program: &'p Program,
    pub numerals: Numerals,
}

impl<'p> Engine<'p> {
    pub const fn new(program: &'p Program, numerals: Numerals) -> Self {
        Self { program, numerals }
    }
}
