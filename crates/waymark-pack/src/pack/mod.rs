//! A pack, read and checked: every name in it is known to exist.

mod catalog;
mod content;
mod events;
mod experiments;
mod features;
mod flows;
mod groups;
mod journey;
mod limits;
mod loyalty;
mod metrics;
mod models;
mod personas;
mod picks;
mod rfm;
mod rules;
mod schedule;
mod shares;
mod tags;
mod tests;

pub(crate) use content::{Content, Slot};
pub(crate) use experiments::{Experiment, Sticky};
pub(crate) use features::Feature;
pub(crate) use flows::{Act, Cue, Destination, Flow, Flows, Step, StepKind};
pub(crate) use groups::Group;
pub(crate) use journey::Journey;
pub(crate) use limits::{Contacts, Policy, lowered as limited};
pub(crate) use models::{Input, Model, ModelKind};
pub(crate) use picks::Candidate;
pub(crate) use rules::{Does, Rule};
pub(crate) use schedule::Schedule;
pub(crate) use shares::{HOLDOUT, Need, Needed, Universal};
pub use tests::{Action, Case, Expect};

use std::collections::BTreeSet;

use crate::measures::{Measured, Measures, Metric};
use crate::outbound::Outbound;

use waymark_engine::program::Catalog;

use crate::condition::{Condition, Place, read, read_holidays, zone_exists};
use crate::declared::{Desk, ids_of};
use crate::diagnostic::Code;
use crate::fields::{Fields, elements, id, label, members, text};
use crate::input::stays_inside;
use crate::json::{At, Node};
use crate::language;
use crate::locale::is_currency;
use crate::problem::shown;
use waymark_model::limits::RULES;

#[derive(Debug)]
pub(crate) struct Pack {
    pub name: String,
    /// In the tz database; `None` is UTC.
    pub timezone: Option<String>,
    /// Days since 1970, sorted.
    pub holidays: Vec<i64>,
    /// Events that only a server's word makes count, sorted.
    pub server_events: Vec<String>,
    pub groups: Vec<Group>,
    pub features: Vec<Feature>,
    pub journey: Journey,
    pub segments: Vec<Segment>,
    pub slots: Vec<Slot>,
    pub contents: Vec<Content>,
    /// Experiments, too.
    pub rules: Vec<Rule>,
    pub holdout: Option<Universal>,
    pub contact: Option<Policy>,
    pub flows: Flows,
    pub models: Vec<Model>,
    pub metrics: Vec<Metric>,
    /// Of the metrics' events.
    pub metric_filters: Vec<Condition>,
    pub catalog: Catalog,
    /// What lists ask of their things.
    pub wheres: Vec<Condition>,
    pub tests: Vec<Case>,
}

#[derive(Debug)]
pub(crate) struct Segment {
    pub id: String,
    pub at: At,
    /// `None` when it could not be read.
    pub when: Option<Condition>,
    /// Whether only the edge may know of it.
    pub edge: bool,
}

impl Pack {
    /// Slots that the edge decides, and no page.
    pub fn edge_slots(&self) -> BTreeSet<&str> {
        let contents = self.contents.iter().filter(|content| content.edge);
        let secret: BTreeSet<&str> = contents.map(|content| content.id.as_str()).collect();
        let defaults = self.slots.iter().filter(|slot| {
            slot.default.as_ref().is_some_and(|shown| secret.contains(shown.content.as_str()))
        });
        let rules = self.rules.iter().filter(|rule| rule.edge);
        defaults.map(|slot| &*slot.id).chain(rules.map(|rule| &*rule.slot)).collect()
    }

    /// Its tests, what reports need, and what is sent: visitors' programs hold none of it.
    pub fn beside(self) -> (Vec<Case>, Measures, Outbound) {
        let experiments = self.rules.into_iter().filter_map(|rule| match rule.does {
            Does::Experiment(experiment) => Some(Measured {
                experiment: rule.id,
                goal: experiment.measured.goal,
                guardrails: experiment.measured.guardrails,
            }),
            _ => None,
        });
        let measures = Measures { metrics: self.metrics, experiments: experiments.collect() };
        (self.tests, measures, Outbound::of(self.flows))
    }
}

/// Reads all that can be read; what could not be was reported.
pub(crate) fn read_pack(root: &Node, desk: &mut Desk<'_>) -> Option<Pack> {
    let mut fields = Fields::of(root, &language::PACK, &mut desk.problems)?;
    let timezone = header(&mut fields, desk);
    let name = fields.require("pack", &mut desk.problems);
    let name = name.and_then(|node| pack_name(node, desk)).unwrap_or_default();
    includes(fields.take("include"), desk);
    let events = fields.take("events");
    let attributes = fields.take("attributes");
    let holidays = fields.take("holidays");
    let groups = fields.take("groups");
    let journey = fields.take("journey");
    let features = fields.take("features");
    let segments = fields.take("segments");
    let rfm = fields.take("rfm");
    let personas = fields.take("personas");
    let tags = fields.take("tags");
    let loyalty = fields.take("loyalty");
    let slots = fields.take("slots");
    let contents = fields.take("content");
    let rules = fields.take("rules");
    let experiments = fields.take("experiments");
    let metrics = fields.take("metrics");
    let holdout = fields.take("holdout");
    let contact = fields.take("contact");
    let acts = flows::Nodes {
        destinations: fields.take("destinations"),
        surveys: fields.take("surveys"),
        triggers: fields.take("triggers"),
        journeys: fields.take("journeys"),
    };
    let catalog = fields.take("catalog");
    let tables = fields.take("tables");
    let models = fields.take("models");
    let tests = fields.take("tests");
    fields.finish(&mut desk.problems);

    // Names first: everything may refer to everything, wherever it stands.
    desk.declared.touchpoints =
        journey.and_then(|journey| journey.member("touchpoints")).map(|node| ids_of(Some(node)));
    desk.declared.stages = ids_of(journey.and_then(|journey| journey.member("stages")));
    desk.declared.segments = ids_of(segments);
    named_segments(rfm, personas, desk);
    desk.declared.slots = ids_of(slots);
    desk.declared.contacts = content::contacts(slots);
    desk.declared.groups = ids_of(groups);
    desk.declared.holidays = holidays.is_some();
    desk.declared.contents = content::slots_of(contents);
    desk.declared.metrics = ids_of(metrics);
    desk.declared.experiments = experiments::declared(experiments);
    desk.declared.catalog = catalog.is_some();
    models::declare(models, desk);
    let catalog = catalog::read(catalog, tables, desk);
    events::read(events, desk);
    events::read_attributes(attributes, desk);
    tags::read(tags, desk);
    let by_score = rfm::read(rfm, desk);
    let mut features = features::read(features, desk);
    features.extend(loyalty::read(loyalty, desk));
    let models = models::read(models, desk);
    let by_persona = personas::read(personas, desk);
    let (metrics, metric_filters) = metrics::read(metrics, desk);
    let destinations = flows::declare(&acts, desk);
    // Reports name all of them by their ids.
    let mut ids = rules::Unique::of("rule, experiment or trigger");
    let mut rules = rules::read(rules, &mut ids, desk);
    rules.extend(experiments::read(experiments, &mut ids, desk));
    let (flows, shows) = flows::read(&acts, destinations, &mut ids, desk);
    rules.extend(shows);
    if rules.len() > RULES {
        let (limit, many) = (RULES, rules.len());
        let message =
            format!("a pack has at most {limit} rules and experiments, and this has {many}");
        let problem = desk.problems.error(Code::TooManyRules, root.at, message);
        problem.mend("rules that differ in what they show are one rule that shows a list or picks");
    }
    Some(Pack {
        name,
        timezone,
        holidays: read_holidays(holidays, desk),
        server_events: desk.declared.server_events(),
        groups: groups::read(groups, desk),
        features,
        journey: journey::read(journey, desk),
        segments: {
            let mut all = read_segments(segments, desk);
            all.extend(by_score);
            all.extend(by_persona);
            all
        },
        slots: content::read_slots(slots, desk),
        contents: content::read(contents, desk),
        rules,
        holdout: shares::universal(holdout, desk),
        contact: limits::policy(contact, desk),
        flows,
        models,
        metrics,
        metric_filters,
        catalog,
        wheres: std::mem::take(&mut desk.declared.wheres),
        tests: tests::read(tests, desk),
    })
}

/// Segments that are named elsewhere than in `segments`.
fn named_segments(rfm: Option<&Node>, personas: Option<&Node>, desk: &mut Desk<'_>) {
    let labels = rfm::names(rfm);
    desk.declared.labels = labels.iter().map(|(name, _)| name.clone()).collect();
    for (name, at) in labels.into_iter().chain(personas::names(personas)) {
        if !desk.declared.segments.insert(name.clone()) {
            let message = format!("there is another segment {}", shown(&name));
            let problem = desk.problems.error(Code::DuplicateId, at, message);
            problem.mend("give each an id of its own: conditions name them by it");
        }
    }
}

/// The parts have been added already; what named them is checked.
fn includes(node: Option<&Node>, desk: &mut Desk<'_>) {
    let Some(node) = node else { return };
    let items = elements(node, "`include`", &mut desk.problems).unwrap_or_default();
    for item in items {
        let Some(pattern) = text(item, "`include`", &mut desk.problems) else { continue };
        if !stays_inside(pattern) {
            let message = format!("{} is no file beside the pack or below it", shown(pattern));
            let problem = desk.problems.error(Code::BadInclude, item.at, message);
            problem.mend("write for example trained/*.json");
        }
    }
    if !desk.included && !items.is_empty() {
        let message = "`include` names files, and nobody reads files here";
        let problem = desk.problems.error(Code::BadInclude, node.opening(), message);
        problem.mend("the `waymark` command reads them, and publishes the pack whole");
    }
}

/// What says something about the pack, and nothing about visitors. Gives its time zone.
fn header(fields: &mut Fields<'_>, desk: &mut Desk<'_>) -> Option<String> {
    if let Some(node) = fields.take("$schema") {
        text(node, "`$schema`", &mut desk.problems);
    }
    if let Some(node) = fields.take("currency")
        && let Some(currency) = text(node, "`currency`", &mut desk.problems)
    {
        if is_currency(currency) {
            desk.declared.currency = Some(currency.to_owned());
        } else {
            let message = format!("{} is no currency", shown(currency));
            let problem = desk.problems.error(Code::BadValue, node.at, message);
            problem.mend("write the code of three capital letters, for example SGD");
        }
    }
    let node = fields.take("timezone")?;
    let zone = text(node, "`timezone`", &mut desk.problems)?;
    let zone = zone_exists(zone, node.at, desk).then(|| zone.to_owned());
    desk.declared.timezone.clone_from(&zone);
    zone
}

fn pack_name(node: &Node, desk: &mut Desk<'_>) -> Option<String> {
    const LONGEST: usize = 64;
    let name = text(node, "`pack`", &mut desk.problems)?;
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !name.is_empty() && name.len() <= LONGEST && name.bytes().all(allowed) {
        return Some(name.to_owned());
    }
    let message = format!("{} is no name for a pack", shown(name));
    desk.problems
        .error(Code::BadId, node.at, message)
        .mend(format!("use 1 to {LONGEST} of the characters a-z, 0-9 and -"));
    None
}

fn read_segments(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<Segment> {
    let mut segments = Vec::new();
    let Some(members) = node.and_then(|node| members(node, "`segments`", &mut desk.problems))
    else {
        return segments;
    };
    for member in members {
        id(&member.key, member.key_at, &mut desk.problems);
        let Some(mut fields) = Fields::of(&member.value, &language::SEGMENT, &mut desk.problems)
        else {
            continue;
        };
        let when = fields.require("when", &mut desk.problems);
        label(fields.take("label"), &mut desk.problems);
        label(fields.take("description"), &mut desk.problems);
        let edge = rules::runs_at_edge(fields.take("runs"), desk);
        fields.finish(&mut desk.problems);
        let when = when.and_then(|node| read(node, Place::Membership, desk));
        segments.push(Segment { id: member.key.clone(), at: member.key_at, when, edge });
    }
    segments
}
