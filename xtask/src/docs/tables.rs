//! Tables of the language, made of the compiler's own description of it.
//!
//! | comment | table |
//! |---|---|
//! | `<!-- keys: rule -->` | the keys of an object |
//! | `<!-- all keys -->` | every object, with a heading each |
//! | `<!-- operators: comparisons -->` | `logic`, `visitor`, `comparisons`, `features` or `filters` |
//! | `<!-- roots -->`, `<!-- paths -->` | what paths begin with, and the ones with a meaning of their own |
//! | `<!-- words: types -->` | `types` or `purposes` |
//! | `<!-- recipe: nps -->` | the pack of that name in `examples/recipes` |
//! | `<!-- code -->` | the sentence about the code that is the heading above it |

use std::fmt::Write;

use anyhow::{Context as _, Result, bail};
use waymark_pack::Code;
use waymark_pack::language::{
    BUILT_IN, CHANNELS, COMPARISONS, EVENTS, FEATURES, FILTERS, LOGIC, Operator, PURPOSES, ROOTS,
    Shape, TYPES, Takes, VISITOR, Word, shapes,
};

use super::highlight::{escaped, json};
use crate::project;

/// The Markdown with its tables in it.
pub fn filled(markdown: &str) -> Result<String> {
    let mut out = String::new();
    let mut heading = "";
    for line in markdown.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            heading = title.trim();
        }
        match line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) {
            Some(wanted) => out.push_str(&table(wanted, heading)?),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    Ok(out)
}

fn table(wanted: &str, heading: &str) -> Result<String> {
    let (kind, name) = wanted.split_once(": ").unwrap_or((wanted, ""));
    Ok(match (kind, name) {
        ("keys", name) => match shapes().into_iter().find(|shape| shape.name == name) {
            Some(shape) => keys(shape),
            None => bail!("there is no object {name}"),
        },
        ("all keys", _) => shapes().into_iter().map(section).collect(),
        ("operators", "logic") => operators(LOGIC, "True when"),
        ("operators", "visitor") => operators(VISITOR, "True when"),
        ("operators", "events") => operators(EVENTS, "True when"),
        ("operators", "comparisons") => operators(COMPARISONS, "True when"),
        ("operators", "features") => operators(FEATURES, "Remembers"),
        ("operators", "filters") => filters(),
        ("roots", _) => roots(),
        ("paths", _) => paths(),
        ("words", "types") => words(TYPES),
        ("words", "channels") => words(CHANNELS),
        ("words", "purposes") => words(PURPOSES),
        ("recipe", name) => {
            let file = project::root().join(format!("examples/recipes/{name}.jsonc"));
            let pack =
                std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
            format!("```jsonc pack\n{pack}```\n")
        }
        ("code", _) => match Code::ALL.iter().find(|code| code.name() == heading) {
            Some(code) => format!("{}\n", code.about()),
            None => bail!("there is no code {heading}"),
        },
        _ => bail!("there is no table {wanted}"),
    })
}

fn section(shape: &Shape) -> String {
    let title = shape.what.trim_matches('`');
    let title = title.trim_start_matches("a ").trim_start_matches("an ").trim_start_matches("the ");
    format!("\n## {title} {{#{}}}\n\n{}\n\n{}\n", shape.name, shape.about, keys(shape))
}

fn keys(shape: &Shape) -> String {
    let mut out =
        "<table class=keys><thead><tr><th>Key<th>Takes<th>Means</thead><tbody>".to_owned();
    for key in shape.keys() {
        let needed = if key.needed { " <em>needed</em>" } else { "" };
        let default = key.default.map_or_else(String::new, |default| {
            format!(" Left out: <code>{}</code>.", escaped(default))
        });
        let (takes, about) = (takes(&key.takes), inline(key.about));
        // Writing to a String does not fail.
        let _ =
            write!(out, "<tr><td><code>{}</code>{needed}<td>{takes}<td>{about}{default}", key.name);
    }
    out.push_str("</tbody></table>\n");
    for keys in shape.exactly_one {
        let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        let _ = write!(out, "\nOne of {}, and not two.\n", keys.join(", "));
    }
    for [one, other] in shape.together {
        let _ = write!(out, "\n`{one}` and `{other}` stand together or not at all.\n");
    }
    out
}

fn takes(takes: &Takes) -> String {
    match takes {
        Takes::Any => "any JSON".to_owned(),
        Takes::Null => "<code>null</code>".to_owned(),
        Takes::Text => "text".to_owned(),
        Takes::Flag => "<code>true</code> or <code>false</code>".to_owned(),
        Takes::Number => "a number".to_owned(),
        Takes::Whole(least, most) if *least == i32::MIN || *most >= i32::MAX - 1 => {
            if *least == 0 {
                "a whole number from 0".to_owned()
            } else {
                "a whole number".to_owned()
            }
        }
        Takes::Whole(least, most) => format!("a whole number from {least} to {most}"),
        Takes::Share => "a number from 0 to 1".to_owned(),
        Takes::Duration => "a duration such as <code>7d</code>".to_owned(),
        Takes::Pattern(_, example) => format!("text such as <code>{}</code>", escaped(example)),
        Takes::Name(of) => format!("the name of {of}"),
        Takes::Label => "text, or texts by language".to_owned(),
        Takes::Words(words) => {
            let each: Vec<String> =
                words.iter().map(|word| format!("<code>{}</code>", escaped(word.name))).collect();
            each.join(" or ")
        }
        Takes::Object(shape) => {
            format!("<a href=\"keys.html#{}\">{}</a>", shape.name, shape.what.trim_matches('`'))
        }
        Takes::Map(of, inner) => format!("by {}: {}", inline(of), self::takes(inner)),
        Takes::List(inner) => format!("a list: {}", self::takes(inner)),
        Takes::Either(several) => {
            let each: Vec<String> = several.iter().map(self::takes).collect();
            each.join(", or ")
        }
        Takes::Bounds(operators, inner) => {
            let each: Vec<String> =
                operators.iter().map(|operator| format!("<code>{operator}</code>")).collect();
            format!("bounds ({}): {}", each.join(" "), self::takes(inner))
        }
        Takes::Condition | Takes::InJourney => {
            "<a href=\"conditions.html\">a condition</a>".to_owned()
        }
        Takes::Where => {
            "<a href=\"conditions.html#on-events\">a condition on the event</a>".to_owned()
        }
        Takes::Comparison => {
            "<a href=\"conditions.html#comparisons\">a value or comparisons</a>".to_owned()
        }
        Takes::Feature => "<a href=\"events.html#features\">an operator</a>".to_owned(),
    }
}

fn operators(operators: &[Operator], means: &str) -> String {
    let mut out =
        format!("<table class=operators><thead><tr><th>Operator<th>{means}</thead><tbody>");
    for operator in operators {
        let (name, about) = (operator.name, inline(operator.about));
        let (takes, example) = (takes(&operator.takes), json(operator.example));
        let _ = write!(
            out,
            "<tr><td><code class=o>{name}</code><td>{about} Takes {takes}.<pre><code>{example}</code></pre>"
        );
    }
    out.push_str("</tbody></table>\n");
    out
}

fn filters() -> String {
    let mut out =
        "<table><thead><tr><th>Filter<th>What it does<th>Example</thead><tbody>".to_owned();
    for filter in FILTERS {
        let (about, example) = (inline(filter.about), escaped(filter.example));
        let _ = write!(
            out,
            "<tr><td><code>{}</code><td>{about}<td><code>{example}</code>",
            filter.name
        );
    }
    out + "</tbody></table>\n"
}

fn roots() -> String {
    let mut out = "<table><thead><tr><th>Begins with<th>Reads</thead><tbody>".to_owned();
    for root in ROOTS {
        let _ = write!(out, "<tr><td><code>{}.</code><td>{}", root.name, inline(root.about));
    }
    out + "</tbody></table>\n"
}

fn paths() -> String {
    let mut out = "<table><thead><tr><th>Path<th>Type<th>Reads</thead><tbody>".to_owned();
    for path in BUILT_IN {
        let about = inline(path.about);
        let _ = write!(out, "<tr><td><code>{}</code><td>{}<td>{about}", path.path, path.ty);
    }
    out + "</tbody></table>\n"
}

fn words(words: &[Word]) -> String {
    let mut out = "<table><tbody>".to_owned();
    for word in words {
        let _ = write!(out, "<tr><td><code>{}</code><td>{}", word.name, inline(word.about));
    }
    out + "</tbody></table>\n"
}

/// A sentence of the description, whose code stands between backticks.
fn inline(text: &str) -> String {
    let parts = text.split('`').enumerate().map(|(number, part)| match number % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    });
    parts.collect()
}
