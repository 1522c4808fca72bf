//! The one layout.

use jsonc_parser::ParseOptions;
use proptest::prelude::*;
use serde_json::Value;
use waymark_pack::format;

fn value(source: &str) -> Value {
    jsonc_parser::parse_to_serde_value(
        source.trim_start_matches('\u{feff}'),
        &ParseOptions::default(),
    )
    .unwrap()
}

/// Formatted, having made sure that it means the same and stays as it is.
fn formatted(source: &str) -> String {
    let once = format(source).unwrap();
    assert_eq!(value(source), value(&once), "{source:?}\n{once:?}");
    assert_eq!(format(&once).unwrap(), once, "{source:?}");
    once
}

#[test]
fn short_objects_stay_on_a_line_and_comments_where_they_are() {
    let source = r#"
    // The shop.
    {"pack":"shop", // its name


      "slots":{"hero":{"default":"keep"}}, /* one
      slot */ "rules": [
        // Everybody.
        {"id":"r" /* the id */, "slot" /* where */ : "hero", "show":"c"},
        { "id":"s","slot":"hero","show":"c" }
        // No more.
      ],
      "events":{}
    }
    // The end.
"#;
    let wanted = r#"// The shop.
{
  "pack": "shop", // its name

  "slots": { "hero": { "default": "keep" } },
  /* one
      slot */
  "rules": [
    // Everybody.
    {
      "id": "r", /* the id */
      /* where */
      "slot": "hero",
      "show": "c",
    },
    { "id": "s", "slot": "hero", "show": "c" },
    // No more.
  ],
  "events": {},
}
// The end.
"#;
    assert_eq!(formatted(source), wanted);
}

#[test]
fn plain_json_stays_plain() {
    assert_eq!(
        formatted(r#"{"pack":"p","a":[1,2,{"b":[]}]}"#),
        "{\n  \"pack\": \"p\",\n  \"a\": [1, 2, { \"b\": [] }]\n}\n"
    );
    assert_eq!(formatted("{\"pack\":\"p\",}"), "{\n  \"pack\": \"p\",\n}\n");
    assert_eq!(formatted(" [1\n,\r\n2] "), "[\n  1,\n  2\n]\n");
    assert_eq!(formatted("\u{feff}{}"), "{}\n");
}

#[test]
fn what_is_too_long_for_a_line_is_opened() {
    let long = "x".repeat(60);
    let source = format!(r#"{{"a":{{"b":"{long}","c":"{long}"}}}}"#);
    let wanted =
        format!("{{\n  \"a\": {{\n    \"b\": \"{long}\",\n    \"c\": \"{long}\"\n  }}\n}}\n");
    assert_eq!(formatted(&source), wanted);
}

#[test]
fn what_is_no_json_is_said_to_be_none() {
    let report = format("{ \"pack\": }").unwrap_err();
    assert_eq!(report.iter().map(|d| d.code).collect::<Vec<_>>(), ["bad-json"]);
}

/// JSON with spaces, line breaks and comments between all of its tokens.
fn sources() -> impl Strategy<Value = String> {
    let space = prop::sample::select(vec![
        "",
        "",
        " ",
        "\n",
        "\n\n\n",
        "\r\n",
        "\t",
        "// c\n",
        " // {\"d\": [\n\n",
        "/* e */",
        "/* f\n g */",
        "\n/**/\n",
        "//\r",
    ]);
    let space = prop::collection::vec(space, 0..3).prop_map(|parts| parts.concat());
    let scalar = prop::sample::select(vec![
        "1",
        "-2.5e3",
        "true",
        "null",
        "\"\"",
        "\"a // b\"",
        "\"\\\"/*\"",
        "\"é\\u00e9\"",
        "\"a long text that takes much of the room that there is in a line of a pack\"",
    ]);
    let scalar = scalar.prop_map(str::to_owned);
    let spaced = |inner: BoxedStrategy<String>, space: BoxedStrategy<String>| {
        (space.clone(), inner, space)
            .prop_map(|(before, inner, after)| format!("{before}{inner}{after}"))
    };
    let space = space.boxed();
    let around = space.clone();
    let all = scalar.prop_recursive(4, 24, 5, move |inner| {
        let list = prop::collection::vec(spaced(inner.clone().boxed(), around.clone()), 0..5);
        let member = (around.clone(), 0..9_u8, around.clone(), inner, around.clone())
            .prop_map(|(a, key, b, value, c)| format!("{a}\"k{key}\"{b}:{c}{value}"));
        let object = prop::collection::vec(member, 0..5);
        let ends = (around.clone(), any::<bool>());
        prop_oneof![
            (list, ends.clone()).prop_map(|(items, end)| joined("[", &items, end, "]")),
            (object, ends).prop_map(|(items, end)| joined("{", &items, end, "}")),
        ]
    });
    spaced(all.boxed(), space)
}

fn joined(open: &str, items: &[String], (space, comma): (String, bool), close: &str) -> String {
    let comma = if comma && !items.is_empty() { "," } else { "" };
    format!("{open}{}{comma}{space}{close}", items.join(","))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn formatting_changes_no_value_and_is_done_once(source in sources()) {
        // A line comment may have swallowed what comes after it.
        prop_assume!(format(&source).is_ok());
        let once = formatted(&source);
        for comment in ["c\n", "/* e */", "/**/"] {
            prop_assert_eq!(source.matches(comment).count(), once.matches(comment).count());
        }
        prop_assert!(once.lines().all(|line| line.trim_end() == line || line.contains("/*") || once.contains("/* f")));
    }
}
