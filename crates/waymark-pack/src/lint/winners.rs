//! Rules that can never win.

use waymark_engine::program::Compare;

use crate::condition::{Comparison, Condition, Kind};
use crate::diagnostic::Code;
use crate::pack::{Pack, Rule};
use crate::problem::{Problems, shown};

/// Rules whose condition nobody can meet.
pub(super) fn unreachable(pack: &Pack, problems: &mut Problems) {
    for rule in &pack.rules {
        if never(pack, &rule.when, 0) {
            let message = format!("nobody can meet the condition of the rule {}", shown(&rule.id));
            problems.warn(Code::UnreachableRule, rule.at, message);
        }
    }
}

/// Whether no visitor can meet a condition; `false` when in doubt.
fn never(pack: &Pack, condition: &Condition, depth: usize) -> bool {
    /// Segments in segments that are followed.
    const DEPTH: usize = 16;
    match &condition.kind {
        Kind::All(parts) => {
            parts.iter().any(|part| never(pack, part, depth))
                || !super::contradiction(parts).is_empty()
        }
        Kind::Any(parts) => parts.iter().all(|part| never(pack, part, depth)),
        Kind::Not(part) => part.constant() == Some(true),
        Kind::Compare { compare: Comparison::Plain(Compare::In(list)), .. } => list.is_empty(),
        Kind::Segment(id) if depth < DEPTH => {
            let segment = pack.segments.iter().find(|segment| segment.id == *id);
            let when = segment.and_then(|segment| segment.when.as_ref());
            when.is_some_and(|when| never(pack, when, depth + 1))
        }
        _ => false,
    }
}

/// Whether whoever meets `later` meets `earlier`: everything that the one asks the other asks, too.
pub(super) fn implies(later: &Rule, earlier: &Rule) -> bool {
    /// Parts that are compared with each other.
    const PARTS: usize = 32;
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
