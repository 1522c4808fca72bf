//! `waymark check`

use clap::ValueEnum;
use serde::Serialize;
use waymark_pack::Diagnostic;

use crate::error::CliError;
use crate::pack::{self, Source, summary};
use crate::print::{self, Place};
use crate::sarif;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The packs' JSON files; names may have `*` and `?` in them
    #[arg(required = true, value_name = "PACK")]
    packs: Vec<String>,
    /// For people, for programs, or for code hosts and editors
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    #[value(alias = "text")]
    Human,
    Json,
    /// SARIF 2.1.0
    Sarif,
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
    let human = args.format == Format::Human;
    let mut refused = None;
    let mut all = Vec::new();
    for path in pack::matching(&args.packs)? {
        let source = Source::read(&path)?;
        let (report, facts) = match source.input().compile() {
            Ok(compiled) => {
                if human {
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
                if human {
                    print::out(&source.drawn(&report, &Place::Out))?;
                }
                refused = Some(source.refused(&report, 1));
                (report, None)
            }
        };
        let diagnostics = report.diagnostics;
        all.push((Checked { path, ok: facts.is_some(), facts, diagnostics }, source));
    }
    let json = match args.format {
        Format::Human => None,
        Format::Json => {
            let all: Vec<&Checked> = all.iter().map(|(checked, _)| checked).collect();
            Some(serde_json::to_string_pretty(&all))
        }
        Format::Sarif => {
            let found = all.iter().flat_map(|(checked, source)| {
                checked.diagnostics.iter().map(|it| (source.file(it), it))
            });
            Some(serde_json::to_string_pretty(&sarif::log(found)))
        }
    };
    if let Some(json) = json {
        print::out(&format!("{}\n", json.map_err(std::io::Error::from)?))?;
    }
    refused.map_or(Ok(()), Err)
}
