//! What compiles and is hardly meant.

mod logic;
mod places;
mod reads;
mod winners;

pub(crate) use reads::{Names, Read, read_by, read_by_destination, read_by_flow, read_by_rule};

use std::collections::{BTreeMap, BTreeSet};

use waymark_engine::program::{Body, Compare, Filter, Insert, Order, Root, Type};
use waymark_model::{Timestamp, Value};

use crate::condition::{Comparison, Condition, Kind, Subject};
use crate::declared::Desk;
use crate::diagnostic::Code;
use crate::json::At;
use crate::pack::{Content, Does, Flow, Model, Pack, Rule, Schedule};
use crate::problem::{Problems, shown};

/// Comparisons of one thing that are looked at together: a bound on the work.
const COMPARISONS: usize = 32;

pub(crate) fn lint(pack: &Pack, desk: &mut Desk<'_>) {
    let problems = &mut desk.problems;
    places::edge_only(pack, &desk.declared, problems);
    for condition in conditions(pack) {
        contradictions(condition, problems);
        logic::always_true(condition, problems);
        logic::missing_matches(pack, condition, problems);
    }
    // What is missing can only be told of a pack that was read whole.
    if !problems.has_errors() {
        unused_content(pack, problems);
        unused_slots(pack, problems);
        unused_destinations(pack, problems);
        shadowed_rules(pack, problems);
        schedules_over(pack, desk.today, problems);
        defaults_that_read_visitors(pack, problems);
        missing_defaults(pack, problems);
        winners::unreachable(pack, problems);
        let names = Names::of(pack);
        reads::purposes(pack, &names, &desk.declared, problems);
        reads::signals(pack, &names, problems);
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

fn unused_destinations(pack: &Pack, problems: &mut Problems) {
    let acts = pack.flows.all.iter().flat_map(Flow::acts);
    let used: BTreeSet<&str> = acts.flat_map(|act| &act.destinations).map(String::as_str).collect();
    for destination in &pack.flows.destinations {
        if !used.contains(destination.id.as_str()) {
            let message = format!("nothing is sent by {}", shown(&destination.id));
            problems.warn(Code::UnusedDestination, destination.at, message);
        }
    }
}

/// Rules behind one that wins whenever they could.
fn shadowed_rules(pack: &Pack, problems: &mut Problems) {
    /// Rules of a slot with which the ones behind them are compared.
    const COMPARED: usize = 100;
    let contents = by_id(pack);
    let mut rules: Vec<&Rule> = pack.rules.iter().collect();
    rules.sort_by_key(|rule| rule.order());
    // The rules of the slot at hand that always hold.
    let mut winners: Vec<(&Rule, bool)> = Vec::new();
    // The others that come before the one at hand.
    let mut before: Vec<(&Rule, bool)> = Vec::new();
    for rule in rules {
        winners.retain(|(winner, _)| winner.slot == rule.slot);
        before.retain(|(winner, _)| winner.slot == rule.slot);
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
        } else if let Some((winner, _)) = before.iter().find(|(winner, anybody)| {
            (*anybody || winner.purpose == rule.purpose) && winners::implies(rule, winner)
        }) {
            let (behind, first) = (shown(&rule.id), shown(&winner.id));
            let message = format!(
                "the rule {behind} never wins: whoever meets it meets {first}, which comes first"
            );
            let problem = problems.warn(Code::ShadowedRule, rule.at, message);
            problem.mend("give it a higher `priority`");
        }
        // Those who are not in a share, or held out, go on to the next.
        let stays = !matches!(rule.does, Does::Experiment(_) | Does::Pick(_))
            && rule.schedule.is_none()
            && rule.limit.is_none()
            && rule.exclusive.is_none()
            && rule.filters.is_empty()
            && rule.needs.is_empty();
        if !stays {
            continue;
        }
        if rule.when.constant() == Some(true) {
            winners.push((rule, stateless));
        } else if before.len() < COMPARED {
            before.push((rule, stateless));
        }
    }
}

/// Rules and experiments whose time has passed.
fn schedules_over(pack: &Pack, today: Option<Timestamp>, problems: &mut Problems) {
    let Some(today) = today else { return };
    for rule in &pack.rules {
        let Some(Schedule { until, at, .. }) = rule.schedule else { continue };
        if until <= today {
            let message = format!("the schedule of {} is over", shown(&rule.id));
            let problem = problems.warn(Code::ScheduleOver, at, message);
            problem.mend("take it out of the pack, or give it another `until`");
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

/// Inserts of what may be missing, with nothing to show instead.
fn missing_defaults(pack: &Pack, problems: &mut Problems) {
    for content in &pack.contents {
        if !matches!(content.body, Body::Text | Body::Html) {
            continue;
        }
        let bare = content.variants.iter().flat_map(|variant| variant.template.inserts()).find(
            |Insert { path, filters, .. }| {
                let missing = match (path.root, path.keys.first()) {
                    (Root::Feature, Some(id)) => logic::feature_may_be_missing(pack, id),
                    (Root::Score, Some(id)) => logic::score_may_be_missing(pack, id),
                    _ => logic::path_may_be_missing(path),
                };
                missing && !filters.iter().any(|filter| matches!(filter, Filter::Default(_)))
            },
        );
        if let Some(Insert { path, .. }) = bare {
            let path = format!("{}.{}", path.root.name(), path.keys.join("."));
            let id = shown(&content.id);
            let message = format!("{id} shows a gap where {path} is missing");
            let problem = problems.warn(Code::MissingDefault, content.at, message);
            problem.mend(format!("write {{{{ {path} | default: '…' }}}}"));
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
        self.conditions().all(Condition::is_stateless)
            && !hashes
            && self.shown().iter().all(|shown| plain(&shown.content))
    }
}

impl Content {
    /// A path in it that reads what is kept about a visitor.
    fn personal(&self) -> Option<String> {
        let mut paths = Vec::new();
        self.variants.iter().for_each(|variant| variant.template.paths(&mut paths));
        paths
            .into_iter()
            .filter(|path| path.root != Root::Item && !path.root.is_stateless())
            .map(|path| format!("{}.{}", path.root.name(), path.keys.join(".")))
            .next()
    }
}

/// Every condition of the pack, those on events too.
fn conditions(pack: &Pack) -> Vec<&Condition> {
    let stages = pack.journey.stages.iter().filter_map(|stage| stage.enter.as_ref());
    let segments = pack.segments.iter().filter_map(|segment| segment.when.as_ref());
    let rules = pack.rules.iter().flat_map(Rule::conditions);
    let mut all: Vec<&Condition> = stages
        .chain(segments)
        .chain(rules)
        .chain(pack.flows.all.iter().flat_map(Flow::conditions))
        .chain(&pack.metric_filters)
        .chain(&pack.wheres)
        .collect();
    let mut filters = Vec::new();
    for condition in &all {
        condition.walk(&mut |part| filters.extend(part.filters()));
    }
    all.extend(filters);
    let remembered = pack.features.iter().flat_map(|feature| feature.definition.occurrences());
    let moving = pack.flows.all.iter().flat_map(Flow::occurrences);
    let modelled = pack.models.iter().filter_map(Model::occurrence);
    all.extend(remembered.chain(moving).chain(modelled).filter_map(|on| on.filter.as_deref()));
    all
}

/// Comparisons of one thing that cannot all hold.
fn contradictions(condition: &Condition, problems: &mut Problems) {
    condition.walk(&mut |part| {
        let Kind::All(parts) = &part.kind else { return };
        for (name, at) in contradiction(parts) {
            let message = format!("{} can never meet this and what stands before", shown(&name));
            problems.warn(Code::Contradiction, at, message);
        }
    });
}

/// The things that can never be as parts of a whole ask, each with the part that is too much.
fn contradiction(parts: &[Condition]) -> Vec<(String, At)> {
    // What is asked where it stands has no name that tells it from others.
    let mut by_subject: BTreeMap<(String, String), Vec<(Asked<'_>, At)>> = BTreeMap::new();
    for part in parts {
        if let Some((subject, asked)) = Asked::of(part) {
            let name = (subject.name(), format!("{subject:?}"));
            by_subject.entry(name).or_default().push((asked, part.at));
        }
    }
    let found = by_subject.into_iter().filter_map(|((name, _), all)| {
        let found = (2..=all.len().min(COMPARISONS)).find(|number| !can_hold(&all[..*number]))?;
        Some((name, all[found - 1].1))
    });
    found.collect()
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
    // Of a list one element has to be among these, and none may be among those.
    let lists = |not| {
        asked().filter_map(move |asked| match asked.compare {
            Compare::In(list) if asked.not == not => Some(list),
            _ => None,
        })
    };
    if lists(false).any(|list| lists(true).any(|not| list.iter().all(|value| not.contains(value))))
    {
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
