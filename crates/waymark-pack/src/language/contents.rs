//! Slots, and what can be shown in them.

use super::Takes::{
    Any, Either, Flag, Label, List, Map, Name, Object, Share, Text, Where, Whole, Words,
};
use super::{HOLDOUT, KEEP, Key, Shape, Word, may, needs, word};

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
        may(
            "contact",
            Text,
            "That showing something here contacts the visitor, and how: `popup`, `service`; the pack's `contact` policy counts it.",
        ),
        may("as", Words(PRESENTATIONS), "How it is shown above a page that has no place for it."),
    ],
);

static PRESENTATIONS: &[Word] = &[
    word("banner", "At the lower edge of the window, for as long as the visitor leaves it there."),
    word("modal", "As a dialog, which the visitor closes before going on."),
    word(
        "toast",
        "In the upper corner, for ten seconds, or for as long as the visitor looks at it.",
    ),
];

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
        super::pack::RUNS,
    ],
)
.sharing(BODY)
.exactly_one(&[&[
    "text", "html", "image", "json", "redirect", "patch", "remote", "each", "locales",
]]);

pub static LOCALE: Shape = Shape::new("locale", "a locale", "The content in one language.", &[])
    .sharing(BODY)
    .exactly_one(&[&["text", "html", "image", "json", "redirect", "patch", "remote", "each"]]);

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
    may("items", Object(&ITEMS), "A list of things from the catalogue, a table or a feature."),
    may("each", Text, "What each of the items looks like: HTML with `{{ item.… }}`."),
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

pub static ITEMS: Shape = Shape::new(
    "items",
    "`items`",
    "Which things are listed, and how many.",
    &[
        needs(
            "from",
            Text,
            "`catalog`, `tables.` and a name, or a path such as `features.` and its id to a list of \
             keys of the catalogue.",
        ),
        may("exclude", List(&Text), "Paths to lists of keys that are left out."),
        may("where", Where, "What a thing has to be like."),
        may("max", Whole(1, 100), "The most that are shown.").or("10"),
        may("fallback", Name("a table"), "What fills up the list when there are too few."),
        may(
            "model",
            Name("a model"),
            "With it, not the things of `from`, but what goes with them.",
        ),
    ],
);

pub static CATALOG: Shape = Shape::new(
    "catalog",
    "the catalogue",
    "What the site sells.",
    &[
        needs("key", Text, "The field by which events name a thing, for example product_id."),
        may(
            "fields",
            Map("the field's name", &Words(super::events::TYPES)),
            "The types of the fields.",
        ),
        may("rows", List(&Any), "One object for each thing."),
        may(
            "source",
            Text,
            "A file beside the pack with the rows instead, one on each line (NDJSON).",
        ),
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
