//! Models: what was learnt from many visitors, to be said of one.

use std::collections::BTreeMap;

use waymark_engine::program::Compare;
use waymark_model::Span;

use crate::condition::{
    Comparison, Kind, Occurrence, Place, Subject, comparisons, occurrence, subject,
};
use crate::declared::{self, Desk, Type};
use crate::diagnostic::Code;
use crate::fields::{Fields, duration, elements, id, label, members, refuse, text};
use crate::json::{At, Json, Node};
use crate::language;
use crate::pack::rules::runs_at_edge;
use crate::problem::shown;
use crate::shares::all;

/// Numbers that one model reads.
const INPUTS: usize = 200;
/// Middles of clusters.
const POINTS: usize = 100;
/// Things that go with one thing.
const RELATED: usize = 50;

#[derive(Debug)]
pub(crate) struct Model {
    pub id: String,
    /// Whether only the edge may know of it.
    pub edge: bool,
    pub kind: ModelKind,
}

#[derive(Debug)]
pub(crate) enum ModelKind {
    Sum { intercept: f64, terms: Vec<(Input, f64)>, logistic: bool },
    Nearest { inputs: Vec<Input>, points: Vec<(String, Vec<f64>)> },
    Next { on: Occurrence, usual: Span, weight: f64 },
    Related(BTreeMap<String, Vec<String>>),
}

/// A number of the visitor's.
#[derive(Debug)]
pub(crate) struct Input {
    pub at: At,
    pub of: Subject,
    pub is: Option<Compare>,
    pub missing: f64,
    pub mean: f64,
    pub scale: f64,
}

impl Model {
    pub fn inputs(&self) -> impl Iterator<Item = &Input> {
        let (terms, inputs): (&[(Input, f64)], &[Input]) = match &self.kind {
            ModelKind::Sum { terms, .. } => (terms, &[]),
            ModelKind::Nearest { inputs, .. } => (&[], inputs),
            ModelKind::Next { .. } | ModelKind::Related(_) => (&[], &[]),
        };
        terms.iter().map(|(input, _)| input).chain(inputs)
    }

    /// The events that it looks at itself.
    pub const fn occurrence(&self) -> Option<&Occurrence> {
        match &self.kind {
            ModelKind::Next { on, .. } => Some(on),
            _ => None,
        }
    }
}

/// What there is, before anything is read that may refer to it.
pub(super) fn declare(node: Option<&Node>, desk: &mut Desk<'_>) {
    let Some(Json::Object(members)) = node.map(|node| &node.json) else { return };
    for member in members {
        let kind = member.value.member("kind").map(|kind| &kind.json);
        let kind = match kind {
            Some(Json::Text(kind)) => kind.as_str(),
            _ => "",
        };
        let model = match kind {
            "linear" | "logistic" => declared::Model::Score(Some(Type::Number)),
            "centroids" => declared::Model::Score(Some(Type::Text)),
            "next-date" => declared::Model::Score(Some(Type::Date)),
            "item-to-item" => declared::Model::Items,
            _ => declared::Model::Broken,
        };
        desk.declared.models.insert(member.key.clone(), model);
    }
}

pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<Model> {
    let all = node.and_then(|node| members(node, "`models`", &mut desk.problems));
    let mut models = Vec::new();
    for member in all.unwrap_or_default() {
        id(&member.key, member.key_at, &mut desk.problems);
        match read_one(&member.value, desk) {
            Some((kind, edge)) => {
                models.push(Model { id: member.key.clone(), edge, kind });
            }
            None => {
                desk.declared.models.insert(member.key.clone(), declared::Model::Broken);
            }
        }
    }
    // Programs number them in this order.
    models.sort_by(|a: &Model, b| a.id.cmp(&b.id));
    models
}

fn read_one(node: &Node, desk: &mut Desk<'_>) -> Option<(ModelKind, bool)> {
    members(node, "a model", &mut desk.problems)?;
    let Some(kind) = node.member("kind") else {
        desk.problems.error(Code::MissingKey, node.opening(), "a model needs `kind`");
        return None;
    };
    match text(kind, "`kind`", &mut desk.problems)? {
        "linear" => sum(node, false, desk),
        "logistic" => sum(node, true, desk),
        "centroids" => centroids(node, desk),
        "next-date" => next_date(node, desk),
        "item-to-item" => related(node, desk),
        other => {
            let kinds = ["linear", "logistic", "centroids", "next-date", "item-to-item"];
            let message =
                format!("{} is no kind of model; it is one of {}", shown(other), kinds.join(", "));
            desk.problems.error(Code::BadValue, kind.at, message).mean(other, kinds);
            None
        }
    }
}

/// What every model has: whether only the edge may know of it.
fn common(fields: &mut Fields<'_>, desk: &mut Desk<'_>) -> bool {
    fields.take("kind");
    fields.take("trained");
    label(fields.take("label"), &mut desk.problems);
    runs_at_edge(fields.take("visible"), desk)
}

fn sum(node: &Node, logistic: bool, desk: &mut Desk<'_>) -> Option<(ModelKind, bool)> {
    let mut fields = Fields::of(node, &language::MODEL_SUM, &mut desk.problems)?;
    let edge = common(&mut fields, desk);
    let intercept = fields.take("intercept");
    let terms = fields.require("terms", &mut desk.problems);
    fields.finish(&mut desk.problems);
    let intercept = intercept.map_or(Some(0.0), |node| number(node, "`intercept`", desk));
    let terms = terms.and_then(|node| all(Some(node), "`terms`", desk, term));
    let terms = bounded(terms?, node, INPUTS, "terms", desk)?;
    Some((ModelKind::Sum { intercept: intercept?, terms, logistic }, edge))
}

fn term(node: &Node, desk: &mut Desk<'_>) -> Option<(Input, f64)> {
    let mut fields = Fields::of(node, &language::TERM, &mut desk.problems)?;
    let input = input(&mut fields, node, desk);
    let weight = fields.require("weight", &mut desk.problems);
    fields.finish(&mut desk.problems);
    let weight = weight.and_then(|node| number(node, "`weight`", desk));
    Some((input?, weight?))
}

fn input(fields: &mut Fields<'_>, node: &Node, desk: &mut Desk<'_>) -> Option<Input> {
    let of = fields.require("of", &mut desk.problems);
    let is = fields.take("is");
    let [missing, mean, scale] =
        [("missing", 0.0), ("mean", 0.0), ("scale", 1.0)].map(|(key, usual)| {
            let node = fields.take(key);
            node.map_or(Some(usual), |node| number(node, &format!("`{key}`"), desk))
        });
    if scale == Some(0.0) {
        let message = "`scale` is what is divided by, so it is not 0";
        desk.problems.error(Code::BadNumber, node.opening(), message);
        return None;
    }
    let of = of?;
    let path = text(of, "`of`", &mut desk.problems)?;
    let (read, ty) = subject(path, of.at, Place::Membership, desk)?;
    if !matches!(&read, Subject::Feature(_) | Subject::Session(_) | Subject::Path(_)) {
        let message = format!("a model reads features, traits and the session, and not {path}");
        desk.problems.error(Code::OutOfPlace, of.at, message);
        return None;
    }
    let is = match is {
        None => None,
        Some(is) => match comparisons(is, &read, ty, Place::Membership, desk)?.kind {
            Kind::Compare { compare: Comparison::Plain(compare), .. } if compare.is_plain() => {
                Some(compare)
            }
            _ => {
                let message = "`is` takes a value, or one comparison that looks nothing up";
                let problem = desk.problems.error(Code::BadValue, is.opening(), message);
                problem.mend("make a segment or a feature of what is asked, and several terms");
                return None;
            }
        },
    };
    let numeric = matches!(ty, None | Some(Type::Number | Type::Bool | Type::Date));
    if is.is_none() && !numeric {
        let message = format!("{path} is no number");
        let problem = desk.problems.error(Code::WrongType, of.at, message);
        problem.mend("say with `is` for what it counts as 1");
        return None;
    }
    Some(Input { at: of.at, of: read, is, missing: missing?, mean: mean?, scale: scale? })
}

fn centroids(node: &Node, desk: &mut Desk<'_>) -> Option<(ModelKind, bool)> {
    let mut fields = Fields::of(node, &language::MODEL_CENTROIDS, &mut desk.problems)?;
    let edge = common(&mut fields, desk);
    let inputs = fields.require("inputs", &mut desk.problems);
    let middles = fields.require("centroids", &mut desk.problems);
    fields.finish(&mut desk.problems);
    let read_input = |node: &Node, desk: &mut Desk<'_>| {
        let mut fields = Fields::of(node, &language::MODEL_INPUT, &mut desk.problems)?;
        let input = input(&mut fields, node, desk);
        fields.finish(&mut desk.problems);
        input
    };
    let inputs = inputs.and_then(|node| all(Some(node), "`inputs`", desk, read_input))?;
    let inputs = bounded(inputs, node, INPUTS, "inputs", desk)?;
    let mut points = Vec::new();
    for member in members(middles?, "`centroids`", &mut desk.problems)? {
        id(&member.key, member.key_at, &mut desk.problems);
        let one = |node: &Node, desk: &mut Desk<'_>| number(node, "a middle", desk);
        let at = all(Some(&member.value), "a middle", desk, one)?;
        if at.len() != inputs.len() {
            let (have, want) = (at.len(), inputs.len());
            let message =
                format!("a middle has a number for each of the {want} inputs, and this has {have}");
            desk.problems.error(Code::BadValue, member.value.opening(), message);
            return None;
        }
        points.push((member.key.clone(), at));
    }
    let points = bounded(points, node, POINTS, "middles", desk)?;
    Some((ModelKind::Nearest { inputs, points }, edge))
}

fn next_date(node: &Node, desk: &mut Desk<'_>) -> Option<(ModelKind, bool)> {
    let mut fields = Fields::of(node, &language::MODEL_NEXT, &mut desk.problems)?;
    let edge = common(&mut fields, desk);
    let on = occurrence(&mut fields, desk);
    let usual = fields.require("usual", &mut desk.problems);
    let weight = fields.take("weight");
    fields.finish(&mut desk.problems);
    let usual = usual.and_then(|node| duration(node, "`usual`", &mut desk.problems));
    let weight = weight.map_or(Some(1.0), |node| {
        let weight = number(node, "`weight`", desk)?;
        if weight > 0.0 {
            return Some(weight);
        }
        desk.problems.error(Code::BadNumber, node.at, "`weight` is a number above 0");
        None
    });
    Some((ModelKind::Next { on: on?, usual: usual?, weight: weight? }, edge))
}

fn related(node: &Node, desk: &mut Desk<'_>) -> Option<(ModelKind, bool)> {
    let mut fields = Fields::of(node, &language::MODEL_ITEMS, &mut desk.problems)?;
    let edge = common(&mut fields, desk);
    let items = fields.require("items", &mut desk.problems);
    fields.finish(&mut desk.problems);
    let mut table = BTreeMap::new();
    for member in members(items?, "`items`", &mut desk.problems)? {
        row_is_known(&member.key, member.key_at, desk);
        let others = elements(&member.value, "a list of keys", &mut desk.problems)?;
        if others.len() > RELATED {
            let message = format!("with one thing go at most {RELATED} others");
            desk.problems.error(Code::BadValue, member.value.opening(), message);
        }
        let mut keys = Vec::new();
        for other in others {
            let key = match &other.json {
                Json::Text(text) => text.clone(),
                Json::Number(number) => number.to_string(),
                _ => return refuse(other, "a key", "a string or a number", &mut desk.problems),
            };
            row_is_known(&key, other.at, desk);
            keys.push(key);
        }
        table.insert(member.key.clone(), keys);
    }
    Some((ModelKind::Related(table), edge))
}

/// What the catalogue has sold out of is no mistake: lists leave it out.
fn row_is_known(key: &str, at: At, desk: &mut Desk<'_>) {
    if !desk.declared.catalog {
        return;
    }
    if !desk.declared.rows.contains(key) {
        let message = format!("the catalogue has no {}", shown(key));
        desk.problems.warn(Code::UnknownRow, at, message);
    }
}

fn number(node: &Node, what: &str, desk: &mut Desk<'_>) -> Option<f64> {
    match node.json {
        Json::Number(number) if number.is_finite() => Some(number),
        _ => refuse(node, what, "a number", &mut desk.problems),
    }
}

fn bounded<T>(
    list: Vec<T>,
    node: &Node,
    most: usize,
    what: &str,
    desk: &mut Desk<'_>,
) -> Option<Vec<T>> {
    if (1..=most).contains(&list.len()) {
        return Some(list);
    }
    let message = format!("a model has 1 to {most} {what}, and this has {}", list.len());
    desk.problems.error(Code::BadValue, node.opening(), message);
    None
}
