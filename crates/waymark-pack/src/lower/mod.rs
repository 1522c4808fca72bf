//! From a checked pack to a Program: names become numbers, equal things are shared.

mod canonical;
mod conds;
mod features;
mod order;

use std::collections::BTreeMap;

use waymark_engine::program::{Cond, CondId};
use waymark_engine::program::{
    Content, NumberSource, Program, Rule, Segment, Slot, Stage, Test, Variant,
};

use crate::condition::{Condition, Kind, Subject};
use crate::diagnostic::Code;
use crate::pack::{self, Definition, Pack};
use crate::problem::Problems;
use conds::Conds;
use features::Features;
use order::Order;

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
        problems,
    };
    let mut named: Vec<&pack::Feature> = pack.features.iter().collect();
    named.sort_by_key(|feature| &feature.id);
    for feature in named {
        let number = match &feature.definition {
            Definition::Windowed(windowed) => {
                let number = lowering.features.windowed(windowed, &mut lowering.conds);
                Named::Number(number)
            }
            Definition::Kept(kept) => {
                Named::Kept(lowering.features.kept(kept, &mut lowering.conds))
            }
        };
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
        program.segments.push(Segment { id: segment.id.clone(), when });
    }
    for stage in &pack.journey.stages {
        let enter = lowering.condition(stage.enter.as_ref()?);
        program.stages.push(Stage { id: stage.id.clone(), enter });
    }
    lowering.shown(pack, &mut program)?;
    let Lowering { conds, features, named, .. } = lowering;
    program.named = named.into_iter().map(|(id, named)| (id.to_owned(), named.number())).collect();
    program.conds = conds.list;
    (program.events, program.features) = features.finish();
    Some(program)
}

struct Lowering<'p> {
    conds: Conds,
    features: Features,
    segments: BTreeMap<&'p str, u32>,
    stages: BTreeMap<&'p str, u32>,
    named: BTreeMap<&'p str, Named>,
    problems: &'p mut Problems,
}

/// A feature with a name, and how it is compared.
#[derive(Clone, Copy)]
enum Named {
    Number(u32),
    Kept(u32),
}

impl Named {
    const fn number(self) -> u32 {
        match self {
            Self::Number(number) | Self::Kept(number) => number,
        }
    }
}

impl<'p> Lowering<'p> {
    /// Slots, contents and rules.
    fn shown(&mut self, pack: &'p Pack, program: &mut Program) -> Option<()> {
        let mut contents: Vec<&pack::Content> = pack.contents.iter().collect();
        contents.sort_by_key(|content| &content.id);
        let by_id: BTreeMap<&str, &pack::Content> =
            contents.iter().map(|content| (content.id.as_str(), *content)).collect();
        let content_numbers = numbered(by_id.keys().copied());
        program.contents = contents
            .into_iter()
            .map(|content| Content {
                id: content.id.clone(),
                body: content.body,
                variants: content
                    .variants
                    .iter()
                    .map(|variant| Variant {
                        locale: variant.locale.clone(),
                        template: variant.template.clone(),
                    })
                    .collect(),
            })
            .collect();
        let mut slots: Vec<&pack::Slot> = pack.slots.iter().collect();
        slots.sort_by_key(|slot| &slot.id);
        let slot_numbers = numbered(slots.iter().map(|slot| slot.id.as_str()));
        for slot in slots {
            let default = match &slot.default {
                None => None,
                Some(shown) => Some(*content_numbers.get(shown.content.as_str())?),
            };
            program.slots.push(Slot { id: slot.id.clone(), default });
        }
        let mut rules: Vec<&pack::Rule> = pack.rules.iter().collect();
        rules.sort_by_key(|rule| rule.order());
        for rule in rules {
            let content = rule.show.content.as_str();
            program.rules.push(Rule {
                id: rule.id.clone(),
                slot: *slot_numbers.get(rule.slot.as_str())?,
                content: *content_numbers.get(content)?,
                priority: rule.priority,
                purpose: rule.purpose,
                when: self.condition(&rule.when),
                stateless: rule.is_stateless(by_id.get(content).copied()),
            });
        }
        Some(())
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
        let Self { conds, features, .. } = self;
        match &condition.kind {
            Kind::Compare { subject, compare } => self.comparison(subject, compare.clone()),
            Kind::Count { on, within, session, least, most } => {
                // Outside a window only the total counts.
                let keep = if within.is_some() || *session {
                    most.map_or(*least, |most| most.saturating_add(1).max(*least))
                } else {
                    1
                };
                Test::Count {
                    feature: features.times(on, keep.max(1), conds),
                    within: *within,
                    session: *session,
                    least: *least,
                    most: *most,
                }
            }
            Kind::Age { of, order, span } => {
                Test::Age { feature: features.kept(of, conds), order: *order, span: *span }
            }
            Kind::Sequence { steps, without, within, idle } => Test::Sequence {
                feature: features.sequence(steps, without, conds),
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
            // Made of other conditions: `part` has taken these apart.
            Kind::All(_) | Kind::Any(_) | Kind::Not(_) => Test::Segment(u32::MAX),
        }
    }

    fn comparison(&mut self, subject: &Subject, compare: waymark_engine::program::Compare) -> Test {
        let Self { conds, features, .. } = self;
        let number =
            |feature, compare| Test::Number { source: NumberSource::Windowed(feature), compare };
        match subject {
            Subject::Path(path) => Test::Value { path: path.clone(), compare },
            Subject::Session(key) => Test::Number { source: NumberSource::Session(*key), compare },
            Subject::Amount(windowed) => number(features.windowed(windowed, conds), compare),
            Subject::Kept(kept) => Test::Captured { feature: features.kept(kept, conds), compare },
            Subject::Feature(id) => match self.named.get(id.as_str()) {
                Some(Named::Kept(feature)) => Test::Captured { feature: *feature, compare },
                Some(Named::Number(feature)) => number(*feature, compare),
                None => number(u32::MAX, compare),
            },
        }
    }
}

fn numbered<'n>(names: impl IntoIterator<Item = &'n str>) -> BTreeMap<&'n str, u32> {
    names.into_iter().zip(0..).collect()
}
