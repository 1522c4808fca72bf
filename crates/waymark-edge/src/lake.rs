//! Events leave for the lake, and sums for reports.
//!
//! A file of the lake is `events/day=2026-11-30/shard=0007/<object>-<first>-<last>.ndjson.gz`: the events that a shard
//! took in on a day, a line each, as `GET /admin/v1/export` writes them. An erasure is
//! `erased/<SHA-256 of the key>.json`, for `waymark lake compact` to carry out.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use waymark_model::{Event, Span, Timestamp};
use waymark_wire::{Basis, Problem, event_to_json, format_timestamp};

use crate::edge::Edge;
use crate::identity::hex;
use crate::ports::{Clock, Grave, Lake, Objects, Reports};
use crate::problems;
use crate::protocol::{DrainStep, Draining, ShardAsk, ShardTold, Stored};
use crate::shard_map::ShardMap;

/// Files of one call; an alarm goes on where there are more.
const STEPS: usize = 8;

/// Until nothing is due. Gives when there is something to do again, if nothing else happens.
pub async fn drain<H: Clock + Objects + Lake + Reports>(
    edge: &Edge<'_, H>,
    object: u16,
    age: Span,
) -> Result<Option<Timestamp>, Problem> {
    for _ in 0..STEPS {
        let ask = ShardAsk::Drain { at: edge.host.now(), age };
        let draining = match edge.shard(object, ask).await? {
            ShardTold::Drain(draining) => draining,
            other => return Err(problems::unexpected(&other)),
        };
        let step = carry(edge, object, &draining).await?;
        if step == DrainStep::default() {
            return Ok(draining.due);
        }
        edge.shard(object, ShardAsk::Drained(step)).await?;
    }
    Ok(Some(edge.host.now()))
}

async fn carry<H: Objects + Lake + Reports>(
    edge: &Edge<'_, H>,
    object: u16,
    draining: &Draining,
) -> Result<DrainStep, Problem> {
    let mut step = DrainStep::default();
    if let Some((after, last, day)) = draining.range {
        if edge.host.has_lake() && !draining.events.is_empty() {
            let name = file_name(object, draining.made, (after + 1, last), day);
            let put = edge.host.put(&name, gzip(&lines(&draining.events))).await;
            put.map_err(problems::unavailable)?;
        }
        step.drained = Some(last);
    }
    for Grave { seq, key, at } in &draining.graves {
        if edge.host.has_lake() {
            let body = json!({ "key": hash(key), "at": format_timestamp(*at) });
            let put = edge.host.put(&grave_name(key), body.to_string().into_bytes()).await;
            put.map_err(problems::unavailable)?;
        }
        step.buried.push(*seq);
    }
    if let Some(last) = draining.sums.last()
        && edge.host.has_reports()
    {
        let shard = ShardMap::name(object);
        let put = edge.host.put_sums(&shard, draining.made, &draining.sums).await;
        put.map_err(problems::unavailable)?;
        step.reported = Some(last.version);
    }
    Ok(step)
}

fn file_name(object: u16, made: u64, (first, last): (u64, u64), day: i64) -> String {
    let day = format_timestamp(Timestamp(day * Span::DAY.0));
    let day = day.as_deref().map_or("unknown", |day| &day[..10]);
    format!("events/day={day}/shard={object:04}/{made:x}-{first:012}-{last:012}.ndjson.gz")
}

fn grave_name(key: &str) -> String {
    format!("erased/{}.json", hash(key))
}

/// Who it is, for whoever has the key.
fn hash(key: &str) -> String {
    hex(&Sha256::digest(key.as_bytes()))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Stored events, a line each.
pub fn lines(events: &[Stored]) -> Vec<u8> {
    let mut lines = Vec::new();
    for stored in events {
        let Some(line) = line(stored) else { continue };
        lines.extend_from_slice(line.to_string().as_bytes());
        lines.push(b'\n');
    }
    lines
}

/// An event in Segment's shape, with when it came, under which key it is kept and who said so.
fn line(stored: &Stored) -> Option<Json> {
    let item = &stored.event;
    let mut line = event_to_json(&Event::decode(&item.event).ok()?);
    line["receivedAt"] = format_timestamp(stored.received).into();
    let mut kept = json!({
        "visitor": item.visitor,
        "basis": match item.basis { Basis::Browser => "browser", Basis::Server => "server" },
    });
    if let Some(user) = &item.user {
        kept["user"] = user.as_str().into();
    }
    if !item.previous.is_empty() {
        kept["previous"] = item.previous.clone().into();
    }
    line["kept"] = kept;
    Some(line)
}
