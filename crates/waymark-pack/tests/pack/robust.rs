//! Whatever comes in, the compiler answers.

use proptest::prelude::*;
use waymark_engine::Program;
use waymark_pack::{Input, Part, check, compile, format};

/// Text made of the words of the language, so that it gets further than the parser.
fn packs() -> impl Strategy<Value = String> {
    let words = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"pack\": \"p\"",
        "\"segments\"",
        "\"s\"",
        "\"when\"",
        "\"traits.x\"",
        "\"$gt\"",
        "\"$and\"",
        "\"$did\"",
        "\"event\"",
        "\"E\"",
        "\"rules\"",
        "\"content\"",
        "\"slots\"",
        "\"slot\"",
        "\"html\"",
        "\"<p title={{ traits.x }}>{{ page.y | default: 'é' }}\"",
        "\"{{\"",
        "\"}}\"",
        "1",
        "1e999",
        "true",
        "null",
        "//",
        "/*",
        "*/",
        "\\",
        "\\u00e9",
        "é",
        "\n",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..40)
        .prop_map(|words| words.concat())
}

/// JSON of any shape with the language's keys.
fn values() -> impl Strategy<Value = serde_json::Value> {
    let keys = [
        "pack",
        "events",
        "attributes",
        "journey",
        "features",
        "segments",
        "slots",
        "content",
        "rules",
        "when",
        "$and",
        "$or",
        "$not",
        "$did",
        "$sequence",
        "$first",
        "$last",
        "$count",
        "$sum",
        "$segment",
        "$stage",
        "event",
        "where",
        "within",
        "count",
        "steps",
        "is",
        "age",
        "property",
        "$gte",
        "$lt",
        "$in",
        "$exists",
        "traits.x",
        "page.y",
        "features.f",
        "session.number",
        "id",
        "slot",
        "show",
        "default",
        "text",
        "html",
        "locales",
        "en",
        "type",
        "stages",
        "enter",
        "properties",
        "label",
        "a",
        "b",
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        prop::sample::select(vec![
            "E",
            "*",
            "7d",
            "keep",
            "a",
            "b",
            "number",
            "string",
            "x",
            "{{ traits.x }}"
        ])
        .prop_map(Into::into),
        ".*".prop_map(Into::into),
    ];
    leaf.prop_recursive(8, 120, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(serde_json::Value::Array),
            prop::collection::vec((prop::sample::select(keys.to_vec()), inner), 0..8).prop_map(
                |members| {
                    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
                }
            ),
        ]
    })
}

fn answers(source: &str) {
    match compile(source) {
        Ok(compiled) => {
            assert_eq!(Program::decode(&compiled.program.encode()), Ok(compiled.program));
            assert!(!compiled.report.has_errors());
        }
        Err(report) => {
            assert!(report.has_errors());
            assert!(report.iter().all(|diagnostic| diagnostic.code != "bad-program"), "{report}");
        }
    }
    for diagnostic in &check(source) {
        let (start, end) = (diagnostic.offset, diagnostic.offset + diagnostic.length);
        assert!(source.get(start..end).is_some(), "{diagnostic}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gets_an_answer(source in any::<String>()) {
        answers(&source);
    }

    #[test]
    fn any_parts_get_an_answer(pack in packs(), parts in prop::collection::vec(packs(), 0..3), value in values()) {
        let value = value.to_string();
        let pack = format!("{{ \"pack\": \"p\", \"include\": [\"*\"], {pack} }}");
        let parts = parts.iter().chain([&value]).map(|text| Part { name: "part", text });
        let input = Input { parts: Some(parts.collect()), ..Input::of(&pack) };
        let report = input.check();
        if let Ok(whole) = input.bundled() {
            prop_assert_eq!(report.has_errors(), check(&whole).has_errors());
        }
    }

    #[test]
    fn any_text_can_be_formatted(source in prop_oneof![any::<String>(), packs()]) {
        if let Ok(once) = format(&source) {
            prop_assert_eq!(format(&once), Ok(once.clone()));
        }
    }

    #[test]
    fn any_words_of_the_language_get_an_answer(source in packs()) {
        answers(&source);
    }

    #[test]
    fn any_shape_of_pack_gets_an_answer(value in values()) {
        let mut value = value;
        if let Some(object) = value.as_object_mut() {
            object.insert("pack".to_owned(), "p".into());
        }
        answers(&value.to_string());
    }

    #[test]
    fn any_condition_gets_an_answer(when in values()) {
        answers(&format!("{{\"pack\": \"p\", \"segments\": {{\"s\": {{\"when\": {when}}}}}}}"));
    }

    #[test]
    fn any_html_gets_an_answer(html in "([<>/=\"' a-z{}|é&;:!-]|script|svg|\\{\\{ page\\.x \\}\\}|<p |href=){0,40}") {
        let html = serde_json::to_string(&html).unwrap();
        answers(&format!("{{\"pack\": \"p\", \"slots\": {{\"s\": {{\"default\": \"c\"}}}}, \"content\": {{\"c\": {{\"slot\": \"s\", \"html\": {html}}}}}}}"));
    }
}
