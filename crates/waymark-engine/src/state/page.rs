//! What of a state is given to those who only decide: what their Program reads, and nothing else.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::RefCell;

use waymark_model::{DecodeError, Reader, Writer};

use super::State;
use super::fold::Fold;
use crate::Engine;
use crate::program::Program;

/// What pages ask for themselves, whatever their Program reads.
const ASKED: &str = "timezone";
/// Answers that are remembered; sites have a few dozen traits.
const MOST: usize = 1_024;

/// The words of a Program. One that reads a trait has its name.
#[derive(Debug)]
pub struct Vocabulary {
    words: Vec<u8>,
    known: RefCell<BTreeMap<String, bool>>,
}

impl Vocabulary {
    pub fn of(program: &Program) -> Self {
        Self { words: program.encode(), known: RefCell::default() }
    }

    /// Whether the Program may read a trait.
    fn has(&self, name: &str) -> bool {
        if let Some(known) = self.known.borrow().get(name) {
            return *known;
        }
        let mut text = Writer::default();
        text.text(name);
        let text = text.as_bytes();
        let has = self.words.windows(text.len()).any(|window| window == text);
        let mut known = self.known.borrow_mut();
        if known.len() < MOST {
            known.insert(name.to_owned(), has);
        }
        has
    }
}

impl Engine<'_> {
    /// A state for the page's Program of this engine's own: it decides as the whole does there. Without the events
    /// that are kept of it: other devices and servers may have told what this page's visitor is not to see.
    pub fn state_for_page(
        &self,
        state: &State,
        page: &Program,
        words: &Vocabulary,
    ) -> Result<Vec<u8>, DecodeError> {
        let engine = Engine::new(page, self.numerals);
        let mut state = engine.read_state(&self.write_state(&settled(state)))?;
        state.parked.clear();
        state.flows.retain(|flow| page.flow(flow).is_some());
        state.base.traits.retain(|name| name == ASKED || words.has(name));
        Ok(engine.write_state(&state))
    }

    /// A state that this engine decides by as by the whole one, for [`read_to_decide`](Self::read_to_decide). `words`
    /// are its Program's.
    pub fn state_to_decide(&self, state: &State, words: &Vocabulary) -> Vec<u8> {
        let mut state = settled(state);
        state.parked.clear();
        state.base.traits.retain(|name| name == ASKED || words.has(name));
        state.base.traits.forget_when(state.base.newest);
        self.write_state(&state)
    }

    /// Reads such a state. No event can be folded onto it.
    pub fn read_to_decide(&self, bytes: &[u8]) -> Result<State, DecodeError> {
        let (mut state, _) = Reader::whole(bytes, |input| {
            let read = self.read_checkpoint(input, |_| Fold::empty(self.program));
            if !read.0.tail.is_empty() || !read.1.is_same_pack(self.program.hash) {
                input.refuse("not-to-decide", ());
            }
            read
        })?;
        core::mem::swap(&mut state.head, &mut state.base);
        state.members = self.memberships(&state.head, state.members.at);
        Ok(state)
    }
}

/// Nothing can be put before what there is any more.
fn settled(state: &State) -> State {
    State { base: state.head.clone(), tail: Vec::new(), ..state.clone() }
}
