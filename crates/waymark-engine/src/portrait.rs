//! What is known of a visitor, for people to read.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Timestamp, Value};

use crate::evaluate::{Evaluation, Silent};
use crate::program::{ModelKind, Source};
use crate::{Engine, State};

/// By name; `None` is what reaches further back than the visitor was watched.
pub type Figures = Vec<(String, Option<Value>)>;

impl Engine<'_> {
    /// What `features.` reads.
    pub fn features(&self, state: &State, now: Timestamp) -> Figures {
        let named = self.program.named.iter();
        named
            .map(|(name, feature)| {
                (name.clone(), self.read(state, now, &Source::Feature(*feature)))
            })
            .collect()
    }

    /// What `scores.` reads.
    pub fn scores(&self, state: &State, now: Timestamp) -> Figures {
        let models = (0..).zip(&self.program.models);
        models
            // What goes with what is said of things, and not of visitors.
            .filter(|(_, model)| !matches!(model.kind, ModelKind::Related { .. }))
            .map(|(number, model)| {
                (model.id.clone(), self.read(state, now, &Source::Score(number)))
            })
            .collect()
    }

    fn read(&self, state: &State, now: Timestamp, source: &Source) -> Option<Value> {
        let watch = &mut Silent;
        let evaluation = Evaluation::of_visitor(*self, &state.head, &state.members, now, watch);
        evaluation.read(source).value.map(Cow::into_owned)
    }
}
