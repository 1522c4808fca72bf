//! Bounds on what comes from outside. Every refusal names the limit it met.

/// Bytes of one event, as JSON or encoded.
pub const EVENT_BYTES: usize = 32 * 1024;
/// Bytes of one batch.
pub const BATCH_BYTES: usize = 500 * 1024;
/// Events in one batch.
pub const BATCH_EVENTS: usize = 2_500;
/// Objects and arrays inside each other.
pub const DEPTH: usize = 16;
/// Bytes of a message, anonymous or user id.
pub const ID_BYTES: usize = 256;
/// Bytes of an event's name.
pub const NAME_BYTES: usize = 256;
/// Bytes of a pack's JSON.
pub const PACK_BYTES: usize = 2 * 1024 * 1024;
/// Rules and experiments of a pack.
pub const RULES: usize = 10_000;
/// Bytes that what is remembered of one visitor can come to.
pub const STATE_BYTES: usize = 256 * 1024;
/// Bytes of an encoded Program.
pub const PROGRAM_BYTES: usize = 4 * 1024 * 1024;
