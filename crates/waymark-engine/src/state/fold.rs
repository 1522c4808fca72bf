//! What a run of events has made of a visitor.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Event, EventKey, Reader, Span, Timestamp, Writer};

use super::cell::Cell;
use super::sessions::Sessions;
use super::traits::Traits;
use crate::evaluate::Reading;
use crate::program::{Act, Feature, Program};
use crate::{Engine, WHOLE};

/// The fold of some events, in the order of their keys.
#[derive(Debug, Clone, PartialEq)]
pub struct Fold {
    /// The newest event folded.
    pub newest: EventKey,
    pub user_id: Option<(EventKey, String)>,
    pub sessions: Sessions,
    pub traits: Traits,
    /// One a feature of the Program.
    pub memories: Vec<Memory>,
}

/// A feature's cell, and how far back it reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// Events before this were not seen: what reaches further back is unknown.
    pub covered_from: Timestamp,
    pub cell: Cell,
}

/// What an event changed.
#[derive(Debug, Default)]
pub(crate) struct Touched {
    pub features: Vec<u32>,
    /// What the visitor said of themselves, or who they are.
    pub traits: bool,
}

/// A feature that this Program does not have, kept for one that may come back.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parked {
    fingerprint: u64,
    /// The newest event folded when it was set aside.
    at: EventKey,
    covered_from: Timestamp,
    cell: Vec<u8>,
}

/// How long a feature without a pack is kept.
const PARKED_FOR: Span = Span(30 * Span::DAY.0);

impl Fold {
    pub fn empty(program: &Program) -> Self {
        Self {
            newest: EventKey::MIN,
            user_id: None,
            sessions: Sessions::default(),
            traits: Traits::default(),
            memories: program
                .features
                .iter()
                .map(|feature| Memory::empty(feature, Timestamp::MIN))
                .collect(),
        }
    }

    /// A lean engine has no other way to make the same again than to write and to read it, which it
    /// has anyway: it is for pages, where few events come out of order.
    pub(super) fn copy(&self, program: &Program) -> Self {
        if WHOLE {
            return self.clone();
        }
        let mut out = Writer::default();
        self.write(&mut out, program, &[]);
        Self::read(&mut Reader::new(out.as_bytes()), program).0
    }

    /// Takes in the next event in order.
    pub(super) fn take(&mut self, engine: Engine<'_>, event: &Event, touched: &mut Touched) {
        self.newest = event.key();
        self.move_by(engine, event, false, touched);
    }

    /// Takes in an event older than the newest: only what commutes moves.
    pub(super) fn take_late(&mut self, engine: Engine<'_>, event: &Event, touched: &mut Touched) {
        self.move_by(engine, event, true, touched);
    }

    fn move_by(&mut self, engine: Engine<'_>, event: &Event, late: bool, touched: &mut Touched) {
        let program = engine.program;
        if !Act::is_named(&event.name) {
            self.sessions.insert(event.time, program.session_gap);
        }
        touched.traits |= self.traits.take(event);
        if let Some(user_id) = &event.user_id
            && self.user_id.as_ref().is_none_or(|(said, _)| *said <= event.key())
        {
            touched.traits |= self.user_id.as_ref().is_none_or(|(_, known)| known != user_id);
            self.user_id = Some((event.key(), user_id.clone()));
        }
        let number = program.event_number(&event.name);
        let mut take = |feature: u32| {
            let memory = &mut self.memories[feature as usize];
            let definition = &program.features[feature as usize];
            if memory.cell.take(engine, definition, event, number, late) {
                touched.features.push(feature);
            }
        };
        if WHOLE {
            program.index.watching(number).for_each(take);
        } else {
            (0..).zip(&program.features).for_each(|(feature, _)| take(feature));
        }
    }

    /// When the session began that goes on at `now`; one that begins then, if none does.
    pub(crate) fn session_at(&self, program: &Program, now: Timestamp) -> Timestamp {
        let session = self.sessions.current(now, program.session_gap);
        session.map_or(now, |session| session.start)
    }

    pub(super) fn write(&self, out: &mut Writer, program: &Program, parked: &[Parked]) {
        self.newest.write(out);
        out.option(self.user_id.as_ref(), |out, (key, user)| {
            key.write(out);
            out.text(user);
        });
        self.sessions.write(out);
        self.traits.write(out);
        out.unsigned((self.memories.len() + parked.len()) as u64);
        for (feature, memory) in program.features.iter().zip(&self.memories) {
            let mut cell = Writer::default();
            memory.cell.write(&mut cell, feature);
            let own = Parked {
                fingerprint: feature.fingerprint,
                at: self.newest,
                covered_from: memory.covered_from,
                cell: cell.into_bytes(),
            };
            own.write(out, self.newest);
        }
        for parked in parked {
            parked.write(out, self.newest);
        }
    }

    /// Reads a fold for a Program that may not be the one that wrote it.
    pub(super) fn read(input: &mut Reader<'_>, program: &Program) -> (Self, Vec<Parked>) {
        let mut fold = Self::empty(program);
        fold.newest = EventKey::read(input);
        fold.user_id = input.option(|input| (EventKey::read(input), input.string()));
        fold.sessions = Sessions::read(input);
        fold.traits = Traits::read(input);
        let mut stored = input.list(|input| Parked::read(input, fold.newest));
        for (feature, memory) in program.features.iter().zip(&mut fold.memories) {
            // One set aside before the last events has a gap: it is of no use.
            let fits = |stored: &&Parked| {
                stored.fingerprint == feature.fingerprint && stored.at == fold.newest
            };
            if let Some(stored) = stored.iter().find(fits) {
                memory.cell = input.inside(&stored.cell, |input| Cell::read(input, feature));
                memory.covered_from = stored.covered_from;
            } else if fold.newest != EventKey::MIN {
                memory.covered_from = fold.newest.time.plus(Span(1));
            }
        }
        let expired = fold.newest.time.minus(PARKED_FOR);
        stored.retain(|parked| {
            (parked.at.time > expired || fold.newest == EventKey::MIN)
                && program.features.iter().all(|ours| ours.fingerprint != parked.fingerprint)
        });
        (fold, stored)
    }
}

impl Parked {
    fn write(&self, out: &mut Writer, newest: EventKey) {
        out.fixed64(self.fingerprint);
        // Nearly every cell was there from the start and moved with the fold.
        out.flag(self.at == newest);
        if self.at != newest {
            self.at.write(out);
        }
        let from = Some(&self.covered_from).filter(|from| **from != Timestamp::MIN);
        out.option(from, |out, from| out.signed(from.0));
        out.bytes(&self.cell);
    }

    fn read(input: &mut Reader<'_>, newest: EventKey) -> Self {
        Self {
            fingerprint: input.fixed64(),
            at: if input.flag() { newest } else { EventKey::read(input) },
            covered_from: input.option(Reader::signed).map_or(Timestamp::MIN, Timestamp),
            cell: input.bytes().to_vec(),
        }
    }
}

impl Memory {
    fn empty(feature: &Feature, covered_from: Timestamp) -> Self {
        Self { covered_from, cell: Cell::empty(feature) }
    }

    /// What the feature of this number amounts to at `now`.
    pub(crate) fn reading(&self, engine: Engine<'_>, feature: u32, now: Timestamp) -> Reading<'_> {
        let feature = &engine.program.features[feature as usize];
        self.cell.reading(engine, feature, self.covered_from, now)
    }
}
