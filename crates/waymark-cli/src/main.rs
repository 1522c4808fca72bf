//! The `waymark` command: what a pack says, what it would have done, and getting it to the edge.
//!
//! What it is: a host of the engine for people and for CI. What it is not: it decides nothing of its
//! own, and the edge does not run it.
//!
//! Exit status: 0 done (events that could not be read are reported, not fatal); 1 the pack has
//! errors or the edge refused it (`check`, `compile`, `publish`), is not laid out as `fmt` does it
//! (`fmt --check`), or fails a test of its own (`test`); 2 anything else that failed.

mod audience;
mod check;
mod compile;
mod crowd;
mod data_map;
mod diff;
mod error;
mod events;
mod explain;
mod format;
mod host;
mod import;
mod input;
mod lake;
mod pack;
mod pack_tests;
mod preview;
mod print;
mod publish;
mod replay;
mod sarif;
mod schema;
mod simulate;
mod surroundings;
mod test;
mod types;

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "waymark", version, about = "Packs of rules for customer journeys")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say everything that is wrong with packs
    Check(check::Args),
    /// Lay packs out in the one way, with their comments
    Fmt(format::Args),
    /// Write the Program that hosts run
    Compile(compile::Args),
    /// Say which rule won each slot for a visitor, and why the others lost
    Explain(explain::Args),
    /// List what a pack reads of visitors: what it is for, where it is kept, and who reads it
    DataMap(data_map::Args),
    /// Say what changes from one pack to another, and what that does to visitors
    Diff(diff::Args),
    /// Run the tests that packs hold
    Test(test::Args),
    /// Propose tests for a pack, from the journeys of a recording
    PackTests(pack_tests::Args),
    /// Fold a file of events and count who would see what
    Replay(replay::Args),
    /// Play journeys under one pack or two, recorded or generated, and report what comes of them
    Simulate(simulate::Args),
    /// Make a pack of another tool's file
    Import(import::Args),
    /// Write what a pack declares as TypeScript
    Types(types::Args),
    /// Print the JSON Schema of packs, for editors
    Schema,
    /// Send a pack to the edge
    Publish(publish::Args),
    /// Export, compact and erase the files of events that the edge leaves in R2, S3 or a folder
    Lake(lake::Args),
    /// Make a link that shows a page with a pack that is not live
    Preview(preview::Args),
}

/// How a command prints what it has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Check(args) => check::run(&args),
        Command::Fmt(args) => format::run(&args),
        Command::Compile(args) => compile::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::DataMap(args) => data_map::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Test(args) => test::run(&args),
        Command::PackTests(args) => pack_tests::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Simulate(args) => simulate::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Types(args) => types::run(&args),
        Command::Schema => schema::run(),
        Command::Publish(args) => publish::run(&args),
        Command::Lake(args) => lake::run(&args),
        Command::Preview(args) => preview::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is_silent() {
                eprint!("{}", print::error(&error));
            }
            ExitCode::from(error.status())
        }
    }
}
