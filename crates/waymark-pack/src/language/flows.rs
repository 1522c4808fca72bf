//! What is done when something changes, and over days and weeks.

use super::Takes::{
    Any, Condition, Duration, Either, InJourney, Label, List, Map, Name, Object, Share, Text,
    Where, Whole, Words,
};
use super::{
    Key, LIMIT, OCCURRENCE, PURPOSES, RUNS, SCHEDULED, Shape, Takes, Word, may, needs, word,
};

pub static DESTINATION: Shape = Shape::new(
    "destination",
    "a destination",
    "A way to send something; the edge knows it, and no page.",
    &[
        needs(
            "channel",
            Text,
            "How it contacts visitors, for example email: the contact policy counts it, and may `exempt` it.",
        ),
        may("purpose", Words(PURPOSES), "What the visitor has to have allowed.")
            .or("\"marketing\""),
        may("label", Label, "What people call it."),
        may(
            "url",
            Text,
            "Where the edge sends it: https, on a host that the operator allows. Without it nothing is sent, and whoever reads events does.",
        ),
        may(
            "secret",
            Text,
            "The name under which the operator keeps its key, its credentials and its hosts.",
        ),
        may("method", Words(METHODS), "How it is sent.").or("\"POST\""),
        may(
            "headers",
            Map("the header's name", &Text),
            "What is sent along: templates, which may read `message.` and `visitor.`, too.",
        ),
        may(
            "body",
            Any,
            "What is sent, as JSON whose strings are templates. Without it, what is known of the message.",
        ),
    ],
)
.together(&[["url", "secret"]]);

static METHODS: &[Word] = &[
    word("POST", "To make something."),
    word("PUT", "To set something."),
    word("PATCH", "To change something."),
];

pub static TRIGGER: Shape = Shape::new(
    "trigger",
    "a trigger",
    "Does one thing each time that something changes.",
    &[
        needs("id", Text, "The trigger's name in reports."),
        needs("on", CUES, "What has to change: one thing, or one of a list."),
        may("when", Condition, "What has to hold of the visitor then.").or("{}"),
        needs("do", Object(&ACTION), "What is done."),
        may("limit", Object(&LIMIT), "How often it is done for one visitor."),
        SCHEDULED,
        may(
            "priority",
            Whole(i32::MIN, i32::MAX),
            "Of what is shown: the rule or trigger of the highest priority wins the slot.",
        )
        .or("100"),
        PURPOSE,
        RUNS,
        EXISTING,
        may("label", Label, "What people call it."),
    ],
);

pub static TIMED_JOURNEY: Shape = Shape::new(
    "timed-journey",
    "a journey",
    "Steps that a visitor goes through over time.",
    &[
        needs("enter", CUES, "What lets visitors in: one thing, or one of a list."),
        may("when", Condition, "What has to hold of the visitor then.").or("{}"),
        may(
            "key",
            Text,
            "A property of the event that lets them in, for example order_id: they may be in the journey once for each of its values.",
        ),
        may(
            "reenter",
            Object(&REENTER),
            "When they may come in again; without it, never, or never with the same key.",
        ),
        may(
            "exit",
            Either(&[Object(&EXIT), List(&Object(&EXIT))]),
            "What ends it: one thing, or one of a list.",
        ),
        needs("steps", List(&STEP), "What is done, one after the other."),
        PURPOSE,
        EXISTING,
        may("label", Label, "What people call it."),
    ],
);

const PURPOSE: Key = may(
    "purpose",
    Words(PURPOSES),
    "What the visitor has to have allowed; what is sent needs what its destination is for.",
)
.or("\"personalization\"");

const EXISTING: Key = may(
    "existing",
    Words(&[word("include", "Those for whom it holds already come in, too.")]),
    "What becomes of those for whom it holds when the pack is activated; without it, nothing.",
);

const CUES: Takes = Either(&[Object(&CUE), List(&Object(&CUE))]);

pub static CUE: Shape = Shape::new(
    "cue",
    "what changes",
    "An event, or something that begins to hold.",
    &[
        may("event", Text, "It happens; `*` is any event."),
        may("where", Where, "With `event`: what it has to be like."),
        may("enter", Name("a segment"), "The visitor becomes a member of the segment."),
        may("leave", Name("a segment"), "The visitor is no longer a member of the segment."),
        may(
            "stage",
            Either(&[Name("a stage"), Object(&MOVED)]),
            "The visitor comes to another stage.",
        ),
        may(
            "tier",
            Either(&[Name("a tier"), Object(&MOVED)]),
            "The visitor comes to another tier of loyalty.",
        ),
        may("since", Object(&SINCE), "So much time has passed since something happened last."),
        may("becomes", Condition, "The condition begins to hold. It may read no page."),
    ],
)
.exactly_one(&[&["event", "enter", "leave", "stage", "tier", "since", "becomes"]]);

pub static MOVED: Shape = Shape::new(
    "moved",
    "a move",
    "Which one the visitor comes to, and from where.",
    &[
        may("to", Text, "The one that they come to; without it, any."),
        may(
            "direction",
            Words(&[
                word("up", "From a lower one, or from none."),
                word("down", "From a higher one; to none, too, where `to` names none."),
            ]),
            "From where; without it, from anywhere.",
        ),
    ],
);

pub static SINCE: Shape = Shape::new(
    "since",
    "`since`",
    "How long ago something happened last.",
    &[needs("reaches", Duration, "So long ago it was; each new occurrence starts anew.")],
)
.sharing(OCCURRENCE);

pub static REENTER: Shape = Shape::new(
    "reenter",
    "`reenter`",
    "When visitors may come in again.",
    &[needs("after", Duration, "So long after they came in, if they are through by then.")],
);

pub static EXIT: Shape = Shape::new(
    "exit",
    "an exit",
    "What ends a journey.",
    &[
        may("event", Text, "It happens; at once."),
        may("where", Where, "With `event`: what it has to be like."),
        may(
            "when",
            InJourney,
            "It holds when the next step is due. It may read `entry.` and `event.`.",
        ),
    ],
)
.exactly_one(&[&["event", "when"]]);

pub static ACTION: Shape = Shape::new("action", "what is done", "One thing that is done.", &[])
    .sharing(ACTIONS)
    .exactly_one(&[DOES]);

const DOES: &[&str] = &["show", "send", "survey"];

const ACTIONS: &[Key] = &[
    may("show", Name("a content"), "Content, in its slot."),
    may("for", Duration, "With `show`: how long it may be shown from then on.").or("\"30m\""),
    may("send", Name("a destination"), "A message by this destination."),
    may("message", Text, "With `send`: which message, in the words of whoever sends it."),
    may("task", Object(&TASK), "With `send`: somebody has to do it, and when."),
    may("survey", Name("a survey"), "A survey."),
];

pub static TASK: Shape = Shape::new(
    "task",
    "a task",
    "What is sent is to be done by somebody. It is done when `Task Completed` comes with its `task_id`, or when an operator says so.",
    &[
        needs("due", Duration, "So long after it was sent."),
        may("escalate", Name("a destination"), "Where it is sent when it is not done by then."),
    ],
);

static STEP: Takes = Object(&JOURNEY_STEP);

pub static JOURNEY_STEP: Shape = Shape::new(
    "journey-step",
    "a step",
    "One step of a journey.",
    &[
        needs("id", Text, "The step's name, the same in the packs that follow: whoever waits at it is found there again."),
        may(
            "wait",
            Either(&[Duration, Object(&AWAITED)]),
            "So long, or for an event, or until something holds.",
        ),
        may("branch", List(&Object(&ARM)), "The steps of the first whose condition holds."),
        may("else", List(&STEP), "With `branch`: the steps when none does.").or("[]"),
        may("label", Label, "What people call it."),
    ],
)
.sharing(ACTIONS)
.exactly_one(&[&["wait", "branch", "show", "send", "survey"]]);

pub static AWAITED: Shape = Shape::new(
    "awaited",
    "what is waited for",
    "An event, or something that holds.",
    &[
        may("event", Text, "It happens; from then on `event.` reads its properties."),
        may("where", Where, "With `event`: what it has to be like."),
        may("until", InJourney, "It holds. It may read `entry.` and `event.`, and no page."),
        may("upTo", Duration, "So long at most; then the journey goes on all the same."),
    ],
)
.exactly_one(&[&["event", "until"]]);

pub static ARM: Shape = Shape::new(
    "arm",
    "an arm",
    "Steps for those for whom something holds.",
    &[
        needs("when", InJourney, "For whom. It may read `entry.` and `event.`, and no page."),
        needs("steps", List(&STEP), "What is done; then the journey goes on behind the branch."),
    ],
);

pub static SURVEY: Shape = Shape::new(
    "survey",
    "a survey",
    "A question to visitors.",
    &[
        needs("question", Label, "What is asked."),
        may("kind", Words(SURVEY_KINDS), "How it is answered.").or("\"nps\""),
        may("choices", List(&Label), "With `choice`: what there is to choose from."),
        may("sample", Share, "How many of those who would be asked are.").or("1"),
        may("cooldown", Duration, "How long nobody is asked again.").or("\"90d\""),
        may(
            "event",
            Text,
            "The event that an answer is, with `survey_id` and `score` or `answer`.",
        )
        .or("\"Survey Answered\""),
        may("where", List(&Words(SURVEY_PLACES)), "Where it can be answered.").or("[\"page\"]"),
        may(
            "send",
            Name("a destination"),
            "With \"link\" in `where`: the destination that sends the link, as `message.link`.",
        ),
        may("label", Label, "What people call it."),
    ],
);

static SURVEY_KINDS: &[Word] = &[
    word("nps", "How likely one is to recommend the site, from 0 to 10."),
    word("csat", "How satisfied one is, from 1 to 5."),
    word("ces", "How easy it was, from 1 to 7."),
    word("choice", "One of several answers."),
    word("text", "In one's own words."),
];

static SURVEY_PLACES: &[Word] =
    &[word("page", "On the page."), word("link", "By a link in a message.")];
