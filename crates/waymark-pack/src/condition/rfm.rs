//! How recently, how often and for how much a visitor bought.

use std::cmp::Reverse;

use waymark_engine::program::{Amount, Compare, Merge, Order, Taken, Window};
use waymark_model::{Span, Value};

use super::aggregate::{amount, window_within};
use super::compare::bounds;
use super::history::occurrence;
use super::{Comparison, Condition, Definition, Kept, Kind, Occurrence, Subject, Windowed};
use crate::declared::{self, Desk, Scores};
use crate::diagnostic::Code;
use crate::fields::{Fields, duration, text, whole};
use crate::json::{At, Json, Member, Node};
use crate::language;
use crate::shares::{all, one_or_all};

/// Between how many scores the bounds of one part can tell: up to ten.
const BOUNDS: usize = 9;
/// Occurrences that can be told apart.
const COUNTED: i32 = 128;

/// Recency, frequency and monetary value, each as a score from 1 to one more than there are bounds.
#[derive(Debug, Clone)]
pub(crate) struct Rfm {
    on: Occurrence,
    value: Vec<String>,
    within: Option<Span>,
    window: Option<Window>,
    /// From score 2 on: at most so long ago.
    recency: Vec<Span>,
    /// At least so many, and so much.
    frequency: Vec<u32>,
    monetary: Vec<f64>,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Recency,
    Frequency,
    Monetary,
}

impl Rfm {
    const PARTS: [(&str, Part); 3] =
        [("r", Part::Recency), ("f", Part::Frequency), ("m", Part::Monetary)];

    const fn highest(&self, part: Part) -> usize {
        1 + match part {
            Part::Recency => self.recency.len(),
            Part::Frequency => self.frequency.len(),
            Part::Monetary => self.monetary.len(),
        }
    }

    /// The score is this, or higher. Whoever never bought has none.
    fn at_least(&self, part: Part, score: usize, at: At) -> Condition {
        let count = |within, least| Kind::Count {
            on: self.on.clone(),
            within,
            session: false,
            least,
            most: None,
        };
        let bound = score.checked_sub(2);
        let kind = match (part, bound) {
            (_, None) => count(None, 1),
            (Part::Recency, Some(bound)) => Kind::Age {
                of: Kept { first: false, on: self.on.clone(), property: None },
                order: Order::Lte,
                span: self.recency[bound],
            },
            (Part::Frequency, Some(bound)) => count(self.within, self.frequency[bound]),
            (Part::Monetary, Some(bound)) => {
                let sum = Definition::Windowed(Windowed {
                    on: self.on.clone(),
                    taken: Taken { each: None, amount: Amount::Property(self.value.clone()) },
                    merge: Merge::Sum,
                    window: self.window,
                });
                let least = Compare::Order(Order::Gte, Value::Number(self.monetary[bound]));
                let subject = Subject::Remembered(Box::new(sum));
                Kind::Compare { subject, compare: Comparison::Plain(least) }
            }
        };
        Condition { at, kind }
    }

    /// The score is one of these; `among` tells of each score from 1 on.
    fn is_one_of(&self, part: Part, among: &[bool], at: At) -> Condition {
        let mut runs = Vec::new();
        let mut score = 1;
        while score <= among.len() {
            if !among[score - 1] {
                score += 1;
                continue;
            }
            let first = score;
            while score <= among.len() && among[score - 1] {
                score += 1;
            }
            let mut parts = vec![self.at_least(part, first, at)];
            if score <= among.len() {
                parts.push(self.at_least(part, score, at).not(at));
            }
            runs.push(Condition::all(at, parts));
        }
        Condition::any(at, runs)
    }

    /// What `r`, `f` and `m` ask for.
    pub(crate) fn scores(
        &self,
        fields: &mut Fields<'_>,
        at: At,
        desk: &mut Desk<'_>,
    ) -> Option<Vec<Condition>> {
        let mut parts = Vec::new();
        for (name, part) in Self::PARTS {
            if let Some(node) = fields.take(name) {
                let among = self.asked(name, part, node, desk);
                parts.push(among.map(|among| self.is_one_of(part, &among, at)));
            }
        }
        parts.into_iter().collect()
    }

    fn asked(&self, name: &str, part: Part, node: &Node, desk: &mut Desk<'_>) -> Option<Vec<bool>> {
        let known = ["$gte", "$gt", "$lte", "$lt", "$eq", "$ne", "$in"];
        let highest = self.highest(part);
        let mut among = vec![true; highest];
        let wanted = match &node.json {
            Json::Object(_) => bounds(node, &format!("`{name}`"), &known, desk)?,
            _ => vec![("$eq", node)],
        };
        for (operator, node) in wanted {
            let last = i32::try_from(highest).unwrap_or(i32::MAX);
            let one = |node: &Node, desk: &mut Desk<'_>| {
                let score = whole(node, "a score", (1, last), &mut desk.problems)?;
                usize::try_from(score).ok()
            };
            let scores = if operator == "$in" {
                all(Some(node), "`$in`", desk, one)?
            } else {
                vec![one(node, desk)?]
            };
            for (score, kept) in (1..).zip(&mut among) {
                *kept &= match operator {
                    "$gte" => score >= scores[0],
                    "$gt" => score > scores[0],
                    "$lte" => score <= scores[0],
                    "$lt" => score < scores[0],
                    "$ne" => score != scores[0],
                    _ => scores.contains(&score),
                };
            }
        }
        if among.contains(&true) {
            return Some(among);
        }
        let message = format!("no score is like this; `{name}` goes from 1 to {highest}");
        desk.problems.error(Code::BadValue, node.at, message);
        None
    }
}

/// `rfm`, without its segments.
pub(crate) fn read_rfm(fields: &mut Fields<'_>, desk: &mut Desk<'_>) -> Option<Rfm> {
    let on = occurrence(fields, desk);
    let event = on.as_ref().and_then(|on| on.event.clone());
    let value = fields.require("value", &mut desk.problems);
    let value = value.and_then(|node| amount(node, event.as_deref(), desk));
    let window = window_within(fields.take("within"), desk);
    let recency = rising(fields, "recency", desk, |node, desk| {
        // The longer ago, the lower the score.
        duration(node, "`recency`", &mut desk.problems).map(Reverse)
    });
    let frequency = rising(fields, "frequency", desk, |node, desk| {
        whole(node, "`frequency`", (1, COUNTED), &mut desk.problems).map(i32::cast_unsigned)
    });
    let monetary = rising(fields, "monetary", desk, |node, desk| {
        if let Json::Number(number) = node.json {
            return Some(number);
        }
        let message = format!("`monetary` has numbers, and this is {}", node.kind());
        desk.problems.error(Code::WrongType, node.at, message);
        None
    });
    let (within, window) = window.ok()?.unzip();
    let recency = recency?.into_iter().map(|Reverse(span)| span).collect();
    let (frequency, monetary) = (frequency?, monetary?);
    Some(Rfm { on: on?, value: value?, within, window, recency, frequency, monetary })
}

/// Bounds between one score and the next.
fn rising<T: PartialOrd>(
    fields: &mut Fields<'_>,
    name: &'static str,
    desk: &mut Desk<'_>,
    read: impl FnMut(&Node, &mut Desk<'_>) -> Option<T>,
) -> Option<Vec<T>> {
    let node = fields.require(name, &mut desk.problems)?;
    let bounds = all(Some(node), &format!("`{name}`"), desk, read)?;
    if !(1..=BOUNDS).contains(&bounds.len()) {
        let message = format!("`{name}` has 1 to {BOUNDS} bounds, between one score and the next");
        desk.problems.error(Code::BadValue, node.opening(), message);
        return None;
    }
    if !bounds.is_sorted_by(|a, b| a < b) {
        let message = format!("the bounds of `{name}` go from the lowest score to the highest");
        desk.problems.error(Code::BadValue, node.opening(), message);
        return None;
    }
    Some(bounds)
}

/// `$rfm`: scores, or segments by score.
pub(super) fn read(member: &Member, desk: &mut Desk<'_>) -> Option<Condition> {
    let node = &member.value;
    let rfm = match desk.declared.rfm.clone() {
        Some(Scores::By(rfm)) => rfm,
        Some(Scores::Broken) => return None,
        None => {
            let message = "the pack has no `rfm`, which says what the scores are";
            desk.problems.error(Code::MissingKey, member.key_at, message);
            return None;
        }
    };
    let mut fields = Fields::of(node, &language::RFM_ASKED, &mut desk.problems)?;
    let parts = rfm.scores(&mut fields, node.at, desk);
    let label = fields.take("label");
    fields.finish(&mut desk.problems);
    let mut parts = parts?;
    if let Some(node) = label {
        let one = |node: &Node, desk: &mut Desk<'_>| {
            let id = text(node, "`label`", &mut desk.problems)?;
            desk.is_declared(declared::Kind::Label, id, node.at)
                .then(|| Condition { at: node.at, kind: Kind::Segment(id.to_owned()) })
        };
        parts.push(Condition::any(node.at, one_or_all(node, "`label`", desk, one)?));
    }
    if parts.is_empty() {
        let message = "`$rfm` asks for nothing: write `r`, `f`, `m` or `label`";
        desk.problems.error(Code::MissingKey, node.opening(), message);
        return None;
    }
    Some(Condition::all(node.at, parts))
}
