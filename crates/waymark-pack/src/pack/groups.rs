//! Groups: lists of values, such as the ids of the staff.

use waymark_model::Value;

use crate::declared::Desk;
use crate::fields::{elements, id, members, refuse};
use crate::json::{Json, Node};

#[derive(Debug)]
pub(crate) struct Group {
    pub id: String,
    pub values: Vec<Value>,
}

pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<Group> {
    let members = node.and_then(|node| members(node, "`groups`", &mut desk.problems));
    let mut groups = Vec::new();
    for member in members.unwrap_or_default() {
        id(&member.key, member.key_at, &mut desk.problems);
        let items = elements(&member.value, "a group", &mut desk.problems).unwrap_or_default();
        let values = items.iter().filter_map(|item| match &item.json {
            Json::Text(_) | Json::Number(_) | Json::Bool(_) => item.to_value(),
            _ => refuse(item, "a group", "strings and numbers", &mut desk.problems),
        });
        groups.push(Group { id: member.key.clone(), values: values.collect() });
    }
    groups
}
