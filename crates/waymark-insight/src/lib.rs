//! Statistics over journeys.
//!
//! What it is: numbers about many visitors, from their states, so that a shard of the edge, a replay
//! and a report count alike; and what their journeys come to under a pack ([`simulation`]). Pure: no
//! I/O, no clock. What it is not: it says nothing of one visitor (that is `Engine::explain`) and keeps
//! none of them.
//!
//! ```
//! use waymark_engine::{Context, Engine, Numerals, Program};
//! use waymark_insight::Tally;
//! use waymark_model::{Event, Kind, Timestamp};
//!
//! let program = Program::default().indexed();
//! # let numerals = Numerals { parse: |_| f64::NAN, print: |number| number.to_string() };
//! let engine = Engine::new(&program, numerals);
//! let mut state = engine.new_state();
//! engine.apply(&mut state, &Event::new("m1", Kind::Page, "Page Viewed", Timestamp(0)));
//!
//! let mut tally = Tally::of(&program);
//! tally.add_visitor(engine, &state, &Context::default(), Timestamp(1_000));
//! assert_eq!((tally.visitors, tally.events, tally.sessions), (1, 1, 1));
//! ```

pub mod simulation;
mod tally;

pub use tally::{KEEP, Tally};
