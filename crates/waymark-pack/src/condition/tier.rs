//! Tiers of loyalty.

use waymark_engine::program::{Compare, Order};
use waymark_model::Value;

use super::history::or_at_least;
use super::{Comparison, Condition, Kind, Subject};
use crate::declared::{self, Desk};
use crate::fields::text;
use crate::json::{At, Node};
use crate::language;
use crate::shares::one_or_all;

/// By what was earned: whoever spends points keeps the tier.
pub(super) fn read(node: &Node, desk: &mut Desk<'_>) -> Option<Condition> {
    let (named, further) = or_at_least(node, &language::TIER_AT_LEAST, desk)?;
    let one = |node: &Node, desk: &mut Desk<'_>| {
        let id = text(node, "`$tier`", &mut desk.problems)?;
        in_tier(id, further, node.at, desk)
    };
    let tiers = one_or_all(named, "`$tier`", desk, one)?;
    Some(Condition::any(node.at, tiers))
}

/// In this tier, or, if `further`, in it or a higher one.
pub(crate) fn in_tier(id: &str, further: bool, at: At, desk: &mut Desk<'_>) -> Option<Condition> {
    if !desk.is_declared(declared::Kind::Tier, id, at) {
        return None;
    }
    let tiers = &desk.declared.tiers;
    let place = tiers.iter().position(|(tier, _)| tier == id)?;
    let earned = |order, points: f64| {
        let subject = Subject::Feature(declared::EARNED.to_owned());
        let compare = Comparison::Plain(Compare::Order(order, Value::Number(points)));
        Condition { at, kind: Kind::Compare { subject, compare } }
    };
    let mut parts = vec![earned(Order::Gte, tiers[place].1)];
    if let Some((_, next)) = tiers.get(place + 1).filter(|_| !further) {
        parts.push(earned(Order::Lt, *next));
    }
    Some(Condition::all(at, parts))
}
