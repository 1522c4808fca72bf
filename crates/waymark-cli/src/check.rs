//! `waymark check`

use serde::Serialize;
use waymark_pack::{Diagnostic, compile};

use crate::Format;
use crate::error::CliError;
use crate::pack::{Source, summary};
use crate::print::{self, Place};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The packs' JSON files
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<String>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// One pack, as `--format json` prints it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked {
    path: String,
    ok: bool,
    #[serde(flatten)]
    facts: Option<Facts>,
    diagnostics: Vec<Diagnostic>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Facts {
    pack: String,
    hash: String,
    rules: usize,
    segments: usize,
    state_bytes: usize,
    page_bytes: usize,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let mut refused = None;
    let mut all = Vec::new();
    for path in &args.packs {
        let source = Source::read(path)?;
        let (report, facts) = match compile(&source.text) {
            Ok(compiled) => {
                if args.format == Format::Text {
                    print::out(&source.drawn(&compiled.report, &Place::Out))?;
                    print::out(&format!("ok: {}\n", summary(&compiled)))?;
                }
                let program = compiled.program;
                let facts = Facts {
                    hash: program.hash.to_string(),
                    rules: program.rules.len(),
                    segments: program.segments.len(),
                    pack: program.pack,
                    state_bytes: compiled.cost.state_bytes,
                    page_bytes: compiled.cost.page_bytes,
                };
                (compiled.report, Some(facts))
            }
            Err(report) => {
                if args.format == Format::Text {
                    print::out(&source.drawn(&report, &Place::Out))?;
                }
                refused = Some(source.refused(&report, 1));
                (report, None)
            }
        };
        let diagnostics = report.diagnostics;
        all.push(Checked { path: path.clone(), ok: facts.is_some(), facts, diagnostics });
    }
    if args.format == Format::Json {
        let json = serde_json::to_string_pretty(&all).map_err(std::io::Error::from)?;
        print::out(&format!("{json}\n"))?;
    }
    refused.map_or(Ok(()), Err)
}
