//! `waymark simulate`: journeys, recorded or generated, played under one pack or two.

mod html;
mod named;
mod play;
mod report;
mod sections;
mod tables;
mod text;

use std::io;
use std::path::PathBuf;

use clap::ValueEnum;
use serde::Serialize;
use waymark_engine::Program;
use waymark_insight::simulation::Changes;
use waymark_pack::Compiled;

use crate::compile::write_whole;
use crate::crowd::{self, Whom};
use crate::error::CliError;
use crate::{pack, print};
use play::Player;
use report::{Journeys, Report};

#[derive(clap::Args)]
#[command(group(crowd::required()))]
pub(crate) struct Args {
    /// The pack's JSON file
    #[arg(value_name = "PACK")]
    pack: String,
    /// Another pack that the same visitors are played under, such as the one that is live
    #[arg(long, value_name = "PACK")]
    against: Option<String>,
    #[command(flatten)]
    whom: Whom,
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
    let packs: Vec<(&str, &Compiled)> = std::iter::once((args.pack.as_str(), compiled))
        .chain(args.against.as_deref().zip(other))
        .collect();
    played(&args.whom, &packs, args.look)
}

/// Who was played under two packs, and what came out otherwise.
#[derive(Serialize)]
#[serde(transparent)]
pub(crate) struct Comparison(Report);

impl Comparison {
    pub(crate) fn text(&self) -> String {
        text::difference(&self.0)
    }
}

/// What another pack changes, and for whom.
pub(crate) fn compared(
    whom: &Whom,
    before: (&str, &Compiled),
    after: (&str, &Compiled),
) -> Result<Comparison, CliError> {
    Ok(Comparison(played(whom, &[after, before], Look::PageView)?))
}

/// Plays everybody under a pack and, if there is one, the pack that it is compared with.
fn played(whom: &Whom, packs: &[(&str, &Compiled)], look: Look) -> Result<Report, CliError> {
    let crowd = whom.gathered()?;
    let journeys = Journeys { crowd: crowd.journeys.clone(), look };
    let until = journeys.crowd.until;
    let programs: Vec<&Program> = packs.iter().map(|(_, compiled)| &compiled.program).collect();
    let mut players: Vec<Player<'_>> =
        programs.iter().map(|program| Player::new(program, look, until)).collect();
    // What it is compared with came before.
    let mut changes = match programs[..] {
        [program, other] => Some(Changes::between(other, program)),
        _ => None,
    };
    let compiled: Vec<&Compiled> = packs.iter().map(|(_, compiled)| *compiled).collect();
    crowd.each(&compiled, |events| {
        let played: Vec<_> = players.iter_mut().map(|player| player.play(events)).collect();
        if let (Some(changes), [program, other], [after, before]) =
            (&mut changes, &programs[..], &played[..])
        {
            changes.compare([other, program], [before, after]);
        }
    })?;
    let counts: Vec<_> = players.into_iter().map(|player| player.counts).collect();
    let names: Vec<&str> = packs.iter().map(|(name, _)| *name).collect();
    Ok(Report::of(journeys, &counts, &names, changes))
}
