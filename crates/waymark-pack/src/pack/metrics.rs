//! Metrics: what experiments are measured by. Visitors' programs do not carry them.

use waymark_model::Span;

use crate::condition::{Condition, Place, read as read_condition};
use crate::declared::{Desk, Kind};
use crate::diagnostic::Code;
use crate::fields::{Fields, duration, id, label, members, one_of, text};
use crate::json::{Member, Node};
use crate::language;
use crate::measures::{Guardrail, Metric, MetricKind};
use crate::shares::{all, share};

/// What an experiment is to raise, and what it must not harm.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measured {
    pub goal: Option<String>,
    pub guardrails: Vec<Guardrail>,
}

/// The metrics that could be read, and the conditions on their events.
pub(super) fn read(node: Option<&Node>, desk: &mut Desk<'_>) -> (Vec<Metric>, Vec<Condition>) {
    let members = node.and_then(|node| members(node, "`metrics`", &mut desk.problems));
    let read = members.unwrap_or_default().iter().filter_map(|member| read_metric(member, desk));
    let (metrics, filters): (Vec<_>, Vec<_>) = read.unzip();
    (metrics, filters.into_iter().flatten().collect())
}

fn read_metric(member: &Member, desk: &mut Desk<'_>) -> Option<(Metric, Option<Condition>)> {
    id(&member.key, member.key_at, &mut desk.problems);
    let mut fields = Fields::of(&member.value, &language::METRIC, &mut desk.problems)?;
    let event = fields.require("event", &mut desk.problems);
    let filter = fields.take("where");
    let kind = fields.take("kind");
    let sum = fields.take("sum");
    let minus = fields.take("minus");
    let within = fields.take("within");
    label(fields.take("label"), &mut desk.problems);
    fields.finish(&mut desk.problems);

    let mut known = |node: &Node, what| {
        let name = text(node, what, &mut desk.problems)?;
        desk.event_is_known(name, node.at).then(|| name.to_owned())
    };
    let event = event.and_then(|node| known(node, "`event`"));
    let minus_event = minus.map(|node| known(node, "`minus`"));
    let written = filter.and_then(|node| desk.source.get(node.at.start..node.at.end));
    let written = written.map(str::to_owned);
    let filter = filter.map(|node| read_condition(node, Place::Where(event.as_deref()), desk));
    let property = sum.map(|node| {
        let path = text(node, "`sum`", &mut desk.problems)?;
        let keys: Vec<String> = path.split('.').map(str::to_owned).collect();
        desk.property_is_declared(event.as_deref(), &keys, node.at);
        Some(path.to_owned())
    });
    let within = within.map(|node| duration(node, "`within`", &mut desk.problems));
    let kind = kind.map(|node| read_kind(node, desk));
    let kind = match (kind, property) {
        (Some(None), _) | (_, Some(None)) => return None,
        (None | Some(Some("sum")), Some(Some(property))) => {
            MetricKind::Sum { property, minus: minus_event.map_or(Some(None), |m| m.map(Some))? }
        }
        (Some(Some(word)), Some(_)) => {
            let message = format!("a {word} adds nothing up: it has no `sum`");
            desk.problems.error(Code::ConflictingKeys, member.value.opening(), message);
            return None;
        }
        (Some(Some("sum")), None) => {
            let message = "a sum needs `sum`: the property that is added up";
            desk.problems.error(Code::MissingKey, member.value.opening(), message);
            return None;
        }
        (_, None) if minus.is_some() => {
            let message = "`minus` is taken off a sum: it needs `sum`";
            desk.problems.error(Code::MissingKey, member.value.opening(), message);
            return None;
        }
        (Some(Some("count")), None) => MetricKind::Count,
        (_, None) => MetricKind::Conversion,
    };
    let within: Option<Option<Span>> = within.map_or(Some(None), |within| within.map(Some));
    let metric =
        Metric { id: member.key.clone(), event: event?, filter: written, kind, within: within? };
    Some((metric, filter.map_or(Some(None), |filter| filter.map(Some))?))
}

fn read_kind(node: &Node, desk: &mut Desk<'_>) -> Option<&'static str> {
    let words = ["conversion", "count", "sum"].map(|word| (word, word));
    one_of(node, "`kind`", "kind of metric", words, &mut desk.problems)
}

pub(super) fn measured(
    goal: Option<&Node>,
    guardrails: Option<&Node>,
    desk: &mut Desk<'_>,
) -> Option<Measured> {
    let goal = goal.map(|node| metric(node, "`goal`", desk));
    let guardrails = all(guardrails, "`guardrails`", desk, |node, desk| {
        let mut fields = Fields::of(node, &language::GUARDRAIL, &mut desk.problems)?;
        let of = fields.require("metric", &mut desk.problems);
        let bounds = [fields.take("maxDrop"), fields.take("maxRise")];
        fields.finish(&mut desk.problems);
        let of = of.and_then(|node| metric(node, "`metric`", desk));
        if bounds.iter().all(Option::is_none) {
            let message = "a guardrail needs `maxDrop` or `maxRise`";
            desk.problems.error(Code::MissingKey, node.opening(), message);
        }
        let [max_drop, max_rise] = bounds
            .map(|node| node.map(|node| share(node, "a guardrail's bound", &mut desk.problems)));
        Some(Guardrail {
            metric: of?,
            max_drop: max_drop.map_or(Some(None), |bound| bound.map(Some))?,
            max_rise: max_rise.map_or(Some(None), |bound| bound.map(Some))?,
        })
    });
    Some(Measured {
        goal: goal.map_or(Some(None), |goal| goal.map(Some))?,
        guardrails: guardrails?,
    })
}

fn metric(node: &Node, what: &str, desk: &mut Desk<'_>) -> Option<String> {
    let id = text(node, what, &mut desk.problems)?;
    desk.is_declared(Kind::Metric, id, node.at).then(|| id.to_owned())
}
