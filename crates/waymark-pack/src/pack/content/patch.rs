//! Changes to what a page has: attributes and classes, by selector. What could run anything cannot
//! be written.

use waymark_engine::program::{Escape, Template};

use super::address::escapes;
use super::selector;
use crate::declared::Desk;
use crate::diagnostic::Code;
use crate::fields::{Fields, elements, members, refuse, text};
use crate::json::{Json, Member, Node};
use crate::language;
use crate::problem::shown;
use crate::template::{Written, parse};

/// Attributes that can be set. None of them runs or styles anything; pages give no meaning to
/// `data-waymark-*` but ours.
const ATTRIBUTES: [&str; 27] = [
    "alt",
    "checked",
    "cite",
    "datetime",
    "dir",
    "disabled",
    "height",
    "hidden",
    "href",
    "lang",
    "loading",
    "media",
    "open",
    "placeholder",
    "poster",
    "readonly",
    "rel",
    "role",
    "sizes",
    "src",
    "srcset",
    "tabindex",
    "target",
    "title",
    "value",
    "width",
    "translate",
];
const URLS: [&str; 5] = ["cite", "href", "poster", "src", "srcset"];
/// Changes in one content.
const MOST: usize = 100;

pub(super) fn read(node: &Node, locale: &str, desk: &mut Desk<'_>) -> Option<Template> {
    let items = elements(node, "`patch`", &mut desk.problems)?;
    if items.is_empty() || items.len() > MOST {
        let message = format!("a patch has 1 to {MOST} changes, and this has {}", items.len());
        desk.problems.error(Code::BadValue, node.opening(), message);
        return None;
    }
    let mut out = Written::default();
    let mut right = true;
    for (number, item) in items.iter().enumerate() {
        out.literal(if number == 0 { "[" } else { "," });
        right &= change(item, locale, &mut out, desk).is_some();
    }
    out.literal("]");
    right.then(|| out.finish())
}

fn change(node: &Node, locale: &str, out: &mut Written, desk: &mut Desk<'_>) -> Option<()> {
    let mut fields = Fields::of(node, &language::CHANGE, &mut desk.problems)?;
    let selector = fields.require("selector", &mut desk.problems);
    let attributes = fields.take("attributes");
    let classes =
        [("addClass", fields.take("addClass")), ("removeClass", fields.take("removeClass"))];
    fields.finish(&mut desk.problems);
    if attributes.is_none() && classes.iter().all(|(_, node)| node.is_none()) {
        let message = "a change has `attributes`, `addClass` or `removeClass`";
        desk.problems.error(Code::MissingKey, node.opening(), message);
        return None;
    }
    let selector = selector?;
    let written = text(selector, "`selector`", &mut desk.problems)?;
    if !selector::is_valid(written) {
        let message = format!("{} is no selector that pages can be asked with", shown(written));
        let problem = desk.problems.error(Code::BadSelector, selector.at, message);
        problem.mend("write for example #buy, .price > b or [data-id=\"7\"] a");
        return None;
    }
    out.literal("{\"selector\":");
    out.text(written);
    if let Some(node) = attributes {
        let all = members(node, "`attributes`", &mut desk.problems)?;
        out.literal(",\"attributes\":{");
        for (number, member) in all.iter().enumerate() {
            if number > 0 {
                out.literal(",");
            }
            attribute(member, locale, out, desk)?;
        }
        out.literal("}");
    }
    for (key, node) in classes {
        let Some(node) = node else { continue };
        out.literal(&format!(",\"{key}\":["));
        for (number, item) in
            elements(node, &format!("`{key}`"), &mut desk.problems)?.iter().enumerate()
        {
            let class = text(item, "a class", &mut desk.problems)?;
            if class.is_empty() || class.contains(char::is_whitespace) {
                let message = format!("{} is no class", shown(class));
                desk.problems.error(Code::BadValue, item.at, message);
                return None;
            }
            if number > 0 {
                out.literal(",");
            }
            out.text(class);
        }
        out.literal("]");
    }
    out.literal("}");
    Some(())
}

/// A value, `true` for one that only has to be there, or `null` to take it away.
fn attribute(member: &Member, locale: &str, out: &mut Written, desk: &mut Desk<'_>) -> Option<()> {
    let name = member.key.to_ascii_lowercase();
    let own = ["aria-", "data-"].iter().any(|prefix| name.starts_with(prefix))
        && !name.starts_with("data-waymark")
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !own && !ATTRIBUTES.contains(&name.as_str()) {
        let message = format!("a patch cannot set {}", shown(&member.key));
        let problem = desk.problems.error(Code::UnsafeAttribute, member.key_at, message);
        if name == "class" {
            problem.mend("write `addClass` or `removeClass`");
        } else {
            problem.mend(format!("it sets aria-*, data-*, {}", ATTRIBUTES.join(", ")));
        }
        return None;
    }
    out.text(&name);
    out.literal(":");
    match &member.value.json {
        Json::Null => out.literal("null"),
        Json::Bool(true) => out.literal("\"\""),
        Json::Text(source) => {
            let pieces = parse(source, member.value.at, locale, desk)?;
            let escapes = if URLS.contains(&name.as_str()) {
                let Some(escapes) = escapes(&pieces, Escape::JsonUrl) else {
                    let message = format!(
                        "`{name}` takes an http, https or mailto address, or a relative one; `//` begins the name of a host"
                    );
                    desk.problems.error(Code::UnsafeUrl, member.value.at, message);
                    return None;
                };
                escapes
            } else {
                vec![Escape::Json; pieces.len()]
            };
            out.string(pieces, &escapes);
        }
        _ => {
            let wanted = "a string, true, or null";
            return refuse(&member.value, &format!("`{name}`"), wanted, &mut desk.problems);
        }
    }
    Some(())
}
