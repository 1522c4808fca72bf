//! The conditions of a Program, equal ones shared.

use std::collections::BTreeMap;

use waymark_engine::program::{Cond, CondId};

/// What hosts accept, as `Program::decode` has it.
const DEPTH: u32 = 64;
const WEIGHT: u32 = 20_000;

#[derive(Debug, Default)]
pub(super) struct Conds {
    pub list: Vec<Cond>,
    measures: Vec<Measure>,
    /// By their text, which tells them apart.
    known: BTreeMap<String, CondId>,
}

#[derive(Debug, Clone, Copy)]
struct Measure {
    depth: u32,
    weight: u32,
}

impl Conds {
    pub fn add(&mut self, cond: Cond) -> CondId {
        let text = format!("{cond:?}");
        if let Some(known) = self.known.get(&text) {
            return *known;
        }
        let parts: &[CondId] = match &cond {
            Cond::All(parts) | Cond::Any(parts) => parts,
            Cond::Not(part) => std::slice::from_ref(part),
            Cond::Test(_) => &[],
        };
        let parts = parts.iter().map(|part| self.measures[part.0 as usize]);
        let measure = parts.fold(Measure { depth: 0, weight: 1 }, |all, part| Measure {
            depth: all.depth.max(part.depth + 1),
            weight: all.weight.saturating_add(part.weight),
        });
        let id = CondId(u32::try_from(self.list.len()).unwrap_or(u32::MAX));
        self.list.push(cond);
        self.measures.push(measure);
        self.known.insert(text, id);
        id
    }

    /// Whether hosts will evaluate it, or what it is too much of.
    pub fn bounded(&self, id: CondId) -> Result<(), String> {
        let Measure { depth, weight } = self.measures[id.0 as usize];
        if depth > DEPTH {
            return Err(format!("nested {depth} deep; {DEPTH} is the limit"));
        }
        if weight > WEIGHT {
            return Err(format!("made of {weight} parts; {WEIGHT} is the limit"));
        }
        Ok(())
    }
}
