//! Slots, and what can be shown in them.

use super::Takes::{Either, Label, Map, Name, Object, Text, Words};
use super::{Key, Shape, later, may, needs, word};

pub static SLOT: Shape = Shape::new(
    "slot",
    "a slot",
    "A place on a page that the pack fills.",
    &[
        needs(
            "default",
            Either(&[
                Words(&[word("keep", "What the page's author put there.")]),
                Name("a content of the slot"),
            ]),
            "What everybody sees for whom no rule holds.",
        ),
        may("label", Label, "What people call it."),
    ],
);

pub static CONTENT: Shape = Shape::new(
    "content",
    "content",
    "Something to show.",
    &[
        needs("slot", Name("a slot"), "The slot that it is made for."),
        may(
            "locales",
            Map("a language tag", &Object(&LOCALE)),
            "One for each language; the first is for everybody else.",
        ),
        may("label", Label, "What people call it."),
        later("items", "A list of things from a model, a table or a feature."),
        later("each", "What each of the items looks like."),
        later("runs", "Where it is made."),
    ],
)
.sharing(BODY)
.exactly_one(&[&["text", "html", "locales"]]);

pub static LOCALE: Shape = Shape::new(
    "locale",
    "a locale",
    "The content in one language.",
    &[
        later("items", "A list of things from a model, a table or a feature."),
        later("each", "What each of the items looks like."),
    ],
)
.sharing(BODY)
.exactly_one(&[&["text", "html"]]);

/// The kinds of content.
const BODY: &[Key] = &[
    may("text", Text, "Plain text, with `{{ inserts }}`."),
    may("html", Text, "HTML, with `{{ inserts }}`; what could do harm is taken out."),
    later("image", "A picture."),
    later("json", "Data for the page's own code."),
    later("redirect", "Another address to go to."),
    later("patch", "Changes to what the page has."),
    later("remote", "What another server says."),
];
