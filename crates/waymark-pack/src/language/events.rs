//! What events and traits are declared as.

use super::Takes::{List, Map, Name, Text, Words};
use super::{Key, PLACES, Shape, Word, may, needs, word};

pub static EVENT: Shape = Shape::new(
    "event",
    "an event",
    "An event that the site sends.",
    &[
        may("touchpoint", Name("a touchpoint"), "Where it happens."),
        may("purpose", List(&Words(PURPOSES)), "What its data is collected for."),
        may(
            "trust",
            Words(TRUST),
            "Whose word counts: of `server` events a browser's is a visit, and fulfils nothing.",
        )
        .or("\"anyone\""),
        may(
            "properties",
            Map("the property's name", &Words(TYPES)),
            "Its properties and their types; with it, one that is not here is pointed out.",
        ),
    ],
);

pub static ATTRIBUTE: Shape = Shape::new(
    "attribute",
    "an attribute",
    "A trait of visitors.",
    &[
        needs("type", Words(TYPES), "What its values are."),
        may("purpose", List(&Words(PURPOSES)), "What it is collected for."),
        may(
            "sensitivity",
            Text,
            "Who may see it, in words of your own; an edge's operator says which of them viewers see.",
        ),
        VISIBLE,
    ],
);

/// Whose word an event is.
pub static TRUST: &[Word] = &[
    word("anyone", "Pages and servers."),
    word("server", "Whoever has a server key: orders, points, refunds."),
];

/// The types of properties and traits.
pub static TYPES: &[Word] = &[
    word("string", "Text."),
    word("number", "A number."),
    word("boolean", "True or false."),
    word("date", "An instant: milliseconds since 1970, or text such as 2026-11-27T09:00:00Z."),
    word("array", "A list."),
    word("object", "Values by name."),
];

/// What a visitor can allow their data to be used for.
pub static PURPOSES: &[Word] = &[
    word("analytics", "Counting and reporting."),
    word("personalization", "Choosing content by what the visitor did."),
    word("marketing", "Contacting the visitor and measuring campaigns."),
];

pub(super) const VISIBLE: Key = may(
    "visible",
    Words(PLACES),
    "Where it may be known; at the `edge` only, pages read it nowhere.",
)
.or("\"anywhere\"");
