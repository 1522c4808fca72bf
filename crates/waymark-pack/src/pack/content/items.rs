//! Lists of things: where they come from, and what each looks like.

use waymark_engine::program::{CondId, Each, From, Part, Path, Template};

use crate::condition::{Place, read as read_condition};
use crate::declared::{Desk, Kind, Model, Scope};
use crate::diagnostic::Code;
use crate::fields::{Fields, elements, text, whole};
use crate::html::of_html;
use crate::json::Node;
use crate::language;
use crate::problem::shown;
use crate::template::{parse, visitor_path};

/// Things that are shown unless the pack says how many.
const SOME: u32 = 10;
const MOST: i32 = 100;
/// The whole catalogue, as a table.
const CATALOG: u32 = 0;

pub(super) fn read(
    node: &Node,
    each: Option<&Node>,
    locale: &str,
    desk: &mut Desk<'_>,
) -> Option<Template> {
    let mut fields = Fields::of(node, &language::ITEMS, &mut desk.problems)?;
    let from = fields.require("from", &mut desk.problems);
    let model = fields.take("model");
    let exclude = fields.take("exclude");
    let filter = fields.take("where");
    let most = fields.take("max");
    let fallback = fields.take("fallback");
    fields.finish(&mut desk.problems);
    let from = from.and_then(|node| source(node, desk));
    let from = match model {
        None => from,
        Some(node) => from.zip(related(node, desk)).and_then(|(from, model)| match from {
            From::Path(path) => Some(From::Related(model, path)),
            From::Table(_) | From::Related(..) => {
                let message = "with `model`, `from` is a path to a list of the visitor's";
                desk.problems.error(Code::ConflictingKeys, node.at, message);
                None
            }
        }),
    };
    let exclude = match exclude {
        None => Some(Vec::new()),
        Some(node) => paths(node, desk),
    };
    let filter = match filter {
        None => Some(None),
        // Lowered with all others; until then it is known by its place among them.
        Some(node) => read_condition(node, Place::Item, desk).map(|condition| {
            desk.declared.wheres.push(condition);
            u32::try_from(desk.declared.wheres.len() - 1).ok().map(CondId)
        }),
    };
    let most = match most {
        None => Some(SOME),
        Some(node) => whole(node, "`max`", (1, MOST), &mut desk.problems)
            .and_then(|most| u32::try_from(most).ok()),
    };
    let fallback = match fallback {
        None => Some(None),
        Some(node) => table(node, desk).map(Some),
    };
    let Some(each) = each else {
        let message = "`items` needs `each`: what each of them looks like";
        desk.problems.error(Code::MissingKey, node.opening(), message);
        return None;
    };
    let html = text(each, "`each`", &mut desk.problems)?;
    desk.declared.scope = Scope::List;
    let pieces = parse(html, each.at, locale, desk);
    desk.declared.scope = Scope::Visitor;
    let template = of_html(&pieces?, each.at, desk)?;
    let each = Each {
        from: from?,
        exclude: exclude?,
        filter: filter?,
        most: most?,
        fallback: fallback?,
        template,
    };
    Some(Template(vec![Part::Each(Box::new(each))]))
}

/// The number of a model that says what goes together: they are numbered in the order of their ids.
fn related(node: &Node, desk: &mut Desk<'_>) -> Option<u32> {
    let id = text(node, "`model`", &mut desk.problems)?;
    if !desk.is_declared(Kind::Model, id, node.at) {
        return None;
    }
    match desk.declared.models.get(id) {
        Some(Model::Items) => {
            let at = desk.declared.models.keys().position(|model| model == id)?;
            u32::try_from(at).ok()
        }
        Some(Model::Broken) | None => None,
        Some(Model::Score(_)) => {
            let message = format!("the model {} gives a score, and no things", shown(id));
            let problem = desk.problems.error(Code::OutOfPlace, node.at, message);
            problem.mend("name one of the kind item-to-item");
            None
        }
    }
}

fn source(node: &Node, desk: &mut Desk<'_>) -> Option<From> {
    let name = text(node, "`from`", &mut desk.problems)?;
    if name == "catalog" {
        if !desk.declared.catalog {
            desk.problems.error(Code::UnknownTable, node.at, "the pack has no `catalog`");
            return None;
        }
        return Some(From::Table(CATALOG));
    }
    match name.strip_prefix("tables.") {
        Some(table) => named(table, node, desk).map(From::Table),
        None => visitor_path(name, node.at, desk).map(From::Path),
    }
}

fn table(node: &Node, desk: &mut Desk<'_>) -> Option<u32> {
    let name = text(node, "`fallback`", &mut desk.problems)?;
    named(name.strip_prefix("tables.").unwrap_or(name), node, desk)
}

fn named(table: &str, node: &Node, desk: &mut Desk<'_>) -> Option<u32> {
    let found = desk.declared.tables.get(table).copied();
    if found.is_none() {
        let names: Vec<String> = desk.declared.tables.keys().cloned().collect();
        let message = format!("unknown table {}", shown(table));
        let problem = desk.problems.error(Code::UnknownTable, node.at, message);
        problem.mean(table, names.iter().map(String::as_str));
    }
    found
}

fn paths(node: &Node, desk: &mut Desk<'_>) -> Option<Vec<Path>> {
    let items = elements(node, "`exclude`", &mut desk.problems)?;
    let paths: Vec<_> = items
        .iter()
        .map(|item| visitor_path(text(item, "a path", &mut desk.problems)?, item.at, desk))
        .collect();
    paths.into_iter().collect()
}
