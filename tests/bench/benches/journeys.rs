//! What journeys, triggers and value cost on top of 100 segments: each pack in the same rounds, as a
//! ratio to the segments alone.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::fmt::Write;
use std::time::Duration;

use waymark_engine::{Context, Engine, Numerals, Program, State};
use waymark_model::{Event, Kind, Purposes, Span, Timestamp, Value};

const START: Timestamp = Timestamp(1_795_000_000_000);
const NAMES: [&str; 8] = [
    "Page Viewed",
    "Product Viewed",
    "Page Viewed",
    "Product Added",
    "Page Viewed",
    "Products Searched",
    "Product Viewed",
    "Order Completed",
];
/// Events of one visitor: before, and timed.
const KNOWN: usize = 10_000;
const TIMED: usize = 10_000;
const ROUNDS: usize = 7;

/// What a pack has besides its 100 segments.
#[derive(Clone, Copy)]
struct More {
    journeys: usize,
    triggers: usize,
    value: bool,
}

fn segments(out: &mut String) {
    let name = |at: usize| NAMES[at % NAMES.len()];
    let window = |at: usize| ["1d", "7d", "30d"][at % 3];
    for at in 0..100 {
        let (event, other, within) = (name(at / 5), name(at / 5 + 3), window(at / 7));
        let when = match at % 5 {
            0 => format!(
                r#"{{ "$did": {{ "event": "{event}", "count": {{ "$gte": {} }}, "within": "{within}" }} }}"#,
                1 + at % 20
            ),
            1 => format!(r#"{{ "$did": {{ "event": "{event}", "within": "{within}" }} }}"#),
            2 => format!(
                r#"{{ "$sequence": {{ "steps": [{{ "event": "{event}" }}, {{ "event": "{other}" }}], "within": "{within}" }} }}"#
            ),
            3 => format!(
                r#"{{ "$sum": {{ "event": "{event}", "property": "price", "within": "{within}", "is": {{ "$gte": {} }} }} }}"#,
                100 + 37 * at
            ),
            _ => format!(
                r#"{{ "$did": {{ "event": "Product Viewed", "count": {{ "$gte": 3 }}, "within": "7d" }}, "$didNot": {{ "event": "Order Completed", "within": "{within}" }} }}"#
            ),
        };
        writeln!(out, r#""s{at}": {{ "when": {when} }},"#).unwrap();
    }
}

fn pack(more: More) -> String {
    let mut text = String::from("{ \"pack\": \"bench\", \"segments\": {");
    segments(&mut text);
    text.push_str("},");
    if more.journeys + more.triggers > 0 {
        text.push_str(r#""destinations": { "email": { "channel": "email" } }, "contact": { "limit": { "times": 3, "per": "7d" }, "quiet": { "from": "21:00", "to": "08:00" } }, "journeys": {"#);
        for at in 0..more.journeys {
            let enters = match at % 3 {
                0 => r#"{ "event": "Product Added" }"#.to_owned(),
                1 => format!(r#"{{ "enter": "s{}" }}"#, at % 100),
                _ => format!(
                    r#"{{ "event": "Order Completed", "where": {{ "price": {{ "$gt": {} }} }} }}"#,
                    20 + at
                ),
            };
            writeln!(
                text,
                r#""j{at}": {{ "enter": {enters}, "reenter": {{ "after": "7d" }}, "exit": {{ "event": "Order Completed" }},
                  "steps": [{{ "id": "a", "wait": "{}h" }}, {{ "id": "b", "send": "email" }}, {{ "id": "c", "wait": "1d" }},
                    {{ "id": "d", "branch": [{{ "when": {{ "$segment": "s{}" }}, "steps": [{{ "id": "e", "send": "email" }}] }}] }}] }},"#,
                1 + at % 20,
                (at * 7) % 100
            )
            .unwrap();
        }
        text.push_str("}, \"triggers\": [");
        for at in 0..more.triggers {
            let on = match at % 4 {
                0 => format!(r#"{{ "enter": "s{}" }}"#, (at * 3) % 100),
                1 => format!(r#"{{ "leave": "s{}" }}"#, (at * 3) % 100),
                2 => format!(
                    r#"{{ "since": {{ "event": "Order Completed", "reaches": "{}d" }} }}"#,
                    1 + at
                ),
                _ => r#"{ "event": "Products Searched" }"#.to_owned(),
            };
            writeln!(text, r#"{{ "id": "t{at}", "on": {on}, "do": {{ "send": "email" }}, "limit": {{ "times": 1, "per": "7d" }} }},"#).unwrap();
        }
        text.push_str("],");
    }
    if more.value {
        text.push_str(
            r#""rfm": { "event": "Order Completed", "value": "price", "within": "90d", "recency": ["60d", "30d", "14d", "7d"],
                 "frequency": [2, 3, 5, 9], "monetary": [50, 120, 250, 600],
                 "segments": { "champions": { "r": { "$gte": 4 }, "f": { "$gte": 4 } }, "others": { "r": { "$gte": 1 } } } },
               "loyalty": { "points": [{ "event": "Order Completed", "per": "price" }], "expires": "365d",
                 "tiers": [{ "id": "silver", "at": 100 }, { "id": "gold", "at": 1000 }] },
               "features": { "orders": { "$count": { "event": "Order Completed" } }, "views": { "$count": { "event": "Product Viewed", "within": "7d" } } },
               "models": {
                 "churn": { "kind": "logistic", "terms": [{ "of": "features.orders", "weight": -0.5 }, { "of": "features.views", "weight": -0.1 }] },
                 "worth": { "kind": "linear", "terms": [{ "of": "features.orders", "weight": 10 }] },
                 "next": { "kind": "next-date", "event": "Order Completed", "usual": "30d" } },
               "tags": ["a"],"#,
        );
    }
    text.push('}');
    if more.value {
        let scored = r#""leaving": { "when": { "$score": { "model": "churn", "$gte": 0.5 } } }, "rich": { "when": { "scores.worth": { "$gt": 50 } } }, "due": { "when": { "scores.next": { "$until": { "$lte": "3d" } } } }, "silver": { "when": { "$tier": { "atLeast": "silver" } } },"#;
        text = text.replacen("\"segments\": {", &format!("\"segments\": {{ {scored}"), 1);
    }
    text
}

fn events() -> Vec<Event> {
    // Sessions of 25 events, 20 seconds apart, four a day.
    let event = |at: usize| {
        let (session, within) = (i64::try_from(at / 25).unwrap(), i64::try_from(at % 25).unwrap());
        let time = Span(session * 6 * Span::HOUR.0 + within * 20_000);
        let name = NAMES[(at * 5 + at / 25) % NAMES.len()];
        let mut event = Event::new(&format!("m{at}"), Kind::Track, name, START.plus(time));
        event.properties.insert("category", Value::from("tents"));
        event.properties.insert("price", Value::Number(f64::from(u32::try_from(at % 97).unwrap())));
        event
    };
    (0..KNOWN + TIMED).map(event).collect()
}

/// Applies events as a host does, taking what is due; gives the time of the timed ones.
fn play(program: &Program, events: &[Event]) -> (Duration, State) {
    let engine = Engine::new(program, Numerals::NATIVE);
    let context = Context { consent: Purposes::ALL, ..Context::default() };
    let mut state = engine.new_state();
    let turn = |event: &Event, state: &mut State| {
        engine.apply(state, event);
        if state.valid_until() <= event.time {
            engine.act(state, &context, event.time);
        }
    };
    let (before, timed) = events.split_at(KNOWN);
    for event in before {
        turn(event, &mut state);
    }
    #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
    let began = std::time::Instant::now();
    for event in timed {
        turn(event, &mut state);
    }
    (began.elapsed(), state)
}

fn main() {
    let all = More { journeys: 20, triggers: 20, value: true };
    let none = More { journeys: 0, triggers: 0, value: false };
    let mut cases = vec![
        ("100 segments".to_owned(), none),
        ("and RFM, loyalty, 3 models".to_owned(), More { value: true, ..none }),
        ("and 20 triggers".to_owned(), More { triggers: 20, ..none }),
        ("and 20 journeys, 20 triggers, all of these".to_owned(), all),
    ];
    for journeys in [1, 10, 50, 100, 200] {
        cases.push((format!("and {journeys} journeys"), More { journeys, ..none }));
    }
    let events = events();
    let programs: Vec<Program> = cases
        .iter()
        .map(|(_, more)| waymark_pack::compile(&pack(*more)).map(|it| it.program))
        .collect::<Result<_, _>>()
        .unwrap();
    let mut times = vec![Vec::new(); cases.len()];
    let mut sizes = vec![0; cases.len()];
    for _ in 0..ROUNDS {
        for (case, program) in programs.iter().enumerate() {
            let (time, state) = play(program, &events);
            times[case].push(time);
            sizes[case] = Engine::new(program, Numerals::NATIVE).write_state(&state).len();
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e6 / 10_000.0
    };
    let alone = median(&mut times[0]);
    println!("{:<46} {:>9} {:>7} {:>12} {:>12}", "", "us/event", "ratio", "state bytes", "at most");
    for (case, (name, _)) in cases.iter().enumerate() {
        let time = median(&mut times[case]);
        let most = programs[case].cells_bound() + programs[case].runs_bound();
        println!("{name:<46} {time:>9.2} {:>7.2} {:>12} {most:>12}", time / alone, sizes[case]);
    }
}
