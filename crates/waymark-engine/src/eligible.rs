//! Which rules hold of a visitor, whoever of them wins.

use alloc::vec::Vec;

use waymark_model::Timestamp;

use crate::evaluate::{Evaluation, Silent, Truth, group};
use crate::program::{Root, Rows, Scan};
use crate::state::State;
use crate::{Context, Engine, WHOLE};

/// A visitor on a page, looked up in what rules ask for: once, however often they are asked about.
/// It stands until the visitor's traits or the page change.
#[derive(Debug, Clone, Default)]
pub struct Prepared(pub(crate) Rows);

impl Engine<'_> {
    pub fn prepare(&self, state: &State, context: &Context) -> Prepared {
        if !WHOLE {
            return Prepared::default();
        }
        let columns = &self.program.index.columns;
        Prepared(columns.load(|path| match path.root {
            Root::Traits => state.head.traits.values().at(&path.keys),
            root => group(&context.values, root)?.at(&path.keys),
        }))
    }

    /// The numbers of the rules whose conditions hold, rising: by slot, then in the order in which
    /// they are tried.
    pub fn eligible(
        &self,
        prepared: &Prepared,
        state: &State,
        context: &Context,
        now: Timestamp,
        found: &mut Vec<u32>,
    ) {
        found.clear();
        self.each_eligible(prepared, state, context, now, |rule| {
            found.push(rule);
            rule as usize + 1
        });
    }

    /// By slot the first of these, if there is one.
    pub fn first_eligible(
        &self,
        prepared: &Prepared,
        state: &State,
        context: &Context,
        now: Timestamp,
        found: &mut Vec<Option<u32>>,
    ) {
        let rules = &self.program.rules;
        found.clear();
        found.resize(self.program.slots.len(), None);
        self.each_eligible(prepared, state, context, now, |rule| {
            let slot = rules[rule as usize].slot;
            found[slot as usize] = Some(rule);
            rules.partition_point(|rule| rule.slot <= slot)
        });
    }

    /// Calls `each` with rules that hold; it gives where to go on.
    fn each_eligible(
        &self,
        prepared: &Prepared,
        state: &State,
        context: &Context,
        now: Timestamp,
        mut each: impl FnMut(u32) -> usize,
    ) {
        let now = state.clamp(now);
        let members = self.members_at(state, now);
        let mut scan = Scan::new(&self.program.index.columns, &prepared.0);
        let (mut from, end) = (0, self.program.rules.len());
        while let Some((number, settled)) = scan.next(from, end) {
            from = number + 1;
            let holds = settled || {
                let visitor = (&state.head, members.as_ref());
                let when = self.program.rules[number].when;
                let answer =
                    Evaluation::of_page(*self, visitor, context, now, &mut Silent).answer(when);
                answer.truth == Truth::True
            };
            if holds && let Ok(rule) = u32::try_from(number) {
                from = each(rule);
            }
        }
    }
}
