//! Rules and experiments, with numbers for the names of what they show and need.

use std::collections::BTreeMap;
use std::rc::Rc;

use waymark_engine::program::{
    Action, Candidate, Compare, Experiment, Holdout, Leaf, Need, Order, Outcome, Pick, Points,
    Program, Rule, Sticky, Variation,
};
use waymark_model::Value;

use super::Lowering;
use crate::condition::{Condition, Definition, Kept, Kind, Occurrence};
use crate::pack::{self, Contacts, Content, Does, HOLDOUT, Needed, Pack, limited};

/// What hosts log when somebody meets a variation, and what it says.
const EXPOSURE: &str = "Experiment Viewed";
const EXPERIMENT_ID: &str = "experiment_id";
const VARIATION_ID: &str = "variation_id";
const BUCKET_VERSION: &str = "bucket_version";

/// Numbers by name.
pub(super) struct Names<'p> {
    pub slots: BTreeMap<&'p str, u32>,
    pub contents: BTreeMap<&'p str, u32>,
    pub by_id: BTreeMap<&'p str, &'p Content>,
    /// Each experiment's number, with its variations and its slot.
    experiments: BTreeMap<&'p str, (u32, &'p pack::Experiment, &'p str)>,
}

impl<'p> Lowering<'p> {
    pub(super) fn rules(
        &mut self,
        pack: &'p Pack,
        mut names: Names<'p>,
        program: &mut Program,
    ) -> Option<()> {
        let mut rules: Vec<(u32, &pack::Rule)> = Vec::new();
        for rule in &pack.rules {
            rules.push((*names.slots.get(rule.slot.as_str())?, rule));
        }
        rules.sort_by_key(|(slot, rule)| (*slot, rule.order()));
        let experiments = rules.iter().filter_map(|(_, rule)| match &rule.does {
            Does::Experiment(experiment) => Some((rule, &**experiment)),
            _ => None,
        });
        names.experiments = experiments
            .zip(0..)
            .map(|((rule, experiment), number)| {
                (rule.id.as_str(), (number, experiment, rule.slot.as_str()))
            })
            .collect();
        let mut groups: BTreeMap<&str, u32> = BTreeMap::new();
        let contacts = Contacts::of(pack);
        for (slot, rule) in rules {
            let action = match &rule.does {
                Does::Keep => Action::Keep,
                Does::Show(shown) => Action::Show(*names.contents.get(shown.content.as_str())?),
                Does::Experiment(experiment) => {
                    let number = u32::try_from(program.experiments.len()).ok()?;
                    let experiment = self.experiment(rule, experiment, &names)?;
                    program.experiments.push(experiment);
                    Action::Experiment(number)
                }
                Does::Pick(candidates) => {
                    let number = u32::try_from(program.picks.len()).ok()?;
                    let pick = self.pick(candidates, &names)?;
                    program.picks.push(pick);
                    Action::Pick(number)
                }
            };
            let place = pack.slots.iter().find(|slot| slot.id == rule.slot);
            let (limit, logs) =
                limited(&rule.id, rule.limit.as_ref(), place, pack.contact.as_ref(), &contacts);
            let exclusive = rule.exclusive.as_deref().map(|name| {
                let next = u32::try_from(groups.len()).unwrap_or(u32::MAX);
                *groups.entry(name).or_insert(next)
            });
            let needs: Option<Vec<Need>> =
                rule.needs.iter().map(|need| lowered(need, &names)).collect();
            let holdouts = holdouts(rule, pack, program);
            program.rules.push(Rule {
                id: rule.id.clone(),
                slot,
                action,
                priority: rule.priority,
                purpose: rule.purpose,
                when: self.condition(&rule.when),
                stateless: rule.is_stateless(&names.by_id),
                shares: rule.filters.clone(),
                needs: needs?,
                holdouts,
                limit: limit.map(|limit| self.condition(&limit)),
                exclusive,
                logs,
            });
        }
        Some(())
    }

    fn pick(&mut self, candidates: &'p [pack::Candidate], names: &Names<'p>) -> Option<Pick> {
        let mut all = Vec::new();
        for candidate in candidates {
            let points = candidate.points.iter().map(|points| Points {
                when: self.condition(&points.when),
                times: points.of.as_ref().map(|of| self.source(of)),
                amount: points.amount,
            });
            let points = points.collect();
            all.push(Candidate {
                show: *names.contents.get(candidate.show.content.as_str())?,
                when: self.condition(&candidate.when),
                points,
            });
        }
        Some(Pick { candidates: all })
    }

    fn experiment(
        &mut self,
        rule: &'p pack::Rule,
        experiment: &'p pack::Experiment,
        names: &Names<'p>,
    ) -> Option<Experiment> {
        let mut variations = Vec::new();
        for variation in &experiment.variations {
            let show = match &variation.show {
                None => None,
                Some(shown) => Some(*names.contents.get(shown.content.as_str())?),
            };
            let passthrough = variation.passthrough;
            variations.push(Variation { id: variation.id.clone(), show, passthrough });
        }
        let mut contexts = Vec::new();
        for leaf in &experiment.contexts {
            let when = self.condition(&leaf.when);
            contexts.push(Leaf { id: leaf.id, when, ranges: leaf.ranges.clone() });
        }
        Some(Experiment {
            share: experiment.share.clone(),
            variations,
            contexts,
            status: experiment.status,
            force: experiment.force,
            sticky: self.sticky(rule, experiment),
            bucket_version: experiment.bucket_version,
        })
    }

    /// What a visitor saw first is an ordinary memory of the exposures.
    fn sticky(&mut self, rule: &pack::Rule, experiment: &pack::Experiment) -> Option<Sticky> {
        if experiment.sticky == pack::Sticky::Off {
            return None;
        }
        let at = rule.at;
        let of_this =
            Condition::property(at, EXPERIMENT_ID, Compare::Is(Value::from(rule.id.as_str())));
        let numbered = |compare| Condition::property(at, BUCKET_VERSION, compare);
        let number = |version: u32| Value::Number(f64::from(version));
        // An exposure that names no version is of version 0.
        let mut version = numbered(Compare::Is(number(experiment.bucket_version)));
        if experiment.bucket_version == 0 {
            let none = numbered(Compare::Exists).not(at);
            version = Condition { at, kind: Kind::Any(vec![none, version]) };
        }
        let exposure = |when| Occurrence {
            event: Some(EXPOSURE.to_owned()),
            filter: Some(Rc::new(Condition::all(at, when))),
        };
        let current = vec![of_this.clone(), version];
        let kept = Kept {
            first: true,
            on: exposure(current),
            property: Some(vec![VARIATION_ID.to_owned()]),
        };
        let feature = self.definition(&Definition::Kept(kept));
        let blocked = (experiment.min_bucket_version > 0).then(|| {
            let least = number(experiment.min_bucket_version);
            let enough = numbered(Compare::Order(Order::Gte, least));
            let before = vec![of_this, enough.not(at)];
            let kind = Kind::Count {
                on: exposure(before),
                within: None,
                session: false,
                least: 1,
                most: None,
            };
            self.condition(&Condition { at, kind })
        });
        let enrolled = experiment.sticky == pack::Sticky::Enrolled;
        Some(Sticky { feature, blocked, enrolled })
    }
}

impl<'p> Names<'p> {
    pub const fn new(
        slots: BTreeMap<&'p str, u32>,
        contents: BTreeMap<&'p str, u32>,
        by_id: BTreeMap<&'p str, &'p Content>,
    ) -> Self {
        Self { slots, contents, by_id, experiments: BTreeMap::new() }
    }
}

fn lowered(need: &pack::Need, names: &Names<'_>) -> Option<Need> {
    let (slot, any_of) = match &need.of {
        Needed::Slot(slot, shows) => {
            let outcomes = shows.iter().map(|content| match content {
                None => Some(Outcome::Keep),
                Some(content) => {
                    names.contents.get(content.as_str()).copied().map(Outcome::Content)
                }
            });
            (slot.as_str(), outcomes.collect::<Option<Vec<_>>>()?)
        }
        Needed::Variation(id, wanted) => {
            let (number, experiment, slot) = *names.experiments.get(id.as_str())?;
            let places = (0..).zip(&experiment.variations);
            let outcomes = places
                .filter(|(_, variation)| wanted.contains(&variation.id))
                .map(|(place, _)| Outcome::Variation(number, place));
            (slot, outcomes.collect())
        }
    };
    Some(Need { slot: *names.slots.get(slot)?, any_of, none: need.none })
}

/// The holdouts that a rule is measured by: the pack's, its slot's and its own.
fn holdouts(rule: &pack::Rule, pack: &Pack, program: &mut Program) -> Vec<u32> {
    let universal = pack.holdout.as_ref().filter(|holdout| {
        holdout.from.as_ref().is_none_or(|purposes| purposes.contains(&rule.purpose))
    });
    let slot = pack.slots.iter().find(|slot| slot.id == rule.slot);
    let all = [
        universal.map(|holdout| (HOLDOUT.to_owned(), &holdout.share)),
        slot.and_then(|slot| slot.holdout.as_ref())
            .map(|share| (format!("{HOLDOUT}.slot.{}", rule.slot), share)),
        rule.holdout.as_ref().map(|share| (format!("{HOLDOUT}.rule.{}", rule.id), share)),
    ];
    let numbers = all.into_iter().flatten().filter_map(|(id, share)| {
        let known = program.holdouts.iter().position(|holdout| holdout.id == id);
        let at = known.unwrap_or_else(|| {
            program.holdouts.push(Holdout { id, share: share.clone() });
            program.holdouts.len() - 1
        });
        u32::try_from(at).ok()
    });
    numbers.collect()
}
