//! A pack's own tests.

use super::Takes::{Any, Either, List, Map, Name, Null, Object, Pattern, Text, Words};
use super::{PURPOSES, Shape, may, needs, word};

pub static TEST: Shape = Shape::new(
    "test",
    "a test",
    "A visitor, and what the pack has to decide for them; `waymark test` runs it.",
    &[
        needs("name", Text, "What the test says, as a sentence."),
        may("given", List(&Object(&GIVEN)), "What the visitor did, in any order."),
        may("traits", OBJECT, "What is known of the visitor, by the traits' names."),
        may("userId", Text, "The visitor's id once they have logged in."),
        may("anonymousId", Text, "The device's id.").or("\"test\""),
        may("context", Object(&SURROUNDINGS), "What the page tells."),
        may(
            "consent",
            Either(&[
                Words(&[
                    word("all", "Everything is allowed."),
                    word("none", "Nothing is allowed."),
                ]),
                List(&Words(PURPOSES)),
            ]),
            "What the visitor allowed.",
        )
        .or("\"all\""),
        may("locale", Text, "The page's language tag."),
        may("timezone", Text, "The zone of the visitor's device; without it the pack's stands in."),
        may("now", INSTANT, "The moment of the decision.").or("\"2026-01-01T12:00:00Z\""),
        needs("expect", Object(&EXPECT), "What has to come out."),
    ],
);

pub static GIVEN: Shape = Shape::new(
    "given",
    "something given",
    "An event of the visitor's.",
    &[
        may("at", AT, "When: so long before now, or an instant.").or("\"-0s\""),
        needs("event", Name("an event"), "The event's name."),
        may("properties", OBJECT, "The event's properties; of `Identified` the traits."),
        may("context", OBJECT, "What came with the event, such as its page."),
    ],
);

pub static SURROUNDINGS: Shape = Shape::new(
    "surroundings",
    "a context",
    "What conditions read of the page that is looked at.",
    &[
        may("page", OBJECT, "`page.` paths."),
        may("campaign", OBJECT, "`campaign.` paths."),
        may("device", OBJECT, "`device.` paths."),
        may("geo", OBJECT, "`geo.` paths."),
    ],
);

pub static EXPECT: Shape = Shape::new(
    "expect",
    "an expectation",
    "What has to come out; what is left out is not looked at.",
    &[
        may("segments", List(&Name("a segment")), "Segments that the visitor is in."),
        may("notSegments", List(&Name("a segment")), "Segments that the visitor is not in."),
        may("stage", Either(&[Name("a stage"), Null]), "The visitor's stage; null for none."),
        may(
            "slots",
            Map(
                "a slot",
                &Either(&[
                    Name("a content"),
                    Words(&[word("keep", "What the page's author put there.")]),
                ]),
            ),
            "What each of these slots shows.",
        ),
        may(
            "variations",
            Map("an experiment's id", &Either(&[Name("a variation"), Null])),
            "The variation of each of these experiments; null for whoever is not in it.",
        ),
        may(
            "actions",
            List(&Object(&ACTION_EXPECTED)),
            "What triggers and journeys did by then, all of it, in order.",
        ),
    ],
);

pub static ACTION_EXPECTED: Shape = Shape::new(
    "action-expected",
    "an action that is expected",
    "Something that is done; what is left out is not looked at.",
    &[
        may("show", Name("a content"), "The content that is shown."),
        may("send", Name("a destination"), "The destination by which something is sent."),
        may("survey", Name("a survey"), "The survey that is asked."),
        may("message", Text, "The message that is sent."),
        may("trigger", Text, "The trigger that does it."),
        may("journey", Text, "The journey that does it."),
        may("step", Text, "The step that does it."),
        may("at", AT, "When: so long before now, or an instant."),
    ],
)
.exactly_one(&[&["show", "send", "survey"]]);

const AT: super::Takes = Pattern("^(-[0-9]+[smhdw]|[0-9]{4}-[0-9]{2}-[0-9]{2}.*)$", "-3d");
const INSTANT: super::Takes = Pattern(
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?)?$",
    "2026-11-27T09:00:00Z",
);
const OBJECT: super::Takes = Map("its name", &Any);
