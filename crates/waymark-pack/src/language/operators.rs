//! The operators, by where they stand.

use super::Takes::{Any, Comparison, Condition, Either, Flag, List, Name, Number, Object, Text};
use super::{
    COUNT, COUNT_FEATURE, DID, FIRST, FIRST_FEATURE, LAST, LAST_FEATURE, SEQUENCE, STAGE_AT_LEAST,
    SUM, SUM_FEATURE, Takes,
};

#[derive(Debug)]
pub struct Operator {
    pub name: &'static str,
    pub takes: Takes,
    /// One sentence about it.
    pub about: &'static str,
    /// It in use, as a condition, a comparison or a feature. It compiles in a pack without
    /// declarations that has the segment `vip` and the stage `customer`.
    pub example: &'static str,
    /// Part of the language, and not of this version.
    pub later: bool,
}

const fn operator(
    name: &'static str,
    takes: Takes,
    about: &'static str,
    example: &'static str,
) -> Operator {
    Operator { name, takes, about, example, later: false }
}

const fn later(name: &'static str, about: &'static str) -> Operator {
    Operator { name, takes: Any, about, example: "", later: true }
}

/// The operator of that name, also one of a later version.
pub fn find(operators: &'static [Operator], name: &str) -> Option<&'static Operator> {
    operators.iter().find(|operator| operator.name == name)
}

/// The names of the operators that can be written.
pub fn names(operators: &'static [Operator]) -> impl Iterator<Item = &'static str> + Clone {
    operators.iter().filter(|operator| !operator.later).map(|operator| operator.name)
}

/// Operators that take conditions, wherever a condition stands.
pub static LOGIC: &[Operator] = &[
    operator(
        "$and",
        List(&Condition),
        "All of the conditions hold.",
        r#"{ "$and": [{ "traits.plan": "pro" }, { "$segment": "vip" }] }"#,
    ),
    operator(
        "$or",
        List(&Condition),
        "At least one of the conditions holds; an empty list holds.",
        r#"{ "$or": [{ "traits.plan": "pro" }, { "$segment": "vip" }] }"#,
    ),
    operator(
        "$nor",
        List(&Condition),
        "None of the conditions holds.",
        r#"{ "$nor": [{ "traits.plan": "pro" }, { "$segment": "vip" }] }"#,
    ),
    operator(
        "$not",
        Condition,
        "The condition does not hold.",
        r#"{ "$not": { "$segment": "vip" } }"#,
    ),
];

/// Operators that ask about a visitor.
pub static VISITOR: &[Operator] = &[
    operator(
        "$did",
        Object(&DID),
        "The event happened, as often as `count` says.",
        r#"{ "$did": { "event": "Product Viewed", "count": { "$gte": 3 }, "within": "7d" } }"#,
    ),
    operator(
        "$didNot",
        Object(&DID),
        "The opposite of `$did`.",
        r#"{ "$didNot": { "event": "Order Completed", "within": "30d" } }"#,
    ),
    operator(
        "$sequence",
        Object(&SEQUENCE),
        "The events happened in this order; the latest match counts.",
        r#"{ "$sequence": { "steps": [{ "event": "Product Added" }], "without": ["Order Completed"], "idle": "1h" } }"#,
    ),
    operator(
        "$first",
        Object(&FIRST),
        "How long ago the event happened first, or what a property of it was.",
        r#"{ "$first": { "event": "Page Viewed", "age": { "$gte": "30d" } } }"#,
    ),
    operator(
        "$last",
        Object(&LAST),
        "How long ago the event happened last, or what a property of it was.",
        r#"{ "$last": { "event": "Product Viewed", "property": "category", "is": "tents" } }"#,
    ),
    operator(
        "$count",
        Object(&COUNT),
        "How often the event happened, compared with `is`.",
        r#"{ "$count": { "event": "Product Viewed", "within": "90d", "is": { "$gte": 200 } } }"#,
    ),
    operator(
        "$sum",
        Object(&SUM),
        "The sum of a property over the events, compared with `is`; over none it is 0.",
        r#"{ "$sum": { "event": "Order Completed", "property": "revenue", "within": "90d", "is": { "$gte": 500 } } }"#,
    ),
    operator(
        "$segment",
        Either(&[Name("a segment"), List(&Name("a segment"))]),
        "The visitor is a member of the segment, or of one of the segments.",
        r#"{ "$segment": "vip" }"#,
    ),
    operator(
        "$stage",
        Either(&[Name("a stage"), Object(&STAGE_AT_LEAST)]),
        "The visitor is in the stage, or at least as far.",
        r#"{ "$stage": { "atLeast": "customer" } }"#,
    ),
    later("$avg", "The average of a property over events."),
    later("$min", "The least value of a property over events."),
    later("$max", "The greatest value of a property over events."),
    later("$distinct", "How many different values a property had."),
    later("$top", "The most frequent value of a property."),
    later("$streak", "In how many periods in a row an event happened."),
    later("$items", "What is in a list that events add to and remove from."),
    later("$tier", "The visitor's tier of loyalty."),
    later("$rfm", "How recently, how often and for how much the visitor bought."),
    later("$score", "What a model says of the visitor."),
    later("$consent", "What the visitor has allowed."),
    later("$channel", "By which channels the visitor can be reached."),
    later("$experiment", "The variation that the visitor sees."),
    later("$anniversary", "Whether the day of a date comes round."),
    later("$hours", "Whether it is between two times of the day."),
    later("$weekday", "Which day of the week it is."),
    later("$percent", "A share of the visitors, always the same."),
];

/// Operators that say what a value has to be like.
pub static COMPARISONS: &[Operator] = &[
    operator("$eq", Any, "It equals the value.", r#"{ "traits.plan": { "$eq": "pro" } }"#),
    operator(
        "$ne",
        Any,
        "It does not equal the value; what is missing does not.",
        r#"{ "traits.plan": { "$ne": "free" } }"#,
    ),
    operator("$lt", ORDERED, "It is less.", r#"{ "traits.age": { "$lt": 30 } }"#),
    operator("$lte", ORDERED, "It is less or equal.", r#"{ "traits.age": { "$lte": 30 } }"#),
    operator("$gt", ORDERED, "It is greater.", r#"{ "traits.age": { "$gt": 30 } }"#),
    operator("$gte", ORDERED, "It is greater or equal.", r#"{ "traits.age": { "$gte": 30 } }"#),
    operator(
        "$in",
        List(&Any),
        "It equals one of the values; of a list, one element does.",
        r#"{ "geo.country": { "$in": ["SG", "MY"] } }"#,
    ),
    operator(
        "$nin",
        List(&Any),
        "It equals none of the values; what is missing equals none.",
        r#"{ "geo.country": { "$nin": ["SG", "MY"] } }"#,
    ),
    operator(
        "$exists",
        Flag,
        "With true it is there and not null; with false it is not.",
        r#"{ "traits.email": { "$exists": true } }"#,
    ),
    operator(
        "$not",
        Comparison,
        "The comparison does not hold.",
        r#"{ "traits.age": { "$not": { "$lt": 30 } } }"#,
    ),
    later("$ini", "As `$in`, whatever the case of letters."),
    later("$nini", "As `$nin`, whatever the case of letters."),
    later("$inGroup", "It is in a group of the pack's."),
    later("$notInGroup", "It is not in a group of the pack's."),
    later("$regex", "It matches a regular expression."),
    later("$regexi", "It matches a regular expression, whatever the case of letters."),
    later("$notRegex", "It does not match a regular expression."),
    later("$notRegexi", "It does not match a regular expression, whatever the case of letters."),
    later("$type", "It is of a type."),
    later("$size", "It is a list of so many elements."),
    later("$all", "It is a list with an element for each of the values."),
    later("$alli", "As `$all`, whatever the case of letters."),
    later("$elemMatch", "It is a list with an element that meets the condition."),
    later("$veq", "It is the same version."),
    later("$vne", "It is another version."),
    later("$vgt", "It is a later version."),
    later("$vgte", "It is this version or a later one."),
    later("$vlt", "It is an earlier version."),
    later("$vlte", "It is this version or an earlier one."),
    later("$since", "How long ago a date is."),
    later("$until", "How far ahead a date is."),
    later("$ref", "What another path reads."),
];

/// What has an order.
const ORDERED: Takes = Either(&[Number, Text]);

/// Operators that say what a feature remembers.
pub static FEATURES: &[Operator] = &[
    operator(
        "$count",
        Object(&COUNT_FEATURE),
        "How often the event happened.",
        r#"{ "$count": { "event": "Product Viewed", "within": "30d" } }"#,
    ),
    operator(
        "$sum",
        Object(&SUM_FEATURE),
        "The sum of a property over the events.",
        r#"{ "$sum": { "event": "Order Completed", "property": "revenue", "within": "90d" } }"#,
    ),
    operator(
        "$first",
        Object(&FIRST_FEATURE),
        "A property of the first of the events.",
        r#"{ "$first": { "event": "Page Viewed", "property": "referrer" } }"#,
    ),
    operator(
        "$last",
        Object(&LAST_FEATURE),
        "A property of the latest of the events.",
        r#"{ "$last": { "event": "Product Viewed", "property": "name" } }"#,
    ),
    later("$avg", "The average of a property over events."),
    later("$min", "The least value of a property over events."),
    later("$max", "The greatest value of a property over events."),
    later("$distinct", "How many different values a property had."),
    later("$top", "The most frequent value of a property."),
    later("$streak", "In how many periods in a row an event happened."),
    later("$items", "What is in a list that events add to and remove from."),
];

/// What changes a value inside a template. `takes` is what stands after its `:`.
pub static FILTERS: &[Operator] = &[
    operator(
        "default",
        Any,
        "What is shown when there is nothing.",
        "{{ traits.name | default: 'friend' }}",
    ),
    operator(
        "truncate",
        Number,
        "At most so many characters, the last of them `…`.",
        "{{ page.title | truncate: 40 }}",
    ),
    operator("upcase", Any, "All in capitals.", "{{ traits.plan | upcase }}"),
    operator("downcase", Any, "All in small letters.", "{{ traits.plan | downcase }}"),
    operator("capitalize", Any, "The first letter a capital.", "{{ traits.plan | capitalize }}"),
    operator(
        "money",
        Text,
        "An amount of the pack's `currency`, or of another, as the content's language writes it.",
        "{{ traits.credit | money: 'USD' }}",
    ),
    operator(
        "plural",
        Text,
        "The word that goes with a number: one for each form that the language has.",
        "{{ session.number }} {{ session.number | plural: 'visit', 'visits' }}",
    ),
];
