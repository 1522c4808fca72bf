//! How things look on a terminal.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Severity,
};
use waymark_pack::Diagnostic;

use crate::error::CliError;

/// Writes to the standard output. A reader that went away is an error like any other.
pub(crate) fn out(text: &str) -> Result<(), CliError> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    Ok(stdout.flush()?)
}

/// What goes into a line from a file or from the network, without what a terminal would obey.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// `1 rule`, `2 rules`.
pub(crate) fn counted(count: u64, one: &str) -> String {
    format!("{} {one}{}", thousands(count), if count == 1 { "" } else { "s" })
}

/// `12,345`
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `12.5%`, in whole tenths.
pub(crate) fn share(count: u64, of: u64) -> String {
    let tenths = (count * 1_000 + of / 2).checked_div(of).unwrap_or(0);
    format!("{}.{}%", tenths / 10, tenths % 10)
}

/// `812 bytes`, `4.1 KB`; a KB has 1,000 bytes.
pub(crate) fn size(bytes: usize) -> String {
    if bytes < 1_000 {
        return format!("{bytes} bytes");
    }
    let tenths = (bytes + 50) / 100;
    format!("{}.{} KB", thousands((tenths / 10) as u64), tenths % 10)
}

/// Nobody sees it unless the standard error is a terminal.
pub(crate) fn bar(template: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Where a report goes decides how it is drawn.
pub(crate) enum Place {
    Out,
    Error,
}

/// A diagnostic with the part of the pack that it is about.
pub(crate) fn diagnostic(
    diagnostic: &Diagnostic,
    name: &str,
    source: &str,
    place: &Place,
) -> String {
    let severity = match diagnostic.severity {
        waymark_pack::Severity::Error => Severity::Error,
        waymark_pack::Severity::Warning => Severity::Warning,
    };
    let offset = diagnostic.offset.min(source.len());
    let length = diagnostic.length.min(source.len() - offset);
    let mut report = MietteDiagnostic::new(printable(&diagnostic.message))
        .with_code(diagnostic.code)
        .with_severity(severity);
    if let Some(mend) = &diagnostic.mend {
        report = report.with_help(printable(mend));
    }
    if has_long_line(source, offset, length) {
        // Nobody could find the place in the line.
        let (line, column) = (diagnostic.line, diagnostic.column);
        report.message = printable(&format!("{name}:{line}:{column}: {}", report.message));
        return drawn(&report, place);
    }
    let report = report.with_label(LabeledSpan::new_primary_with_span(None, (offset, length)));
    let source = NamedSource::new(name, source.to_owned()).with_language("json");
    let report = miette::Report::new(report).with_source_code(source);
    drawn(&*report, place)
}

/// Whether a line at the place or beside it is too long to be shown, as in packs that programs write.
fn has_long_line(source: &str, offset: usize, length: usize) -> bool {
    const LONGEST: usize = 2_000;
    let start = offset.saturating_sub(LONGEST);
    let end = offset.saturating_add(length).saturating_add(LONGEST).min(source.len());
    let around = &source.as_bytes()[start..end];
    around.split(|byte| *byte == b'\n').any(|line| line.len() > LONGEST)
}

/// An error of the command itself.
pub(crate) fn error(error: &CliError) -> String {
    let mut report = MietteDiagnostic::new(printable(&error.to_string())).with_code(error.code());
    if let Some(help) = error.help() {
        report = report.with_help(printable(&help));
    }
    drawn(&report, &Place::Error)
}

fn drawn(report: &dyn miette::Diagnostic, place: &Place) -> String {
    let terminal = match place {
        Place::Out => io::stdout().is_terminal(),
        Place::Error => io::stderr().is_terminal(),
    };
    let plain = crate::host::variable("NO_COLOR").is_some_and(|set| !set.is_empty());
    let theme = if terminal && !plain {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(100).with_links(false);
    let mut text = String::new();
    // Writing to a String fails only if the report's own text does.
    if handler.render_report(&mut text, report).is_err() {
        return format!("{report}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{counted, printable, size, thousands};

    #[test]
    fn numbers_are_grouped_and_sizes_rounded() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(counted(1, "rule"), "1 rule");
        assert_eq!(counted(2_000, "rule"), "2,000 rules");
        assert_eq!(size(999), "999 bytes");
        assert_eq!(size(4_149), "4.1 KB");
        assert_eq!(size(4_150), "4.2 KB");
    }

    #[test]
    fn what_a_terminal_would_obey_is_taken_out() {
        assert_eq!(printable("a\u{1b}[31mb\u{9b}c"), "a\u{fffd}[31mb\u{fffd}c");
    }
}
