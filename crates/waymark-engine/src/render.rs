//! Templates filled in: values are escaped for the place they land in.

mod case;
mod escape;
mod filter;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use waymark_model::{Object, Timestamp, Value};

use crate::evaluate::{group, session};
use crate::program::{Body, Content, Part, Path, Root, SessionKey, Template};
use crate::state::{Fold, State};
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
                Part::Query => self.keep_query(),
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

impl Filling<'_> {
    /// Carries the page's parameters over to an address. One that the address has stays as it is.
    fn keep_query(&mut self) {
        let Some(query) = self.context.query() else { return };
        let fragment = self.text.find('#').map(|at| self.text.split_off(at));
        let name = |pair: &str| String::from(pair.split('=').next().unwrap_or_default());
        let own = self.text.split_once('?').map_or("", |(_, own)| own);
        let own: Vec<String> = own.split('&').map(name).collect();
        // A page's own address has no others; what a server says of one may.
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"\"'<>`\\".contains(&byte);
        for pair in query.split('&').filter(|pair| !pair.is_empty() && pair.bytes().all(plain)) {
            if !own.contains(&name(pair)) {
                self.text.push(if self.text.contains('?') { '&' } else { '?' });
                self.text.push_str(pair);
            }
        }
        self.text.extend(fragment);
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
            let key = SessionKey::ALL
                .into_iter()
                .find(|key| path.keys.first().is_some_and(|name| name == key.name()));
            (key.map_or(Value::Null, |key| session(fold, key)), Timestamp::MAX)
        }
        Root::Feature => {
            let feature = path.keys.first().and_then(|name| engine.program.named_feature(name));
            let Some(feature) = feature else { return (Value::Null, Timestamp::MAX) };
            let memory = &fold.memories[feature as usize];
            let reading = memory.reading(engine.program.window_of(feature), now);
            (reading.value.map_or(Value::Null, Cow::into_owned), reading.until)
        }
        Root::Property | Root::EventContext | Root::Item => (Value::Null, Timestamp::MAX),
    }
}
