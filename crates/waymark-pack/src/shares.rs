//! Shares of the visitors: whose bucket is taken, and which buckets.

use waymark_engine::assign::{HashVersion, Range};
use waymark_engine::program::{Share, Unit};

use crate::declared::Desk;
use crate::diagnostic::Code;
use crate::fields::{Fields, elements, text, whole};
use crate::json::{Json, Node};
use crate::language;
use crate::problem::{Problems, shown};

/// Who is hashed, and how: the keys that experiments, filters and holdouts share.
pub(crate) struct Hashed {
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
pub(crate) const fn by_user() -> (Unit, Unit) {
    (Unit::User, Unit::Anonymous)
}

/// The device's id, which no login changes.
pub(crate) const fn by_device() -> (Unit, Unit) {
    (Unit::Anonymous, Unit::User)
}

pub(crate) fn hashed(fields: &mut Fields<'_>, desk: &mut Desk<'_>) -> Hashed {
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
pub(crate) fn share(node: &Node, what: &str, problems: &mut Problems) -> Option<f64> {
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

pub(crate) fn range(node: &Node, desk: &mut Desk<'_>) -> Option<Range> {
    let mut fields = Fields::of(node, &language::RANGE, &mut desk.problems)?;
    let from = fields.require("from", &mut desk.problems);
    let to = fields.require("to", &mut desk.problems);
    fields.finish(&mut desk.problems);
    range_of(node, from, to, desk)
}

/// From one share to another that is not less.
pub(crate) fn range_of(
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

/// One, or all of a list of some.
pub(crate) fn one_or_all<T>(
    node: &Node,
    what: &str,
    desk: &mut Desk<'_>,
    mut read: impl FnMut(&Node, &mut Desk<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let Json::Array(items) = &node.json else { return Some(vec![read(node, desk)?]) };
    if items.is_empty() {
        let message = format!("{what} names none");
        desk.problems.error(Code::BadValue, node.at, message);
        return None;
    }
    all(Some(node), what, desk, read)
}

/// All of a list, or nothing when one of it is wrong.
pub(crate) fn all<T>(
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
