//! Broken packs and what is said about each.

use std::fmt::Write;
use std::path::Path;

use waymark_model::Timestamp;
use waymark_pack::{Code, Diagnostic, Input, Report, Severity};

/// 2026-06-15, so that schedules can be over.
const TODAY: Timestamp = Timestamp(1_781_481_600_000);

fn check(source: &str) -> Report {
    Input { today: Some(TODAY), ..Input::of(source) }.check()
}

fn shown(report: &Report) -> String {
    let mut text = String::new();
    for Diagnostic { code, severity, pointer, length, line, column, message, mend, .. } in report {
        let name = severity.name();
        writeln!(text, "{line}:{column}+{length} {name} {code} {pointer:?}\n  {message}").unwrap();
        if let Some(mend) = mend {
            writeln!(text, "  mend: {mend}").unwrap();
        }
    }
    text
}

fn broken() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let mut packs: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    packs.sort();
    packs
}

#[test]
fn every_broken_pack_is_described() {
    for (name, source) in broken() {
        let report = check(&source);
        assert!(!report.is_empty(), "{name} has no problem");
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, shown(&report));
        });
    }
}

#[test]
fn positions_point_into_the_source() {
    for (name, source) in broken() {
        for diagnostic in &check(&source) {
            let (start, end) = (diagnostic.offset, diagnostic.offset + diagnostic.length);
            assert!(source.get(start..end).is_some(), "{name}: {diagnostic}");
            let before = &source[..start];
            let line = u32::try_from(before.matches('\n').count()).unwrap() + 1;
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            assert_eq!((diagnostic.line, diagnostic.column as usize), (line, column), "{name}");
        }
    }
}

#[test]
fn an_edit_that_is_offered_mends_what_it_is_for() {
    let mut mended = 0;
    for (name, source) in broken() {
        for Diagnostic { code, offset, length, fix, .. } in &check(&source) {
            let Some(fix) = fix else { continue };
            let (before, after) = (&source[..*offset], &source[offset + length..]);
            let report = check(&[before, fix.as_str(), after].concat());
            let still = report.iter().any(|it| (it.code, it.offset) == (*code, *offset));
            assert!(!still, "{name}: {fix}\n{report}");
            mended += 1;
        }
    }
    assert!(mended > 10, "{mended}");
}

#[test]
fn every_code_has_a_pack_that_shows_it() {
    // These take a pack too large for a file, or a bug in the compiler.
    let mut missing = vec![
        "bad-program",
        "catalog-too-large",
        "pack-too-large",
        "program-too-large",
        "state-too-large",
        "too-many-rules",
    ];
    let packs = broken();
    for code in Code::ALL {
        let name = code.name();
        let seen = packs.iter().any(|(_, source)| check(source).iter().any(|d| d.code == name));
        assert!(seen != missing.contains(&name), "{name}");
        missing.retain(|code| *code != name);
    }
}

#[test]
fn a_pack_with_warnings_only_has_no_errors() {
    let (_, source) = broken().into_iter().find(|(name, _)| name == "unused").unwrap();
    let report = check(&source);
    assert!(!report.has_errors());
    assert!(report.iter().all(|diagnostic| diagnostic.severity == Severity::Warning));
}

#[test]
fn a_pack_past_its_limit_is_refused_by_name() {
    let source = format!("{{}}{}", " ".repeat(2 * 1024 * 1024));
    let report = check(&source);
    assert_eq!(report.iter().map(|d| d.code).collect::<Vec<_>>(), ["pack-too-large"]);
}

#[test]
fn more_rules_than_a_pack_may_have_are_refused_by_name() {
    let pack = |rules: usize| {
        let rules: Vec<_> = (0..rules)
            .map(|n| serde_json::json!({ "id": format!("r{n}"), "slot": "s", "show": "c" }))
            .collect();
        serde_json::json!({
            "pack": "many",
            "slots": { "s": { "default": "keep" } },
            "content": { "c": { "slot": "s", "text": "Hi" } },
            "rules": rules,
        })
        .to_string()
    };
    let report = check(&pack(10_001));
    let found = report.iter().find(|it| it.code == "too-many-rules").unwrap();
    assert!(found.message.contains("at most 10000 rules") && found.message.contains("10001"));
    assert!(check(&pack(10_000)).iter().all(|it| it.code != "too-many-rules"));
}

#[test]
fn a_name_that_no_event_can_have_is_refused() {
    let pack = |length: usize| {
        let did = serde_json::json!({ "event": "x".repeat(length) });
        let segments = serde_json::json!({ "s": { "when": { "$did": did } } });
        serde_json::json!({ "pack": "p", "segments": segments }).to_string()
    };
    let report = check(&pack(257));
    let found = report.iter().find(|it| it.code == "bad-value").unwrap();
    assert!(found.message.contains("at most 256 bytes"), "{}", found.message);
    assert!(check(&pack(256)).iter().all(|it| it.code != "bad-value"));
}

#[test]
fn a_state_past_its_limit_is_refused_and_what_takes_the_most_is_named() {
    let pack = |lists: usize| {
        let lists: serde_json::Map<_, _> = (0..lists)
            .map(|n| {
                let event = format!("Seen {n}");
                let distinct = serde_json::json!(
                    { "event": event, "property": "sku", "max": 1000, "is": { "$gte": 3 } }
                );
                (format!("list{n}"), serde_json::json!({ "when": { "$distinct": distinct } }))
            })
            .collect();
        serde_json::json!({ "pack": "large", "segments": lists }).to_string()
    };
    let report = check(&pack(40));
    let found = report.iter().find(|it| it.code == "state-too-large").unwrap();
    assert!(found.message.contains("at most 262144 bytes"), "{}", found.message);
    assert!(found.mend.as_ref().unwrap().contains("Seen 0"), "{:?}", found.mend);
    assert!(check(&pack(2)).iter().all(|it| it.code != "state-too-large"));
}

#[test]
fn nesting_past_the_limit_does_not_overflow_the_stack() {
    for open in ["[", "{\"a\":", "[{\"a\":"] {
        let report = check(&open.repeat(200_000));
        assert_eq!(report.iter().map(|d| d.code).collect::<Vec<_>>(), ["too-deep"]);
    }
}

#[test]
fn a_report_stays_readable_however_much_is_wrong() {
    let wrong = (0..20_000).map(|n| format!("\"k{n}\": 1")).collect::<Vec<_>>().join(",\n");
    let report = check(&format!("{{{wrong}}}"));
    assert_eq!(report.len(), 500);
    assert!(report.has_errors());
}
