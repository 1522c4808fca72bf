//! What a pack reads of visitors: for the people who answer for it.

use std::collections::{BTreeMap, BTreeSet};

use waymark_model::Purpose;

use crate::declared::{Declared, Type};
use crate::lint::{Names, Read, read_by, read_by_destination, read_by_flow, read_by_rule};
use crate::pack::Pack;

/// By kind, then by name.
pub type DataMap = Vec<Datum>;

/// One thing that is read of visitors, or declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datum {
    pub kind: DatumKind,
    pub name: String,
    /// What it is collected for; `None` when the pack does not say.
    pub purposes: Option<Vec<Purpose>>,
    /// As the pack calls it.
    pub sensitivity: Option<String>,
    /// The declared type of a trait: `string`, `number`, `boolean`, `date`, `array` or `object`.
    pub ty: Option<&'static str>,
    /// The declared properties of an event, with their types.
    pub properties: Vec<(String, Option<&'static str>)>,
    pub kept: Kept,
    /// Who reads it, as `rule vip-hero`.
    pub readers: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DatumKind {
    Event,
    Trait,
    /// What a page, a device, a campaign, a place or a clock tells.
    Signal,
}

/// Where it is kept once the visitor has allowed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Events at the edge; what is remembered of them on the device, too.
    Remembered,
    /// Events at the edge, and nothing is made of them.
    Log,
    DeviceAndEdge,
    Edge,
    /// It is looked at when something is decided.
    Nowhere,
}

impl DatumKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Trait => "trait",
            Self::Signal => "signal",
        }
    }
}

impl Kept {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Remembered => "remembered",
            Self::Log => "log",
            Self::DeviceAndEdge => "device-and-edge",
            Self::Edge => "edge",
            Self::Nowhere => "nowhere",
        }
    }
}

pub(crate) fn of(pack: &Pack, declared: &Declared) -> DataMap {
    let names = Names::of(pack);
    let mut readers: BTreeMap<Read, BTreeSet<String>> = BTreeMap::new();
    let mut note = |who: String, reads: BTreeSet<Read>| {
        for read in reads {
            readers.entry(read).or_default().insert(who.clone());
        }
    };
    for segment in &pack.segments {
        note(format!("segment {}", segment.id), read_by(&names, segment.when.as_ref()));
    }
    for stage in &pack.journey.stages {
        note(format!("stage {}", stage.id), read_by(&names, stage.enter.as_ref()));
    }
    for feature in &pack.features {
        let events = feature.definition.occurrences().filter_map(|on| on.event.clone());
        note(format!("feature {}", feature.id), events.map(Read::Event).collect());
    }
    for rule in &pack.rules {
        note(format!("rule {}", rule.id), read_by_rule(&names, rule));
    }
    for flow in &pack.flows.all {
        note(format!("{} {}", flow.kind.name(), flow.id), read_by_flow(&names, flow));
    }
    for destination in &pack.flows.destinations {
        let who = format!("destination {}", destination.id);
        note(who, read_by_destination(&names, destination));
    }
    for metric in &pack.metrics {
        let event = Read::Event(metric.event.clone());
        note(format!("metric {}", metric.id), BTreeSet::from([event]));
    }
    for name in declared.events.iter().flat_map(BTreeMap::keys) {
        readers.entry(Read::Event(name.clone())).or_default();
    }
    for name in declared.attributes.iter().flat_map(BTreeMap::keys) {
        readers.entry(Read::Trait(name.clone())).or_default();
    }
    readers.into_iter().map(|(read, readers)| datum(read, readers, declared)).collect()
}

fn datum(read: Read, readers: BTreeSet<String>, declared: &Declared) -> Datum {
    let readers: Vec<String> = readers.into_iter().collect();
    match read {
        Read::Event(name) => {
            let event = declared.events.as_ref().and_then(|events| events.get(&name));
            let properties = event.and_then(|event| event.properties.as_ref());
            // Metrics are worked out where the events lie.
            let remembered = readers.iter().any(|who| !who.starts_with("metric "));
            Datum {
                kind: DatumKind::Event,
                purposes: event.and_then(|event| event.purposes.clone()),
                sensitivity: None,
                ty: None,
                properties: properties
                    .into_iter()
                    .flatten()
                    .map(|(name, ty)| (name.clone(), ty.map(Type::name)))
                    .collect(),
                kept: if remembered { Kept::Remembered } else { Kept::Log },
                readers,
                name,
            }
        }
        Read::Trait(name) => Datum {
            kind: DatumKind::Trait,
            purposes: declared.purposes_of_trait(&name).cloned(),
            sensitivity: declared.sensitivities.get(&name).cloned(),
            ty: declared.attributes.as_ref().and_then(|all| all.get(&name)?.map(Type::name)),
            properties: Vec::new(),
            kept: if declared.edge_traits.contains(&name) {
                Kept::Edge
            } else {
                Kept::DeviceAndEdge
            },
            readers,
            name,
        },
        Read::Signal(name) => Datum {
            kind: DatumKind::Signal,
            purposes: None,
            sensitivity: None,
            ty: None,
            properties: Vec::new(),
            kept: Kept::Nowhere,
            readers,
            name,
        },
    }
}
