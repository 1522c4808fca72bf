//! Rules: what is shown to whom.

use std::collections::BTreeSet;

use waymark_engine::program::Share;
use waymark_model::Purpose;

use super::content::{Shown, shown_in};
use super::events::purpose;
use super::experiments::Experiment;
use super::limits::{self, Limit};
use super::picks::{self, Candidate};
use super::schedule::{self, Schedule};
use super::shares::{self, KEEP, Need};
use crate::condition::{Condition, Place, read as read_condition};
use crate::declared::{Desk, Kind};
use crate::diagnostic::Code;
use crate::fields::{self, Fields, elements, label, text, whole};
use crate::json::{At, Json, Node};
use crate::language;
use crate::problem::shown;

#[derive(Debug)]
pub(crate) struct Rule {
    pub id: String,
    pub at: At,
    pub slot: String,
    pub does: Does,
    pub priority: i32,
    pub purpose: Purpose,
    pub when: Condition,
    pub filters: Vec<Share>,
    pub needs: Vec<Need>,
    pub holdout: Option<Share>,
    pub schedule: Option<Schedule>,
    pub limit: Option<Limit>,
    /// Of the rules with the same name, one wins.
    pub exclusive: Option<String>,
    /// Whether only the edge may know of it.
    pub edge: bool,
}

/// What a rule that wins does.
#[derive(Debug)]
pub(crate) enum Does {
    Keep,
    Show(Shown),
    Experiment(Box<Experiment>),
    Pick(Vec<Candidate>),
}

impl Rule {
    /// Every content that it may show.
    pub fn shown(&self) -> Vec<&Shown> {
        match &self.does {
            Does::Keep => Vec::new(),
            Does::Show(shown) => vec![shown],
            Does::Experiment(experiment) => {
                experiment.variations.iter().filter_map(|one| one.show.as_ref()).collect()
            }
            Does::Pick(candidates) => candidates.iter().map(|one| &one.show).collect(),
        }
    }

    /// Every condition in it.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        let (leaves, candidates) = match &self.does {
            Does::Experiment(experiment) => (&experiment.contexts[..], &[][..]),
            Does::Pick(candidates) => (&[][..], &candidates[..]),
            Does::Keep | Does::Show(_) => (&[][..], &[][..]),
        };
        let chosen = candidates.iter().flat_map(|candidate| {
            let points = candidate.points.iter().map(|points| &points.when);
            std::iter::once(&candidate.when).chain(points)
        });
        std::iter::once(&self.when).chain(leaves.iter().map(|leaf| &leaf.when)).chain(chosen)
    }
}

/// The rules that could be read.
pub(super) fn read(node: Option<&Node>, ids: &mut Unique, desk: &mut Desk<'_>) -> Vec<Rule> {
    let items = node.and_then(|node| elements(node, "`rules`", &mut desk.problems));
    items.unwrap_or_default().iter().filter_map(|item| read_rule(item, ids, desk)).collect()
}

fn read_rule(node: &Node, ids: &mut Unique, desk: &mut Desk<'_>) -> Option<Rule> {
    let mut fields = Fields::of(node, &language::RULE, &mut desk.problems)?;
    let id_node = fields.require("id", &mut desk.problems);
    let show = fields.take("show");
    let among = fields.take("among");
    let pick = fields.take("pick");
    let id = id_node.and_then(|node| ids.read(node, desk));
    let (slot, rule) = ordinary(&mut fields, node, id.as_deref().unwrap_or_default(), desk);
    label(fields.take("label"), &mut desk.problems);
    fields.finish(&mut desk.problems);

    let does = match (show, among) {
        (Some(node), None) => {
            if let Some(pick) = pick {
                let message = "`pick` chooses among several contents, and `show` names one";
                desk.problems.error(Code::ConflictingKeys, pick.at, message);
            }
            match &node.json {
                Json::Text(word) if word == KEEP => Some(Does::Keep),
                _ => shown_in(node, "`show`", slot.as_deref(), desk).map(Does::Show),
            }
        }
        (None, Some(among)) => picks::read(among, pick, slot.as_deref(), desk).map(Does::Pick),
        (Some(_), Some(among)) => {
            let message = "a rule shows one content, or chooses `among` several, and not both";
            desk.problems.error(Code::ConflictingKeys, among.opening(), message);
            None
        }
        (None, None) => {
            let message = "a rule needs `show`";
            desk.problems.error(Code::MissingKey, node.opening(), message);
            None
        }
    };
    Some(Rule { id: id?, at: id_node?.at, does: does?, ..rule? })
}

/// What rules and experiments have in common, and the slot by itself.
pub(super) fn ordinary(
    fields: &mut Fields<'_>,
    node: &Node,
    id: &str,
    desk: &mut Desk<'_>,
) -> (Option<String>, Option<Rule>) {
    let slot = fields.require("slot", &mut desk.problems);
    let when = fields.take("when");
    let priority = fields.take("priority");
    let for_what = fields.take("purpose");
    let filters = fields.take("filters");
    let needs = fields.take("needs");
    let holdout = fields.take("holdout");
    let schedule = fields.take("schedule");
    let limit = fields.take("limit");
    let exclusive = fields.take("exclusive");
    let edge = runs_at_edge(fields.take("runs"), desk);
    let slot = slot.and_then(|node| {
        let slot = text(node, "`slot`", &mut desk.problems)?;
        desk.is_declared(Kind::Slot, slot, node.at).then(|| slot.to_owned())
    });
    let when = when.map_or_else(
        || Some(Condition::always(node.at)),
        |node| read_condition(node, Place::Rule, desk),
    );
    let priority = priority.map_or(Some(0), |node| {
        whole(node, "`priority`", (i32::MIN, i32::MAX), &mut desk.problems)
    });
    let purpose = for_what.map_or(Some(Purpose::Personalization), |node| purpose(node, desk));
    let filters = shares::filters(filters, desk);
    let needs = shares::needs(needs, desk);
    let holdout = shares::holdout(holdout, &format!("{}.rule.{id}", shares::HOLDOUT), desk);
    let schedule = schedule.map(|node| schedule::read(node, desk));
    let limit = limit.map(|node| limits::read(node, desk));
    let exclusive = exclusive.map(|node| {
        let name = text(node, "`exclusive`", &mut desk.problems)?;
        fields::id(name, node.at, &mut desk.problems).then(|| name.to_owned())
    });
    let rule = || {
        let schedule = schedule.map_or(Some(None), |schedule| schedule.map(Some))?;
        let when = match schedule {
            None => when?,
            Some(schedule) => Condition::all(node.at, vec![when?, schedule.condition()]),
        };
        Some(Rule {
            id: String::new(),
            at: node.at,
            slot: slot.clone()?,
            does: Does::Keep,
            priority: priority?,
            purpose: purpose?,
            when,
            filters: filters?,
            needs: needs?,
            holdout,
            schedule,
            limit: limit.map_or(Some(None), |limit| limit.map(Some))?,
            exclusive: exclusive.map_or(Some(None), |name| name.map(Some))?,
            edge,
        })
    };
    let rule = rule();
    (slot, rule)
}

/// `runs`, or `visible`: whether something is known at the edge only.
pub(super) fn runs_at_edge(node: Option<&Node>, desk: &mut Desk<'_>) -> bool {
    let Some(node) = node else { return false };
    let names = ["anywhere", "edge"];
    let place = text(node, "a place", &mut desk.problems).unwrap_or("anywhere");
    if !names.contains(&place) {
        let message = format!("{} is no place; it is {}", shown(place), names.join(" or "));
        desk.problems.error(Code::BadValue, node.at, message).mean(place, names);
    }
    place == "edge"
}

/// Ids that were read so far of things in a list.
pub(super) struct Unique {
    kind: &'static str,
    seen: BTreeSet<String>,
}

impl Unique {
    pub const fn of(kind: &'static str) -> Self {
        Self { kind, seen: BTreeSet::new() }
    }

    pub fn read(&mut self, node: &Node, desk: &mut Desk<'_>) -> Option<String> {
        let id = text(node, "`id`", &mut desk.problems)?;
        self.take(id, node.at, desk);
        Some(id.to_owned())
    }

    pub fn take(&mut self, id: &str, at: At, desk: &mut Desk<'_>) {
        fields::id(id, at, &mut desk.problems);
        if !self.seen.insert(id.to_owned()) {
            let message = format!("there is another {} {}", self.kind, shown(id));
            let problem = desk.problems.error(Code::DuplicateId, at, message);
            problem.mend("give each an id of its own: reports name them by it");
        }
    }
}
