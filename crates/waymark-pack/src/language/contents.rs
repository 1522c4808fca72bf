//! Slots, and what can be shown in them.

use super::Takes::{Any, Either, Flag, Label, List, Map, Name, Object, Share, Text, Whole, Words};
use super::{HOLDOUT, KEEP, Key, Shape, later, may, needs};

pub static SLOT: Shape = Shape::new(
    "slot",
    "a slot",
    "A place on a page that the pack fills.",
    &[
        needs(
            "default",
            Either(&[Words(KEEP), Name("a content of the slot")]),
            "What everybody sees for whom no rule holds.",
        ),
        may("label", Label, "What people call it."),
        may(
            "holdout",
            Either(&[Share, Object(&HOLDOUT)]),
            "Visitors who see the default instead of what its rules and experiments would show.",
        ),
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
.exactly_one(&[&["text", "html", "image", "json", "redirect", "patch", "remote", "locales"]]);

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
.exactly_one(&[&["text", "html", "image", "json", "redirect", "patch", "remote"]]);

/// The kinds of content.
pub static REDIRECT: Shape = Shape::new(
    "redirect",
    "a redirect",
    "An address to go to instead.",
    &[
        needs("to", Text, "The address; `{{ inserts }}` are parts of it and no site of their own."),
        may("keepQuery", Flag, "Whether the page's parameters go along; its own stay as they are.")
            .or("false"),
    ],
);

static BODY: &[Key] = &[
    may("text", Text, "Plain text, with `{{ inserts }}`."),
    may("html", Text, "HTML, with `{{ inserts }}`; what could do harm is taken out."),
    may("image", Object(&IMAGE), "A picture."),
    may("json", Any, "Data for the page's own code; its strings may have `{{ inserts }}`."),
    may(
        "redirect",
        Either(&[Text, Object(&REDIRECT)]),
        "An address to go to instead; `{{ inserts }}` are parts of it and no site of their own.",
    ),
    may("patch", List(&Object(&CHANGE)), "Changes to what the page has."),
    may(
        "remote",
        Text,
        "An https address whose answer is shown; the edge asks, if its operator allows the site.",
    ),
];

pub static IMAGE: Shape = Shape::new(
    "image",
    "an image",
    "A picture, and where it leads.",
    &[
        needs("src", Text, "Where it is."),
        needs(
            "alt",
            Text,
            "What it shows, for those who do not see it; empty when it says nothing.",
        ),
        may("width", Whole(1, 10_000), "Pixels."),
        may("height", Whole(1, 10_000), "Pixels."),
        may("href", Text, "Where a click on it leads."),
    ],
);

pub static CHANGE: Shape = Shape::new(
    "change",
    "a change",
    "A change to elements of the page.",
    &[
        needs("selector", Text, "Which elements, as CSS selects them."),
        may(
            "attributes",
            Map("the attribute's name", &Any),
            "What attributes become: a string, `true`, or `null` to take one away.",
        ),
        may("addClass", List(&Text), "Classes that they get."),
        may("removeClass", List(&Text), "Classes that they lose."),
    ],
);
