//! One visitor: the fold of their distinct events in the order of their keys.
//!
//! Kept as a checkpoint (`base`) and the events since (`tail`). An event in order is folded onto the
//! `head`; one that belongs inside the tail is put there and the head is folded again from the base;
//! an older one is *late*: it moves only what comes out the same in any order, and is counted.

mod cell;
mod flows;
mod fold;
mod page;
mod sessions;
mod traits;

use alloc::vec::Vec;

use waymark_model::{DecodeError, Event, EventKey, Reader, Timestamp, Writer};

pub use cell::{Cell, KEY_BYTES, Progress, RUNS};
pub use flows::Standing;
pub(crate) use flows::{FLOW_RUNS, Flows, Run};
use fold::Parked;
pub(crate) use fold::Touched;
pub use fold::{Fold, Memory};
pub use page::Vocabulary;
pub use sessions::{Session, Sessions};
pub use traits::{TRAITS_BOUND, Traits};

use crate::membership::{Change, Memberships};
use crate::program::{Act, PackHash};
use crate::{Engine, WHOLE};

/// Events kept since the checkpoint.
pub const TAIL_EVENTS: usize = 32;
/// Most bytes that the events kept since the checkpoint take.
pub const TAIL_BYTES: usize = 12 * 1024;

#[derive(Debug, Clone)]
pub struct State {
    /// The pack it was last folded with.
    pub pack: PackHash,
    /// Distinct events taken in.
    pub seq: u64,
    /// Of these, the ones that came too late to be put in order.
    pub late: u64,
    pub(crate) head: Fold,
    pub(crate) members: Memberships,
    base: Fold,
    tail: Vec<Kept>,
    parked: Vec<Parked>,
    pub(crate) flows: Flows,
    /// Counts how often something moved that a decision may rest on.
    pub(crate) moves: u64,
}

#[derive(Debug, Clone, PartialEq)]
struct Kept {
    key: EventKey,
    weight: usize,
    event: Event,
}

/// How an event was taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    InOrder,
    /// It belonged before others, which were folded again.
    Reordered,
    /// Older than the checkpoint: only what commutes moved.
    Late,
    /// It was there already; nothing moved.
    Duplicate,
}

/// What an event, or the passing of time, has changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Effects {
    pub applied: Applied,
    pub change: Change,
    /// Until when memberships stay as they are, and no action is due, if nothing happens.
    pub valid_until: Timestamp,
}

impl Engine<'_> {
    /// A visitor of whom nothing is known.
    pub fn new_state(&self) -> State {
        let mut state = State {
            pack: self.program.hash,
            seq: 0,
            late: 0,
            head: Fold::empty(self.program),
            members: Memberships::default(),
            base: Fold::empty(self.program),
            tail: Vec::new(),
            parked: Vec::new(),
            flows: Flows::default(),
            moves: 0,
        };
        state.members = self.memberships(&state.head, Timestamp::MIN);
        state
    }

    /// Takes in an event.
    pub fn apply(&self, state: &mut State, event: &Event) -> Effects {
        self.apply_owned(state, event.clone())
    }

    /// Takes in an event that nobody else needs: it is kept for a while, and need not be copied.
    pub fn apply_owned(&self, state: &mut State, event: Event) -> Effects {
        // What runs need of it is needed after it is folded.
        let event_of_flows = self.moves_flows(&event).then(|| event.clone());
        // Of events of one moment none is late.
        let in_time = event.time >= state.head.newest.time;
        let mut touched = Touched::default();
        let applied = self.fold(state, event, &mut touched);
        let alike = match applied {
            Applied::Duplicate => true,
            Applied::InOrder => {
                self.program.sessionless && !touched.traits && touched.features.is_empty()
            }
            Applied::Reordered | Applied::Late => false,
        };
        state.moves += u64::from(!alike);
        let now = state.members.at.max(state.head.newest.time);
        let change = match applied {
            Applied::Duplicate => Change::default(),
            Applied::InOrder if WHOLE => self.update_memberships(state, now, &touched),
            // A lean engine has few, and nothing that says which of them an event concerns.
            _ => self.renew_memberships(state, now),
        };
        if WHOLE && applied != Applied::Duplicate {
            if let Some(event) = event_of_flows {
                self.cue(state, &event, applied);
            }
            // A late event corrects who is where, and nothing is done because of that.
            if in_time && applied != Applied::Late {
                self.begin(state, &change.began, now);
            }
            state.flows.recheck(self.program, now);
        }
        Effects { applied, change, valid_until: state.valid_until() }
    }

    /// Brings memberships up to `now`: windows slide though nothing happens.
    pub fn advance(&self, state: &mut State, now: Timestamp) -> Change {
        let now = state.clamp(now);
        if now < state.members.until {
            state.members.at = now;
            return Change::default();
        }
        let change = self.renew_memberships(state, now);
        if WHOLE {
            self.begin(state, &change.began, now);
        }
        change
    }

    fn moves_flows(&self, event: &Event) -> bool {
        WHOLE && !self.program.flows.is_empty() && {
            let number = self.program.event_number(&event.name);
            Act::is_named(&event.name) || self.program.index.flows_of(number).next().is_some()
        }
    }

    fn fold(&self, state: &mut State, event: Event, touched: &mut Touched) -> Applied {
        let key = event.key();
        if key <= state.base.newest {
            if key == state.base.newest {
                return Applied::Duplicate;
            }
            state.base.take_late(*self, &event, touched);
            state.head.take_late(*self, &event, touched);
            state.seq += 1;
            state.late += 1;
            return Applied::Late;
        }
        let kept = Kept { key, weight: event.weight(), event };
        let applied = match state.tail.binary_search_by_key(&key, |kept| kept.key) {
            Ok(_) => return Applied::Duplicate,
            Err(at) if at == state.tail.len() => {
                state.head.take(*self, &kept.event, touched);
                state.tail.push(kept);
                Applied::InOrder
            }
            Err(at) => {
                state.tail.insert(at, kept);
                state.head = state.base.copy(self.program);
                for kept in &state.tail {
                    state.head.take(*self, &kept.event, touched);
                }
                Applied::Reordered
            }
        };
        state.seq += 1;
        self.move_checkpoint(state);
        applied
    }

    /// Folds the oldest events into the checkpoint while there are too many.
    fn move_checkpoint(&self, state: &mut State) {
        let mut bytes: usize = state.tail.iter().map(|kept| kept.weight).sum();
        let mut over = 0;
        for kept in &state.tail {
            let left = state.tail.len() - over;
            if left <= TAIL_EVENTS && bytes <= TAIL_BYTES {
                break;
            }
            state.base.take(*self, &kept.event, &mut Touched::default());
            bytes -= kept.weight;
            over += 1;
        }
        state.tail.drain(..over);
    }

    /// Reads a state. When another pack wrote it, what both remember is kept, what is new is filled
    /// from the tail, and what this pack lacks is set aside.
    pub fn read_state(&self, bytes: &[u8]) -> Result<State, DecodeError> {
        let head = |input: &Reader<'_>| Fold::read(&mut input.clone(), self.program).0;
        let (mut state, pack) = Reader::whole(bytes, |input| self.read_checkpoint(input, head))?;
        for kept in &state.tail {
            state.head.take(*self, &kept.event, &mut Touched::default());
        }
        state.members = self.memberships(&state.head, state.members.at);
        if WHOLE && !pack.is_same_pack(self.program.hash) {
            self.include_existing(&mut state);
        }
        Ok(state)
    }

    /// Reads a state that still has to take in its tail. `head` is asked where the base begins.
    fn read_checkpoint<'r>(
        &self,
        input: &mut Reader<'r>,
        head: impl FnOnce(&Reader<'r>) -> Fold,
    ) -> (State, PackHash) {
        if input.byte() != State::FORMAT {
            input.refuse("unknown-state-format", ());
        }
        let wrote = PackHash(input.array());
        let (seq, late) = (input.count(), input.count());
        let members = Memberships { at: Timestamp(input.signed()), ..Memberships::default() };
        let head = head(input);
        let (base, parked) = Fold::read(input, self.program);
        let tail = input.list(|input| {
            let event = Event::read(input);
            Kept { key: event.key(), weight: event.weight(), event }
        });
        if !tail.is_sorted_by(|a, b| a.key < b.key)
            || tail.first().is_some_and(|kept| kept.key <= base.newest)
        {
            input.refuse("unsorted-tail", ());
        }
        let (pack, flows) = (self.program.hash, Flows::read(input));
        (State { pack, seq, late, head, members, base, tail, parked, flows, moves: 0 }, wrote)
    }

    /// The state as bytes. It has to have been folded with this engine's program.
    pub fn write_state(&self, state: &State) -> Vec<u8> {
        let mut out = Writer::default();
        out.byte(State::FORMAT);
        out.raw(&state.pack.0);
        out.count(state.seq);
        out.count(state.late);
        out.signed(state.members.at.0);
        state.base.write(&mut out, self.program, &state.parked);
        out.list(&state.tail, |out, kept| kept.event.write(out));
        state.flows.write(&mut out);
        out.into_bytes()
    }
}

impl State {
    /// Of its binary form.
    pub const FORMAT: u8 = 3;

    /// What the events so far have made of the visitor.
    pub const fn fold(&self) -> &Fold {
        &self.head
    }

    /// Segments that the visitor is in, and the stage, as numbers in the Program, as of the last
    /// event or [`Engine::advance`].
    pub fn segments(&self) -> impl Iterator<Item = u32> {
        self.members.segments()
    }

    pub const fn stage(&self) -> Option<u32> {
        self.members.stage
    }

    /// Until when memberships stay as they are, and no action is due, if nothing happens.
    pub fn valid_until(&self) -> Timestamp {
        if WHOLE { self.members.until.min(self.flows.due()) } else { self.members.until }
    }

    /// Time does not run backwards: a clock behind the newest event is taken to stand at it.
    pub(crate) fn clamp(&self, now: Timestamp) -> Timestamp {
        now.max(self.head.newest.time).max(self.members.at)
    }

    /// The latest events, in order.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.tail.iter().map(|kept| &kept.event)
    }

    /// The events that are kept of those after one.
    pub(crate) fn later_than(&self, event: &Event) -> impl Iterator<Item = &Event> {
        let key = event.key();
        let after = self.tail.partition_point(|kept| kept.key <= key);
        self.tail[after..].iter().map(|kept| &kept.event)
    }

    /// How many features of other packs are kept for their return.
    pub fn set_aside(&self) -> usize {
        self.parked.len()
    }
}
