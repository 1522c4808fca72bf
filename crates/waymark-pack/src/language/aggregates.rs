//! What is remembered of many events: as a feature, or asked where it stands, with `is`.

use super::Takes::{Comparison, Duration, Either, List, Name, Object, Text, Where, Whole, Words};
use super::{Key, Shape, Takes, may, needs, word};

/// What names an event.
const EVENT: Key =
    needs("event", Name("an event"), "The event's name; `*` is any event of the visitor's.");
const WHERE: Key =
    may("where", Where, "What its properties have to be like; `context.` reads what came with it.");
const WITHIN: Key = may("within", Duration, "Only what happened at most that long ago.");
const BETWEEN: Key = may(
    "between",
    List(&Duration),
    "Only what happened from so long to so long ago, as `[\"30d\", \"7d\"]`.",
);
const EACH: Key = may(
    "each",
    Text,
    "A property that is a list, each element of which counts; `property` is then read of the element.",
);
const PROPERTY: Key = needs("property", Text, "The property that counts.");
/// With `each`, elements that are no objects count themselves.
const OF: Key =
    may("property", Text, "The property that counts; without it the elements of `each`.");
const IS: Key = needs("is", Comparison, "What it has to be like.");

/// An aggregate has two shapes: of a feature, and with `is` of a condition.
macro_rules! aggregates {
    ($($feature:ident $asked:ident = $name:literal $what:literal $about:literal [$($key:expr),+];)+) => {
        $(
            pub static $feature: Shape = Shape::new(
                concat!($name, "-feature"), $what, $about, &[$($key),+],
            );
            pub static $asked: Shape = Shape::new($name, $what, $about, &[$($key,)+ IS]);
        )+
    };
}

aggregates! {
    COUNT_FEATURE COUNT = "count" "`$count`" "How often an event happened."
        [EVENT, WHERE, WITHIN, BETWEEN, EACH];
    SUM_FEATURE SUM = "sum" "`$sum`" "The sum of a property over events."
        [EVENT, WHERE, PROPERTY, WITHIN, BETWEEN, EACH];
    AVG_FEATURE AVG = "avg" "`$avg`" "The average of a property over events."
        [EVENT, WHERE, PROPERTY, WITHIN, BETWEEN, EACH];
    MIN_FEATURE MIN = "min" "`$min`" "The least number that a property of events had."
        [EVENT, WHERE, PROPERTY, WITHIN, BETWEEN, EACH];
    MAX_FEATURE MAX = "max" "`$max`" "The greatest number that a property of events had."
        [EVENT, WHERE, PROPERTY, WITHIN, BETWEEN, EACH];
    DISTINCT_FEATURE DISTINCT = "distinct" "`$distinct`" "How many different values a property of events had."
        [EVENT, WHERE, OF, WITHIN, EACH,
         may("max", Whole(1, 1_000), "How many are told apart; more count as many.").or("100")];
    TOP_FEATURE TOP = "top" "`$top`" "The value that a property of events had most often; of equals the latest."
        [EVENT, WHERE, OF, WITHIN, BETWEEN, EACH,
         may("max", Whole(2, 100), "How many values are counted; of more, those that came last.").or("20")];
    STREAK_FEATURE STREAK = "streak" "`$streak`" "In how many periods in a row an event happened, up to this one or the one before."
        [EVENT, WHERE, may("per", Words(PERIODS), "The periods, in the pack's zone; weeks begin on Monday.").or("\"day\"")];
    ITEMS_FEATURE ITEMS_ASKED = "items-of-events" "`$items`" "A list that events add to and take from, the latest last."
        [needs("add", CHANGES, "Events that add their key."),
         may("remove", CHANGES, "Events that take their key away."),
         may("clear", CHANGES, "Events that empty the list."),
         needs("key", Text, "The property that names what is added or taken away."),
         EACH,
         may("max", Whole(1, 200), "How many are kept; of more, the latest.").or("50")];
}

/// Events that change a list.
pub static CHANGE_OF_ITEMS: Shape =
    Shape::new("change-of-items", "an event", "An event that changes a list.", &[EVENT, WHERE]);

const CHANGES: Takes = Either(&[
    Name("an event"),
    Object(&CHANGE_OF_ITEMS),
    List(&Either(&[Name("an event"), Object(&CHANGE_OF_ITEMS)])),
]);

const PERIODS: &[super::Word] =
    &[word("day", "Days."), word("week", "Weeks, from Monday on."), word("month", "Months.")];
