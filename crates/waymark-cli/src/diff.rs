//! `waymark diff`: what changes from one pack to another, and what that does to visitors.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde::Serialize;
use serde_json::{Map, Value as Json};
use waymark_engine::program::{Action, Experiment, Program};

use crate::crowd::{self, Whom};
use crate::error::CliError;
use crate::explain::Words;
use crate::pack::Source;
use crate::simulate::{self, Comparison};
use crate::{Format, print};

#[derive(clap::Args)]
#[command(group(crowd::optional()))]
pub(crate) struct Args {
    /// The pack as it was
    #[arg(value_name = "BEFORE")]
    before: String,
    /// The pack as it is to be
    #[arg(value_name = "AFTER")]
    after: String,
    #[command(flatten)]
    whom: Option<Whom>,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// All that `--format json` prints.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Difference {
    changes: Vec<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    for_whom: Option<Comparison>,
}

/// Parts of a pack whose members have names, and what one of them is called.
const NAMED: [(&str, &str); 17] = [
    ("events", "the event"),
    ("attributes", "the trait"),
    ("groups", "the group"),
    ("tables", "the table"),
    ("features", "the feature"),
    ("segments", "the segment"),
    ("models", "the model"),
    ("slots", "the slot"),
    ("content", "the content"),
    ("rules", "the rule"),
    ("experiments", "the experiment"),
    ("metrics", "the metric"),
    ("destinations", "the destination"),
    ("triggers", "the trigger"),
    ("journeys", "the journey"),
    ("surveys", "the survey"),
    ("tests", "the test"),
];
/// Characters of a value that are shown.
const SHOWN: usize = 120;

/// One thing that changes.
#[derive(Debug, Serialize)]
struct Change {
    /// The part of the pack: `rules`.
    part: String,
    id: String,
    what: What,
    /// One sentence.
    said: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum What {
    New,
    Gone,
    Changed,
    /// What it does to visitors.
    Note,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let [before, after] = [&args.before, &args.after].map(|path| {
        let source = Source::read(path)?;
        let compiled = source.compiled(2)?;
        let json = source.input().json().map_err(|report| source.refused(&report, 2))?;
        let json: Json = serde_json::from_str(&json).map_err(std::io::Error::from)?;
        Ok::<_, CliError>((json, compiled))
    });
    let ((before, old), (after, new)) = (before?, after?);
    let mut changes = Vec::new();
    let words = [&old, &new].map(|compiled| asked(&compiled.program));
    for (part, what) in NAMED {
        named(part, what, [&before[part], &after[part]], &words, &mut changes);
    }
    let parts =
        |json: &Json| json.as_object().map(Map::keys).into_iter().flatten().cloned().collect();
    let all: BTreeSet<String> = BTreeSet::union(&parts(&before), &parts(&after)).cloned().collect();
    for part in all.iter().filter(|part| NAMED.iter().all(|(named, _)| named != part)) {
        whole(part, &before[part], &after[part], &mut changes);
    }
    consequences(&old.program, &new.program, &mut changes);
    let for_whom = args
        .whom
        .as_ref()
        .map(|whom| simulate::compared(whom, (&args.before, &old), (&args.after, &new)));
    let difference = Difference { changes, for_whom: for_whom.transpose()? };
    match args.format {
        Format::Text => print::out(&print::printable(&text(&difference))),
        Format::Json => {
            let json = serde_json::to_string_pretty(&difference).map_err(std::io::Error::from)?;
            print::out(&format!("{json}\n"))
        }
    }
}

fn text(Difference { changes, for_whom }: &Difference) -> String {
    if changes.is_empty() {
        return "nothing changes\n".to_owned();
    }
    let mut out = String::new();
    for Change { what, said, .. } in changes {
        let sign = match what {
            What::New => '+',
            What::Gone => '-',
            What::Changed => '~',
            What::Note => '!',
        };
        // Writing to a String does not fail.
        let _ = writeln!(out, "{sign} {said}");
    }
    out.push('\n');
    match for_whom {
        Some(comparison) => out.push_str(&comparison.text()),
        None => out.push_str("For whom, --events or --generate says.\n"),
    }
    out
}

/// Members by name: of an object its own, of a list those that their `id` or `name` gives.
fn members(json: &Json) -> BTreeMap<String, (usize, &Json)> {
    match json {
        Json::Object(members) => {
            (0..).zip(members).map(|(at, (key, value))| (key.clone(), (at, value))).collect()
        }
        Json::Array(items) => (0..)
            .zip(items)
            .filter_map(|(at, item)| {
                let id = item.get("id").or_else(|| item.get("name"))?.as_str()?;
                Some((id.to_owned(), (at, item)))
            })
            .collect(),
        _ => BTreeMap::new(),
    }
}

fn named(
    part: &'static str,
    what: &str,
    [before, after]: [&Json; 2],
    words: &[Asked; 2],
    changes: &mut Vec<Change>,
) {
    let (old, new) = (members(before), members(after));
    let mut push = |id: &str, what: What, said: String| {
        changes.push(Change { part: part.to_owned(), id: id.to_owned(), what, said });
    };
    for (id, (_, value)) in &new {
        let asked = |of: usize| words[of].get(&(part, id.clone()));
        match old.get(id) {
            None => {
                push(id, What::New, format!("{what} {id} is new: {}", fresh(value, asked(1))));
            }
            Some((_, was)) if was == value => {}
            Some((_, was)) => {
                let (was, value) = match (asked(0), asked(1)) {
                    (Some(before), Some(after)) => {
                        let [was, is] = [*was, *value].map(without_when);
                        if before != after {
                            let said =
                                format!("{what} {id} asks for {after}, and asked for {before}");
                            push(id, What::Changed, said);
                        }
                        (was, is)
                    }
                    _ => ((*was).clone(), (*value).clone()),
                };
                for said in differences("", &was, &value) {
                    push(id, What::Changed, format!("{what} {id}: {said}"));
                }
            }
        }
    }
    for id in old.keys().filter(|id| !new.contains_key(*id)) {
        push(id, What::Gone, format!("{what} {id} is gone"));
    }
}

/// What conditions ask, in words, by the part of the pack and the id.
type Asked = BTreeMap<(&'static str, String), String>;

fn asked(program: &Program) -> Asked {
    let words = Words(program);
    let segments = program.segments.iter().map(|segment| ("segments", &*segment.id, segment.when));
    let rules = program.rules.iter().map(|rule| ("rules", &*rule.id, rule.when));
    let flows = program.flows.iter().filter_map(|flow| {
        let (kind, id) = flow.id.split_once('/')?;
        let kind = if kind == "journey" { "journeys" } else { "triggers" };
        Some((kind, id, flow.enter.first()?.when))
    });
    let all = segments.chain(rules).chain(flows);
    all.map(|(part, id, when)| ((part, id.to_owned()), words.condition(when))).collect()
}

/// Something new, with whom it is for in words.
fn fresh(value: &Json, asked: Option<&String>) -> String {
    let Some(asked) = asked else { return short(value) };
    let mut rest = without_when(value);
    if let Some(members) = rest.as_object_mut() {
        members.remove("id");
    }
    match (rest.as_object().is_some_and(Map::is_empty), asked.as_str()) {
        (true, asked) => asked.to_owned(),
        (false, "anything") => format!("{}, for everybody", short(&rest)),
        (false, asked) => format!("{}, for: {asked}", short(&rest)),
    }
}

fn without_when(value: &Json) -> Json {
    let mut value = value.clone();
    if let Some(members) = value.as_object_mut() {
        members.remove("when");
    }
    value
}

fn whole(part: &str, before: &Json, after: &Json, changes: &mut Vec<Change>) {
    for said in differences("", before, after) {
        let said = format!("`{part}`: {said}");
        changes.push(Change {
            part: part.to_owned(),
            id: String::new(),
            what: What::Changed,
            said,
        });
    }
}

/// What is different inside, as deep as both are objects or lists of named things.
fn differences(at: &str, before: &Json, after: &Json) -> Vec<String> {
    if before == after {
        return Vec::new();
    }
    let place = if at.is_empty() { "it".to_owned() } else { format!("`{at}`") };
    let inside = |key: &str| if at.is_empty() { key.to_owned() } else { format!("{at}.{key}") };
    let (old, new) = (members(before), members(after));
    let alike = match (before, after) {
        (Json::Object(_), Json::Object(_)) => !at.ends_with("when"),
        (Json::Array(a), Json::Array(b)) => old.len() == a.len() && new.len() == b.len(),
        _ => false,
    };
    if !alike {
        return match (before, after) {
            (Json::Null, _) => vec![format!("{place} is new: {}", short(after))],
            (_, Json::Null) => vec![format!("{place} is gone; it was {}", short(before))],
            _ => vec![format!("{place} is {}, was {}", short(after), short(before))],
        };
    }
    let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let value = |of: &BTreeMap<String, (usize, &Json)>, id: &String| {
        of.get(id).map_or(Json::Null, |(_, value)| (*value).clone())
    };
    let mut said: Vec<String> = all
        .iter()
        .flat_map(|id| differences(&inside(id), &value(&old, id), &value(&new, id)))
        .collect();
    let order = |of: &BTreeMap<String, (usize, &Json)>,
                 other: &BTreeMap<String, (usize, &Json)>| {
        let mut ids: Vec<(usize, String)> = of
            .iter()
            .filter(|(id, _)| other.contains_key(*id))
            .map(|(id, (at, _))| (*at, id.clone()))
            .collect();
        ids.sort();
        ids.into_iter().map(|(_, id)| id).collect::<Vec<_>>()
    };
    if before.is_array() && order(&old, &new) != order(&new, &old) {
        said.push(format!("{place} has another order: {}", order(&new, &old).join(", ")));
    }
    said
}

fn short(json: &Json) -> String {
    let text = json.to_string();
    if text.chars().count() <= SHOWN {
        return text;
    }
    text.chars().take(SHOWN).chain(['…']).collect()
}

/// What the change does to visitors who were there before.
fn consequences(old: &Program, new: &Program, changes: &mut Vec<Change>) {
    let mut note = |part: &str, id: &str, said: String| {
        changes.push(Change { part: part.to_owned(), id: id.to_owned(), what: What::Note, said });
    };
    let (was, is) = (experiments(old), experiments(new));
    for (id, experiment) in &is {
        let Some(before) = was.get(id) else { continue };
        let ids =
            |of: &Experiment| of.variations.iter().map(|it| it.id.clone()).collect::<Vec<_>>();
        if before.share != experiment.share || ids(before) != ids(experiment) {
            note(
                "experiments",
                id,
                format!(
                    "visitors of the experiment {id} may come to another variation: who is hashed, the seed, the weights or the variations are others"
                ),
            );
        }
    }
    for (name, number) in &new.named {
        let Some((_, before)) = old.named.iter().find(|(other, _)| other == name) else { continue };
        let fingerprint =
            |of: &Program, number: u32| of.features.get(number as usize).map(|it| it.fingerprint);
        if fingerprint(old, *before) != fingerprint(new, *number) {
            note(
                "features",
                name,
                format!(
                    "the feature {name} remembers something else: it is filled from a visitor's latest events, and what is further back is not known"
                ),
            );
        }
    }
    for flow in &old.flows {
        let Some((kind, id)) = flow.id.split_once('/').filter(|(kind, _)| *kind == "journey")
        else {
            continue;
        };
        match new.flows.iter().find(|other| other.id == flow.id) {
            None => note(
                "journeys",
                id,
                format!("whoever is in the {kind} {id} leaves it when their next step is due"),
            ),
            Some(other) => {
                let kept = |step: &str| other.steps.iter().any(|other| other.id == step);
                // Steps that the compiler made have no name of the author's.
                let gone =
                    flow.steps.iter().filter(|step| !step.id.contains('\u{1}') && !kept(&step.id));
                for step in gone {
                    note(
                        "journeys",
                        id,
                        format!(
                            "whoever waits at the step {} of the {kind} {id} leaves it when it is due",
                            step.id
                        ),
                    );
                }
            }
        }
    }
    let order =
        |program: &Program| program.stages.iter().map(|stage| stage.id.clone()).collect::<Vec<_>>();
    if order(old) != order(new) {
        note(
            "journey",
            "stages",
            format!(
                "the stages are {}, were {}: visitors may be in another without having done anything",
                order(new).join(", "),
                order(old).join(", ")
            ),
        );
    }
}

fn experiments(program: &Program) -> BTreeMap<&str, &Experiment> {
    let named = program.rules.iter().filter_map(|rule| match rule.action {
        Action::Experiment(number) => {
            Some((rule.id.as_str(), program.experiments.get(number as usize)?))
        }
        _ => None,
    });
    named.collect()
}
