//! A Program and one visitor's State, held together for as long as a page lives.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use waymark_engine::{Applied, Context, Engine, Latest, Numerals, Program, State, WHOLE};
use waymark_model::{DecodeError, Event, Timestamp, Value};

use crate::{encode_acted, encode_effects};

#[derive(Debug)]
pub struct Session {
    program: &'static Program,
    state: State,
    numerals: Numerals,
    latest: Latest,
}

impl Session {
    /// A Program for as long as the page lives: nearly every page has one, and code that gives its
    /// parts back would weigh more than they do.
    pub fn program(bytes: &[u8]) -> Result<&'static Program, DecodeError> {
        Program::decode(bytes).map(|program| &*Box::leak(Box::new(program)))
    }

    /// Begins with what an earlier page kept, or with a visitor of whom nothing is known.
    pub fn new(
        program: &'static Program,
        state: Option<&[u8]>,
        numerals: Numerals,
    ) -> Result<Self, DecodeError> {
        let engine = Engine::new(program, numerals);
        let state = match state {
            Some(bytes) => engine.read_state(bytes)?,
            None => engine.new_state(),
        };
        Ok(Self { program, state, numerals, latest: Latest::default() })
    }

    /// Takes in an event; gives effects.
    pub fn apply(&mut self, event: &[u8]) -> Result<Vec<u8>, DecodeError> {
        let mut event = Event::decode(event)?;
        // A lean engine has no Program that has some.
        if WHOLE {
            self.program.doubt(&mut event);
        }
        let effects = Engine::new(self.program, self.numerals).apply_owned(&mut self.state, event);
        Ok(encode_effects(self.program, effects.applied, self.state.seq, &effects.change))
    }

    /// Brings memberships up to `now`, in milliseconds since 1970; gives effects.
    pub fn advance(&mut self, now: f64) -> Result<Vec<u8>, DecodeError> {
        let now = instant(now)?;
        let change = Engine::new(self.program, self.numerals).advance(&mut self.state, now);
        Ok(encode_effects(self.program, Applied::InOrder, self.state.seq, &change))
    }

    /// When [`Session::advance`] and [`Session::act`] have something to do, in milliseconds since 1970.
    pub fn due(&self) -> f64 {
        self.state.valid_until().to_js()
    }

    /// Takes the actions that are due at `now`; gives them with their effects.
    pub fn act(&mut self, context: &[u8], now: f64) -> Result<Vec<u8>, DecodeError> {
        let now = instant(now)?;
        let context = Context::decode(context)?;
        let engine = Engine::new(self.program, self.numerals);
        let acted = engine.act(&mut self.state, &context, now);
        Ok(encode_acted(self.program, self.state.seq, &acted))
    }

    /// Gives a decision.
    pub fn decide(&mut self, context: &[u8], now: f64) -> Result<Vec<u8>, DecodeError> {
        let now = instant(now)?;
        let engine = Engine::new(self.program, self.numerals);
        self.latest.decide(engine, &self.state, context, now)
    }

    /// `traits.timezone`, the name of a zone.
    pub fn timezone(&self) -> Option<String> {
        let said = self.state.fold().traits.values().get("timezone");
        said.and_then(Value::as_text).map(ToOwned::to_owned)
    }

    /// What the next page begins with.
    pub fn snapshot(&self) -> Vec<u8> {
        Engine::new(self.program, self.numerals).write_state(&self.state)
    }
}

fn instant(ms: f64) -> Result<Timestamp, DecodeError> {
    Timestamp::from_js(ms).ok_or(DecodeError { code: "bad-time", offset: 0 })
}
