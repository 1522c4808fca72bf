//! Which part of a person somebody sees, by their role and by how sensitive the pack calls a trait.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};
use waymark_engine::PackHash;
use waymark_model::Event;
use waymark_wire::{Problem, event_to_json, format_timestamp};

use crate::edge::Edge;
use crate::ports::{Objects, Part};
use crate::protocol::{RegistryAsk, RegistryTold};
use crate::roles::Role;
use crate::{packs, problems};

const MASKED: &str = "•••";

#[derive(Debug)]
pub enum Sight {
    Everything,
    /// Of traits these; numbers, and what the pack itself has names for; nobody's words and ids.
    Traits(BTreeSet<String>),
}

impl Sight {
    pub async fn of<H: Objects>(
        edge: &Edge<'_, H>,
        role: Role,
        pack: PackHash,
    ) -> Result<Self, Problem> {
        if role == Role::Owner {
            return Ok(Self::Everything);
        }
        let ask = RegistryAsk::Part { hash: pack, part: Part::Source };
        let told = packs::ask(edge.host, &ask).await.map_err(problems::unavailable)?;
        let RegistryTold::Part(source) = told else { return Ok(Self::Traits(BTreeSet::new())) };
        let source = String::from_utf8(source.unwrap_or_default()).unwrap_or_default();
        let data = waymark_pack::compile(&source).map(|compiled| compiled.data).unwrap_or_default();
        let allowed = &edge.config.viewer_sees;
        let seen = data
            .into_iter()
            .filter(|datum| datum.sensitivity.as_ref().is_some_and(|one| allowed.contains(one)));
        Ok(Self::Traits(seen.map(|datum| datum.name).collect()))
    }

    pub fn of_trait(&self, name: &str, value: Json) -> Json {
        match self {
            Self::Traits(seen) if !seen.contains(&format!("traits.{name}")) => MASKED.into(),
            _ => value,
        }
    }

    /// Texts and lists may be what somebody wrote of themselves.
    pub fn of_value(&self, value: Json) -> Json {
        match (self, &value) {
            (Self::Traits(_), Json::String(_) | Json::Array(_) | Json::Object(_)) => MASKED.into(),
            _ => value,
        }
    }

    /// A visitor's key; or only of what kind it is.
    pub fn of_key<'k>(&self, key: &'k str) -> &'k str {
        match self {
            Self::Everything => key,
            Self::Traits(_) => key.split(':').next().unwrap_or_default(),
        }
    }

    /// An event; or what was done and when, and not what was said with it.
    pub fn of_event(&self, event: &Event) -> Json {
        match self {
            Self::Everything => event_to_json(event),
            Self::Traits(_) => json!({
                "type": event.kind.name(),
                "event": event.name,
                "timestamp": format_timestamp(event.time),
            }),
        }
    }
}
