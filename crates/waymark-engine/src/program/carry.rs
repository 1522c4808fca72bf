//! Keeping what a former pack remembered.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Compare, Cond, CondId, Feature, Matcher, Program, Test};

impl Program {
    /// This Program, also remembering what `former` did, so that a roll-back loses nothing.
    ///
    /// What it decides, and its hash, stay as they were.
    #[must_use]
    pub fn carrying(&self, former: &Self) -> Self {
        let mut program = self.clone();
        let missing: Vec<&Feature> = former
            .features
            .iter()
            .filter(|theirs| {
                self.features.iter().all(|ours| ours.fingerprint != theirs.fingerprint)
            })
            .collect();
        for feature in &missing {
            for event in feature.kind.matchers().filter_map(|matcher| matcher.event) {
                program.events.push(former.events[event as usize].clone());
            }
        }
        program.events.sort();
        program.events.dedup();
        let events = &program.events;
        let to_new = |matcher: &mut Matcher| matcher.event = renumber(matcher.event, self, events);
        program.features.iter_mut().for_each(|feature| feature.kind.each_matcher(to_new));
        program.flows.iter_mut().for_each(|flow| flow.each_matcher(to_new));
        let mut conds = Graft { from: former, into: &mut program, done: BTreeMap::new() };
        let mut carried: Vec<Feature> = missing.into_iter().cloned().collect();
        for feature in &mut carried {
            feature.kind.each_matcher(|matcher| {
                matcher.event = renumber(matcher.event, former, &conds.into.events);
                matcher.condition = matcher.condition.map(|cond| conds.copy(cond));
            });
        }
        program.features.extend(carried);
        program.indexed()
    }
}

fn renumber(event: Option<u32>, from: &Program, events: &[String]) -> Option<u32> {
    let name = &from.events[event? as usize];
    u32::try_from(events.binary_search(name).ok()?).ok()
}

/// Copies conditions on events, which read no feature, segment or stage, from one Program to another.
struct Graft<'a> {
    from: &'a Program,
    into: &'a mut Program,
    done: BTreeMap<CondId, CondId>,
}

impl Graft<'_> {
    fn copy(&mut self, cond: CondId) -> CondId {
        if let Some(copied) = self.done.get(&cond) {
            return *copied;
        }
        let from = self.from;
        let copy = match from.cond(cond) {
            Cond::All(parts) => Cond::All(parts.iter().map(|part| self.copy(*part)).collect()),
            Cond::Any(parts) => Cond::Any(parts.iter().map(|part| self.copy(*part)).collect()),
            Cond::Not(part) => Cond::Not(self.copy(*part)),
            Cond::Test(test) => Cond::Test(self.test(test.clone())),
        };
        let id = CondId(number(self.into.conds.len()));
        self.into.conds.push(copy);
        self.done.insert(cond, id);
        id
    }

    /// A test on an event, with what it refers to.
    fn test(&mut self, mut test: Test) -> Test {
        let Test::Compare { compare, .. } = &mut test else { return test };
        match compare {
            Compare::Some(cond) | Compare::Size(cond) => *cond = self.copy(*cond),
            Compare::Pattern(pattern) => {
                self.into.patterns.push(self.from.patterns[*pattern as usize].clone());
                *pattern = number(self.into.patterns.len() - 1);
            }
            Compare::Group(group) => {
                self.into.groups.push(self.from.groups[*group as usize].clone());
                *group = number(self.into.groups.len() - 1);
            }
            _ => {}
        }
        test
    }
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
