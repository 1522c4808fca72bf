//! The counts, with the names that the packs give to things, in their order.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use waymark_engine::program::{self, Act, Does, Flow};
use waymark_insight::KEEP;
use waymark_insight::simulation::{
    ActionKey, Changes, Fate, FlowCount, Never, RuleReach, Seen, Simulation, SlotChange,
};

use super::report::{
    Action, Changed, ChangedAction, ChangedContent, ChangedSegment, ChangedSlot, Contacts, Content,
    Count, Experiment, Move, NeverShown, Other, Overlap, Pack, Rule, Segment, Slot, Spread, Stage,
    Step, Variation, Way,
};

/// Pairs of segments that are told: those that overlap most.
const PAIRS: usize = 20;
/// Changes of a slot that are told: those that happened most often.
const WAYS: usize = 10;
/// What the compiler joins steps' ids with where it makes steps of its own.
const MADE: char = '\u{1}';

impl Pack {
    pub(super) fn of(counts: &Simulation<'_>, file: &str) -> Self {
        let program = counts.program;
        let places = &counts.places;
        let segments = program.segments.iter().zip(&places.segments).map(|(segment, count)| {
            Segment { id: segment.id.clone(), end: count.end, ever: count.ever.visitors }
        });
        let stages = program.stages.iter().zip(&places.stages).map(|(stage, count)| Stage {
            id: stage.id.clone(),
            end: count.end,
            ever: count.ever.visitors,
            median_days: count.stays.median_days().map(rounded),
            stays: count.stays.count,
        });
        let stage = |number: Option<u32>| Some(program.stages[number? as usize].id.clone());
        let moves = places.moves.iter().map(|((from, to), seen)| Move {
            from: stage(*from),
            to: stage(*to),
            times: seen.times,
            visitors: seen.visitors,
        });
        let rules = (0..).zip(&counts.rules).map(|(rule, reach)| rule_of(counts, rule, reach));
        let slots = program.slots.iter().zip(&counts.slots).map(|(slot, contents)| {
            let name = |content: Option<u32>| {
                content.map_or(KEEP, |number| &program.contents[number as usize].id).to_owned()
            };
            let mut contents: Vec<Content> = contents
                .iter()
                .map(|(content, seen)| Content { content: name(*content), count: (*seen).into() })
                .collect();
            contents.sort_by_key(|content| Reverse(content.count.looks));
            Slot { id: slot.id.clone(), contents }
        });
        let flows = program.flows.iter().zip(&counts.flows).map(|(flow, count)| way(flow, count));
        let actions = counts.actions.iter().map(|(key, seen)| Action {
            kind: kind(key),
            destination: key.destination.clone(),
            id: key.what.clone(),
            times: seen.times,
            visitors: seen.visitors,
        });
        let spread =
            |(number, visitors): (&u64, &u64)| Spread { number: *number, visitors: *visitors };
        Self {
            file: file.to_owned(),
            name: program.pack.clone(),
            hash: program.hash.to_string(),
            visitors: counts.visitors,
            events: counts.events,
            looks: counts.looks,
            segments: segments.collect(),
            overlaps: overlaps(counts),
            stages: stages.collect(),
            no_stage: places.no_stage,
            stage_moves: moves.collect(),
            rules: rules.collect(),
            slots: slots.collect(),
            experiments: experiments(counts),
            flows: flows.collect(),
            actions: actions.collect(),
            messages: counts.contacts.messages.iter().map(spread).collect(),
            contacts: Contacts {
                all: counts.contacts.all,
                mean_in_7_days: rounded(counts.contacts.mean_a_week()),
                most_in_7_days: counts.contacts.most.keys().next_back().copied().unwrap_or(0),
                spread: counts.contacts.most.iter().map(spread).collect(),
            },
        }
    }
}

/// The pairs that share most of what they have.
fn overlaps(counts: &Simulation<'_>) -> Vec<Overlap> {
    let segments = &counts.places.segments;
    let name = |number: u32| counts.program.segments[number as usize].id.clone();
    let pairs = counts.places.overlaps.iter().map(|((a, b), both)| {
        let either = segments[*a as usize].end + segments[*b as usize].end - both;
        Overlap {
            a: name(*a),
            b: name(*b),
            both: *both,
            either,
            jaccard: part(*both, either),
            share: part(*both, counts.visitors),
        }
    });
    let mut pairs: Vec<Overlap> = pairs.collect();
    // Without fractions, which may be equal after they were rounded.
    pairs.sort_by(|one, other| {
        let across = |a: &Overlap, b: &Overlap| u128::from(a.both) * u128::from(b.either);
        across(other, one).cmp(&across(one, other)).then(other.both.cmp(&one.both))
    });
    pairs.truncate(PAIRS);
    pairs
}

fn rule_of(counts: &Simulation<'_>, number: u32, reach: &RuleReach) -> Rule {
    let program = counts.program;
    let rule = &program.rules[number as usize];
    let of = |fate| Count::from(reach.of(fate));
    let beaten_by = reach.mostly_beaten_by().map(|(by, times)| {
        let id = program.rules[by as usize].id.clone();
        (id, times == reach.of(Fate::Beaten).times)
    });
    let told = [Fate::Shown, Fate::Beaten, Fate::Capped, Fate::HeldOut, Fate::NoConsent];
    let other = Fate::ALL.into_iter().filter(|fate| !told.contains(fate));
    let other = other.map(|fate| Other { reason: fate.name(), count: of(fate) });
    let unknown = Other { reason: "unknown", count: reach.unknown.into() };
    let never = reach.never(counts.looks).map(|never| NeverShown {
        reason: match never {
            Never::NobodyLooked => "nobody-looked",
            Never::ConditionNeverHeld => "never-held",
            Never::NeverKnown => "never-known",
            Never::Always(fate) | Never::Mostly(fate) => fate.name(),
        },
        words: words(never, beaten_by.as_ref()),
    });
    Rule {
        id: rule.id.clone(),
        slot: program.slots[rule.slot as usize].id.clone(),
        priority: rule.priority,
        held: reach.held.into(),
        shown: of(Fate::Shown),
        beaten: of(Fate::Beaten),
        capped: of(Fate::Capped),
        held_out: of(Fate::HeldOut),
        no_consent: of(Fate::NoConsent),
        other: other.chain([unknown]).filter(|other| other.count.looks > 0).collect(),
        beaten_by: beaten_by.map(|(id, _)| id),
        never,
    }
}

/// Why a rule was never shown.
fn words(never: Never, beaten_by: Option<&(String, bool)>) -> String {
    let (often, fate) = match never {
        Never::NobodyLooked => return "nobody looked".to_owned(),
        Never::ConditionNeverHeld => return "its condition never held".to_owned(),
        Never::NeverKnown => {
            return "its condition reaches back further than what was seen".to_owned();
        }
        Never::Always(fate) => ("always", fate),
        Never::Mostly(fate) => ("mostly", fate),
    };
    match fate {
        Fate::Beaten => match beaten_by {
            Some((by, true)) => format!("{often} beaten by {by}"),
            Some((by, false)) => format!("{often} beaten, most often by {by}"),
            None => format!("{often} beaten"),
        },
        Fate::Shown => format!("{often} shown"),
        Fate::Capped => format!("{often} stopped by its limit or the contact policy"),
        Fate::Excluded => format!("{often} excluded by what another slot showed"),
        Fate::HeldOut => format!("the visitor was {often} held out"),
        Fate::NoConsent => format!("there was {often} no consent"),
        Fate::Needs => format!("what it needs of other slots was {often} not so"),
        Fate::OutOfShare => format!("{often} for another share of the visitors"),
        Fate::Inactive => "it does not run".to_owned(),
        Fate::Nothing => format!("{often} without a content that could be shown"),
        Fate::PassedThrough => format!("{often} left the slot to the next rule"),
    }
}

/// The pack's experiments with all their variations, then the holdouts that somebody met.
fn experiments(counts: &Simulation<'_>) -> Vec<Experiment> {
    let program = counts.program;
    let variation = |id: &str, seen: Seen| Variation {
        id: id.to_owned(),
        visitors: seen.visitors,
        exposures: seen.times,
    };
    let mut all = Vec::new();
    for rule in &program.rules {
        let program::Action::Experiment(number) = rule.action else { continue };
        let met = counts.variations.get(&rule.id);
        let variations = program.experiments[number as usize].variations.iter();
        let variations = variations.map(|one| {
            let seen = met.and_then(|met| met.get(&one.id));
            variation(&one.id, seen.copied().unwrap_or_default())
        });
        all.push(Experiment { id: rule.id.clone(), variations: variations.collect() });
    }
    for (id, met) in &counts.variations {
        if all.iter().all(|experiment| experiment.id != *id) {
            let variations = met.iter().map(|(id, seen)| variation(id, *seen)).collect();
            all.push(Experiment { id: id.clone(), variations });
        }
    }
    all
}

fn way(flow: &Flow, count: &FlowCount) -> Way {
    let (left, still) = count.left();
    let (kind, id) = flow.id.split_once('/').unwrap_or(("flow", &flow.id));
    let steps = flow.steps.iter().zip(&count.steps).filter(|(step, _)| !step.id.contains(MADE));
    let steps = steps.map(|(step, count)| {
        let acts = matches!(step.does, Does::Act(_));
        Step {
            id: step.id.clone(),
            does: match &step.does {
                Does::Wait(_) => "wait",
                Does::Await { .. } => "wait-for",
                Does::Branch { .. } => "branch",
                Does::Go(_) => "go",
                Does::Act(act) => kind_of(&act.event),
            },
            came: count.came.times,
            taken: acts.then_some(count.taken),
            left_out: acts.then_some(count.left_out),
            exited: count.exited,
            no_consent: count.no_consent,
            still: count.still,
        }
    });
    Way {
        kind: kind.to_owned(),
        id: id.to_owned(),
        entered: count.entered.times,
        visitors: count.entered.visitors,
        completed: count.completed,
        left,
        still,
        steps: steps.collect(),
    }
}

fn kind(key: &ActionKey) -> &'static str {
    kind_of(&key.event)
}

fn kind_of(event: &str) -> &'static str {
    match event {
        Act::MESSAGE => "send",
        Act::CONTENT => "show",
        Act::SURVEY => "survey",
        _ => "act",
    }
}

impl Changed {
    pub(super) fn of(changes: &Changes, before: &Simulation<'_>, after: &Simulation<'_>) -> Self {
        let slots = changes.slots.iter().map(|(id, change)| changed_slot(id, change));
        let segments = changes.segments.iter().map(|(id, change)| ChangedSegment {
            id: id.clone(),
            before: change.before,
            after: change.after,
            gained: change.after - change.both,
            lost: change.before - change.both,
        });
        let keys: BTreeSet<&ActionKey> =
            before.actions.keys().chain(after.actions.keys()).collect();
        let times =
            |counts: &Simulation<'_>, key| counts.actions.get(key).map_or(0, |seen| seen.times);
        let actions = keys.into_iter().map(|key| ChangedAction {
            kind: kind(key),
            destination: key.destination.clone(),
            id: key.what.clone(),
            before: times(before, key),
            after: times(after, key),
        });
        Self {
            count: changes.looks.into(),
            slots: slots.collect(),
            segments: segments.collect(),
            actions: actions.collect(),
        }
    }
}

fn changed_slot(id: &str, change: &SlotChange) -> ChangedSlot {
    let top = change.ways.iter().map(|((from, to), seen)| ChangedContent {
        from: from.clone(),
        to: to.clone(),
        count: (*seen).into(),
    });
    let mut top: Vec<ChangedContent> = top.collect();
    top.sort_by_key(|way| Reverse(way.count.looks));
    top.truncate(WAYS);
    ChangedSlot {
        id: id.to_owned(),
        count: change.looks.into(),
        reworded: change.reworded.into(),
        top,
    }
}

impl From<Seen> for Count {
    fn from(seen: Seen) -> Self {
        Self { looks: seen.times, visitors: seen.visitors }
    }
}

fn part(some: u64, of: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a share, for people")]
    let part = some as f64 / of.max(1) as f64;
    rounded(part)
}

/// To four places: more says nothing.
fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}
