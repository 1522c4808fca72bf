//! The machine: its clock and its environment. Nothing else here asks it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use waymark_model::Timestamp;

/// The time of day.
#[expect(
    clippy::disallowed_methods,
    reason = "the command is a host: it is where `now` comes from"
)]
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(Timestamp::JS_LIMIT))
}

/// Measures how long something took.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "the command is a host: it measures")]
    pub(crate) fn started() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A variable of the environment; `None` when it is not set or not text.
#[expect(clippy::disallowed_methods, reason = "the command is a host: it reads the environment")]
pub(crate) fn variable(name: &str) -> Option<String> {
    // The standard library panics at these.
    if name.is_empty() || name.contains(['=', '\0']) {
        return None;
    }
    std::env::var(name).ok()
}
