//! What triggers and journeys do.

use waymark_engine::program::{Act as Event, Compare};
use waymark_model::{Purpose, Span, Value};

use super::FlowKind;
use crate::condition::{Condition, Kind};
use crate::declared::{self, Desk};
use crate::diagnostic::Code;
use crate::fields::{Fields, duration, text};
use crate::json::{At, Node};
use crate::language;
use crate::pack::content::shown_in;
use crate::pack::limits::{Limit, Of, Per, fewer, happened};
use crate::pack::rules::{Does, Rule};

/// How long content is shown, unless the pack says otherwise.
const SHOWN_FOR: Span = Span(30 * Span::MINUTE.0);

/// Properties of actions.
const STEP_ID: &str = "step_id";
const SURVEY_ID: &str = "survey_id";

/// An event that hosts carry out and log.
#[derive(Debug)]
pub(crate) struct Act {
    pub event: &'static str,
    pub properties: Vec<(String, String)>,
    pub purpose: Purpose,
    /// How it contacts the visitor, if it does.
    pub contact: Option<String>,
    /// The destination that it is sent by, and the one that hears of it when it is late.
    pub destinations: Vec<String>,
    /// Where it shows something.
    pub slot: Option<String>,
    /// What has to hold for it, too; otherwise it is left out.
    pub limits: Vec<Condition>,
    /// Whether a page can take it.
    pub page: bool,
}

/// Whose action it is.
pub(super) struct Owner<'o> {
    pub kind: FlowKind,
    pub id: &'o str,
    pub step: &'o str,
    pub purpose: Purpose,
    pub limit: Option<Limit>,
    pub priority: i32,
    pub edge: bool,
}

/// An action as it is written.
pub(super) struct Written<'n> {
    /// The key that says what is done, if one does.
    pub does: Option<(&'static str, &'n Node)>,
    keep: Option<&'n Node>,
    message: Option<&'n Node>,
    task: Option<&'n Node>,
}

pub(super) const KEYS: [&str; 3] = ["show", "send", "survey"];

impl<'n> Written<'n> {
    /// Takes the keys of an action, of which one says what is done.
    pub fn take(fields: &mut Fields<'n>, others: &[&'static str], desk: &mut Desk<'_>) -> Self {
        let keys: Vec<&'static str> = others.iter().copied().chain(KEYS).collect();
        let does = fields.one_of(&keys, &mut desk.problems);
        Self {
            does,
            keep: fields.take("for"),
            message: fields.take("message"),
            task: fields.take("task"),
        }
    }

    /// Refuses what belongs to another key than the one that is there.
    pub fn belongs(&self, desk: &mut Desk<'_>) {
        let Some((does, _)) = self.does else { return };
        let all = [
            ("for", "show", self.keep),
            ("message", "send", self.message),
            ("task", "send", self.task),
        ];
        for (key, to, node) in all {
            if let Some(node) = node.filter(|_| does != to) {
                let message = format!("`{key}` is about `{to}`, and this is about `{does}`");
                desk.problems.error(Code::ConflictingKeys, node.at, message);
            }
        }
    }

    pub fn read(&self, owner: &Owner<'_>, desk: &mut Desk<'_>) -> Option<(Act, Option<Rule>)> {
        let (does, node) = self.does?;
        if let Some(limit) = owner.limit.filter(|limit| does != "show" && limit.of != Of::Exposure)
        {
            let message = "`of` is about what is shown; each time that this is done counts";
            desk.problems.error(Code::ConflictingKeys, limit.at, message);
        }
        match does {
            "show" => self.show(node, owner, desk),
            "send" => Some((self.send(node, owner, desk)?, None)),
            _ => Some((survey(node, owner, desk)?, None)),
        }
    }

    /// An ordinary rule shows it for as long as that is not long ago.
    fn show(
        &self,
        node: &Node,
        owner: &Owner<'_>,
        desk: &mut Desk<'_>,
    ) -> Option<(Act, Option<Rule>)> {
        let keep =
            self.keep.map_or(Some(SHOWN_FOR), |node| duration(node, "`for`", &mut desk.problems));
        let shown = shown_in(node, "`show`", None, desk)?;
        let slot = desk.declared.contents.get(&shown.content).cloned().flatten()?;
        let at = node.at;
        let on = happened(Event::CONTENT, owner.is_meant(at));
        let within = Some(keep?);
        let kind = Kind::Count { on, within, session: false, least: 1, most: None };
        let properties = [("content_id", shown.content.as_str()), ("slot", &slot)];
        let act = Act {
            event: Event::CONTENT,
            properties: owner.properties(&properties),
            purpose: owner.purpose,
            contact: None,
            destinations: Vec::new(),
            slot: Some(slot.clone()),
            // Whoever listens is not told of what is not shown.
            limits: owner
                .limit
                .map(|limit| limit.condition(&owner.rule_id()))
                .into_iter()
                .collect(),
            page: true,
        };
        let rule = Rule {
            id: owner.rule_id(),
            at,
            slot,
            does: Does::Show(shown),
            priority: owner.priority,
            purpose: owner.purpose,
            when: Condition { at, kind },
            filters: Vec::new(),
            needs: Vec::new(),
            holdout: None,
            schedule: None,
            limit: owner.limit,
            exclusive: None,
            edge: owner.edge,
        };
        Some((act, Some(rule)))
    }

    fn send(&self, node: &Node, owner: &Owner<'_>, desk: &mut Desk<'_>) -> Option<Act> {
        let message = self.message.map(|node| text(node, "`message`", &mut desk.problems));
        let id = text(node, "`send`", &mut desk.problems)?;
        if !desk.is_declared(declared::Kind::Destination, id, node.at) {
            return None;
        }
        let destination = desk.declared.destinations.get(id).cloned().flatten()?;
        let mut properties = vec![("destination_id", id), ("contact", &*destination.channel)];
        if let Some(message) = message {
            properties.push(("message_id", message?));
        }
        let (due, escalate) = match self.task {
            None => (None, None),
            Some(node) => {
                let (due, escalate) = task(node, desk)?;
                (Some(due.0.to_string()), escalate)
            }
        };
        properties.extend(due.as_deref().map(|due| (Event::DUE, due)));
        properties.extend(escalate.map(|to| (Event::ESCALATE, to)));
        Some(Act {
            event: Event::MESSAGE,
            properties: owner.properties(&properties),
            purpose: destination.purpose,
            limits: owner.limits(Event::MESSAGE, node.at),
            contact: Some(destination.channel),
            destinations: std::iter::once(id).chain(escalate).map(str::to_owned).collect(),
            slot: None,
            page: false,
        })
    }
}

/// When it is to be done, and who hears of it when it is not.
fn task<'n>(node: &'n Node, desk: &mut Desk<'_>) -> Option<(Span, Option<&'n str>)> {
    let mut fields = Fields::of(node, &language::TASK, &mut desk.problems)?;
    let due = fields.require("due", &mut desk.problems);
    let escalate = fields.take("escalate");
    fields.finish(&mut desk.problems);
    let due = duration(due?, "`due`", &mut desk.problems)?;
    let escalate = match escalate {
        None => None,
        Some(node) => {
            let id = text(node, "`escalate`", &mut desk.problems)?;
            if !desk.is_declared(declared::Kind::Destination, id, node.at) {
                return None;
            }
            Some(id)
        }
    };
    Some((due, escalate))
}

/// It asks some of the visitors, and each not too often.
fn survey(node: &Node, owner: &Owner<'_>, desk: &mut Desk<'_>) -> Option<Act> {
    let id = text(node, "`survey`", &mut desk.problems)?;
    if !desk.is_declared(declared::Kind::Survey, id, node.at) {
        return None;
    }
    let survey = desk.declared.surveys.get(id).cloned().flatten()?;
    let at = node.at;
    let same = Condition::property(at, SURVEY_ID, Compare::Is(Value::from(id)));
    let cooldown = Per::Span(survey.cooldown);
    let mut limits = owner.limits(Event::SURVEY, at);
    limits.push(fewer(at, happened(Event::SURVEY, same), cooldown, 1));
    limits.extend(survey.sample.map(|share| Condition { at, kind: Kind::Percent(share) }));
    let by = survey.send.as_ref();
    let sent = by.and_then(|id| desk.declared.destinations.get(id).cloned().flatten());
    let mut properties = vec![(SURVEY_ID, id)];
    properties.extend(by.map(|id| ("destination_id", id.as_str())));
    properties.extend(sent.as_ref().map(|sent| ("contact", sent.channel.as_str())));
    Some(Act {
        event: Event::SURVEY,
        properties: owner.properties(&properties),
        purpose: sent.as_ref().map_or(owner.purpose, |sent| sent.purpose),
        contact: sent.as_ref().map(|sent| sent.channel.clone()),
        destinations: by.cloned().into_iter().collect(),
        slot: None,
        limits,
        page: survey.page,
    })
}

impl Owner<'_> {
    fn properties(&self, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let all = std::iter::once((self.kind.property(), self.id)).chain(more.iter().copied());
        all.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// By which reports name the rule that shows its content.
    fn rule_id(&self) -> String {
        match self.kind {
            FlowKind::Trigger => self.id.to_owned(),
            FlowKind::Journey => format!("{}.{}", self.id, self.step),
        }
    }

    /// That an action is this one.
    fn is_meant(&self, at: At) -> Condition {
        let is = |name, value: &str| Condition::property(at, name, Compare::Is(Value::from(value)));
        let whole = is(self.kind.property(), self.id);
        match self.kind {
            FlowKind::Trigger => whole,
            FlowKind::Journey => Condition::all(at, vec![whole, is(STEP_ID, self.step)]),
        }
    }

    fn limits(&self, event: &str, at: At) -> Vec<Condition> {
        let one = |limit: Limit| {
            fewer(limit.at, happened(event, self.is_meant(at)), limit.per, limit.times)
        };
        self.limit.map(one).into_iter().collect()
    }
}
