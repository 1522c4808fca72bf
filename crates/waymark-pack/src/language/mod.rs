//! The shape of the language: its objects with their keys, its operators, its paths and its words,
//! each with the sentence that explains it.
//!
//! What may be written is said here and nowhere else. The readers refuse a key that is not described
//! and name those that are; the JSON Schema, the completion in editors and the tables of the
//! reference are made of the same descriptions. In a build with debug assertions a reader that asks
//! for a key that is not described panics, and so does one that finishes without having asked for a
//! key that is: no test passes over either.
//!
//! # Adding to the language
//!
//! * A key: one line in the [`Shape`] of its object, `needs(…)` or `may(…)`, and `take` in the reader.
//! * An object: a `static` [`Shape`], named by the [`Takes::Object`] of the key that holds it, and
//!   `Fields::of(node, &SHAPE, …)` in the reader.
//! * An operator: one line in [`LOGIC`], [`VISITOR`], [`EVENTS`], [`COMPARISONS`] or [`FEATURES`], with
//!   an example that a test compiles.
//! * A path that is read: one line in [`ROOTS`] or [`BUILT_IN`].
//!
//! Then `cargo xtask schema` writes `www/schema/pack-1.json` anew, and `cargo xtask docs` the reference.
//! A new diagnostic has a section with a broken and a mended pack in `docs/packs/diagnostics.md`.

mod aggregates;
mod channels;
mod conditions;
mod contents;
mod events;
mod experiments;
mod flows;
mod json;
mod models;
mod operators;
mod pack;
mod paths;
mod schema;
mod tests_of_packs;
mod value;

pub use aggregates::*;
pub use channels::*;
pub use conditions::*;
pub use contents::*;
pub use events::*;
pub use experiments::*;
pub use flows::*;
pub(crate) use json::quote;
pub use models::*;
pub use operators::*;
pub use pack::*;
pub use paths::*;
pub use schema::schema;
pub use tests_of_packs::*;
pub use value::*;

/// An object of fixed keys.
#[derive(Debug)]
pub struct Shape {
    /// Its name in the schema.
    pub name: &'static str,
    /// What it is called in a sentence: `a rule`.
    pub what: &'static str,
    /// One sentence about it.
    pub about: &'static str,
    keys: &'static [Key],
    /// Keys that other shapes have as well.
    shared: &'static [Key],
    /// Of each of these lists one key, and not two, has to be there.
    pub exactly_one: &'static [&'static [&'static str]],
    /// Keys that stand together or not at all.
    pub together: &'static [[&'static str; 2]],
}

/// A key of an object.
#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    /// One sentence about it.
    pub about: &'static str,
    pub takes: Takes,
    pub needed: bool,
    /// What it is when it is left out, as JSON.
    pub default: Option<&'static str>,
}

/// What may stand somewhere.
#[derive(Debug, Clone, Copy)]
pub enum Takes {
    Any,
    Null,
    Text,
    Flag,
    Number,
    /// A whole number from the first to the second.
    Whole(i32, i32),
    /// A number from 0 to 1.
    Share,
    /// `30m`, `7d`.
    Duration,
    /// A text that matches a regular expression; with an example.
    Pattern(&'static str, &'static str),
    /// The name of something declared elsewhere in the pack: `a slot`.
    Name(&'static str),
    /// A string, or strings by locale.
    Label,
    Words(&'static [Word]),
    Object(&'static Shape),
    /// Members whose keys are names of the author's: `the slot's id`.
    Map(&'static str, &'static Takes),
    List(&'static Takes),
    Either(&'static [Takes]),
    /// An object of bounds: these comparisons, with these values.
    Bounds(&'static [&'static str], &'static Takes),
    /// A condition on a visitor.
    Condition,
    /// The same in a journey, where it may read the events that moved it.
    InJourney,
    /// A condition on one event.
    Where,
    /// What a value has to be like: a value, or comparisons.
    Comparison,
    /// One operator of [`FEATURES`] and what it takes.
    Feature,
}

/// One of the words that may stand somewhere.
#[derive(Debug, Clone, Copy)]
pub struct Word {
    pub name: &'static str,
    /// One sentence about it.
    pub about: &'static str,
}

impl Shape {
    pub const fn new(
        name: &'static str,
        what: &'static str,
        about: &'static str,
        keys: &'static [Key],
    ) -> Self {
        Self { name, what, about, keys, shared: &[], exactly_one: &[], together: &[] }
    }

    #[must_use]
    pub const fn sharing(mut self, keys: &'static [Key]) -> Self {
        self.shared = keys;
        self
    }

    #[must_use]
    pub const fn exactly_one(mut self, keys: &'static [&'static [&'static str]]) -> Self {
        self.exactly_one = keys;
        self
    }

    #[must_use]
    pub const fn together(mut self, keys: &'static [[&'static str; 2]]) -> Self {
        self.together = keys;
        self
    }

    /// Every key.
    pub fn keys(&self) -> impl Iterator<Item = &'static Key> + Clone + use<> {
        self.shared.iter().chain(self.keys)
    }

    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys().find(|key| key.name == name)
    }
}

/// A key that has to be there.
pub const fn needs(name: &'static str, takes: Takes, about: &'static str) -> Key {
    Key { name, about, takes, needed: true, default: None }
}

/// A key that may be left out.
pub const fn may(name: &'static str, takes: Takes, about: &'static str) -> Key {
    Key { name, about, takes, needed: false, default: None }
}

impl Key {
    /// What it is when it is left out, as JSON.
    #[must_use]
    pub const fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }
}

pub const fn word(name: &'static str, about: &'static str) -> Word {
    Word { name, about }
}

/// Every object of the language, each once, in the order in which a pack leads to them.
pub fn shapes() -> Vec<&'static Shape> {
    let mut found = Found { shapes: vec![&PACK], operators: Vec::new() };
    let mut at = 0;
    while let Some(shape) = found.shapes.get(at).copied() {
        shape.keys().for_each(|key| found.gather(&key.takes));
        at += 1;
    }
    found.shapes
}

struct Found {
    shapes: Vec<&'static Shape>,
    /// Operators that were followed: conditions stand in conditions.
    operators: Vec<&'static Operator>,
}

impl Found {
    fn gather(&mut self, takes: &'static Takes) {
        match takes {
            Takes::Object(shape) if !self.shapes.iter().any(|known| known.name == shape.name) => {
                self.shapes.push(shape);
            }
            Takes::Map(_, inner) | Takes::List(inner) | Takes::Bounds(_, inner) => {
                self.gather(inner);
            }
            Takes::Either(several) => several.iter().for_each(|takes| self.gather(takes)),
            Takes::Condition | Takes::InJourney => {
                for group in [LOGIC, VISITOR] {
                    self.follow(group);
                }
            }
            Takes::Where => [LOGIC, EVENTS].iter().for_each(|group| self.follow(group)),
            Takes::Comparison => self.follow(COMPARISONS),
            Takes::Feature => self.follow(FEATURES),
            _ => {}
        }
    }

    fn follow(&mut self, operators: &'static [Operator]) {
        for operator in operators {
            if !self.operators.iter().any(|followed| std::ptr::eq(*followed, operator)) {
                self.operators.push(operator);
                self.gather(&operator.takes);
            }
        }
    }
}

#[cfg(test)]
thread_local! {
    static READ: std::cell::RefCell<std::collections::BTreeSet<&'static str>> = const {
        std::cell::RefCell::new(std::collections::BTreeSet::new())
    };
}

/// Keeps which shapes were read.
#[cfg(test)]
pub(crate) fn note(shape: &'static Shape) {
    READ.with_borrow_mut(|read| read.insert(shape.name));
}

#[cfg(test)]
mod tests {
    use super::{COMPARISONS, EVENTS, FEATURES, FILTERS, LOGIC, READ, VISITOR, shapes};
    use crate::check;

    fn folder(path: &str) -> Vec<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let files = std::fs::read_dir(folder).unwrap();
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }

    #[test]
    fn every_object_that_is_described_is_read_by_a_pack_that_compiles() {
        for source in folder("../../examples/packs").into_iter().chain(folder("tests/whole")) {
            let report = check(&source);
            assert!(!report.has_errors(), "{report}");
        }
        let unread: Vec<&str> = READ.with_borrow(|read| {
            shapes().iter().map(|shape| shape.name).filter(|name| !read.contains(name)).collect()
        });
        assert_eq!(unread, [] as [&str; 0], "write one into a pack of tests/whole");
    }

    #[test]
    fn every_example_of_an_operator_compiles() {
        let comparisons = COMPARISONS.iter().chain(LOGIC).chain(VISITOR).chain(EVENTS);
        for operator in comparisons {
            compiles(operator.name, operator.example, "", "");
        }
        for operator in FEATURES {
            compiles(operator.name, "{}", operator.example, "");
        }
        for filter in FILTERS {
            compiles(filter.name, "{}", "", filter.example);
        }
    }

    fn compiles(name: &str, when: &str, feature: &str, text: &str) {
        let feature = if feature.is_empty() { String::new() } else { format!("\"f\": {feature}") };
        let source = format!(
            "{{ \"pack\": \"p\", \"features\": {{ {feature} }},
               \"groups\": {{ \"staff\": [\"u1\"] }}, \"holidays\": [\"2026-12-25\"],
               \"journey\": {{ \"stages\": [{{ \"id\": \"customer\", \"enter\": {{}} }}] }},
               \"segments\": {{ \"vip\": {{ \"when\": {{}} }} }},
               \"rfm\": {{ \"event\": \"Order Completed\", \"value\": \"revenue\",
                 \"recency\": [\"60d\", \"30d\", \"14d\", \"7d\"], \"frequency\": [2, 3, 4, 5],
                 \"monetary\": [10, 20, 50, 100] }},
               \"loyalty\": {{ \"points\": [{{ \"event\": \"Order Completed\" }}],
                 \"tiers\": [{{ \"id\": \"silver\", \"at\": 5 }}] }},
               \"models\": {{ \"churn\": {{ \"kind\": \"logistic\",
                 \"terms\": [{{ \"of\": \"session.number\", \"weight\": -1 }}] }} }},
               \"slots\": {{ \"s\": {{ \"default\": \"keep\" }} }},
               \"content\": {{ \"c\": {{ \"slot\": \"s\", \"text\": \"{text}\" }} }},
               \"rules\": [{{ \"id\": \"r\", \"slot\": \"s\", \"when\": {when}, \"show\": \"c\" }}],
               \"experiments\": {{ \"copy\": {{ \"slot\": \"s\",
                 \"variations\": [{{ \"id\": \"short\" }}, {{ \"id\": \"long\" }}] }} }} }}"
        );
        let report = check(&source);
        assert!(!report.has_errors(), "{name}: {report}");
        let example = [when, &feature, text].concat();
        assert!(example.contains(name), "{name} is not in its example");
    }
}
