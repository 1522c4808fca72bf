//! Rules: what is shown to whom.

use std::collections::BTreeSet;

use waymark_model::Purpose;

use super::content::{Shown, shown_in};
use super::events::purpose;
use crate::condition::{Condition, Place, read as read_condition};
use crate::declared::{Desk, Kind};
use crate::diagnostic::Code;
use crate::fields::{self, Fields, elements, label, text, whole};
use crate::json::{At, Node};
use crate::language;
use crate::problem::shown;

#[derive(Debug)]
pub(crate) struct Rule {
    pub id: String,
    pub at: At,
    pub slot: String,
    pub show: Shown,
    pub priority: i32,
    pub purpose: Purpose,
    pub when: Condition,
}

/// The rules that could be read.
pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<Rule> {
    let items = node.and_then(|node| elements(node, "`rules`", &mut desk.problems));
    let mut ids = unique("rule");
    items.unwrap_or_default().iter().filter_map(|item| read_rule(item, &mut ids, desk)).collect()
}

fn read_rule(node: &Node, ids: &mut Unique, desk: &mut Desk<'_>) -> Option<Rule> {
    let mut fields = Fields::of(node, &language::RULE, &mut desk.problems)?;
    let id_node = fields.require("id", &mut desk.problems);
    let slot = fields.require("slot", &mut desk.problems);
    let when = fields.take("when");
    let show = fields.require("show", &mut desk.problems);
    let priority = fields.take("priority");
    let for_what = fields.take("purpose");
    label(fields.take("label"), &mut desk.problems);
    fields.finish(&mut desk.problems);

    let id = id_node.and_then(|node| ids.read(node, desk));
    let slot = slot.and_then(|node| {
        let slot = text(node, "`slot`", &mut desk.problems)?;
        desk.is_declared(Kind::Slot, slot, node.at).then(|| slot.to_owned())
    });
    let show = show.and_then(|node| shown_in(node, "`show`", slot.as_deref(), desk));
    let when = when.map_or_else(
        || Some(Condition::always(node.at)),
        |node| read_condition(node, Place::Rule, desk),
    );
    let priority = priority.map_or(Some(0), |node| {
        whole(node, "`priority`", (i32::MIN, i32::MAX), &mut desk.problems)
    });
    let purpose = for_what.map_or(Some(Purpose::Personalization), |node| purpose(node, desk));
    Some(Rule {
        id: id?,
        at: id_node?.at,
        slot: slot?,
        show: show?,
        priority: priority?,
        purpose: purpose?,
        when: when?,
    })
}

/// Ids that were read so far of things in a list.
pub(super) struct Unique {
    kind: &'static str,
    seen: BTreeSet<String>,
}

pub(super) const fn unique(kind: &'static str) -> Unique {
    Unique { kind, seen: BTreeSet::new() }
}

impl Unique {
    pub fn read(&mut self, node: &Node, desk: &mut Desk<'_>) -> Option<String> {
        let id = text(node, "`id`", &mut desk.problems)?;
        fields::id(id, node.at, &mut desk.problems);
        if !self.seen.insert(id.to_owned()) {
            let message = format!("there is another {} {}", self.kind, shown(id));
            let problem = desk.problems.error(Code::DuplicateId, node.at, message);
            problem.mend("give each an id of its own: reports name them by it");
        }
        Some(id.to_owned())
    }
}
