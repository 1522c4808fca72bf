//! Triggers: one thing that is done each time that something changes.

use waymark_model::{Purpose, Span};

use super::actions::{Owner, Written};
use super::cues::entrances;
use super::{Flow, FlowKind, Step, StepKind, existing};
use crate::condition::Condition;
use crate::declared::Desk;
use crate::fields::{Fields, elements, label, whole};
use crate::json::Node;
use crate::language;
use crate::pack::events::purpose;
use crate::pack::rules::{Rule, Unique, runs_at_edge};
use crate::pack::{limits, schedule};

/// What a trigger shows comes before what rules show, unless they say otherwise.
const PRIORITY: i32 = 100;

pub(super) fn read(
    node: Option<&Node>,
    ids: &mut Unique,
    rules: &mut Vec<Rule>,
    desk: &mut Desk<'_>,
) -> Vec<Flow> {
    let items = node.and_then(|node| elements(node, "`triggers`", &mut desk.problems));
    let mut own = Unique::of("trigger");
    let mut flows = Vec::new();
    for item in items.unwrap_or_default() {
        if let Some((flow, rule)) = read_one(item, &mut own, desk) {
            if let Some(rule) = rule {
                ids.take(&rule.id, flow.at, desk);
                rules.push(rule);
            }
            flows.push(flow);
        }
    }
    flows
}

fn read_one(node: &Node, ids: &mut Unique, desk: &mut Desk<'_>) -> Option<(Flow, Option<Rule>)> {
    let mut fields = Fields::of(node, &language::TRIGGER, &mut desk.problems)?;
    let id_node = fields.require("id", &mut desk.problems);
    let on = fields.require("on", &mut desk.problems);
    let when = fields.take("when");
    let does = fields.require("do", &mut desk.problems);
    let limit = fields.take("limit");
    let schedule = fields.take("schedule");
    let priority = fields.take("priority");
    let for_what = fields.take("purpose");
    let runs = fields.take("runs");
    let include = fields.take("existing");
    label(fields.take("label"), &mut desk.problems);
    fields.finish(&mut desk.problems);
    let id = id_node.and_then(|node| ids.read(node, desk));
    let mut enter = entrances(on, "`on`", when, desk);
    let limit = limit.map(|node| limits::read(node, desk));
    let schedule = schedule.map(|node| schedule::read(node, desk));
    let priority = priority.map_or(Some(PRIORITY), |node| {
        whole(node, "`priority`", (i32::MIN, i32::MAX), &mut desk.problems)
    });
    let purpose = for_what.map_or(Some(Purpose::Personalization), |node| purpose(node, desk));
    let edge = runs_at_edge(runs, desk);
    let existing = existing(include, desk);
    let written = does.and_then(|node| {
        let mut fields = Fields::of(node, &language::ACTION, &mut desk.problems)?;
        let written = Written::take(&mut fields, &[], desk);
        fields.finish(&mut desk.problems);
        written.belongs(desk);
        Some(written)
    });
    let (id, id_node) = (id?, id_node?);
    let owner = Owner {
        kind: FlowKind::Trigger,
        id: &id,
        step: DO,
        purpose: purpose?,
        limit: limit.map_or(Some(None), |limit| limit.map(Some))?,
        priority: priority?,
        edge,
    };
    let (act, rule) = written?.read(&owner, desk)?;
    if let Some(schedule) = schedule {
        let within = schedule?.condition();
        for entrance in enter.iter_mut().flatten() {
            let parts = vec![entrance.when.clone(), within.clone()];
            entrance.when = Condition::all(within.at, parts);
        }
    }
    let edge = edge || !act.page;
    let at = id_node.at;
    let step = Step { id: DO.to_owned(), does: StepKind::Act(act) };
    let flow = Flow {
        id,
        at,
        kind: FlowKind::Trigger,
        edge,
        enter: enter?,
        key: None,
        // Each time anew.
        reenter: Some(Span(0)),
        exit: Vec::new(),
        over: None,
        existing,
        steps: vec![step],
    };
    Some((flow, rule))
}

/// The only step of a trigger.
const DO: &str = "do";
