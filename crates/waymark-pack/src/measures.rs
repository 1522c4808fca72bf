//! What a pack's experiments are measured by: for reports, beside the Program that visitors run.

use waymark_model::Span;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measures {
    pub metrics: Vec<Metric>,
    pub experiments: Vec<Measured>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    pub id: String,
    pub event: String,
    /// What the event has to be like, as the pack writes it.
    pub filter: Option<String>,
    pub kind: MetricKind,
    /// How long after a visitor's first exposure it counts; `None` is for ever.
    pub within: Option<Span>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MetricKind {
    /// How many visitors did it at all.
    Conversion,
    /// How often it was done.
    Count,
    /// What a property adds up to, less what it adds up to in another event.
    Sum { property: String, minus: Option<String> },
}

/// An experiment, by its id, and its metrics, by theirs.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    pub experiment: String,
    pub goal: Option<String>,
    pub guardrails: Vec<Guardrail>,
}

/// Bounds are shares of what the control has.
#[derive(Debug, Clone, PartialEq)]
pub struct Guardrail {
    pub metric: String,
    pub max_drop: Option<f64>,
    pub max_rise: Option<f64>,
}
