//! Problems as they are found, and the report made of them.

use std::borrow::Cow;

use crate::diagnostic::{Code, Diagnostic, Report, Severity};
use crate::input::File;
use crate::json::At;

/// Diagnostics in a report.
const LISTED: usize = 500;
/// Problems kept until then.
const KEPT: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Problems {
    list: Vec<Problem>,
    errors: bool,
    /// Where the problems go that are not kept.
    dropped: Option<Problem>,
}

#[derive(Debug)]
pub(crate) struct Problem {
    code: Code,
    severity: Severity,
    at: At,
    message: String,
    mend: Option<String>,
    /// A name, and the one to write in its place.
    instead: Option<(String, String)>,
}

impl Problem {
    pub fn mend(&mut self, mend: impl Into<String>) {
        self.mend = Some(mend.into());
    }

    /// Offers the name that was probably meant.
    pub fn mean<'n>(&mut self, wanted: &str, names: impl IntoIterator<Item = &'n str>) {
        let Some(name) = closest(wanted, names) else {
            self.mend = None;
            return;
        };
        self.mean_name(wanted, name);
    }

    /// Offers a name.
    pub fn mean_name(&mut self, wanted: &str, name: &str) {
        self.mend = Some(format!("did you mean {}?", quoted(name)));
        self.instead = Some((wanted.to_owned(), name.to_owned()));
    }

    /// The edit that writes the offered name, if the name it is for is all that stands there.
    fn fix(&self, there: Option<&str>) -> Option<String> {
        let ((wanted, name), there) = self.instead.as_ref().zip(there)?;
        if there == quoted(wanted) && !name.contains(['"', '\\']) {
            return Some(quoted(name));
        }
        (there == wanted).then(|| name.clone())
    }

    /// Offers the name that was probably meant, or else the names that there are.
    pub fn mean_one_of<'n>(
        &mut self,
        wanted: &str,
        names: impl IntoIterator<Item = &'n str, IntoIter: Clone>,
    ) {
        const LISTED: usize = 30;
        let names = names.into_iter();
        self.mean(wanted, names.clone());
        if self.mend.is_none() && names.clone().count() <= LISTED {
            let names: Vec<&str> = names.collect();
            self.mend = (!names.is_empty()).then(|| format!("there is {}", names.join(", ")));
        }
    }
}

impl Problems {
    pub fn error(&mut self, code: Code, at: At, message: impl Into<String>) -> &mut Problem {
        self.push(code, Severity::Error, at, message.into())
    }

    pub fn warn(&mut self, code: Code, at: At, message: impl Into<String>) -> &mut Problem {
        self.push(code, Severity::Warning, at, message.into())
    }

    fn push(&mut self, code: Code, severity: Severity, at: At, message: String) -> &mut Problem {
        let problem = Problem { code, severity, at, message, mend: None, instead: None };
        let first_error = severity == Severity::Error && !self.errors;
        self.errors |= severity == Severity::Error;
        if self.list.len() >= KEPT && !first_error {
            return self.dropped.insert(problem);
        }
        let last = self.list.len();
        self.list.push(problem);
        &mut self.list[last]
    }

    pub const fn has_errors(&self) -> bool {
        self.errors
    }

    /// Adds what was found in a text that begins further on in the source.
    pub fn take_over(&mut self, other: Self, by: usize) {
        self.errors |= other.errors;
        self.list.extend(other.list.into_iter().map(|mut problem| {
            problem.at.shift(by);
            problem
        }));
    }

    /// The report on some files. Of too many problems the errors, then the first, are listed.
    pub fn into_report(mut self, files: &[File<'_>]) -> Report {
        let order = |problem: &Problem| (problem.at.start, problem.at.end, problem.code);
        self.list.sort_by_key(order);
        if self.list.len() > LISTED {
            self.list.sort_by_key(|problem| problem.severity != Severity::Error);
            self.list.truncate(LISTED);
            self.list.sort_by_key(order);
        }
        let mut diagnostics = Vec::with_capacity(self.list.len());
        let mut rest = self.list.into_iter().peekable();
        for (number, file) in files.iter().enumerate() {
            let next = files.get(number + 1).map_or(usize::MAX, |next| next.start);
            let mut cursor = Cursor { source: file.text, at: 0, line: 1, column: 1 };
            while let Some(problem) = rest.next_if(|problem| problem.at.start < next) {
                diagnostics.push(problem.diagnostic(file, &mut cursor));
            }
        }
        Report { diagnostics }
    }
}

impl Problem {
    fn diagnostic(self, file: &File<'_>, cursor: &mut Cursor<'_>) -> Diagnostic {
        let offset = self.at.start - file.start;
        let length = self.at.end.saturating_sub(self.at.start);
        cursor.advance(offset);
        Diagnostic {
            fix: self.fix(file.text.get(offset..offset + length)),
            code: self.code.name(),
            severity: self.severity,
            file: file.name.map(str::to_owned),
            pointer: file.root.as_ref().map(|root| root.pointer_to(self.at)).unwrap_or_default(),
            offset,
            length,
            line: cursor.line,
            column: cursor.column,
            message: self.message,
            mend: self.mend,
        }
    }
}

/// A place in the source that only moves on, so that all positions together cost one pass.
struct Cursor<'s> {
    source: &'s str,
    at: usize,
    line: u32,
    column: u32,
}

impl Cursor<'_> {
    fn advance(&mut self, to: usize) {
        for c in self.source.get(self.at..to).unwrap_or_default().chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.at = self.at.max(to);
    }
}

/// A name inside a message, cut when it is very long.
pub(crate) fn shown(name: &str) -> Cow<'_, str> {
    const LONGEST: usize = 64;
    match name.char_indices().nth(LONGEST) {
        Some((cut, _)) => Cow::Owned(format!("\"{}…\"", &name[..cut])),
        None => Cow::Owned(quoted(name)),
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// The name nearest to what was written, if one is near enough.
pub(crate) fn closest<'n>(
    wanted: &str,
    names: impl IntoIterator<Item = &'n str>,
) -> Option<&'n str> {
    // Bounds on the work that a pack full of mistakes can ask for.
    const NAMES: usize = 1_000;
    const LENGTH: usize = 64;
    if wanted.len() > LENGTH {
        return None;
    }
    let near = match wanted.chars().count() {
        0..3 => 0,
        length => (length / 3).min(3),
    };
    let lower = wanted.to_lowercase();
    names
        .into_iter()
        .take(NAMES)
        .filter(|name| name.len() <= LENGTH && name.len().abs_diff(wanted.len()) <= 4 * near + 4)
        .map(|name| (strsim::osa_distance(&lower, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= near)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::closest;

    #[test]
    fn the_nearest_name_is_offered_and_far_ones_are_not() {
        let names = ["Product Viewed", "Product Added", "Order Completed"];
        assert_eq!(closest("Product Viewd", names), Some("Product Viewed"));
        assert_eq!(closest("product viewed", names), Some("Product Viewed"));
        assert_eq!(closest("Checkout", names), None);
    }
}
