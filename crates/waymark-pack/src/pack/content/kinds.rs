//! The kinds of content: each is read into a template and the body that it makes.

use waymark_engine::program::{Body, Part, Template};

use super::{address, image, items, patch};
use crate::declared::Desk;
use crate::diagnostic::Code;
use crate::fields::{Fields, flag, text};
use crate::html::of_html;
use crate::json::{Json, Node};
use crate::language;
use crate::template::{Written, of_text, parse};

/// The kinds by their keys.
const KINDS: [(&str, Kind); 8] = [
    ("text", Kind::Text),
    ("html", Kind::Html),
    ("image", Kind::Image),
    ("json", Kind::Json),
    ("redirect", Kind::Redirect),
    ("patch", Kind::Patch),
    ("remote", Kind::Remote),
    ("items", Kind::Items),
];

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Html,
    Image,
    Json,
    Redirect,
    Patch,
    Remote,
    Items,
}

/// The kinds of content that were given.
pub(super) struct Given<'n> {
    kinds: Vec<(Kind, &'n Node)>,
    /// What each of the items looks like.
    each: Option<&'n Node>,
}

impl<'n> Given<'n> {
    pub fn of(fields: &mut Fields<'n>) -> Self {
        let kinds = KINDS.iter().filter_map(|(key, kind)| Some((*kind, fields.take(key)?)));
        Self { kinds: kinds.collect(), each: fields.take("each") }
    }

    pub const fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Items that wait for what they look like in each language.
    pub fn items(&self) -> Option<&'n Node> {
        match self.kinds[..] {
            [(Kind::Items, node)] if self.each.is_none() => Some(node),
            _ => None,
        }
    }

    /// `items` of all languages, where this one has only what they look like.
    #[must_use]
    pub fn with(mut self, items: Option<&'n Node>) -> Self {
        if self.kinds.is_empty() && self.each.is_some() {
            self.kinds.extend(items.map(|items| (Kind::Items, items)));
        }
        self
    }

    pub fn read(
        self,
        within: &Node,
        locale: &str,
        desk: &mut Desk<'_>,
    ) -> Option<(Body, Template)> {
        let names = || KINDS.map(|(key, _)| format!("`{key}`")).join(", ");
        match self.kinds[..] {
            [(Kind::Items, node)] => {
                Some((Body::Html, items::read(node, self.each, locale, desk)?))
            }
            [_] if self.each.is_some() => {
                let message = "`each` belongs to `items`";
                desk.problems.error(Code::OutOfPlace, within.opening(), message);
                None
            }
            [(kind, node)] => Some((kind.body(), kind.template(node, locale, desk)?)),
            [] => {
                let message = format!("content needs one of {}", names());
                desk.problems.error(Code::MissingKey, within.opening(), message);
                None
            }
            _ => {
                let message = format!("content is one of {}, and not two", names());
                desk.problems.error(Code::ConflictingKeys, within.opening(), message);
                None
            }
        }
    }
}

impl Kind {
    const fn body(self) -> Body {
        match self {
            Self::Text => Body::Text,
            Self::Html | Self::Image | Self::Items => Body::Html,
            Self::Json => Body::Json,
            Self::Redirect => Body::Redirect,
            Self::Patch => Body::Patch,
            Self::Remote => Body::Remote,
        }
    }

    fn template(self, node: &Node, locale: &str, desk: &mut Desk<'_>) -> Option<Template> {
        match self {
            Self::Text => {
                let source = text(node, "`text`", &mut desk.problems)?;
                Some(of_text(parse(source, node.at, locale, desk)?))
            }
            Self::Html => {
                let source = text(node, "`html`", &mut desk.problems)?;
                of_html(&parse(source, node.at, locale, desk)?, node.at, desk)
            }
            Self::Image => image::read(node, locale, desk),
            Self::Json => {
                let mut written = Written::default();
                written.node(node, locale, desk)?;
                Some(written.finish())
            }
            Self::Redirect => {
                let (node, keeps_query) = redirect(node, desk)?;
                let source = text(node, "`redirect`", &mut desk.problems)?;
                let pieces = parse(source, node.at, locale, desk)?;
                let mut template = address::whole(&pieces, node.at, false, desk)?;
                if keeps_query {
                    template.0.push(Part::Query);
                }
                Some(template)
            }
            Self::Items => items::read(node, None, locale, desk),
            Self::Patch => patch::read(node, locale, desk),
            Self::Remote => {
                let source = text(node, "`remote`", &mut desk.problems)?;
                address::whole(&parse(source, node.at, locale, desk)?, node.at, true, desk)
            }
        }
    }
}

/// The address, and whether the page's parameters go along.
fn redirect<'n>(node: &'n Node, desk: &mut Desk<'_>) -> Option<(&'n Node, bool)> {
    if !matches!(node.json, Json::Object(_)) {
        return Some((node, false));
    }
    let mut fields = Fields::of(node, &language::REDIRECT, &mut desk.problems)?;
    let to = fields.require("to", &mut desk.problems);
    let keep = fields.take("keepQuery");
    fields.finish(&mut desk.problems);
    let keep = keep.map_or(Some(false), |node| flag(node, "`keepQuery`", &mut desk.problems));
    Some((to?, keep?))
}
