//! Ways to send something.

use waymark_model::Purpose;

use crate::declared::{self, Desk};
use crate::fields::{Fields, id, label, members, text};
use crate::json::{At, Node};
use crate::language;
use crate::pack::events::purpose;

#[derive(Debug)]
pub(crate) struct Destination {
    pub id: String,
    pub at: At,
    pub channel: String,
}

pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<Destination> {
    let all = node.and_then(|node| members(node, "`destinations`", &mut desk.problems));
    let mut destinations = Vec::new();
    for member in all.unwrap_or_default() {
        id(&member.key, member.key_at, &mut desk.problems);
        let declared = read_one(&member.value, desk);
        if let Some(declared::Destination { channel, .. }) = &declared {
            let (id, channel) = (member.key.clone(), channel.clone());
            desk.declared.contacts.insert(channel.clone());
            destinations.push(Destination { id, at: member.key_at, channel });
        }
        desk.declared.destinations.insert(member.key.clone(), declared);
    }
    destinations
}

fn read_one(node: &Node, desk: &mut Desk<'_>) -> Option<declared::Destination> {
    let mut fields = Fields::of(node, &language::DESTINATION, &mut desk.problems)?;
    let channel = fields.require("channel", &mut desk.problems);
    let for_what = fields.take("purpose");
    label(fields.take("label"), &mut desk.problems);
    fields.finish(&mut desk.problems);
    let channel = text(channel?, "`channel`", &mut desk.problems)?.to_owned();
    let purpose = for_what.map_or(Some(Purpose::Marketing), |node| purpose(node, desk))?;
    Some(declared::Destination { channel, purpose })
}
