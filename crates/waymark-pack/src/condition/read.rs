//! Conditions read from JSON: what combines others, and what it is made of.

use super::compare::comparisons;
use super::path::{Subject, path_of_event, path_of_item, path_of_run, path_of_visitor};
use super::{Condition, Zone, aggregate, calendar, history, rfm, score, tag, tier, who};
use crate::declared::{Desk, Type};
use crate::diagnostic::Code;
use crate::fields::{elements, members};
use crate::json::{At, Member, Node};
use crate::language;
use crate::problem::shown;

/// Where a condition stands, and so what it may read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place<'e> {
    /// On a visitor who looks at a page.
    Rule,
    /// On a visitor, wherever they are: a segment or a stage.
    Membership,
    /// On an event, `None` being any.
    Where(Option<&'e str>),
    /// On the element of an array.
    Item,
    /// On a visitor in a journey, and on the events that let them in and that were waited for,
    /// `None` being any.
    Run { entry: Option<&'e str>, answer: Option<&'e str> },
}

impl Place<'_> {
    /// Whose clock counts where none is named: a membership holds wherever the visitor is.
    pub const fn zone(self) -> Zone {
        match self {
            Self::Rule | Self::Run { .. } => Zone::Visitor,
            _ => Zone::Pack,
        }
    }
}

/// A condition: an object whose members all have to hold. `None` when something in it is wrong,
/// which has then been said.
pub(crate) fn read(node: &Node, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Condition> {
    let members = members(node, "a condition", &mut desk.problems)?;
    // Each is read whatever became of the others, so that all their problems are found.
    let parts: Vec<Option<Condition>> =
        members.iter().map(|member| part(member, place, desk)).collect();
    Some(Condition::all(node.at, parts.into_iter().collect::<Option<_>>()?))
}

fn part(member: &Member, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Condition> {
    let Member { key, key_at, value: node } = member;
    let at = node.at;
    match key.as_str() {
        "$and" => Some(Condition::all(at, list(node, place, desk)?)),
        "$or" => Some(any(node, list(node, place, desk)?)),
        "$nor" => Some(any(node, list(node, place, desk)?).not(at)),
        "$not" => Some(read(node, place, desk)?.not(at)),
        "$channel" if matches!(place, Place::Where(_)) => who::read(member, place, desk),
        operator if operator.starts_with('$') => match place {
            Place::Rule | Place::Membership | Place::Run { .. }
                if who::OPERATORS.contains(&operator) =>
            {
                who::read(member, place, desk)
            }
            Place::Rule | Place::Membership | Place::Run { .. }
                if aggregate::OPERATORS.contains(&operator) =>
            {
                aggregate::read(operator, node, desk)
            }
            Place::Rule | Place::Membership | Place::Run { .. } if operator == "$rfm" => {
                rfm::read(member, desk)
            }
            Place::Rule | Place::Membership | Place::Run { .. } if operator == "$score" => {
                score::read(node, place, desk)
            }
            Place::Rule | Place::Membership | Place::Run { .. } if operator == "$tag" => {
                tag::read(node, desk)
            }
            Place::Rule | Place::Membership | Place::Run { .. } if operator == "$tier" => {
                tier::read(node, desk)
            }
            Place::Rule | Place::Membership | Place::Run { .. }
                if calendar::OPERATORS.contains(&operator) =>
            {
                calendar::read(member, place, desk)
            }
            Place::Rule | Place::Membership | Place::Run { .. }
                if language::find(language::VISITOR, operator).is_some() =>
            {
                history::read(operator, node, desk)
            }
            _ => {
                refuse_operator(member, place, desk);
                None
            }
        },
        path => {
            let (subject, ty) = subject(path, *key_at, place, desk)?;
            comparisons(node, &subject, ty, place, desk)
        }
    }
}

/// What a path names in this place, and its type if that is known.
pub(crate) fn subject(
    path: &str,
    at: At,
    place: Place<'_>,
    desk: &mut Desk<'_>,
) -> Option<(Subject, Option<Type>)> {
    match place {
        Place::Where(event) => path_of_event(path, event, at, desk),
        Place::Item => path_of_item(path, at, desk).map(|subject| (subject, None)),
        Place::Rule => path_of_visitor(path, at, desk),
        Place::Run { entry, answer } => match path.split_once('.') {
            Some((tree, rest)) if language::is_of_journeys(path) => {
                let event = if tree == "entry" { entry } else { answer };
                path_of_run(path, rest, event, at, desk)
            }
            _ => path_of_nobodys_page(path, "a journey", at, desk),
        },
        Place::Membership => {
            let (subject, ty) = path_of_nobodys_page(path, "a membership", at, desk)?;
            match subject {
                Subject::Time(key, _) => Some((Subject::Time(key, Zone::Pack), ty)),
                _ => Some((subject, ty)),
            }
        }
    }
}

/// What a path names where there is no page.
fn path_of_nobodys_page(
    path: &str,
    who: &str,
    at: At,
    desk: &mut Desk<'_>,
) -> Option<(Subject, Option<Type>)> {
    let (subject, ty) = path_of_visitor(path, at, desk)?;
    match &subject {
        Subject::Path(path) if path.root.is_stateless() => {
            let name = subject.name();
            let message =
                format!("{} belongs to one page view: {who} may not read it", shown(&name));
            desk.problems
                .error(Code::ContextInSegment, at, message)
                .mend("use `$did` with a `where` on `context.*`");
            None
        }
        _ => Some((subject, ty)),
    }
}

fn list(node: &Node, place: Place<'_>, desk: &mut Desk<'_>) -> Option<Vec<Condition>> {
    let items = elements(node, "a list of conditions", &mut desk.problems)?;
    let parts: Vec<Option<Condition>> = items.iter().map(|item| read(item, place, desk)).collect();
    parts.into_iter().collect()
}

/// Some of these. GrowthBook has none of them hold as well.
fn any(node: &Node, parts: Vec<Condition>) -> Condition {
    if parts.is_empty() { Condition::always(node.at) } else { Condition::any(node.at, parts) }
}

/// Says why an operator cannot stand where a condition is expected.
fn refuse_operator(member: &Member, place: Place<'_>, desk: &mut Desk<'_>) {
    let key = member.key.as_str();
    let problems = &mut desk.problems;
    if language::find(language::VISITOR, key).is_some() {
        let message = match place {
            Place::Item => format!("`{key}` asks about a visitor, and this about an element"),
            _ => format!("`{key}` asks about a visitor; a `where` asks about one event"),
        };
        problems.error(Code::OutOfPlace, member.key_at, message);
    } else if language::find(language::COMPARISONS, key).is_some() {
        let message = format!("`{key}` compares a path; it cannot stand alone");
        problems
            .error(Code::OutOfPlace, member.key_at, message)
            .mend(format!("write for example {{\"traits.plan\": {{\"{key}\": …}}}}"));
    } else {
        let message = format!("there is no operator {}", shown(key));
        let names = language::names(language::LOGIC).chain(language::names(language::VISITOR));
        problems.error(Code::UnknownKey, member.key_at, message).mean_one_of(key, names);
    }
}
