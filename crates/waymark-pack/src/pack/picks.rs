//! Rules that choose among several contents, by points.

use waymark_model::Fixed;

use super::content::{Shown, shown_in};
use crate::condition::{Condition, Place, Subject, path_of_visitor, read as read_condition};
use crate::declared::{Desk, Type};
use crate::diagnostic::Code;
use crate::fields::{Fields, elements, refuse, text};
use crate::json::{Json, Node};
use crate::language;
use crate::problem::{Problems, shown};
use crate::shares::all;

#[derive(Debug)]
pub(crate) struct Candidate {
    pub show: Shown,
    pub when: Condition,
    pub points: Vec<Points>,
}

#[derive(Debug)]
pub(crate) struct Points {
    pub when: Condition,
    /// A number that is read, times `amount`; without it, `amount`.
    pub of: Option<Subject>,
    pub amount: Fixed,
}

/// Contents among which one rule chooses, and what speaks for one of them.
const MOST: usize = 100;

pub(super) fn read(
    node: &Node,
    pick: Option<&Node>,
    slot: Option<&str>,
    desk: &mut Desk<'_>,
) -> Option<Vec<Candidate>> {
    let how = pick.and_then(|node| text(node, "`pick`", &mut desk.problems));
    match (pick, how) {
        (None, _) => {
            let message = "`among` needs `pick`, which says how one of them is chosen";
            let problem = desk.problems.error(Code::MissingKey, node.opening(), message);
            problem.mend("write \"pick\": \"score\"");
        }
        (Some(node), Some(word)) if word != "score" => {
            let message = format!("{} is no way to choose", shown(word));
            desk.problems.error(Code::BadValue, node.at, message).mean_one_of(word, ["score"]);
        }
        _ => {}
    }
    let count = elements(node, "`among`", &mut desk.problems)?.len();
    if !(2..=MOST).contains(&count) {
        let message = format!("a rule chooses among 2 to {MOST} contents, and these are {count}");
        desk.problems.error(Code::BadValue, node.opening(), message);
        return None;
    }
    let read = all(Some(node), "`among`", desk, |node, desk| candidate(node, slot, desk));
    how.filter(|how| *how == "score").and(read)
}

fn candidate(node: &Node, slot: Option<&str>, desk: &mut Desk<'_>) -> Option<Candidate> {
    let mut fields = Fields::of(node, &language::CANDIDATE, &mut desk.problems)?;
    let show = fields.require("show", &mut desk.problems);
    let when = fields.take("when");
    let points = fields.take("points");
    fields.finish(&mut desk.problems);
    let show = show.and_then(|node| shown_in(node, "`show`", slot, desk));
    let when = condition(when, node, desk);
    let points = match points.map(|node| (node, &node.json)) {
        None => Some(Vec::new()),
        Some((node, Json::Array(items))) if items.len() > MOST => {
            let message = format!("at most {MOST} points speak for a content");
            desk.problems.error(Code::BadValue, node.opening(), message);
            None
        }
        Some((node, Json::Array(_))) => all(Some(node), "`points`", desk, read_points),
        Some((node, _)) => amount(node, "`points`", &mut desk.problems)
            .map(|amount| vec![Points { when: Condition::always(node.at), of: None, amount }]),
    };
    Some(Candidate { show: show?, when: when?, points: points? })
}

fn read_points(node: &Node, desk: &mut Desk<'_>) -> Option<Points> {
    let mut fields = Fields::of(node, &language::POINTS, &mut desk.problems)?;
    let when = fields.take("when");
    let points = fields.take("points");
    let of = fields.take("of");
    let times = fields.take("times");
    fields.finish(&mut desk.problems);
    let when = condition(when, node, desk);
    let (of, amount) = match (points, of) {
        (Some(points), None) => {
            if let Some(times) = times {
                let message = "`times` multiplies what `of` reads";
                desk.problems.error(Code::ConflictingKeys, times.at, message);
            }
            (None, amount(points, "`points`", &mut desk.problems)?)
        }
        (None, Some(of)) => {
            let times = times.map_or(Some(Fixed::from_f64(1.0)), |node| {
                amount(node, "`times`", &mut desk.problems)
            });
            (Some(number(of, desk)?), times?)
        }
        _ => {
            let message = "points are a number of `points`, or what `of` reads";
            desk.problems.error(Code::MissingKey, node.opening(), message);
            return None;
        }
    };
    Some(Points { when: when?, of, amount })
}

fn condition(node: Option<&Node>, within: &Node, desk: &mut Desk<'_>) -> Option<Condition> {
    node.map_or_else(
        || Some(Condition::always(within.at)),
        |node| read_condition(node, Place::Rule, desk),
    )
}

fn amount(node: &Node, what: &str, problems: &mut Problems) -> Option<Fixed> {
    match &node.json {
        Json::Number(number) => Some(Fixed::from_f64(*number)),
        _ => refuse(node, what, "a number", problems),
    }
}

/// A path to a number.
fn number(node: &Node, desk: &mut Desk<'_>) -> Option<Subject> {
    let path = text(node, "`of`", &mut desk.problems)?;
    let (subject, ty) = path_of_visitor(path, node.at, desk)?;
    if let Some(ty) = ty.filter(|ty| *ty != Type::Number) {
        let message = format!("{} is of type {}, and not a number", shown(path), ty.name());
        desk.problems.error(Code::WrongType, node.at, message);
    }
    Some(subject)
}
