//! GrowthBook's payload, as its SDKs download it: a slot for each feature and experiment.
//!
//! | there | here |
//! |---|---|
//! | a feature's default value | the slot's default, `json` content; null keeps what is there |
//! | attributes | traits: `country` is `traits.country` |
//! | rules, in their order | rules by priority, with the ids that GrowthBook gave them |
//! | `coverage`, `range`, `filters` | `filters` |
//! | experiments | experiments: seeds, hash versions and ranges stay, and with them the buckets |
//! | prerequisites | `needs` of what the other slot shows; a gate is a rule that shows nothing |
//! | saved groups | `groups` |
//! | redirects | slots with `redirect` content and a condition on `page.url` |
//! | contextual bandits | an experiment's `contexts`, with the weights of the file |

mod condition;
mod experiment;
mod features;
mod urls;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use condition::Groups;
pub use condition::{holds, identified};

#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether the SDKs there kept sticky buckets: then visitors keep their variations here, and
    /// fallback attributes count.
    pub sticky: bool,
}

/// A pack, and what is to be said about it.
#[derive(Debug)]
pub struct Imported {
    /// JSON, laid out as packs are.
    pub pack: String,
    pub notes: Vec<Note>,
    /// What became what: by the id of a rule or experiment of the pack.
    pub origins: BTreeMap<String, Origin>,
}

/// What could not be carried over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The feature or experiment.
    pub of: String,
    pub message: String,
}

/// Where a rule of the pack came from.
#[derive(Debug, Clone, PartialEq)]
pub struct Origin {
    pub kind: Kind,
    /// The rule's own id, if it had one.
    pub rule_id: String,
    /// The rule or experiment as it was.
    pub definition: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Force,
    Experiment,
    /// Shows nothing while a prerequisite is not met.
    Gate,
    /// Shows nothing: the prerequisites go in a circle.
    Circle,
}

/// Turns a payload into a pack.
pub fn import(payload: &Value, options: &Options) -> Imported {
    let mut importing = Importing::of(payload, options);
    importing.features();
    importing.experiments();
    importing.finish()
}

/// A pack in the making.
struct Importing<'a> {
    payload: &'a Value,
    options: &'a Options,
    groups: Groups<'a>,
    slots: Map<String, Value>,
    content: Map<String, Value>,
    rules: Vec<Value>,
    tests: Map<String, Value>,
    /// The values that each slot can show, at the number of their content.
    values: BTreeMap<String, Vec<Value>>,
    notes: Vec<Note>,
    origins: BTreeMap<String, Origin>,
}

impl<'a> Importing<'a> {
    fn of(payload: &'a Value, options: &'a Options) -> Self {
        Self {
            payload,
            options,
            groups: Groups(payload.get("savedGroups")),
            slots: Map::new(),
            content: Map::new(),
            rules: Vec::new(),
            tests: Map::new(),
            values: BTreeMap::new(),
            notes: Vec::new(),
            origins: BTreeMap::new(),
        }
    }

    fn note(&mut self, of: &str, message: impl Into<String>) {
        self.notes.push(Note { of: of.to_owned(), message: message.into() });
    }

    /// The content that stands for a value in a slot, which is made when it is first asked for.
    fn content_of(&mut self, slot: &str, value: &Value) -> String {
        let known = self.values.entry(slot.to_owned()).or_default();
        let number = known.iter().position(|known| known == value).unwrap_or_else(|| {
            known.push(value.clone());
            known.len() - 1
        });
        let id = content_id(slot, number);
        if !self.content.contains_key(&id) {
            if holds_insert(value) {
                self.note(slot, "a value holds `{{`, which a pack takes for an insert");
            }
            self.content.insert(id.clone(), json!({ "slot": slot, "json": value }));
        }
        id
    }

    /// An id that no other rule or experiment has.
    fn unique(&self, wanted: &str) -> String {
        let free = |id: &String| !self.origins.contains_key(id);
        let numbered = (2..).map(|number| format!("{wanted}-{number}"));
        std::iter::once(wanted.to_owned()).chain(numbered).find(free).unwrap_or_default()
    }

    fn finish(self) -> Imported {
        let mut pack = Map::new();
        pack.insert("pack".to_owned(), json!("growthbook"));
        if let Some(groups) = self.groups.for_pack() {
            pack.insert("groups".to_owned(), groups);
        }
        pack.insert("slots".to_owned(), self.slots.into());
        pack.insert("content".to_owned(), self.content.into());
        pack.insert("rules".to_owned(), self.rules.into());
        pack.insert("experiments".to_owned(), self.tests.into());
        let pack = Value::from(pack);
        let text = format!("{pack:#}\n");
        Imported { pack: text, notes: self.notes, origins: self.origins }
    }
}

fn content_id(slot: &str, number: usize) -> String {
    format!("{slot} = {number}")
}

fn holds_insert(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{"),
        Value::Array(items) => items.iter().any(holds_insert),
        Value::Object(members) => members.values().any(holds_insert),
        _ => false,
    }
}
