//! What of a request a Program can tell apart: two visitors of whom nothing is known, and whose requests have these in
//! common, are shown the same.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::{Action, Cond, Filter, Path, Program, Root, Source, Test};
use crate::Context;
use crate::assignment::asked_in;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observed {
    /// Of the groups `page`, `campaign`, `device` and `geo`: in order, each once.
    pub paths: Vec<Vec<String>>,
    /// What is shown says what time it is: it is another one at any moment.
    pub fleeting: bool,
    /// Ids of experiments: an address can ask for a variation of one.
    pub experiments: Vec<String>,
    /// Ids of contents that are not the same for all who read one language, in order.
    pub varying: Vec<String>,
}

/// What a visitor's channel is known by.
const CHANNEL: [&str; 2] = ["campaign", "page"];
/// Whether a machine asks.
const BOT: [&str; 2] = ["device", "bot"];
/// By whose clock a visitor of whom nothing else is known goes.
const ZONE: [&str; 2] = ["geo", "timezone"];

impl Program {
    /// What decisions about visitors of whom nothing is known rest on, beside the time, which a decision itself tells
    /// for how long it holds, and the language.
    pub fn observed(&self) -> Observed {
        let mut observed = Observed::default();
        observed.add(&BOT);
        for cond in &self.conds {
            let Cond::Test(test) = cond else { continue };
            test.sources().for_each(|source| observed.source(source));
            match test {
                Test::Clock(_) | Test::Anniversary { .. } | Test::Elapsed { .. } => {
                    observed.add(&ZONE);
                }
                Test::Channel { .. } => CHANNEL.iter().for_each(|group| observed.add(&[group])),
                _ => {}
            }
        }
        for model in &self.models {
            model.inputs().for_each(|input| observed.source(&input.source));
        }
        let candidates = self.picks.iter().flat_map(|pick| &pick.candidates);
        let points = candidates.flat_map(|candidate| &candidate.points);
        points.flat_map(|points| &points.times).for_each(|source| observed.source(source));
        let templates = self.contents.iter().flat_map(|content| &content.variants);
        for template in templates.map(|variant| &variant.template) {
            let mut paths = Vec::new();
            template.paths(&mut paths);
            for path in paths {
                observed.path(path);
            }
            let mut filters = template.inserts().flat_map(|insert| &insert.filters);
            observed.fleeting |= filters.any(|filter| matches!(filter, Filter::Date(_)));
        }
        let rules = self.rules.iter();
        let experiments = rules.filter(|rule| matches!(rule.action, Action::Experiment(_)));
        observed.experiments = experiments.map(|rule| rule.id.clone()).collect();
        let varying = self.contents.iter().filter(|content| !content.is_constant());
        observed.varying = varying.map(|content| content.id.clone()).collect();
        observed.varying.sort();
        observed.paths.sort();
        observed.paths.dedup();
        observed
    }
}

impl Observed {
    /// Whether a content is the same for all who read one language.
    pub fn is_constant(&self, content: &str) -> bool {
        self.varying.binary_search_by(|id| id.as_str().cmp(content)).is_err()
    }

    /// The variations that the page's address asks for, by experiment.
    pub fn asked(&self, context: &Context) -> Vec<Option<u32>> {
        let query = context.query();
        self.experiments.iter().map(|id| query.and_then(|query| asked_in(query, id))).collect()
    }

    fn source(&mut self, source: &Source) {
        match source {
            Source::Path(path) => self.path(path),
            Source::Time(..) => self.add(&ZONE),
            Source::Feature(_) | Source::Session(_) | Source::Score(_) => {}
        }
    }

    fn path(&mut self, path: &Path) {
        match path.root {
            Root::Time => self.fleeting = true,
            root if root.is_stateless() => {
                let mut keys = vec![root.name().to_owned()];
                keys.extend(path.keys.iter().cloned());
                self.paths.push(keys);
            }
            _ => {}
        }
    }

    fn add(&mut self, path: &[&str]) {
        self.paths.push(path.iter().map(|key| (*key).to_owned()).collect());
    }
}
