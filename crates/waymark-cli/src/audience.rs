//! Many visitors' events, folded visitor by visitor.
//!
//! Events of one visitor lie scattered over a file, and a state that has left the processor's caches
//! costs four times what the fold itself does. So events are first put aside, encoded, in parts by
//! visitor; then each part, whose few states stay in the caches, is folded in the order of arrival.
//! What does not fit in memory is put aside in a temporary file.

use std::collections::BTreeMap;
#[expect(clippy::disallowed_types, reason = "visitors are counted, and counts commute")]
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use indicatif::ProgressBar;
use waymark_engine::{Context, Engine, State};
use waymark_insight::Tally;
use waymark_model::{DecodeError, Event, Reader, Timestamp, Writer, fnv1a64};

use crate::error::CliError;
use crate::input::visitor_of;

/// Of some ten thousand visitors, a part has the states of ten.
const PARTS: usize = 1_024;
/// Encoded bytes that are held in memory.
const HELD: usize = 128 * 1024 * 1024;

/// Events put aside until all are there.
pub(crate) struct Audience {
    parts: Vec<Part>,
    held: usize,
    limit: usize,
    spilled: Option<Spill>,
}

#[derive(Default)]
struct Part {
    /// What came after the pieces.
    held: Writer,
    /// Where its earlier events are in the file, in the order of arrival.
    pieces: Vec<(u64, usize)>,
}

/// A file without a name, which is gone with the process.
struct Spill {
    file: File,
    length: u64,
}

impl Audience {
    pub(crate) fn new() -> Self {
        Self::holding(HELD)
    }

    fn holding(limit: usize) -> Self {
        let parts = (0..PARTS).map(|_| Part::default()).collect();
        Self { parts, held: 0, limit, spilled: None }
    }

    pub(crate) fn push(&mut self, event: &Event) -> Result<(), CliError> {
        let hash = fnv1a64(visitor_of(event).as_bytes());
        let number = usize::try_from(hash % PARTS as u64).unwrap_or_default();
        let part = &mut self.parts[number].held;
        let before = part.as_bytes().len();
        event.write(part);
        self.held += part.as_bytes().len() - before;
        if self.held > self.limit {
            self.spill().map_err(CliError::PutAside)?;
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        let spill = match &mut self.spilled {
            Some(spill) => spill,
            none => none.insert(Spill { file: tempfile::tempfile()?, length: 0 }),
        };
        for part in &mut self.parts {
            let held = std::mem::take(&mut part.held).into_bytes();
            if !held.is_empty() {
                spill.file.write_all(&held)?;
                part.pieces.push((spill.length, held.len()));
                spill.length += held.len() as u64;
            }
        }
        self.held = 0;
        Ok(())
    }

    /// Folds every visitor and counts what they are at `now`.
    pub(crate) fn tally(
        mut self,
        engine: Engine<'_>,
        context: &Context,
        now: Timestamp,
        bar: &ProgressBar,
    ) -> Result<Tally, CliError> {
        let mut tally = Tally::of(engine.program);
        for part in self.parts {
            let events = part.all(self.spilled.as_mut()).map_err(CliError::PutAside)?;
            let visitors = visitors(engine, &events).map_err(CliError::PutAsideWrongly)?;
            for state in visitors.values() {
                tally.add_visitor(engine, state, context, now);
            }
            bar.inc(1);
        }
        Ok(tally)
    }

    /// Hands over every visitor with their events, in the order of time.
    pub(crate) fn each(
        mut self,
        bar: &ProgressBar,
        mut each: impl FnMut(&str, &[Event]),
    ) -> Result<(), CliError> {
        for part in self.parts {
            let bytes = part.all(self.spilled.as_mut()).map_err(CliError::PutAside)?;
            for (visitor, mut events) in gathered(&bytes).map_err(CliError::PutAsideWrongly)? {
                events.sort_by_key(Event::key);
                each(&visitor, &events);
            }
            bar.inc(1);
        }
        Ok(())
    }

    /// What [`Self::tally`] and [`Self::each`] go through, for the bar.
    pub(crate) const fn parts() -> u64 {
        PARTS as u64
    }
}

impl Part {
    fn all(self, spilled: Option<&mut Spill>) -> io::Result<Vec<u8>> {
        let held = self.held.into_bytes();
        let Some(spill) = spilled else { return Ok(held) };
        let mut all = Vec::new();
        for (at, length) in self.pieces {
            spill.file.seek(SeekFrom::Start(at))?;
            let start = all.len();
            all.resize(start + length, 0);
            spill.file.read_exact(&mut all[start..])?;
        }
        all.extend_from_slice(&held);
        Ok(all)
    }
}

#[expect(clippy::disallowed_types, reason = "visitors are counted, and counts commute")]
fn visitors(engine: Engine<'_>, events: &[u8]) -> Result<HashMap<String, State>, DecodeError> {
    let mut visitors: HashMap<String, State> = HashMap::new();
    let mut input = Reader::new(events);
    while input.remaining() > 0 {
        let event = Event::read(&mut input);
        input.check()?;
        let visitor = visitor_of(&event);
        if let Some(state) = visitors.get_mut(visitor) {
            engine.apply_owned(state, event);
        } else {
            let mut state = engine.new_state();
            engine.apply(&mut state, &event);
            visitors.insert(visitor.to_owned(), state);
        }
    }
    Ok(visitors)
}

fn gathered(events: &[u8]) -> Result<BTreeMap<String, Vec<Event>>, DecodeError> {
    let mut visitors: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    let mut input = Reader::new(events);
    while input.remaining() > 0 {
        let event = Event::read(&mut input);
        input.check()?;
        match visitors.get_mut(visitor_of(&event)) {
            Some(events) => events.push(event),
            None => drop(visitors.insert(visitor_of(&event).to_owned(), vec![event])),
        }
    }
    Ok(visitors)
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressBar;
    use waymark_engine::program::{Cond, CondId, Feature, FeatureKind, Matcher, Segment, Test};
    use waymark_engine::{Context, Engine, Numerals, Program};
    use waymark_insight::Tally;
    use waymark_model::{Event, Kind, Purposes, Span, Timestamp};

    use super::Audience;

    /// Three views in a day, of which a state keeps the latest three.
    fn program() -> Program {
        let mut program = Program::default().indexed();
        program.session_gap = Span(30 * Span::MINUTE.0);
        program.events = vec!["A".to_owned()];
        let on = Matcher { event: Some(0), condition: None };
        program.features =
            vec![Feature { fingerprint: 1, kind: FeatureKind::Times { on, keep: 3 } }];
        let (feature, within, session) = (0, Some(Span::DAY), false);
        program.conds =
            vec![Cond::Test(Test::Count { feature, within, session, least: 3, most: None })];
        program.segments = vec![Segment { id: "keen".to_owned(), when: CondId(0), edge: false }];
        program.stage_after = 1;
        program.indexed()
    }

    #[test]
    fn what_was_spilled_counts_as_what_was_held() {
        let program = program();
        let engine = Engine::new(&program, Numerals::NATIVE);
        let tally = |limit| -> Tally {
            let mut audience = Audience::holding(limit);
            for number in 0..3_000_i64 {
                let minute = Timestamp(number * Span::MINUTE.0);
                let mut event = Event::new(&format!("m{number}"), Kind::Track, "A", minute);
                event.anonymous_id = Some(format!("v{}", number * number % 977));
                audience.push(&event).unwrap();
            }
            assert_eq!(audience.spilled.is_some(), limit < 1_000_000);
            let context = Context { consent: Purposes::ALL, ..Context::default() };
            let now = Timestamp(3_000 * Span::MINUTE.0);
            audience.tally(engine, &context, now, &ProgressBar::hidden()).unwrap()
        };
        let held = tally(1_000_000);
        assert_eq!((held.events, held.visitors), (3_000, 489));
        assert!(held.segments["keen"] > 0);
        for limit in [0, 5_000, 70_000] {
            assert_eq!(tally(limit), held);
        }
    }
}
