//! What a visitor is worth, and tags.

use super::Takes::{Bounds, Duration, Either, Label, List, Map, Name, Number, Object, Text, Whole};
use super::{Key, OCCURRENCE, Shape, Takes, may, needs};

pub static RFM: Shape = Shape::new(
    "rfm",
    "`rfm`",
    "Scores for how recently, how often and for how much visitors bought, from 1 up; whoever never bought has none.",
    &[
        needs("value", Text, "The property with the amount, for example revenue."),
        may(
            "within",
            Duration,
            "How far back frequency and amounts are counted; without it, over all the time that the visitor is known.",
        ),
        needs(
            "recency",
            List(&Duration),
            "Bounds between the scores, falling: with `[\"120d\", \"60d\", \"30d\", \"7d\"]` who bought in the last 7 days has 5.",
        ),
        needs(
            "frequency",
            List(&Whole(1, 128)),
            "Bounds between the scores, rising: with `[2, 3, 5, 9]` who bought at least 9 times has 5.",
        ),
        needs(
            "monetary",
            List(&Number),
            "Bounds between the scores, rising: with `[50, 120, 250, 600]` who spent at least 600 has 5.",
        ),
        may(
            "segments",
            Map("the segment's id", &Object(&RFM_SEGMENT)),
            "Segments by score; a visitor is in the first that fits.",
        ),
    ],
)
.sharing(OCCURRENCE);

pub static RFM_SEGMENT: Shape = Shape::new(
    "rfm-segment",
    "a segment by score",
    "Visitors with these scores.",
    &[may("label", Label, "What people call it.")],
)
.sharing(SCORES);

pub static RFM_ASKED: Shape = Shape::new(
    "rfm-asked",
    "`$rfm`",
    "Scores, or the names of segments by score.",
    &[may(
        "label",
        Either(&[Name("a segment by score"), List(&Name("a segment by score"))]),
        "The segment that the visitor is in, or one of several.",
    )],
)
.sharing(SCORES);

const SCORES: &[Key] = &[
    may("r", SCORE, "How recently they bought."),
    may("f", SCORE, "How often they bought."),
    may("m", SCORE, "For how much they bought."),
];

const SCORE: Takes = Either(&[
    Whole(1, 10),
    Bounds(
        &["$gte", "$gt", "$lte", "$lt", "$eq", "$ne", "$in"],
        &Either(&[Whole(1, 10), List(&Whole(1, 10))]),
    ),
]);

pub static LOYALTY: Shape = Shape::new(
    "loyalty",
    "`loyalty`",
    "Points that visitors earn and spend, and tiers by what they earned.",
    &[
        needs("points", List(&Object(&EARN)), "What earns points."),
        may("redeem", Object(&REDEEM), "What spends them."),
        may(
            "expires",
            Duration,
            "How long points count: never shorter, and up to two buckets longer. Without it, for ever.",
        ),
        may("tiers", List(&Object(&TIER)), "Tiers from the lowest to the highest."),
    ],
);

pub static EARN: Shape = Shape::new(
    "earn",
    "a way to earn points",
    "An event that earns points.",
    &[
        may("per", Text, "The property of which each unit earns; without it, the event does."),
        may("rate", Number, "How many points.").or("1"),
    ],
)
.sharing(OCCURRENCE);

pub static REDEEM: Shape = Shape::new(
    "redeem",
    "`redeem`",
    "An event that spends points, those first that expire first.",
    &[needs("per", Text, "The property with the number of points.")],
)
.sharing(OCCURRENCE);

pub static TIER: Shape = Shape::new(
    "tier",
    "a tier",
    "Visitors who earned so much.",
    &[
        needs("id", Text, "The tier's name in conditions and reports."),
        needs("at", Number, "So many points, earned and not expired; those that were spent count."),
        may("label", Label, "What people call it."),
    ],
);

pub static TIER_AT_LEAST: Shape = Shape::new(
    "tier-at-least",
    "`$tier`",
    "A tier or a higher one.",
    &[needs("atLeast", Name("a tier"), "The lowest tier that is meant.")],
);

pub static PERSONAS: Shape = Shape::new(
    "personas",
    "`personas`",
    "Segments by what visitors are worth and by what they might be worth.",
    &[
        needs("value", Object(&AXIS), "What they are worth."),
        needs("potential", Object(&AXIS), "What they might be worth."),
        needs(
            "grid",
            List(&List(&Text)),
            "The segments: a row for each level of `value`, a column for each of `potential`, both from the lowest. A name may stand several times.",
        ),
    ],
);

pub static AXIS: Shape = Shape::new(
    "axis",
    "an axis",
    "A number, and the bounds between its levels.",
    &[
        needs(
            "of",
            Text,
            "A path to a number that is known of the visitor; what is missing is of the lowest level.",
        ),
        needs("at", List(&Number), "The bounds, rising: from each on it is the next level."),
    ],
);
