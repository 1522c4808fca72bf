//! The report on a terminal.

use std::fmt::{self, Write};

use super::report::Report;
use super::tables::{Cell, Column, Section, Table};
use crate::crowd::Source;
use crate::print::{share, thousands};

pub(super) fn report(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut String, report: &Report) -> fmt::Result {
    for (name, value) in report.facts() {
        writeln!(out, "{name:<24}{value:>24}")?;
    }
    for pack in report.packs() {
        writeln!(out, "\npack {} {} ({})", pack.name, pack.hash, pack.file)?;
    }
    if let Source::Generated { .. } = report.journeys.crowd.source {
        writeln!(out, "\n{}", report.source())?;
    }
    report.sections().iter().try_for_each(|section| self::section(out, section))
}

/// Who is played, and what comes out otherwise for them.
pub(super) fn difference(report: &Report) -> String {
    let mut out = String::new();
    if let Some(section) = report.difference() {
        // Writing to a String does not fail.
        let _ = writeln!(out, "{}", report.source());
        let _ = self::section(&mut out, &section);
    }
    out
}

fn section(out: &mut String, section: &Section) -> fmt::Result {
    writeln!(out, "\n{}", section.title.to_uppercase())?;
    for said in &section.says {
        writeln!(out, "{said}")?;
    }
    section.tables.iter().try_for_each(|table| self::table(out, table))
}

fn table(out: &mut String, table: &Table) -> fmt::Result {
    let titles: Vec<String> = table.columns.iter().map(|column| column.title.clone()).collect();
    let rows: Vec<Vec<String>> =
        table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        cells.chain(titles.get(at)).map(|text| text.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    // Why something is so is read from the left as its name is.
    let is_number = |at: usize| {
        at >= table.names && table.rows.iter().all(|row| row.get(at).is_some_and(Cell::is_number))
    };
    writeln!(out, "\n{}", table.caption)?;
    if table.is_beside() {
        writeln!(out, "{}", groups(table, &widths)?.trim_end())?;
    }
    for row in std::iter::once(&titles).chain(&rows) {
        let mut line = String::new();
        for (at, (text, width)) in row.iter().zip(&widths).enumerate() {
            if is_number(at) {
                write!(line, "  {text:>width$}")?;
            } else {
                write!(line, "  {text:<width$}")?;
            }
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Above the columns, the pack that each is about: as much of its name as there is room for.
fn groups(table: &Table, widths: &[usize]) -> Result<String, fmt::Error> {
    let mut line = String::new();
    let mut widths = widths.iter();
    for group in table.columns.chunk_by(|one, other| one.of == other.of) {
        let width: usize = widths.by_ref().take(group.len()).map(|width| width + 2).sum();
        let name = group.first().and_then(|Column { of, .. }| of.as_deref()).unwrap_or_default();
        let over = (name.chars().count() + 3).saturating_sub(width);
        let name: String = name.chars().skip(over).collect();
        let bar = if name.is_empty() { "  " } else { "| " };
        write!(line, "{bar}{name:<width$}", width = width.saturating_sub(2))?;
    }
    Ok(line)
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone(),
        Cell::Number(number) => thousands(*number),
        Cell::Share(some, of) => share(*some, *of),
        Cell::Decimal(number) => format!("{number:.2}"),
        Cell::Change(change) => change_in_words(*change),
        Cell::Nothing => "–".to_owned(),
    }
}

/// `+12`, `−3`, `0`
pub(super) fn change_in_words(change: i64) -> String {
    let sign = match change {
        0 => "",
        1.. => "+",
        _ => "−",
    };
    format!("{sign}{}", thousands(change.unsigned_abs()))
}
