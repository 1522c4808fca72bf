//! Shares of the visitors: whose bucket is taken, and which buckets.

use waymark_engine::assign::{HashVersion, Range};
use waymark_engine::program::{Share, Unit};
use waymark_model::Purpose;

use super::events::purpose;
use crate::declared::{Desk, Kind};
use crate::diagnostic::Code;
use crate::fields::{Fields, elements, flag, text, whole};
use crate::json::{Json, Node};
use crate::language;
use crate::problem::{Problems, shown};

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

/// Who is hashed, and how: the keys that experiments, filters and holdouts share.
pub(super) struct Hashed {
    unit: Option<Unit>,
    fallback: Option<Unit>,
    version: HashVersion,
    seed: Option<String>,
    good: bool,
}

impl Hashed {
    /// Without a unit of its own, `usual` and what stands in for it.
    pub fn share(self, usual: (Unit, Unit), seed: &str, ranges: Vec<Range>) -> Option<Share> {
        let (unit, fallback) = match (self.unit, self.fallback) {
            (None, None) => (usual.0, Some(usual.1)),
            (unit, fallback) => (unit.unwrap_or(usual.0), fallback),
        };
        let seed = self.seed.unwrap_or_else(|| seed.to_owned());
        self.good.then_some(Share { unit, fallback, seed, hash: self.version, ranges })
    }
}

/// A user id, and the device's until there is one.
pub(super) const fn by_user() -> (Unit, Unit) {
    (Unit::User, Unit::Anonymous)
}

/// The device's id, which no login changes.
const fn by_device() -> (Unit, Unit) {
    (Unit::Anonymous, Unit::User)
}

pub(super) fn hashed(fields: &mut Fields<'_>, desk: &mut Desk<'_>) -> Hashed {
    let unit = fields.take("unit");
    let fallback = fields.take("fallbackUnit");
    let version = fields.take("hashVersion");
    let seed = fields.take("seed");
    let mut good = true;
    let mut read_unit = |node: Option<&Node>, what| {
        let read = node.map(|node| read_unit(node, what, desk));
        good &= !matches!(read, Some(None));
        read.flatten()
    };
    let (unit, fallback) = (read_unit(unit, "`unit`"), read_unit(fallback, "`fallbackUnit`"));
    let version =
        version.map_or(Some(2), |node| whole(node, "`hashVersion`", (1, 2), &mut desk.problems));
    let seed = seed.map(|node| text(node, "`seed`", &mut desk.problems));
    Hashed {
        unit,
        fallback,
        version: if version == Some(1) { HashVersion::V1 } else { HashVersion::V2 },
        good: good && version.is_some() && seed != Some(None),
        seed: seed.flatten().map(str::to_owned),
    }
}

fn read_unit(node: &Node, what: &str, desk: &mut Desk<'_>) -> Option<Unit> {
    let name = text(node, what, &mut desk.problems)?;
    match name {
        "userId" => return Some(Unit::User),
        "anonymousId" => return Some(Unit::Anonymous),
        _ => {}
    }
    let keys: Option<Vec<String>> =
        name.strip_prefix("traits.").map(|rest| rest.split('.').map(str::to_owned).collect());
    if let Some(keys) = keys.filter(|keys| keys.iter().all(|key| !key.is_empty())) {
        desk.attribute_is_declared(&keys, node.at);
        return Some(Unit::Trait(keys));
    }
    let message = format!("{} is nothing that a visitor is known by", shown(name));
    let problem = desk.problems.error(Code::BadValue, node.at, message);
    problem.mend("write userId, anonymousId or a trait such as traits.company");
    None
}

/// A number from 0 to 1.
pub(super) fn share(node: &Node, what: &str, problems: &mut Problems) -> Option<f64> {
    let number = match &node.json {
        Json::Number(number) => *number,
        _ => return crate::fields::refuse(node, what, "a number from 0 to 1", problems),
    };
    if (0.0..=1.0).contains(&number) {
        return Some(number);
    }
    let message = format!("{what} takes a number from 0 to 1, and this is {number}");
    let problem = problems.error(Code::BadShare, node.at, message);
    if (1.0..=100.0).contains(&number) {
        problem.mend(format!("write {number} per cent as {}", number / 100.0));
    }
    None
}

pub(super) fn range(node: &Node, desk: &mut Desk<'_>) -> Option<Range> {
    let mut fields = Fields::of(node, &language::RANGE, &mut desk.problems)?;
    let from = fields.require("from", &mut desk.problems);
    let to = fields.require("to", &mut desk.problems);
    fields.finish(&mut desk.problems);
    range_of(node, from, to, desk)
}

/// From one share to another that is not less.
pub(super) fn range_of(
    within: &Node,
    from: Option<&Node>,
    to: Option<&Node>,
    desk: &mut Desk<'_>,
) -> Option<Range> {
    let start = from.and_then(|node| share(node, "`from`", &mut desk.problems));
    let end = to.and_then(|node| share(node, "`to`", &mut desk.problems));
    let (start, end) = (start?, end?);
    if start > end {
        let message = format!("this range ends at {end}, before it begins at {start}");
        desk.problems.error(Code::BadShare, within.opening(), message);
        return None;
    }
    Some(Range { start, end })
}

/// All of a list, or nothing when one of it is wrong.
pub(super) fn all<T>(
    node: Option<&Node>,
    what: &str,
    desk: &mut Desk<'_>,
    mut read: impl FnMut(&Node, &mut Desk<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let Some(node) = node else { return Some(Vec::new()) };
    let items = elements(node, what, &mut desk.problems)?;
    // Each is read whatever became of the others, so that all their problems are found.
    let read: Vec<Option<T>> = items.iter().map(|item| read(item, desk)).collect();
    read.into_iter().collect()
}

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
