//! Variations that the edge itself shows: who is led elsewhere never runs the page's script.

use std::collections::BTreeMap;

use waymark_engine::program::Body;
use waymark_engine::{Decision, Exposure, View};
use waymark_model::{Event, Kind, Timestamp, fnv1a64};
use waymark_wire::{Basis, Problem, exposure_to_json, value_from_json, view_to_json};

use crate::edge::Edge;
use crate::identity::ANONYMOUS;
use crate::ingest::stored;
use crate::ports::{Clock, Objects};
use crate::protocol::Incoming;

/// What a visitor is shown before they are led on.
#[derive(Debug, Default)]
pub struct Shown {
    pub exposures: Vec<Exposure>,
    pub views: Vec<View>,
}

impl Shown {
    /// What of a decision leads elsewhere.
    pub fn add(&mut self, decision: &Decision) {
        let leads = |id: &str| {
            let slot = decision.slots.iter().find(|slot| slot.slot == id);
            let body = slot.and_then(|slot| slot.body.as_ref());
            body.is_some_and(|body| body.body == Body::Redirect)
        };
        let exposures = decision.exposures.iter().filter(|exposure| leads(&exposure.slot));
        self.exposures.extend(exposures.cloned());
        self.views.extend(decision.views.iter().filter(|view| leads(&view.slot)).cloned());
    }

    pub const fn is_empty(&self) -> bool {
        self.exposures.is_empty() && self.views.is_empty()
    }
}

/// Logs them as events of the visitor, once each. Who cannot be counted is not led anywhere.
pub async fn log<H: Clock + Objects>(
    edge: &Edge<'_, H>,
    visitor: &str,
    shown: &Shown,
    now: Timestamp,
) -> Result<(), Problem> {
    let key = format!("{ANONYMOUS}{visitor}");
    let object = edge.config.map.object_of_visitor(&key);
    let met = shown.exposures.iter().map(|exposure| {
        let ids = [exposure.experiment.as_str(), &exposure.variation];
        ("Experiment Viewed", ids, exposure_to_json(exposure))
    });
    let seen = shown
        .views
        .iter()
        .map(|view| (view.event(), [view.rule.as_str(), &view.content], view_to_json(view)));
    let events = met.chain(seen).map(|(name, ids, properties)| {
        let names = [name, visitor, ids[0], ids[1], &now.0.to_string()];
        let id = format!("edge-{:016x}", fnv1a64(names.join("\n").as_bytes()));
        let mut event = Event::new(&id, Kind::Track, name, now);
        event.anonymous_id = Some(visitor.to_owned());
        if let waymark_model::Value::Object(properties) = value_from_json(&properties) {
            event.properties = properties;
        }
        Incoming {
            visitor: key.clone(),
            basis: Basis::Browser,
            user: None,
            previous: Vec::new(),
            event: event.encode(),
        }
    });
    stored(edge, now, BTreeMap::from([(object, events.collect())])).await.map(drop)
}
