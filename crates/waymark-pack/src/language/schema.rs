//! The JSON Schema (draft 2020-12) of packs.
//!
//! It says what can be said about a pack without looking two places up at once: the shape. Names
//! that nobody declared, types that do not fit and the like are `waymark check`'s. It accepts every
//! pack that compiles.

use super::json::Json;
use super::operators::{self, Operator};
use super::{BUILT_IN, EVENTS, FEATURES, LOGIC, PACK, ROOTS, Shape, Takes, VISITOR, shapes};

/// Where the schema is published.
const ID: &str = "https://waymark.dev/schema/pack-1.json";
/// Definitions of conditions on a visitor.
const CONDITION: &str = "condition";
const IN_JOURNEY: &str = "condition-in-journey";
const DURATION: &str = "^[0-9]+[smhdw]$";

/// The schema's text.
pub fn schema() -> String {
    let mut definitions: Vec<(String, Json)> = Vec::new();
    for shape in shapes() {
        if shape.name != PACK.name {
            definitions.push((shape.name.to_owned(), of_shape(shape)));
        }
    }
    definitions.extend([
        (CONDITION.to_owned(), condition(CONDITION)),
        (IN_JOURNEY.to_owned(), condition(IN_JOURNEY)),
        ("where".to_owned(), filter()),
        ("comparison".to_owned(), comparison()),
        ("comparisons".to_owned(), comparisons()),
        ("feature".to_owned(), feature()),
        ("duration".to_owned(), duration()),
        ("label".to_owned(), label()),
    ]);
    let root = Json::object([
        ("$schema", Json::text("https://json-schema.org/draft/2020-12/schema")),
        ("$id", Json::text(ID)),
    ]);
    let (Json::Object(mut members), Json::Object(pack)) = (root, of_shape(&PACK)) else {
        return String::new();
    };
    members.extend(pack);
    members.push(("$defs".to_owned(), Json::Object(definitions)));
    let mut text = String::new();
    Json::Object(members).pretty(&mut text, 0);
    text.push('\n');
    text
}

fn of_shape(shape: &Shape) -> Json {
    let properties = shape.keys().map(|key| {
        let mut value = described(of(&key.takes), key.about);
        if let Some(default) = key.default {
            value = value.and([("default", Json::Raw(default.to_owned()))]);
        }
        (key.name.to_owned(), value)
    });
    let mut object = Json::object([
        ("title", Json::text(shape.what.trim_matches('`'))),
        ("description", Json::text(shape.about)),
        ("type", Json::text("object")),
        ("properties", Json::Object(properties.collect())),
    ]);
    let needed: Vec<&str> = shape.keys().filter(|key| key.needed).map(|key| key.name).collect();
    if !needed.is_empty() {
        object = object.and([("required", Json::texts(needed))]);
    }
    let lists = shape.exactly_one.iter().map(|keys| {
        let each = keys.iter().map(|key| Json::object([("required", Json::texts([*key]))]));
        Json::object([("oneOf", Json::List(each.collect()))])
    });
    let lists: Vec<Json> = lists.collect();
    if !lists.is_empty() {
        object = object.and([("allOf", Json::List(lists))]);
    }
    let pairs = shape.together.iter().flat_map(|[one, other]| [(*one, *other), (*other, *one)]);
    let pairs: Vec<(String, Json)> =
        pairs.map(|(key, needs)| (key.to_owned(), Json::texts([needs]))).collect();
    if !pairs.is_empty() {
        object = object.and([("dependentRequired", Json::Object(pairs))]);
    }
    object.and([("additionalProperties", Json::Flag(false))])
}

fn of(takes: &Takes) -> Json {
    match takes {
        Takes::Any => Json::object([]),
        Takes::Null => typed("null"),
        Takes::Text => typed("string"),
        Takes::Flag => typed("boolean"),
        Takes::Number => typed("number"),
        Takes::Whole(least, most) => {
            let mut whole = typed("integer");
            if *least != i32::MIN {
                whole = whole.and([("minimum", Json::Raw(least.to_string()))]);
            }
            if *most < i32::MAX - 1 {
                whole = whole.and([("maximum", Json::Raw(most.to_string()))]);
            }
            whole
        }
        Takes::Share => typed("number")
            .and([("minimum", Json::Raw("0".to_owned())), ("maximum", Json::Raw("1".to_owned()))]),
        Takes::Duration => reference("duration"),
        Takes::Pattern(pattern, example) => typed("string")
            .and([("pattern", Json::text(*pattern)), ("examples", Json::texts([*example]))]),
        Takes::Name(of) => {
            typed("string").and([("title", Json::text(format!("the name of {of}")))])
        }
        Takes::Label => reference("label"),
        Takes::Words(words) => {
            let each = words.iter().map(|word| {
                Json::object([
                    ("const", Json::text(word.name)),
                    ("description", Json::text(word.about)),
                ])
            });
            Json::object([("oneOf", Json::List(each.collect()))])
        }
        Takes::Object(shape) => reference(shape.name),
        Takes::Map(_, takes) => typed("object").and([("additionalProperties", of(takes))]),
        Takes::List(takes) => typed("array").and([("items", of(takes))]),
        Takes::Either(several) => any_of(several.iter().map(of)),
        Takes::Bounds(operators, takes) => {
            let each = operators.iter().map(|operator| ((*operator).to_owned(), of(takes)));
            closed(each.collect())
        }
        Takes::Condition => reference(CONDITION),
        Takes::InJourney => reference(IN_JOURNEY),
        Takes::Where => reference("where"),
        Takes::Comparison => reference("comparison"),
        Takes::Feature => reference("feature"),
    }
}

/// A condition on a visitor: operators, and paths with what they have to be like.
fn condition(name: &str) -> Json {
    let logic = LOGIC.iter().map(|operator| combined(operator, name));
    let built_in = BUILT_IN
        .iter()
        .map(|path| (path.path.to_owned(), described(reference("comparison"), path.about)));
    let operators = logic.chain(VISITOR.iter().map(entry));
    let roots: Vec<&str> = ROOTS
        .iter()
        .filter(|root| root.any_key || ["features", "scores"].contains(&root.name))
        .filter(|root| !root.in_journeys || name == IN_JOURNEY)
        .map(|root| root.name)
        .collect();
    let pattern = format!("^({})\\..", roots.join("|"));
    Json::object([
        ("title", Json::text("a condition")),
        ("description", Json::text("Members all of which have to hold for the visitor.")),
        ("type", Json::text("object")),
        ("properties", Json::Object(operators.chain(built_in).collect())),
        ("patternProperties", Json::Object(vec![(pattern, reference("comparison"))])),
        ("additionalProperties", Json::Flag(false)),
    ])
}

/// A condition on an event: paths of its properties, and logic.
fn filter() -> Json {
    let logic = LOGIC.iter().map(|operator| combined(operator, "where"));
    let operators = logic.chain(EVENTS.iter().map(entry));
    Json::object([
        ("title", Json::text("a condition on an event")),
        (
            "description",
            Json::text("Members all of which have to hold for the event's properties."),
        ),
        ("type", Json::text("object")),
        ("properties", Json::Object(operators.collect())),
        ("patternProperties", Json::Object(vec![("^[^$]".to_owned(), reference("comparison"))])),
        ("additionalProperties", Json::Flag(false)),
    ])
}

/// An operator of logic, of conditions of this kind.
fn combined(operator: &Operator, kind: &str) -> (String, Json) {
    let takes = match operator.takes {
        Takes::List(_) => typed("array").and([("items", reference(kind))]),
        _ => reference(kind),
    };
    (operator.name.to_owned(), described(takes, operator.about))
}

/// A value to equal, or comparisons.
fn comparison() -> Json {
    let plain = Json::object([
        ("type", Json::text("object")),
        ("propertyNames", Json::object([("not", Json::object([("pattern", Json::text("^\\$"))]))])),
    ]);
    let scalars = Json::texts(["string", "number", "boolean", "null", "array"]);
    described(
        any_of([Json::object([("type", scalars)]), reference("comparisons"), plain]),
        "What a value has to be like: the same as this, or as the comparisons say.",
    )
}

fn comparisons() -> Json {
    let each = operators::COMPARISONS.iter().map(entry);
    Json::object([
        ("title", Json::text("comparisons")),
        ("description", Json::text("Comparisons all of which have to hold.")),
    ])
    .and_all(closed(each.collect()))
}

fn feature() -> Json {
    let each = FEATURES.iter().map(entry);
    Json::object([
        ("title", Json::text("a feature")),
        ("description", Json::text("What is remembered of each visitor: one operator.")),
    ])
    .and_all(closed(each.collect()))
    .and([("maxProperties", Json::Raw("1".to_owned()))])
}

fn duration() -> Json {
    typed("string").and([
        ("title", Json::text("a duration")),
        ("description", Json::text("A whole number and one of s, m, h, d and w.")),
        ("pattern", Json::text(DURATION)),
        ("examples", Json::texts(["30m", "24h", "7d", "8w"])),
    ])
}

fn label() -> Json {
    let by_locale = typed("object").and([("additionalProperties", typed("string"))]);
    described(any_of([typed("string"), by_locale]), "A string, or strings by language tag.")
}

fn entry(operator: &Operator) -> (String, Json) {
    (operator.name.to_owned(), described(of(&operator.takes), operator.about))
}

/// An object of these members, at least one of them, and no others.
fn closed(members: Vec<(String, Json)>) -> Json {
    typed("object").and([
        ("properties", Json::Object(members)),
        ("additionalProperties", Json::Flag(false)),
        ("minProperties", Json::Raw("1".to_owned())),
    ])
}

fn described(json: Json, about: &str) -> Json {
    json.and([("description", Json::text(about))])
}

fn typed(name: &str) -> Json {
    Json::object([("type", Json::text(name))])
}

fn reference(name: &str) -> Json {
    Json::object([("$ref", Json::text(format!("#/$defs/{name}")))])
}

fn any_of(several: impl IntoIterator<Item = Json>) -> Json {
    Json::object([("anyOf", Json::List(several.into_iter().collect()))])
}
