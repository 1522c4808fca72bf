//! The marketers' reference: every pack in it does what its page says, and nothing is left out.

use std::path::Path;

use waymark_engine::{Context, Engine, Numerals};
use waymark_model::{Timestamp, Value};
use waymark_pack::language::shapes;
use waymark_pack::{Case, Code, Compiled, Input, check, compile};

/// A fence of a page, with the heading above it.
struct Fence {
    place: String,
    heading: String,
    kind: String,
    text: String,
}

fn pages() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/packs");
    let mut pages: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    pages.sort();
    pages
}

fn fences() -> Vec<Fence> {
    let mut fences = Vec::new();
    for (page, text) in pages() {
        let mut heading = String::new();
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            if let Some(title) = line.strip_prefix("## ") {
                title.clone_into(&mut heading);
            }
            let Some(kind) = line.strip_prefix("```") else { continue };
            let inside: Vec<&str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            fences.push(Fence {
                place: format!("{page}:{}", number + 1),
                heading: heading.clone(),
                kind: kind.to_owned(),
                text: inside.join("\n"),
            });
        }
    }
    fences
}

/// 2026-06-15, so that schedules can be over.
const TODAY: Timestamp = Timestamp(1_781_481_600_000);

#[test]
fn every_pack_is_right_and_passes_its_own_tests() {
    let mut tests = 0;
    for Fence { place, kind, text, heading } in fences() {
        match kind.as_str() {
            "jsonc pack" => {
                let compiled = compile(&text).unwrap_or_else(|report| panic!("{place}: {report}"));
                assert!(compiled.report.is_empty(), "{place}: {}", compiled.report);
                for case in &compiled.tests {
                    passes(&compiled, case, &place);
                    tests += 1;
                }
            }
            "jsonc condition" => {
                let pack = format!(
                    r#"{{ "pack": "p", "slots": {{ "s": {{ "default": "keep" }} }}, "content": {{ "c": {{ "slot": "s", "text": "c" }} }},
                        "rules": [{{ "id": "r", "slot": "s", "show": "c", "when": {text} }}] }}"#
                );
                let report = check(&pack);
                assert!(!report.has_errors(), "{place}: {report}");
            }
            "jsonc broken" => {
                let report = Input { today: Some(TODAY), ..Input::of(&text) }.check();
                let codes: Vec<&str> = report.iter().map(|it| it.code).collect();
                assert!(codes.contains(&heading.as_str()), "{place}: {report}");
            }
            "jsonc mended" => {
                let report = check(&text);
                assert!(report.is_empty(), "{place}: {report}");
            }
            // Commands: what they print is their own tests' business.
            "sh" => {}
            other => panic!("{place}: what is a fence {other:?}?"),
        }
    }
    assert!(tests > 10, "{tests}");
}

fn passes(compiled: &Compiled, case: &Case, place: &str) {
    let engine = Engine::new(&compiled.program, Numerals::NATIVE);
    let context = Context {
        values: case.context.clone(),
        consent: case.consent,
        locale: case.locale.clone(),
        anonymous_id: Some(case.anonymous_id.clone()),
        ..Context::default()
    };
    let mut state = engine.new_state();
    let mut acted = Vec::new();
    let mut clock = Timestamp::MIN;
    for event in &case.given {
        acted.extend(engine.run(&mut state, (clock, event.time), |_, _| context.clone()));
        clock = event.time;
        engine.apply(&mut state, event);
        acted.extend(engine.run(&mut state, (clock, clock), |_, _| context.clone()));
    }
    acted.extend(engine.run(&mut state, (clock, case.now), |_, _| context.clone()));
    let decision = engine.decide(&state, &context, case.now);
    let (name, expect) = (&case.name, &case.expect);
    for id in &expect.segments {
        assert!(decision.segments.contains(id), "{place}: {name}: not in {id}");
    }
    for id in &expect.not_segments {
        assert!(!decision.segments.contains(id), "{place}: {name}: in {id}");
    }
    if let Some(stage) = &expect.stage {
        assert_eq!(&decision.stage, stage, "{place}: {name}");
    }
    for (slot, content) in &expect.slots {
        let shown = decision.slots.iter().find(|decided| decided.slot == *slot).unwrap();
        assert_eq!(&shown.content, content, "{place}: {name}: {slot}");
    }
    if let Some(actions) = &expect.actions {
        assert_eq!(acted.len(), actions.len(), "{place}: {name}: {acted:?}");
        for (acted, action) in acted.iter().zip(actions) {
            let has = |(key, value): &(&str, String)| {
                acted.event.properties.get(key).and_then(Value::as_text) == Some(value)
            };
            assert!(action.properties.iter().all(has), "{place}: {name}: {acted:?}");
            assert_eq!(action.at.unwrap_or(acted.event.time), acted.event.time, "{place}: {name}");
        }
    }
    for (experiment, variation) in &expect.variations {
        let assignments = decision.slots.iter().filter_map(|slot| slot.assignment.as_ref());
        let found = assignments.filter(|it| it.included).find(|it| it.experiment == *experiment);
        let found = found.map(|assignment| &assignment.variation);
        assert_eq!(found, variation.as_ref(), "{place}: {name}: {experiment}");
    }
}

#[test]
fn every_code_is_explained_by_a_broken_and_a_mended_pack() {
    // These take a pack that is too large for a page, or a bug in the compiler.
    let large = [
        "bad-program",
        "catalog-too-large",
        "condition-too-large",
        "pack-too-large",
        "program-too-large",
        "state-too-large",
        "too-many-rules",
        "too-deep",
    ];
    let fences = fences();
    let (_, page) = pages().into_iter().find(|(name, _)| name == "diagnostics.md").unwrap();
    for code in Code::ALL {
        let name = code.name();
        assert!(
            page.contains(&format!("## {name}\n\n<!-- code -->\n")),
            "diagnostics.md lacks {name}"
        );
        let has = |kind: &str| fences.iter().any(|it| it.heading == name && it.kind == kind);
        let shown = has("jsonc broken") && has("jsonc mended");
        assert!(shown || large.contains(&name), "diagnostics.md shows no pack with {name}");
    }
}

#[test]
fn every_key_operator_path_and_filter_is_in_a_table() {
    let all: String = pages().into_iter().map(|(_, text)| text).collect();
    // The tables are made of the description itself; these are what asks for them.
    for table in [
        "all keys",
        "operators: logic",
        "operators: visitor",
        "operators: comparisons",
        "operators: features",
        "operators: events",
        "words: channels",
        "operators: filters",
        "roots",
        "paths",
        "words: types",
        "words: purposes",
    ] {
        assert!(all.contains(&format!("<!-- {table} -->")), "no page has the table {table}");
    }
    let names: Vec<&str> = shapes().iter().map(|shape| shape.name).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), names.len(), "two objects of one name");
}
