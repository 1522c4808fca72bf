//! `waymark lake`: the files that the edge leaves in R2, in S3 or in a folder.
//!
//! `events/day=…/shard=…/*.ndjson.gz` is what the edge wrote, `parquet/day=…/*.parquet` what `compact` made of it, and
//! `erased/*.json` who is to be forgotten.

mod compact;
mod erase;
mod export;
mod graves;
mod restore;
mod row;
mod store;
mod table;

use clap::Subcommand;

use crate::error::CliError;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Write the events of some days, or of a visitor, as lines of JSON
    Export(export::Args),
    /// Make one table of each past day's files, and carry out erasures
    Compact(compact::Args),
    /// Forget a visitor, at once
    Erase(erase::Args),
    /// Give events back to an edge whose shards have lost what they had
    Restore(restore::Args),
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    match &args.command {
        Command::Export(args) => export::run(args),
        Command::Compact(args) => compact::run(args),
        Command::Erase(args) => erase::run(args),
        Command::Restore(args) => restore::run(args),
    }
}

/// Where a lake is.
#[derive(clap::Args)]
struct Where {
    /// A folder, or `s3://BUCKET/PREFIX` with the credentials in `AWS_ACCESS_KEY_ID` and
    /// `AWS_SECRET_ACCESS_KEY`; for R2 with `AWS_ENDPOINT=https://ACCOUNT.r2.cloudflarestorage.com`
    #[arg(value_name = "LAKE")]
    lake: String,
}

impl Where {
    fn open(&self) -> Result<store::Store, CliError> {
        store::Store::open(&self.lake)
    }
}

/// A day as folders name it; `None` for what is no folder of a day.
fn day_of<'n>(name: &'n str, folder: &str) -> Option<&'n str> {
    let rest = name.strip_prefix(folder)?.strip_prefix("/day=")?;
    rest.split_once('/').map(|(day, _)| day)
}

/// `2026-11-30`.
fn is_day(text: &str) -> Result<String, String> {
    let instant = format!("{text}T00:00:00Z");
    match waymark_wire::parse_timestamp(&instant) {
        Some(_) if text.len() == 10 => Ok(text.to_owned()),
        _ => Err("a day is written as 2026-11-30".to_owned()),
    }
}
