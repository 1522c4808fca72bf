//! What is compared: paths, and the numbers and properties that are remembered.

use waymark_engine::program::{Path, Root, SessionKey, TimeKey};

use super::{Condition, Definition, Zone};
use crate::declared::{Desk, Feature, Kind, Type};
use crate::diagnostic::Code;
use crate::json::At;
use crate::language;
use crate::problem::{closest, shown};

/// The left side of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Subject {
    Path(Path),
    Session(SessionKey),
    Time(TimeKey, Zone),
    /// A feature by its id.
    Feature(String),
    /// What a model says, by its id.
    Score(String),
    /// What is remembered, asked where it stands.
    Remembered(Box<Definition>),
}

impl Subject {
    /// Its name in messages, and the same for the same thing.
    pub fn name(&self) -> String {
        match self {
            Self::Path(Path { root: Root::Item, keys }) if keys.is_empty() => {
                "the element".to_owned()
            }
            Self::Path(Path { root: Root::Property | Root::Item, keys }) => keys.join("."),
            Self::Path(path) => format!("{}.{}", path.root.name(), path.keys.join(".")),
            Self::Session(key) => format!("session.{}", key.name()),
            Self::Time(key, _) => format!("time.{}", key.name()),
            Self::Feature(id) => format!("features.{id}"),
            Self::Score(id) => format!("scores.{id}"),
            Self::Remembered(definition) => definition.name(),
        }
    }

    /// The conditions on the events that it is made of.
    pub fn filters(&self) -> impl Iterator<Item = &Condition> {
        let definition = match self {
            Self::Remembered(definition) => Some(definition),
            _ => None,
        };
        let all = definition.into_iter().flat_map(|definition| definition.occurrences());
        all.filter_map(|on| on.filter.as_deref())
    }

    /// Whether it says nothing about what a visitor did before.
    pub const fn is_stateless(&self) -> bool {
        match self {
            Self::Path(path) => path.root.is_stateless(),
            Self::Time(..) => true,
            _ => false,
        }
    }

    /// Whether it is a length of time, which packs write as `7d`.
    pub const fn is_span(&self) -> bool {
        matches!(self, Self::Session(SessionKey::Duration | SessionKey::Gap))
    }
}

/// The subject that a dotted path names, and its type if that is known.
pub(crate) fn path_of_visitor(
    path: &str,
    at: At,
    desk: &mut Desk<'_>,
) -> Option<(Subject, Option<Type>)> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    if language::is_of_journeys(path) {
        let message = format!("{} is read in the steps of a journey only", shown(path));
        desk.problems.error(Code::OutOfPlace, at, message);
        return None;
    }
    if !language::root_names().any(|root| root == first) {
        let roots: Vec<String> = language::root_names().map(|root| format!("{root}.")).collect();
        let message = format!("{} is no path; paths start with {}", shown(path), roots.join(", "));
        let as_trait = format!("traits.{path}");
        let declared = desk.declared.attributes.as_ref().is_some_and(|a| a.contains_key(&as_trait));
        let meant = if declared {
            Some(as_trait)
        } else {
            closest(first, language::root_names())
                .filter(|_| !rest.is_empty())
                .map(|root| format!("{root}.{rest}"))
        };
        let problem = desk.problems.error(Code::UnknownPath, at, message);
        if let Some(meant) = meant {
            problem.mean_name(path, &meant);
        }
        return None;
    }
    if first == "features" && !rest.is_empty() {
        if !desk.is_declared(Kind::Feature, rest, at) {
            return None;
        }
        let ty = match desk.declared.features.get(rest) {
            Some(Feature::Of(ty)) => *ty,
            Some(Feature::Broken) | None => return None,
        };
        return Some((Subject::Feature(rest.to_owned()), ty));
    }
    if first == "scores" && !rest.is_empty() {
        return super::score::score(rest, at, desk);
    }
    if first == "session" {
        let keys = SessionKey::ALL;
        if let Some(key) = keys.into_iter().find(|key| key.name() == rest) {
            return Some((Subject::Session(key), Some(Type::Number)));
        }
        return unknown(path, first, keys.map(SessionKey::name), at, desk);
    }
    if first == "time" {
        let keys = TimeKey::ALL;
        if let Some(key) = keys.into_iter().find(|key| key.name() == rest) {
            let ty = match key {
                TimeKey::Weekday => Type::Text,
                TimeKey::Date => Type::Date,
                _ => Type::Number,
            };
            return Some((Subject::Time(key, Zone::Visitor), Some(ty)));
        }
        return unknown(path, first, keys.map(TimeKey::name), at, desk);
    }
    let keys = keys_of(rest, path, at, desk)?;
    let root = Root::ALL.into_iter().find(|root| root.name() == first)?;
    let mut ty = None;
    if root == Root::Traits {
        desk.attribute_is_declared(&keys, at);
        ty = desk.declared.attribute_type(&keys);
    }
    Some((Subject::Path(Path { root, keys }), ty))
}

/// Says that a tree has no such key.
fn unknown<T>(
    path: &str,
    root: &str,
    keys: impl IntoIterator<Item = &'static str>,
    at: At,
    desk: &mut Desk<'_>,
) -> Option<T> {
    let names: Vec<String> = keys.into_iter().map(|key| format!("{root}.{key}")).collect();
    let message = format!("there is no {}", shown(path));
    let problem = desk.problems.error(Code::UnknownPath, at, message);
    problem.mean(path, names.iter().map(String::as_str));
    None
}

/// What a path reads of the element of an array.
pub(super) fn path_of_item(path: &str, at: At, desk: &mut Desk<'_>) -> Option<Subject> {
    let keys = keys_of(path, path, at, desk)?;
    Some(Subject::Path(Path { root: Root::Item, keys }))
}

/// What a path reads of the events of a journey: `entry.` and `event.`.
pub(super) fn path_of_run(
    path: &str,
    rest: &str,
    event: Option<&str>,
    at: At,
    desk: &mut Desk<'_>,
) -> Option<(Subject, Option<Type>)> {
    let property = keys_of(rest, path, at, desk)?;
    desk.property_is_declared(event, &property, at);
    let ty = desk.declared.property_type(event, &property);
    let keys = keys_of(path, path, at, desk)?;
    Some((Subject::Path(Path { root: Root::Item, keys }), ty))
}

/// The subject that a path in a `where` names, and its type if that is known.
pub(super) fn path_of_event(
    path: &str,
    event: Option<&str>,
    at: At,
    desk: &mut Desk<'_>,
) -> Option<(Subject, Option<Type>)> {
    if let Some(rest) = path.strip_prefix("context.") {
        let keys = keys_of(rest, path, at, desk)?;
        return Some((Subject::Path(Path { root: Root::EventContext, keys }), None));
    }
    let keys = keys_of(path, path, at, desk)?;
    desk.property_is_declared(event, &keys, at);
    let ty = desk.declared.property_type(event, &keys);
    Some((Subject::Path(Path { root: Root::Property, keys }), ty))
}

/// The property of an event that is summed or kept, and its type if that is known.
pub(super) fn property(
    path: &str,
    event: Option<&str>,
    at: At,
    desk: &mut Desk<'_>,
) -> Option<(Vec<String>, Option<Type>)> {
    let keys = keys_of(path, path, at, desk)?;
    desk.property_is_declared(event, &keys, at);
    let ty = desk.declared.property_type(event, &keys);
    Some((keys, ty))
}

fn keys_of(rest: &str, path: &str, at: At, desk: &mut Desk<'_>) -> Option<Vec<String>> {
    let keys: Vec<String> = rest.split('.').map(str::to_owned).collect();
    if keys.iter().any(String::is_empty) {
        let message = format!("the path {} leaves out what to read", shown(path));
        desk.problems
            .error(Code::UnknownPath, at, message)
            .mend("write for example \"traits.plan\"");
        return None;
    }
    Some(keys)
}
