//! A visitor to try a Program on.

use std::collections::BTreeSet;

use waymark_engine::program::{
    Act, Action, Cond, CondId, Cue, Does, Entrance, Flow, Matcher, Step,
};
use waymark_engine::{Context, Engine, Numerals, Program, State, Vocabulary};
use waymark_model::{DecodeError, Event, Kind, Object, Purpose, Purposes, Span, Timestamp, Value};

/// 2026-03-01T12:00:00Z
pub const NOW: Timestamp = Timestamp(1_772_366_400_000);

/// Events of the names that the Program watches, and of others, with properties of every type.
pub fn events(program: &Program) -> Vec<Event> {
    let sound = |name: &&str| name.len() <= waymark_model::limits::NAME_BYTES;
    let watched = program.events.iter().map(String::as_str).filter(sound).take(12);
    let names: Vec<&str> = watched.chain(["Page Viewed", "Something Else"]).collect();
    let mut events = Vec::new();
    for (at, name) in (0_i64..).zip(names.iter().cycle().take(names.len() * 4)) {
        let time = NOW.minus(Span(40 * Span::DAY.0 - at * 7 * Span::HOUR.0));
        let mut event = Event::new(&format!("m{at}"), Kind::Track, name, time);
        event.anonymous_id = Some("v1".to_owned());
        event.user_id = (at > 5).then(|| "u1".to_owned());
        event.properties = object(at);
        event.context = [("page", Value::Object(object(at)))].into_iter().collect();
        events.push(event);
    }
    let mut said = Event::new("said", Kind::Identify, "Identified", NOW.minus(Span::DAY));
    said.properties = object(3);
    events.push(said);
    // One late, one twice.
    if let Some(first) = events.first().cloned() {
        events.push(first);
    }
    events
}

pub fn context() -> Context {
    let groups = ["page", "campaign", "device", "geo"];
    Context {
        values: groups.into_iter().map(|group| (group, Value::Object(object(2)))).collect(),
        consent: Purposes::ALL,
        locale: "en".to_owned(),
        anonymous_id: Some("v1".to_owned()),
        ..Context::default()
    }
}

fn object(at: i64) -> Object {
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let number = Value::Number(at as f64 * 12.5 - 20.0);
    let list = Value::Array(vec![number.clone(), Value::from("x"), Value::Null]);
    let lines = [("price", number.clone()), ("product_id", Value::from("t1"))];
    let line = Value::Object(lines.into_iter().collect());
    [
        ("category", Value::from(["tents", "packs"][usize::from(at % 2 == 0)])),
        ("price", number.clone()),
        ("revenue", number.clone()),
        ("product_id", Value::from("t1")),
        ("plan", Value::from("pro")),
        ("path", Value::from("/tents")),
        ("a", number),
        ("n", Value::from(at % 3 == 0)),
        ("tags", list),
        ("birthday", Value::from("2000-02-29")),
        ("products", Value::Array(vec![line])),
    ]
    .into_iter()
    .collect()
}

/// Runs a Program from end to end, and back from what was stored.
pub fn run(program: &Program) {
    let engine = Engine::new(program, Numerals::NATIVE);
    let mut state = engine.new_state();
    for event in events(program) {
        engine.apply(&mut state, &event);
    }
    let context = context();
    let decision = engine.decide(&state, &context, NOW);
    assert!(decision.valid_until >= decision.now);
    engine.explain(&state, &context, NOW);
    let bytes = engine.write_state(&state);
    let back = read(engine, &bytes);
    assert_eq!(engine.write_state(&back), bytes, "a state comes back as it was");
    assert_eq!(engine.decide(&back, &context, NOW).encode(), decision.encode());
    // What a cookie carries decides as the whole does, at any time.
    let carried = engine.state_to_decide(&state, &Vocabulary::of(program));
    let carried = known(engine.read_to_decide(&carried));
    for at in [NOW, NOW.plus(Span::DAY), NOW.plus(Span(40 * Span::DAY.0))] {
        let [carried, whole] = [&carried, &back].map(|state| engine.decide(state, &context, at));
        assert_eq!(carried.encode(), whole.encode(), "a state to decide decides otherwise");
    }
    strangers(engine);
    // Known step by step is known at once.
    engine.advance(&mut state, NOW.plus(Span::DAY));
    let later = engine.decide(&state, &context, NOW.plus(Span::DAY));
    let at_once = engine.decide(&back, &context, NOW.plus(Span::DAY));
    assert_eq!(later.encode(), at_once.encode());
    acts(engine, &mut state);
}

/// Of whom nothing is known, a decision rests on what the Program can observe and on nothing else.
fn strangers(engine: Engine<'_>) {
    let observed = engine.program.observed();
    let mut asked = Context { consent: Purposes::NONE, anonymous_id: None, ..context() };
    // An address that asks for a variation of each experiment.
    let experiments =
        engine.program.rules.iter().filter(|rule| matches!(rule.action, Action::Experiment(_)));
    let query: Vec<String> = experiments.map(|rule| format!("{}=1", rule.id)).collect();
    let search = ["page".to_owned(), "search".to_owned()];
    place(&mut asked.values, &search, &Value::from(format!("?{}", query.join("&")).as_str()));
    let mut values = Object::new();
    for path in &observed.paths {
        if let Some(value) = asked.values.at(path) {
            place(&mut values, path, value);
        }
    }
    let variations = observed.experiments.iter().zip(observed.asked(&asked));
    let wanted = variations.filter_map(|(id, variation)| Some(format!("{id}={}", variation?)));
    let query: Vec<String> = wanted.collect();
    if !query.is_empty() {
        place(&mut values, &search, &Value::from(format!("?{}", query.join("&")).as_str()));
    }
    let bare = Context { values, ..asked.clone() };
    let state = engine.new_state();
    let [asked, bare] = [&asked, &bare].map(|context| engine.decide(&state, context, NOW));
    assert_eq!(asked.encode(), bare.encode(), "a decision rests on what is not observed");
}

fn place(object: &mut Object, path: &[String], value: &Value) {
    match path {
        [] => {}
        [key] => {
            object.insert(key.as_str(), value.clone());
        }
        [key, rest @ ..] => {
            let mut inner = match object.remove(key) {
                Some(Value::Object(inner)) => inner,
                _ => Object::new(),
            };
            place(&mut inner, rest, value);
            object.insert(key.as_str(), Value::Object(inner));
        }
    }
}

/// The Program with a journey over the events that it watches, if there are some.
pub fn with_a_flow(program: &Program) -> Option<Program> {
    let mut program = program.clone();
    let events = u32::try_from(program.events.len()).ok()?;
    let on = |event: u32| Matcher { event: Some(event), condition: None };
    let holds = |program: &Program, number: usize| {
        CondId(u32::try_from(number % program.conds.len().max(1)).unwrap_or_default())
    };
    program.conds.push(Cond::All(Vec::new()));
    let always = CondId(u32::try_from(program.conds.len() - 1).ok()?);
    let (some, other) = (holds(&program, 3), holds(&program, 11));
    let act = |limit| {
        Does::Act(Act {
            purpose: Purpose::Personalization,
            event: Act::MESSAGE.to_owned(),
            properties: Vec::new(),
            quiet: None,
            limit,
        })
    };
    let awaits = Does::Await {
        on: vec![on(events.checked_sub(1)?)],
        until: Some(some),
        most: Some(Span::DAY),
        missed: 3,
    };
    let steps = [
        Does::Wait(Span::HOUR),
        act(None),
        awaits,
        Does::Branch { arms: vec![(other, 5)], otherwise: 4 },
        act(Some(some)),
        Does::Go(6),
        act(None),
    ];
    program.watches.push(some);
    let watch = u32::try_from(program.watches.len() - 1).ok()?;
    program.flows.push(Flow {
        id: "journey/fuzzed".to_owned(),
        edge: true,
        enter: [Cue::Event(on(0)), Cue::Becomes(watch)]
            .map(|cue| Entrance { cue, when: always })
            .to_vec(),
        key: None,
        reenter: Some(Span::HOUR),
        exit: Vec::new(),
        over: None,
        existing: true,
        entry: vec![vec!["category".to_owned()]],
        answer: vec![vec!["price".to_owned()]],
        steps: (0..)
            .zip(steps)
            .map(|(at, does): (usize, _)| Step { id: format!("s{at}"), does })
            .collect(),
    });
    // Not every condition may stand there.
    Program::decode(&program.encode()).ok()
}

/// Lets the clock run, and takes what is due.
pub fn acts(engine: Engine<'_>, state: &mut State) {
    let mut ids = BTreeSet::new();
    for day in 0..6 {
        let now = NOW.plus(Span(day * Span::DAY.0));
        engine.advance(state, now);
        for acted in engine.act(state, &context(), now) {
            assert!(ids.insert(acted.event.id), "an action is taken twice");
        }
    }
    read(engine, &engine.write_state(state));
}

fn read(engine: Engine<'_>, bytes: &[u8]) -> State {
    known(engine.read_state(bytes))
}

fn known(read: Result<State, DecodeError>) -> State {
    match read {
        Ok(state) => state,
        Err(error) => panic!("the engine does not read what it wrote: {error}"),
    }
}
