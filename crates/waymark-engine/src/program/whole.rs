//! Which Programs need the whole engine, and which a lean one can run: see [`WHOLE`](crate::WHOLE).

use super::{
    Compare, Cond, Escape, FeatureKind, Filter, Insert, Merge, Part, Path, Program, Root, Share,
    Source, Template, Test, Unit,
};

/// Rules that are tried, and segments and features that are gone through, one by one about as fast as
/// they are looked up.
const FEW_RULES: usize = 96;
const FEW_SEGMENTS: usize = 48;
const FEW_FEATURES: usize = 96;

impl Program {
    pub fn needs_whole(&self) -> bool {
        self.rules.len() > FEW_RULES
            || self.segments.len() > FEW_SEGMENTS
            || self.features.len() > FEW_FEATURES
            || !self.zones.is_empty()
            || !self.holidays.is_empty()
            || !self.patterns.is_empty()
            || !self.picks.is_empty()
            || !self.catalog.is_empty()
            || !self.flows.is_empty()
            || !self.models.is_empty()
            || !self.server_events.is_empty()
            || self.rules.iter().any(|rule| !rule.needs.is_empty())
            || self.experiments.iter().any(|experiment| !experiment.contexts.is_empty())
            || self.shares().any(Share::is_rare)
            || self.features.iter().any(|feature| feature.kind.is_rare())
            || self.conds.iter().any(|cond| matches!(cond, Cond::Test(test) if test.is_rare()))
            || self
                .contents
                .iter()
                .flat_map(|content| &content.variants)
                .any(|variant| variant.template.is_rare())
    }
}

impl Program {
    /// What visitors are hashed for outside of conditions.
    fn shares(&self) -> impl Iterator<Item = &Share> {
        let rules = self.rules.iter().flat_map(|rule| &rule.shares);
        let experiments = self.experiments.iter().map(|experiment| &experiment.share);
        rules.chain(experiments).chain(self.holdouts.iter().map(|holdout| &holdout.share))
    }
}

impl Share {
    fn is_rare(&self) -> bool {
        [Some(&self.unit), self.fallback.as_ref()]
            .into_iter()
            .flatten()
            .any(|unit| matches!(unit, Unit::Trait(_)))
    }
}

impl FeatureKind {
    fn is_rare(&self) -> bool {
        match self {
            Self::Distinct { .. }
            | Self::Top { .. }
            | Self::Streak { .. }
            | Self::Items(_)
            | Self::Points(_) => true,
            Self::Windowed { merge, .. } => *merge != Merge::Sum,
            Self::Times { .. } | Self::First { .. } | Self::Last { .. } | Self::Sequence { .. } => {
                false
            }
        }
    }
}

impl Test {
    fn is_rare(&self) -> bool {
        match self {
            Self::Elapsed { .. }
            | Self::Clock(_)
            | Self::Anniversary { .. }
            | Self::Relate { .. }
            | Self::Channel { .. } => true,
            Self::Compare { source, compare } => source.is_rare() || compare.is_rare(),
            Self::Count { .. }
            | Self::Age { .. }
            | Self::Sequence { .. }
            | Self::Segment(_)
            | Self::Stage { .. }
            | Self::Consent(_)
            | Self::Scheduled { .. } => false,
            Self::Percent(share) => share.is_rare(),
        }
    }
}

impl Source {
    fn is_rare(&self) -> bool {
        matches!(self, Self::Time(..) | Self::Score(_))
    }
}

impl Compare {
    fn is_rare(&self) -> bool {
        match self {
            Self::InFolded(_)
            | Self::Pattern(_)
            | Self::Version(..)
            | Self::Type(_)
            | Self::Some(_)
            | Self::Size(_) => true,
            Self::Is(_) | Self::Order(..) | Self::In(_) | Self::Group(_) | Self::Exists => false,
        }
    }
}

impl Template {
    fn is_rare(&self) -> bool {
        self.0.iter().any(|part| match part {
            Part::Literal(_) => false,
            Part::Insert(insert) => insert.is_rare(),
            Part::Query | Part::Each(_) => true,
        })
    }
}

impl Insert {
    fn is_rare(&self) -> bool {
        matches!(self.escape, Escape::Json | Escape::JsonUrl)
            || self.path.is_rare()
            || self.filters.iter().any(Filter::is_rare)
    }
}

impl Path {
    fn is_rare(&self) -> bool {
        matches!(self.root, Root::Time | Root::Score)
    }
}

impl Filter {
    fn is_rare(&self) -> bool {
        match self {
            Self::Default(_) => false,
            Self::Truncate(_)
            | Self::Case(_)
            | Self::Money(_)
            | Self::Plural(_)
            | Self::Date(_) => true,
        }
    }
}
