//! Packs from files, compiled or refused with what is wrong shown.

use std::fs::File;
use std::io::{self, Read};

use waymark_model::limits::PACK_BYTES;
use waymark_pack::{Compiled, Report, compile};

use crate::error::CliError;
use crate::print::{self, Place};

/// A pack's JSON and the file it came from.
pub(crate) struct Source {
    pub name: String,
    pub text: String,
}

impl Source {
    pub(crate) fn read(path: &str) -> Result<Self, CliError> {
        let unreadable = |source| CliError::unreadable(path, source);
        let file = File::open(path).map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(PACK_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() > PACK_BYTES {
            return Err(CliError::PackTooLarge { name: path.to_owned(), limit: PACK_BYTES });
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let message = format!("it is not UTF-8 at byte {at}");
            unreadable(io::Error::new(io::ErrorKind::InvalidData, message))
        })?;
        Ok(Self { name: path.to_owned(), text })
    }

    /// Every diagnostic, as it is to be shown at `place`.
    pub(crate) fn drawn(&self, report: &Report, place: &Place) -> String {
        report
            .iter()
            .map(|diagnostic| print::diagnostic(diagnostic, &self.name, &self.text, place))
            .collect()
    }

    /// The Program; warnings and errors are shown on the standard error. `status` is the exit status
    /// for a pack with errors: 1 where the pack is the subject, 2 where it is a tool.
    pub(crate) fn compiled(&self, status: u8) -> Result<Compiled, CliError> {
        let compiled = compile(&self.text);
        let report = match &compiled {
            Ok(compiled) => &compiled.report,
            Err(report) => report,
        };
        eprint!("{}", self.drawn(report, &Place::Error));
        compiled.map_err(|report| self.refused(&report, status))
    }

    pub(crate) fn refused(&self, report: &Report, status: u8) -> CliError {
        let errors = print::counted(report.errors().count() as u64, "error");
        CliError::PackHasErrors { name: self.name.clone(), errors, status }
    }
}

/// The files that names and patterns mean. A name is itself, whether there is such a file or not.
pub(crate) fn matching(patterns: &[String]) -> Result<Vec<String>, CliError> {
    let mut paths = Vec::new();
    for pattern in patterns {
        if !pattern.contains(['*', '?']) {
            paths.push(pattern.clone());
            continue;
        }
        let none = || CliError::NoSuchFile { pattern: pattern.clone() };
        let found = glob::glob(pattern).map_err(|_| none())?;
        let before = paths.len();
        for path in found {
            let path = path.map_err(|error| {
                CliError::unreadable(&error.path().display().to_string(), error.into())
            })?;
            paths.push(path.display().to_string());
        }
        if paths.len() == before {
            return Err(none());
        }
    }
    Ok(paths)
}

/// Reads and compiles the pack that a command needs to do its work.
pub(crate) fn load(path: &str) -> Result<Compiled, CliError> {
    Source::read(path)?.compiled(2)
}

/// `ok: outdoor-shop, 5 rules, 3 segments, state ≤ 4.1 KB a visitor, page Program 2.3 KB`
pub(crate) fn summary(compiled: &Compiled) -> String {
    let Compiled { program, cost, .. } = compiled;
    format!(
        "{}, {}, {}, state ≤ {} a visitor, page Program {}",
        print::printable(&program.pack),
        print::counted(program.rules.len() as u64, "rule"),
        print::counted(program.segments.len() as u64, "segment"),
        print::size(cost.state_bytes),
        print::size(cost.page_bytes),
    )
}

/// The file's own name for messages about a path that may be `-`.
pub(crate) fn shown(path: &str) -> &str {
    if path == "-" { "standard input" } else { path }
}
