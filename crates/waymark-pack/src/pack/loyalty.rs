//! Points that visitors earn and spend, and tiers by what they earned.

use waymark_engine::program::{Amount, Taken, Window};
use waymark_model::{Fixed, Span};

use super::Feature;
use super::rules::Unique;
use crate::condition::{Definition, Occurrence, Points, amount, occurrence};
use crate::declared::{self, BALANCE, Desk, EARNED, Type};
use crate::diagnostic::Code;
use crate::fields::{Fields, duration, elements, label};
use crate::json::{At, Json, Node};
use crate::language;
use crate::problem::shown;

/// Up to here points expire by the day, then by the week: one bucket each is kept of them.
const BY_DAY: Span = Span(90 * Span::DAY.0);

/// The features that it makes, which conditions and templates then may read.
pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) -> Vec<Feature> {
    let Some(mut fields) =
        node.and_then(|node| Fields::of(node, &language::LOYALTY, &mut desk.problems))
    else {
        return Vec::new();
    };
    let points = fields.require("points", &mut desk.problems);
    let redeem = fields.take("redeem");
    let expires = fields.take("expires");
    let tiers = fields.take("tiers");
    fields.finish(&mut desk.problems);
    let earn = points.and_then(|node| earn(node, desk));
    let spend = redeem.map(|node| spend(node, desk));
    let expires = expires.map(|node| duration(node, "`expires`", &mut desk.problems));
    read_tiers(tiers, desk);
    // Templates and conditions may name them, whatever is wrong with them.
    for id in [BALANCE, EARNED] {
        if desk.declared.features.contains_key(id) {
            let message =
                format!("`loyalty` makes the feature {}, and there is another", shown(id));
            let at = node.map_or(At::default(), Node::opening);
            desk.problems
                .error(Code::DuplicateId, at, message)
                .mend("call the other one differently");
        }
        let feature = declared::Feature::Of(Some(Type::Number));
        desk.declared.features.insert(id.to_owned(), feature);
    }
    let all = || {
        let (earn, earned): (Vec<Occurrence>, Vec<(Taken, Fixed)>) = earn?.into_iter().unzip();
        let window = expires.map_or(Some(None), |span| span.map(|span| Some(window(span))))?;
        let of = |spend: Vec<Occurrence>, spent: Taken| {
            let (earn, earned) = (earn.clone(), earned.clone());
            Definition::Points(Points { earn, earned, spend, spent, window })
        };
        let balance = match spend {
            None => of(Vec::new(), Taken::ONE),
            Some(spend) => {
                let (on, taken) = spend?;
                of(vec![on], taken)
            }
        };
        let earned = of(Vec::new(), Taken::ONE);
        let named = [(BALANCE, balance), (EARNED, earned)];
        Some(Vec::from(named.map(|(id, definition)| Feature { id: id.to_owned(), definition })))
    };
    all().unwrap_or_default()
}

/// One bucket more than it takes, so that nothing expires early.
fn window(span: Span) -> Window {
    let resolution = if span <= BY_DAY { Span::DAY } else { Span::WEEK };
    let buckets = span.0.div_euclid(resolution.0) + i64::from(span.0 % resolution.0 != 0) + 1;
    Window { resolution, buckets: u32::try_from(buckets).unwrap_or(u32::MAX), skip: 0 }
}

fn earn(node: &Node, desk: &mut Desk<'_>) -> Option<Vec<(Occurrence, (Taken, Fixed))>> {
    let items = elements(node, "`points`", &mut desk.problems)?;
    if items.is_empty() {
        let message = "`points` names nothing that earns points";
        desk.problems.error(Code::MissingKey, node.opening(), message);
        return None;
    }
    let each: Vec<_> = items.iter().map(|item| way(item, desk)).collect();
    each.into_iter().collect()
}

fn way(node: &Node, desk: &mut Desk<'_>) -> Option<(Occurrence, (Taken, Fixed))> {
    let mut fields = Fields::of(node, &language::EARN, &mut desk.problems)?;
    let on = occurrence(&mut fields, desk);
    let per = fields.take("per");
    let rate = fields.take("rate");
    fields.finish(&mut desk.problems);
    let event = on.as_ref().and_then(|on| on.event.clone());
    let of = per.map(|node| amount(node, event.as_deref(), desk));
    let rate = rate.map_or(Some(1.0), |node| number(node, "`rate`", desk));
    let amount = of.map_or(Some(Amount::One), |keys| keys.map(Amount::Property))?;
    Some((on?, (Taken { each: None, amount }, Fixed::from_f64(rate?))))
}

fn spend(node: &Node, desk: &mut Desk<'_>) -> Option<(Occurrence, Taken)> {
    let mut fields = Fields::of(node, &language::REDEEM, &mut desk.problems)?;
    let on = occurrence(&mut fields, desk);
    let per = fields.require("per", &mut desk.problems);
    fields.finish(&mut desk.problems);
    let event = on.as_ref().and_then(|on| on.event.clone());
    let keys = amount(per?, event.as_deref(), desk)?;
    Some((on?, Taken { each: None, amount: Amount::Property(keys) }))
}

/// More points than none.
fn number(node: &Node, what: &str, desk: &mut Desk<'_>) -> Option<f64> {
    match node.json {
        Json::Number(number) if number > 0.0 => Some(number),
        _ => {
            let message = format!("{what} takes a number above 0");
            desk.problems.error(Code::BadNumber, node.at, message);
            None
        }
    }
}

fn read_tiers(node: Option<&Node>, desk: &mut Desk<'_>) {
    let items = node.and_then(|node| elements(node, "`tiers`", &mut desk.problems));
    let mut ids = Unique::of("tier");
    for item in items.unwrap_or_default() {
        let Some(mut fields) = Fields::of(item, &language::TIER, &mut desk.problems) else {
            continue;
        };
        let id = fields.require("id", &mut desk.problems);
        let at = fields.require("at", &mut desk.problems);
        label(fields.take("label"), &mut desk.problems);
        fields.finish(&mut desk.problems);
        let id = id.and_then(|node| ids.read(node, desk));
        let points = at.and_then(|node| Some((node.at, number(node, "`at`", desk)?)));
        let (Some(id), Some((place, points))) = (id, points) else { continue };
        if desk.declared.tiers.last().is_some_and(|(_, before)| points <= *before) {
            let message = "tiers go from the lowest to the highest, and this takes no more points";
            desk.problems.error(Code::BadValue, place, message);
        }
        desk.declared.tiers.push((id, points));
    }
}
