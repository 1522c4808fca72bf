//! Experiments: which visitors take part, and what each of them sees.

use std::collections::{BTreeMap, BTreeSet};

use waymark_engine::assign::{HashVersion, Range, ranges};
use waymark_engine::program::{Share, Status};

use super::content::{Shown, shown_in};
use super::metrics::{self, Measured};
use super::rules::{Does, Rule, Unique, ordinary};
use crate::condition::{Condition, Place, read as read_condition};
use crate::declared::{Desk, ids_of};
use crate::diagnostic::Code;
use crate::fields::{Fields, elements, flag, label, members, one_of, text, whole};
use crate::json::{Json, Node};
use crate::language;
use crate::problem::shown;
use crate::shares::{all, by_user, hashed, range, range_of, share};

/// What a rule that is an experiment has besides.
#[derive(Debug)]
pub(crate) struct Experiment {
    pub share: Share,
    pub variations: Vec<Variation>,
    pub contexts: Vec<Leaf>,
    pub status: Status,
    pub force: Option<u32>,
    pub sticky: Sticky,
    pub bucket_version: u32,
    pub min_bucket_version: u32,
    pub measured: Measured,
}

#[derive(Debug)]
pub(crate) struct Variation {
    pub id: String,
    /// `None` shows the slot's default.
    pub show: Option<Shown>,
    pub passthrough: bool,
}

#[derive(Debug)]
pub(crate) struct Leaf {
    pub id: u32,
    pub when: Condition,
    pub ranges: Vec<Range>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sticky {
    Off,
    /// Who saw a variation keeps it while the condition holds.
    On,
    /// And when it no longer does.
    Enrolled,
}

/// Variations of one experiment.
const MOST: usize = 100;

/// The variations of each experiment, whatever else is wrong with it.
pub(super) fn declared(node: Option<&Node>) -> BTreeMap<String, BTreeSet<String>> {
    let Some(Json::Object(members)) = node.map(|node| &node.json) else { return BTreeMap::new() };
    let variations = |node: &Node| ids_of(node.member("variations"));
    members.iter().map(|member| (member.key.clone(), variations(&member.value))).collect()
}

/// The experiments that could be read, as rules of their slots.
pub(super) fn read(node: Option<&Node>, ids: &mut Unique, desk: &mut Desk<'_>) -> Vec<Rule> {
    let members = node.and_then(|node| members(node, "`experiments`", &mut desk.problems));
    let read = members.unwrap_or_default().iter().filter_map(|member| {
        ids.take(&member.key, member.key_at, desk);
        let (mut rule, experiment) = read_experiment(&member.value, &member.key, desk)?;
        rule.at = member.key_at;
        rule.id.clone_from(&member.key);
        rule.does = Does::Experiment(Box::new(experiment?));
        Some(rule)
    });
    read.collect()
}

fn read_experiment(
    node: &Node,
    id: &str,
    desk: &mut Desk<'_>,
) -> Option<(Rule, Option<Experiment>)> {
    let mut fields = Fields::of(node, &language::EXPERIMENT, &mut desk.problems)?;
    let variations = fields.require("variations", &mut desk.problems);
    let contexts = fields.take("contexts");
    let coverage = fields.take("coverage");
    let namespace = fields.take("namespace");
    let status = fields.take("status");
    let force = fields.take("force");
    let sticky = fields.take("sticky");
    let versions = [fields.take("bucketVersion"), fields.take("minBucketVersion")];
    let goal = fields.take("goal");
    let guardrails = fields.take("guardrails");
    let hashed = hashed(&mut fields, desk);
    let (slot, rule) = ordinary(&mut fields, node, id, desk);
    label(fields.take("label"), &mut desk.problems);
    fields.finish(&mut desk.problems);

    let one = coverage.map_or(Some(1.0), |node| share(node, "`coverage`", &mut desk.problems));
    let variations = variations.and_then(|node| read_variations(node, slot.as_deref(), desk));
    let found = variations.and_then(|(node, variations)| {
        let ranges = ranges_of(&variations, coverage, one?, node, desk)?;
        Some((variations, ranges))
    });
    let status = status.map_or(Some(Status::Running), |node| read_status(node, desk));
    let sticky = sticky.map_or(Some(Sticky::On), |node| read_sticky(node, desk));
    let [version, least] = versions.map(|node| {
        node.map_or(Some(0), |node| {
            whole(node, "a bucket version", (0, i32::MAX), &mut desk.problems)
        })
    });
    let measured = metrics::measured(goal, guardrails, desk);
    let (variations, ranges) = found?;
    let contexts = all(contexts, "`contexts`", desk, |node, desk| {
        read_leaf(node, variations.len(), one?, desk)
    });
    let force = force.map(|node| read_force(node, id, &variations, desk));
    let by = hashed.share(by_user(), id, ranges);
    let mut rule = rule?;
    if let (Some(node), Some(by)) = (namespace, &by) {
        rule.filters.push(read_namespace(node, by, desk)?);
    }
    let experiment = Experiment {
        share: by?,
        variations: variations.into_iter().map(|read| read.variation).collect(),
        contexts: contexts?,
        status: status?,
        force: force.map_or(Some(None), |force| force.map(Some))?,
        sticky: sticky?,
        bucket_version: version?.cast_unsigned(),
        min_bucket_version: least?.cast_unsigned(),
        measured: measured?,
    };
    Some((rule, Some(experiment)))
}

/// A variation as it was written.
struct Read {
    variation: Variation,
    weight: Option<f64>,
    range: Option<Range>,
}

fn read_variations<'n>(
    node: &'n Node,
    slot: Option<&str>,
    desk: &mut Desk<'_>,
) -> Option<(&'n Node, Vec<Read>)> {
    let count = elements(node, "`variations`", &mut desk.problems)?.len();
    if !(2..=MOST).contains(&count) {
        let message = format!("an experiment has 2 to {MOST} variations, and this has {count}");
        desk.problems.error(Code::BadVariations, node.opening(), message);
        return None;
    }
    let mut ids = Unique::of("variation");
    let variations = all(Some(node), "`variations`", desk, |node, desk| {
        let mut fields = Fields::of(node, &language::VARIATION, &mut desk.problems)?;
        let id = fields.require("id", &mut desk.problems);
        let show = fields.take("show");
        let weight = fields.take("weight");
        let part = fields.take("range");
        let passthrough = fields.take("passthrough");
        label(fields.take("label"), &mut desk.problems);
        fields.finish(&mut desk.problems);
        let id = id.and_then(|node| ids.read(node, desk));
        let show = show.map(|node| shown_in(node, "`show`", slot, desk));
        let weight = weight.map(|node| share(node, "`weight`", &mut desk.problems));
        let part = part.map(|node| range(node, desk));
        let passthrough = passthrough
            .map_or(Some(false), |node| flag(node, "`passthrough`", &mut desk.problems))?;
        let show = show.map_or(Some(None), |show| show.map(Some))?;
        Some(Read {
            variation: Variation { id: id?, show, passthrough },
            weight: weight.map_or(Some(None), |weight| weight.map(Some))?,
            range: part.map_or(Some(None), |part| part.map(Some))?,
        })
    })?;
    Some((node, variations))
}

/// The buckets of each variation: as written, or by weight and coverage.
fn ranges_of(
    variations: &[Read],
    coverage: Option<&Node>,
    share: f64,
    node: &Node,
    desk: &mut Desk<'_>,
) -> Option<Vec<Range>> {
    let count = variations.len();
    let given: Vec<Range> = variations.iter().filter_map(|read| read.range).collect();
    let weights: Vec<f64> = variations.iter().filter_map(|read| read.weight).collect();
    let problems = &mut desk.problems;
    if !given.is_empty() && (coverage.is_some() || !weights.is_empty()) {
        let message = "variations have a `range` each, or weights and coverage, and not both";
        problems.error(Code::ConflictingKeys, node.opening(), message);
        return None;
    }
    if [given.len(), weights.len()].iter().any(|written| *written != 0 && *written != count) {
        let what = if given.is_empty() { "`weight`" } else { "`range`" };
        let message = format!("all variations have a {what}, or none");
        problems.error(Code::BadVariations, node.opening(), message);
        return None;
    }
    if !given.is_empty() {
        return Some(given);
    }
    if weights.is_empty() {
        return Some(ranges(count, share, None));
    }
    adds_up(&weights, node, desk)?;
    Some(ranges(count, share, Some(&weights)))
}

fn adds_up(weights: &[f64], node: &Node, desk: &mut Desk<'_>) -> Option<()> {
    let sum: f64 = weights.iter().sum();
    if (0.99..=1.01).contains(&sum) {
        return Some(());
    }
    let sum = (sum * 1e6).round() / 1e6;
    let message = format!("the weights add up to {sum}, and not to 1");
    let problem = desk.problems.error(Code::BadWeights, node.opening(), message);
    problem.mend("change them, or leave them all out for equal shares");
    None
}

fn read_leaf(node: &Node, count: usize, coverage: f64, desk: &mut Desk<'_>) -> Option<Leaf> {
    let mut fields = Fields::of(node, &language::LEAF, &mut desk.problems)?;
    let id = fields.require("id", &mut desk.problems);
    let when = fields.take("when");
    let weights = fields.require("weights", &mut desk.problems);
    fields.finish(&mut desk.problems);
    let id = id.and_then(|node| whole(node, "`id`", (0, i32::MAX), &mut desk.problems));
    let when = when.map_or_else(
        || Some(Condition::always(node.at)),
        |node| read_condition(node, Place::Rule, desk),
    );
    let weights_at = weights?;
    let weights =
        all(weights, "`weights`", desk, |node, desk| share(node, "a weight", &mut desk.problems))?;
    if weights.len() != count {
        let message =
            format!("there are {count} variations, and these are {} weights", weights.len());
        desk.problems.error(Code::BadVariations, weights_at.opening(), message);
        return None;
    }
    adds_up(&weights, weights_at, desk)?;
    Some(Leaf {
        id: id?.cast_unsigned(),
        when: when?,
        ranges: ranges(count, coverage, Some(&weights)),
    })
}

/// A part of a namespace, as GrowthBook hashes it: by the experiment's unit, once.
fn read_namespace(node: &Node, by: &Share, desk: &mut Desk<'_>) -> Option<Share> {
    let mut fields = Fields::of(node, &language::NAMESPACE, &mut desk.problems)?;
    let id = fields.require("id", &mut desk.problems);
    let from = fields.require("from", &mut desk.problems);
    let to = fields.require("to", &mut desk.problems);
    fields.finish(&mut desk.problems);
    let range = range_of(node, from, to, desk);
    let id = text(id?, "`id`", &mut desk.problems)?;
    Some(Share {
        unit: by.unit.clone(),
        fallback: by.fallback.clone(),
        seed: format!("__{id}"),
        hash: HashVersion::V1,
        ranges: vec![range?],
    })
}

fn read_status(node: &Node, desk: &mut Desk<'_>) -> Option<Status> {
    let words =
        [("draft", Status::Draft), ("running", Status::Running), ("stopped", Status::Stopped)];
    one_of(node, "`status`", "status", words, &mut desk.problems)
}

fn read_sticky(node: &Node, desk: &mut Desk<'_>) -> Option<Sticky> {
    match &node.json {
        Json::Bool(false) => Some(Sticky::Off),
        Json::Bool(true) => Some(Sticky::On),
        Json::Text(word) if word == "enrolled" => Some(Sticky::Enrolled),
        _ => {
            let message = "`sticky` is true, false or \"enrolled\"";
            desk.problems.error(Code::BadValue, node.at, message);
            None
        }
    }
}

fn read_force(node: &Node, id: &str, variations: &[Read], desk: &mut Desk<'_>) -> Option<u32> {
    let wanted = text(node, "`force`", &mut desk.problems)?;
    let at = variations.iter().position(|read| read.variation.id == wanted);
    if at.is_none() {
        let message = format!("{} has no variation {}", shown(id), shown(wanted));
        let names = variations.iter().map(|read| read.variation.id.as_str());
        desk.problems.error(Code::UnknownVariation, node.at, message).mean(wanted, names);
    }
    u32::try_from(at?).ok()
}
