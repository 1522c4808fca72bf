//! Whether what a Program answers depends on the visitor's session, which every event moves.

use super::{Cond, Model, Part, Path, Program, Root, Source, Template, Test};

impl Program {
    pub(super) fn asks_for_session(&self) -> bool {
        let contents = self.contents.iter().flat_map(|content| &content.variants);
        let points =
            self.picks.iter().flat_map(|pick| &pick.candidates).flat_map(|one| &one.points);
        let inputs = self.models.iter().flat_map(Model::inputs);
        inputs.map(|input| &input.source).any(Source::asks_for_session)
            || self
                .conds
                .iter()
                .any(|cond| matches!(cond, Cond::Test(test) if test.asks_for_session()))
            || contents.into_iter().any(|variant| variant.template.asks_for_session())
            || points.filter_map(|points| points.times.as_ref()).any(Source::asks_for_session)
    }
}

impl Test {
    fn asks_for_session(&self) -> bool {
        matches!(self, Self::Count { session: true, .. })
            || self.sources().any(Source::asks_for_session)
    }
}

impl Source {
    fn asks_for_session(&self) -> bool {
        match self {
            Self::Session(_) => true,
            Self::Path(path) => path.asks_for_session(),
            Self::Feature(_) | Self::Time(..) | Self::Score(_) => false,
        }
    }
}

impl Path {
    fn asks_for_session(&self) -> bool {
        self.root == Root::Session
    }
}

impl Template {
    fn asks_for_session(&self) -> bool {
        self.0.iter().any(|part| match part {
            Part::Literal(_) | Part::Query => false,
            Part::Insert(insert) => insert.path.asks_for_session(),
            Part::Each(each) => {
                each.exclude.iter().any(Path::asks_for_session)
                    || each.from.path().is_some_and(Path::asks_for_session)
                    || each.template.asks_for_session()
            }
        })
    }
}
