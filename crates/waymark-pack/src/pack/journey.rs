//! Sessions, stages and touchpoints.

use waymark_model::Span;

use super::rules::Unique;
use crate::condition::{Condition, Place, read as read_condition};
use crate::declared::Desk;
use crate::diagnostic::Code;
use crate::fields::{DURATIONS, Fields, duration, elements, label, members, text};
use crate::json::{At, Node};
use crate::language;

#[derive(Debug)]
pub(crate) struct Journey {
    pub session: Span,
    pub stages: Vec<Stage>,
}

#[derive(Debug)]
pub(crate) struct Stage {
    pub id: String,
    pub at: At,
    /// `None` when it could not be read.
    pub enter: Option<Condition>,
}

const SESSION: Span = Span(30 * Span::MINUTE.0);
const LONGEST_SESSION: Span = Span::DAY;

pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) -> Journey {
    let mut journey = Journey { session: SESSION, stages: Vec::new() };
    let Some(mut fields) =
        node.and_then(|node| Fields::of(node, &language::JOURNEY, &mut desk.problems))
    else {
        return journey;
    };
    if let Some(node) = fields.take("session")
        && let Some(session) = duration(node, "`session`", &mut desk.problems)
    {
        if session > LONGEST_SESSION {
            let message = "a session ends after 24h without an event at the latest";
            desk.problems.error(Code::BadDuration, node.at, message).mend(DURATIONS);
        }
        journey.session = session;
    }
    let stages = fields.take("stages");
    let touchpoints = fields.take("touchpoints");
    fields.finish(&mut desk.problems);
    if let Some(node) = stages {
        journey.stages = read_stages(node, desk);
    }
    if let Some(node) = touchpoints {
        check_touchpoints(node, desk);
    }
    journey
}

fn read_stages(node: &Node, desk: &mut Desk<'_>) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    let items = elements(node, "`stages`", &mut desk.problems).unwrap_or_default();
    let mut ids = Unique::of("stage");
    for item in items {
        let Some(mut fields) = Fields::of(item, &language::STAGE, &mut desk.problems) else {
            continue;
        };
        let id = fields.require("id", &mut desk.problems);
        let enter = fields.require("enter", &mut desk.problems);
        label(fields.take("label"), &mut desk.problems);
        fields.finish(&mut desk.problems);
        let enter = enter.and_then(|node| read_condition(node, Place::Membership, desk));
        if let Some(id) = id.and_then(|node| ids.read(node, desk)) {
            stages.push(Stage { id, at: item.opening(), enter });
        }
    }
    stages
}

/// Touchpoints are names for people: nothing here is compiled.
fn check_touchpoints(node: &Node, desk: &mut Desk<'_>) {
    for member in members(node, "`touchpoints`", &mut desk.problems).unwrap_or_default() {
        let Some(mut fields) = Fields::of(&member.value, &language::TOUCHPOINT, &mut desk.problems)
        else {
            continue;
        };
        if let Some(channel) = fields.require("channel", &mut desk.problems) {
            text(channel, "`channel`", &mut desk.problems);
        }
        label(fields.take("label"), &mut desk.problems);
        fields.finish(&mut desk.problems);
    }
}
