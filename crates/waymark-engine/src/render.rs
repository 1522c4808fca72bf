//! Templates filled in: values are escaped for the place they land in.

mod date;
mod escape;
mod filter;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use waymark_model::{Object, Timestamp, Value};

use crate::evaluate::{Truth, group, of_item, score_of, session, time};
use crate::program::{
    Body, Content, Each, From, Part, Path, Program, Root, Row, SessionKey, Template, TimeKey,
    ZoneId,
};
use crate::state::{Fold, State};
use crate::{Context, Engine, WHOLE};
use escape::escape;
use filter::{filtered, text};

/// The text, `None` when there is nothing to show, and until when it stays the same if nothing
/// happens.
#[cfg_attr(feature = "lean", inline(never))]
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
    let mut filling = Filling::new(engine, fold, context, now);
    let mut lists = 0;
    if let Some(variant) = content.variant(&context.locale) {
        filling.fill(&variant.template);
        lists = variant.template.lists().count();
    }
    let nothing = lists > 0 && filling.items == 0;
    (Some(filling.text).filter(|_| !nothing), filling.until)
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
        let mut filling = Filling::new(*self, &state.head, context, state.clamp(now));
        filling.fill(&variant.template);
        (content.body == Body::Remote).then_some(filling.text)
    }
}

impl Engine<'_> {
    /// A template of what is sent to a visitor; `about` is what it calls by [`Root::Item`].
    pub fn filled(
        &self,
        template: &Template,
        state: &State,
        context: &Context,
        now: Timestamp,
        about: Value,
    ) -> String {
        let mut filling = Filling::new(*self, &state.head, context, state.clamp(now));
        filling.item = about;
        filling.fill(template);
        filling.text
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
    /// The thing of a list that is being shown.
    item: Value,
    /// How many were shown.
    items: u32,
}

impl<'a> Filling<'a> {
    fn new(engine: Engine<'a>, fold: &'a Fold, context: &'a Context, now: Timestamp) -> Self {
        let (text, until) = (String::new(), Timestamp::MAX);
        Self { engine, fold, context, now, text, until, item: Value::Null, items: 0 }
    }

    #[cfg_attr(feature = "lean", inline(never))]
    fn fill(&mut self, template: &Template) {
        for part in &template.0 {
            match part {
                Part::Literal(literal) => self.text.push_str(literal),
                Part::Query if WHOLE => self.keep_query(),
                Part::Insert(insert) => {
                    let value = self.read(&insert.path);
                    let (engine, host) = (self.engine, self.context.zone);
                    let mut until = self.until;
                    let text = filtered(engine.numerals, &insert.filters, value, |at| {
                        // A host knows the visitor's clock of now, and when it is changed.
                        let Some(zone) = host else { return engine.program.zone(ZoneId::PACK, at) };
                        until = until.min(zone.until);
                        zone
                    });
                    self.until = until;
                    escape(&mut self.text, &text, insert.escape);
                }
                Part::Each(each) if WHOLE => self.list(each),
                // No lean engine is given a Program with one of these.
                Part::Query | Part::Each(_) => {}
            }
        }
    }

    fn read(&mut self, path: &Path) -> Value {
        if path.root == Root::Item {
            return match (&self.item, path.keys.is_empty()) {
                (item, true) => item.clone(),
                (Value::Object(fields), _) => fields.at(&path.keys).cloned().unwrap_or_default(),
                _ => Value::Null,
            };
        }
        let (value, until) = read(self.engine, path, self.fold, self.context, self.now);
        self.until = self.until.min(until);
        value
    }

    /// Things in their order, each once, until there are enough.
    fn list(&mut self, each: &Each) {
        let catalog = &self.engine.program.catalog;
        let mut seen: Vec<String> = Vec::new();
        for path in &each.exclude {
            let list = self.read(path);
            seen.extend(elements(list).iter().map(|one| self.key_of(one)));
        }
        let mut left = each.most;
        let mut rows: Vec<Cow<'a, Row>> = match &each.from {
            From::Table(table) => catalog.table(*table).map(Cow::Borrowed).collect(),
            From::Path(path) => {
                let list = self.read(path);
                elements(list).into_iter().filter_map(|one| self.row(one)).collect()
            }
            From::Related(model, path) => {
                let list = elements(self.read(path));
                let keys = self.related(*model, list.iter().map(|one| self.key_of(one)));
                keys.into_iter().filter_map(|key| catalog.find(key)).map(Cow::Borrowed).collect()
            }
        };
        if let Some(table) = each.fallback {
            rows.extend(catalog.table(table).map(Cow::Borrowed));
        }
        for row in rows {
            if left == 0 {
                break;
            }
            if !row.key.is_empty() && seen.contains(&row.key) {
                continue;
            }
            if let Some(filter) = each.filter {
                let answer = of_item(self.engine, filter, &row.value, self.now);
                self.until = self.until.min(answer.until);
                if answer.truth != Truth::True {
                    continue;
                }
            }
            let Row { key, value } = row.into_owned();
            seen.push(key);
            self.item = value;
            self.fill(&each.template);
            self.items += 1;
            left -= 1;
        }
    }

    /// What goes with things, what goes with several of them first: reciprocal rank fusion (Cormack,
    /// Clarke and Büttcher 2009), with their constant.
    fn related(&self, model: u32, things: impl Iterator<Item = String>) -> Vec<&'a str> {
        const K: u32 = 60;
        let program: &'a Program = self.engine.program;
        let model = &program.models[model as usize];
        let mut found: Vec<(f64, &'a str)> = Vec::new();
        for thing in things {
            for (rank, other) in (1_u32..).zip(model.related(&thing)) {
                let points = 1.0 / f64::from(K.saturating_add(rank));
                match found.iter_mut().find(|(_, have)| *have == other.as_str()) {
                    Some((sum, _)) => *sum += points,
                    None => found.push((points, other)),
                }
            }
        }
        found.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        found.into_iter().map(|(_, key)| key).collect()
    }

    /// What a list of a visitor's names: a thing of the catalogue, or, where there is none, itself.
    fn row(&self, one: Value) -> Option<Cow<'a, Row>> {
        let catalog = &self.engine.program.catalog;
        let key = self.key_of(&one);
        match catalog.find(&key) {
            Some(row) => Some(Cow::Borrowed(row)),
            None if catalog.key.is_empty() => Some(Cow::Owned(Row { key, value: one })),
            // It is sold no longer.
            None => None,
        }
    }

    fn key_of(&self, one: &Value) -> String {
        let key = match one {
            Value::Object(fields) => {
                fields.get(&self.engine.program.catalog.key).unwrap_or(&Value::Null)
            }
            other => other,
        };
        text(self.engine.numerals, key)
    }
}

fn elements(list: Value) -> Vec<Value> {
    match list {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        one => vec![one],
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
        Root::Time if WHOLE => {
            let named = |key: &TimeKey| path.keys.first().is_some_and(|name| name == key.name());
            let Some(key) = TimeKey::ALL.into_iter().find(named) else {
                return (Value::Null, Timestamp::MAX);
            };
            let zone = context.zone.unwrap_or_else(|| engine.program.zone(ZoneId::PACK, now));
            let reading = time(key, zone, now);
            (reading.value.map_or(Value::Null, Cow::into_owned), reading.until)
        }
        Root::Feature => {
            let feature = path.keys.first().and_then(|name| engine.program.named_feature(name));
            let Some(feature) = feature else { return (Value::Null, Timestamp::MAX) };
            let memory = &fold.memories[feature as usize];
            let reading = memory.reading(engine, feature, now);
            (reading.value.map_or(Value::Null, Cow::into_owned), reading.until)
        }
        Root::Score if WHOLE => {
            let model = path.keys.first().and_then(|id| engine.program.model(id));
            let Some(model) = model else { return (Value::Null, Timestamp::MAX) };
            let reading = score_of(engine, fold, model, now);
            (reading.value.map_or(Value::Null, Cow::into_owned), reading.until)
        }
        Root::Property | Root::EventContext | Root::Time | Root::Item | Root::Score => {
            (Value::Null, Timestamp::MAX)
        }
    }
}
