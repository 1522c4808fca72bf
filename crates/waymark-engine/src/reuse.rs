//! A decision that is given again while nothing that it rests on has changed.

use alloc::vec::Vec;

use waymark_model::{DecodeError, Timestamp, Writer};

use crate::evaluate::Silent;
use crate::{Context, Decision, Engine, State};

/// The latest decision of one visitor, and what it was made of.
#[derive(Debug, Default)]
pub struct Latest {
    context: Vec<u8>,
    moves: u64,
    now: Timestamp,
    /// Before there is one, it stands never.
    until: Timestamp,
    /// The session that what it logs belongs to.
    session: Option<Timestamp>,
    rest: Writer,
}

impl Latest {
    /// As [`Engine::decide`] would, of an encoded context, in its bytes. `state` is always the same
    /// visitor's, and changes through the same `engine` only. `valid_until` may be later than a new
    /// decision would say, and as true.
    pub fn decide(
        &mut self,
        engine: Engine<'_>,
        state: &State,
        context: &[u8],
        now: Timestamp,
    ) -> Result<Vec<u8>, DecodeError> {
        let now = state.clamp(now);
        let session = state.head.session_at(engine.program, now);
        let stands = self.moves == state.moves
            && self.now <= now
            && now < self.until
            && self.session.is_none_or(|of| of == session)
            && self.context == context;
        if !stands {
            let read = Context::decode(context)?;
            let decision = engine.decide_watched(state, &read, now, &mut Silent);
            self.context.clear();
            self.context.extend_from_slice(context);
            self.moves = state.moves;
            self.until = decision.valid_until;
            self.session = (!decision.views.is_empty()).then_some(session);
            self.rest = Writer::default();
            decision.write_rest(&mut self.rest);
        }
        self.now = now;
        let mut out = Decision::head(engine.program.hash, state.seq, now);
        out.raw(self.rest.as_bytes());
        Ok(out.into_bytes())
    }
}
