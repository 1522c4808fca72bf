//! `cargo xtask <verb>`: everything that is done to this repository, by one command each.
//!
//! What a verb needs it sets up; a second run is quick and works without a network.

mod api;
mod arrows;
mod assets;
mod bench;
mod browser;
mod build;
mod conformance;
mod demo;
mod docs;
mod edge;
mod fuzz;
mod generate;
mod journeys;
mod npm;
mod project;
mod python;
mod schema;
mod sizes;
mod spark;
mod studio;
mod suite;
mod tools;
mod vectors;
mod xss;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, try and test Waymark")]
struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Build the browser's files, the edge's worker, the studio and the `waymark` command into dist/
    Build,
    /// Start the edge with the outdoor shop behind it, and say what to try
    Demo {
        /// Drive the demo in headless Chromium instead, and say what failed
        #[arg(long)]
        check: bool,
        #[arg(long, default_value_t = 8787)]
        port: u16,
    },
    /// Start only the built worker and the shop; prints `ready` and serves until stopped
    Edge {
        #[arg(long, default_value_t = 8787)]
        port: u16,
        /// Where the edge keeps its data; kept from run to run
        #[arg(long)]
        state: Option<PathBuf>,
    },
    /// Wait until an edge answers, give it the demo's pack if it has none, print `ready`
    #[command(hide = true)]
    EdgeReady {
        #[arg(long)]
        port: u16,
    },
    /// Build the marketers' studio and serve it to this machine
    Studio {
        #[arg(long, default_value_t = 8788)]
        port: u16,
    },
    /// Everything that CI runs: formatting, lints, unit, property, vector, worker and browser tests
    Test {
        /// Only these parts
        parts: Vec<suite::Part>,
    },
    /// Fail when a crate depends on what it must not know
    Arrows,
    /// Report what a visitor downloads, in brotli bytes, and fail over budget
    #[command(alias = "sizes")]
    Size {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Turn the shared journey files into NDJSON
    Journeys {
        /// Where the shared data is
        #[arg(long, default_value = "../shared/data/journeys")]
        from: PathBuf,
        #[arg(long, default_value = "target/journeys")]
        out: PathBuf,
    },
    /// Run other people's published cases through our engine; without a file, the shared ones
    Conformance {
        suite: Published,
        /// JSON, or JSON packed with gzip
        file: Option<PathBuf>,
    },
    /// Write what marketers read, the reference and the recipes, to www/docs
    Docs {
        /// Only say whether it is the present one
        #[arg(long)]
        check: bool,
    },
    /// Measure speed, with the peers' engines in the same run where they are shared
    Bench(bench::Args),
    /// Give random bytes to what reads packs, Programs, conditions and states (libFuzzer)
    Fuzz(fuzz::Args),
    /// Write the JSON Schema of packs to www/schema
    Schema,
    /// Run the written vectors natively
    Vectors {
        /// Write the counts of tests/vectors/index.json anew first
        #[arg(long)]
        count: bool,
    },
    /// Show every attempt of tests/xss to run a script in Chromium, and fail when one runs
    Xss,
}

/// Whose cases.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Published {
    Growthbook,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.verb {
        Verb::Build => build::all().map(drop),
        Verb::Demo { check: true, .. } => demo::check(),
        Verb::Demo { check: false, port } => demo::serve(port),
        Verb::Edge { port, state } => edge::serve(port, state),
        Verb::EdgeReady { port } => edge::announce(port),
        Verb::Studio { port } => studio::serve(port),
        Verb::Test { parts } => suite::run_parts(&parts),
        Verb::Arrows => arrows::check(),
        Verb::Size { json } => browser::build().and_then(|built| sizes::report(&built, json)),
        Verb::Journeys { from, out } => journeys::convert(&from, &out),
        Verb::Conformance { suite: Published::Growthbook, file } => conformance::run(file),
        Verb::Docs { check } => docs::write(check),
        Verb::Bench(args) => bench::run_parts(&args),
        Verb::Fuzz(args) => fuzz::run_targets(&args),
        Verb::Schema => schema::write(),
        Verb::Vectors { count } => vectors::run(count).map(drop),
        Verb::Xss => xss::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
