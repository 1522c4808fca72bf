//! The visitor's time zone, by the name that they, their device or their address has.

use jiff::tz::TimeZone;
use waymark_engine::program::Root;
use waymark_engine::{Context, State};
use waymark_model::{Span, Timestamp, Value, Zone};

/// The trait, and the key of `geo`, that hold the name of a zone.
const KEY: &str = "timezone";

/// What a zone of the tz database is at a moment; `None` for a name that is none.
pub fn zone_at(name: &str, now: Timestamp) -> Option<Zone> {
    let zone = TimeZone::get(name).ok()?;
    let at = jiff::Timestamp::from_millisecond(now.0).ok()?;
    let next = zone.following(at).next();
    Some(Zone {
        offset: Span(i64::from(zone.to_offset(at).seconds()) * Span::SECOND.0),
        until: next.map_or(Timestamp::MAX, |change| Timestamp(change.timestamp().as_millisecond())),
    })
}

/// Gives a context its zone: the visitor's own word (`traits.timezone`), else their device's, else
/// that of where they are (`geo.timezone`). Without any the pack's stands in.
#[must_use]
pub fn zoned(context: Context, device: Option<&str>, state: &State, now: Timestamp) -> Context {
    let said = state.fold().traits.values().get(KEY);
    let place = match context.values.get(Root::Geo.name()) {
        Some(Value::Object(geo)) => geo.get(KEY),
        _ => None,
    };
    let names = [said.and_then(Value::as_text), device, place.and_then(Value::as_text)];
    let zone = names.into_iter().flatten().find_map(|name| zone_at(name, now));
    Context { zone, ..context }
}

#[cfg(test)]
mod tests {
    use waymark_model::{Span, Timestamp};

    use super::zone_at;

    #[test]
    fn a_zone_says_when_it_changes() {
        // 2026-11-22T12:00:00Z
        let now = Timestamp(1_795_348_800_000);
        let sydney = zone_at("Australia/Sydney", now).unwrap();
        assert_eq!(sydney.offset, Span(11 * Span::HOUR.0));
        // 2027-04-03T16:00:00Z
        assert_eq!(sydney.until, Timestamp(1_806_768_000_000));
        assert_eq!(zone_at("Asia/Singapore", now).unwrap().until, Timestamp::MAX);
        assert_eq!(zone_at("Mars/Olympus", now), None);
    }
}
