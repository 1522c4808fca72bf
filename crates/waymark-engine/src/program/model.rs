//! Scores: what was learnt from many visitors, said of one.

use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Reader, Span, Writer};

use super::codec::{read_compare, read_source, refuse, write_compare, write_source};
use super::{Compare, Source};

/// A model, read as `scores.` and its id.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    pub id: String,
    /// Known at the edge only: no page is told of it.
    pub edge: bool,
    pub kind: ModelKind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ModelKind {
    /// A weighted sum; of `logistic` models it is the log-odds of what they give, a probability.
    Sum { intercept: f64, terms: Vec<Term>, logistic: bool },
    /// The name of the nearest of some points; of equally near ones the first.
    Nearest { inputs: Vec<Input>, points: Vec<Point> },
    /// When an event is to be expected next, in milliseconds since 1970.
    Next(Next),
    /// What goes with each key of the catalogue, the best first: for lists, and no score. Sorted.
    Related(Vec<(String, Vec<String>)>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    pub of: Input,
    pub weight: f64,
}

/// A number that is read of a visitor.
#[derive(Debug, Clone, PartialEq)]
pub struct Input {
    pub source: Source,
    /// With it, the number is 1 for who is like this, and 0.
    pub is: Option<Compare>,
    /// Stands in for what is no number.
    pub missing: f64,
    /// Taken off, before it is divided by the scale.
    pub mean: f64,
    pub scale: f64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    pub id: String,
    /// One number for each of the inputs.
    pub at: Vec<f64>,
}

/// The last time and the time between two, which is made of the visitor's own and the usual one: the
/// fewer of their own there are, the more the usual one counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Next {
    /// Features: how often, the first time and the last time.
    pub times: u32,
    pub first: u32,
    pub last: u32,
    pub usual: Span,
    /// As how many of the visitor's own the usual one counts.
    pub weight: f64,
}

impl Model {
    /// What is read of a visitor.
    pub fn inputs(&self) -> impl Iterator<Item = &Input> {
        let (terms, inputs): (&[Term], &[Input]) = match &self.kind {
            ModelKind::Sum { terms, .. } => (terms, &[]),
            ModelKind::Nearest { inputs, .. } => (&[], inputs),
            ModelKind::Next(_) | ModelKind::Related(_) => (&[], &[]),
        };
        terms.iter().map(|term| &term.of).chain(inputs)
    }

    /// What goes with a key of the catalogue, the best first.
    pub(crate) fn related(&self, key: &str) -> &[String] {
        let ModelKind::Related(items) = &self.kind else { return &[] };
        let at = items.binary_search_by(|(have, _)| have.as_str().cmp(key));
        at.map_or(&[], |at| &items[at].1)
    }

    /// Features that it reads itself.
    pub fn features(&self) -> impl Iterator<Item = u32> {
        let own = match &self.kind {
            ModelKind::Next(Next { times, first, last, .. }) => Some([*times, *first, *last]),
            ModelKind::Sum { .. } | ModelKind::Nearest { .. } | ModelKind::Related(_) => None,
        };
        own.into_iter().flatten()
    }

    /// Changes the numbers of features.
    pub(super) fn each_feature(&mut self, mut change: impl FnMut(&mut u32)) {
        let mut source = |source: &mut Source| {
            if let Source::Feature(feature) = source {
                change(feature);
            }
        };
        match &mut self.kind {
            ModelKind::Sum { terms, .. } => {
                for term in terms {
                    source(&mut term.of.source);
                }
            }
            ModelKind::Nearest { inputs, .. } => {
                for input in inputs {
                    source(&mut input.source);
                }
            }
            ModelKind::Next(Next { times, first, last, .. }) => {
                [times, first, last].into_iter().for_each(change);
            }
            ModelKind::Related(_) => {}
        }
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.text(&self.id);
        out.flag(self.edge);
        match &self.kind {
            ModelKind::Sum { intercept, terms, logistic } => {
                out.byte(0);
                out.number(*intercept);
                out.flag(*logistic);
                out.list(terms, |out, term| {
                    term.of.write(out);
                    out.number(term.weight);
                });
            }
            ModelKind::Nearest { inputs, points } => {
                out.byte(1);
                out.list(inputs, |out, input| input.write(out));
                out.list(points, |out, point| {
                    out.text(&point.id);
                    out.list(&point.at, |out, number| out.number(*number));
                });
            }
            ModelKind::Next(next) => {
                out.byte(2);
                for feature in [next.times, next.first, next.last] {
                    out.unsigned(feature.into());
                }
                out.signed(next.usual.0);
                out.number(next.weight);
            }
            ModelKind::Related(items) => {
                out.byte(3);
                out.list(items, |out, (key, others)| {
                    out.text(key);
                    out.list(others, |out, other| out.text(other));
                });
            }
        }
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Self {
        let (id, edge) = (input.string(), input.flag());
        let kind = match input.byte() {
            0 => {
                let (intercept, logistic) = (input.number(), input.flag());
                let terms =
                    input.list(|input| Term { of: Input::read(input), weight: input.number() });
                ModelKind::Sum { intercept, terms, logistic }
            }
            1 => ModelKind::Nearest {
                inputs: input.list(Input::read),
                points: input
                    .list(|input| Point { id: input.string(), at: input.list(Reader::number) }),
            },
            2 => ModelKind::Next(Next {
                times: input.u32(),
                first: input.u32(),
                last: input.u32(),
                usual: Span(input.signed()),
                weight: input.number(),
            }),
            3 => {
                ModelKind::Related(input.list(|input| (input.string(), input.list(Reader::string))))
            }
            _ => refuse(input, "unknown-model", ModelKind::Related(Vec::new())),
        };
        Self { id, edge, kind }
    }
}

impl Input {
    fn write(&self, out: &mut Writer) {
        write_source(out, &self.source);
        out.option(self.is.as_ref(), write_compare);
        for number in [self.missing, self.mean, self.scale] {
            out.number(number);
        }
    }

    fn read(input: &mut Reader<'_>) -> Self {
        Self {
            source: read_source(input),
            is: input.option(read_compare),
            missing: input.number(),
            mean: input.number(),
            scale: input.number(),
        }
    }
}
