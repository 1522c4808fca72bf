//! Rules: what is shown to whom.

use std::collections::BTreeSet;

use waymark_engine::program::Share;
use waymark_model::Purpose;

use super::content::{Shown, shown_in};
use super::events::purpose;
use super::experiments::Experiment;
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
}

/// What a rule that wins does.
#[derive(Debug)]
pub(crate) enum Does {
    Keep,
    Show(Shown),
    Experiment(Box<Experiment>),
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
        }
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
    let show = fields.require("show", &mut desk.problems);
    let id = id_node.and_then(|node| ids.read(node, desk));
    let (slot, rule) = ordinary(&mut fields, node, id.as_deref().unwrap_or_default(), desk);
    label(fields.take("label"), &mut desk.problems);
    fields.finish(&mut desk.problems);

    let does = show.and_then(|node| match &node.json {
        Json::Text(word) if word == KEEP => Some(Does::Keep),
        _ => shown_in(node, "`show`", slot.as_deref(), desk).map(Does::Show),
    });
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
    let rule = || {
        Some(Rule {
            id: String::new(),
            at: node.at,
            slot: slot.clone()?,
            does: Does::Keep,
            priority: priority?,
            purpose: purpose?,
            when: when?,
            filters: filters?,
            needs: needs?,
            holdout,
        })
    };
    let rule = rule();
    (slot, rule)
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
