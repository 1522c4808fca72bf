//! GrowthBook's cases for authors of SDKs: one JSON file, a section for each function.
//!
//! What a case names is given to the importer, the compiler and the engine as a visitor would
//! meet them; a result is read from our decision and only then written in GrowthBook's words.

mod visits;

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use waymark_engine::assign::{HashVersion, Range, SPEC_VERSION, choose, equal_weights, ranges};

use waymark_engine::forced_by;
use waymark_import::growthbook::holds;

use super::{Outcome, Skipped, Tally, compared, load, say_skipped};

type Check = fn(&[Value]) -> Result<Outcome>;

/// Each section, with what makes one of its cases pass. Pure functions have no name in front of
/// their cases.
const SECTIONS: [(&str, Check); 12] = [
    ("evalCondition", condition),
    ("hash", hash),
    ("getBucketRange", bucket_ranges),
    ("chooseVariation", choose_variation),
    ("getEqualWeights", weights),
    ("inNamespace", in_namespace),
    ("getQueryStringOverride", query_string),
    ("feature", visits::feature),
    ("run", visits::run),
    ("stickyBucket", visits::sticky),
    ("urlRedirect", visits::redirect),
    ("contextualBandit", visits::feature),
];

const SKIPPED: [Skipped; 6] = [
    ("decrypt", "packs are not encrypted: they are public, and edge-only data stays at the edge"),
    ("pruneCondition", "a server's reduction of its payload; the page's projection is ours"),
    ("reducePayload", "a server's reduction of its payload; the page's projection is ours"),
    ("versionCompare", "a section of older files; `evalCondition` has these operators"),
    ("savedGroupReferencesV2", "a later form of saved groups"),
    ("savedGroupReferencesRemote", "groups that GrowthBook's proxy resolves"),
];

pub fn run(file: &Path) -> Result<Tally> {
    let cases = load(file)?;
    let version = cases["specVersion"].as_str().unwrap_or("of no version");
    println!("GrowthBook's cases {version}; declared {SPEC_VERSION}");
    let mut tally = Tally::default();
    for (name, check) in SECTIONS {
        let Some(section) = cases[name].as_array() else { continue };
        let outcomes = section.iter().enumerate().map(|(number, case)| {
            let parts = case.as_array().map_or(&[][..], Vec::as_slice);
            let title = match parts.first() {
                Some(Value::String(title)) if name != "hash" => title.clone(),
                _ => format!("{number}: {case}"),
            };
            let outcome = check(parts).unwrap_or_else(|error| Err(format!("{error:#}")));
            (title, outcome)
        });
        tally.section(name, outcomes.collect());
    }
    say_skipped(&cases, &SECTIONS.map(|(name, _)| name), &SKIPPED);
    println!("{} passed, {} failed", tally.passed, tally.failed);
    Ok(tally)
}

fn part(parts: &[Value], number: usize) -> Result<&Value> {
    parts.get(number).with_context(|| format!("the case has no part {number}"))
}

fn text(parts: &[Value], number: usize) -> Result<&str> {
    part(parts, number)?.as_str().with_context(|| format!("part {number} is no text"))
}

fn number(parts: &[Value], at: usize) -> Result<f64> {
    part(parts, at)?.as_f64().with_context(|| format!("part {at} is no number"))
}

fn numbers(value: &Value) -> Option<Vec<f64>> {
    value.as_array()?.iter().map(Value::as_f64).collect()
}

/// Weights and the ends of ranges are told apart to eight places, as sums of doubles differ
/// between languages.
fn rounded(number: f64) -> f64 {
    (number * 1e8).round() / 1e8
}

/// Name, condition, attributes, whether it holds, saved groups. One that packs cannot say is left
/// out by the importer: it holds for nobody.
fn condition(parts: &[Value]) -> Result<Outcome> {
    let found = holds(part(parts, 1)?, part(parts, 2)?, parts.get(4));
    let outcome = compared(part(parts, 3)?, &json!(found == Ok(true)));
    Ok(outcome.map_err(|wrong| match found {
        Err(why) => format!("{wrong}\nleft out: {why}"),
        Ok(_) => wrong,
    }))
}

/// Name, id, namespace with its range; whether the id is in it.
fn in_namespace(parts: &[Value]) -> Result<Outcome> {
    let namespace = part(parts, 2)?.as_array().context("a namespace")?;
    let range = Range { start: number(namespace, 1)?, end: number(namespace, 2)? };
    let bucket = HashVersion::V1.bucket(&format!("__{}", text(namespace, 0)?), text(parts, 1)?);
    Ok(compared(part(parts, 3)?, &json!(range.contains(bucket))))
}

/// Name, experiment, address, how many variations; the one that is asked for, or null.
fn query_string(parts: &[Value]) -> Result<Outcome> {
    let count = part(parts, 3)?.as_u64().context("variations")?;
    let asked = forced_by(text(parts, 2)?, text(parts, 1)?);
    let asked = asked.filter(|asked| u64::from(*asked) < count);
    Ok(compared(part(parts, 4)?, &json!(asked)))
}

/// Seed, value, version; the bucket, or null for a version that there is not.
fn hash(parts: &[Value]) -> Result<Outcome> {
    let version = part(parts, 2)?.as_u64();
    let version = HashVersion::ALL.into_iter().find(|v| Some(u64::from(v.number())) == version);
    let (seed, value) = (text(parts, 0)?, text(parts, 1)?);
    let bucket = version.map(|version| version.bucket(seed, value));
    Ok(compared(part(parts, 3)?, &json!(bucket)))
}

/// Name, [variations, coverage, weights]; ranges.
fn bucket_ranges(parts: &[Value]) -> Result<Outcome> {
    let asked = part(parts, 1)?.as_array().context("what is asked")?;
    let weights = numbers(part(asked, 2)?);
    let count = usize::try_from(part(asked, 0)?.as_u64().context("variations")?)?;
    let ranges = ranges(count, number(asked, 1)?, weights.as_deref());
    let ranges: Vec<_> =
        ranges.iter().map(|range| [rounded(range.start), rounded(range.end)]).collect();
    Ok(compared(part(parts, 2)?, &json!(ranges)))
}

/// Name, bucket, ranges; the variation, or -1.
fn choose_variation(parts: &[Value]) -> Result<Outcome> {
    let ranges = part(parts, 2)?.as_array().context("ranges")?;
    let ranges: Option<Vec<Range>> = ranges
        .iter()
        .map(|range| match numbers(range)?[..] {
            [start, end] => Some(Range { start, end }),
            _ => None,
        })
        .collect();
    let chosen = choose(number(parts, 1)?, &ranges.context("ranges")?);
    let chosen = chosen.map_or(Ok(-1), i64::try_from)?;
    Ok(compared(part(parts, 3)?, &json!(chosen)))
}

/// How many; a weight for each.
fn weights(parts: &[Value]) -> Result<Outcome> {
    let count = usize::try_from(part(parts, 0)?.as_i64().context("a number")?).unwrap_or(0);
    let weights: Vec<f64> = equal_weights(count).into_iter().map(rounded).collect();
    Ok(compared(part(parts, 1)?, &json!(weights)))
}
