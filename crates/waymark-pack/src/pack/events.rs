//! What events and traits there are.

use std::collections::BTreeMap;

use waymark_model::Purpose;

use super::rules::runs_at_edge;
use crate::declared::{Desk, Event, Kind, Type};
use crate::diagnostic::Code;
use crate::fields::{Fields, elements, members, one_of, text};
use crate::json::{Member, Node};
use crate::language;
use crate::problem::shown;

pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) {
    let Some(node) = node else { return };
    let mut events = BTreeMap::new();
    for member in members(node, "`events`", &mut desk.problems).unwrap_or_default() {
        let event = read_event(&member.value, desk).unwrap_or_default();
        events.insert(member.key.clone(), event);
    }
    desk.declared.events = Some(events);
}

fn read_event(node: &Node, desk: &mut Desk<'_>) -> Option<Event> {
    let mut fields = Fields::of(node, &language::EVENT, &mut desk.problems)?;
    if let Some(node) = fields.take("touchpoint")
        && let Some(id) = text(node, "`touchpoint`", &mut desk.problems)
    {
        desk.is_declared(Kind::Touchpoint, id, node.at);
    }
    let purposes = purposes(fields.take("purpose"), desk);
    let words = [("anyone", false), ("server", true)];
    let of_server = fields
        .take("trust")
        .and_then(|node| {
            one_of(node, "a word for who is trusted", "trust", words, &mut desk.problems)
        })
        .unwrap_or_default();
    let properties = fields.take("properties");
    fields.finish(&mut desk.problems);
    let properties = properties.and_then(|node| {
        let members = members(node, "`properties`", &mut desk.problems)?;
        let types = members
            .iter()
            .map(|member| (member.key.clone(), Type::read(&member.value, &mut desk.problems)));
        Some(types.collect())
    });
    Some(Event { purposes, properties, of_server })
}

pub(super) fn read_attributes(node: Option<&Node>, desk: &mut Desk<'_>) {
    let Some(node) = node else { return };
    let mut attributes = BTreeMap::new();
    for member in members(node, "`attributes`", &mut desk.problems).unwrap_or_default() {
        let key = member.key.as_str();
        if !key.strip_prefix("traits.").is_some_and(|name| name.split('.').all(|k| !k.is_empty())) {
            let message = format!("{} is no trait", shown(key));
            let problem = desk.problems.error(Code::UnknownPath, member.key_at, message);
            problem.mend("attributes are named \"traits.\" and what they are called");
        }
        attributes.insert(member.key.clone(), read_attribute(member, desk));
    }
    desk.declared.attributes = Some(attributes);
}

fn read_attribute(member: &Member, desk: &mut Desk<'_>) -> Option<Type> {
    let mut fields = Fields::of(&member.value, &language::ATTRIBUTE, &mut desk.problems)?;
    let ty = fields.require("type", &mut desk.problems);
    if let Some(purposes) = purposes(fields.take("purpose"), desk) {
        desk.declared.trait_purposes.insert(member.key.clone(), purposes);
    }
    if let Some(node) = fields.take("sensitivity")
        && let Some(said) = text(node, "`sensitivity`", &mut desk.problems)
    {
        desk.declared.sensitivities.insert(member.key.clone(), said.to_owned());
    }
    if runs_at_edge(fields.take("visible"), desk) {
        desk.declared.edge_traits.insert(member.key.clone());
    }
    fields.finish(&mut desk.problems);
    Type::read(ty?, &mut desk.problems)
}

fn purposes(node: Option<&Node>, desk: &mut Desk<'_>) -> Option<Vec<Purpose>> {
    let items = elements(node?, "`purpose`", &mut desk.problems)?;
    Some(items.iter().filter_map(|item| purpose(item, desk)).collect())
}

pub(super) fn purpose(node: &Node, desk: &mut Desk<'_>) -> Option<Purpose> {
    let words = Purpose::ALL.map(|purpose| (purpose.name(), purpose));
    one_of(node, "a purpose", "purpose", words, &mut desk.problems)
}
