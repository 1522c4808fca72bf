//! `waymark import`

use std::io::Read;
use std::path::PathBuf;

use clap::Subcommand;
use waymark_import::growthbook::{Options, import};
use waymark_model::limits;

use crate::compile::write_whole;
use crate::error::CliError;
use crate::input::open;
use crate::print;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    from: From,
}

#[derive(Subcommand)]
enum From {
    /// What GrowthBook's SDKs download: features, experiments, saved groups
    Growthbook(Growthbook),
}

#[derive(clap::Args)]
struct Growthbook {
    /// The payload's JSON file, - for the standard input
    #[arg(value_name = "FILE")]
    payload: String,
    /// Where to write the pack; without it, to the standard output
    #[arg(short, long, value_name = "PACK")]
    output: Option<PathBuf>,
    /// The SDKs kept sticky buckets: visitors keep their variations, and fallback attributes count
    #[arg(long)]
    sticky: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let From::Growthbook(args) = &args.from;
    let payload = serde_json::from_slice(&read(&args.payload)?)
        .map_err(|source| CliError::PayloadNotJson { name: args.payload.clone(), source })?;
    let imported = import(&payload, &Options { sticky: args.sticky });
    for note in &imported.notes {
        eprintln!("{}", print::printable(&format!("{}: {}", note.of, note.message)));
    }
    let pack = waymark_pack::format(&imported.pack).unwrap_or(imported.pack);
    match &args.output {
        None => print::out(&pack),
        Some(path) => {
            let name = path.display().to_string();
            write_whole(path, pack.as_bytes())
                .map_err(|source| CliError::unwritable(&name, source))?;
            let notes = print::counted(imported.notes.len() as u64, "note");
            print::out(&format!("{name}, {notes}\n"))
        }
    }
}

/// A payload is as large as a pack may be, ten times over: most of it may be left out.
fn read(name: &str) -> Result<Vec<u8>, CliError> {
    let limit = 10 * limits::PACK_BYTES;
    let (from, _) = open(name)?;
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    from.take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| CliError::Unreadable { name: name.to_owned(), source })?;
    if bytes.len() > limit {
        return Err(CliError::PackTooLarge { name: name.to_owned(), limit });
    }
    Ok(bytes)
}
