//! The tags that people give visitors.

use crate::declared::Desk;
use crate::fields::{elements, text};
use crate::json::Node;

pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) {
    let Some(node) = node else { return };
    let items = elements(node, "`tags`", &mut desk.problems).unwrap_or_default();
    let names = items.iter().filter_map(|item| text(item, "a tag", &mut desk.problems));
    desk.declared.tags = Some(names.map(str::to_owned).collect());
}
