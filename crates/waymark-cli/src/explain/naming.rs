//! What things are called: features, events, and where values come from.

use waymark_engine::program::{
    Amount, FeatureKind, Matcher, Merge, Path, Root, Source, Taken, Window,
};
use waymark_model::Span;

use super::wording::{Words, duration};

impl Words<'_> {
    pub(super) fn kind(&self, feature: u32) -> Option<&FeatureKind> {
        self.0.features.get(feature as usize).map(|feature| &feature.kind)
    }

    /// A feature by its name, or by what it is.
    pub(super) fn feature(self, feature: u32) -> String {
        if let Some((name, _)) = self.0.named.iter().find(|(_, number)| *number == feature) {
            return format!("features.{name}");
        }
        let path = |path: &[String]| path.join(".");
        match self.kind(feature) {
            Some(FeatureKind::Windowed { on, taken, merge, window }) => {
                let what = match (merge, taken.amount == Amount::One) {
                    (Merge::Sum, true) => "count",
                    (Merge::Sum, false) => "sum",
                    (Merge::Average, _) => "average",
                    (Merge::Least, _) => "least",
                    (Merge::Greatest, _) => "greatest",
                };
                self.values(what, taken, on, *window)
            }
            Some(FeatureKind::Distinct { on, taken, window, .. }) => {
                self.values("number of different values", taken, on, *window)
            }
            Some(FeatureKind::Top { on, taken, window, .. }) => {
                self.values("most frequent", taken, on, *window)
            }
            Some(FeatureKind::Streak { on, period }) => {
                format!("{}s in a row with {}", period.name(), self.matcher(on))
            }
            Some(FeatureKind::Items(items)) => {
                let add: Vec<String> = items.add.iter().map(|on| self.matcher(on)).collect();
                format!("items of {}", add.join(", "))
            }
            Some(FeatureKind::Points(ledger)) => {
                let earn: Vec<String> = ledger.earn.iter().map(|on| self.matcher(on)).collect();
                format!("points of {}", earn.join(", "))
            }
            Some(
                FeatureKind::First { capture: Some(kept), .. }
                | FeatureKind::Last { capture: Some(kept), .. },
            ) => format!("{} of the {}", path(kept), self.occurrence(feature)),
            _ => self.occurrence(feature),
        }
    }

    fn values(self, what: &str, taken: &Taken, on: &Matcher, window: Option<Window>) -> String {
        let mut path = taken.each.clone().unwrap_or_default();
        if let Amount::Property(keys) = &taken.amount {
            path.extend(keys.iter().cloned());
        }
        let of = if path.is_empty() { String::new() } else { format!("{} of ", path.join(".")) };
        let what = match (of.is_empty(), what) {
            (false, "count" | "sum" | "average" | "number of different values") => {
                format!("{what} of ")
            }
            (true, _) => format!("{what} of "),
            (false, _) => format!("{what} "),
        };
        let spans = |buckets: u32| {
            window.map(|it| Span(it.resolution.0.saturating_mul(i64::from(buckets))))
        };
        let within = super::wording::window(spans(window.map_or(0, |it| it.buckets)), false);
        let until = match spans(window.map_or(0, |it| it.skip)) {
            Some(skip) if skip.0 > 0 => format!(", {} ago at least", duration(skip)),
            _ => String::new(),
        };
        format!("{what}{of}{}{within}{until}", self.matcher(on))
    }

    /// What happens, such as `last Order Completed`.
    pub(super) fn occurrence(self, feature: u32) -> String {
        match self.kind(feature) {
            Some(FeatureKind::Times { on, .. }) => self.matcher(on),
            Some(FeatureKind::First { on, .. }) => format!("first {}", self.matcher(on)),
            Some(FeatureKind::Last { on, .. }) => format!("last {}", self.matcher(on)),
            _ => "?".to_owned(),
        }
    }

    pub(super) fn matcher(self, matcher: &Matcher) -> String {
        let name = match matcher.event {
            None => "any event",
            Some(event) => self.0.events.get(event as usize).map_or("?", String::as_str),
        };
        match matcher.condition {
            None => name.to_owned(),
            Some(condition) => format!("{name} where {}", self.condition(condition)),
        }
    }

    pub(super) fn source(self, source: &Source) -> String {
        match source {
            Source::Path(Path { root: Root::Item, keys }) if keys.is_empty() => "it".to_owned(),
            Source::Path(Path { root: Root::Property | Root::Item, keys }) => keys.join("."),
            Source::Path(path) => format!("{}.{}", path.root.name(), path.keys.join(".")),
            Source::Feature(feature) => self.feature(*feature),
            Source::Score(model) => {
                let id = self.0.models.get(*model as usize).map(|model| model.id.as_str());
                format!("scores.{}", id.unwrap_or_default())
            }
            Source::Session(key) => format!("session.{}", key.name()),
            Source::Time(key, _) => format!("time.{}", key.name()),
        }
    }
}
