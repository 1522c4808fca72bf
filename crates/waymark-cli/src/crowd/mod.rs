//! The visitors that packs are played for: those of a recording, or as many as are made up.

mod generate;
mod wanted;

use clap::ArgGroup;
use indicatif::ProgressBar;
use serde::{Serialize, Serializer};
use waymark_engine::View;
use waymark_engine::program::Act;
use waymark_model::{Event, Span, Timestamp};
use waymark_pack::Compiled;
use waymark_wire::format_timestamp;

use crate::audience::Audience;
use crate::error::CliError;
use crate::events::Events;
use crate::{explain, pack, print};
pub(crate) use generate::{Generator, START};

const EXPOSED: &str = "Experiment Viewed";

/// Who is played, as commands are told.
#[derive(clap::Args)]
pub(crate) struct Whom {
    /// Segment events as NDJSON, plain or gzip; - for the standard input
    #[arg(long, value_name = "FILE", alias = "from")]
    events: Option<String>,
    /// Make up the journeys of so many visitors, from what the pack asks for
    #[arg(long, value_name = "NUMBER", conflicts_with = "events",
          value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    generate: Option<u64>,
    /// Other seeds make up other journeys
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 1,
        conflicts_with = "events",
        requires = "generate"
    )]
    seed: u64,
    /// How many days the journeys that are made up go over
    #[arg(long, value_name = "NUMBER", default_value_t = 30, conflicts_with = "events",
          requires = "generate", value_parser = clap::value_parser!(u16).range(1..=3_650))]
    days: u16,
    /// When it ends, in ISO 8601 or milliseconds since 1970 [default: with the newest event]
    #[arg(long, value_name = "TIME", value_parser = explain::time, requires = "visitors")]
    until: Option<Timestamp>,
}

/// Of a command that may do without visitors.
pub(crate) fn optional() -> ArgGroup {
    ArgGroup::new("visitors").args(["events", "generate"])
}

/// Of a command that does nothing without them.
pub(crate) fn required() -> ArgGroup {
    optional().required(true)
}

/// Visitors, waiting to be played.
pub(crate) struct Crowd {
    visitors: Visitors,
    pub journeys: Journeys,
}

enum Visitors {
    Recorded(Audience),
    MadeUp { visitors: u64, seed: u64 },
}

/// Where the journeys came from.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Journeys {
    #[serde(flatten)]
    pub source: Source,
    #[serde(serialize_with = "instant")]
    pub from: Timestamp,
    #[serde(serialize_with = "instant")]
    pub until: Timestamp,
    pub duplicates: u64,
    pub rejected: u64,
    /// Events of the recording that are not played: those that hosts logged themselves under the
    /// pack of that day, and those that came after the end.
    pub left_out: u64,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase", tag = "source")]
pub(crate) enum Source {
    Recorded { file: String },
    Generated { seed: u64, days: u16 },
}

impl Whom {
    pub(crate) fn gathered(&self) -> Result<Crowd, CliError> {
        match self.generate {
            Some(visitors) => {
                let visitors = Visitors::MadeUp { visitors, seed: self.seed };
                Ok(Crowd { visitors, journeys: self.made_up() })
            }
            None => self.recorded(self.events.as_deref().unwrap_or("-")),
        }
    }

    fn made_up(&self) -> Journeys {
        let length = Span(i64::from(self.days) * Span::DAY.0);
        let until = self.until.unwrap_or(START.plus(length));
        Journeys {
            source: Source::Generated { seed: self.seed, days: self.days },
            from: until.minus(length),
            until,
            duplicates: 0,
            rejected: 0,
            left_out: 0,
        }
    }

    /// Reads all events and puts them aside by visitor.
    fn recorded(&self, path: &str) -> Result<Crowd, CliError> {
        let bar: ProgressBar =
            print::bar("{bar:30} {bytes} of {total_bytes} read, {bytes_per_sec}, {eta} left");
        let mut events = Events::open(path, bar.clone())?;
        let mut audience = Audience::new();
        let mut times: Option<(Timestamp, Timestamp)> = None;
        let mut left_out = 0;
        while let Some(event) = events.next()? {
            if is_ours(&event.name) || self.until.is_some_and(|until| event.time > until) {
                left_out += 1;
                continue;
            }
            let (first, last) = times.unwrap_or((event.time, event.time));
            times = Some((first.min(event.time), last.max(event.time)));
            audience.push(&event)?;
        }
        bar.finish_and_clear();
        // Without an event there is nobody, and no time.
        let (from, newest) = times.unwrap_or((Timestamp(0), Timestamp(0)));
        let journeys = Journeys {
            source: Source::Recorded { file: pack::shown(path).to_owned() },
            from,
            until: self.until.unwrap_or(newest),
            duplicates: events.duplicates,
            rejected: events.rejected,
            left_out,
        };
        Ok(Crowd { visitors: Visitors::Recorded(audience), journeys })
    }
}

impl Crowd {
    /// Hands over every visitor's events, in the order of time. Who is made up does what these packs
    /// watch for.
    pub(crate) fn each(
        self,
        packs: &[&Compiled],
        mut play: impl FnMut(&[Event]),
    ) -> Result<(), CliError> {
        let bar = print::bar("{bar:30} {percent}% played, {eta} left");
        let Journeys { from, until, .. } = self.journeys;
        match self.visitors {
            Visitors::Recorded(audience) => {
                bar.set_length(Audience::parts());
                audience.each(&bar, |_, events| play(events))?;
            }
            Visitors::MadeUp { visitors, seed } => {
                bar.set_length(visitors);
                let generator = Generator::of(packs, seed, from, until);
                for number in 0..visitors {
                    play(&generator.journey(number));
                    bar.inc(1);
                }
            }
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// Whether hosts log events of this name themselves: a recording has what they logged under the pack of
/// its day.
fn is_ours(event: &str) -> bool {
    Act::EVENTS.contains(&event) || [EXPOSED, View::VIEWED, View::DECIDED].contains(&event)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn instant<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    format_timestamp(*at).serialize(to)
}
