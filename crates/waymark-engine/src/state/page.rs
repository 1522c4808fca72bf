//! What of a state a page is given: what its Program reads, and nothing else.

use alloc::vec::Vec;

use waymark_model::{DecodeError, Writer};

use super::State;
use crate::Engine;
use crate::program::Program;

/// What pages ask for themselves, whatever their Program reads.
const ASKED: &str = "timezone";

impl Engine<'_> {
    /// A state for the page's Program of this engine's own: it decides as the whole does there. Without the events
    /// that are kept of it: other devices and servers may have told what this page's visitor is not to see.
    pub fn state_for_page(&self, state: &State, page: &Program) -> Result<Vec<u8>, DecodeError> {
        let settled = State { base: state.head.clone(), tail: Vec::new(), ..state.clone() };
        let engine = Engine::new(page, self.numerals);
        let mut state = engine.read_state(&self.write_state(&settled))?;
        state.parked.clear();
        state.flows.retain(|flow| page.flow(flow).is_some());
        let words = page.encode();
        state.base.traits.retain(|name| name == ASKED || names(&words, name));
        Ok(engine.write_state(&state))
    }
}

/// Whether an encoded Program has a name in it. One that reads a trait has.
fn names(program: &[u8], name: &str) -> bool {
    let mut text = Writer::default();
    text.text(name);
    let text = text.as_bytes();
    program.windows(text.len()).any(|window| window == text)
}
