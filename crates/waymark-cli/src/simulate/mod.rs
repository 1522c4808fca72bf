//! `waymark simulate`: journeys, recorded or generated, played under one pack or two.

mod generate;
mod html;
mod named;
mod play;
mod report;
mod sections;
mod tables;
mod text;
mod wanted;

use std::io;
use std::path::PathBuf;

use clap::ValueEnum;
use indicatif::ProgressBar;
use waymark_engine::Program;
use waymark_insight::simulation::Changes;
use waymark_model::{Event, Span, Timestamp};
use waymark_pack::Compiled;

use crate::audience::Audience;
use crate::compile::write_whole;
use crate::error::CliError;
use crate::events::Events;
use crate::{explain, pack, print};
use generate::Generator;
use play::{Player, is_ours};
use report::{Journeys, Report, Source};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pack's JSON file
    #[arg(value_name = "PACK")]
    pack: String,
    /// Another pack that the same visitors are played under, such as the one that is live
    #[arg(long, value_name = "PACK")]
    against: Option<String>,
    /// Segment events as NDJSON, plain or gzip; - for the standard input
    #[arg(long, value_name = "FILE", required_unless_present = "generate")]
    events: Option<String>,
    /// Make up the journeys of so many visitors, from what the pack asks for
    #[arg(long, value_name = "NUMBER", conflicts_with = "events",
          value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    generate: Option<u64>,
    /// Other seeds make up other journeys
    #[arg(long, value_name = "NUMBER", default_value_t = 1, conflicts_with = "events")]
    seed: u64,
    /// How many days the journeys that are made up go over
    #[arg(long, value_name = "NUMBER", default_value_t = 30, conflicts_with = "events",
          value_parser = clap::value_parser!(u16).range(1..=3_650))]
    days: u16,
    /// When it ends, in ISO 8601 or milliseconds since 1970 [default: with the newest event]
    #[arg(long, value_name = "TIME", value_parser = explain::time)]
    until: Option<Timestamp>,
    /// When visitors look at what they are shown
    #[arg(long, value_enum, default_value_t = Look::PageView)]
    look: Look,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Also write the report as a page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Look {
    /// At each of their page views
    PageView,
    /// Once a day from their first event on, on no page in particular
    Day,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let compiled = pack::load(&args.pack)?;
    let other = args.against.as_deref().map(pack::load).transpose()?;
    let report = report(args, &compiled, other.as_ref())?;
    if let Some(path) = &args.html {
        let name = path.display().to_string();
        let page = html::page(&report);
        write_whole(path, page.as_bytes()).map_err(|source| CliError::unwritable(&name, source))?;
    }
    if args.json {
        let json = serde_json::to_string(&report).map_err(io::Error::from)?;
        return print::out(&format!("{json}\n"));
    }
    print::out(&print::printable(&text::report(&report)))
}

/// Plays everybody.
fn report(args: &Args, compiled: &Compiled, other: Option<&Compiled>) -> Result<Report, CliError> {
    let (audience, journeys) = match args.generate {
        Some(visitors) => (Crowd::MadeUp(visitors), made_up(args)),
        None => recorded(args)?,
    };
    let until = journeys.until;
    let programs: Vec<&Program> =
        std::iter::once(compiled).chain(other).map(|compiled| &compiled.program).collect();
    let mut players: Vec<Player<'_>> =
        programs.iter().map(|program| Player::new(program, args.look, until)).collect();
    // What it is compared with came before.
    let mut changes = match programs[..] {
        [program, other] => Some(Changes::between(other, program)),
        _ => None,
    };
    let mut play = |events: &[Event]| {
        let played: Vec<_> = players.iter_mut().map(|player| player.play(events)).collect();
        if let (Some(changes), [program, other], [after, before]) =
            (&mut changes, &programs[..], &played[..])
        {
            changes.compare([other, program], [before, after]);
        }
    };
    let bar = print::bar("{bar:30} {percent}% played, {eta} left");
    match audience {
        Crowd::Recorded(audience) => {
            bar.set_length(Audience::parts());
            audience.each(&bar, |_, events| play(events))?;
        }
        Crowd::MadeUp(visitors) => {
            bar.set_length(visitors);
            let packs: Vec<&Compiled> = std::iter::once(compiled).chain(other).collect();
            let generator = Generator::of(&packs, args.seed, journeys.from, until);
            for number in 0..visitors {
                play(&generator.journey(number));
                bar.inc(1);
            }
        }
    }
    bar.finish_and_clear();
    let counts: Vec<_> = players.into_iter().map(|player| player.counts).collect();
    let names = [Some(args.pack.as_str()), args.against.as_deref()];
    Ok(Report::of(journeys, &counts, &names.into_iter().flatten().collect::<Vec<_>>(), changes))
}

/// Whose journeys are played.
enum Crowd {
    Recorded(Audience),
    MadeUp(u64),
}

fn made_up(args: &Args) -> Journeys {
    let length = Span(i64::from(args.days) * Span::DAY.0);
    let until = args.until.unwrap_or(generate::START.plus(length));
    Journeys {
        source: Source::Generated { seed: args.seed, days: args.days },
        look: args.look,
        from: until.minus(length),
        until,
        duplicates: 0,
        rejected: 0,
        left_out: 0,
    }
}

/// Reads all events and puts them aside by visitor.
fn recorded(args: &Args) -> Result<(Crowd, Journeys), CliError> {
    let path = args.events.as_deref().unwrap_or("-");
    let bar: ProgressBar =
        print::bar("{bar:30} {bytes} of {total_bytes} read, {bytes_per_sec}, {eta} left");
    let mut events = Events::open(path, bar.clone())?;
    let mut audience = Audience::new();
    let mut times: Option<(Timestamp, Timestamp)> = None;
    let mut left_out = 0;
    while let Some(event) = events.next()? {
        if is_ours(&event) || args.until.is_some_and(|until| event.time > until) {
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
        look: args.look,
        from,
        until: args.until.unwrap_or(newest),
        duplicates: events.duplicates,
        rejected: events.rejected,
        left_out,
    };
    Ok((Crowd::Recorded(audience), journeys))
}
