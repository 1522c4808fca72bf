//! From a checked pack to a Program: names become numbers, equal things are shared.

mod canonical;
mod conds;
mod features;
mod flows;
mod models;
mod order;
mod references;
mod rules;
mod slots;

use std::collections::BTreeMap;

use waymark_engine::program::{
    Clock, Compare, Cond, CondId, Content, Filter, Part, Program, Root, Segment, Slot, Source,
    Stage, Test, Variant, ZoneId,
};

use crate::condition::{Comparison, Condition, Definition, Hours, Kind, Subject, Zone};
use crate::diagnostic::Code;
use crate::pack::{self, Pack};
use crate::problem::Problems;
use conds::Conds;
use features::{Features, Lower};
use order::Order;
use references::References;
use rules::Names;

/// The Program of a pack without errors. Its hash is still to be taken, and its index
/// to be derived.
pub(crate) fn program(pack: &Pack, problems: &mut Problems) -> Option<Program> {
    let order = Order::of(pack, problems)?;
    let mut lowering = Lowering {
        conds: Conds::default(),
        features: Features::default(),
        segments: order.numbers(pack),
        stages: numbered(pack.journey.stages.iter().map(|stage| stage.id.as_str())),
        named: BTreeMap::new(),
        models: numbered(pack.models.iter().map(|model| model.id.as_str())),
        references: References::of(pack),
        problems,
    };
    let mut named: Vec<&pack::Feature> = pack.features.iter().collect();
    named.sort_by_key(|feature| &feature.id);
    for feature in named {
        let number = lowering.definition(&feature.definition);
        lowering.named.insert(&feature.id, number);
    }
    let mut program = Program {
        pack: pack.name.clone(),
        session_gap: pack.journey.session,
        stage_after: order.stage_after,
        ..Program::default()
    };
    for segment in order.segments.iter().map(|number| &pack.segments[*number]) {
        let when = lowering.condition(segment.when.as_ref()?);
        program.segments.push(Segment { id: segment.id.clone(), when, edge: segment.edge });
    }
    for stage in &pack.journey.stages {
        let enter = lowering.condition(stage.enter.as_ref()?);
        program.stages.push(Stage { id: stage.id.clone(), enter });
    }
    lowering.shown(pack, &mut program)?;
    lowering.flows(pack, &mut program);
    lowering.models(pack, &mut program);
    let Lowering { conds, features, named, references, .. } = lowering;
    program.named = named.into_iter().map(|(id, number)| (id.to_owned(), number)).collect();
    program.patterns = references.patterns;
    program.groups = references.groups;
    program.zones = references.zones;
    program.holidays.clone_from(&pack.holidays);
    program.server_events.clone_from(&pack.server_events);
    program.conds = conds.list;
    (program.events, program.features) = features.finish(&mut program.flows);
    Some(program)
}

struct Lowering<'p> {
    conds: Conds,
    features: Features,
    segments: BTreeMap<&'p str, u32>,
    stages: BTreeMap<&'p str, u32>,
    named: BTreeMap<&'p str, u32>,
    models: BTreeMap<&'p str, u32>,
    references: References,
    problems: &'p mut Problems,
}

impl<'p> Lowering<'p> {
    /// Slots, contents and rules.
    fn shown(&mut self, pack: &'p Pack, program: &mut Program) -> Option<()> {
        let mut contents: Vec<&pack::Content> = pack.contents.iter().collect();
        contents.sort_by_key(|content| &content.id);
        let by_id: BTreeMap<&str, &pack::Content> =
            contents.iter().map(|content| (content.id.as_str(), *content)).collect();
        let content_numbers = numbered(by_id.keys().copied());
        program.catalog = pack.catalog.clone();
        for content in contents {
            let mut variants = Vec::new();
            for variant in &content.variants {
                let clock = variant.template.inserts().any(|insert| {
                    insert.path.root == Root::Time
                        || insert.filters.iter().any(|filter| matches!(filter, Filter::Date(_)))
                });
                if clock {
                    // For visitors whose host knows no zone.
                    self.references.zone(&Zone::Pack);
                }
                let mut template = variant.template.clone();
                for part in &mut template.0 {
                    if let Part::Each(each) = part {
                        let filter = each.filter.and_then(|at| pack.wheres.get(at.0 as usize));
                        each.filter = filter.map(|filter| self.condition(filter));
                    }
                }
                variants.push(Variant { locale: variant.locale.clone(), template });
            }
            program.contents.push(Content { id: content.id.clone(), body: content.body, variants });
        }
        let edge = pack.edge_slots();
        let slots = slots::ordered(pack, self.problems)?;
        let slot_numbers = numbered(slots.iter().map(|slot| slot.id.as_str()));
        for slot in slots {
            let default = match &slot.default {
                None => None,
                Some(shown) => Some(*content_numbers.get(shown.content.as_str())?),
            };
            program.slots.push(Slot {
                id: slot.id.clone(),
                default,
                edge: edge.contains(slot.id.as_str()),
                contact: slot.contact.clone(),
                presentation: slot.presentation,
            });
        }
        self.rules(pack, Names::new(slot_numbers, content_numbers, by_id), program)
    }

    /// A whole condition, which hosts have to be willing to evaluate.
    fn condition(&mut self, condition: &Condition) -> CondId {
        let id = self.part(condition);
        if let Err(what) = self.conds.bounded(id) {
            let message = format!("this condition is {what}");
            self.problems
                .error(Code::ConditionTooLarge, condition.at, message)
                .mend("make segments of its parts");
        }
        id
    }

    fn part(&mut self, condition: &Condition) -> CondId {
        let cond = match &condition.kind {
            Kind::All(parts) => Cond::All(parts.iter().map(|part| self.part(part)).collect()),
            Kind::Any(parts) => Cond::Any(parts.iter().map(|part| self.part(part)).collect()),
            Kind::Not(part) => Cond::Not(self.part(part)),
            _ => Cond::Test(self.test(condition)),
        };
        self.conds.add(cond)
    }

    fn test(&mut self, condition: &Condition) -> Test {
        match &condition.kind {
            Kind::Compare { subject, compare } => {
                Test::Compare { source: self.source(subject), compare: self.compare(compare) }
            }
            Kind::Relate { left, relation, right } => Test::Relate {
                left: self.source(left),
                relation: *relation,
                right: self.source(right),
            },
            Kind::Count { on, within, session, least, most } => {
                // Outside a window only the total counts.
                let keep = if within.is_some() || *session {
                    most.map_or(*least, |most| most.saturating_add(1).max(*least))
                } else {
                    1
                };
                Test::Count {
                    feature: self
                        .remember(|features, lower| features.times(on, keep.max(1), lower)),
                    within: *within,
                    session: *session,
                    least: *least,
                    most: *most,
                }
            }
            Kind::Age { of, order, span } => {
                let definition = Definition::Kept(of.clone());
                Test::Age { feature: self.definition(&definition), order: *order, span: *span }
            }
            Kind::Sequence { steps, without, within, idle } => Test::Sequence {
                feature: self.remember(|features, lower| features.sequence(steps, without, lower)),
                within: *within,
                idle: *idle,
            },
            Kind::Segment(id) => {
                Test::Segment(self.segments.get(id.as_str()).copied().unwrap_or(u32::MAX))
            }
            Kind::Stage { id, further } => {
                let least = self.stages.get(id.as_str()).copied().unwrap_or(u32::MAX);
                let last = u32::try_from(self.stages.len()).unwrap_or(u32::MAX).saturating_sub(1);
                Test::Stage { least, most: if *further { last } else { least } }
            }
            Kind::Elapsed { subject, ahead, order, span } => {
                // Dates without a zone are the pack's.
                self.references.zone(&Zone::Pack);
                let source = self.source(subject);
                Test::Elapsed { source, ahead: *ahead, order: *order, span: *span }
            }
            Kind::Clock(Hours { zone, from, to, days, workdays }) => Test::Clock(Clock {
                zone: self.zone(zone),
                from: *from,
                to: *to,
                days: *days,
                workdays: *workdays,
            }),
            Kind::Anniversary { subject, before, after, zone } => Test::Anniversary {
                source: self.source(subject),
                before: *before,
                after: *after,
                zone: self.zone(zone),
            },
            Kind::Consent(purpose) => Test::Consent(*purpose),
            Kind::Scheduled { from, until } => Test::Scheduled { from: *from, until: *until },
            Kind::Percent(share) => Test::Percent(share.clone()),
            Kind::Channel { of_event, among } => {
                Test::Channel { of_event: *of_event, among: *among }
            }
            // Made of other conditions: `part` has taken these apart.
            Kind::All(_) | Kind::Any(_) | Kind::Not(_) => Test::Segment(u32::MAX),
        }
    }

    fn source(&mut self, subject: &Subject) -> Source {
        match subject {
            Subject::Path(path) => Source::Path(path.clone()),
            Subject::Session(key) => Source::Session(*key),
            Subject::Time(key, zone) => Source::Time(*key, self.zone(zone)),
            Subject::Remembered(definition) => Source::Feature(self.definition(definition)),
            Subject::Score(id) => {
                Source::Score(self.models.get(id.as_str()).copied().unwrap_or(u32::MAX))
            }
            Subject::Feature(id) => {
                Source::Feature(self.named.get(id.as_str()).copied().unwrap_or(u32::MAX))
            }
        }
    }

    fn compare(&mut self, compare: &Comparison) -> Compare {
        match compare {
            Comparison::Plain(compare) => compare.clone(),
            Comparison::Some(part) => Compare::Some(self.part(part)),
            Comparison::Size(part) => Compare::Size(self.part(part)),
            Comparison::Pattern(pattern) => Compare::Pattern(self.references.pattern(pattern)),
            Comparison::Group(id) => Compare::Group(self.references.group(id)),
        }
    }

    fn zone(&mut self, zone: &Zone) -> ZoneId {
        self.references.zone(zone)
    }

    fn definition(&mut self, definition: &Definition) -> u32 {
        if matches!(definition, Definition::Streak { .. }) {
            // Its days are the pack's.
            self.references.zone(&Zone::Pack);
        }
        self.remember(|features, lower| features.definition(definition, lower))
    }

    /// A feature, or a matcher, whose conditions on events are lowered as all others are.
    fn remember<T>(&mut self, make: impl FnOnce(&mut Features, Lower<'_>) -> T) -> T {
        let mut features = std::mem::take(&mut self.features);
        let made = make(&mut features, &mut |filter| self.part(filter));
        self.features = features;
        made
    }
}

fn numbered<'n>(names: impl IntoIterator<Item = &'n str>) -> BTreeMap<&'n str, u32> {
    names.into_iter().zip(0..).collect()
}
