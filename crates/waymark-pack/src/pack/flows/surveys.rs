//! Questions to visitors.

use waymark_engine::assign::{HashVersion, Range};
use waymark_engine::program::Share;
use waymark_model::Span;

use crate::declared::{self, ANSWERED, Desk, Kind};
use crate::diagnostic::Code;
use crate::fields::{Fields, duration, elements, id, label, members, one_of, text};
use crate::json::{Json, Node};
use crate::language;
use crate::shares::{by_user, one_or_all, share};
use crate::template::NO_LOCALE;

const COOLDOWN: Span = Span(90 * Span::DAY.0);

/// One as whoever asks it shows it.
#[derive(Debug)]
pub(crate) struct Survey {
    pub id: String,
    pub kind: &'static str,
    /// By locale; in none, it is for all.
    pub question: Words,
    pub choices: Vec<Words>,
    pub event: String,
    /// Whether it can be answered by a link.
    pub link: bool,
}

/// A text, by locale.
pub(crate) type Words = Vec<(String, String)>;

pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<Survey> {
    let all = node.and_then(|node| members(node, "`surveys`", &mut desk.problems));
    let mut surveys = Vec::new();
    for member in all.unwrap_or_default() {
        id(&member.key, member.key_at, &mut desk.problems);
        let declared = read_one(&member.key, &member.value, desk).map(|(declared, survey)| {
            surveys.push(survey);
            declared
        });
        desk.declared.surveys.insert(member.key.clone(), declared);
    }
    surveys
}

fn read_one(id: &str, node: &Node, desk: &mut Desk<'_>) -> Option<(declared::Survey, Survey)> {
    let mut fields = Fields::of(node, &language::SURVEY, &mut desk.problems)?;
    let question = fields.require("question", &mut desk.problems);
    let kind = fields.take("kind");
    let choices = fields.take("choices");
    let sample = fields.take("sample");
    let cooldown = fields.take("cooldown");
    let event = fields.take("event");
    let places = fields.take("where");
    let send = fields.take("send");
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
    let mut name = ANSWERED;
    if let Some(node) = event
        && let Some(text) = text(node, "`event`", &mut desk.problems)
    {
        desk.event_is_known(text, node.at);
        name = text;
    }
    let (page, link) = places.map_or(Some((true, false)), |node| asked_at(node, desk))?;
    let send = send.and_then(|node| sent_by(node, link, desk));
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
    let survey = Survey {
        id: id.to_owned(),
        kind: kind?,
        question: question.map(words).unwrap_or_default(),
        choices: match choices.map(|node| &node.json) {
            Some(Json::Array(all)) => all.iter().map(words).collect(),
            _ => Vec::new(),
        },
        event: name.to_owned(),
        link,
    };
    Some((declared::Survey { sample, cooldown: cooldown?, page, send }, survey))
}

/// Whether it can be answered on the page, and whether by a link.
fn asked_at(node: &Node, desk: &mut Desk<'_>) -> Option<(bool, bool)> {
    let known = [("page", true), ("link", false)];
    let one = |node: &Node, desk: &mut Desk<'_>| {
        one_of(node, "a place", "place of a survey", known, &mut desk.problems)
    };
    let places = one_or_all(node, "`where`", desk, one)?;
    Some((places.contains(&true), places.contains(&false)))
}

/// The destination that sends its link.
fn sent_by(node: &Node, link: bool, desk: &mut Desk<'_>) -> Option<String> {
    let id = text(node, "`send`", &mut desk.problems)?;
    if !link {
        let message = "`send` is about a survey with \"link\" in `where`, and this has none";
        desk.problems.error(Code::ConflictingKeys, node.at, message);
    }
    desk.is_declared(Kind::Destination, id, node.at).then(|| id.to_owned())
}

fn words(node: &Node) -> Words {
    match &node.json {
        Json::Text(text) => vec![(NO_LOCALE.to_owned(), text.clone())],
        Json::Object(members) => {
            let texts = members.iter().filter_map(|member| match &member.value.json {
                Json::Text(text) => Some((member.key.clone(), text.clone())),
                _ => None,
            });
            texts.collect()
        }
        _ => Vec::new(),
    }
}
