//! Tiers of loyalty.

use waymark_engine::program::{Compare, Order};
use waymark_model::Value;

use super::{Comparison, Condition, Kind, Subject};
use crate::declared::{self, Desk};
use crate::diagnostic::Code;
use crate::fields::{Fields, text};
use crate::json::{Json, Node};
use crate::language;
use crate::shares::all;

/// By what was earned: whoever spends points keeps the tier.
pub(super) fn read(node: &Node, desk: &mut Desk<'_>) -> Option<Condition> {
    let (named, further) = if let Json::Object(_) = node.json {
        let mut fields = Fields::of(node, &language::TIER_AT_LEAST, &mut desk.problems)?;
        let named = fields.require("atLeast", &mut desk.problems);
        fields.finish(&mut desk.problems);
        (named?, true)
    } else {
        (node, false)
    };
    let one = |node: &Node, desk: &mut Desk<'_>| {
        let id = text(node, "`$tier`", &mut desk.problems)?;
        if !desk.is_declared(declared::Kind::Tier, id, node.at) {
            return None;
        }
        let tiers = &desk.declared.tiers;
        let place = tiers.iter().position(|(tier, _)| tier == id)?;
        let earned = |order, points: f64| {
            let subject = Subject::Feature(declared::EARNED.to_owned());
            let compare = Comparison::Plain(Compare::Order(order, Value::Number(points)));
            Condition { at: node.at, kind: Kind::Compare { subject, compare } }
        };
        let mut parts = vec![earned(Order::Gte, tiers[place].1)];
        if let Some((_, next)) = tiers.get(place + 1).filter(|_| !further) {
            parts.push(earned(Order::Lt, *next));
        }
        Some(Condition::all(node.at, parts))
    };
    match &named.json {
        Json::Array(_) => {
            let tiers = all(Some(named), "`$tier`", desk, one)?;
            if tiers.is_empty() {
                desk.problems.error(Code::BadValue, named.at, "`$tier` names no tier");
                return None;
            }
            Some(Condition { at: node.at, kind: Kind::Any(tiers) })
        }
        _ => one(named, desk),
    }
}
