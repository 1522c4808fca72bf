//! What rules read, and whether they may.

use std::collections::BTreeSet;

use waymark_engine::program::{Path, Root};
use waymark_model::Purpose;

use super::by_id;
use crate::condition::{Condition, Kind, Occurrence, Subject};
use crate::declared::Declared;
use crate::diagnostic::Code;
use crate::json::At;
use crate::pack::{Definition, Pack, Rule};
use crate::problem::{Problems, shown};

/// Different things that the rules of a slot may read before its decisions are hardly ever the same
/// for two page views.
const SIGNALS: usize = 12;

/// One thing that a rule reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Read {
    Event(String),
    Trait(String),
    /// What a page, a device, a campaign, a place or a clock tells.
    Signal(String),
}

/// Everything that something reads, each with the place in the rule where it comes in.
#[derive(Default)]
struct Reads {
    all: BTreeSet<(Read, At)>,
    /// Segments and stages that were followed.
    followed: BTreeSet<String>,
}

/// Rules that read data which is not collected for their purpose.
pub(super) fn purposes(pack: &Pack, declared: &Declared, problems: &mut Problems) {
    for rule in &pack.rules {
        for (read, at) in Reads::of(pack, rule).all {
            let (kind, name, purposes) = match &read {
                Read::Event(name) => {
                    let event = declared.events.as_ref().and_then(|events| events.get(name));
                    ("event", name, event.and_then(|event| event.purposes.as_ref()))
                }
                Read::Trait(name) => ("trait", name, declared.purposes_of_trait(name)),
                Read::Signal(_) => continue,
            };
            let Some(purposes) = purposes.filter(|purposes| !purposes.contains(&rule.purpose))
            else {
                continue;
            };
            let names: Vec<&str> = purposes.iter().copied().map(Purpose::name).collect();
            let collected = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            let (name, purpose) = (shown(name), rule.purpose.name());
            let message = format!(
                "the {kind} {name} is collected for {collected}, and the rule is for {purpose}"
            );
            let problem = problems.warn(Code::PurposeNotAllowed, at, message);
            problem.mend("give the rule that purpose, or leave what it must not read out");
        }
    }
}

/// Slots whose decisions hang on so much that hardly two are the same.
pub(super) fn signals(pack: &Pack, problems: &mut Problems) {
    for slot in &pack.slots {
        let rules = pack.rules.iter().filter(|rule| rule.slot == slot.id);
        let reads: BTreeSet<Read> =
            rules.flat_map(|rule| Reads::of(pack, rule).all).map(|(read, _)| read).collect();
        if reads.len() > SIGNALS {
            let message = format!(
                "the rules of the slot {} read {} different things: its decisions can hardly be cached",
                shown(&slot.id),
                reads.len()
            );
            let problem = problems.warn(Code::ManySignals, slot.at, message);
            problem.mend(format!("read at most {SIGNALS}, or divide the slot"));
        }
    }
}

impl Reads {
    fn of(pack: &Pack, rule: &Rule) -> Self {
        let mut reads = Self::default();
        reads.condition(pack, &rule.when, None);
        let contents = by_id(pack);
        for show in rule.shown() {
            let Some(content) = contents.get(show.content.as_str()) else { continue };
            let mut paths = Vec::new();
            content.variants.iter().for_each(|variant| variant.template.paths(&mut paths));
            for path in paths {
                reads.path(pack, path, show.at);
            }
        }
        reads
    }

    /// `within` is the place in the rule, when the condition stands elsewhere.
    fn condition(&mut self, pack: &Pack, condition: &Condition, within: Option<At>) {
        condition.walk(&mut |part| {
            let at = within.unwrap_or(part.at);
            match &part.kind {
                Kind::All(_) | Kind::Any(_) | Kind::Not(_) | Kind::Consent(_) => {}
                Kind::Compare { subject, .. }
                | Kind::Elapsed { subject, .. }
                | Kind::Anniversary { subject, .. } => self.subject(pack, subject, at),
                Kind::Relate { left, right, .. } => {
                    self.subject(pack, left, at);
                    self.subject(pack, right, at);
                }
                Kind::Count { on, .. } => self.occurrence(on, at),
                Kind::Age { of, .. } => self.occurrence(&of.on, at),
                Kind::Sequence { steps, without, .. } => {
                    steps.iter().chain(without).for_each(|on| self.occurrence(on, at));
                }
                Kind::Clock(_) => self.signal("time", at),
                Kind::Segment(id) => {
                    let segment = pack.segments.iter().find(|segment| segment.id == *id);
                    if let Some(when) = segment.and_then(|segment| segment.when.as_ref())
                        && self.followed.insert(format!("segment {id}"))
                    {
                        self.condition(pack, when, Some(at));
                    }
                }
                // The stage that a visitor is in depends on all of them.
                Kind::Stage { .. } => {
                    for stage in &pack.journey.stages {
                        if let Some(enter) = &stage.enter
                            && self.followed.insert(format!("stage {}", stage.id))
                        {
                            self.condition(pack, enter, Some(at));
                        }
                    }
                }
            }
        });
    }

    fn subject(&mut self, pack: &Pack, subject: &Subject, at: At) {
        match subject {
            Subject::Path(path) => self.path(pack, path, at),
            Subject::Session(_) => self.signal("session", at),
            Subject::Time(..) => self.signal(&subject.name(), at),
            Subject::Feature(id) => self.feature(pack, id, at),
            Subject::Amount(windowed) => self.occurrence(&windowed.on, at),
            Subject::Kept(kept) => self.occurrence(&kept.on, at),
        }
    }

    fn path(&mut self, pack: &Pack, path: &Path, at: At) {
        let name = || format!("{}.{}", path.root.name(), path.keys.join("."));
        match path.root {
            Root::Traits => {
                self.all.insert((Read::Trait(name()), at));
            }
            Root::Feature => {
                if let Some(id) = path.keys.first() {
                    self.feature(pack, id, at);
                }
            }
            Root::Property | Root::EventContext | Root::Item => {}
            _ => self.signal(&name(), at),
        }
    }

    fn feature(&mut self, pack: &Pack, id: &str, at: At) {
        match pack.features.iter().find(|feature| feature.id == id).map(|it| &it.definition) {
            Some(Definition::Windowed(windowed)) => self.occurrence(&windowed.on, at),
            Some(Definition::Kept(kept)) => self.occurrence(&kept.on, at),
            None => {}
        }
    }

    fn occurrence(&mut self, on: &Occurrence, at: At) {
        if let Some(event) = &on.event {
            self.all.insert((Read::Event(event.clone()), at));
        }
    }

    fn signal(&mut self, name: &str, at: At) {
        self.all.insert((Read::Signal(name.to_owned()), at));
    }
}
