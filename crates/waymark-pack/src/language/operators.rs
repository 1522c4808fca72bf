//! The operators, by where they stand.

use super::Takes::{
    Any, Bounds, Comparison, Condition, Duration, Either, Flag, List, Map, Name, Number, Object,
    Text, Words,
};
use super::{
    ANNIVERSARY, AVG, AVG_FEATURE, CHANNELS, CONSENT, COUNT, COUNT_FEATURE, DAYS, DID, DISTINCT,
    DISTINCT_FEATURE, FIRST, FIRST_FEATURE, HOURS, ITEMS_ASKED, ITEMS_FEATURE, LAST, LAST_FEATURE,
    MAX, MAX_FEATURE, MIN, MIN_FEATURE, PERCENT, PURPOSES, RFM_ASKED, SCORE, SEQUENCE,
    STAGE_AT_LEAST, STREAK, STREAK_FEATURE, SUM, SUM_FEATURE, TIER_AT_LEAST, TOP, TOP_FEATURE,
    Takes, WEEKDAY, Word, word,
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
}

const fn operator(
    name: &'static str,
    takes: Takes,
    about: &'static str,
    example: &'static str,
) -> Operator {
    Operator { name, takes, about, example }
}

/// The operator of that name.
pub fn find(operators: &'static [Operator], name: &str) -> Option<&'static Operator> {
    operators.iter().find(|operator| operator.name == name)
}

/// The names of the operators that can be written.
pub fn names(operators: &'static [Operator]) -> impl Iterator<Item = &'static str> + Clone {
    operators.iter().map(|operator| operator.name)
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

/// Operators that ask about an event, in a `where`.
pub static EVENTS: &[Operator] = &[operator(
    "$channel",
    Either(&[Words(CHANNELS), List(&Words(CHANNELS))]),
    "How the visitor came to the page of the event.",
    r#"{ "$did": { "event": "Page Viewed", "where": { "$channel": "email" } } }"#,
)];

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
    operator(
        "$hours",
        Object(&HOURS),
        "It is between two times of the day.",
        r#"{ "$hours": { "from": "09:00", "to": "18:00", "except": "holidays" } }"#,
    ),
    operator(
        "$weekday",
        Either(&[Words(DAYS), List(&Words(DAYS)), Object(&WEEKDAY)]),
        "It is one of these days of the week.",
        r#"{ "$weekday": ["sat", "sun"] }"#,
    ),
    operator(
        "$anniversary",
        Object(&ANNIVERSARY),
        "Today has the month and day of a date, or is near; 29 February is the 28th in other years.",
        r#"{ "$anniversary": { "trait": "birthday", "before": "3d", "after": "3d" } }"#,
    ),
    operator(
        "$consent",
        Either(&[Words(PURPOSES), Object(&CONSENT)]),
        "The visitor consents to the purpose, and to be reached by a channel; for rules only.",
        r#"{ "$consent": "marketing" }"#,
    ),
    operator(
        "$avg",
        Object(&AVG),
        "The average of a property over the events, compared with `is`; of none there is none.",
        r#"{ "$avg": { "event": "Order Completed", "property": "revenue", "within": "90d", "is": { "$gte": 80 } } }"#,
    ),
    operator(
        "$min",
        Object(&MIN),
        "The least number that a property had, compared with `is`.",
        r#"{ "$min": { "event": "Product Viewed", "property": "price", "within": "7d", "is": { "$gte": 100 } } }"#,
    ),
    operator(
        "$max",
        Object(&MAX),
        "The greatest number that a property had, compared with `is`.",
        r#"{ "$max": { "event": "Order Completed", "property": "revenue", "is": { "$gte": 500 } } }"#,
    ),
    operator(
        "$distinct",
        Object(&DISTINCT),
        "How many different values a property had, compared with `is`.",
        r#"{ "$distinct": { "event": "Product Viewed", "property": "category", "within": "14d", "is": { "$gte": 3 } } }"#,
    ),
    operator(
        "$top",
        Object(&TOP),
        "The value that a property had most often, compared with `is`.",
        r#"{ "$top": { "event": "Product Viewed", "property": "category", "within": "30d", "is": "tents" } }"#,
    ),
    operator(
        "$streak",
        Object(&STREAK),
        "In how many days, weeks or months in a row the event happened, compared with `is`.",
        r#"{ "$streak": { "event": "*", "per": "day", "is": { "$gte": 3 } } }"#,
    ),
    operator(
        "$items",
        Object(&ITEMS_ASKED),
        "A list that events add to and take from, compared with `is`.",
        r#"{ "$items": { "add": "Product Added", "remove": "Product Removed", "clear": "Order Completed", "key": "product_id", "is": { "$size": { "$gte": 1 } } } }"#,
    ),
    operator(
        "$experiment",
        Map("the experiment's id", &Either(&[Name("a variation"), List(&Name("a variation"))])),
        "The variation of the experiment that the visitor saw last is this one, or one of these.",
        r#"{ "$experiment": { "copy": ["short", "long"] } }"#,
    ),
    operator(
        "$percent",
        Object(&PERCENT),
        "The visitor is in a share of all, the same whenever it is asked.",
        r#"{ "$percent": { "share": 0.2, "seed": "spring" } }"#,
    ),
    operator(
        "$channel",
        Either(&[Words(CHANNELS), List(&Words(CHANNELS))]),
        "How the visitor came to the page; for rules only.",
        r#"{ "$channel": ["paid-search", "email"] }"#,
    ),
    operator(
        "$rfm",
        Object(&RFM_ASKED),
        "How recently, how often and for how much the visitor bought, by the scores of `rfm`.",
        r#"{ "$rfm": { "r": { "$gte": 4 }, "m": 5 } }"#,
    ),
    operator(
        "$tag",
        Either(&[Text, List(&Text)]),
        "The visitor has the tag, or one of several: `Tag Added` and `Tag Removed` are the events, `tag` their property.",
        r#"{ "$tag": "press" }"#,
    ),
    operator(
        "$tier",
        Either(&[Name("a tier"), List(&Name("a tier")), Object(&TIER_AT_LEAST)]),
        "The visitor's tier of loyalty is this, or one of these, or with `atLeast` this or a higher one.",
        r#"{ "$tier": { "atLeast": "silver" } }"#,
    ),
    operator(
        "$score",
        Object(&SCORE),
        "What a model says of the visitor; `scores.` and the model's id are the same as a path.",
        r#"{ "$score": { "model": "churn", "$gte": 0.7 } }"#,
    ),
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
        AMONG,
        "It equals one of the values; of a list, one element does.",
        r#"{ "geo.country": { "$in": ["SG", "MY"] } }"#,
    ),
    operator(
        "$nin",
        AMONG,
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
    operator(
        "$ini",
        List(&Any),
        "As `$in`, whatever the case of letters.",
        r#"{ "traits.city": { "$ini": ["singapore", "penang"] } }"#,
    ),
    operator(
        "$nini",
        List(&Any),
        "As `$nin`, whatever the case of letters.",
        r#"{ "traits.city": { "$nini": ["singapore", "penang"] } }"#,
    ),
    operator(
        "$inGroup",
        Name("a group"),
        "It is in one of the pack's `groups`; of a list, one element is.",
        r#"{ "traits.id": { "$inGroup": "staff" } }"#,
    ),
    operator(
        "$notInGroup",
        Name("a group"),
        "It is not in one of the pack's `groups`.",
        r#"{ "traits.id": { "$notInGroup": "staff" } }"#,
    ),
    operator(
        "$regex",
        Text,
        "It is a text in which the regular expression finds a match.",
        r#"{ "page.path": { "$regex": "^/tents/[a-z-]+$" } }"#,
    ),
    operator(
        "$regexi",
        Text,
        "As `$regex`, whatever the case of letters.",
        r#"{ "campaign.name": { "$regexi": "black.?friday" } }"#,
    ),
    operator(
        "$notRegex",
        Text,
        "The regular expression finds no match in it.",
        r#"{ "page.path": { "$notRegex": "^/checkout" } }"#,
    ),
    operator(
        "$notRegexi",
        Text,
        "As `$notRegex`, whatever the case of letters.",
        r#"{ "campaign.name": { "$notRegexi": "test" } }"#,
    ),
    operator(
        "$type",
        Words(TYPES),
        "It is of a type of JSON; what is missing is `null`.",
        r#"{ "traits.tags": { "$type": "array" } }"#,
    ),
    operator(
        "$size",
        Comparison,
        "It is a list whose length is like this.",
        r#"{ "traits.tags": { "$size": { "$gte": 2 } } }"#,
    ),
    operator(
        "$all",
        List(&Comparison),
        "It is a list with an element like each of these.",
        r#"{ "traits.tags": { "$all": ["hiker", "camper"] } }"#,
    ),
    operator(
        "$alli",
        List(&Comparison),
        "As `$all`, whatever the case of letters.",
        r#"{ "traits.tags": { "$alli": ["Hiker", "Camper"] } }"#,
    ),
    operator(
        "$elemMatch",
        Any,
        "It is a list with an element that meets the comparisons, or, if the elements are objects, the condition on their keys.",
        r#"{ "traits.children": { "$elemMatch": { "age": { "$lt": 12 }, "likes": "tents" } } }"#,
    ),
    operator(
        "$veq",
        Text,
        "It is the same version.",
        r#"{ "device.version": { "$veq": "2.4.0" } }"#,
    ),
    operator(
        "$vne",
        Text,
        "It is not this version.",
        r#"{ "device.version": { "$vne": "2.4.0" } }"#,
    ),
    operator(
        "$vgt",
        Text,
        "It is a later version.",
        r#"{ "device.version": { "$vgt": "2.4.0" } }"#,
    ),
    operator(
        "$vgte",
        Text,
        "It is this version or a later one.",
        r#"{ "device.version": { "$vgte": "2.4.0" } }"#,
    ),
    operator(
        "$vlt",
        Text,
        "It is an earlier version; a pre-release comes before its release.",
        r#"{ "device.version": { "$vlt": "3.0.0" } }"#,
    ),
    operator(
        "$vlte",
        Text,
        "It is this version or an earlier one.",
        r#"{ "device.version": { "$vlte": "2.4.0" } }"#,
    ),
    operator(
        "$since",
        AGES,
        "It is a date that long ago; a date to come is none.",
        r#"{ "traits.memberSince": { "$since": { "$gte": "365d" } } }"#,
    ),
    operator(
        "$until",
        AGES,
        "It is a date that far ahead; a date that has passed is none, and a whole day lasts to its end.",
        r#"{ "traits.renewsAt": { "$until": { "$lte": "14d" } } }"#,
    ),
    operator(
        "$ref",
        Text,
        "It equals what another path reads; also on the right of `$eq $ne $lt $lte $gt $gte $in $nin`.",
        r#"{ "traits.city": { "$ref": "traits.storeCity" } }"#,
    ),
];

/// Bounds on a length of time.
const AGES: Takes = Bounds(&["$lt", "$lte", "$gt", "$gte"], &Duration);

/// The types of JSON.
const TYPES: &[Word] = &[
    word("null", "Null, and what is missing."),
    word("boolean", "True or false."),
    word("number", "A number."),
    word("string", "A text."),
    word("array", "A list."),
    word("object", "An object."),
];

/// What has an order.
const ORDERED: Takes = Either(&[Number, Text, REFERENCE]);

/// What has elements.
const AMONG: Takes = Either(&[List(&Any), REFERENCE]);

/// What another path reads.
const REFERENCE: Takes = Bounds(&["$ref"], &Text);

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
    operator(
        "$avg",
        Object(&AVG_FEATURE),
        "The average of a property over the events; of none there is none.",
        r#"{ "$avg": { "event": "Order Completed", "property": "revenue" } }"#,
    ),
    operator(
        "$min",
        Object(&MIN_FEATURE),
        "The least number that a property had.",
        r#"{ "$min": { "event": "Product Viewed", "property": "price", "within": "7d" } }"#,
    ),
    operator(
        "$max",
        Object(&MAX_FEATURE),
        "The greatest number that a property had.",
        r#"{ "$max": { "event": "Order Completed", "each": "products", "property": "price" } }"#,
    ),
    operator(
        "$distinct",
        Object(&DISTINCT_FEATURE),
        "How many different values a property had.",
        r#"{ "$distinct": { "event": "Product Viewed", "property": "category", "within": "14d" } }"#,
    ),
    operator(
        "$top",
        Object(&TOP_FEATURE),
        "The value that a property had most often; of equals the latest.",
        r#"{ "$top": { "event": "Product Viewed", "property": "category", "within": "30d" } }"#,
    ),
    operator(
        "$streak",
        Object(&STREAK_FEATURE),
        "In how many days, weeks or months in a row the event happened.",
        r#"{ "$streak": { "event": "Page Viewed", "per": "week" } }"#,
    ),
    operator(
        "$items",
        Object(&ITEMS_FEATURE),
        "A list that events add to and take from, such as a cart.",
        r#"{ "$items": { "add": "Product Added", "remove": "Product Removed", "clear": "Order Completed", "key": "product_id" } }"#,
    ),
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
        "date",
        Text,
        "A date as the content's language writes it, or by a pattern, in the visitor's zone.",
        "{{ traits.renewsAt | date: 'EEEE, d MMMM' }}",
    ),
    operator(
        "plural",
        Text,
        "The word that goes with a number: one for each form that the language has.",
        "{{ session.number }} {{ session.number | plural: 'visit', 'visits' }}",
    ),
];
