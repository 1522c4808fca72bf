//! Time zones that a pack names, as the moments at which their clocks change.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Reader, Span, Timestamp, Writer, Zone};

use super::codec::refuse;

/// A zone from beginning to end: what it was before the first change, and from each change on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneTable {
    /// In the tz database, for people.
    pub name: String,
    pub first: Span,
    /// In the order of time.
    pub changes: Vec<(Timestamp, Span)>,
}

impl ZoneTable {
    pub fn at(&self, now: Timestamp) -> Zone {
        let next = self.changes.partition_point(|(from, _)| *from <= now);
        Zone {
            offset: next.checked_sub(1).map_or(self.first, |at| self.changes[at].1),
            until: self.changes.get(next).map_or(Timestamp::MAX, |(from, _)| *from),
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.text(&self.name);
        out.signed(self.first.0);
        let mut last = 0;
        out.list(&self.changes, |out, (from, offset)| {
            out.signed(from.0.wrapping_sub(last));
            out.signed(offset.0);
            last = from.0;
        });
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        let (name, first) = (input.string(), Span(input.signed()));
        let mut last = 0_i64;
        let changes = input.list(|input| {
            last = last.wrapping_add(input.signed());
            (Timestamp(last), Span(input.signed()))
        });
        let far = |offset: Span| offset.0.unsigned_abs() > Zone::FURTHEST.0.unsigned_abs();
        if !changes.is_sorted_by(|a, b| a.0 < b.0)
            || far(first)
            || changes.iter().any(|(_, offset)| far(*offset))
        {
            refuse(input, "bad-zone", ());
        }
        Self { name, first, changes }
    }
}
