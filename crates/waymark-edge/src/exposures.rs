//! Variations that the edge itself shows: who is led elsewhere never runs the page's script.

use std::collections::BTreeMap;

use waymark_engine::Exposure;
use waymark_model::{Event, Kind, Timestamp, fnv1a64};
use waymark_wire::{Basis, Problem, exposure_to_json, value_from_json};

use crate::edge::Edge;
use crate::identity::DEVICE;
use crate::ingest::stored;
use crate::ports::{Clock, Objects};
use crate::protocol::Incoming;

/// Logs them as events of the visitor, once each. Who cannot be counted is not led anywhere.
pub async fn log<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    visitor: &str,
    exposures: &[Exposure],
    now: Timestamp,
) -> Result<(), Problem> {
    let key = format!("{DEVICE}{visitor}");
    let object = edge.config.map.object_of_visitor(&key);
    let events = exposures.iter().map(|exposure| {
        let names = [visitor, &exposure.experiment, &exposure.variation, &now.0.to_string()];
        let id = format!("edge-{:016x}", fnv1a64(names.join("\n").as_bytes()));
        let mut event = Event::new(&id, Kind::Track, "Experiment Viewed", now);
        event.anonymous_id = Some(visitor.to_owned());
        let properties = value_from_json(&exposure_to_json(exposure));
        if let waymark_model::Value::Object(properties) = properties {
            event.properties = properties;
        }
        Incoming { visitor: key.clone(), basis: Basis::Browser, event: event.encode() }
    });
    stored(edge, now, BTreeMap::from([(object, events.collect())])).await.map(drop)
}
