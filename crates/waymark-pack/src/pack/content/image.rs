//! Pictures, as the HTML that shows them.

use waymark_engine::program::{Escape, Template};

use super::address::escapes;
use crate::declared::Desk;
use crate::diagnostic::Code;
use crate::fields::{Fields, text, whole};
use crate::html::of_html;
use crate::json::Node;
use crate::language;
use crate::template::{Piece, parse};

pub(super) fn read(node: &Node, locale: &str, desk: &mut Desk<'_>) -> Option<Template> {
    let mut fields = Fields::of(node, &language::IMAGE, &mut desk.problems)?;
    let src = fields.require("src", &mut desk.problems);
    let alt = fields.require("alt", &mut desk.problems);
    let sizes = [fields.take("width"), fields.take("height")];
    let href = fields.take("href");
    fields.finish(&mut desk.problems);
    let src = src.and_then(|node| attribute("src", node, locale, desk));
    let alt = alt.and_then(|node| attribute("alt", node, locale, desk));
    let href = match href {
        Some(node) => Some(attribute("href", node, locale, desk)?),
        None => None,
    };
    let linked = href.is_some();
    let mut html = Vec::new();
    if let Some(href) = href {
        html.push(literal("<a"));
        html.extend(href);
        html.push(literal(">"));
    }
    html.push(literal("<img"));
    html.extend(src?);
    html.extend(alt?);
    for (name, size) in ["width", "height"].into_iter().zip(sizes) {
        if let Some(size) = size {
            let size = whole(size, &format!("`{name}`"), (1, 10_000), &mut desk.problems)?;
            html.push(literal(&format!(" {name}=\"{size}\"")));
        }
    }
    html.push(literal(if linked { "></a>" } else { ">" }));
    of_html(&html, node.at, desk)
}

/// A space, the attribute's name, and its value in quotes.
fn attribute(
    name: &'static str,
    node: &Node,
    locale: &str,
    desk: &mut Desk<'_>,
) -> Option<Vec<Piece>> {
    let source = text(node, &format!("`{name}`"), &mut desk.problems)?;
    let pieces = parse(source, node.at, locale, desk)?;
    if name != "alt" && escapes(&pieces, Escape::Url).is_none() {
        let message = format!(
            "`{name}` takes an http, https or mailto address, or a relative one; `//` begins the name of a host"
        );
        desk.problems.error(Code::UnsafeUrl, node.at, message);
        return None;
    }
    let mut attribute = vec![literal(&format!(" {name}=\""))];
    attribute.extend(pieces.into_iter().map(|piece| match piece {
        Piece::Literal(text) => Piece::Literal(text.replace('&', "&amp;").replace('"', "&quot;")),
        insert @ Piece::Insert(_) => insert,
    }));
    attribute.push(literal("\""));
    Some(attribute)
}

fn literal(text: &str) -> Piece {
    Piece::Literal(text.to_owned())
}
