//! The pack itself, its journey, segments and rules.

use super::Takes::{
    Any, Condition, Duration, Either, Feature, Flag, Label, List, Map, Name, Number, Object,
    Pattern, Share, Text, Whole, Words,
};
use super::{
    ATTRIBUTE, CATALOG, CONTENT, DESTINATION, EVENT, EXPERIMENT, FILTER, HOLDOUT, KEEP, Key,
    LOYALTY, METRIC, MODEL_CENTROIDS, MODEL_ITEMS, MODEL_NEXT, MODEL_SUM, NEED, PERSONAS, PURPOSES,
    RFM, SLOT, SURVEY, Shape, TEST, TIMED_JOURNEY, TRIGGER, UNIVERSAL_HOLDOUT, Word, may, needs,
    word,
};

pub static PACK: Shape = Shape::new(
    "pack",
    "a pack",
    "What a site wants to know of its visitors, and what it shows to whom.",
    &[
        may("$schema", Text, "Where editors find the language's JSON Schema."),
        needs("pack", Pattern("^[a-z0-9-]{1,64}$", "outdoor-shop"), "The pack's name."),
        may(
            "include",
            List(&Text),
            "Files whose parts belong to the pack, such as `trained/*.json`.",
        ),
        may(
            "timezone",
            Pattern("^[A-Za-z][A-Za-z0-9/_+-]*$", "Asia/Singapore"),
            "The zone in which the pack's dates and times are meant.",
        )
        .or("\"UTC\""),
        may("currency", Pattern("^[A-Z]{3}$", "SGD"), "The currency of amounts of money."),
        may(
            "events",
            Map("the event's name", &Object(&EVENT)),
            "The events that the site sends; with it, a name that is not here is an error.",
        ),
        may(
            "attributes",
            Map("`traits.` and the trait's name", &Object(&ATTRIBUTE)),
            "The traits of visitors; with it, a trait that is not here is pointed out.",
        ),
        may(
            "groups",
            Map("the group's id", &List(&Either(&[Text, Number, Flag]))),
            "Lists of values that conditions refer to by name; pages get hashes of them only.",
        ),
        may(
            "holidays",
            List(&Pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "2026-12-25")),
            "Days that `except: holidays` leaves out, in the pack's zone.",
        ),
        may("catalog", Object(&CATALOG), "What the site sells."),
        may(
            "tables",
            Map("the table's name", &List(&Any)),
            "Lists by name: of keys of the catalogue, or of things of their own.",
        ),
        may("journey", Object(&JOURNEY), "Sessions, stages and touchpoints."),
        may(
            "features",
            Map("the feature's id", &Feature),
            "What is remembered of each visitor, read as `features.` and its id.",
        ),
        may(
            "segments",
            Map("the segment's id", &Object(&SEGMENT)),
            "Groups of visitors, each with the condition that makes one a member.",
        ),
        may(
            "rfm",
            Object(&RFM),
            "Scores for how recently, how often and for how much visitors bought.",
        ),
        may(
            "personas",
            Object(&PERSONAS),
            "Segments by what visitors are worth and by what they might be worth.",
        ),
        may(
            "tags",
            List(&Text),
            "The tags that people give visitors; with it, a tag that is not here is an error.",
        ),
        may("slots", Map("the slot's id", &Object(&SLOT)), "The places that the pack fills."),
        may(
            "content",
            Map("the content's id", &Object(&CONTENT)),
            "What can be shown, each made for one slot.",
        ),
        may("rules", List(&Object(&RULE)), "What is shown in which slot, and to whom."),
        may(
            "experiments",
            Map("the experiment's id", &Object(&EXPERIMENT)),
            "Variations shown to a share of the visitors each.",
        ),
        may(
            "metrics",
            Map("the metric's id", &Object(&METRIC)),
            "What experiments are measured by.",
        ),
        may(
            "holdout",
            Object(&UNIVERSAL_HOLDOUT),
            "Visitors who see the slots' defaults, to measure what all of it changes.",
        ),
        may("contact", Object(&CONTACT), "How often and when visitors may be contacted."),
        may(
            "destinations",
            Map("the destination's id", &Object(&DESTINATION)),
            "Ways to send something. No page is told of them.",
        ),
        may("triggers", List(&Object(&TRIGGER)), "What is done when something changes."),
        may(
            "journeys",
            Map("the journey's id", &Object(&TIMED_JOURNEY)),
            "What is done over days and weeks. No page is told of them.",
        ),
        may("surveys", Map("the survey's id", &Object(&SURVEY)), "Questions to visitors."),
        may("loyalty", Object(&LOYALTY), "Points and tiers."),
        may(
            "models",
            Map(
                "the model's id",
                &Either(&[
                    Object(&MODEL_SUM),
                    Object(&MODEL_CENTROIDS),
                    Object(&MODEL_NEXT),
                    Object(&MODEL_ITEMS),
                ]),
            ),
            "What was learnt from data: `waymark train` writes them, or you do.",
        ),
        may("tests", List(&Object(&TEST)), "Visitors, and what the pack has to decide for them."),
    ],
);

pub static JOURNEY: Shape = Shape::new(
    "journey",
    "the journey",
    "How visits are counted, and how far a visitor has come.",
    &[
        may(
            "session",
            Duration,
            "How long nothing has to happen for a session to be over; 24h at most.",
        )
        .or("\"30m\""),
        may(
            "stages",
            List(&Object(&STAGE)),
            "Stages from the first to the last; a visitor is in the furthest whose condition holds.",
        ),
        may(
            "touchpoints",
            Map("the touchpoint's id", &Object(&TOUCHPOINT)),
            "The places where visitors meet the site, by which reports group events.",
        ),
    ],
);

pub static STAGE: Shape = Shape::new(
    "stage",
    "a stage",
    "A stage of the journey.",
    &[
        needs("id", Text, "The stage's name in conditions and reports."),
        needs("enter", Condition, "Who is in it, or further."),
        may("label", Label, "What people call it."),
    ],
);

pub static TOUCHPOINT: Shape = Shape::new(
    "touchpoint",
    "a touchpoint",
    "A place where visitors meet the site.",
    &[
        needs("channel", Text, "How they come there, for example web or email."),
        may("label", Label, "What people call it."),
    ],
);

pub static SEGMENT: Shape = Shape::new(
    "segment",
    "a segment",
    "A group of visitors.",
    &[
        needs(
            "when",
            Condition,
            "Who belongs to it. It may read no page: a membership holds everywhere.",
        ),
        may("label", Label, "What people call it."),
        may("description", Label, "What it is for."),
        RUNS,
    ],
);

pub static RULE: Shape = Shape::new(
    "rule",
    "a rule",
    "Shows content in a slot to the visitors for whom a condition holds.",
    &[
        needs(
            "id",
            Text,
            "The rule's name in reports; of two rules of one priority the lesser id is first.",
        ),
        needs("slot", Name("a slot"), "The slot that it fills."),
        may("when", Condition, "For whom; without it, for everybody.").or("{}"),
        may(
            "show",
            Either(&[Words(KEEP), Name("a content of the slot")]),
            "What is shown; `keep` is what the page's author put there.",
        ),
        may("among", List(&Object(&CANDIDATE)), "Contents of which one is shown, as `pick` says."),
        may("pick", Words(PICKS), "How one of `among` is chosen."),
        may(
            "priority",
            Whole(i32::MIN, i32::MAX),
            "The rule of the highest priority that holds wins the slot.",
        )
        .or("0"),
        may(
            "purpose",
            Words(PURPOSES),
            "What the visitor has to have allowed, unless nothing kept is read.",
        )
        .or("\"personalization\""),
        may("label", Label, "What people call it."),
        LIMITED,
        SCHEDULED,
        EXCLUSIVE,
        RUNS,
        may(
            "filters",
            List(&Object(&FILTER)),
            "Shares of the visitors that one has to be in, all of them.",
        ),
        may(
            "needs",
            List(&Object(&NEED)),
            "What other slots and experiments have to have come to.",
        ),
        may(
            "holdout",
            Either(&[Share, Object(&HOLDOUT)]),
            "Visitors who see the slot's default instead, to measure the difference.",
        ),
    ],
)
.exactly_one(&[&["show", "among"]])
.together(&[["among", "pick"]]);

pub(super) const LIMITED: Key =
    may("limit", Object(&LIMIT), "How often it is shown to one visitor.");
pub(super) const SCHEDULED: Key =
    may("schedule", Object(&SCHEDULE), "From when until when it holds.");
pub(super) const EXCLUSIVE: Key = may(
    "exclusive",
    Text,
    "A name: of the rules with the same one, one wins on a page, that of the slot that `slots` lists first.",
);
pub(super) const RUNS: Key =
    may("runs", Words(PLACES), "Where it is known; at the `edge` only, pages are not told of it.")
        .or("\"anywhere\"");

/// Where something is known.
pub static PLACES: &[Word] =
    &[word("anywhere", "In pages, too."), word("edge", "At the edge only.")];

static PICKS: &[Word] = &[word("score", "The one with the most points.")];

pub static CANDIDATE: Shape = Shape::new(
    "candidate",
    "a candidate",
    "One of the contents among which a rule chooses.",
    &[
        needs("show", Name("a content of the slot"), "What is shown."),
        may("when", Condition, "For whom; without it, for everybody.").or("{}"),
        may(
            "points",
            Either(&[Number, List(&Object(&POINTS))]),
            "How much speaks for it; of equals the first is shown.",
        )
        .or("0"),
    ],
);

pub static POINTS: Shape = Shape::new(
    "points",
    "points",
    "What speaks for a content, or, below zero, against it.",
    &[
        may("when", Condition, "For whom they count; without it, for everybody.").or("{}"),
        may("points", Number, "How many."),
        may("of", Text, "A path to a number, which is as many; what is none is 0."),
        may("times", Number, "By how much that number is multiplied.").or("1"),
    ],
)
.exactly_one(&[&["points", "of"]]);

pub static LIMIT: Shape = Shape::new(
    "limit",
    "a limit",
    "How often something is shown to one visitor.",
    &[
        needs("times", Whole(1, 128), "How often at most."),
        needs(
            "per",
            Either(&[Duration, Words(SPANS)]),
            "In how much time: so long, back from now, or a session, or ever.",
        ),
        may("of", Words(COUNTED), "What counts.").or("\"exposure\""),
    ],
);

static SPANS: &[Word] = &[
    word("session", "The visitor's present session."),
    word("visitor", "All the time that the visitor is known."),
];

static COUNTED: &[Word] = &[
    word("exposure", "Each page that showed it."),
    word("decision", "Each page that it won on, whether it had a place there or not."),
    word("session", "Each session in which it was shown; in one of these it may be shown again."),
];

pub static SCHEDULE: Shape = Shape::new(
    "schedule",
    "a schedule",
    "When something holds: a date means midnight in the pack's zone.",
    &[
        may("from", INSTANT, "From then on."),
        may("until", INSTANT, "Before then; a date does not belong."),
    ],
);

const INSTANT: super::Takes = Pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?$", "2026-11-27");

pub static CONTACT: Shape = Shape::new(
    "contact",
    "the contact policy",
    "How often and when visitors are contacted, by slots and by destinations together.",
    &[
        may("limit", Object(&CONTACT_LIMIT), "How often."),
        may("quiet", Object(&QUIET), "When not."),
        may(
            "exempt",
            List(&Text),
            "Ways of contact, as slots' `contact` and destinations' `channel` name them, that are free.",
        ),
    ],
);

pub static CONTACT_LIMIT: Shape = Shape::new(
    "contact-limit",
    "the limit",
    "How often visitors are contacted.",
    &[
        needs("times", Whole(1, 128), "How often at most."),
        needs("per", Either(&[Duration, Words(SPANS)]), "In how much time."),
    ],
);

pub static QUIET: Shape = Shape::new(
    "quiet",
    "quiet hours",
    "Hours in which nobody is contacted.",
    &[
        needs("from", HOUR, "The first minute."),
        needs("to", HOUR, "The first minute after them; before `from` it is on the next day."),
        may("tz", Text, "Whose clock: `visitor`, `pack` or a zone's name.").or("\"visitor\""),
        may(
            "then",
            Words(&[word("delay", "What was not shown is shown afterwards.")]),
            "What becomes of a contact.",
        )
        .or("\"delay\""),
    ],
);

const HOUR: super::Takes = Pattern("^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", "21:00");
