//! Packs compiled and run: what is written is what happens.

use crate::visitor::{Visitor, days, minutes, object, program, segment};
use waymark_model::{Kind, Purpose, Purposes, Span, Value};

const NOW: Span = Span(0);

type Members<'a> = &'a [(&'a str, Value)];

#[test]
fn a_count_in_a_window_holds_until_the_window_has_passed() {
    let program = segment(
        r#"{ "$did": { "event": "Product Viewed", "count": { "$gte": 2 }, "within": "7d" } }"#,
    );
    let mut visitor = Visitor::new(&program);
    visitor.did("Product Viewed", NOW);
    assert!(!visitor.in_s(NOW));
    visitor.did("Product Viewed", days(1));
    assert!(visitor.in_s(days(1)));
    assert!(visitor.in_s(Span(days(7).0 - 1)));
    assert!(!visitor.in_s(days(7)));
}

#[test]
fn counts_are_exact_from_below_and_above() {
    let cases: [(&str, [bool; 5]); 9] = [
        (r#"{ "event": "E", "count": 2 }"#, [false, false, true, false, false]),
        (r#"{ "event": "E", "count": 0 }"#, [true, false, false, false, false]),
        (r#"{ "event": "E", "count": { "$lt": 2 } }"#, [true, true, false, false, false]),
        (
            r#"{ "event": "E", "count": { "$gt": 1, "$lte": 3 } }"#,
            [false, false, true, true, false],
        ),
        (r#"{ "event": "E", "count": { "$ne": 2 } }"#, [true, true, false, true, true]),
        (r#"{ "event": "E", "count": { "$ne": 2, "$gte": 1 } }"#, [false, true, false, true, true]),
        (
            r#"{ "event": "E", "count": { "$eq": 3 }, "within": "1d" }"#,
            [false, false, false, true, false],
        ),
        (
            r#"{ "event": "E", "count": { "$lte": 1 }, "in": "session" }"#,
            [true, true, false, false, false],
        ),
        (r#"{ "event": "E" }"#, [false, true, true, true, true]),
    ];
    for (did, wanted) in cases {
        let program = segment(&format!("{{ \"$did\": {did} }}"));
        let mut visitor = Visitor::new(&program);
        for (number, wanted) in wanted.into_iter().enumerate() {
            if number > 0 {
                visitor.did("E", minutes(i64::try_from(number).unwrap()));
            }
            assert_eq!(visitor.in_s(minutes(4)), wanted, "{did} after {number}");
        }
    }
}

#[test]
fn what_was_not_done_is_the_opposite_of_what_was() {
    let program = segment(r#"{ "$didNot": { "event": "Order Completed", "within": "30d" } }"#);
    let mut visitor = Visitor::new(&program);
    visitor.did("Product Viewed", NOW);
    assert!(visitor.in_s(NOW));
    visitor.did("Order Completed", minutes(1));
    assert!(!visitor.in_s(minutes(1)));
    assert!(visitor.in_s(days(31)));
}

#[test]
fn a_session_ends_after_the_gap_of_the_pack() {
    let program = program(
        r#"{ "pack": "p", "journey": { "session": "10m" }, "segments": {
            "s": { "when": { "$did": { "event": "E", "in": "session" } } },
            "back": { "when": { "session.number": { "$gte": 2 } } },
            "busy": { "when": { "session.events": 2 } } } }"#,
    );
    let mut visitor = Visitor::new(&program);
    visitor.did("E", NOW);
    assert!(visitor.in_s(minutes(9)));
    assert!(!visitor.in_s(minutes(10)));
    visitor.did("F", minutes(11));
    visitor.did("F", minutes(12));
    assert_eq!(visitor.decide(minutes(12)).segments, ["back", "busy"]);
}

#[test]
fn a_where_reads_properties_and_the_context() {
    let program = segment(
        r#"{ "$did": { "event": "Product Viewed", "where": {
            "price": { "$gte": 50, "$lt": 100 },
            "products.0.name": { "$in": ["tent", "stove"] },
            "context.page.path": "/camp",
            "$nor": [ { "category": "sale" } ],
        } } }"#,
    );
    let products =
        |name: &str| Value::Array(vec![Value::Object(object(&[("name", Value::from(name))]))]);
    let at =
        |path: &str| object(&[("page", Value::Object(object(&[("path", Value::from(path))])))]);
    let good = [("price", Value::from(60.0)), ("products", products("stove"))];
    let cases: [(Members<'_>, &str, bool); 4] = [
        (&good, "/camp", true),
        (&good, "/home", false),
        (&[("price", Value::from(100.0)), ("products", products("stove"))], "/camp", false),
        (&[("price", Value::from(60.0)), ("products", products("boot"))], "/camp", false),
    ];
    for (properties, path, wanted) in cases {
        let mut visitor = Visitor::new(&program);
        visitor.event(Kind::Track, "Product Viewed", NOW, (object(properties), at(path)));
        assert_eq!(visitor.in_s(NOW), wanted, "{properties:?} {path}");
    }
}

#[test]
fn any_event_is_a_star_and_a_page_call_is_page_viewed() {
    let program = program(
        r#"{ "pack": "p", "segments": {
            "any": { "when": { "$did": { "event": "*", "count": { "$gte": 2 } } } },
            "page": { "when": { "$did": { "event": "Page Viewed" } } } } }"#,
    );
    let mut visitor = Visitor::new(&program);
    visitor.event(Kind::Page, "Page Viewed", NOW, Default::default());
    assert_eq!(visitor.decide(NOW).segments, ["page"]);
    visitor.did("Whatever", minutes(1));
    assert_eq!(visitor.decide(minutes(1)).segments, ["any", "page"]);
}

#[test]
fn a_sequence_is_in_order_and_nothing_forbidden_lies_between() {
    let program = segment(
        r#"{ "$sequence": { "steps": [ { "event": "Cart Viewed" }, { "event": "Checkout Started", "where": { "total": { "$gt": 0 } } } ],
             "within": "1d", "without": ["Order Completed", { "event": "Cart Cleared", "where": { "by": "visitor" } }], "idle": "1h" } }"#,
    );
    let total = [("total", Value::from(5.0))];
    let mut visitor = Visitor::new(&program);
    visitor.did_with("Checkout Started", NOW, &total);
    visitor.did("Cart Viewed", minutes(1));
    assert!(!visitor.in_s(days(1)));
    visitor.did_with("Checkout Started", minutes(2), &total);
    assert!(!visitor.in_s(minutes(61)));
    assert!(visitor.in_s(minutes(62)));
    assert!(!visitor.in_s(Span(days(1).0 + minutes(1).0)));
    visitor.did("Cart Cleared", minutes(3));
    assert!(visitor.in_s(minutes(62)));
    visitor.did("Order Completed", minutes(4));
    assert!(!visitor.in_s(minutes(62)));
}

#[test]
fn the_first_and_the_last_occurrence_have_an_age_and_a_property() {
    let program = program(
        r#"{ "pack": "p", "segments": {
            "lapsed": { "when": { "$last": { "event": "Order Completed", "age": { "$gte": "60d" } } } },
            "new": { "when": { "$first": { "event": "Order Completed", "age": { "$lt": "7d", "$gte": "1d" } } } },
            "bought": { "when": { "$last": { "event": "Order Completed" } } },
            "paid-by-card": { "when": { "$last": { "event": "Order Completed", "property": "payment.method", "is": "card" } } },
            "began-small": { "when": { "$first": { "event": "Order Completed", "property": "total", "is": { "$lt": 10 } } } } } }"#,
    );
    let payment = |method: &str| Value::Object(object(&[("method", Value::from(method))]));
    let mut visitor = Visitor::new(&program);
    visitor.did_with(
        "Order Completed",
        NOW,
        &[("total", Value::from(5.0)), ("payment", payment("card"))],
    );
    assert_eq!(visitor.decide(NOW).segments, ["began-small", "bought", "paid-by-card"]);
    assert_eq!(visitor.decide(days(1)).segments, ["began-small", "bought", "new", "paid-by-card"]);
    visitor.did_with("Order Completed", days(9), &[("payment", payment("cash"))]);
    assert_eq!(visitor.decide(days(9)).segments, ["began-small", "bought"]);
    assert_eq!(visitor.decide(days(69)).segments, ["began-small", "bought", "lapsed"]);
}

#[test]
fn sums_and_counts_are_compared_by_name_or_in_place() {
    let program = program(
        r#"{ "pack": "p", "features": {
                "spend": { "$sum": { "event": "Order Completed", "property": "revenue", "within": "90d" } },
                "orders": { "$count": { "event": "Order Completed" } },
                "latest": { "$last": { "event": "Order Completed", "property": "currency" } } },
            "segments": {
                "by-name": { "when": { "features.spend": { "$gte": 500 } } },
                "in-place": { "when": { "$sum": { "event": "Order Completed", "property": "revenue", "within": "90d", "is": { "$gte": 500 } } } },
                "twice": { "when": { "features.orders": 2, "features.latest": "SGD" } },
                "counted": { "when": { "$count": { "event": "Order Completed", "where": { "revenue": { "$gt": 300 } }, "is": 1 } } } } }"#,
    );
    // Two spends, a count with a condition and one without, and the last currency.
    assert_eq!(program.features.len(), 4);
    let mut visitor = Visitor::new(&program);
    visitor.did_with("Order Completed", NOW, &[("revenue", Value::from(200.0))]);
    assert_eq!(visitor.decide(NOW).segments, [""; 0]);
    let second = [("revenue", Value::from(300.5)), ("currency", Value::from("SGD"))];
    visitor.did_with("Order Completed", days(10), &second);
    assert_eq!(visitor.decide(days(10)).segments, ["by-name", "counted", "in-place", "twice"]);
    assert_eq!(visitor.decide(days(91)).segments, ["counted", "twice"]);
}

#[test]
fn logic_has_the_meaning_that_growthbook_gives_it() {
    let cases = [
        (r"{}", true),
        (r#"{ "$and": [] }"#, true),
        (r#"{ "$or": [] }"#, true),
        (r#"{ "$nor": [] }"#, false),
        (r#"{ "$not": {} }"#, false),
        (r#"{ "traits.plan": "pro" }"#, true),
        (r#"{ "traits.plan": { "$not": "pro" } }"#, false),
        (r#"{ "traits.plan": { "$not": { "$in": ["max", "mini"] } } }"#, true),
        (r#"{ "traits.gone": null }"#, true),
        (r#"{ "traits.gone": { "$exists": false }, "traits.plan": { "$exists": true } }"#, true),
        (r#"{ "traits.gone": { "$lt": 1 } }"#, false),
        (r#"{ "traits.gone": { "$nin": ["a"] } }"#, true),
        (r#"{ "traits.tags": { "$in": ["b", "z"] } }"#, true),
        (r#"{ "traits.tags": ["a", "b"] }"#, true),
        (r#"{ "traits.tags.1": "b" }"#, true),
        (r#"{ "traits.at": { "city": "Singapore" } }"#, true),
        (r#"{ "traits.at.city": { "$ne": "Singapore" } }"#, false),
        (r#"{ "traits.age": { "$gt": 41, "$lte": 42 }, "traits.plan": "max" }"#, false),
        (r#"{ "$or": [ { "traits.plan": "max" }, { "traits.age": 42 } ] }"#, true),
        (r#"{ "$nor": [ { "traits.plan": "max" }, { "traits.age": 42 } ] }"#, false),
        (r#"{ "$and": [ { "traits.plan": "pro" }, { "traits.age": { "$ne": 42 } } ] }"#, false),
    ];
    for (when, wanted) in cases {
        let program = segment(when);
        let mut visitor = Visitor::new(&program);
        visitor.is(&[
            ("plan", Value::from("pro")),
            ("age", Value::from(42.0)),
            ("tags", Value::Array(vec![Value::from("a"), Value::from("b")])),
            ("at", Value::Object(object(&[("city", Value::from("Singapore"))]))),
        ]);
        assert_eq!(visitor.in_s(NOW), wanted, "{when}");
    }
}

#[test]
fn stages_are_made_of_segments_and_segments_of_stages() {
    let program = program(
        r#"{ "pack": "p",
            "journey": { "stages": [
                { "id": "awareness", "enter": { "$did": { "event": "*" } } },
                { "id": "consideration", "enter": { "$segment": "looker" } },
                { "id": "purchase", "enter": { "$did": { "event": "Order Completed" } } } ] },
            "segments": {
                "a-late-one": { "when": { "$stage": { "atLeast": "consideration" } } },
                "looker": { "when": { "$segment": ["z-base", "z-other"] } },
                "only-aware": { "when": { "$stage": "awareness" } },
                "z-base": { "when": { "$did": { "event": "Product Viewed" } } },
                "z-other": { "when": { "traits.plan": "pro" } },
                "no-stage-at-all": { "when": { "$segment": "z-base" } } } }"#,
    );
    let order: Vec<&str> = program.segments.iter().map(|segment| segment.id.as_str()).collect();
    assert_eq!(
        order,
        ["z-base", "z-other", "looker", "a-late-one", "no-stage-at-all", "only-aware"]
    );
    assert_eq!(program.stage_after, 3);
    let mut visitor = Visitor::new(&program);
    visitor.did("Something", NOW);
    let decision = visitor.decide(NOW);
    assert_eq!(decision.stage.as_deref(), Some("awareness"));
    assert_eq!(decision.segments, ["only-aware"]);
    visitor.did("Product Viewed", minutes(1));
    let decision = visitor.decide(minutes(1));
    assert_eq!(decision.stage.as_deref(), Some("consideration"));
    assert_eq!(decision.segments, ["z-base", "looker", "a-late-one", "no-stage-at-all"]);
    visitor.did("Order Completed", minutes(2));
    assert_eq!(visitor.decide(minutes(2)).stage.as_deref(), Some("purchase"));
}

#[test]
fn the_first_rule_by_priority_then_id_wins_its_slot() {
    let program = program(
        r#"{ "pack": "p",
            "slots": { "hero": { "default": "plain" } },
            "content": { "plain": { "slot": "hero", "text": "plain" }, "a": { "slot": "hero", "text": "a" }, "b": { "slot": "hero", "text": "b" } },
            "rules": [
                { "id": "z", "slot": "hero", "show": "b", "when": { "page.path": "/sale" }, "priority": 5 },
                { "id": "y", "slot": "hero", "show": "a", "when": { "page.path": { "$in": ["/sale", "/"] } }, "priority": 5 },
                { "id": "x", "slot": "hero", "show": "b", "when": { "geo.country": "SG" }, "priority": 10 },
            ] }"#,
    );
    let ids: Vec<&str> = program.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids, ["x", "y", "z"]);
    let mut visitor = Visitor::new(&program);
    assert_eq!(visitor.content(NOW).as_deref(), Some("plain"));
    visitor.page("page", &[("path", Value::from("/sale"))]);
    assert_eq!(visitor.content(NOW).as_deref(), Some("a"));
    visitor.page("geo", &[("country", Value::from("SG"))]);
    assert_eq!(visitor.content(NOW).as_deref(), Some("b"));
}

#[test]
fn only_rules_that_know_nothing_of_the_visitor_run_without_consent() {
    let program = program(
        r#"{ "pack": "p",
            "slots": { "a": { "default": "keep" }, "b": { "default": "keep" }, "c": { "default": "keep" }, "d": { "default": "keep" } },
            "content": {
                "a": { "slot": "a", "text": "{{ page.title }}" }, "b": { "slot": "b", "text": "{{ traits.name }}" },
                "c": { "slot": "c", "text": "c" }, "d": { "slot": "d", "text": "d" } },
            "rules": [
                { "id": "a", "slot": "a", "show": "a", "when": { "campaign.source": null } },
                { "id": "b", "slot": "b", "show": "b" },
                { "id": "c", "slot": "c", "show": "c", "when": { "$didNot": { "event": "E" } } },
                { "id": "d", "slot": "d", "show": "d", "when": { "$didNot": { "event": "E" } }, "purpose": "marketing" } ] }"#,
    );
    let stateless: Vec<bool> = program.rules.iter().map(|rule| rule.stateless).collect();
    assert_eq!(stateless, [true, false, false, false]);
    let mut visitor = Visitor::new(&program);
    visitor.page("page", &[("title", Value::from("Tents"))]);
    let shown = |visitor: &Visitor<'_>| -> Vec<bool> {
        visitor.decide(NOW).slots.iter().map(|slot| slot.content.is_some()).collect()
    };
    visitor.context.consent = Purposes::NONE;
    assert_eq!(shown(&visitor), [true, false, false, false]);
    visitor.context.consent = Purposes::NONE.with(Purpose::Personalization);
    assert_eq!(shown(&visitor), [true, true, true, false]);
}

#[test]
fn a_template_reads_the_visitor_the_page_and_the_history() {
    let program = program(
        r#"{ "pack": "p",
            "features": { "spend": { "$sum": { "event": "O", "property": "v" } }, "top": { "$last": { "event": "O", "property": "what" } } },
            "slots": { "hero": { "default": "keep" } },
            "content": { "c": { "slot": "hero", "locales": {
                "en": { "text": "Hi {{ traits.name | default: 'friend' }}, {{features.spend}} on {{ features.top | default: \"things\" | truncate: 4 }}, visit {{ session.number }}/{{ session.events }} to {{ page.title }}{{ traits.gone | default: 7 }}" },
                "zh-Hant": { "text": "你好" } } } },
            "rules": [ { "id": "r", "slot": "hero", "show": "c" } ] }"#,
    );
    let mut visitor = Visitor::new(&program);
    visitor.page("page", &[("title", Value::from("<Tents>"))]);
    visitor.did_with("O", NOW, &[("v", Value::from(12.5))]);
    let friend = "Hi friend, 12.5 on thi…, visit 1/1 to <Tents>7";
    assert_eq!(visitor.shown(NOW).as_deref(), Some(friend));
    visitor.is(&[("name", Value::from("Mei"))]);
    visitor.did_with("O", minutes(1), &[("v", Value::from(1.0)), ("what", Value::from("tent"))]);
    let known = "Hi Mei, 13.5 on tent, visit 1/3 to <Tents>7";
    assert_eq!(visitor.shown(minutes(1)).as_deref(), Some(known));
    visitor.context.locale = "zh-hant".to_owned();
    assert_eq!(visitor.shown(minutes(1)).as_deref(), Some("你好"));
    visitor.context.locale = "fr".to_owned();
    assert_eq!(visitor.shown(minutes(1)).as_deref(), Some(known));
}

#[test]
fn a_condition_on_any_context_group_reads_it() {
    for group in ["page", "campaign", "device", "geo"] {
        let source = crate::visitor::shows(r#"{ "slot": "hero", "text": "x" }"#).replace(
            "\"show\": \"c\"",
            &format!("\"show\": \"c\", \"when\": {{ \"{group}.key\": \"x\" }}"),
        );
        let program = program(&source);
        let mut visitor = Visitor::new(&program);
        assert_eq!(visitor.content(NOW), None);
        visitor.page(group, &[("key", Value::from("x"))]);
        assert_eq!(visitor.content(NOW).as_deref(), Some("c"), "{group}");
    }
}
