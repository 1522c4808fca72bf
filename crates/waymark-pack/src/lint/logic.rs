//! Conditions that do not say what they seem to.

use std::collections::{BTreeMap, BTreeSet};

use waymark_engine::program::{Compare, Path, Root, SessionKey};
use waymark_model::Value;

use super::{Asked, can_hold};
use crate::condition::{Comparison, Condition, Kind, Subject};
use crate::diagnostic::Code;
use crate::json::At;
use crate::language::BUILT_IN;
use crate::pack::{ModelKind, Pack};
use crate::problem::{Problems, shown};

/// Alternatives of which one always holds, and counts that nothing is below.
pub(super) fn always_true(condition: &Condition, problems: &mut Problems) {
    condition.walk(&mut |part| match &part.kind {
        Kind::Any(parts) => {
            if let Some((name, at)) = one_always_holds(parts) {
                let message = format!("one of these always holds, whatever {} is", shown(&name));
                let problem = problems.warn(Code::AlwaysTrue, at, message);
                problem.mend("`$and` or `$nin` was probably meant");
            }
        }
        Kind::Count { least: 0, most: None, .. } => {
            let message = "nothing happens less than 0 times: this always holds";
            problems.warn(Code::AlwaysTrue, part.at, message);
        }
        _ => {}
    });
}

/// What is asked of one thing by alternatives whose opposites cannot all hold.
fn one_always_holds(parts: &[Condition]) -> Option<(String, At)> {
    let mut by_subject: BTreeMap<(String, String), Vec<(Asked<'_>, At)>> = BTreeMap::new();
    for part in parts {
        if let Some((subject, asked)) = Asked::of(part) {
            let name = (subject.name(), format!("{subject:?}"));
            let opposite = Asked { not: !asked.not, ..asked };
            by_subject.entry(name).or_default().push((opposite, part.at));
        }
    }
    by_subject.into_iter().find_map(|((name, _), all)| {
        let found =
            (2..=all.len().min(super::COMPARISONS)).find(|number| !can_hold(&all[..*number]))?;
        Some((name, all[found - 1].1))
    })
}

/// Opposites that also hold of what is missing, where nothing else says that it is there.
pub(super) fn missing_matches(pack: &Pack, condition: &Condition, problems: &mut Problems) {
    Missing { pack, problems, known: Vec::new() }.look(condition);
}

struct Missing<'p> {
    pack: &'p Pack,
    problems: &'p mut Problems,
    /// The names of what was asked for beside or above.
    known: Vec<BTreeSet<String>>,
}

impl Missing<'_> {
    fn look(&mut self, condition: &Condition) {
        match &condition.kind {
            Kind::All(parts) | Kind::Any(parts) => {
                self.known.push(parts.iter().filter_map(asks_for).collect());
                for part in parts {
                    self.look(part);
                }
                self.known.pop();
            }
            Kind::Not(inner) => self.opposite(condition.at, inner),
            _ => {}
        }
    }

    fn opposite(&mut self, at: At, inner: &Condition) {
        let Kind::Compare { subject, compare } = &inner.kind else { return self.look(inner) };
        let name = subject.name();
        let about_missing = match compare {
            Comparison::Plain(compare) => is_about_missing(compare),
            Comparison::Size(_) => true,
            _ => false,
        };
        if about_missing
            || self.known.iter().any(|known| known.contains(&name))
            || !may_be_missing(self.pack, subject)
        {
            return;
        }
        let message = format!("{} may be missing, and then this holds, too", shown(&name));
        let problem = self.problems.warn(Code::MissingMatches, at, message);
        problem.mend(
            "write \"$exists\": true beside it, or \"$exists\": false in an `$or` if it is meant",
        );
    }
}

/// The name of what a condition asks to be there, or asks whether it is.
fn asks_for(part: &Condition) -> Option<String> {
    match &part.kind {
        Kind::Compare { subject, .. } => Some(subject.name()),
        Kind::Not(inner) => match &inner.kind {
            Kind::Compare { subject, compare: Comparison::Plain(compare) }
                if is_about_missing(compare) =>
            {
                Some(subject.name())
            }
            _ => None,
        },
        _ => None,
    }
}

fn is_about_missing(compare: &Compare) -> bool {
    match compare {
        Compare::Exists | Compare::Type(_) | Compare::Is(Value::Null) => true,
        Compare::In(list) => list.contains(&Value::Null),
        _ => false,
    }
}

/// Whether a value that a visitor's condition reads can be missing.
pub(super) fn may_be_missing(pack: &Pack, subject: &Subject) -> bool {
    match subject {
        Subject::Path(path) => path_may_be_missing(path),
        Subject::Session(key) => *key == SessionKey::Gap,
        Subject::Time(..) => false,
        Subject::Feature(id) => feature_may_be_missing(pack, id),
        Subject::Score(id) => score_may_be_missing(pack, id),
        Subject::Remembered(definition) => definition.may_be_missing(),
    }
}

pub(super) fn path_may_be_missing(path: &Path) -> bool {
    match path.root {
        // Of an event or an element nothing is known here.
        Root::Property | Root::Item | Root::EventContext | Root::Session => false,
        _ => {
            let name = format!("{}.{}", path.root.name(), path.keys.join("."));
            let built_in = BUILT_IN.iter().find(|built_in| built_in.path == name);
            !built_in.is_some_and(|built_in| built_in.always)
        }
    }
}

pub(super) fn feature_may_be_missing(pack: &Pack, id: &str) -> bool {
    let feature = pack.features.iter().find(|feature| feature.id == id);
    feature.is_some_and(|feature| feature.definition.may_be_missing())
}

/// An expected date is missing until something has happened.
pub(super) fn score_may_be_missing(pack: &Pack, id: &str) -> bool {
    let model = pack.models.iter().find(|model| model.id == id);
    model.is_some_and(|model| matches!(model.kind, ModelKind::Next { .. }))
}
