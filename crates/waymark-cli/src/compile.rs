//! `waymark compile`

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::CliError;
use crate::pack::Source;
use crate::print;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pack's JSON file
    #[arg(value_name = "PACK")]
    pack: String,
    /// Where to write the Program
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Write what pages download rather than the whole
    #[arg(long)]
    page: bool,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let program = Source::read(&args.pack)?.compiled(1)?.program;
    let bytes = if args.page { program.page_projection().encode() } else { program.encode() };
    let name = args.output.display().to_string();
    write_whole(&args.output, &bytes).map_err(|source| CliError::unwritable(&name, source))?;
    print::out(&format!("{} {}\n", program.hash, print::counted(bytes.len() as u64, "byte")))
}

/// Whoever reads the file finds it as it was or as it is to be, never a part.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it is not the name of a file"))?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(hidden);
    let written = File::create_new(&part)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // What was written so far is of no use; that it may not be there is no matter.
        let _ = fs::remove_file(&part);
    }
    written
}
