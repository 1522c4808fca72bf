//! The distinct events of a file, and what is said of the lines that hold none.

#[expect(
    clippy::disallowed_types,
    reason = "its order is never observed: only whether it has an id"
)]
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use indicatif::ProgressBar;
use waymark_model::{Event, Timestamp, fnv1a64};
use waymark_wire::{LINE_BYTES, WireError};

use crate::error::CliError;
use crate::input::{Lines, open};
use crate::print;

/// Bad lines that are reported one by one; the others are only counted.
const DETAILED: u64 = 100;

/// Reads a file of events once, in the order of arrival.
pub(crate) struct Events {
    lines: Lines,
    seen: Seen,
    bar: ProgressBar,
    /// The newest event that could be read.
    pub newest: Option<Timestamp>,
    /// Events whose message id was there before.
    pub duplicates: u64,
    /// Lines that hold no event.
    pub rejected: u64,
}

impl Events {
    /// `bar` is told of the file's size and of every byte read of it.
    pub(crate) fn open(path: &str, bar: ProgressBar) -> Result<Self, CliError> {
        let (from, size) = open(path)?;
        if let Some(size) = size {
            bar.set_length(size);
        }
        let lines = Lines::of(path, Box::new(bar.wrap_read(from)), LINE_BYTES)?;
        let seen = Seen::default();
        Ok(Self { lines, seen, bar, newest: None, duplicates: 0, rejected: 0 })
    }

    /// The next event that was not there before. Lines that cannot be read are reported on the
    /// standard error and passed over.
    pub(crate) fn next(&mut self) -> Result<Option<Event>, CliError> {
        while let Some(line) = self.lines.next()? {
            let event = match line.event() {
                Ok(event) => event,
                Err(error) => {
                    let number = line.number;
                    self.reject(number, &error);
                    continue;
                }
            };
            self.newest = self.newest.max(Some(event.time));
            if self.seen.insert(&event.id) {
                return Ok(Some(event));
            }
            self.duplicates += 1;
        }
        if let Some(more) = self.rejected.checked_sub(DETAILED).filter(|more| *more > 0) {
            let more = print::counted(more, "more line");
            self.bar.suspend(|| eprintln!("{more} could not be read"));
        }
        Ok(None)
    }

    fn reject(&mut self, number: u64, error: &WireError) {
        self.rejected += 1;
        if self.rejected <= DETAILED {
            let message = print::printable(&error.message);
            let code = error.code();
            self.bar.suspend(|| eprintln!("line {number}: {code}: {message}"));
        }
    }
}

/// Message ids that were there, each as its FNV-1a: eight bytes instead of some forty. Of ten million
/// ids, two share a hash by chance in three runs of a million. Who crafts one can suppress a
/// stranger's event, but can do that as well by sending the stranger's id.
#[derive(Default)]
#[expect(
    clippy::disallowed_types,
    reason = "its order is never observed: only whether it has an id"
)]
struct Seen(HashSet<u64, BuildHasherDefault<AsIs>>);

impl Seen {
    /// Whether it is the first of its id.
    fn insert(&mut self, id: &str) -> bool {
        self.0.insert(fnv1a64(id.as_bytes()))
    }
}

/// A hash is not hashed again.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = fnv1a64(bytes);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
