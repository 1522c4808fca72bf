//! The Segment spec on the wire: JSON to and from the model.
//!
//! What it is: bytes of a call, a batch or an NDJSON line in, [`waymark_model::Event`]s out, each
//! refusal with a stable code, a JSON pointer and a sentence that says how to mend it. Pure: no
//! clock (`received` is an argument), no I/O. What it is not: it checks no key and no signature,
//! drops nothing for want of consent (it reports what the sender claims) and knows no pack.
//!
//! ```
//! use waymark_model::Timestamp;
//! use waymark_wire::{Basis, parse_batch};
//!
//! let body = br#"{"writeKey": "k", "batch": [
//!     {"type": "track", "event": "Product Viewed", "anonymousId": "a1", "messageId": "m1"},
//!     {"type": "trcak", "event": "Typo", "anonymousId": "a1"}
//! ]}"#;
//! let batch = parse_batch(body, Timestamp(1_700_000_000_000), Basis::Browser).unwrap();
//! assert_eq!(batch.events[0].event.name, "Product Viewed");
//! assert_eq!(batch.rejected[0].error.code(), "unknown-type");
//! assert_eq!(batch.rejected[0].error.pointer, "/batch/1/type");
//! ```
//!
//! # How JSON is read
//!
//! * Of a key given twice the last value stays, as `JSON.parse` has it.
//! * Every number is a double. An integer past 2^53 becomes the nearest one, `-0` becomes `0`, and
//!   a number that no double can hold (`1e999`) is `bad-json`.
//! * A `\u` escape that is half of a surrogate pair (`JSON.stringify` writes them) is read as
//!   U+FFFD.
//! * A UTF-8 byte order mark is skipped. Other encodings are `bad-json`.
//! * [`DEPTH`](waymark_model::limits::DEPTH) bounds each member that is kept; members that are not
//!   kept may nest as they like, and cost no stack.
//! * A `null` member is an absent one, and so is an empty id.
//! * Values the model cannot get from JSON (`NaN`, infinities) are written as `null`.
//!
//! # How an event is read
//!
//! * Ids may be numbers: they become the text that JavaScript's `String(number)` gives.
//! * `identify` and `group` carry `traits`, the others `properties`; both become
//!   [`Event::properties`](waymark_model::Event::properties). `name` and `category` of a page or
//!   screen, `groupId` of a group and `previousId` of an alias are kept there too. `integrations`
//!   and members that are not of the spec are not kept.
//! * An event's time is `timestamp` (else `originalTimestamp`), moved by `received - sentAt` when
//!   `sentAt` is given, because then both come from the sender's clock; without either it is
//!   `received`. It never lies after `received`. From a browser key it may not lie more than
//!   [`BACK_DATE`] before it.
//! * An event without `messageId` gets `wm-` and 16 hex digits: FNV-1a of its type, name, ids,
//!   time as sent (not as corrected, which would differ for each retry) and properties. So two
//!   such events that are alike at one millisecond count once.
//! * A batch's `context` fills what the events' own contexts lack. Consent is
//!   `context.consent.categoryPreferences`, with Waymark's purposes as category ids; see
//!   [`consent_in`].
//! * `deviceKey`, beside `writeKey`, is Waymark's own. It is handed over and never kept.

mod batch;
mod clock;
mod consent;
mod decision;
mod error;
mod event;
mod explanation;
mod fields;
mod instant;
mod play;
mod problem;
mod text;
mod value;
mod zone;

pub use batch::{Accepted, Batch, Rejected, SHARED_BYTES, parse_batch, parse_call};
pub use clock::{BACK_DATE, Basis};
pub use consent::{consent_from_json, consent_in, consent_to_json};
pub use decision::{
    Told, acted_to_json, context_from_json, decision_to_json, device_zone, exposure_to_json,
    view_to_json,
};
pub use error::{Code, WireError};
pub use event::{LINE_BYTES, event_to_json, parse_line};
pub use explanation::explanation_to_json;
pub use instant::{format_timestamp, parse_timestamp, timestamp_from_json};
pub use play::{Played, play};
pub use problem::{PROBLEM_MEDIA_TYPE, Problem};
pub use value::{object_from_json, object_to_json, parse_object, value_from_json, value_to_json};
pub use zone::{zone_at, zoned};
