//! The order in which slots are decided: as in the pack, each after those that its rules need.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Code;
use crate::pack::{Needed, Pack, Slot};
use crate::problem::{Problems, shown};

/// `None` when slots need each other in a circle, which has then been said.
pub(super) fn ordered<'p>(pack: &'p Pack, problems: &mut Problems) -> Option<Vec<&'p Slot>> {
    let experiments: BTreeMap<&str, &str> =
        pack.rules.iter().map(|rule| (rule.id.as_str(), rule.slot.as_str())).collect();
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for rule in &pack.rules {
        let slots = rule.needs.iter().filter_map(|need| match &need.of {
            Needed::Slot(slot, _) => Some(slot.as_str()),
            Needed::Variation(experiment, _) => experiments.get(experiment.as_str()).copied(),
        });
        needs.entry(&rule.slot).or_default().extend(slots);
    }
    let mut waiting: Vec<&Slot> = pack.slots.iter().collect();
    let mut placed: Vec<&Slot> = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|slot| {
            needs.get(slot.id.as_str()).is_none_or(|needs| needs.is_subset(&done))
        });
        let Some(ready) = ready else {
            // Those that wait for nobody who waits would have been placed: all are in, or behind,
            // a circle, and following any of them leads into one.
            report(&waiting, &needs, problems);
            return None;
        };
        let slot = waiting.remove(ready);
        done.insert(&slot.id);
        placed.push(slot);
    }
    Some(placed)
}

fn report(waiting: &[&Slot], needs: &BTreeMap<&str, BTreeSet<&str>>, problems: &mut Problems) {
    let Some(first) = waiting.first() else { return };
    let left: BTreeSet<&str> = waiting.iter().map(|slot| slot.id.as_str()).collect();
    let mut path = vec![first.id.as_str()];
    let circle = loop {
        let last = path[path.len() - 1];
        let next = needs.get(last).and_then(|needs| needs.iter().find(|id| left.contains(*id)));
        let Some(next) = next else { break &path[..] };
        if let Some(from) = path.iter().position(|id| id == next) {
            path.push(next);
            break &path[from..];
        }
        path.push(next);
    };
    let at = waiting.iter().find(|slot| circle.first() == Some(&slot.id.as_str()));
    let names: Vec<_> = circle.iter().map(|id| shown(id)).collect();
    let message = format!("slots need each other in a circle: {}", names.join(" needs "));
    problems.error(Code::Cycle, at.unwrap_or(first).at, message);
}
