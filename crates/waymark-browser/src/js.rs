//! The JavaScript class around a [`Session`]. Bytes in, bytes out; numbers as text are the page's own
//! `Number` and `String`. What it refuses is thrown as an `Error` whose `name` is the code.

use alloc::string::String;
use alloc::vec::Vec;

use wasm_bindgen::prelude::wasm_bindgen;
use waymark_engine::Numerals;
use waymark_model::DecodeError;

use crate::Session;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = Number)]
    fn parse(text: &str) -> f64;

    #[wasm_bindgen(js_name = String)]
    fn print(number: f64) -> String;

    /// JavaScript's `Error`.
    #[derive(Debug)]
    #[wasm_bindgen(js_name = Error)]
    pub type Refusal;

    #[wasm_bindgen(constructor, js_class = "Error")]
    fn new(message: &str) -> Refusal;

    #[wasm_bindgen(method, setter)]
    fn set_name(this: &Refusal, name: &str);
}

#[derive(Debug)]
#[wasm_bindgen]
pub struct Engine(Session);

#[wasm_bindgen]
impl Engine {
    /// A state of no bytes is a visitor of whom nothing is known.
    #[wasm_bindgen(constructor)]
    pub fn new(program: &[u8], state: &[u8]) -> Result<Self, Refusal> {
        let state = Some(state).filter(|state| !state.is_empty());
        Session::new(program, state, numerals()).map(Self).map_err(refusal)
    }

    /// An encoded event; gives effects.
    pub fn apply(&mut self, event: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.0.apply(event).map_err(refusal)
    }

    /// Milliseconds since 1970; gives effects.
    pub fn advance(&mut self, now: f64) -> Result<Vec<u8>, Refusal> {
        self.0.advance(now).map_err(refusal)
    }

    /// Until when nothing changes unless something happens.
    pub fn due(&self) -> f64 {
        self.0.due()
    }

    /// An encoded context, and milliseconds since 1970; gives actions.
    pub fn act(&mut self, context: &[u8], now: f64) -> Result<Vec<u8>, Refusal> {
        self.0.act(context, now).map_err(refusal)
    }

    /// An encoded context, and milliseconds since 1970; gives a decision.
    pub fn decide(&mut self, context: &[u8], now: f64) -> Result<Vec<u8>, Refusal> {
        self.0.decide(context, now).map_err(refusal)
    }

    /// The time zone that the visitor has said is theirs.
    pub fn timezone(&self) -> Option<String> {
        self.0.timezone()
    }

    pub fn snapshot(&self) -> Vec<u8> {
        self.0.snapshot()
    }
}

pub(crate) const fn numerals() -> Numerals {
    Numerals { parse, print }
}

pub(crate) fn refusal(error: DecodeError) -> Refusal {
    let refusal = Refusal::new("");
    refusal.set_name(error.code);
    refusal
}
