//! Slots, and what can be shown in them.

pub(super) mod address;
mod image;
mod items;
mod kinds;
mod patch;
mod selector;

use std::collections::{BTreeMap, BTreeSet};

use waymark_engine::program::{Body, Presentation, Share, Template};

use super::rules::runs_at_edge;
use super::shares::{self, KEEP};
use crate::declared::{Desk, Kind};
use crate::diagnostic::Code;
use crate::fields::{Fields, id, label, members, one_of, text};
use crate::json::{At, Json, Node};
use crate::language;
use crate::problem::shown;
use crate::template::NO_LOCALE;
use kinds::Given;

#[derive(Debug)]
pub(crate) struct Slot {
    pub id: String,
    pub at: At,
    pub default: Option<Shown>,
    pub holdout: Option<Share>,
    /// How what it shows contacts visitors, if it does.
    pub contact: Option<String>,
    pub presentation: Presentation,
}

/// A content, where it is named.
#[derive(Debug)]
pub(crate) struct Shown {
    pub content: String,
    pub at: At,
}

#[derive(Debug)]
pub(crate) struct Content {
    pub id: String,
    pub at: At,
    pub body: Body,
    pub variants: Vec<Variant>,
    /// Whether pages are not to know of it, unless they show it.
    pub edge: bool,
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub locale: String,
    pub template: Template,
}

/// The slot of each content, whatever else is wrong with it.
pub(super) fn slots_of(node: Option<&Node>) -> BTreeMap<String, Option<String>> {
    let Some(Json::Object(members)) = node.map(|node| &node.json) else { return BTreeMap::new() };
    let slot = |node: &Node| match node.member("slot").map(|slot| &slot.json) {
        Some(Json::Text(slot)) => Some(slot.clone()),
        _ => None,
    };
    members.iter().map(|member| (member.key.clone(), slot(&member.value))).collect()
}

/// Ways in which slots contact visitors.
pub(super) fn contacts(node: Option<&Node>) -> BTreeSet<String> {
    let Some(Json::Object(members)) = node.map(|node| &node.json) else { return BTreeSet::new() };
    let contact = |node: &Node| match node.member("contact").map(|way| &way.json) {
        Some(Json::Text(way)) => Some(way.clone()),
        _ => None,
    };
    members.iter().filter_map(|member| contact(&member.value)).collect()
}

pub(super) fn read_slots(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<Slot> {
    let members = node.and_then(|node| members(node, "`slots`", &mut desk.problems));
    let mut slots = Vec::new();
    for member in members.unwrap_or_default() {
        id(&member.key, member.key_at, &mut desk.problems);
        let Some(mut fields) = Fields::of(&member.value, &language::SLOT, &mut desk.problems)
        else {
            continue;
        };
        let default = fields.require("default", &mut desk.problems);
        label(fields.take("label"), &mut desk.problems);
        let holdout = fields.take("holdout");
        let contact = fields.take("contact");
        let presented = fields.take("as");
        fields.finish(&mut desk.problems);
        let contact = contact.and_then(|node| {
            let way = text(node, "`contact`", &mut desk.problems)?;
            id(way, node.at, &mut desk.problems).then(|| way.to_owned())
        });
        let name = format!("{}.slot.{}", shares::HOLDOUT, member.key);
        let holdout = shares::holdout(holdout, &name, desk);
        let default = default.and_then(|node| match &node.json {
            Json::Text(text) if text == KEEP => None,
            _ => shown_in(node, "`default`", Some(&member.key), desk),
        });
        let presentation =
            presented.and_then(|node| presentation(node, desk)).unwrap_or(Presentation::InPlace);
        let id = member.key.clone();
        slots.push(Slot { id, at: member.key_at, default, holdout, contact, presentation });
    }
    slots
}

fn presentation(node: &Node, desk: &mut Desk<'_>) -> Option<Presentation> {
    let all = [
        ("banner", Presentation::Banner),
        ("modal", Presentation::Modal),
        ("toast", Presentation::Toast),
    ];
    one_of(node, "`as`", "way to show content", all, &mut desk.problems)
}

/// A content that is to be shown in a slot, which has to be the one it was made for.
pub(super) fn shown_in(
    node: &Node,
    what: &str,
    slot: Option<&str>,
    desk: &mut Desk<'_>,
) -> Option<Shown> {
    let content = text(node, what, &mut desk.problems)?;
    if !desk.is_declared(Kind::Content, content, node.at) {
        return None;
    }
    let made_for = desk.declared.contents.get(content).and_then(Option::as_deref);
    if let (Some(slot), Some(made_for)) = (slot, made_for)
        && slot != made_for
    {
        let (content, slot, made_for) = (shown(content), shown(slot), shown(made_for));
        let message = format!("{content} is content of the slot {made_for}, not of {slot}");
        desk.problems.error(Code::WrongSlot, node.at, message);
    }
    Some(Shown { content: content.to_owned(), at: node.at })
}

pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<Content> {
    let members = node.and_then(|node| members(node, "`content`", &mut desk.problems));
    let mut contents = Vec::new();
    for member in members.unwrap_or_default() {
        id(&member.key, member.key_at, &mut desk.problems);
        if let Some((body, variants, edge)) = read_content(&member.value, desk) {
            let (id, at) = (member.key.clone(), member.key_at);
            contents.push(Content { id, at, body, variants, edge });
        }
    }
    contents
}

fn read_content(node: &Node, desk: &mut Desk<'_>) -> Option<(Body, Vec<Variant>, bool)> {
    let mut fields = Fields::of(node, &language::CONTENT, &mut desk.problems)?;
    if let Some(node) = fields.require("slot", &mut desk.problems)
        && let Some(slot) = text(node, "`slot`", &mut desk.problems)
    {
        desk.is_declared(Kind::Slot, slot, node.at);
    }
    let given = Given::of(&mut fields);
    let locales = fields.take("locales");
    label(fields.take("label"), &mut desk.problems);
    let edge = runs_at_edge(fields.take("runs"), desk);
    fields.finish(&mut desk.problems);
    let Some(locales) = locales else {
        let (body, template) = given.read(node, NO_LOCALE, desk)?;
        let variant = Variant { locale: NO_LOCALE.to_owned(), template };
        return Some((body, vec![variant], edge));
    };
    let items = given.items();
    if !given.is_empty() && items.is_none() {
        let message = "content has `locales`, or one kind for everybody, and not both";
        desk.problems.error(Code::ConflictingKeys, node.opening(), message);
    }
    read_locales(locales, items, desk).map(|(body, variants)| (body, variants, edge))
}

fn read_locales(
    node: &Node,
    items: Option<&Node>,
    desk: &mut Desk<'_>,
) -> Option<(Body, Vec<Variant>)> {
    let members = members(node, "`locales`", &mut desk.problems)?;
    if members.is_empty() {
        let message = "`locales` needs at least one locale: the first is for everybody else";
        desk.problems.error(Code::MissingKey, node.opening(), message);
    }
    let mut tags = BTreeSet::new();
    let mut body: Option<Body> = None;
    let mut variants = Some(Vec::new());
    for member in members {
        let locale = member.key.to_ascii_lowercase();
        if !is_tag(&locale) {
            let message = format!("{} is no language tag", shown(&member.key));
            let problem = desk.problems.error(Code::BadLocale, member.key_at, message);
            problem.mend("write for example en, zh-Hant or pt-BR");
        }
        if !tags.insert(locale.clone()) {
            let message = format!("the locale {} is given twice", shown(&locale));
            desk.problems.error(Code::DuplicateKey, member.key_at, message);
        }
        let read = Fields::of(&member.value, &language::LOCALE, &mut desk.problems).and_then(
            |mut fields| {
                let given = Given::of(&mut fields).with(items);
                fields.finish(&mut desk.problems);
                given.read(&member.value, &locale, desk)
            },
        );
        if let Some((kind, _)) = &read
            && *body.get_or_insert(*kind) != *kind
        {
            let message = "all locales of a content are of one kind";
            desk.problems.error(Code::ConflictingKeys, member.key_at, message);
        }
        match (read, &mut variants) {
            (Some((_, template)), Some(variants)) => variants.push(Variant { locale, template }),
            _ => variants = None,
        }
    }
    Some((body?, variants?))
}

/// Whether it has the shape of a BCP 47 tag in lower case.
fn is_tag(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    parts.next().is_some_and(|language| {
        (2..=8).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_lowercase())
    }) && parts.all(part)
}
