//! The report as a page: one file that needs nothing else, and no script.

use std::fmt::{self, Write};

use super::report::Report;
use super::tables::{Cell, Column, Section, Table};
use super::text::change_in_words;
use crate::crowd::Source;
use crate::print::{share, thousands};

const STYLE: &str = include_str!("report.css");

pub(super) fn page(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut String, report: &Report) -> fmt::Result {
    let names: Vec<String> = report.packs().iter().map(|pack| escaped(&pack.name)).collect();
    let title = match &names[..] {
        [before, after] if before != after => format!("{after} against {before}"),
        [.., name] => name.clone(),
        [] => String::new(),
    };
    let sections = report.sections();
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Simulation of {title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#report\">Skip to the report</a>\n<header>\n\
         <p class=\"eyebrow\">Waymark simulation</p>\n<h1>{title}</h1>\n"
    )?;
    let made_up = matches!(report.journeys.crowd.source, Source::Generated { .. });
    let class = if made_up { "source made-up" } else { "source" };
    writeln!(out, "<p class=\"{class}\">{}</p>", escaped(&report.source()))?;
    writeln!(out, "<dl class=\"facts\">")?;
    for (name, value) in report.facts() {
        let (name, value) = (escaped(name), escaped(&value));
        writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>")?;
    }
    writeln!(out, "</dl>\n<ul class=\"packs\">")?;
    for pack in report.packs() {
        let (file, name, hash) = (escaped(&pack.file), escaped(&pack.name), escaped(&pack.hash));
        writeln!(out, "<li><b>{name}</b> {file} <code>{hash}</code></li>")?;
    }
    writeln!(out, "</ul>\n</header>\n<nav aria-label=\"Sections\">\n<ul>")?;
    for (number, section) in sections.iter().enumerate() {
        writeln!(out, "<li><a href=\"#s{number}\">{}</a></li>", escaped(section.title))?;
    }
    writeln!(out, "</ul>\n</nav>\n<main id=\"report\">")?;
    for (number, section) in sections.iter().enumerate() {
        self::section(out, number, section)?;
    }
    if sections.is_empty() {
        writeln!(out, "<p>The pack has nothing to report on.</p>")?;
    }
    writeln!(out, "</main>\n</body>\n</html>")
}

fn section(out: &mut String, number: usize, section: &Section) -> fmt::Result {
    writeln!(out, "<section aria-labelledby=\"s{number}\">")?;
    writeln!(out, "<h2 id=\"s{number}\">{}</h2>", escaped(section.title))?;
    for said in &section.says {
        writeln!(out, "<p>{}</p>", escaped(said))?;
    }
    for (at, table) in section.tables.iter().enumerate() {
        self::table(out, &format!("s{number}t{at}"), table)?;
    }
    writeln!(out, "</section>")
}

/// A table that is scrolled on its own where it is wider than the page: by keyboard, too.
fn table(out: &mut String, id: &str, table: &Table) -> fmt::Result {
    writeln!(
        out,
        "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-labelledby=\"{id}\">\n<table>"
    )?;
    writeln!(out, "<caption id=\"{id}\">{}</caption>\n<thead>", escaped(&table.caption))?;
    let is_text = |at: usize| {
        at < table.names || table.rows.iter().any(|row| matches!(row.get(at), Some(Cell::Text(_))))
    };
    if table.is_beside() {
        groups(out, table)?;
    }
    write!(out, "<tr>")?;
    for (at, column) in table.columns.iter().enumerate() {
        let class = if is_text(at) { "" } else { " class=\"n\"" };
        write!(out, "<th scope=\"col\"{class}>{}</th>", escaped(&column.title))?;
    }
    writeln!(out, "</tr>\n</thead>\n<tbody>")?;
    for row in &table.rows {
        write!(out, "<tr>")?;
        for (at, cell) in row.iter().enumerate() {
            if at < table.names {
                write!(out, "<th scope=\"row\">{}</th>", shown(cell))?;
            } else if is_text(at) {
                write!(out, "<td>{}</td>", shown(cell))?;
            } else {
                write!(out, "<td class=\"n\">{}</td>", shown(cell))?;
            }
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody>\n</table>\n</div>")
}

/// Above the columns, the pack that each is about.
fn groups(out: &mut String, table: &Table) -> fmt::Result {
    write!(out, "<tr>")?;
    for group in table.columns.chunk_by(|one, other| one.of == other.of) {
        let [Column { of, .. }, ..] = group else { continue };
        let span = group.len();
        match of {
            Some(of) => {
                let of = escaped(of);
                write!(out, "<th scope=\"colgroup\" class=\"g\" colspan=\"{span}\">{of}</th>")?;
            }
            None => write!(out, "<td colspan=\"{span}\"></td>")?,
        }
    }
    writeln!(out, "</tr>")
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => escaped(text),
        Cell::Number(number) => thousands(*number),
        Cell::Share(some, of) => {
            let share = share(*some, *of);
            format!("<span class=\"bar\" style=\"--share:{share}\">{share}</span>")
        }
        Cell::Decimal(number) => format!("{number:.2}"),
        Cell::Change(change) => {
            let class = match change {
                0 => "same",
                1.. => "more",
                _ => "less",
            };
            format!("<span class=\"{class}\">{}</span>", change_in_words(*change))
        }
        Cell::Nothing => "<span class=\"none\">–</span>".to_owned(),
    }
}

/// Text that cannot be taken for anything else, in an attribute neither.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // What may stand in no page, and what turns the direction of the text around it.
            '\n' => out.push(' '),
            c if c.is_control() => out.push('\u{fffd}'),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn text_stays_text() {
        assert_eq!(
            escaped("<b a=\"1\" b='2'>&amp;\n\u{0}\u{202e}帐篷"),
            "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp; \u{fffd}\u{fffd}帐篷"
        );
    }
}
