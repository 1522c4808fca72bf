//! `waymark types`: what a pack declares, as TypeScript.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

use waymark_engine::Program;
use waymark_engine::program::{Action, Experiment};
use waymark_pack::{Compiled, DatumKind};

use crate::error::CliError;
use crate::{pack, print};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The pack's JSON file
    #[arg(value_name = "PACK")]
    pack: String,
    /// The file to write [default: the standard output]
    #[arg(long, short, value_name = "FILE")]
    out: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<(), CliError> {
    let types = types(&pack::load(&args.pack)?);
    match &args.out {
        None => print::out(&types),
        Some(path) => {
            std::fs::write(path, types).map_err(|error| CliError::unwritable(path, error))
        }
    }
}

fn types(compiled: &Compiled) -> String {
    let mut out = String::new();
    // Writing to a String does not fail.
    let _ = write_types(&mut out, compiled);
    out
}

fn write_types(out: &mut String, compiled: &Compiled) -> fmt::Result {
    let program = &compiled.program;
    let name = comment(&program.pack);
    writeln!(
        out,
        "// The pack {name} in TypeScript, by `waymark types`: write it anew when the pack changes.\n"
    )?;
    events(out, compiled)?;
    traits(out, compiled)?;
    let segments = program.segments.iter().filter(|segment| !segment.edge);
    let segments: BTreeSet<&str> = segments.map(|segment| segment.id.as_str()).collect();
    writeln!(
        out,
        "/** Segments that pages know. */\nexport type Segment = {};\n",
        union(segments)
    )?;
    let stages: Vec<&str> = program.stages.iter().map(|stage| stage.id.as_str()).collect();
    writeln!(
        out,
        "/** From the first stage to the last. */\nexport type Stage = {};\n",
        union(stages)
    )?;
    slots(out, program)?;
    experiments(out, program)?;
    out.push_str(CALLS);
    Ok(())
}

fn events(out: &mut String, compiled: &Compiled) -> fmt::Result {
    writeln!(out, "/** The properties of each event. */\nexport interface Events {{")?;
    for event in compiled.data.iter().filter(|datum| datum.kind == DatumKind::Event) {
        writeln!(out, "  {}: {};", key(&event.name), properties(&event.properties))?;
    }
    writeln!(out, "}}\n")
}

/// Of what is declared; others may come along.
fn properties(properties: &[(String, Option<&str>)]) -> String {
    if properties.is_empty() {
        return "Properties".to_owned();
    }
    let mut tree = Members::default();
    for (path, ty) in properties {
        tree.add(path.split('.'), *ty);
    }
    format!("{} & Properties", tree.shown())
}

/// Properties, and what is inside of them.
#[derive(Default)]
struct Members(BTreeMap<String, (Option<String>, Self)>);

impl Members {
    fn add<'p>(&mut self, mut path: impl Iterator<Item = &'p str>, ty: Option<&str>) {
        let Some(first) = path.next() else { return };
        let mut rest = path.peekable();
        let (own, inner) = self.0.entry(first.to_owned()).or_default();
        if rest.peek().is_none() {
            *own = ty.map(str::to_owned);
        } else {
            inner.add(rest.collect::<Vec<_>>().into_iter(), ty);
        }
    }

    fn shown(&self) -> String {
        let each = self.0.iter().map(|(name, (ty, inner))| {
            let ty =
                if inner.0.is_empty() { type_of(ty.as_deref()).to_owned() } else { inner.shown() };
            format!("{}?: {ty}", key(name))
        });
        format!("{{ {} }}", each.collect::<Vec<_>>().join("; "))
    }
}

/// Dates are text or milliseconds, as the pack reads them.
fn type_of(ty: Option<&str>) -> &'static str {
    match ty {
        Some("string") => "string",
        Some("number") => "number",
        Some("boolean") => "boolean",
        Some("date") => "string | number",
        Some("array") => "unknown[]",
        Some("object") => "Properties",
        _ => "unknown",
    }
}

fn traits(out: &mut String, compiled: &Compiled) -> fmt::Result {
    let mut tree = Members::default();
    for datum in compiled.data.iter().filter(|datum| datum.kind == DatumKind::Trait) {
        tree.add(datum.name.split('.').skip(1), datum.ty);
    }
    let own = if tree.0.is_empty() { String::new() } else { format!("{} & ", tree.shown()) };
    writeln!(
        out,
        "/** What `identify` may say of a visitor. */\nexport type Traits = {own}Properties;\n"
    )
}

fn slots(out: &mut String, program: &Program) -> fmt::Result {
    writeln!(
        out,
        "/** The contents of each slot; `null` keeps what the page's author put there. */\nexport interface Slots {{"
    )?;
    let mut shown: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (number, slot) in (0_u32..).zip(&program.slots) {
        let contents = shown.entry(&slot.id).or_default();
        let mut add = |content: u32| {
            contents
                .extend(program.contents.get(content as usize).map(|content| content.id.as_str()));
        };
        slot.default.into_iter().for_each(&mut add);
        for rule in program.rules.iter().filter(|rule| rule.slot == number) {
            match rule.action {
                Action::Keep => {}
                Action::Show(content) => add(content),
                Action::Experiment(experiment) => {
                    let variations = &program.experiments[experiment as usize].variations;
                    variations.iter().filter_map(|variation| variation.show).for_each(&mut add);
                }
                Action::Pick(pick) => {
                    let candidates = &program.picks[pick as usize].candidates;
                    candidates.iter().map(|candidate| candidate.show).for_each(&mut add);
                }
            }
        }
    }
    for (slot, contents) in shown {
        let or_null = contents.iter().map(|id| text(id)).chain(["null".to_owned()]);
        writeln!(out, "  {}: {};", key(slot), or_null.collect::<Vec<_>>().join(" | "))?;
    }
    writeln!(out, "}}\n")
}

fn experiments(out: &mut String, program: &Program) -> fmt::Result {
    writeln!(out, "/** The variations of each experiment. */\nexport interface Experiments {{")?;
    let named = program.rules.iter().filter_map(|rule| match rule.action {
        Action::Experiment(number) => {
            Some((rule.id.as_str(), &program.experiments[number as usize]))
        }
        _ => None,
    });
    let sorted: BTreeMap<&str, &Experiment> = named.collect();
    for (id, experiment) in sorted {
        let variations = experiment.variations.iter().map(|variation| variation.id.as_str());
        writeln!(out, "  {}: {};", key(id), union(variations.collect::<Vec<_>>()))?;
    }
    writeln!(out, "}}\n")
}

/// What does not depend on the pack.
const CALLS: &str = "export type Properties = Record<string, unknown>;

export interface Decision {
  slots: { [Slot in keyof Slots]?: { content: Slots[Slot]; rule: string | null; reason: string; html?: string; text?: string; json?: unknown } };
  segments: Segment[];
  stage: Stage | null;
  /** Milliseconds since 1970; `null` until something happens. */
  validUntil: number | null;
}

/** `const waymark = window.waymark as unknown as Waymark` */
export interface Waymark {
  track<Name extends keyof Events>(event: Name, properties?: Events[Name]): void;
  page(name?: string | null, properties?: Properties): void;
  identify(userId: string | number | null, traits?: Traits): void;
  decide(): Promise<Decision>;
  on(name: 'decision', handler: (decision: Decision) => void): () => void;
  on(name: 'effects', handler: (effects: { entered: Segment[]; left: Segment[]; stage: { from: Stage | null; to: Stage | null } | null }) => void): () => void;
  on(name: 'action', handler: (action: { event: string; properties: Properties }) => void): () => void;
}
";

fn union<'t>(all: impl IntoIterator<Item = &'t str>) -> String {
    let all: Vec<String> = all.into_iter().map(text).collect();
    if all.is_empty() { "never".to_owned() } else { all.join(" | ") }
}

/// A name as a key: as it is where that can be.
fn key(name: &str) -> String {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    if starts && chars.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return name.to_owned();
    }
    text(name)
}

/// A text in quotes. JSON's are TypeScript's.
fn text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text that a comment of one line can hold.
fn comment(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
