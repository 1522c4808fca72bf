//! `waymark schema`

use crate::error::CliError;
use crate::print;

pub(crate) fn run() -> Result<(), CliError> {
    print::out(&waymark_pack::language::schema())
}
