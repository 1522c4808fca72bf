//! `waymark explain`

mod asking;
mod naming;
pub(crate) mod report;
mod wording;

pub(crate) use wording::Words;

use std::collections::{BTreeMap, BTreeSet};

use indicatif::ProgressBar;
use waymark_engine::{Context, Engine, Numerals, State};
use waymark_model::{Purpose, Purposes, Timestamp};
use waymark_wire::{context_from_json, device_zone, parse_timestamp, zoned};

use crate::error::CliError;
use crate::events::Events;
use crate::input::visitor_of;
use crate::{Format, host, pack, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pack's JSON file
    #[arg(value_name = "PACK")]
    pack: String,
    /// Segment events as NDJSON, plain or gzip; - for the standard input
    #[arg(long, value_name = "FILE")]
    events: String,
    /// The visitor's anonymousId, or userId where there is none; may be left out if the file has one
    #[arg(long, value_name = "ID")]
    visitor: Option<String>,
    /// The moment to decide at, in ISO 8601 or milliseconds since 1970 [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Timestamp>,
    /// What the page says, such as {"page": {"path": "/"}, "geo": {"country": "SG"}}
    #[arg(long, value_name = "JSON", default_value = "{}")]
    context: String,
    /// all, none, or some of analytics,personalization,marketing
    #[arg(long, value_name = "PURPOSES", default_value = "all", value_parser = consent)]
    consent: Purposes,
    /// A language tag such as en or zh-SG
    #[arg(long, value_name = "TAG", default_value = "")]
    locale: String,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let program = pack::load(&args.pack)?.program;
    let values = serde_json::from_str(&args.context).map_err(CliError::ContextNotJson)?;
    let values: serde_json::Value = values;
    let request = serde_json::json!({ "context": values });
    let context = context_from_json(&request)?;
    let context = Context { consent: args.consent, locale: args.locale.clone(), ..context };
    let engine = Engine::new(&program, Numerals::NATIVE);
    let (visitor, state) = fold(engine, args)?;
    let context = Context { anonymous_id: Some(visitor.clone()), ..context };
    let now = args.now.unwrap_or_else(host::now);
    let context = zoned(context, device_zone(&request), &state, now);
    let explained = report::Explained::new(engine, &visitor, &state, &context, now);
    match args.format {
        Format::Text => print::out(&print::printable(&explained.text())),
        Format::Json => print::out(&format!("{:#}\n", explained.json())),
    }
}

/// The visitor that was asked for, or the only one, and what their events come to.
fn fold(engine: Engine<'_>, args: &Args) -> Result<(String, State), CliError> {
    /// Visitors named when there are several.
    const EXAMPLES: usize = 3;
    let file = pack::shown(&args.events).to_owned();
    let mut events = Events::open(&args.events, ProgressBar::hidden())?;
    let mut state = engine.new_state();
    let mut visitor = args.visitor.clone();
    let mut found = false;
    let mut others = BTreeSet::new();
    let mut known_as: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    while let Some(event) = events.next()? {
        let whose = visitor_of(&event);
        if visitor.is_none() {
            visitor = Some(whose.to_owned());
        }
        if visitor.as_deref() == Some(whose) {
            engine.apply_owned(&mut state, event);
            found = true;
            continue;
        }
        if let Some(user) =
            event.user_id.as_deref().filter(|user| args.visitor.as_deref() == Some(user))
        {
            known_as.entry(user.to_owned()).or_default().insert(whose.to_owned());
        }
        if args.visitor.is_none() && !others.contains(whose) {
            others.insert(whose.to_owned());
        }
    }
    let Some(visitor) = visitor else { return Err(CliError::NoVisitor { file }) };
    if !found {
        let known_as = known_as.remove(&visitor).into_iter().flatten().collect();
        return Err(CliError::NoSuchVisitor { file, visitor, known_as });
    }
    if !others.is_empty() {
        let count = others.len() + 1;
        let examples: Vec<String> = [&visitor]
            .into_iter()
            .chain(&others)
            .take(EXAMPLES)
            .map(|id| format!("{id:?}"))
            .collect();
        return Err(CliError::ManyVisitors { file, count, examples: examples.join(", ") });
    }
    Ok((visitor, state))
}

pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    #[expect(clippy::cast_precision_loss, reason = "from_js refuses what a double cannot hold")]
    let ms = text.parse::<i64>().ok().and_then(|ms| Timestamp::from_js(ms as f64));
    ms.or_else(|| parse_timestamp(text)).ok_or_else(|| {
        "write ISO 8601 such as 2026-01-31T09:30:00Z, or milliseconds since 1970".to_owned()
    })
}

fn consent(text: &str) -> Result<Purposes, String> {
    match text {
        "all" => Ok(Purposes::ALL),
        "none" => Ok(Purposes::NONE),
        list => list
            .split(',')
            .map(|name| Purpose::from_name(name.trim()))
            .collect::<Option<Purposes>>()
            .ok_or_else(|| {
                let names = Purpose::ALL.map(Purpose::name).join(",");
                format!("write all, none, or some of {names}")
            }),
    }
}

#[cfg(test)]
mod tests {
    use super::{consent, time};
    use waymark_model::{Purpose, Purposes, Timestamp};

    #[test]
    fn a_time_is_iso_or_milliseconds() {
        assert_eq!(time("2024-01-01T12:00:00Z"), Ok(Timestamp(1_704_110_400_000)));
        assert_eq!(time("1704110400000"), Ok(Timestamp(1_704_110_400_000)));
        assert!(time("yesterday").is_err_and(|message| message.contains("ISO 8601")));
        assert!(time("9223372036854775807").is_err());
    }

    #[test]
    fn consent_is_all_none_or_a_list() {
        assert_eq!(consent("all"), Ok(Purposes::ALL));
        assert_eq!(consent("none"), Ok(Purposes::NONE));
        let two = Purposes::NONE.with(Purpose::Analytics).with(Purpose::Marketing);
        assert_eq!(consent("marketing, analytics"), Ok(two));
        assert!(consent("ads").is_err_and(|message| message.contains("personalization")));
    }
}
