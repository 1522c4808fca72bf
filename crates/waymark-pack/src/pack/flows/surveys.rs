//! Questions to visitors.

use waymark_engine::assign::{HashVersion, Range};
use waymark_engine::program::Share;
use waymark_model::Span;

use crate::declared::{Desk, Survey};
use crate::diagnostic::Code;
use crate::fields::{Fields, duration, elements, id, label, members, one_of, text};
use crate::json::Node;
use crate::language;
use crate::shares::{by_user, one_or_all, share};

const COOLDOWN: Span = Span(90 * Span::DAY.0);

pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) {
    let all = node.and_then(|node| members(node, "`surveys`", &mut desk.problems));
    for member in all.unwrap_or_default() {
        id(&member.key, member.key_at, &mut desk.problems);
        let survey = read_one(&member.key, &member.value, desk);
        desk.declared.surveys.insert(member.key.clone(), survey);
    }
}

fn read_one(id: &str, node: &Node, desk: &mut Desk<'_>) -> Option<Survey> {
    let mut fields = Fields::of(node, &language::SURVEY, &mut desk.problems)?;
    let question = fields.require("question", &mut desk.problems);
    let kind = fields.take("kind");
    let choices = fields.take("choices");
    let sample = fields.take("sample");
    let cooldown = fields.take("cooldown");
    let event = fields.take("event");
    let places = fields.take("where");
    label(fields.take("label"), &mut desk.problems);
    fields.finish(&mut desk.problems);
    label(question, &mut desk.problems);
    let kinds = ["nps", "csat", "ces", "choice", "text"].map(|kind| (kind, kind));
    let kind = kind.map_or(Some("nps"), |node| {
        one_of(node, "`kind`", "kind of survey", kinds, &mut desk.problems)
    });
    if let Some(node) = choices {
        let all = elements(node, "`choices`", &mut desk.problems).unwrap_or_default();
        for choice in all {
            label(Some(choice), &mut desk.problems);
        }
    }
    if let Some(kind) = kind
        && (kind == "choice") != choices.is_some()
    {
        let message = "`choices` are what a survey of the kind \"choice\" has, and no other";
        desk.problems.error(Code::ConflictingKeys, choices.unwrap_or(node).opening(), message);
    }
    let sample = sample.map_or(Some(1.0), |node| share(node, "`sample`", &mut desk.problems));
    let cooldown =
        cooldown.map_or(Some(COOLDOWN), |node| duration(node, "`cooldown`", &mut desk.problems));
    if let Some(node) = event
        && let Some(name) = text(node, "`event`", &mut desk.problems)
    {
        desk.event_is_known(name, node.at);
    }
    let page = places.map_or(Some(true), |node| on_page(node, desk));
    let (unit, fallback) = by_user();
    let end = sample?;
    let sample = (end < 1.0).then(|| Share {
        unit,
        fallback: Some(fallback),
        seed: format!("survey.{id}"),
        hash: HashVersion::V2,
        ranges: vec![Range { start: 0.0, end }],
    });
    kind?;
    Some(Survey { sample, cooldown: cooldown?, page: page? })
}

/// Whether it can be answered on the page.
fn on_page(node: &Node, desk: &mut Desk<'_>) -> Option<bool> {
    let known = [("page", true), ("link", false)];
    let one = |node: &Node, desk: &mut Desk<'_>| {
        one_of(node, "a place", "place of a survey", known, &mut desk.problems)
    };
    Some(one_or_all(node, "`where`", desk, one)?.contains(&true))
}
