//! `waymark lake compact`: one table of each past day, without those who are to be forgotten.
//!
//! A table names the files that it was made of, and only then are those deleted: whoever stops in between goes on the
//! next time, and no event is there twice.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use waymark_model::{Span, Timestamp};
use waymark_wire::format_timestamp;

use super::graves::Graves;
use super::row::Row;
use super::store::Store;
use super::table::{self, Table};
use super::{Where, day_of, is_day};
use crate::error::CliError;
use crate::{host, print};

pub(super) const EVENTS: &str = "events";
pub(super) const TABLES: &str = "parquet";
/// Bytes of lines in one table, about.
const TABLE_BYTES: usize = 256_000_000;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    lake: Where,
    /// Days before this one; today, in UTC, when it is not said
    #[arg(long, value_name = "DAY", value_parser = is_day)]
    before: Option<String>,
    /// Delete what is older than so many days
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    keep_days: Option<u16>,
}

/// What was done.
#[derive(Debug, Default)]
struct Done {
    rows: usize,
    tables: usize,
    files: usize,
    erased: usize,
    dropped: usize,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let store = args.lake.open()?;
    let now = host::now();
    let before = args.before.clone().unwrap_or_else(|| day(now));
    let mut graves = Graves::read(&store)?;
    let mut done = Done::default();
    if let Some(days) = args.keep_days {
        let oldest = day(now.minus(Span(i64::from(days) * Span::DAY.0)));
        done.dropped = drop_before(&store, &oldest)?;
    }
    for (day, files) in by_day(&store, EVENTS)? {
        if day < before {
            tabulate(&store, &mut graves, &day, files, &mut done)?;
        }
    }
    done.erased += forget(&store, &mut graves)?;
    graves.close(&store, now)?;
    let Done { rows, tables, files, erased, dropped } = done;
    let forgotten = graves.len();
    print::out(&format!(
        "{rows} events of {files} files into {tables} tables; {erased} events of {forgotten} erased \
         ids taken out; {dropped} files past their time deleted\n"
    ))
}

fn day(at: Timestamp) -> String {
    format_timestamp(at).map_or_else(String::new, |text| text[..10].to_owned())
}

/// Names of files by the day of their folder.
pub(super) fn by_day(
    store: &Store,
    folder: &str,
) -> Result<BTreeMap<String, Vec<String>>, CliError> {
    let mut days: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in store.list(folder)? {
        if let Some(day) = day_of(&name, folder) {
            days.entry(day.to_owned()).or_default().push(name);
        }
    }
    Ok(days)
}

fn drop_before(store: &Store, oldest: &str) -> Result<usize, CliError> {
    let mut dropped = 0;
    for folder in [EVENTS, TABLES] {
        for (_, files) in by_day(store, folder)?.iter().filter(|(day, _)| day.as_str() < oldest) {
            for name in files {
                store.delete(name)?;
            }
            dropped += files.len();
        }
    }
    Ok(dropped)
}

/// The tables of a day, and the files that are in them.
pub(super) fn tabulated(
    store: &Store,
    day: &str,
) -> Result<(Vec<String>, BTreeSet<String>), CliError> {
    let tables = store.list(&format!("{TABLES}/day={day}"))?;
    let mut sources = BTreeSet::new();
    for name in &tables {
        sources.extend(table::sources_of(store.get(name)?).map_err(|error| bad(name, &error))?);
    }
    Ok((tables, sources))
}

fn tabulate(
    store: &Store,
    graves: &mut Graves,
    day: &str,
    files: Vec<String>,
    done: &mut Done,
) -> Result<(), CliError> {
    let (tables, sources) = tabulated(store, day)?;
    let number = |name: &String| {
        let name = name.rsplit_once("part-")?.1.strip_suffix(".parquet")?;
        name.parse::<u32>().ok()
    };
    let mut next = tables.iter().filter_map(number).max().map_or(0, |last| last + 1);
    // Those that a table has already were left over when somebody stopped.
    let (old, fresh): (Vec<String>, Vec<String>) =
        files.into_iter().partition(|name| sources.contains(name));
    for name in &old {
        store.delete(name)?;
    }
    let mut fresh = fresh.into_iter().peekable();
    while fresh.peek().is_some() {
        let (mut table, mut bytes) = (Table::default(), 0);
        for name in fresh.by_ref() {
            let text = lines(store, &name)?;
            bytes += text.len();
            for line in text.lines() {
                let row = row(&name, line)?;
                if graves.holds(row.visitor()) {
                    done.erased += 1;
                } else {
                    table.rows.push(row);
                }
            }
            table.sources.push(name);
            if bytes >= TABLE_BYTES {
                break;
            }
        }
        // So that what is asked of one visitor, or of an hour, is read from one place.
        table.rows.sort_by(|one, other| {
            (one.visitor(), one.timestamp).cmp(&(other.visitor(), other.timestamp))
        });
        let name = format!("{TABLES}/day={day}/part-{next:04}.parquet");
        next += 1;
        store.put(&name, table.encode().map_err(|error| bad(&name, &error))?)?;
        for source in &table.sources {
            store.delete(source)?;
        }
        done.rows += table.rows.len();
        done.files += table.sources.len();
        done.tables += 1;
    }
    Ok(())
}

/// Takes those who are to be forgotten out of all files.
pub(super) fn forget(store: &Store, graves: &mut Graves) -> Result<usize, CliError> {
    let mut erased = 0;
    if graves.is_empty() {
        return Ok(0);
    }
    for name in store.list(TABLES)? {
        let mut table = Table::decode(store.get(&name)?).map_err(|error| bad(&name, &error))?;
        let before = table.rows.len();
        table.rows.retain(|row| !graves.holds(row.visitor()));
        if table.rows.len() < before {
            erased += before - table.rows.len();
            store.put(&name, table.encode().map_err(|error| bad(&name, &error))?)?;
        }
    }
    for name in store.list(EVENTS)? {
        let text = lines(store, &name)?;
        let mut rest = String::new();
        let mut gone = 0;
        for line in text.lines() {
            if graves.holds(row(&name, line)?.visitor()) {
                gone += 1;
            } else {
                rest.push_str(line);
                rest.push('\n');
            }
        }
        if gone > 0 {
            erased += gone;
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(rest.as_bytes())?;
            store.put(&name, encoder.finish()?)?;
        }
    }
    Ok(erased)
}

pub(super) fn lines(store: &Store, name: &str) -> Result<String, CliError> {
    let bytes = store.get(name)?;
    let mut text = String::new();
    MultiGzDecoder::new(bytes.as_slice()).read_to_string(&mut text).map_err(|error| {
        CliError::BadLakeFile { name: name.to_owned(), reason: error.to_string() }
    })?;
    Ok(text)
}

pub(super) fn row(name: &str, line: &str) -> Result<Row, CliError> {
    Row::from_line(line).ok_or_else(|| CliError::BadLakeFile {
        name: name.to_owned(),
        reason: format!("this line is no event of a lake: {line:.200}"),
    })
}

pub(super) fn bad(name: &str, error: &parquet::errors::ParquetError) -> CliError {
    CliError::BadLakeFile { name: name.to_owned(), reason: error.to_string() }
}
