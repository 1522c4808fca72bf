//! The catalogue, and tables: lists of things that content shows.

use std::collections::{BTreeMap, BTreeSet};

use waymark_engine::program::{Catalog, Row};
use waymark_model::Value;

use crate::declared::{Desk, Type};
use crate::diagnostic::Code;
use crate::fields::{Fields, elements, id, members, text};
use crate::input::stays_inside;
use crate::json::{Json, Node};
use crate::language;
use crate::problem::shown;

/// Rows of a pack, all tables together.
const MOST: usize = 20_000;
/// Bytes of a catalogue's key.
const LONGEST: usize = 256;

/// What was read, and the names by which content refers to it.
pub(super) fn read(catalog: Option<&Node>, tables: Option<&Node>, desk: &mut Desk<'_>) -> Catalog {
    let mut reading = Reading { catalog: Catalog::default(), keys: BTreeMap::new() };
    if let Some(node) = catalog {
        reading.catalogue(node, desk);
    }
    let whole = (0..).take(reading.catalog.rows.len()).collect();
    reading.catalog.tables.push(whole);
    reading.catalog.by_key = reading.keys.values().copied().collect();
    desk.declared.rows = reading.keys.keys().cloned().collect();
    let tables = tables.and_then(|node| members(node, "`tables`", &mut desk.problems));
    for member in tables.unwrap_or_default() {
        id(&member.key, member.key_at, &mut desk.problems);
        let number = u32::try_from(reading.catalog.tables.len()).unwrap_or(u32::MAX);
        desk.declared.tables.insert(member.key.clone(), number);
        let rows = reading.table(&member.value, desk);
        reading.catalog.tables.push(rows);
    }
    let (most, have) = (MOST, reading.catalog.rows.len());
    if have > most
        && let Some(node) = catalog
    {
        let message = format!("a pack lists at most {most} things, and this lists {have}");
        desk.problems.error(Code::CatalogTooLarge, node.opening(), message);
    }
    reading.catalog
}

struct Reading {
    catalog: Catalog,
    /// Rows of the catalogue by their keys.
    keys: BTreeMap<String, u32>,
}

impl Reading {
    fn catalogue(&mut self, node: &Node, desk: &mut Desk<'_>) {
        let Some(mut fields) = Fields::of(node, &language::CATALOG, &mut desk.problems) else {
            return;
        };
        let key = fields.require("key", &mut desk.problems);
        let types = fields.take("fields");
        let rows = fields.take("rows");
        let source = fields.take("source");
        fields.finish(&mut desk.problems);
        if let Some(source) = source {
            unread(source, desk);
        } else if rows.is_none() {
            let message = "the catalogue needs `rows`, or the `source` of them";
            desk.problems.error(Code::MissingKey, node.opening(), message);
        }
        let types = types.map(|node| read_types(node, desk));
        let Some(key) = key.and_then(|node| text(node, "`key`", &mut desk.problems)) else {
            return;
        };
        key.clone_into(&mut self.catalog.key);
        desk.declared.fields = types.as_ref().map(|types| {
            types.keys().cloned().chain([key.to_owned()]).collect::<BTreeSet<String>>()
        });
        let rows = rows.and_then(|node| elements(node, "`rows`", &mut desk.problems));
        for row in rows.unwrap_or_default() {
            let Some(value) = thing(row, desk) else { continue };
            check_types(row, types.as_ref(), desk);
            let name = row.member(key).and_then(name_of);
            let Some(name) = name.filter(|name| (1..=LONGEST).contains(&name.len())) else {
                let message = format!("a row has no {}: a string or a number", shown(key));
                desk.problems.error(Code::MissingKey, row.opening(), message);
                continue;
            };
            let number = u32::try_from(self.catalog.rows.len()).unwrap_or(u32::MAX);
            if self.keys.insert(name.clone(), number).is_some() {
                let message = format!("another row has the key {}", shown(&name));
                desk.problems.error(Code::DuplicateId, row.opening(), message);
            }
            self.catalog.rows.push(Row { key: name, value });
        }
    }

    /// Keys of the catalogue, or things of their own.
    fn table(&mut self, node: &Node, desk: &mut Desk<'_>) -> Vec<u32> {
        let mut rows = Vec::new();
        for row in elements(node, "a table", &mut desk.problems).unwrap_or_default() {
            if let Some(name) = name_of(row) {
                if let Some(number) = self.keys.get(&name) {
                    rows.push(*number);
                } else {
                    let message = format!("the catalogue has no {}", shown(&name));
                    let problem = desk.problems.error(Code::UnknownRow, row.at, message);
                    problem.mean(&name, self.keys.keys().map(String::as_str));
                }
                continue;
            }
            let Some(value) = thing(row, desk) else { continue };
            let key = row.member(&self.catalog.key).and_then(name_of).unwrap_or_default();
            rows.push(u32::try_from(self.catalog.rows.len()).unwrap_or(u32::MAX));
            self.catalog.rows.push(Row { key, value });
        }
        rows
    }
}

/// Rows that somebody has read stand in the place of their `source`.
fn unread(source: &Node, desk: &mut Desk<'_>) {
    let Some(name) = text(source, "`source`", &mut desk.problems) else { return };
    if stays_inside(name) {
        let message = "`source` names a file, and nobody reads files here";
        let problem = desk.problems.error(Code::BadInclude, source.at, message);
        problem.mend("the `waymark` command reads it, and publishes the pack whole");
    } else {
        let message = format!("{} is no file beside the pack or below it", shown(name));
        let problem = desk.problems.error(Code::BadInclude, source.at, message);
        problem.mend("write for example catalog.ndjson");
    }
}

fn thing(node: &Node, desk: &mut Desk<'_>) -> Option<Value> {
    members(node, "a row", &mut desk.problems)?;
    let value = node.to_value();
    if value.is_none() {
        desk.problems.error(Code::TooDeep, node.opening(), "a row nests too deep");
    }
    value
}

/// A name as text, so that `7` and `"7"` are the same.
fn name_of(node: &Node) -> Option<String> {
    match &node.json {
        Json::Text(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn read_types(node: &Node, desk: &mut Desk<'_>) -> BTreeMap<String, Type> {
    let members = members(node, "`fields`", &mut desk.problems).unwrap_or_default();
    let read = |member: &crate::json::Member, desk: &mut Desk<'_>| {
        Some((member.key.clone(), Type::read(&member.value, &mut desk.problems)?))
    };
    members.iter().filter_map(|member| read(member, desk)).collect()
}

fn check_types(row: &Node, types: Option<&BTreeMap<String, Type>>, desk: &mut Desk<'_>) {
    for (field, ty) in types.into_iter().flatten() {
        let Some(node) = row.member(field) else { continue };
        if node.to_value().is_some_and(|value| !ty.can_equal(&value)) {
            let message =
                format!("{} is of type {}, and this is {}", shown(field), ty.name(), node.kind());
            desk.problems.error(Code::WrongType, node.at, message);
        }
    }
}
