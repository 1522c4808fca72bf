//! Experiments, holdouts, and what they are measured by.

use super::Takes::{
    Condition, Duration, Either, Flag, Label, List, Name, Object, Share, Text, Where, Whole, Words,
};
use super::pack::{EXCLUSIVE, LIMITED, RUNS, SCHEDULED};
use super::{Key, PURPOSES, Shape, Word, may, needs, word};

pub static EXPERIMENT: Shape = Shape::new(
    "experiment",
    "an experiment",
    "Shows variations in a slot, each to a share of the visitors for whom a condition holds.",
    &[
        needs("slot", Name("a slot"), "The slot that it fills. Rules of the slot stand beside it."),
        needs("variations", List(&Object(&VARIATION)), "At least two; the first is the control."),
        may("when", Condition, "For whom; without it, for everybody.").or("{}"),
        may("priority", Whole(i32::MIN, i32::MAX), "As a rule's: the highest is tried first.")
            .or("0"),
        may("purpose", Words(PURPOSES), "What the visitor has to have allowed; without it they see the control and are not counted.")
            .or("\"personalization\""),
        may("status", Words(STATUSES), "Whether it runs.").or("\"running\""),
        may("coverage", Share, "The share of the visitors who take part; raising it moves nobody.")
            .or("1"),
        may("force", Name("a variation"), "The variation that everybody sees who would take part; nobody is counted."),
        may("sticky", Either(&[Flag, Words(STICKY)]), "Whether visitors keep the variation that they saw first when the shares, the seed or their id change.")
            .or("true"),
        may("bucketVersion", Whole(0, i32::MAX), "Raised to assign everybody anew.").or("0"),
        may("minBucketVersion", Whole(0, i32::MAX), "Visitors who took part in a version below it are left out.").or("0"),
        may("namespace", Object(&NAMESPACE), "Experiments in parts of one namespace that do not overlap share no visitor."),
        may("contexts", List(&Object(&LEAF)), "Kinds of visitors with weights of their own; the first that holds counts."),
        may("goal", Name("a metric"), "What it is to raise."),
        may("guardrails", List(&Object(&GUARDRAIL)), "What it must not harm."),
        may("label", Label, "What people call it."),
    ],
)
.sharing(ASSIGNED);

pub static VARIATION: Shape = Shape::new(
    "variation",
    "a variation",
    "One of the things that an experiment compares.",
    &[
        needs("id", Text, "Its name in reports."),
        may(
            "show",
            Name("a content of the slot"),
            "What is shown; without it, the slot's default.",
        ),
        may("weight", Share, "Its share of those who take part; without weights, all get as much."),
        may("range", Object(&RANGE), "The buckets that get it, instead of weights and coverage."),
        may("passthrough", Flag, "Whether its visitors are counted and go on to the next rule.")
            .or("false"),
        may("label", Label, "What people call it."),
    ],
);

pub static NAMESPACE: Shape = Shape::new(
    "namespace",
    "a namespace",
    "A part of the visitors, which experiments can divide among themselves.",
    &[
        needs("id", Text, "Its name."),
        needs("from", Share, "Where the part begins."),
        needs("to", Share, "Where it ends."),
    ],
);

pub static RANGE: Shape = Shape::new(
    "range",
    "a range",
    "Buckets: from one to before another.",
    &[needs("from", Share, "The first."), needs("to", Share, "The end; it does not belong.")],
);

pub static LEAF: Shape = Shape::new(
    "leaf",
    "a context",
    "Visitors for whom the variations have weights of their own.",
    &[
        needs("id", Whole(0, i32::MAX), "Its number in reports."),
        may("when", Condition, "Who they are; without it, everybody.").or("{}"),
        needs("weights", List(&Share), "One for each variation."),
    ],
);

pub static GUARDRAIL: Shape = Shape::new(
    "guardrail",
    "a guardrail",
    "A metric that an experiment must not harm.",
    &[
        needs("metric", Name("a metric"), "Which."),
        may("maxDrop", Share, "How far it may fall, as a share of the control's."),
        may("maxRise", Share, "How far it may rise, as a share of the control's."),
    ],
);

pub static METRIC: Shape = Shape::new(
    "metric",
    "a metric",
    "What experiments are measured by, from the visitor's first exposure on.",
    &[
        needs("event", Name("an event"), "The event that it counts or adds up."),
        may("where", Where, "Only events like this."),
        may(
            "kind",
            Words(METRICS),
            "How; a `sum` without it adds up, anything else is a conversion.",
        ),
        may("sum", Text, "The property that is added up."),
        may("minus", Name("an event"), "An event whose sum is taken off, such as a refund."),
        may("within", Duration, "How long after the exposure it counts."),
        may("label", Label, "What people call it."),
    ],
);

pub static HOLDOUT: Shape = Shape::new(
    "holdout",
    "a holdout",
    "Visitors who see a slot's default instead of what would have won.",
    &[
        needs("share", Share, "How many they are."),
        may("seed", Text, "Another seed chooses others."),
        may("hashVersion", Whole(1, 2), "How they are hashed.").or("2"),
    ],
)
.sharing(UNITS);

pub static UNIVERSAL_HOLDOUT: Shape = Shape::new(
    "universal-holdout",
    "the holdout",
    "Visitors who see the slots' defaults instead of what the pack would show them.",
    &[
        needs("share", Share, "How many they are."),
        may("seed", Text, "Another seed chooses others."),
        may("hashVersion", Whole(1, 2), "How they are hashed.").or("2"),
        may(
            "from",
            List(&Words(PURPOSES)),
            "Rules and experiments of these purposes; without it, all.",
        ),
    ],
)
.sharing(UNITS);

pub static FILTER: Shape = Shape::new(
    "filter",
    "a filter",
    "A share of the visitors, the same ones wherever the same is written.",
    &[
        needs("seed", Text, "What they are hashed with."),
        needs("ranges", List(&Object(&RANGE)), "The buckets that are in."),
        may("hashVersion", Whole(1, 2), "How they are hashed.").or("2"),
    ],
)
.sharing(UNITS);

pub static NEED: Shape = Shape::new(
    "need",
    "a need",
    "What another slot or experiment has to have come to.",
    &[
        may("slot", Name("a slot"), "A slot."),
        may(
            "shows",
            List(&Either(&[Words(KEEP), Name("a content of the slot")])),
            "What it shows: one of these.",
        ),
        may("experiment", Name("an experiment"), "An experiment that the visitor takes part in."),
        may("variation", List(&Name("a variation")), "The variation they got: one of these."),
        may("not", Flag, "Whether it has to be none of these instead.").or("false"),
    ],
)
.exactly_one(&[&["slot", "experiment"]])
.together(&[["slot", "shows"], ["experiment", "variation"]]);

/// Whose bucket: keys that experiments, filters and holdouts share.
pub const UNITS: &[Key] = &[
    may("unit", UNIT, "The name that is hashed: `userId`, `anonymousId` or a trait."),
    may("fallbackUnit", UNIT, "The name that stands in while there is no `unit`."),
];

static ASSIGNED: &[Key] = &[
    may("unit", UNIT, "The name that is hashed: `userId`, `anonymousId` or a trait.")
        .or("\"userId\""),
    may(
        "fallbackUnit",
        UNIT,
        "The name that stands in while there is no `unit`; `anonymousId`, when no `unit` is given.",
    ),
    may("seed", Text, "What it is hashed with; without it, the experiment's id."),
    may("hashVersion", Whole(1, 2), "How it is hashed, as GrowthBook numbers it.").or("2"),
    may(
        "filters",
        List(&Object(&FILTER)),
        "Shares of the visitors that one has to be in, all of them.",
    ),
    may(
        "needs",
        List(&Object(&NEED)),
        "What other slots and experiments have to have come to, all of it.",
    ),
    may(
        "holdout",
        Either(&[Share, Object(&HOLDOUT)]),
        "Visitors who see the slot's default instead, to measure the difference.",
    ),
    LIMITED,
    SCHEDULED,
    EXCLUSIVE,
    RUNS,
];

const UNIT: super::Takes = super::Takes::Pattern("^(userId|anonymousId|traits\\..+)$", "userId");

pub static KEEP: &[Word] = &[word("keep", "What the page's author put there.")];

static STATUSES: &[Word] = &[
    word("draft", "Nobody takes part; it can be looked at with its query parameter."),
    word("running", "Visitors take part."),
    word("stopped", "Nobody takes part any longer."),
];

static STICKY: &[Word] =
    &[word("enrolled", "They also stay when the condition no longer holds for them.")];

static METRICS: &[Word] = &[
    word("conversion", "How many visitors did it at all."),
    word("count", "How often it was done."),
    word("sum", "What a property adds up to."),
];
