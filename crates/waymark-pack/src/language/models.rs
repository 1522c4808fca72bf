//! What was learnt from data.

use super::Takes::{
    Any, Comparison, Duration, Label, List, Map, Name, Number, Object, Text, Words,
};
use super::{Key, OCCURRENCE, Shape, Takes, VISIBLE, Word, may, needs, word};

pub static MODEL_SUM: Shape = Shape::new(
    "model-sum",
    "a weighted sum",
    "A number that is added up from what is known of a visitor.",
    &[
        needs("kind", Words(SUMS), "What becomes of the sum."),
        may("intercept", Number, "What the sum begins with.").or("0"),
        needs("terms", List(&Object(&TERM)), "What is added to it."),
    ],
)
.sharing(COMMON);

static SUMS: &[Word] = &[
    word("linear", "The sum itself is the score."),
    word("logistic", "The sum is log-odds; the score is the probability, 1 / (1 + exp(-sum))."),
];

pub static TERM: Shape = Shape::new(
    "term",
    "a term",
    "A number of the visitor's, and what each unit of it adds.",
    &[needs("weight", Number, "What one unit adds.")],
)
.sharing(INPUT);

pub static MODEL_CENTROIDS: Shape = Shape::new(
    "model-centroids",
    "clusters",
    "Kinds of visitors, each by its middle; the score is the name of the nearest.",
    &[
        needs("kind", Words(&[word("centroids", "The nearest middle.")]), "That it is this."),
        needs("inputs", List(&Object(&MODEL_INPUT)), "The numbers by which visitors differ."),
        needs(
            "centroids",
            Map("the cluster's id", &List(&Number)),
            "Each cluster's middle: one number for each of `inputs`, in its scale.",
        ),
    ],
)
.sharing(COMMON);

pub static MODEL_INPUT: Shape =
    Shape::new("model-input", "an input", "A number of the visitor's.", &[]).sharing(INPUT);

const INPUT: &[Key] = &[
    needs("of", Text, "A path: a feature, a trait or `session.`; true counts as 1, false as 0."),
    may("is", Comparison, "With it, the number is 1 for whom it holds, and 0 for others."),
    may("missing", Number, "What stands in for what is no number.").or("0"),
    may("mean", Number, "What is taken off.").or("0"),
    may("scale", Number, "What the rest is divided by.").or("1"),
];

pub static MODEL_NEXT: Shape = Shape::new(
    "model-next",
    "an expected date",
    "When an event is to be expected next: the last one, and the time that lies between two.",
    &[
        needs("kind", Words(&[word("next-date", "An expected date.")]), "That it is this."),
        needs("usual", Duration, "The time between two, of visitors in general."),
        may(
            "weight",
            Number,
            "As how many times of the visitor's own the usual one counts: the more of their own there are, the less it does.",
        )
        .or("1"),
        LABEL,
        VISIBLE,
        TRAINED,
    ],
)
.sharing(OCCURRENCE);

pub static MODEL_ITEMS: Shape = Shape::new(
    "model-items",
    "what goes together",
    "For things of the catalogue, others that go with them; lists show those, and there is no score.",
    &[
        needs("kind", Words(&[word("item-to-item", "What goes with each thing.")]), "That it is this."),
        needs(
            "items",
            Map("a key of the catalogue", &List(&Name("a key of the catalogue"))),
            "What goes with each, the best first.",
        ),
    ],
)
.sharing(COMMON);

const COMMON: &[Key] = &[LABEL, VISIBLE, TRAINED];
const LABEL: Key = may("label", Label, "What people call it.");
const TRAINED: Key =
    may("trained", Any, "When and from what it was learnt, and how good it is: for people.");

pub static SCORE: Shape = Shape::new(
    "score",
    "`$score`",
    "What the score by a model has to be like.",
    &[
        needs("model", Name("a model"), "The model."),
        may("$gte", Number, "At least this."),
        may("$gt", Number, "More than this."),
        may("$lte", Number, "At most this."),
        may("$lt", Number, "Less than this."),
        may("$eq", SCORED, "This."),
        may("$ne", SCORED, "Anything else."),
        may("$in", List(&SCORED), "One of these."),
    ],
);

const SCORED: Takes = Takes::Either(&[Number, Text]);
