//! What conditions refer to besides features: regular expressions, groups and time zones.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use waymark_engine::member_hash;
use waymark_engine::program::{Group, Pattern, ZoneId, ZoneTable};
use waymark_model::{Span, Timestamp};

use crate::condition::Zone;
use crate::pack::Pack;

/// Zones are written down for these years. Before and after them the first and the last offset stand.
const YEARS: [i16; 2] = [2000, 2070];
const UTC: &str = "UTC";

#[derive(Debug)]
pub(super) struct References {
    pub patterns: Vec<Pattern>,
    pub groups: Vec<Group>,
    pub zones: Vec<ZoneTable>,
    pack_zone: String,
    members: BTreeMap<String, Vec<u64>>,
    known_groups: BTreeMap<String, u32>,
    known_patterns: BTreeMap<(String, bool), u32>,
}

impl References {
    pub fn of(pack: &Pack) -> Self {
        let hashes = |values: &[waymark_model::Value]| {
            let mut hashes: Vec<u64> = values.iter().map(member_hash).collect();
            hashes.sort_unstable();
            hashes.dedup();
            hashes
        };
        Self {
            patterns: Vec::new(),
            groups: Vec::new(),
            zones: Vec::new(),
            pack_zone: pack.timezone.clone().unwrap_or_else(|| UTC.to_owned()),
            members: pack.groups.iter().map(|g| (g.id.clone(), hashes(&g.values))).collect(),
            known_groups: BTreeMap::new(),
            known_patterns: BTreeMap::new(),
        }
    }

    pub fn pattern(&mut self, pattern: &Pattern) -> u32 {
        let key = (pattern.source.clone(), pattern.folded);
        *self.known_patterns.entry(key).or_insert_with(|| {
            self.patterns.push(pattern.clone());
            number(self.patterns.len() - 1)
        })
    }

    pub fn group(&mut self, id: &str) -> u32 {
        if let Some(known) = self.known_groups.get(id) {
            return *known;
        }
        let members = self.members.get(id).cloned().unwrap_or_default();
        self.groups.push(Group { id: id.to_owned(), members });
        let group = number(self.groups.len() - 1);
        self.known_groups.insert(id.to_owned(), group);
        group
    }

    /// The pack's own zone stands in for the visitor's where the host knows none, so it is there as
    /// soon as any is.
    pub fn zone(&mut self, zone: &Zone) -> ZoneId {
        if self.zones.is_empty() {
            self.zones.push(table(&self.pack_zone));
        }
        let name = match zone {
            Zone::Visitor => return ZoneId::VISITOR,
            Zone::Pack => return ZoneId::PACK,
            Zone::Named(name) => name,
        };
        let at = self.zones.iter().position(|have| have.name == *name).unwrap_or_else(|| {
            self.zones.push(table(name));
            self.zones.len() - 1
        });
        ZoneId(number(at) + 1)
    }
}

/// A zone of the tz database. The reader of the pack has looked it up before.
fn table(name: &str) -> ZoneTable {
    let zone = TimeZone::get(name).unwrap_or(TimeZone::UTC);
    let instant = |year: i16| {
        let date = jiff::civil::date(year, 1, 1);
        date.to_zoned(TimeZone::UTC).map_or(jiff::Timestamp::UNIX_EPOCH, |at| at.timestamp())
    };
    let [first, last] = YEARS.map(instant);
    let span = |offset: jiff::tz::Offset| Span(i64::from(offset.seconds()) * Span::SECOND.0);
    let mut table = ZoneTable {
        name: name.to_owned(),
        first: span(zone.to_offset(first)),
        changes: Vec::new(),
    };
    for change in zone.following(first).take_while(|change| change.timestamp() < last) {
        let offset = span(change.offset());
        let before = table.changes.last().map_or(table.first, |(_, offset)| *offset);
        // Some changes are of the name only.
        if offset != before {
            table.changes.push((Timestamp(change.timestamp().as_millisecond()), offset));
        }
    }
    table
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use waymark_model::{Span, Timestamp};

    use super::table;

    #[test]
    fn clocks_change_when_the_tz_database_says() {
        let berlin = table("Europe/Berlin");
        // 2026-10-25T01:00:00Z
        let change = Timestamp(1_792_890_000_000);
        assert_eq!(berlin.at(change.minus(Span(1))).offset, Span(2 * Span::HOUR.0));
        assert_eq!(berlin.at(change.minus(Span(1))).until, change);
        assert_eq!(berlin.at(change).offset, Span::HOUR);
        assert!(table("Asia/Singapore").changes.is_empty());
    }
}
