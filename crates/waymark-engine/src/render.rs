//! Templates filled in: values are escaped for the place they land in.

mod case;
mod escape;
mod filter;

use alloc::string::String;

use waymark_model::{Object, Timestamp, Value};

use crate::evaluate::{group, windowed};
use crate::program::{Body, Content, Part, Path, Root, Template};
use crate::state::{Cell, Fold, State};
use crate::{Context, Engine};
use escape::escape;
use filter::filtered;

/// The text, `None` when there is nothing to show, and until when it stays the same if nothing
/// happens.
pub(crate) fn render(
    engine: Engine<'_>,
    content: &Content,
    fold: &Fold,
    context: &Context,
    now: Timestamp,
) -> (Option<String>, Timestamp) {
    // Where it is fetched from is nobody's business but the edge's.
    if content.body == Body::Remote {
        return (None, Timestamp::MAX);
    }
    let mut filling =
        Filling { engine, fold, context, now, text: String::new(), until: Timestamp::MAX };
    if let Some(variant) = content.variant(&context.locale) {
        filling.fill(&variant.template);
    }
    (Some(filling.text), filling.until)
}

impl Engine<'_> {
    /// Where the edge fetches a content whose body is [`Body::Remote`].
    pub fn address(
        &self,
        content: &str,
        state: &State,
        context: &Context,
        now: Timestamp,
    ) -> Option<String> {
        let content = self.program.contents.iter().find(|have| have.id == content)?;
        let variant = content.variant(&context.locale)?;
        let (engine, now, fold) = (*self, state.clamp(now), &state.head);
        let mut filling =
            Filling { engine, fold, context, now, text: String::new(), until: Timestamp::MAX };
        filling.fill(&variant.template);
        (content.body == Body::Remote).then_some(filling.text)
    }
}

/// A template being filled in.
struct Filling<'a> {
    engine: Engine<'a>,
    fold: &'a Fold,
    context: &'a Context,
    now: Timestamp,
    text: String,
    until: Timestamp,
}

impl Filling<'_> {
    fn fill(&mut self, template: &Template) {
        for part in &template.0 {
            match part {
                Part::Literal(literal) => self.text.push_str(literal),
                Part::Insert(insert) => {
                    let (value, until) =
                        read(self.engine, &insert.path, self.fold, self.context, self.now);
                    self.until = self.until.min(until);
                    let text = filtered(self.engine.numerals, &insert.filters, value);
                    escape(&mut self.text, &text, insert.escape);
                }
            }
        }
    }
}

fn read(
    engine: Engine<'_>,
    path: &Path,
    fold: &Fold,
    context: &Context,
    now: Timestamp,
) -> (Value, Timestamp) {
    let at = |object: Option<&Object>| {
        (
            object.and_then(|object| object.at(&path.keys)).cloned().unwrap_or_default(),
            Timestamp::MAX,
        )
    };
    match path.root {
        Root::Traits => at(Some(fold.traits.values())),
        Root::Page | Root::Campaign | Root::Device | Root::Geo => {
            at(group(&context.values, path.root))
        }
        Root::Session => {
            #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
            let number = match path.keys.first().map(String::as_str) {
                Some("number") => fold.sessions.count() as f64,
                Some("events") => fold.sessions.latest().map_or(0, |last| last.events) as f64,
                _ => return (Value::Null, Timestamp::MAX),
            };
            (Value::Number(number), Timestamp::MAX)
        }
        Root::Feature => {
            let feature = path.keys.first().and_then(|name| engine.program.named_feature(name));
            let Some(feature) = feature else { return (Value::Null, Timestamp::MAX) };
            let memory = &fold.memories[feature as usize];
            match &memory.cell {
                Cell::First(Some((_, value))) | Cell::Last(Some((_, value))) => {
                    (value.clone(), Timestamp::MAX)
                }
                Cell::Windowed { .. } => {
                    let (number, until) = windowed(memory, engine.program.window_of(feature), now);
                    (number.map_or(Value::Null, Value::Number), until)
                }
                _ => (Value::Null, Timestamp::MAX),
            }
        }
        Root::Property | Root::EventContext => (Value::Null, Timestamp::MAX),
    }
}
