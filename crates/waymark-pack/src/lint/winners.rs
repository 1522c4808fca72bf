//! Rules that can never win.

use std::collections::BTreeMap;

use waymark_engine::program::Compare;

use crate::condition::{Comparison, Condition, Kind};
use crate::diagnostic::Code;
use crate::pack::{Pack, Rule};
use crate::problem::{Problems, shown};

/// Rules whose condition nobody can meet.
pub(super) fn unreachable(pack: &Pack, problems: &mut Problems) {
    let segments = pack.segments.iter();
    let segments = segments.filter_map(|it| Some((it.id.as_str(), it.when.as_ref()?))).collect();
    let mut search = Search { segments, found: BTreeMap::new() };
    for rule in &pack.rules {
        if search.never(&rule.when, 0) {
            let message = format!("nobody can meet the condition of the rule {}", shown(&rule.id));
            problems.warn(Code::UnreachableRule, rule.at, message);
        }
    }
}

struct Search<'p> {
    segments: BTreeMap<&'p str, &'p Condition>,
    /// What is known of segments; while one is looked at, that visitors can meet it.
    found: BTreeMap<&'p str, bool>,
}

impl<'p> Search<'p> {
    /// Whether no visitor can meet a condition; `false` when in doubt.
    fn never(&mut self, condition: &'p Condition, depth: usize) -> bool {
        /// Segments in segments that are followed.
        const DEPTH: usize = 16;
        match &condition.kind {
            Kind::All(parts) => {
                parts.iter().any(|part| self.never(part, depth))
                    || !super::contradiction(parts).is_empty()
            }
            Kind::Any(parts) => parts.iter().all(|part| self.never(part, depth)),
            Kind::Not(part) => part.constant() == Some(true),
            Kind::Compare { compare: Comparison::Plain(Compare::In(list)), .. } => list.is_empty(),
            Kind::Segment(id) if depth < DEPTH => {
                if let Some(known) = self.found.get(id.as_str()) {
                    return *known;
                }
                let Some((id, when)) = self.segments.get_key_value(id.as_str()) else {
                    return false;
                };
                let (id, when) = (*id, *when);
                self.found.insert(id, false);
                let never = self.never(when, depth + 1);
                self.found.insert(id, never);
                never
            }
            _ => false,
        }
    }
}

/// Whether whoever meets `later` meets `earlier`: everything that the one asks the other asks, too.
pub(super) fn implies(later: &Rule, earlier: &Rule) -> bool {
    /// Parts that are compared with each other.
    const PARTS: usize = 8;
    let (asked, wanted) = (parts(&later.when), parts(&earlier.when));
    asked.len() <= PARTS
        && wanted.len() <= PARTS
        && wanted.iter().all(|wanted| asked.iter().any(|asked| asked == wanted))
}

fn parts(condition: &Condition) -> &[Condition] {
    match &condition.kind {
        Kind::All(parts) => parts,
        _ => std::slice::from_ref(condition),
    }
}
