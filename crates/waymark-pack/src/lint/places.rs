//! What only the edge knows, read where pages would have to know it.

use std::collections::BTreeSet;

use waymark_engine::program::{From, Path, Root, Unit};

use super::by_id;
use crate::condition::{Condition, Kind, Subject};
use crate::declared::Declared;
use crate::diagnostic::Code;
use crate::json::At;
use crate::pack::{Content, Does, Needed, Pack, Rule};
use crate::problem::{Problems, shown};

pub(super) fn edge_only(pack: &Pack, declared: &Declared, problems: &mut Problems) {
    let segments = pack.segments.iter().filter(|segment| segment.edge);
    let edge_models = pack.models.iter().filter(|model| model.edge);
    let secrets = Secrets {
        segments: segments.map(|segment| segment.id.as_str()).collect(),
        traits: &declared.edge_traits,
        models: edge_models.map(|model| model.id.as_str()).collect(),
        by_number: pack.models.iter().map(|model| model.id.as_str()).collect(),
    };
    for model in pack.models.iter().filter(|model| !model.edge) {
        let read = model.inputs().find_map(|input| Some((secrets.subject(&input.of)?, input.at)));
        if let Some((what, at)) = read {
            let message = format!("pages know the model {}, and it reads {what}", shown(&model.id));
            let problem = problems.error(Code::EdgeDataInPage, at, message);
            problem.mend("give the model \"visible\": \"edge\"");
        }
    }
    for segment in pack.segments.iter().filter(|segment| !segment.edge) {
        if let Some((what, at)) = segment.when.as_ref().and_then(|when| secrets.read_by(when)) {
            let id = shown(&segment.id);
            let message = format!("pages know the segment {id}, and it reads {what}");
            let problem = problems.error(Code::EdgeDataInPage, at, message);
            problem.mend("give the segment \"runs\": \"edge\"");
        }
    }
    for stage in &pack.journey.stages {
        if let Some((what, at)) = stage.enter.as_ref().and_then(|enter| secrets.read_by(enter)) {
            let message = format!("pages know the stage {}, and it reads {what}", shown(&stage.id));
            problems.error(Code::EdgeDataInPage, at, message);
        }
    }
    for flow in pack.flows.all.iter().filter(|flow| !flow.edge) {
        let read = flow.conditions().into_iter().find_map(|condition| secrets.read_by(condition));
        if let Some((what, at)) = read {
            let message = format!("pages run the trigger {}, and it reads {what}", shown(&flow.id));
            let problem = problems.error(Code::EdgeDataInPage, at, message);
            problem.mend("give the trigger \"runs\": \"edge\"");
        }
    }
    let slots = pack.edge_slots();
    let contents = by_id(pack);
    for slot in pack.slots.iter().filter(|slot| !slots.contains(slot.id.as_str())) {
        let Some(default) = &slot.default else { continue };
        let content = contents.get(default.content.as_str());
        if let Some(what) = content.and_then(|content| secrets.shown_by(content)) {
            let message =
                format!("pages know the default of {}, and it reads {what}", shown(&slot.id));
            problems.error(Code::EdgeDataInPage, default.at, message);
        }
    }
    for rule in pack.rules.iter().filter(|rule| !slots.contains(rule.slot.as_str())) {
        let read = rule
            .conditions()
            .find_map(|condition| secrets.read_by(condition))
            .or_else(|| secrets.named_by(rule))
            .or_else(|| needs(rule, pack, &slots))
            .or_else(|| {
                rule.shown().into_iter().find_map(|show| {
                    let content = contents.get(show.content.as_str())?;
                    Some((secrets.shown_by(content)?, show.at))
                })
            });
        if let Some((what, at)) = read {
            let message = format!("pages run the rule {}, and it reads {what}", shown(&rule.id));
            let problem = problems.error(Code::EdgeDataInPage, at, message);
            problem.mend("give the rule \"runs\": \"edge\"");
        }
    }
}

/// A slot that only the edge decides, of which a rule needs something.
fn needs(rule: &Rule, pack: &Pack, slots: &BTreeSet<&str>) -> Option<(String, At)> {
    rule.needs.iter().find_map(|need| {
        let slot = match &need.of {
            Needed::Slot(slot, _) => slot.as_str(),
            Needed::Variation(id, _) => {
                pack.rules.iter().find(|rule| rule.id == *id).map(|rule| rule.slot.as_str())?
            }
        };
        let secret = slots.contains(slot);
        secret.then(|| (format!("the slot {}, which the edge decides", shown(slot)), rule.at))
    })
}

struct Secrets<'p> {
    segments: BTreeSet<&'p str>,
    traits: &'p BTreeSet<String>,
    models: BTreeSet<&'p str>,
    /// Of all models, as Programs number them.
    by_number: Vec<&'p str>,
}

impl Secrets<'_> {
    fn read_by(&self, condition: &Condition) -> Option<(String, At)> {
        let mut found = None;
        condition.walk(&mut |part| {
            if found.is_some() {
                return;
            }
            let secret = match &part.kind {
                Kind::Segment(id) if self.segments.contains(id.as_str()) => {
                    Some(format!("the segment {}, which the edge alone knows", shown(id)))
                }
                Kind::Compare { subject, .. }
                | Kind::Elapsed { subject, .. }
                | Kind::Anniversary { subject, .. } => self.subject(subject),
                Kind::Relate { left, right, .. } => {
                    self.subject(left).or_else(|| self.subject(right))
                }
                Kind::Percent(share) => self
                    .unit(&share.unit)
                    .or_else(|| share.fallback.as_ref().and_then(|unit| self.unit(unit))),
                _ => None,
            };
            found = secret.map(|secret| (secret, part.at));
        });
        found
    }

    fn subject(&self, subject: &Subject) -> Option<String> {
        match subject {
            Subject::Path(path) => self.path(path),
            Subject::Score(id) => self.score(id),
            _ => None,
        }
    }

    /// A trait that is secret, has a secret part, or is part of a secret.
    fn path(&self, path: &Path) -> Option<String> {
        if path.root != Root::Traits {
            return None;
        }
        let path = format!("traits.{}.", path.keys.join("."));
        self.traits
            .iter()
            .map(|name| format!("{name}."))
            .find(|name| path.starts_with(name) || name.starts_with(&path))
            .map(|_| {
                let name = path.trim_end_matches('.');
                format!("{}, which the edge alone knows", shown(name))
            })
    }

    fn score(&self, id: &str) -> Option<String> {
        let secret = self.models.contains(id);
        secret.then(|| format!("the model {}, which the edge alone knows", shown(id)))
    }

    fn unit(&self, unit: &Unit) -> Option<String> {
        let Unit::Trait(keys) = unit else { return None };
        self.path(&Path { root: Root::Traits, keys: keys.clone() })
    }

    /// A name by which a rule's visitors are hashed.
    fn named_by(&self, rule: &Rule) -> Option<(String, At)> {
        let experiment = match &rule.does {
            Does::Experiment(experiment) => Some(&experiment.share),
            _ => None,
        };
        let shares = rule.filters.iter().chain(&rule.holdout).chain(experiment);
        let mut units =
            shares.flat_map(|share| std::iter::once(&share.unit).chain(&share.fallback));
        units.find_map(|unit| self.unit(unit)).map(|secret| (secret, rule.at))
    }

    fn shown_by(&self, content: &Content) -> Option<String> {
        if content.edge {
            return Some(format!("the content {}, which is the edge's", shown(&content.id)));
        }
        let mut paths = Vec::new();
        content.variants.iter().for_each(|variant| variant.template.paths(&mut paths));
        let read = paths.into_iter().find_map(|path| match (path.root, path.keys.first()) {
            (Root::Score, Some(id)) => self.score(id),
            _ => self.path(path),
        });
        let lists = content.variants.iter().flat_map(|variant| variant.template.lists());
        read.or_else(|| {
            lists.into_iter().find_map(|each| match &each.from {
                From::Related(model, _) => self.score(self.by_number.get(*model as usize)?),
                From::Table(_) | From::Path(_) => None,
            })
        })
    }
}
