//! How often what happened to pages, for the operator's figures. An isolate counts by itself and tells the registry
//! once in a while; what it has not told when it goes is lost.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::edge::Edge;
use crate::packs;
use crate::ports::{Clock, Objects, Unavailable};
use crate::protocol::{RegistryAsk, RegistryTold};

/// A kind of count, as `/metrics` shows it.
#[derive(Debug)]
pub struct Family {
    pub name: &'static str,
    pub help: &'static str,
    pub label: &'static str,
    /// What the label may be.
    pub values: &'static [&'static str],
}

pub const FAMILIES: [Family; 5] = [
    Family {
        name: "pages",
        help: "Pages, by what became of them: made personal, led elsewhere, left as they were because nothing is for \
               them, because they cannot be changed, because the plan came too late, or because it failed.",
        label: "became",
        values: &["personal", "redirect", "unchanged", "unchangeable", "late", "failed"],
    },
    Family {
        name: "snapshots",
        help: "Pages of known visitors, by the cookie that spares them their shard.",
        label: "cookie",
        values: &["fresh", "none", "stale", "invalid"],
    },
    Family {
        name: "variants",
        help: "Variants of kept pages and of plans for unknown visitors: made, or used again.",
        label: "was",
        values: &["page-made", "page-used", "plan-made", "plan-used"],
    },
    Family {
        name: "adoptions",
        help: "What pages say of the edge's decision: the device came to the same, knew more, or came to another.",
        label: "was",
        values: &["same", "stale", "mismatch"],
    },
    Family {
        name: "failures",
        help: "Origins that were not reached, other servers that said nothing of use, and traps of the module.",
        label: "of",
        values: &["origin", "remote", "trap"],
    },
];

/// What was counted and is not told yet: by family and label.
#[derive(Debug, Default)]
pub struct Counts(RefCell<BTreeMap<Counted, u64>>);

type Counted = (&'static str, &'static str);

impl Counts {
    /// Counts one; what no family knows, it does not.
    pub fn add(&self, family: &str, value: &str) {
        let Some(family) = FAMILIES.iter().find(|known| known.name == family) else { return };
        if let Some(value) = family.values.iter().find(|known| **known == value) {
            *self.0.borrow_mut().entry((family.name, value)).or_default() += 1;
        }
    }
}

/// Tells the registry. What it does not hear is told again.
pub async fn tell<H: Clock + Objects>(edge: &Edge<'_, H>) -> Result<(), Unavailable> {
    let counts = edge.isolate.counts.0.take();
    if counts.is_empty() {
        return Ok(());
    }
    let named = counts.iter().map(|((family, value), count)| (format!("{family} {value}"), *count));
    let ask = RegistryAsk::Count(named.collect());
    let error = match packs::ask(edge.host, &ask).await {
        Ok(RegistryTold::Noted) => return Ok(()),
        Ok(other) => packs::unexpected(&other),
        Err(error) => error,
    };
    let mut kept = edge.isolate.counts.0.borrow_mut();
    for (name, count) in counts {
        *kept.entry(name).or_default() += count;
    }
    Err(error)
}

/// What all isolates have told: a family's, a label's, how often.
pub async fn all<H: Objects>(edge: &Edge<'_, H>) -> Result<BTreeMap<String, u64>, Unavailable> {
    match packs::ask(edge.host, &RegistryAsk::Counts).await? {
        RegistryTold::Counts(counts) => Ok(counts.into_iter().collect()),
        other => Err(packs::unexpected(&other)),
    }
}
