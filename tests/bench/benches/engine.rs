//! The engine on the example pack, and rules by their number.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::fmt::Write;
use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use waymark_engine::{Context, Engine, Numerals, Program};
use waymark_model::{Event, Kind, Purposes, Span, Timestamp, Value};

const START: Timestamp = Timestamp(1_795_000_000_000);
const SHOP: &str = include_str!("../../../examples/packs/outdoor-shop.jsonc");

fn compiled(source: &str) -> Program {
    waymark_pack::compile(source).unwrap().program
}

/// Rules of three comparisons over ten values of the page.
fn rules(count: u32) -> String {
    let mut rules = String::new();
    for rule in 0..count {
        let (a, b, c) = (rule % 10, (rule / 10 + 3) % 10, (rule / 100 + 7) % 10);
        writeln!(
            rules,
            "{{ \"id\": \"r{rule:05}\", \"slot\": \"s\", \"show\": \"c\", \"when\": {{
               \"page.a{a}\": \"v{}\", \"page.b{b}\": {{ \"$gte\": {} }},
               \"page.c{c}\": {{ \"$in\": [\"x{}\", \"x{}\"] }} }} }},",
            rule % 8,
            rule % 50,
            rule % 7,
            rule % 5,
        )
        .unwrap();
    }
    format!(
        "{{ \"pack\": \"bench\", \"slots\": {{ \"s\": {{ \"default\": \"keep\" }} }},
           \"content\": {{ \"c\": {{ \"slot\": \"s\", \"text\": \"x\" }} }}, \"rules\": [{rules}] }}"
    )
}

fn page() -> Context {
    let mut context = Context { consent: Purposes::ALL, ..Context::default() };
    let values = (0..10).flat_map(|at| {
        let number = f64::from(at * 5);
        [
            (format!("a{at}"), Value::Text(format!("v{}", at % 8))),
            (format!("b{at}"), Value::Number(number)),
            (format!("c{at}"), Value::Text(format!("x{}", at % 7))),
        ]
    });
    context.values.insert("page", Value::Object(values.collect()));
    context
}

fn events() -> Vec<Event> {
    let names = ["Product Viewed", "Product Added", "Order Completed", "Product Viewed"];
    let event = |at: i64| {
        let name = names[usize::try_from(at % 4).unwrap()];
        let time = START.plus(Span(at * 7 * Span::MINUTE.0));
        let mut event = Event::new(&format!("m{at}"), Kind::Track, name, time);
        event.properties.insert("category", Value::from("tents"));
        event.properties.insert("product_id", Value::from("p1"));
        event.properties.insert("revenue", Value::Number(42.5));
        event
    };
    (0..1_000).map(event).collect()
}

fn decide(bench: &mut Criterion) {
    let mut group = bench.benchmark_group("decide");
    for count in [10, 100, 1_000, 5_000] {
        let program = compiled(&rules(count));
        let engine = Engine::new(&program, Numerals::NATIVE);
        let (state, context) = (engine.new_state(), page());
        group.bench_function(BenchmarkId::new("rules", count), |bench| {
            bench.iter(|| engine.decide(&state, black_box(&context), START));
        });
        let prepared = engine.prepare(&state, &context);
        let mut found = Vec::new();
        group.bench_function(BenchmarkId::new("eligible", count), |bench| {
            bench.iter(|| {
                engine.eligible(black_box(&prepared), &state, &context, START, &mut found);
                found.len()
            });
        });
    }
    group.finish();
}

fn apply(bench: &mut Criterion) {
    let program = compiled(SHOP);
    let engine = Engine::new(&program, Numerals::NATIVE);
    let events = events();
    bench.bench_function("apply/1000 events", |bench| {
        bench.iter_batched(
            || engine.new_state(),
            |mut state| {
                for event in &events {
                    engine.apply(&mut state, event);
                }
                state
            },
            BatchSize::SmallInput,
        );
    });
}

fn load(bench: &mut Criterion) {
    bench.bench_function("compile/example pack", |bench| bench.iter(|| compiled(black_box(SHOP))));
    let bytes = compiled(&rules(1_000)).encode();
    bench.bench_function("decode/1000 rules", |bench| {
        bench.iter(|| Program::decode(black_box(&bytes)));
    });
}

criterion_group!(benches, decide, apply, load);
criterion_main!(benches);
