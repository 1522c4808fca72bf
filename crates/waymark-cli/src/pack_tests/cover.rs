//! Short journeys that together show all that came out.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use waymark_engine::Engine;
use waymark_model::Purposes;
use waymark_pack::{Case, Expect};

use super::outcome::{Outcome, Outcomes};
use super::smaller::smaller;

/// What is told of a test in its name.
const TOLD: usize = 3;

/// Tests for what none of the tests that there are expects.
pub(super) fn chosen(engine: Engine<'_>, tests: &[Case], candidates: Vec<Case>) -> Vec<Case> {
    let known: Vec<Outcome> =
        tests.iter().flat_map(|test| Outcomes::expected(&test.expect)).collect();
    let is_new = |outcome: &Outcome| known.iter().all(|known| !outcome.is(known));
    let mut waiting: Vec<(Case, BTreeSet<Outcome>)> = std::iter::once(nobody())
        .chain(candidates)
        .map(|case| {
            let outcomes = Outcomes::of(engine, &case).all;
            (case, outcomes.into_iter().filter(is_new).collect())
        })
        .collect();
    let mut chosen = Vec::new();
    while let Some(best) = best(&waiting) {
        let (case, shows) = waiting.remove(best);
        let case = smaller(case, |case| Outcomes::of(engine, case).all.is_superset(&shows));
        near_misses(engine, &case, &shows, tests, &mut chosen);
        chosen.push(expecting(engine, case, &shows));
        for (_, others) in &mut waiting {
            others.retain(|outcome| !shows.contains(outcome));
        }
        waiting.retain(|(_, others)| !others.is_empty());
    }
    chosen
}

/// Somebody of whom nothing is known.
fn nobody() -> Case {
    Case {
        name: String::new(),
        now: Case::NOW,
        given: Vec::new(),
        context: waymark_model::Object::new(),
        consent: Purposes::ALL,
        locale: String::new(),
        anonymous_id: Case::DEVICE.to_owned(),
        timezone: None,
        expect: Expect::default(),
    }
}

/// The shortest, for whoever reads it; of several that which shows most, and of those the first.
fn best(waiting: &[(Case, BTreeSet<Outcome>)]) -> Option<usize> {
    let worth = |at: &usize| {
        let (case, shows) = &waiting[*at];
        (case.given.len(), Reverse(shows.len()))
    };
    (0..waiting.len()).filter(|at| !waiting[*at].1.is_empty()).min_by_key(worth)
}

fn expecting(engine: Engine<'_>, mut case: Case, shows: &BTreeSet<Outcome>) -> Case {
    let actions = Outcomes::of(engine, &case).actions;
    for outcome in shows {
        outcome.expect(&mut case.expect, &actions);
    }
    let told: Vec<String> = shows.iter().take(TOLD).map(Outcome::said).collect();
    let more = shows.len().saturating_sub(TOLD);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    case.name = format!("{} {}{more}", who(&case), told.join(", "));
    case
}

/// For each segment, who is not quite in it: a step short of the shortest way in.
fn near_misses(
    engine: Engine<'_>,
    case: &Case,
    shows: &BTreeSet<Outcome>,
    tests: &[Case],
    chosen: &mut Vec<Case>,
) {
    for segment in shows {
        let Outcome::In(id) = segment else { continue };
        if tests.iter().any(|test| test.expect.not_segments.contains(id)) {
            continue;
        }
        let is_in = |case: &Case| Outcomes::of(engine, case).all.contains(segment);
        let mut short = smaller(case.clone(), is_in);
        let Some(last) = short.given.pop() else { continue };
        // That whoever did nothing is not in it says little.
        if short.given.is_empty() || is_in(&short) {
            continue;
        }
        short.expect.not_segments.push(id.clone());
        short.name = format!("without a last {}, nobody is in {id}", last.name);
        chosen.push(short);
    }
}

fn who(case: &Case) -> String {
    let names: BTreeSet<&str> = case.given.iter().map(|event| event.name.as_str()).collect();
    let mut told = Vec::new();
    for name in names {
        match case.given.iter().filter(|event| event.name == name).count() {
            1 => told.push(name.to_owned()),
            times => told.push(format!("{times} times {name}")),
        }
    }
    if told.is_empty() {
        return "whoever did nothing".to_owned();
    }
    format!("after {}, a visitor", told.join(", "))
}
