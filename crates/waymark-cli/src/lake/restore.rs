//! `waymark lake restore`: events back to the edge, for shards that have lost what they had.

use super::export::Which;
use crate::error::CliError;
use crate::print;
use crate::publish::Edge;

/// Bytes of lines in one request: the edge takes 500 KB.
const REQUEST_BYTES: usize = 300_000;

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// The edge's address; http only for localhost and 127.0.0.1
    #[arg(long, value_name = "URL")]
    edge: String,
    /// The environment variable that holds the admin token
    #[arg(long, value_name = "NAME", default_value = "WAYMARK_ADMIN_TOKEN")]
    token_env: String,
}

pub(super) fn run(args: &Args) -> Result<(), CliError> {
    let edge = Edge::new(&args.edge, &args.token_env)?;
    let (mut restored, mut known) = (0, 0);
    let mut send = |lines: &mut String| -> Result<(), CliError> {
        let answer = edge.post_lines("/admin/v1/restore", &std::mem::take(lines))?;
        restored += answer["restored"].as_u64().unwrap_or_default();
        known += answer["known"].as_u64().unwrap_or_default();
        Ok(())
    };
    let mut lines = String::new();
    args.which.each(|row| {
        lines.push_str(&row.to_line());
        lines.push('\n');
        if lines.len() > REQUEST_BYTES { send(&mut lines) } else { Ok(()) }
    })?;
    if !lines.is_empty() {
        send(&mut lines)?;
    }
    print::out(&format!("{restored} events restored; {known} were there\n"))
}
