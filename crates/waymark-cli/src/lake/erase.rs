//! `waymark lake erase`: a visitor's events out of every file, now.

use super::Where;
use super::compact::forget;
use super::graves::{Graves, dig};
use crate::error::CliError;
use crate::{host, print};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    lake: Where,
    /// Whose, by the key that events are kept under, such as u:42; may be given more than once
    #[arg(long, value_name = "KEY", required = true)]
    visitor: Vec<String>,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let store = args.lake.open()?;
    // Written down first: whoever stops here has it done by the next `compact`.
    for visitor in &args.visitor {
        dig(&store, visitor, host::now())?;
    }
    let erased = forget(&store, &mut Graves::read(&store)?)?;
    print::out(&format!("{erased} events taken out\n"))
}
