//! The vocabulary of Waymark: events, values, time, money, consent, and their binary form.
//!
//! Types only. Nothing here decides, stores, sends, parses JSON or reads a clock.
//!
//! ```
//! use waymark_model::{Event, Kind, Timestamp, Value};
//!
//! let mut event = Event::new("m1", Kind::Track, "Product Viewed", Timestamp(0));
//! event.properties.insert("price", Value::Number(42.0));
//! let bytes = event.encode();
//! assert_eq!(Event::decode(&bytes), Ok(event));
//! ```

#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod codec;
mod consent;
mod event;
mod fixed;
mod hash;
pub mod limits;
mod time;
mod value;
mod zone;

pub use codec::{DecodeError, Reader, Writer};
pub use consent::{Purpose, Purposes};
pub use event::{Event, EventKey, Kind};
pub use fixed::Fixed;
pub use hash::{fnv1a64, fnv1a64_on};
pub use time::{Span, Timestamp};
pub use value::{Object, Value};
pub use zone::{Date, Local, Moment, Zone, weekday};
