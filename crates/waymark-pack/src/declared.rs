//! The names that a pack declares, which everything else in it refers to.

use std::collections::{BTreeMap, BTreeSet};

use waymark_engine::View;
use waymark_engine::program::{Act, Share};
use waymark_model::{Purpose, Span, Timestamp, Value, limits};

use crate::condition::{Condition, Rfm};
use crate::diagnostic::Code;
use crate::fields::one_of;
use crate::json::{At, Json, Node};
use crate::problem::{Problems, shown};

/// What is at hand while a pack is read.
#[derive(Debug)]
pub(crate) struct Desk<'s> {
    pub source: &'s str,
    pub problems: Problems,
    pub declared: Declared,
    /// When it is, if that is known.
    pub today: Option<Timestamp>,
    /// Whether somebody read the parts that the pack includes.
    pub included: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Declared {
    /// Whether there is a catalogue.
    pub catalog: bool,
    /// What it declares of its rows.
    pub fields: Option<BTreeSet<String>>,
    /// Tables, with their places in the Program.
    pub tables: BTreeMap<String, u32>,
    /// Conditions on the things of lists, in the order in which they were read.
    pub wheres: Vec<Condition>,
    pub scope: Scope,
    /// ISO 4217.
    pub currency: Option<String>,
    /// In the tz database; `None` is UTC.
    pub timezone: Option<String>,
    /// `None` when the pack does not say which events there are: then any may be.
    pub events: Option<BTreeMap<String, Event>>,
    pub attributes: Option<BTreeMap<String, Option<Type>>>,
    /// Traits that only the edge may know, by their paths.
    pub edge_traits: BTreeSet<String>,
    /// What the pack calls traits' sensitivity, by their paths.
    pub sensitivities: BTreeMap<String, String>,
    /// What traits are collected for, by their paths.
    pub trait_purposes: BTreeMap<String, Vec<Purpose>>,
    pub features: BTreeMap<String, Feature>,
    pub segments: BTreeSet<String>,
    /// Segments by score.
    pub labels: BTreeSet<String>,
    pub rfm: Option<Scores>,
    /// Tiers from the lowest to the highest, with the points that they take.
    pub tiers: Vec<(String, f64)>,
    /// `None` when the pack does not say which tags there are: then any may be.
    pub tags: Option<BTreeSet<String>>,
    pub stages: BTreeSet<String>,
    pub slots: BTreeSet<String>,
    /// Ways in which slots and destinations contact visitors.
    pub contacts: BTreeSet<String>,
    pub models: BTreeMap<String, Model>,
    /// Keys of the catalogue.
    pub rows: BTreeSet<String>,
    /// `None` for what could not be read.
    pub destinations: BTreeMap<String, Option<Destination>>,
    pub surveys: BTreeMap<String, Option<Survey>>,
    /// With the slot that each was made for.
    pub contents: BTreeMap<String, Option<String>>,
    pub touchpoints: Option<BTreeSet<String>>,
    pub groups: BTreeSet<String>,
    /// Whether the pack lists holidays.
    pub holidays: bool,
    pub metrics: BTreeSet<String>,
    /// With their variations.
    pub experiments: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Debug, Default)]
pub(crate) struct Event {
    /// What it is collected for, if that is said.
    pub purposes: Option<Vec<Purpose>>,
    pub properties: Option<BTreeMap<String, Option<Type>>>,
    /// Only a server's word counts.
    pub of_server: bool,
}

/// What a model gives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Model {
    /// A score, with its type.
    Score(Option<Type>),
    /// Things that go with things.
    Items,
    /// It could not be read; whatever refers to it is let be.
    Broken,
}

/// What templates read besides the visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scope {
    #[default]
    Visitor,
    /// What is read is shown once for each thing of a list.
    List,
    /// What is read is sent.
    Message,
}

/// A way to send something.
#[derive(Debug, Clone)]
pub(crate) struct Destination {
    pub channel: String,
    pub purpose: Purpose,
}

/// A question to visitors.
#[derive(Debug, Clone)]
pub(crate) struct Survey {
    /// Who is asked, unless everybody is.
    pub sample: Option<Share>,
    pub cooldown: Span,
    /// Whether it can be answered on the page.
    pub page: bool,
    /// The destination that sends its link.
    pub send: Option<String>,
}

/// What visitors' scores are.
#[derive(Debug, Clone)]
pub(crate) enum Scores {
    By(Rfm),
    /// They could not be read; whatever refers to them is let be.
    Broken,
}

/// What comparing a feature means.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Feature {
    /// With its type, if that is known.
    Of(Option<Type>),
    /// It could not be read; whatever refers to it is let be.
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Number,
    Bool,
    Date,
    Array,
    Object,
}

/// Features that `loyalty` makes: the points that a visitor has, and those that they earned.
pub(crate) const BALANCE: &str = "loyalty-points";
pub(crate) const EARNED: &str = "loyalty-earned";

/// What is sent when somebody gives a visitor a tag, or takes it away.
pub(crate) const TAG_ADDED: &str = "Tag Added";
pub(crate) const TAG_REMOVED: &str = "Tag Removed";

/// What an answer to a survey is, unless the survey says otherwise.
pub(crate) const ANSWERED: &str = "Survey Answered";
/// What a task is when it is done.
const TASK_COMPLETED: &str = "Task Completed";

/// Events that need no declaration: the names by which rules know calls without one, and any event.
const BUILT_IN: [&str; 16] = [
    "Page Viewed",
    "Screen Viewed",
    "Identified",
    "Grouped",
    "Aliased",
    View::VIEWED,
    View::DECIDED,
    "Experiment Viewed",
    TAG_ADDED,
    TAG_REMOVED,
    Act::MESSAGE,
    Act::CONTENT,
    Act::SURVEY,
    ANSWERED,
    TASK_COMPLETED,
    "*",
];

impl Type {
    pub const ALL: [Self; 6] =
        [Self::Text, Self::Number, Self::Bool, Self::Date, Self::Array, Self::Object];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Number => "number",
            Self::Bool => "boolean",
            Self::Date => "date",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    pub fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        one_of(node, "a type", "type", Self::ALL.map(|ty| (ty.name(), ty)), problems)
    }

    /// Whether something of this type can equal the value.
    pub fn can_equal(self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Bool(_) => self == Self::Bool,
            Value::Number(_) => matches!(self, Self::Number | Self::Date),
            Value::Text(text) => match self {
                Self::Text => true,
                Self::Date => Span::parse(text).is_none(),
                _ => false,
            },
            Value::Array(_) => self == Self::Array,
            Value::Object(_) => self == Self::Object,
        }
    }
}

impl Declared {
    /// Events that only a server's word makes count, sorted.
    pub fn server_events(&self) -> Vec<String> {
        let events = self.events.iter().flatten().filter(|(_, event)| event.of_server);
        events.map(|(name, _)| name.clone()).collect()
    }

    /// What a trait, or the object that it is a part of, is collected for, if that is said.
    pub fn purposes_of_trait(&self, path: &str) -> Option<&Vec<Purpose>> {
        let ends = path.match_indices('.').map(|(at, _)| at).chain([path.len()]);
        ends.skip(1).find_map(|end| self.trait_purposes.get(&path[..end]))
    }

    /// The type of a property, `None` when nothing is known of it.
    pub fn property_type(&self, event: Option<&str>, keys: &[String]) -> Option<Type> {
        let properties = self.events.as_ref()?.get(event?)?.properties.as_ref()?;
        properties.get(&keys.join(".")).copied().flatten()
    }

    /// The type of a trait, `None` when nothing is known of it.
    pub fn attribute_type(&self, keys: &[String]) -> Option<Type> {
        let path = format!("traits.{}", keys.join("."));
        self.attributes.as_ref()?.get(&path).copied().flatten()
    }
}

impl Desk<'_> {
    /// Whether an event is one that the pack knows; if not, that is an error.
    pub fn event_is_known(&mut self, name: &str, at: At) -> bool {
        if name.len() > limits::NAME_BYTES {
            let (limit, length) = (limits::NAME_BYTES, name.len());
            let message = format!(
                "an event's name has at most {limit} bytes, and this has {length}: no event has it"
            );
            self.problems.error(Code::BadValue, at, message);
            return false;
        }
        let Some(events) = &self.declared.events else { return true };
        if events.contains_key(name) || BUILT_IN.contains(&name) {
            return true;
        }
        let names = events.keys().map(String::as_str).chain(BUILT_IN);
        let message = format!("unknown event {}", shown(name));
        self.problems.error(Code::UnknownEvent, at, message).mean(name, names);
        false
    }

    /// Warns of a property that its event does not declare.
    pub fn property_is_declared(&mut self, event: Option<&str>, keys: &[String], at: At) {
        let properties = event
            .zip(self.declared.events.as_ref())
            .and_then(|(event, events)| events.get(event)?.properties.as_ref());
        let path = keys.join(".");
        if let Some(properties) = properties {
            if !declares(properties, keys) {
                let event = shown(event.unwrap_or_default());
                let message = format!("the event {event} declares no property {}", shown(&path));
                let problem = self.problems.warn(Code::UnknownProperty, at, message);
                problem.mean(&path, properties.keys().map(String::as_str));
            }
        } else if let [first, _, ..] = keys
            && ["traits", "page", "campaign", "device", "geo", "session", "time", "features"]
                .contains(&first.as_str())
        {
            let path = shown(&path);
            let message = format!("in a `where`, {path} is a property of the event");
            let problem = self.problems.warn(Code::UnknownProperty, at, message);
            problem.mend("write `context.` in front to read the event's context");
        }
    }

    /// Warns of a trait that is not declared.
    pub fn attribute_is_declared(&mut self, keys: &[String], at: At) {
        let Some(attributes) = &self.declared.attributes else { return };
        let full: Vec<String> =
            std::iter::once("traits").map(str::to_owned).chain(keys.iter().cloned()).collect();
        if declares(attributes, &full) {
            return;
        }
        let path = full.join(".");
        let message = format!("`attributes` declares no {}", shown(&path));
        let problem = self.problems.warn(Code::UnknownAttribute, at, message);
        problem.mean(&path, attributes.keys().map(String::as_str));
    }

    /// Whether an id is among the declared ones of its kind; if not, that is an error.
    pub fn is_declared(&mut self, kind: Kind, id: &str, at: At) -> bool {
        let declared = &self.declared;
        let known = match kind {
            Kind::Feature => declared.features.contains_key(id),
            Kind::Content => declared.contents.contains_key(id),
            Kind::Segment => declared.segments.contains(id),
            Kind::Label => declared.labels.contains(id),
            Kind::Tier => declared.tiers.iter().any(|(tier, _)| tier == id),
            Kind::Stage => declared.stages.contains(id),
            Kind::Destination => declared.destinations.contains_key(id),
            Kind::Survey => declared.surveys.contains_key(id),
            Kind::Model => declared.models.contains_key(id),
            Kind::Slot => declared.slots.contains(id),
            Kind::Group => declared.groups.contains(id),
            Kind::Touchpoint => declared.touchpoints.as_ref().is_none_or(|ids| ids.contains(id)),
            Kind::Metric => declared.metrics.contains(id),
            Kind::Experiment => declared.experiments.contains_key(id),
        };
        if known {
            return true;
        }
        let names: Vec<&str> = match kind {
            Kind::Feature => declared.features.keys().map(String::as_str).collect(),
            Kind::Content => declared.contents.keys().map(String::as_str).collect(),
            Kind::Segment => declared.segments.iter().map(String::as_str).collect(),
            Kind::Tier => declared.tiers.iter().map(|(tier, _)| tier.as_str()).collect(),
            Kind::Label => declared.labels.iter().map(String::as_str).collect(),
            Kind::Stage => declared.stages.iter().map(String::as_str).collect(),
            Kind::Destination => declared.destinations.keys().map(String::as_str).collect(),
            Kind::Survey => declared.surveys.keys().map(String::as_str).collect(),
            Kind::Model => declared.models.keys().map(String::as_str).collect(),
            Kind::Slot => declared.slots.iter().map(String::as_str).collect(),
            Kind::Group => declared.groups.iter().map(String::as_str).collect(),
            Kind::Touchpoint => declared.touchpoints.iter().flatten().map(String::as_str).collect(),
            Kind::Metric => declared.metrics.iter().map(String::as_str).collect(),
            Kind::Experiment => declared.experiments.keys().map(String::as_str).collect(),
        };
        let (name, code) = kind.described();
        let message = format!("unknown {name} {}", shown(id));
        self.problems.error(code, at, message).mean(id, names);
        false
    }
}

/// What an id can be an id of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Feature,
    Content,
    Segment,
    /// A segment by score.
    Label,
    Tier,
    Stage,
    Destination,
    Survey,
    Model,
    Slot,
    Group,
    Touchpoint,
    Metric,
    Experiment,
}

impl Kind {
    const fn described(self) -> (&'static str, Code) {
        match self {
            Self::Feature => ("feature", Code::UnknownFeature),
            Self::Content => ("content", Code::UnknownContent),
            Self::Segment => ("segment", Code::UnknownSegment),
            Self::Tier => ("tier", Code::UnknownTier),
            Self::Label => ("segment by score", Code::UnknownSegment),
            Self::Stage => ("stage", Code::UnknownStage),
            Self::Destination => ("destination", Code::UnknownDestination),
            Self::Survey => ("survey", Code::UnknownSurvey),
            Self::Model => ("model", Code::UnknownModel),
            Self::Slot => ("slot", Code::UnknownSlot),
            Self::Group => ("group", Code::UnknownGroup),
            Self::Touchpoint => ("touchpoint", Code::UnknownTouchpoint),
            Self::Metric => ("metric", Code::UnknownMetric),
            Self::Experiment => ("experiment", Code::UnknownExperiment),
        }
    }
}

/// Whether a path is declared: itself, or as a part of a declared object or array.
fn declares(declared: &BTreeMap<String, Option<Type>>, keys: &[String]) -> bool {
    (1..=keys.len()).any(|length| match declared.get(&keys[..length].join(".")) {
        None => false,
        Some(ty) => length == keys.len() || matches!(ty, None | Some(Type::Array | Type::Object)),
    })
}

/// The ids of an object's members, or of an array's `id`s, whatever else is wrong with them.
pub(crate) fn ids_of(node: Option<&Node>) -> BTreeSet<String> {
    match node.map(|node| &node.json) {
        Some(Json::Object(members)) => members.iter().map(|member| member.key.clone()).collect(),
        Some(Json::Array(items)) => items
            .iter()
            .filter_map(|item| match item.member("id").map(|id| &id.json) {
                Some(Json::Text(id)) => Some(id.clone()),
                _ => None,
            })
            .collect(),
        _ => BTreeSet::new(),
    }
}
