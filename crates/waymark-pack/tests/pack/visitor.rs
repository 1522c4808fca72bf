//! A visitor to try packs on.

use waymark_engine::{Context, Decision, Engine, Numerals, Program, State};
use waymark_model::{Event, Kind, Object, Purposes, Span, Timestamp, Value};
use waymark_pack::compile;

/// The program of a pack that has to compile.
pub fn program(source: &str) -> Program {
    match compile(source) {
        Ok(compiled) => compiled.program,
        Err(report) => panic!("{report}"),
    }
}

/// A pack of one segment `s`.
pub fn segment(when: &str) -> Program {
    program(&format!("{{ \"pack\": \"p\", \"segments\": {{ \"s\": {{ \"when\": {when} }} }} }}"))
}

/// A pack with one slot that always shows one content.
pub fn shows(content: &str) -> String {
    format!(
        "{{ \"pack\": \"p\", \"slots\": {{ \"hero\": {{ \"default\": \"keep\" }} }},
           \"content\": {{ \"c\": {content} }},
           \"rules\": [ {{ \"id\": \"r\", \"slot\": \"hero\", \"show\": \"c\" }} ] }}"
    )
}

pub const START: Timestamp = Timestamp(1_700_000_000_000);

pub struct Visitor<'p> {
    pub engine: Engine<'p>,
    pub state: State,
    pub context: Context,
    events: u32,
}

impl<'p> Visitor<'p> {
    pub fn new(program: &'p Program) -> Self {
        let engine = Engine::new(program, Numerals::NATIVE);
        let context = Context { consent: Purposes::ALL, ..Context::default() };
        Self { engine, state: engine.new_state(), context, events: 0 }
    }

    pub fn event(&mut self, kind: Kind, name: &str, after: Span, data: (Object, Object)) {
        self.events += 1;
        let id = format!("m{:06}", self.events);
        let mut event = Event::new(&id, kind, name, START.plus(after));
        (event.properties, event.context) = data;
        self.engine.apply(&mut self.state, &event);
    }

    pub fn did(&mut self, name: &str, after: Span) {
        self.event(Kind::Track, name, after, Default::default());
    }

    pub fn did_with(&mut self, name: &str, after: Span, properties: &[(&str, Value)]) {
        let properties = object(properties);
        self.event(Kind::Track, name, after, (properties, Object::new()));
    }

    pub fn is(&mut self, traits: &[(&str, Value)]) {
        self.event(Kind::Identify, "Identified", Span(0), (object(traits), Object::new()));
    }

    pub fn page(&mut self, group: &str, values: &[(&str, Value)]) {
        self.context.values.insert(group, Value::Object(object(values)));
    }

    pub fn decide(&self, after: Span) -> Decision {
        self.engine.decide(&self.state, &self.context, START.plus(after))
    }

    /// Whether the visitor is in the segment `s`.
    pub fn in_s(&self, after: Span) -> bool {
        self.decide(after).segments.iter().any(|id| id == "s")
    }

    /// What the first slot shows.
    pub fn shown(&self, after: Span) -> Option<String> {
        self.decide(after).slots[0].body.as_ref().map(|body| body.text.clone())
    }

    pub fn content(&self, after: Span) -> Option<String> {
        self.decide(after).slots[0].content.clone()
    }
}

pub fn object(pairs: &[(&str, Value)]) -> Object {
    pairs.iter().map(|(key, value)| (*key, value.clone())).collect()
}

pub fn days(days: i64) -> Span {
    Span(days * Span::DAY.0)
}

pub fn minutes(minutes: i64) -> Span {
    Span(minutes * Span::MINUTE.0)
}
