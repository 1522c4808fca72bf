//! The report, as `--json` prints it.

use serde::{Serialize, Serializer};
use waymark_insight::simulation::{Changes, Simulation};

use super::Look;
use crate::crowd;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub journeys: Journeys,
    pub pack: Pack,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub against: Option<Pack>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changed>,
}

#[derive(Debug, Serialize)]
pub(super) struct Journeys {
    #[serde(flatten)]
    pub crowd: crowd::Journeys,
    #[serde(serialize_with = "look")]
    pub look: Look,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Pack {
    pub file: String,
    #[serde(rename = "pack")]
    pub name: String,
    pub hash: String,
    pub visitors: u64,
    pub events: u64,
    pub looks: u64,
    pub segments: Vec<Segment>,
    pub overlaps: Vec<Overlap>,
    pub stages: Vec<Stage>,
    /// Visitors in no stage at the end.
    pub no_stage: u64,
    pub stage_moves: Vec<Move>,
    pub rules: Vec<Rule>,
    pub slots: Vec<Slot>,
    pub experiments: Vec<Experiment>,
    pub flows: Vec<Way>,
    pub actions: Vec<Action>,
    /// How many visitors had so many messages.
    pub messages: Vec<Spread>,
    pub contacts: Contacts,
}

#[derive(Debug, Serialize)]
pub(super) struct Segment {
    pub id: String,
    pub end: u64,
    pub ever: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Overlap {
    pub a: String,
    pub b: String,
    pub both: u64,
    pub either: u64,
    /// Of those in either, those in both.
    pub jaccard: f64,
    /// Of all visitors.
    pub share: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stage {
    pub id: String,
    pub end: u64,
    pub ever: u64,
    /// Of the stays that ended.
    pub median_days: Option<f64>,
    pub stays: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Move {
    pub from: Option<String>,
    pub to: Option<String>,
    pub times: u64,
    pub visitors: u64,
}

/// How often, and for how many visitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(super) struct Count {
    pub looks: u64,
    pub visitors: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Rule {
    pub id: String,
    pub slot: String,
    pub priority: i32,
    /// Its condition held.
    pub held: Count,
    pub shown: Count,
    pub beaten: Count,
    pub capped: Count,
    pub held_out: Count,
    pub no_consent: Count,
    /// It held, and was not shown for another reason.
    pub other: Vec<Other>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beaten_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never: Option<NeverShown>,
}

#[derive(Debug, Serialize)]
pub(super) struct Other {
    pub reason: &'static str,
    #[serde(flatten)]
    pub count: Count,
}

#[derive(Debug, Serialize)]
pub(super) struct NeverShown {
    pub reason: &'static str,
    pub words: String,
}

#[derive(Debug, Serialize)]
pub(super) struct Slot {
    pub id: String,
    pub contents: Vec<Content>,
}

#[derive(Debug, Serialize)]
pub(super) struct Content {
    pub content: String,
    #[serde(flatten)]
    pub count: Count,
}

#[derive(Debug, Serialize)]
pub(super) struct Experiment {
    pub id: String,
    pub variations: Vec<Variation>,
}

#[derive(Debug, Serialize)]
pub(super) struct Variation {
    pub id: String,
    pub visitors: u64,
    pub exposures: u64,
}

/// A trigger, or a journey.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Way {
    pub kind: String,
    pub id: String,
    pub entered: u64,
    pub visitors: u64,
    pub completed: u64,
    pub left: u64,
    pub still: u64,
    pub steps: Vec<Step>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Step {
    pub id: String,
    pub does: &'static str,
    pub came: u64,
    /// Whether its action was taken; `None` where it has none.
    pub taken: Option<u64>,
    pub left_out: Option<u64>,
    pub exited: u64,
    pub no_consent: u64,
    pub still: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Action {
    pub kind: &'static str,
    pub destination: Option<String>,
    /// The message, the content or the survey.
    pub id: Option<String>,
    pub times: u64,
    pub visitors: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Spread {
    pub number: u64,
    pub visitors: u64,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Contacts {
    pub all: u64,
    pub mean_in_7_days: f64,
    pub most_in_7_days: u64,
    /// How many visitors had at most so many within seven days.
    pub spread: Vec<Spread>,
}

/// What the pack changes, compared with the other.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changed {
    /// Looks at which some slot shows something else.
    #[serde(flatten)]
    pub count: Count,
    pub slots: Vec<ChangedSlot>,
    pub segments: Vec<ChangedSegment>,
    pub actions: Vec<ChangedAction>,
}

#[derive(Debug, Serialize)]
pub(super) struct ChangedSlot {
    pub id: String,
    #[serde(flatten)]
    pub count: Count,
    /// The same content, with another text.
    pub reworded: Count,
    pub top: Vec<ChangedContent>,
}

#[derive(Debug, Serialize)]
pub(super) struct ChangedContent {
    pub from: String,
    pub to: String,
    #[serde(flatten)]
    pub count: Count,
}

#[derive(Debug, Serialize)]
pub(super) struct ChangedSegment {
    pub id: String,
    pub before: u64,
    pub after: u64,
    pub gained: u64,
    pub lost: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct ChangedAction {
    pub kind: &'static str,
    pub destination: Option<String>,
    pub id: Option<String>,
    pub before: u64,
    pub after: u64,
}

impl Report {
    /// `counts` are the pack's, then, if there is one, those of the pack that it is compared with;
    /// so are `files`.
    pub(super) fn of(
        journeys: Journeys,
        counts: &[Simulation<'_>],
        files: &[&str],
        changes: Option<Changes>,
    ) -> Self {
        let mut packs = counts.iter().zip(files).map(|(counts, file)| Pack::of(counts, file));
        let pack = packs.next().unwrap_or_default();
        let changes = changes.zip(counts.get(1)).zip(counts.first());
        let changes =
            changes.map(|((changes, before), after)| Changed::of(&changes, before, after));
        Self { journeys, pack, against: packs.next(), changes }
    }

    /// The packs, the one that it is compared with first.
    pub(super) fn packs(&self) -> Vec<&Pack> {
        self.against.iter().chain([&self.pack]).collect()
    }
}

impl Look {
    /// What a look is called, one of them and several.
    pub(super) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::PageView => ("page view", "page views"),
            Self::Day => ("look", "looks"),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn look<S: Serializer>(look: &Look, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(match look {
        Look::PageView => "page-view",
        Look::Day => "day",
    })
}
