//! Packs from files, compiled or refused with what is wrong shown.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use waymark_model::limits::PACK_BYTES;
use waymark_pack::{Compiled, Diagnostic, Input, Part, Report, catalog_source, includes};

use crate::error::CliError;
use crate::host;
use crate::print::{self, Place};

/// A pack's JSON and the file it came from, with the parts that it includes.
pub(crate) struct Source {
    pub name: String,
    pub text: String,
    /// Names and texts.
    parts: Vec<(String, String)>,
    /// The file of the catalogue's rows.
    rows: Option<(String, String)>,
}

impl Source {
    /// The pack and its parts.
    pub(crate) fn read(path: &str) -> Result<Self, CliError> {
        let mut source = Self::alone(path)?;
        let folder = Path::new(path).parent().unwrap_or(Path::new(""));
        let patterns: Vec<String> = includes(&source.text)
            .iter()
            .map(|pattern| folder.join(pattern).display().to_string())
            .collect();
        for pattern in patterns {
            for path in found(&pattern)? {
                // A pattern may mean the pack itself, and two may mean the same file.
                if path != source.name && source.parts.iter().all(|(name, _)| *name != path) {
                    let text = text_of(&path)?;
                    source.parts.push((path, text));
                }
            }
        }
        let texts = source.parts.iter().map(|(_, text)| text);
        let rows = std::iter::once(&source.text).chain(texts).find_map(|text| catalog_source(text));
        if let Some(name) = rows {
            let path = folder.join(name).display().to_string();
            source.rows = Some((path.clone(), text_of(&path)?));
        }
        Ok(source)
    }

    /// The pack's file, whatever it includes.
    pub(crate) fn alone(path: &str) -> Result<Self, CliError> {
        Ok(Self::of(path, text_of(path)?))
    }

    pub(crate) fn of(name: &str, text: String) -> Self {
        Self { name: name.to_owned(), text, parts: Vec::new(), rows: None }
    }

    pub(crate) fn input(&self) -> Input<'_> {
        let part = |(name, text)| Part { name, text };
        let parts = self.parts.iter().map(|(name, text)| part((name, text))).collect();
        Input {
            parts: Some(parts),
            rows: self.rows.as_ref().map(|(name, text)| part((name, text))),
            today: Some(host::now()),
            ..Input::of(&self.text)
        }
    }

    /// The name and the text of the file that a diagnostic is about.
    pub(crate) fn file(&self, diagnostic: &Diagnostic) -> (&str, &str) {
        let part = diagnostic
            .file
            .as_ref()
            .and_then(|file| self.parts.iter().chain(&self.rows).find(|(name, _)| name == file));
        part.map_or((&self.name, &self.text), |(name, text)| (name, text))
    }

    /// Every diagnostic, as it is to be shown at `place`.
    pub(crate) fn drawn(&self, report: &Report, place: &Place) -> String {
        let each = report.iter().map(|diagnostic| {
            let (name, text) = self.file(diagnostic);
            print::diagnostic(diagnostic, name, text, place)
        });
        each.collect()
    }

    /// The Program; warnings and errors are shown on the standard error. `status` is the exit status
    /// for a pack with errors: 1 where the pack is the subject, 2 where it is a tool.
    pub(crate) fn compiled(&self, status: u8) -> Result<Compiled, CliError> {
        let compiled = self.input().compile();
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

fn text_of(path: &str) -> Result<String, CliError> {
    let unreadable = |source| CliError::unreadable(path, source);
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(PACK_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > PACK_BYTES {
        return Err(CliError::PackTooLarge { name: path.to_owned(), limit: PACK_BYTES });
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let message = format!("it is not UTF-8 at byte {at}");
        unreadable(io::Error::new(io::ErrorKind::InvalidData, message))
    })
}

/// The files that names and patterns mean; a pattern means at least one.
pub(crate) fn matching(patterns: &[String]) -> Result<Vec<String>, CliError> {
    let mut paths = Vec::new();
    for pattern in patterns {
        let found = found(pattern)?;
        if found.is_empty() {
            return Err(CliError::NoSuchFile { pattern: pattern.clone() });
        }
        paths.extend(found);
    }
    Ok(paths)
}

/// The files that a pattern means, in the order of their names. A name without `*` and `?` is itself,
/// whether there is such a file or not.
fn found(pattern: &str) -> Result<Vec<String>, CliError> {
    if !pattern.contains(['*', '?']) {
        return Ok(vec![pattern.to_owned()]);
    }
    let none = |_| CliError::NoSuchFile { pattern: pattern.to_owned() };
    let paths = glob::glob(pattern).map_err(none)?.map(|path| match path {
        Ok(path) => Ok(path.display().to_string()),
        Err(error) => Err(CliError::unreadable(&error.path().display().to_string(), error.into())),
    });
    paths.collect()
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
