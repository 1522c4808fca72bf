//! Which of the visitors a rule is for, what it needs of other slots, and who is held out of it.

use waymark_engine::assign::{HashVersion, Range};
use waymark_engine::program::Share;
use waymark_model::Purpose;

use super::events::purpose;
use crate::declared::{Desk, Kind};
use crate::diagnostic::Code;
use crate::fields::{Fields, flag, text};
use crate::json::{Json, Node};
use crate::language;
use crate::problem::shown;
use crate::shares::{all, by_device, by_user, hashed, range, share};

/// What another slot or experiment has to have come to.
#[derive(Debug)]
pub(crate) struct Need {
    pub of: Needed,
    pub none: bool,
}

#[derive(Debug)]
pub(crate) enum Needed {
    /// Contents; `None` keeps the author's.
    Slot(String, Vec<Option<String>>),
    Variation(String, Vec<String>),
}

/// The holdout of the whole pack.
#[derive(Debug)]
pub(crate) struct Universal {
    pub share: Share,
    /// `None` is every purpose.
    pub from: Option<Vec<Purpose>>,
}

/// The word for what the page's author put into a slot.
pub(super) const KEEP: &str = "keep";

pub(super) fn filters(node: Option<&Node>, desk: &mut Desk<'_>) -> Option<Vec<Share>> {
    all(node, "`filters`", desk, |node, desk| {
        let mut fields = Fields::of(node, &language::FILTER, &mut desk.problems)?;
        let ranges = fields.require("ranges", &mut desk.problems);
        // Its seed is what it shares with others: it has to be said.
        fields.require("seed", &mut desk.problems)?;
        let hashed = hashed(&mut fields, desk);
        fields.finish(&mut desk.problems);
        let ranges = all(Some(ranges?), "`ranges`", desk, range)?;
        hashed.share(by_user(), "", ranges)
    })
}

pub(super) fn needs(node: Option<&Node>, desk: &mut Desk<'_>) -> Option<Vec<Need>> {
    all(node, "`needs`", desk, read_need)
}

fn read_need(node: &Node, desk: &mut Desk<'_>) -> Option<Need> {
    let mut fields = Fields::of(node, &language::NEED, &mut desk.problems)?;
    let slot = fields.take("slot");
    let shows = fields.take("shows");
    let experiment = fields.take("experiment");
    let variation = fields.take("variation");
    let not = fields.take("not");
    fields.finish(&mut desk.problems);
    let none = not.map_or(Some(false), |node| flag(node, "`not`", &mut desk.problems));
    let of = match (slot, shows, experiment, variation) {
        (Some(slot), Some(shows), None, None) => {
            let id = text(slot, "`slot`", &mut desk.problems)?;
            if !desk.is_declared(Kind::Slot, id, slot.at) {
                return None;
            }
            let shows = all(Some(shows), "`shows`", desk, |node, desk| {
                match text(node, "a content", &mut desk.problems)? {
                    KEEP => Some(None),
                    _ => super::content::shown_in(node, "`shows`", Some(id), desk)
                        .map(|shown| Some(shown.content)),
                }
            });
            Needed::Slot(id.to_owned(), shows?)
        }
        (None, None, Some(experiment), Some(variation)) => {
            let id = text(experiment, "`experiment`", &mut desk.problems)?;
            if !desk.is_declared(Kind::Experiment, id, experiment.at) {
                return None;
            }
            let variations = all(Some(variation), "`variation`", desk, |node, desk| {
                let wanted = text(node, "a variation", &mut desk.problems)?;
                let has = desk.declared.experiments.get(id)?;
                if !has.contains(wanted) {
                    let message = format!("{} has no variation {}", shown(id), shown(wanted));
                    let names: Vec<&str> = has.iter().map(String::as_str).collect();
                    let problem = desk.problems.error(Code::UnknownVariation, node.at, message);
                    problem.mean(wanted, names);
                    return None;
                }
                Some(wanted.to_owned())
            });
            Needed::Variation(id.to_owned(), variations?)
        }
        _ => {
            let message = "a need is of a `slot` that `shows` something, or of an `experiment` \
                           with a `variation`";
            desk.problems.error(Code::MissingKey, node.opening(), message);
            return None;
        }
    };
    Some(Need { of, none: none? })
}

/// `None`, too, when it is wrong, which has then been said. A share alone, or a share with what it is hashed by.
pub(super) fn holdout(node: Option<&Node>, id: &str, desk: &mut Desk<'_>) -> Option<Share> {
    let node = node?;
    if !matches!(node.json, Json::Object(_)) {
        let end = share(node, "`holdout`", &mut desk.problems)?;
        return Some(held_out(end, id));
    }
    let mut fields = Fields::of(node, &language::HOLDOUT, &mut desk.problems)?;
    let of = fields.require("share", &mut desk.problems);
    let hashed = hashed(&mut fields, desk);
    fields.finish(&mut desk.problems);
    let end = share(of?, "`share`", &mut desk.problems)?;
    hashed.share(by_device(), id, vec![Range { start: 0.0, end }])
}

fn held_out(end: f64, id: &str) -> Share {
    let (unit, fallback) = by_device();
    Share {
        unit,
        fallback: Some(fallback),
        seed: id.to_owned(),
        hash: HashVersion::V2,
        ranges: vec![Range { start: 0.0, end }],
    }
}

pub(super) fn universal(node: Option<&Node>, desk: &mut Desk<'_>) -> Option<Universal> {
    let mut fields = Fields::of(node?, &language::UNIVERSAL_HOLDOUT, &mut desk.problems)?;
    let of = fields.require("share", &mut desk.problems);
    let hashed = hashed(&mut fields, desk);
    let from = fields.take("from");
    fields.finish(&mut desk.problems);
    let from = from.map(|node| all(Some(node), "`from`", desk, purpose));
    let end = share(of?, "`share`", &mut desk.problems)?;
    let share = hashed.share(by_device(), HOLDOUT, vec![Range { start: 0.0, end }])?;
    Some(Universal { share, from: from.flatten() })
}

/// The universal holdout's name in exposures; those of slots and rules begin with it.
pub(crate) const HOLDOUT: &str = "$holdout";
