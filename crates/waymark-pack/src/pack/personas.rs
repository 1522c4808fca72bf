//! Segments by what visitors are worth and by what they might be worth.

use waymark_engine::program::{Compare, Order};
use waymark_model::Value;

use super::Segment;
use crate::condition::{Comparison, Condition, Kind, Place, Subject, subject};
use crate::declared::{Desk, Type};
use crate::diagnostic::Code;
use crate::fields::{Fields, elements, id, text};
use crate::json::{At, Json, Node};
use crate::language;
use crate::problem::shown;

/// A number, and the bounds between its levels.
struct Axis {
    of: Subject,
    bounds: Vec<f64>,
}

/// The names in the grid, each once, whatever else is wrong with it.
pub(super) fn names(node: Option<&Node>) -> Vec<(String, At)> {
    let rows = node.and_then(|node| node.member("grid")).map(|grid| &grid.json);
    let Some(Json::Array(rows)) = rows else { return Vec::new() };
    let cells = rows.iter().flat_map(|row| match &row.json {
        Json::Array(cells) => &cells[..],
        _ => &[],
    });
    let mut names: Vec<(String, At)> = Vec::new();
    for cell in cells {
        if let Json::Text(name) = &cell.json
            && names.iter().all(|(have, _)| have != name)
        {
            names.push((name.clone(), cell.at));
        }
    }
    names
}

pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<Segment> {
    let Some(mut fields) =
        node.and_then(|node| Fields::of(node, &language::PERSONAS, &mut desk.problems))
    else {
        return Vec::new();
    };
    let [value, potential] = ["value", "potential"].map(|name| {
        let node = fields.require(name, &mut desk.problems);
        node.and_then(|node| axis(name, node, desk))
    });
    let grid = fields.require("grid", &mut desk.problems);
    fields.finish(&mut desk.problems);
    let (Some(value), Some(potential), Some(grid)) = (value, potential, grid) else {
        return Vec::new();
    };
    let Some(cells) = cells(grid, value.bounds.len() + 1, potential.bounds.len() + 1, desk) else {
        return Vec::new();
    };
    let mut segments: Vec<(String, At, Vec<Condition>)> = Vec::new();
    for (name, at, row, column) in cells {
        let there = vec![value.level(row, at), potential.level(column, at)];
        let cell = Condition::all(at, there);
        match segments.iter_mut().find(|(have, ..)| *have == name) {
            Some((_, _, several)) => several.push(cell),
            None => segments.push((name, at, vec![cell])),
        }
    }
    let segment = |(id, at, cells): (String, At, Vec<Condition>)| {
        let when = Some(Condition::any(at, cells));
        Segment { id, at, when, edge: false }
    };
    segments.into_iter().map(segment).collect()
}

impl Axis {
    /// From one bound to before the next; what is missing is below the first.
    fn level(&self, level: usize, at: At) -> Condition {
        let from = |bound: usize| {
            let least = Compare::Order(Order::Gte, Value::Number(self.bounds[bound]));
            let (subject, compare) = (self.of.clone(), Comparison::Plain(least));
            Condition { at, kind: Kind::Compare { subject, compare } }
        };
        let mut parts = Vec::new();
        if let Some(bound) = level.checked_sub(1) {
            parts.push(from(bound));
        }
        if level < self.bounds.len() {
            parts.push(from(level).not(at));
        }
        Condition::all(at, parts)
    }
}

fn axis(name: &str, node: &Node, desk: &mut Desk<'_>) -> Option<Axis> {
    let mut fields = Fields::of(node, &language::AXIS, &mut desk.problems)?;
    let of = fields.require("of", &mut desk.problems);
    let at = fields.require("at", &mut desk.problems);
    fields.finish(&mut desk.problems);
    let of = of.and_then(|node| {
        let path = text(node, "`of`", &mut desk.problems)?;
        let (of, ty) = subject(path, node.at, Place::Membership, desk)?;
        if let Some(ty) = ty.filter(|ty| *ty != Type::Number) {
            let message = format!("{} is of type {}, and not a number", shown(path), ty.name());
            desk.problems.error(Code::WrongType, node.at, message);
            return None;
        }
        Some(of)
    });
    let at = at?;
    let items = elements(at, "`at`", &mut desk.problems)?;
    let bounds: Option<Vec<f64>> = items
        .iter()
        .map(|item| if let Json::Number(bound) = item.json { Some(bound) } else { None })
        .collect();
    let bounds = bounds.filter(|bounds| !bounds.is_empty() && bounds.is_sorted_by(|a, b| a < b));
    if bounds.is_none() {
        let message = format!("`at` of `{name}` has numbers, each larger than the one before");
        desk.problems.error(Code::BadValue, at.opening(), message);
    }
    Some(Axis { of: of?, bounds: bounds? })
}

/// Each name, with its row and its column.
fn cells(
    grid: &Node,
    rows: usize,
    columns: usize,
    desk: &mut Desk<'_>,
) -> Option<Vec<(String, At, usize, usize)>> {
    let mut all = Vec::new();
    let found = elements(grid, "`grid`", &mut desk.problems)?;
    if found.len() != rows {
        let have = found.len();
        let message = format!("`value` has {rows} levels, and `grid` has {have} rows");
        desk.problems.error(Code::BadValue, grid.opening(), message);
        return None;
    }
    for (row, node) in found.iter().enumerate() {
        let cells = elements(node, "a row of `grid`", &mut desk.problems)?;
        if cells.len() != columns {
            let have = cells.len();
            let message = format!("`potential` has {columns} levels, and this row has {have}");
            desk.problems.error(Code::BadValue, node.opening(), message);
            return None;
        }
        for (column, cell) in cells.iter().enumerate() {
            let name = text(cell, "a segment's name", &mut desk.problems)?;
            id(name, cell.at, &mut desk.problems);
            all.push((name.to_owned(), cell.at, row, column));
        }
    }
    Some(all)
}
