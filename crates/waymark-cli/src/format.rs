//! `waymark fmt`

use std::io::{self, Read};
use std::path::Path;

use waymark_pack::format;

use crate::compile::write_whole;
use crate::error::CliError;
use crate::pack::{self, Source};
use crate::print::{self, Place};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The packs' JSON files, which are written anew; names may have `*` and `?` in them. `-` reads
    /// the standard input and writes the standard output
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<String>,
    /// Write nothing; name the files that would change, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let mut refused = None;
    let mut changing = 0;
    for path in pack::matching(&args.packs)? {
        let source = if path == "-" { from_input()? } else { Source::alone(&path)? };
        let text = match format(&source.text) {
            Ok(text) => text,
            Err(report) => {
                eprint!("{}", source.drawn(&report, &Place::Error));
                refused = Some(source.refused(&report, 1));
                continue;
            }
        };
        let same = text == source.text;
        if args.check {
            if !same {
                changing += 1;
                print::out(&format!("{}\n", print::printable(&source.name)))?;
            }
        } else if path == "-" {
            print::out(&text)?;
        } else if !same {
            write_whole(Path::new(&path), text.as_bytes())
                .map_err(|source| CliError::unwritable(&path, source))?;
        }
    }
    match refused {
        Some(error) => Err(error),
        None if changing > 0 => Err(CliError::NotFormatted { count: changing }),
        None => Ok(()),
    }
}

fn from_input() -> Result<Source, CliError> {
    let mut text = String::new();
    let name = pack::shown("-").to_owned();
    io::stdin()
        .lock()
        .read_to_string(&mut text)
        .map_err(|source| CliError::unreadable(&name, source))?;
    Ok(Source::of(&name, text))
}
