//! Models, with numbers for what they read.

use waymark_engine::program::{Input, Model, ModelKind, Next, Point, Program, Term};

use super::Lowering;
use crate::condition::{Definition, Kept};
use crate::pack::{self, Pack};

impl<'p> Lowering<'p> {
    /// In the order of their ids, which numbers them.
    pub(super) fn models(&mut self, pack: &'p Pack, program: &mut Program) {
        for model in &pack.models {
            let kind = match &model.kind {
                pack::ModelKind::Sum { intercept, terms, logistic } => {
                    let terms = terms
                        .iter()
                        .map(|(of, weight)| Term { of: self.input(of), weight: *weight });
                    ModelKind::Sum {
                        intercept: *intercept,
                        terms: terms.collect(),
                        logistic: *logistic,
                    }
                }
                pack::ModelKind::Nearest { inputs, points } => {
                    let points =
                        points.iter().map(|(id, at)| Point { id: id.clone(), at: at.clone() });
                    ModelKind::Nearest {
                        inputs: inputs.iter().map(|input| self.input(input)).collect(),
                        points: points.collect(),
                    }
                }
                pack::ModelKind::Next { on, usual, weight } => {
                    let kept =
                        |first| Definition::Kept(Kept { first, on: on.clone(), property: None });
                    ModelKind::Next(Next {
                        times: self.remember(|features, lower| features.times(on, 1, lower)),
                        first: self.definition(&kept(true)),
                        last: self.definition(&kept(false)),
                        usual: *usual,
                        weight: *weight,
                    })
                }
                pack::ModelKind::Related(items) => {
                    let items = items.iter().map(|(key, others)| (key.clone(), others.clone()));
                    ModelKind::Related(items.collect())
                }
            };
            program.models.push(Model { id: model.id.clone(), edge: model.edge, kind });
        }
    }

    fn input(&mut self, input: &'p pack::Input) -> Input {
        let pack::Input { of, is, missing, mean, scale, .. } = input;
        Input {
            source: self.source(of),
            is: is.clone(),
            missing: *missing,
            mean: *mean,
            scale: *scale,
        }
    }
}
