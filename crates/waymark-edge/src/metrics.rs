//! `GET /metrics`: how the edge is, in Prometheus' text format (version 0.0.4), for whoever has the operator's token.

use std::fmt::Write as _;

use futures_util::future::join_all;
use waymark_model::Timestamp;

use crate::counts::{self, FAMILIES, Family};
use crate::edge::Edge;
use crate::http::{Answer, Response};
use crate::packs;
use crate::ports::{Clock, Health, Objects};
use crate::protocol::{RegistryAsk, RegistryTold, ShardAsk, ShardTold};

/// A figure of each object.
struct Figure {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    of: fn(&Health, Timestamp) -> f64,
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus' numbers are doubles")]
const FIGURES: [Figure; 18] = [
    Figure {
        name: "waymark_events_total",
        kind: "counter",
        help: "Events that were taken in.",
        of: |health, _| health.counters.events as f64,
    },
    Figure {
        name: "waymark_duplicates_total",
        kind: "counter",
        help: "Events that had been taken in before.",
        of: |health, _| health.counters.duplicates as f64,
    },
    Figure {
        name: "waymark_late_total",
        kind: "counter",
        help: "Events that came too late for their profile to put them in order.",
        of: |health, _| health.counters.late as f64,
    },
    Figure {
        name: "waymark_batches",
        kind: "gauge",
        help: "Batches of events that are stored.",
        of: |health, _| health.counters.batches as f64,
    },
    Figure {
        name: "waymark_profiles",
        kind: "gauge",
        help: "Ids with a profile, or part in one.",
        of: |health, _| health.profiles as f64,
    },
    Figure {
        name: "waymark_shard_bytes",
        kind: "gauge",
        help: "Size of the object's database; the platform's limit is 10 GB.",
        of: |health, _| health.bytes as f64,
    },
    Figure {
        name: "waymark_outbox_messages",
        kind: "gauge",
        help: "Messages to other shards that have not arrived.",
        of: |health, _| health.outbox as f64,
    },
    Figure {
        name: "waymark_outbox_age_seconds",
        kind: "gauge",
        help: "Since when the oldest of them waits.",
        of: |health, now| health.waiting_since.map_or(0.0, |since| now.since(since).0 as f64 / 1e3),
    },
    Figure {
        name: "waymark_unsettled_ids",
        kind: "gauge",
        help: "Ids of which it is not known yet whose they are.",
        of: |health, _| health.unsettled as f64,
    },
    Figure {
        name: "waymark_refused_events",
        kind: "gauge",
        help: "Events in quarantine.",
        of: |health, _| health.refused as f64,
    },
    Figure {
        name: "waymark_slots_moving",
        kind: "gauge",
        help: "Slots that have not come yet, or have not gone, after a change of SHARD_OBJECTS.",
        of: |health, _| health.moving as f64,
    },
    Figure {
        name: "waymark_actions_late_seconds",
        kind: "gauge",
        help: "Since when something is due that time has made due: actions, letters, tasks.",
        of: |health, now| {
            health.due_since.map_or(0.0, |due| (now.since(due).0 as f64 / 1e3).max(0.0))
        },
    },
    Figure {
        name: "waymark_letters",
        kind: "gauge",
        help: "Messages to other servers that have not arrived.",
        of: |health, _| health.letters as f64,
    },
    Figure {
        name: "waymark_letters_age_seconds",
        kind: "gauge",
        help: "Since when the oldest of them waits.",
        of: |health, now| health.letters_since.map_or(0.0, |since| now.since(since).0 as f64 / 1e3),
    },
    Figure {
        name: "waymark_dead_letters",
        kind: "gauge",
        help: "Messages that are not tried again.",
        of: |health, _| health.dead_letters as f64,
    },
    Figure {
        name: "waymark_open_tasks",
        kind: "gauge",
        help: "Tasks that nobody has done yet.",
        of: |health, _| health.open_tasks as f64,
    },
    Figure {
        name: "waymark_late_tasks",
        kind: "gauge",
        help: "Those of them that should have been done.",
        of: |health, _| health.late_tasks as f64,
    },
    Figure {
        name: "waymark_lake_age_seconds",
        kind: "gauge",
        help: "Since when the oldest batch waits to leave for the lake and for reports.",
        of: |health, now| {
            health.undrained_since.map_or(0.0, |since| now.since(since).0 as f64 / 1e3)
        },
    },
];

pub async fn metrics<H: Clock + Objects>(edge: &Edge<'_, H>) -> Answer {
    let now = edge.host.now();
    let calls =
        (0..edge.config.map.all_objects()).map(|object| edge.shard(object, ShardAsk::Health));
    // One that does not answer is a figure, too.
    let healths: Vec<Option<Health>> = join_all(calls)
        .await
        .into_iter()
        .map(|told| match told {
            Ok(ShardTold::Health(health)) => Some(health),
            _ => None,
        })
        .collect();
    let mut text = String::new();
    let mut figure =
        |name: &str, kind: &str, help: &str, of: &dyn Fn(&Option<Health>) -> Option<f64>| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for (object, health) in healths.iter().enumerate() {
                if let Some(value) = of(health) {
                    let _ = writeln!(text, "{name}{{shard=\"{object}\"}} {value}");
                }
            }
        };
    figure("waymark_shard_up", "gauge", "Whether the object answers.", &|health| {
        Some(f64::from(u8::from(health.is_some())))
    });
    for Figure { name, kind, help, of } in &FIGURES {
        figure(name, kind, help, &|health| Some(of(health.as_ref()?, now)));
    }
    pages(edge, &mut text).await;
    catalog(edge, now, &mut text).await;
    let mut response = Response::empty(200)
        .with_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        .with_header("Cache-Control", "no-store");
    response.body = text.into_bytes();
    Ok(response)
}

/// What became of pages, as far as isolates have told.
async fn pages<H: Clock + Objects>(edge: &Edge<'_, H>, text: &mut String) {
    // This one tells before it is asked; another tells within seconds.
    let told = counts::tell(edge).await;
    let counted = counts::all(edge).await;
    let (Ok(()), Ok(counted)) = (told, counted) else { return };
    for Family { name, help, label, values } in &FAMILIES {
        let _ = writeln!(
            text,
            "# HELP waymark_{name}_total {help}\n# TYPE waymark_{name}_total counter"
        );
        for value in *values {
            let count = counted.get(&format!("{name} {value}")).copied().unwrap_or_default();
            let _ = writeln!(text, "waymark_{name}_total{{{label}=\"{value}\"}} {count}");
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "Prometheus' numbers are doubles")]
async fn catalog<H: Objects>(edge: &Edge<'_, H>, now: Timestamp, text: &mut String) {
    let told = packs::ask(edge.host, &RegistryAsk::Catalog { key: None, now }).await;
    if let Ok(RegistryTold::Catalog { feed, derived, .. }) = told {
        let is_behind = derived.as_ref().is_some_and(|derived| derived.changes < feed.changes);
        let behind = if is_behind { now.since(feed.changed).0 as f64 / 1e3 } else { 0.0 };
        let is_broken = derived.is_some_and(|derived| derived.problem.is_some());
        let mut figure = |name: &str, help: &str, value: f64| {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
        };
        figure("waymark_catalog_rows", "Things that feeds have spoken of.", feed.rows as f64);
        figure("waymark_catalog_age_seconds", "Since when a change is not shown.", behind);
        let help = "Whether the feed's rows do not fit into the pack.";
        figure("waymark_catalog_broken", help, f64::from(u8::from(is_broken)));
    }
}
