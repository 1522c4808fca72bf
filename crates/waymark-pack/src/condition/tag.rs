//! Tags that people give visitors.

use waymark_engine::program::{Amount, Compare, Taken};
use waymark_model::Value;

use super::{Comparison, Condition, Definition, Items, Kind, Occurrence, Subject};
use crate::declared::{self, Desk};
use crate::diagnostic::Code;
use crate::fields::text;
use crate::json::Node;
use crate::problem::shown;
use crate::shares::one_or_all;

/// Tags that one visitor has.
const TAGS: u32 = 50;
const TAG: &str = "tag";

/// A tag that somebody gave the visitor.
pub(super) fn read(node: &Node, desk: &mut Desk<'_>) -> Option<Condition> {
    let one = |node: &Node, desk: &mut Desk<'_>| {
        let name = text(node, "`$tag`", &mut desk.problems)?;
        if let Some(tags) = &desk.declared.tags
            && !tags.contains(name)
        {
            let message = format!("{} is no tag of the pack", shown(name));
            let names: Vec<&str> = tags.iter().map(String::as_str).collect();
            desk.problems.error(Code::BadValue, node.at, message).mean(name, names);
            return None;
        }
        Some(Value::from(name))
    };
    let wanted = one_or_all(node, "`$tag`", desk, one)?;
    let on = |event: &str| vec![Occurrence { event: Some(event.to_owned()), filter: None }];
    let tags = Definition::Items(Items {
        add: on(declared::TAG_ADDED),
        remove: on(declared::TAG_REMOVED),
        clear: Vec::new(),
        taken: Taken { each: None, amount: Amount::Property(vec![TAG.to_owned()]) },
        most: TAGS,
    });
    let subject = Subject::Remembered(Box::new(tags));
    let compare = Comparison::Plain(Compare::In(wanted));
    Some(Condition { at: node.at, kind: Kind::Compare { subject, compare } })
}
