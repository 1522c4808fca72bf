//! What a visitor is worth, and tags.

use super::Takes::{
    Bounds, Duration, Either, Label, List, Map, Name, Number, Object, Text, Where, Whole,
};
use super::{Key, Shape, Takes, may, needs};

pub static RFM: Shape = Shape::new(
    "rfm",
    "`rfm`",
    "Scores for how recently, how often and for how much visitors bought, from 1 up; whoever never bought has none.",
    &[
        needs("event", Name("an event"), "The purchase, for example Order Completed."),
        may("where", Where, "What its properties have to be like."),
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
);

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
