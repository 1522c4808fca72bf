//! Journeys: steps that a visitor goes through over time.

use waymark_model::{Purpose, Span};

use super::actions::{Act, Owner, Written};
use super::cues::{Cue, Entrance, entrances};
use super::{Flow, FlowKind, existing};
use crate::condition::{Condition, Occurrence, Place, occurrence_of, read as read_condition};
use crate::declared::Desk;
use crate::diagnostic::Code;
use crate::fields::{Fields, duration, elements, id, label, members, text};
use crate::json::{At, Json, Node};
use crate::language;
use crate::pack::events::purpose;
use crate::pack::rules::{Rule, Unique};
use crate::shares::one_or_all;

/// Steps of a journey, those of branches too.
const STEPS: usize = 50;
/// What a journey shows comes before what rules show, unless they say otherwise.
const PRIORITY: i32 = 100;

#[derive(Debug)]
pub(crate) struct Step {
    pub id: String,
    pub does: StepKind,
}

#[derive(Debug)]
pub(crate) enum StepKind {
    Wait(Span),
    /// For an event, or until something holds.
    Await {
        on: Option<Occurrence>,
        until: Option<Condition>,
        most: Option<Span>,
    },
    Branch {
        arms: Vec<(Condition, Vec<Step>)>,
        otherwise: Vec<Step>,
    },
    Act(Act),
}

pub(super) fn read(
    node: Option<&Node>,
    ids: &mut Unique,
    rules: &mut Vec<Rule>,
    desk: &mut Desk<'_>,
) -> Vec<Flow> {
    let all = node.and_then(|node| members(node, "`journeys`", &mut desk.problems));
    let mut flows = Vec::new();
    for member in all.unwrap_or_default() {
        id(&member.key, member.key_at, &mut desk.problems);
        let (flow, shows) = read_one(&member.key, member.key_at, &member.value, desk);
        for rule in shows {
            ids.take(&rule.id, rule.at, desk);
            rules.push(rule);
        }
        flows.extend(flow);
    }
    flows
}

fn read_one(id: &str, at: At, node: &Node, desk: &mut Desk<'_>) -> (Option<Flow>, Vec<Rule>) {
    let Some(mut fields) = Fields::of(node, &language::TIMED_JOURNEY, &mut desk.problems) else {
        return (None, Vec::new());
    };
    let enter = fields.require("enter", &mut desk.problems);
    let when = fields.take("when");
    let key = fields.take("key");
    let reenter = fields.take("reenter");
    let exit = fields.take("exit");
    let steps = fields.require("steps", &mut desk.problems);
    let for_what = fields.take("purpose");
    let include = fields.take("existing");
    label(fields.take("label"), &mut desk.problems);
    fields.finish(&mut desk.problems);
    let enter = entrances(enter, "`enter`", when, desk);
    let entry = one_event(enter.iter().flatten().map(|entrance| match &entrance.cue {
        Cue::Event(on) => on.event.as_deref(),
        Cue::Becomes(_) => None,
    }));
    let key = key.map(|node| read_key(node, enter.as_deref(), entry, desk));
    let reenter = reenter.map(|node| read_reenter(node, desk));
    let purpose = for_what.map_or(Some(Purpose::Personalization), |node| purpose(node, desk));
    let existing = existing(include, desk);
    let answers = answers(steps);
    let answer = one_event(answers.iter().map(|event| Some(event.as_str())));
    let place = Place::Run { entry, answer };
    let exit = exit.map_or(Some(Vec::new()), |node| {
        one_or_all(node, "`exit`", desk, |node, desk| read_exit(node, place, desk))
    });
    let mut reader = Reader {
        id,
        purpose: purpose.unwrap_or(Purpose::Personalization),
        place,
        ids: Unique::of("step"),
        count: 0,
        rules: Vec::new(),
        desk,
    };
    let steps = steps.and_then(|node| reader.steps(node));
    let (count, rules) = (reader.count, reader.rules);
    if count > STEPS {
        let message = format!("a journey has at most {STEPS} steps, and this has {count}");
        desk.problems.error(Code::BadSteps, at, message).mend("make two of it");
    }
    let flow = || {
        let mut events = Vec::new();
        let mut conditions = Vec::new();
        for exit in exit? {
            match exit {
                Exit::Event(on) => events.push(on),
                Exit::When(condition) => conditions.push(condition),
            }
        }
        Some(Flow {
            id: id.to_owned(),
            at,
            kind: FlowKind::Journey,
            edge: true,
            key: key.map_or(Some(None), |key| key.map(Some))?,
            reenter: reenter.map_or(Some(None), |after| after.map(Some))?,
            exit: events,
            over: (!conditions.is_empty()).then(|| Condition::any(node.at, conditions)),
            existing,
            steps: steps?,
            enter: enter.clone()?,
        })
    };
    (flow(), rules)
}

/// The event that all of these are, if they are one.
fn one_event<'e>(mut events: impl Iterator<Item = Option<&'e str>>) -> Option<&'e str> {
    let first = events.next()??;
    events.all(|event| event == Some(first)).then_some(first)
}

/// The events that steps wait for, whatever else is wrong with them.
fn answers(steps: Option<&Node>) -> Vec<String> {
    let Some(Json::Array(items)) = steps.map(|node| &node.json) else { return Vec::new() };
    let mut found = Vec::new();
    for item in items {
        if let Some(Json::Text(event)) =
            item.member("wait").and_then(|wait| wait.member("event")).map(|node| &node.json)
        {
            found.push(event.clone());
        }
        found.extend(answers(item.member("else")));
        if let Some(Json::Array(arms)) = item.member("branch").map(|node| &node.json) {
            found.extend(arms.iter().flat_map(|arm| answers(arm.member("steps"))));
        }
    }
    found
}

fn read_key(
    node: &Node,
    enter: Option<&[Entrance]>,
    entry: Option<&str>,
    desk: &mut Desk<'_>,
) -> Option<Vec<String>> {
    let path = text(node, "`key`", &mut desk.problems)?;
    let keys: Vec<String> = path.split('.').map(str::to_owned).collect();
    if keys.iter().any(String::is_empty) {
        desk.problems.error(Code::UnknownPath, node.at, "`key` leaves out what to read");
        return None;
    }
    let by_event = |entrance: &Entrance| matches!(entrance.cue, Cue::Event(_));
    if enter.is_some_and(|enter| !enter.iter().all(by_event)) {
        let message = "`key` is a property of an event, and visitors come in without one";
        let problem = desk.problems.error(Code::ConflictingKeys, node.at, message);
        problem.mend("let them in by events only, or leave `key` out");
        return None;
    }
    desk.property_is_declared(entry, &keys, node.at);
    Some(keys)
}

fn read_reenter(node: &Node, desk: &mut Desk<'_>) -> Option<Span> {
    let mut fields = Fields::of(node, &language::REENTER, &mut desk.problems)?;
    let after = fields.require("after", &mut desk.problems);
    fields.finish(&mut desk.problems);
    duration(after?, "`after`", &mut desk.problems)
}

enum Exit {
    Event(Occurrence),
    When(Condition),
}

fn read_exit(node: &Node, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Exit> {
    let mut fields = Fields::of(node, &language::EXIT, &mut desk.problems)?;
    let exit = fields.one_of(&["event", "when"], &mut desk.problems);
    let filter = fields.take("where");
    fields.finish(&mut desk.problems);
    let (key, node) = exit?;
    if key == "event" {
        return occurrence_of(Some(node), filter, desk).map(Exit::Event);
    }
    no_filter(filter, key, desk);
    read_condition(node, place, desk).map(Exit::When)
}

fn no_filter(filter: Option<&Node>, key: &str, desk: &mut Desk<'_>) {
    if let Some(filter) = filter {
        let message = format!("`where` is about an `event`, and this is about `{key}`");
        desk.problems.error(Code::ConflictingKeys, filter.at, message);
    }
}

struct Reader<'r, 's> {
    /// The journey's.
    id: &'r str,
    purpose: Purpose,
    place: Place<'r>,
    ids: Unique,
    count: usize,
    rules: Vec<Rule>,
    desk: &'r mut Desk<'s>,
}

impl Reader<'_, '_> {
    fn steps(&mut self, node: &Node) -> Option<Vec<Step>> {
        let items = elements(node, "`steps`", &mut self.desk.problems)?;
        let steps: Vec<_> = items.iter().map(|item| self.step(item)).collect();
        steps.into_iter().collect()
    }

    fn step(&mut self, node: &Node) -> Option<Step> {
        self.count += 1;
        let mut fields = Fields::of(node, &language::JOURNEY_STEP, &mut self.desk.problems)?;
        let id_node = fields.require("id", &mut self.desk.problems);
        let written = Written::take(&mut fields, &["wait", "branch"], self.desk);
        let otherwise = fields.take("else");
        label(fields.take("label"), &mut self.desk.problems);
        fields.finish(&mut self.desk.problems);
        written.belongs(self.desk);
        let id = id_node.and_then(|node| self.ids.read(node, self.desk));
        let (key, does) = written.does?;
        if let Some(node) = otherwise.filter(|_| key != "branch") {
            let message = format!("`else` is about `branch`, and this is about `{key}`");
            self.desk.problems.error(Code::ConflictingKeys, node.opening(), message);
        }
        let does = match key {
            "wait" => self.wait(does),
            "branch" => self.branch(does, otherwise),
            _ => {
                let owner = Owner {
                    kind: FlowKind::Journey,
                    id: self.id,
                    step: id.as_deref()?,
                    purpose: self.purpose,
                    limit: None,
                    priority: PRIORITY,
                    edge: true,
                };
                let (act, rule) = written.read(&owner, self.desk)?;
                self.rules.extend(rule);
                Some(StepKind::Act(act))
            }
        };
        Some(Step { id: id?, does: does? })
    }

    fn wait(&mut self, node: &Node) -> Option<StepKind> {
        if matches!(node.json, Json::Text(_)) {
            return duration(node, "`wait`", &mut self.desk.problems).map(StepKind::Wait);
        }
        let problems = &mut self.desk.problems;
        let mut fields = Fields::of(node, &language::AWAITED, problems)?;
        let awaited = fields.one_of(&["event", "until"], problems);
        let filter = fields.take("where");
        let most = fields.take("upTo");
        fields.finish(problems);
        let most = most.map(|node| duration(node, "`upTo`", problems));
        let (key, node) = awaited?;
        let (on, until) = if key == "event" {
            (Some(occurrence_of(Some(node), filter, self.desk)?), None)
        } else {
            no_filter(filter, key, self.desk);
            (None, Some(read_condition(node, self.place, self.desk)?))
        };
        let most = most.map_or(Some(None), |most| most.map(Some))?;
        Some(StepKind::Await { on, until, most })
    }

    fn branch(&mut self, node: &Node, otherwise: Option<&Node>) -> Option<StepKind> {
        let arms = elements(node, "`branch`", &mut self.desk.problems)?;
        let arms: Vec<_> = arms.iter().map(|arm| self.arm(arm)).collect();
        let otherwise = otherwise.map_or(Some(Vec::new()), |node| self.steps(node));
        let arms: Option<Vec<_>> = arms.into_iter().collect();
        Some(StepKind::Branch { arms: arms?, otherwise: otherwise? })
    }

    fn arm(&mut self, node: &Node) -> Option<(Condition, Vec<Step>)> {
        let mut fields = Fields::of(node, &language::ARM, &mut self.desk.problems)?;
        let when = fields.require("when", &mut self.desk.problems);
        let steps = fields.require("steps", &mut self.desk.problems);
        fields.finish(&mut self.desk.problems);
        let when = when.and_then(|node| read_condition(node, self.place, self.desk));
        let steps = steps.and_then(|node| self.steps(node));
        Some((when?, steps?))
    }
}
