//! What benchmarks call: the page's engine with many visitors in it, whose answers are read where
//! they lie. Built by `cargo xtask bench` only.

use alloc::borrow::ToOwned;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;
use waymark_engine::{Context, Engine, Latest, Numerals, Prepared, Program, State};
use waymark_model::{Event, Timestamp};

use crate::exports::numerals;

const NOW: Timestamp = Timestamp(1_700_000_000_000);
const NONE: u32 = u32::MAX;

#[derive(Debug)]
#[wasm_bindgen]
pub struct Bench {
    program: Program,
    numerals: Numerals,
    visitors: Vec<Visitor>,
    held: Vec<Event>,
    found: Vec<u32>,
    first: Vec<Option<u32>>,
}

#[derive(Debug)]
struct Visitor {
    state: State,
    context: Context,
    prepared: Prepared,
    encoded: Vec<u8>,
    latest: Latest,
}

#[wasm_bindgen]
impl Bench {
    #[wasm_bindgen(constructor)]
    pub fn new(program: &[u8]) -> Result<Self, String> {
        let program = Program::decode(program).map_err(|error| error.to_string())?;
        let numerals = numerals();
        let (visitors, held) = (Vec::new(), Vec::new());
        let (found, first) = (Vec::new(), Vec::new());
        Ok(Self { program, numerals, visitors, held, found, first })
    }

    /// Bytes of memory that the lookups of rules take.
    pub fn index_bytes(&self) -> usize {
        self.program.index_bytes()
    }

    /// A visitor of whom nothing is known, on a page; gives their number.
    pub fn visitor(&mut self, encoded: &[u8]) -> Result<usize, String> {
        let state = Engine::new(&self.program, self.numerals).new_state();
        let context = Context::decode(encoded).map_err(|error| error.to_string())?;
        let prepared = Engine::new(&self.program, self.numerals).prepare(&state, &context);
        let (encoded, latest) = (encoded.to_owned(), Latest::default());
        self.visitors.push(Visitor { state, context, prepared, encoded, latest });
        Ok(self.visitors.len() - 1)
    }

    /// Takes in an event of a visitor; gives until when their memberships stay.
    pub fn apply(&mut self, visitor: usize, event: &[u8]) -> Result<f64, String> {
        let event = Event::decode(event).map_err(|error| error.to_string())?;
        let visitor = self.visitors.get_mut(visitor).ok_or_else(nobody)?;
        let engine = Engine::new(&self.program, self.numerals);
        Ok(engine.apply_owned(&mut visitor.state, event).valid_until.to_js())
    }

    /// Keeps events, each after its length in two bytes, decoded; gives how many.
    pub fn hold(&mut self, mut events: &[u8]) -> Result<usize, String> {
        self.held.clear();
        while let [low, high, rest @ ..] = events {
            let length = usize::from(*low) | usize::from(*high) << 8;
            let (event, after) = rest.split_at_checked(length).ok_or_else(nobody)?;
            self.held.push(Event::decode(event).map_err(|error| error.to_string())?);
            events = after;
        }
        Ok(self.held.len())
    }

    /// Takes in the events that are kept, which then are not.
    pub fn apply_held(&mut self, visitor: usize) -> Result<(), String> {
        let visitor = self.visitors.get_mut(visitor).ok_or_else(nobody)?;
        let engine = Engine::new(&self.program, self.numerals);
        for event in self.held.drain(..) {
            engine.apply_owned(&mut visitor.state, event);
        }
        Ok(())
    }

    /// How many segments a visitor is in.
    pub fn segments(&self, visitor: usize) -> usize {
        self.visitors.get(visitor).map_or(0, |visitor| visitor.state.segments().count())
    }

    /// The page of a visitor is another.
    pub fn turn(&mut self, visitor: usize, context: &[u8]) -> Result<(), String> {
        let visitor = self.visitors.get_mut(visitor).ok_or_else(nobody)?;
        visitor.context = Context::decode(context).map_err(|error| error.to_string())?;
        visitor.prepared =
            Engine::new(&self.program, self.numerals).prepare(&visitor.state, &visitor.context);
        Ok(())
    }

    /// Finds all rules that hold; gives how many. Their numbers lie at [`Bench::found_at`].
    pub fn all(&mut self, visitor: usize) -> usize {
        let Some(Visitor { state, context, prepared, .. }) = self.visitors.get(visitor) else {
            return 0;
        };
        let engine = Engine::new(&self.program, self.numerals);
        engine.eligible(prepared, state, context, NOW, &mut self.found);
        self.found.len()
    }

    /// Finds the first rule that holds of each slot; gives how many slots there are. Where there is
    /// none stands 2^32 - 1.
    pub fn first(&mut self, visitor: usize) -> usize {
        let Some(Visitor { state, context, prepared, .. }) = self.visitors.get(visitor) else {
            return 0;
        };
        let engine = Engine::new(&self.program, self.numerals);
        engine.first_eligible(prepared, state, context, NOW, &mut self.first);
        self.found.clear();
        self.found.extend(self.first.iter().map(|rule| rule.unwrap_or(NONE)));
        self.found.len()
    }

    /// Decides all slots of a visitor; gives how many bytes the decision has.
    pub fn decide(&mut self, visitor: usize) -> Result<usize, String> {
        let visitor = self.visitors.get_mut(visitor).ok_or_else(nobody)?;
        let engine = Engine::new(&self.program, self.numerals);
        let decided = visitor.latest.decide(engine, &visitor.state, &visitor.encoded, NOW);
        decided.map(|bytes| bytes.len()).map_err(|error| error.to_string())
    }

    pub fn found_at(&self) -> *const u32 {
        self.found.as_ptr()
    }
}

fn nobody() -> String {
    "there is no such visitor".to_owned()
}
