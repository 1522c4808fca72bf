//! `waymark data-map`

use std::fmt::Write;

use serde_json::{Value as Json, json};
use waymark_model::Purpose;
use waymark_pack::{Datum, DatumKind, Kept};

use crate::error::CliError;
use crate::{Format, pack, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pack's JSON file
    #[arg(value_name = "PACK")]
    pack: String,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let data = pack::load(&args.pack)?.data;
    match args.format {
        Format::Text => print::out(&print::printable(&text(&data))),
        Format::Json => {
            let all: Vec<Json> = data.iter().map(json).collect();
            print::out(&format!("{:#}\n", Json::Array(all)))
        }
    }
}

fn text(data: &[Datum]) -> String {
    let mut out = String::new();
    for (number, datum) in data.iter().enumerate() {
        if number > 0 {
            out.push('\n');
        }
        // Writing to a String does not fail.
        let _ = describe(&mut out, datum);
    }
    out
}

fn describe(out: &mut String, datum: &Datum) -> std::fmt::Result {
    writeln!(out, "{} {}", datum.kind.name(), datum.name)?;
    if datum.kind != DatumKind::Signal {
        let purposes = datum.purposes.as_ref().map_or_else(
            || "the pack does not say".to_owned(),
            |purposes| listed(purposes.iter().map(|purpose| purpose.name())),
        );
        writeln!(out, "  collected for: {purposes}")?;
    }
    if let Some(sensitivity) = &datum.sensitivity {
        writeln!(out, "  sensitivity: {sensitivity}")?;
    }
    if !datum.properties.is_empty() {
        let properties = datum.properties.iter().map(|(name, _)| name.as_str());
        writeln!(out, "  properties: {}", listed(properties))?;
    }
    let kept = match datum.kept {
        Kept::Remembered => {
            "the events at the edge; what is remembered of them there and on the device"
        }
        Kept::Log => "the events at the edge",
        Kept::DeviceAndEdge => "on the device and at the edge",
        Kept::Edge => "at the edge only",
        Kept::Nowhere => "nowhere; it is looked at when something is decided",
    };
    writeln!(out, "  kept: {kept}")?;
    writeln!(out, "  read by: {}", listed(datum.readers.iter().map(String::as_str)))
}

fn listed<'t>(all: impl Iterator<Item = &'t str>) -> String {
    let all: Vec<&str> = all.collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

fn json(datum: &Datum) -> Json {
    let purposes = |all: &Vec<Purpose>| all.iter().map(|one| one.name()).collect::<Vec<_>>();
    json!({
        "kind": datum.kind.name(),
        "name": datum.name,
        "purposes": datum.purposes.as_ref().map(purposes),
        "sensitivity": datum.sensitivity,
        "properties": datum.properties.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        "kept": datum.kept.name(),
        "readers": datum.readers,
    })
}
