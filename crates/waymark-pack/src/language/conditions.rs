//! What the operators that ask about a visitor's history take.

use super::Takes::{
    Bounds, Comparison, Duration, Either, List, Name, Object, Pattern, Share, Text, Where, Whole,
    Words,
};
use super::{Key, PURPOSES, Shape, Takes, UNITS, Word, may, needs, word};

/// What names an event.
pub(super) const OCCURRENCE: &[Key] = &[
    needs("event", Name("an event"), "The event's name; `*` is any event of the visitor's."),
    may("where", Where, "What its properties have to be like; `context.` reads what came with it."),
];

pub static DID: Shape = Shape::new(
    "did",
    "`$did`",
    "An event that happened.",
    &[
        may(
            "count",
            Either(&[
                Whole(0, i32::MAX - 1),
                Bounds(&["$gte", "$gt", "$lte", "$lt", "$eq", "$ne"], &Whole(0, i32::MAX - 1)),
            ]),
            "How often; a number is exactly that often.",
        )
        .or("{ \"$gte\": 1 }"),
        may("within", Duration, "Only what happened at most that long ago."),
        may(
            "between",
            List(&Duration),
            "Only what happened from so long to so long ago, as `[\"30d\", \"7d\"]`, in buckets.",
        ),
        may(
            "in",
            Words(&[word("session", "The visitor's present session.")]),
            "Only what happened in the present session.",
        ),
    ],
)
.sharing(OCCURRENCE);

pub static SEQUENCE: Shape = Shape::new(
    "sequence",
    "`$sequence`",
    "Events that happened one after the other.",
    &[
        needs("steps", List(&Object(&STEP)), "The events in their order, 1 to 16."),
        may(
            "without",
            List(&Either(&[Name("an event"), Object(&STEP)])),
            "Events none of which happened after the first step.",
        ),
        may("within", Duration, "How long it all took at most, counted back from now."),
        may("idle", Duration, "How long ago the last step has to be at least."),
    ],
);

pub static STEP: Shape =
    Shape::new("step", "a step", "One event of a sequence.", &[]).sharing(OCCURRENCE);

pub static FIRST: Shape = occurred("first", "`$first`", "The first time that an event happened.");
pub static LAST: Shape = occurred("last", "`$last`", "The latest time that an event happened.");

const fn occurred(name: &'static str, what: &'static str, about: &'static str) -> Shape {
    const KEYS: &[Key] = &[
        may("age", Bounds(&["$lt", "$lte", "$gt", "$gte"], &Duration), "How long ago that is."),
        may("property", Text, "A property of the event; with `is`."),
        may("is", Comparison, "What the property has to be like."),
    ];
    Shape::new(name, what, about, KEYS).sharing(OCCURRENCE).together(&[["property", "is"]])
}

pub static FIRST_FEATURE: Shape = Shape::new(
    "first-feature",
    "`$first`",
    "A property of the first event of its name.",
    &[needs("property", Text, "The property that is kept.")],
)
.sharing(OCCURRENCE);

pub static LAST_FEATURE: Shape = Shape::new(
    "last-feature",
    "`$last`",
    "A property of the latest event of its name.",
    &[needs("property", Text, "The property that is kept.")],
)
.sharing(OCCURRENCE);

pub static STAGE_AT_LEAST: Shape = Shape::new(
    "stage-at-least",
    "`$stage`",
    "A stage or any after it.",
    &[needs("atLeast", Name("a stage"), "The earliest of the stages.")],
);

pub static HOURS: Shape = Shape::new(
    "hours",
    "`$hours`",
    "A time of the day.",
    &[
        needs("from", TIME, "The first minute that counts."),
        needs("to", TIME, "The first minute that does not; before `from` it is on the next day."),
        ZONE,
        EXCEPT,
    ],
);

pub static WEEKDAY: Shape = Shape::new(
    "weekday",
    "`$weekday`",
    "Days of the week.",
    &[
        needs("days", Either(&[Words(DAYS), List(&Words(DAYS))]), "The days that count."),
        ZONE,
        EXCEPT,
    ],
);

pub static ANNIVERSARY: Shape = Shape::new(
    "anniversary",
    "`$anniversary`",
    "A day of the year.",
    &[
        needs("trait", Text, "The trait that holds the date."),
        may("before", Duration, "So long before the day, too."),
        may("after", Duration, "So long after the day, too."),
    ],
);

pub static CONSENT: Shape = Shape::new(
    "consent",
    "`$consent`",
    "What the visitor allowed, and by which way they may be reached.",
    &[
        needs("purpose", Words(PURPOSES), "What they have to have allowed."),
        needs(
            "channel",
            Text,
            "The way, such as `email`: the trait `subscriptions` has to say `true` for it.",
        ),
    ],
);

pub static PERCENT: Shape = Shape::new(
    "percent",
    "`$percent`",
    "A share of the visitors, the same ones wherever the same is written.",
    &[
        needs("share", Share, "How many they are."),
        may("seed", Text, "Another seed chooses others.").or("\"\""),
        may("hashVersion", Whole(1, 2), "How they are hashed.").or("2"),
    ],
)
.sharing(UNITS);

const TIME: Takes = Pattern("^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", "09:30");
const ZONE: Key = may(
    "tz",
    Text,
    "Whose clock: `visitor`, `pack` or a zone's name; the visitor's in a rule, the pack's elsewhere.",
);
const EXCEPT: Key =
    may("except", Words(&[word("holidays", "The pack's `holidays`.")]), "Days that do not count.");

/// The days of the week.
pub const DAYS: &[Word] = &[
    word("mon", "Monday."),
    word("tue", "Tuesday."),
    word("wed", "Wednesday."),
    word("thu", "Thursday."),
    word("fri", "Friday."),
    word("sat", "Saturday."),
    word("sun", "Sunday."),
];
