//! `waymark lake export`: events as the edge wrote them, a line each, which `replay` and `simulate` read.

use std::collections::BTreeSet;

use super::compact::{EVENTS, TABLES, bad, by_day, lines, row, tabulated};
use super::graves::Graves;
use super::row::Row;
use super::store::Store;
use super::table::Table;
use super::{Where, is_day};
use crate::error::CliError;
use crate::print;

const WRITE_BYTES: usize = 1_000_000;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
}

/// Some events of a lake.
#[derive(clap::Args)]
pub(super) struct Which {
    #[command(flatten)]
    lake: Where,
    /// From this day of receipt on
    #[arg(long, value_name = "DAY", value_parser = is_day)]
    from: Option<String>,
    /// Up to this day, and with it
    #[arg(long, value_name = "DAY", value_parser = is_day)]
    to: Option<String>,
    /// Only this one's, by the key that events are kept under, such as u:42
    #[arg(long, value_name = "KEY")]
    visitor: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let mut out = String::new();
    args.which.each(|row| {
        out.push_str(&row.to_line());
        out.push('\n');
        if out.len() > WRITE_BYTES { print::out(&std::mem::take(&mut out)) } else { Ok(()) }
    })?;
    print::out(&out)
}

impl Which {
    /// Day by day, each event once, and nobody's who is to be forgotten.
    pub(super) fn each(
        &self,
        mut each: impl FnMut(&Row) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let store = self.lake.open()?;
        let mut graves = Graves::read(&store)?;
        let files = by_day(&store, EVENTS)?;
        let tables = by_day(&store, TABLES)?;
        let days: BTreeSet<&String> = files.keys().chain(tables.keys()).collect();
        for day in days {
            let late = self.from.as_ref().is_none_or(|from| from <= day);
            let early = self.to.as_ref().is_none_or(|to| day <= to);
            if !late || !early {
                continue;
            }
            let files = files.get(day).map(Vec::as_slice).unwrap_or_default();
            of_day(&store, day, files, |row| {
                let wanted = self.visitor.as_ref().is_none_or(|visitor| row.visitor() == visitor);
                if wanted && !graves.holds(row.visitor()) { each(row) } else { Ok(()) }
            })?;
        }
        Ok(())
    }
}

fn of_day(
    store: &Store,
    day: &str,
    files: &[String],
    mut each: impl FnMut(&Row) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let (tables, sources) = tabulated(store, day)?;
    for name in tables {
        let table = Table::decode(store.get(&name)?).map_err(|error| bad(&name, &error))?;
        table.rows.iter().try_for_each(&mut each)?;
    }
    // What a table has already was left over when somebody stopped.
    for name in files.iter().filter(|name| !sources.contains(*name)) {
        for line in lines(store, name)?.lines() {
            each(&row(name, line)?)?;
        }
    }
    Ok(())
}
