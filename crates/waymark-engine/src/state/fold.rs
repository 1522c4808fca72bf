//! What a run of events has made of a visitor.

use waymark_model::{DecodeError, Event, EventKey, Reader, Span, Timestamp, Writer};

use super::cell::Cell;
use super::sessions::Sessions;
use super::traits::Traits;
use crate::Engine;
use crate::bits::Bits;
use crate::program::{Feature, Program};

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
        self.sessions.insert(event.time, program.session_gap);
        touched.traits |= self.traits.take(event);
        if let Some(user_id) = &event.user_id
            && self.user_id.as_ref().is_none_or(|(said, _)| *said <= event.key())
        {
            self.user_id = Some((event.key(), user_id.clone()));
        }
        let number = program.event_number(&event.name);
        for feature in program.index.watching(number) {
            let memory = &mut self.memories[feature as usize];
            let definition = &program.features[feature as usize];
            if memory.cell.take(engine, definition, event, number, late) {
                touched.features.push(feature);
            }
        }
    }

    pub(super) fn write(&self, out: &mut Writer, program: &Program, parked: &[Parked]) {
        self.newest.write(out);
        out.option(self.user_id.as_ref(), |out, (key, user)| {
            key.write(out);
            out.text(user);
        });
        self.sessions.write(out);
        self.traits.write(out);
        let own = program.features.iter().zip(&self.memories).map(|(feature, memory)| {
            let mut cell = Writer::default();
            memory.cell.write(&mut cell);
            Parked {
                fingerprint: feature.fingerprint,
                at: self.newest,
                covered_from: memory.covered_from,
                cell: cell.into_bytes(),
            }
        });
        let all: Vec<Parked> = own.chain(parked.iter().cloned()).collect();
        out.list(&all, |out, memory| {
            out.fixed64(memory.fingerprint);
            // Nearly every cell was there from the start and moved with the fold.
            out.flag(memory.at == self.newest);
            if memory.at != self.newest {
                memory.at.write(out);
            }
            out.option(
                Some(&memory.covered_from.0).filter(|from| **from != i64::MIN),
                |out, from| out.signed(*from),
            );
            out.bytes(&memory.cell);
        });
    }

    /// Reads a fold for a Program that may not be the one that wrote it.
    pub(super) fn read(
        input: &mut Reader<'_>,
        program: &Program,
    ) -> Result<(Self, Vec<Parked>), DecodeError> {
        let mut fold = Self::empty(program);
        fold.newest = EventKey::read(input)?;
        fold.user_id =
            input.option(|input| Ok((EventKey::read(input)?, input.text()?.to_owned())))?;
        fold.sessions = Sessions::read(input)?;
        fold.traits = Traits::read(input)?;
        let stored = input.list(|input| {
            let fingerprint = input.fixed64()?;
            let at = if input.flag()? { fold.newest } else { EventKey::read(input)? };
            let covered_from = input.option(Reader::signed)?.map_or(Timestamp::MIN, Timestamp);
            Ok(Parked { fingerprint, at, covered_from, cell: input.bytes()?.to_vec() })
        })?;
        let mut used = Bits::default();
        for (feature, memory) in program.features.iter().zip(&mut fold.memories) {
            let found = (0..).zip(&stored).find(|(_, stored)| {
                // One set aside before the last events has a gap: it is of no use.
                stored.fingerprint == feature.fingerprint && stored.at == fold.newest
            });
            if let Some((number, stored)) = found {
                used.insert(number);
                memory.cell = Cell::read(&mut Reader::new(&stored.cell), feature)?;
                memory.covered_from = stored.covered_from;
            } else if fold.newest != EventKey::MIN {
                memory.covered_from = fold.newest.time.plus(Span(1));
            }
        }
        let expired = fold.newest.time.minus(PARKED_FOR);
        let known = |parked: &Parked| {
            program.features.iter().any(|feature| feature.fingerprint == parked.fingerprint)
        };
        let parked = (0..)
            .zip(stored)
            .filter(|(number, parked)| !used.contains(*number) && !known(parked))
            .filter(|(_, parked)| parked.at.time > expired || fold.newest == EventKey::MIN)
            .map(|(_, parked)| parked)
            .collect();
        Ok((fold, parked))
    }
}

impl Memory {
    fn empty(feature: &Feature, covered_from: Timestamp) -> Self {
        Self { covered_from, cell: Cell::empty(feature) }
    }
}
