//! What compiles and is hardly meant.

use std::collections::{BTreeMap, BTreeSet};

use waymark_engine::program::{Compare, Order, Part, Type};
use waymark_model::Value;

use crate::condition::{Comparison, Condition, Kind, Subject};
use crate::declared::Desk;
use crate::diagnostic::Code;
use crate::json::At;
use crate::pack::{Content, Definition, Does, Pack, Rule};
use crate::problem::{Problems, shown};

pub(crate) fn lint(pack: &Pack, desk: &mut Desk<'_>) {
    let problems = &mut desk.problems;
    for condition in conditions(pack) {
        contradictions(condition, problems);
    }
    // What is missing can only be told of a pack that was read whole.
    if !problems.has_errors() {
        unused_content(pack, problems);
        unused_slots(pack, problems);
        shadowed_rules(pack, problems);
        defaults_that_read_visitors(pack, problems);
    }
}

/// Content that nobody shows.
fn unused_content(pack: &Pack, problems: &mut Problems) {
    let used: BTreeSet<&str> = pack
        .rules
        .iter()
        .flat_map(Rule::shown)
        .chain(pack.slots.iter().filter_map(|slot| slot.default.as_ref()))
        .map(|show| show.content.as_str())
        .collect();
    for content in &pack.contents {
        if !used.contains(content.id.as_str()) {
            let message = format!("nobody shows the content {}", shown(&content.id));
            problems.warn(Code::UnusedContent, content.at, message);
        }
    }
}

fn unused_slots(pack: &Pack, problems: &mut Problems) {
    let ruled: BTreeSet<&str> = pack.rules.iter().map(|rule| rule.slot.as_str()).collect();
    for slot in &pack.slots {
        if slot.default.is_none() && !ruled.contains(slot.id.as_str()) {
            let message = format!("no rule fills the slot {}", shown(&slot.id));
            problems.warn(Code::UnusedSlot, slot.at, message);
        }
    }
}

/// Rules behind one that wins whenever they could.
fn shadowed_rules(pack: &Pack, problems: &mut Problems) {
    let contents = by_id(pack);
    let mut rules: Vec<&Rule> = pack.rules.iter().collect();
    rules.sort_by_key(|rule| rule.order());
    // The rules of the slot at hand that always hold.
    let mut winners: Vec<(&Rule, bool)> = Vec::new();
    for rule in rules {
        winners.retain(|(winner, _)| winner.slot == rule.slot);
        let stateless = rule.is_stateless(&contents);
        let shadow = winners
            .iter()
            .find(|(winner, anybody)| *anybody || (winner.purpose == rule.purpose && !stateless));
        if let Some((winner, _)) = shadow {
            let (behind, before) = (shown(&rule.id), shown(&winner.id));
            let message =
                format!("the rule {behind} never wins: {before} comes first and always holds");
            let problem = problems.warn(Code::ShadowedRule, rule.at, message);
            problem.mend("give it a higher `priority`, or the other a condition");
        }
        // Those who are not in a share, or held out, go on to the next.
        let always = !matches!(rule.does, Does::Experiment(_))
            && rule.filters.is_empty()
            && rule.needs.is_empty()
            && rule.when.constant() == Some(true);
        if always {
            winners.push((rule, stateless));
        }
    }
}

/// A slot's default is shown to everybody, whatever they consented to.
fn defaults_that_read_visitors(pack: &Pack, problems: &mut Problems) {
    let contents = by_id(pack);
    for default in pack.slots.iter().filter_map(|slot| slot.default.as_ref()) {
        let read = contents.get(default.content.as_str()).and_then(|content| content.personal());
        if let Some(path) = read {
            let message = format!(
                "the default is shown to everybody, also without consent, and reads {}",
                shown(&path)
            );
            let problem = problems.warn(Code::DefaultReadsVisitor, default.at, message);
            problem.mend("show it by a rule, which asks for consent, and keep the default plain");
        }
    }
}

fn by_id(pack: &Pack) -> BTreeMap<&str, &Content> {
    pack.contents.iter().map(|content| (content.id.as_str(), content)).collect()
}

impl Rule {
    /// The order in which rules are tried.
    pub fn order(&self) -> (&str, std::cmp::Reverse<i32>, &str) {
        (&self.slot, std::cmp::Reverse(self.priority), &self.id)
    }

    /// Whether neither it nor its content reads anything kept about a visitor. An experiment then
    /// has something for those who did not consent; an ordinary rule for a share of the visitors
    /// has not, as they would have to be hashed.
    pub fn is_stateless(&self, contents: &BTreeMap<&str, &Content>) -> bool {
        let plain = |content: &str| {
            contents.get(content).is_some_and(|content| content.personal().is_none())
        };
        let hashes = !matches!(self.does, Does::Experiment(_)) && !self.filters.is_empty();
        self.when.is_stateless()
            && !hashes
            && self.shown().iter().all(|shown| plain(&shown.content))
    }
}

impl Content {
    /// A path in it that reads what is kept about a visitor.
    fn personal(&self) -> Option<String> {
        let parts = self.variants.iter().flat_map(|variant| &variant.template.0);
        parts
            .filter_map(|part| match part {
                Part::Insert(insert) if !insert.path.root.is_stateless() => Some(&insert.path),
                _ => None,
            })
            .map(|path| format!("{}.{}", path.root.name(), path.keys.join(".")))
            .next()
    }
}

/// Every condition of the pack, those on events too.
fn conditions(pack: &Pack) -> Vec<&Condition> {
    let stages = pack.journey.stages.iter().filter_map(|stage| stage.enter.as_ref());
    let segments = pack.segments.iter().filter_map(|segment| segment.when.as_ref());
    let rules = pack.rules.iter().map(|rule| &rule.when);
    let mut all: Vec<&Condition> =
        stages.chain(segments).chain(rules).chain(&pack.metric_filters).collect();
    let mut filters = Vec::new();
    for condition in &all {
        condition.walk(&mut |part| filters.extend(part.filters()));
    }
    all.extend(filters);
    all.extend(pack.features.iter().filter_map(|feature| match &feature.definition {
        Definition::Windowed(windowed) => windowed.on.filter.as_deref(),
        Definition::Kept(kept) => kept.on.filter.as_deref(),
    }));
    all
}

/// Comparisons of one thing that cannot all hold.
fn contradictions(condition: &Condition, problems: &mut Problems) {
    condition.walk(&mut |part| {
        let Kind::All(parts) = &part.kind else { return };
        // What is asked where it stands has no name that tells it from others.
        let mut by_subject: BTreeMap<(String, String), Vec<(Asked<'_>, At)>> = BTreeMap::new();
        for part in parts {
            if let Some((subject, asked)) = Asked::of(part) {
                let name = (subject.name(), format!("{subject:?}"));
                by_subject.entry(name).or_default().push((asked, part.at));
            }
        }
        for ((name, _), all) in by_subject {
            let Some(found) = (2..=all.len()).find(|n| !can_hold(&all[..*n])) else {
                continue;
            };
            let message = format!("{} can never meet this and what stands before", shown(&name));
            problems.warn(Code::Contradiction, all[found - 1].1, message);
        }
    });
}

/// A comparison that has to hold, or, if `not`, must not.
#[derive(Clone, Copy)]
struct Asked<'c> {
    not: bool,
    compare: &'c Compare,
}

impl<'c> Asked<'c> {
    fn of(part: &'c Condition) -> Option<(&'c Subject, Self)> {
        match &part.kind {
            Kind::Compare { subject, compare: Comparison::Plain(compare) } => {
                Some((subject, Self { not: false, compare }))
            }
            Kind::Not(part) => {
                Self::of(part).map(|(subject, asked)| (subject, Self { not: !asked.not, ..asked }))
            }
            _ => None,
        }
    }
}

/// Whether some value meets all of these; `true` when in doubt.
fn can_hold(all: &[(Asked<'_>, At)]) -> bool {
    let asked = || all.iter().map(|(asked, _)| *asked);
    let equal = asked().find_map(|asked| match asked.compare {
        Compare::Is(value) if !asked.not => Some(value),
        _ => None,
    });
    if let Some(value) = equal {
        return asked().all(|asked| may_be(value, asked.compare).is_none_or(|is| is != asked.not));
    }
    let exists = |wanted: bool| asked().any(|a| *a.compare == Compare::Exists && a.not != wanted);
    if exists(true) && exists(false) {
        return false;
    }
    let mut low = (f64::NEG_INFINITY, true);
    let mut high = (f64::INFINITY, true);
    for Asked { not, compare } in asked() {
        let Compare::Order(order, Value::Number(bound)) = compare else { continue };
        if not {
            continue;
        }
        let included = matches!(order, Order::Lte | Order::Gte);
        match order {
            Order::Gt | Order::Gte if *bound > low.0 || (*bound >= low.0 && !included) => {
                low = (*bound, included);
            }
            Order::Lt | Order::Lte if *bound < high.0 || (*bound <= high.0 && !included) => {
                high = (*bound, included);
            }
            _ => {}
        }
    }
    low.0 < high.0 || (low.0 <= high.0 && low.1 && high.1)
}

/// Whether a comparison holds of this value; `None` when in doubt.
fn may_be(value: &Value, compare: &Compare) -> Option<bool> {
    match compare {
        Compare::Is(other) => Some(value == other),
        Compare::In(list) if !matches!(value, Value::Array(_)) => Some(list.contains(value)),
        Compare::Exists => Some(*value != Value::Null),
        Compare::Type(ty) => Some(Type::of(value) == *ty),
        Compare::Order(order, Value::Number(bound)) => match value {
            Value::Number(number) => Some(match order {
                Order::Lt => number < bound,
                Order::Lte => number <= bound,
                Order::Gt => number > bound,
                Order::Gte => number >= bound,
            }),
            _ => Some(false),
        },
        _ => None,
    }
}
