use waymark_engine::explain::{Clause, Reason};
use waymark_engine::program::{
    Amount, Compare, Cond, CondId, Feature, FeatureKind, Matcher, Merge, Order, Path, Program,
    Relation, Root, Segment, SessionKey, Source, Stage, Taken, Test, Type, Window,
};
use waymark_engine::{Answer, Truth};
use waymark_model::{Span, Timestamp, Value};

use super::{Words, duration};

const DAYS_7: Span = Span::WEEK;
const DAYS_60: Span = Span(60 * Span::DAY.0);

/// Features: 0 views of tents, 1 spend (named), 2 last order, 3 first view's category, 4 a sequence.
fn program() -> Program {
    let mut program = Program::default().indexed();
    program.events =
        ["Order Completed", "Product Added", "Product Viewed"].map(str::to_owned).to_vec();
    let on = |event| Matcher { event: Some(event), condition: None };
    let tents = Matcher { event: Some(2), condition: Some(CondId(0)) };
    let day = Window { resolution: Span::DAY, buckets: 90, skip: 0 };
    let amount = Amount::Property(vec!["revenue".to_owned()]);
    let revenue = Taken { each: None, amount };
    let kinds = [
        FeatureKind::Times { on: tents, keep: 3 },
        FeatureKind::Windowed { on: on(0), taken: revenue, merge: Merge::Sum, window: Some(day) },
        FeatureKind::Last { on: on(0), capture: None },
        FeatureKind::First { on: on(2), capture: Some(vec!["category".to_owned()]) },
        FeatureKind::Sequence { steps: vec![on(2), on(1)], without: vec![on(0)] },
        FeatureKind::Windowed { on: on(2), taken: Taken::ONE, merge: Merge::Sum, window: None },
    ];
    program.features = kinds.into_iter().map(|kind| Feature { fingerprint: 0, kind }).collect();
    program.named = vec![("spend-90d".to_owned(), 1)];
    let path = Path { root: Root::Property, keys: vec!["category".to_owned()] };
    program.conds = vec![Cond::Test(Test::Compare {
        source: Source::Path(path),
        compare: Compare::Is(Value::from("tents")),
    })];
    program.segments = vec![Segment { id: "vip".to_owned(), when: CondId(0), edge: false }];
    program.stages = ["looking", "deciding", "customer"]
        .map(|id| Stage { id: id.to_owned(), enter: CondId(0) })
        .to_vec();
    program
}

/// The words for a test that came out as `truth` where `want` was needed.
fn words(test: &Test, actual: impl Into<Value>, want: bool, truth: Truth) -> String {
    words_until(test, actual, want, truth, Timestamp::MAX)
}

fn words_until(
    test: &Test,
    actual: impl Into<Value>,
    want: bool,
    truth: Truth,
    until: Timestamp,
) -> String {
    let answer = Answer { truth, until };
    let clause = Clause { cond: CondId(0), answer, actual: actual.into() };
    let met = truth == if want { Truth::True } else { Truth::False };
    let because = Vec::new();
    Words(&program()).test(&Reason { test, clause: &clause, want, met, because })
}

/// It was needed, and it is not so.
fn failed(test: &Test, actual: impl Into<Value>) -> String {
    words(test, actual, true, Truth::False)
}

/// It is so, and must not be.
fn unwanted(test: &Test, actual: impl Into<Value>) -> String {
    words(test, actual, false, Truth::True)
}

fn held(test: &Test, actual: impl Into<Value>) -> String {
    words(test, actual, true, Truth::True)
}

fn at(root: Root, key: &str, compare: Compare) -> Test {
    Test::Compare { source: Source::Path(Path { root, keys: vec![key.to_owned()] }), compare }
}

fn page(compare: Compare) -> Test {
    at(Root::Page, "path", compare)
}

fn spend(compare: Compare) -> Test {
    Test::Compare { source: Source::Feature(1), compare }
}

fn order(order: Order, wanted: impl Into<Value>) -> Compare {
    Compare::Order(order, wanted.into())
}

fn views(least: u32, most: Option<u32>) -> Test {
    Test::Count { feature: 0, within: Some(DAYS_7), session: false, least, most }
}

#[test]
fn a_number_says_how_far_off_it_is() {
    let least = spend(order(Order::Gte, 500.0));
    assert_eq!(failed(&least, 42.0), "features.spend-90d: 42 < 500 (short by 458)");
    assert_eq!(held(&least, 642.5), "features.spend-90d: 642.5 ≥ 500");
    assert_eq!(unwanted(&least, 642.5), "features.spend-90d: 642.5 > 500 (over by 142.5)");
    assert_eq!(words(&least, 42.0, false, Truth::False), "features.spend-90d: 42 < 500");
    let more = spend(order(Order::Gt, 500.0));
    assert_eq!(failed(&more, 500.0), "features.spend-90d: 500 = 500 (wanted more)");
    let most = spend(order(Order::Lte, 0.3));
    assert_eq!(failed(&most, 0.1 + 0.3), "features.spend-90d: 0.4 > 0.3 (over by 0.1)");
    let less = spend(order(Order::Lt, 500.0));
    assert_eq!(failed(&less, 500.0), "features.spend-90d: 500 = 500 (wanted less)");
}

#[test]
fn features_without_a_name_are_called_what_they_are() {
    let source = Source::Feature(5);
    let test = Test::Compare { source, compare: order(Order::Gte, 2.0) };
    assert_eq!(failed(&test, 1.0), "count of Product Viewed: 1 < 2 (short by 1)");
    let session =
        |key| Test::Compare { source: Source::Session(key), compare: order(Order::Gte, 2.0) };
    assert_eq!(failed(&session(SessionKey::Number), 1.0), "session.number: 1 < 2 (short by 1)");
    assert_eq!(failed(&session(SessionKey::Events), 1.0), "session.events: 1 < 2 (short by 1)");
}

#[test]
fn a_value_is_shown_beside_the_one_that_was_wanted() {
    let list = || vec![Value::from("/b"), Value::from("/c")];
    for (compare, said) in [
        (Compare::Is(Value::from("/b")), r#"page.path is "/a", wanted "/b""#),
        (Compare::In(list()), r#"page.path is "/a", wanted one of "/b", "/c""#),
        (Compare::In(vec![Value::from("/b")]), r#"page.path is "/a", wanted "/b""#),
        (Compare::InFolded(list()), r#"page.path is "/a", wanted one of "/b", "/c", in any case"#),
        (Compare::Type(Type::Number), r#"page.path is "/a", wanted the type number"#),
        (
            Compare::Version(Relation::Order(Order::Gt), "    1-    2-    0-~".to_owned()),
            r#"page.path is "/a", wanted a version > 1-2-0"#,
        ),
        (order(Order::Lt, "/A"), r#"page.path is "/a", wanted < "/A""#),
        (order(Order::Gte, 5.0), r#"page.path is "/a", wanted ≥ 5"#),
    ] {
        assert_eq!(failed(&page(compare), "/a"), said);
    }
    assert_eq!(held(&page(Compare::Is(Value::from("/a"))), "/a"), r#"page.path is "/a""#);
}

#[test]
fn what_must_not_be_is_said_the_other_way_round() {
    let eq = page(Compare::Is(Value::from("/a")));
    assert_eq!(unwanted(&eq, "/a"), r#"page.path is "/a", wanted anything else"#);
    let exists = page(Compare::Exists);
    assert_eq!(unwanted(&exists, "/a"), r#"page.path is "/a", wanted it missing"#);
    let among = page(Compare::In(vec![Value::from("/a"), Value::from("/b")]));
    assert_eq!(unwanted(&among, "/a"), r#"page.path is "/a", wanted none of "/a", "/b""#);
}

#[test]
fn what_is_missing_is_said_to_be() {
    assert_eq!(failed(&page(Compare::Exists), Value::Null), "page.path is missing");
    let eq = at(Root::Traits, "plan", Compare::Is(Value::from("pro")));
    assert_eq!(failed(&eq, Value::Null), r#"traits.plan is missing, wanted "pro""#);
    let age = at(Root::Traits, "age", order(Order::Gte, 18.0));
    assert_eq!(failed(&age, Value::Null), "traits.age is missing, wanted ≥ 18");
}

#[test]
fn a_count_says_how_many_of_how_many() {
    let what = "Product Viewed where category = \"tents\" in the last 7d";
    assert_eq!(failed(&views(3, None), 2.0), format!("{what}: 2 of 3"));
    assert_eq!(failed(&views(0, Some(1)), 2.0), format!("{what}: 2, wanted at most 1"));
    assert_eq!(failed(&views(0, Some(0)), 2.0), format!("{what}: 2, wanted none"));
    assert_eq!(unwanted(&views(1, None), 2.0), format!("{what}: 2, wanted none"));
    assert_eq!(unwanted(&views(2, None), 2.0), format!("{what}: 2, wanted fewer than 2"));
    assert_eq!(unwanted(&views(1, Some(2)), 2.0), format!("{what}: 2, wanted none or more than 2"));
    assert_eq!(unwanted(&views(0, Some(2)), 2.0), format!("{what}: 2, wanted more than 2"));
    assert_eq!(words(&views(1, None), 0.0, false, Truth::False), format!("{what}: 0"));
}

#[test]
fn of_a_count_that_is_not_kept_whole_only_the_least_is_claimed() {
    let what = "Product Viewed where category = \"tents\"";
    assert_eq!(held(&views(3, None), 3.0), format!("{what} in the last 7d: at least 3"));
    let ever = Test::Count { feature: 0, within: None, session: false, least: 3, most: None };
    assert_eq!(held(&ever, 12.0), format!("{what}: 12"));
    let here = Test::Count { feature: 0, within: None, session: true, least: 2, most: None };
    assert_eq!(failed(&here, 1.0), format!("{what} in this session: 1 of 2"));
}

#[test]
fn ages_are_durations() {
    let age = |order| Test::Age { feature: 2, order, span: DAYS_60 };
    let days = |days: f64| days * 86_400_000.0;
    assert_eq!(
        failed(&age(Order::Gte), days(5.0)),
        "last Order Completed: 5d ago, wanted at least 60d ago (short by 55d)"
    );
    assert_eq!(
        failed(&age(Order::Lt), days(63.5)),
        "last Order Completed: 63d 12h ago, wanted less than 60d ago (over by 3d 12h)"
    );
    assert_eq!(
        unwanted(&age(Order::Lte), days(1.0)),
        "last Order Completed: 1d ago, wanted more than 60d ago (short by 59d)"
    );
    assert_eq!(
        failed(&age(Order::Gte), Value::Null),
        "last Order Completed: never, wanted at least 60d ago"
    );
    assert_eq!(held(&age(Order::Gte), days(70.0)), "last Order Completed: 70d ago");
}

#[test]
fn what_was_kept_of_an_occurrence_is_called_by_its_property() {
    let test =
        Test::Compare { source: Source::Feature(3), compare: Compare::Is(Value::from("packs")) };
    assert_eq!(
        failed(&test, "tents"),
        r#"category of the first Product Viewed is "tents", wanted "packs""#
    );
}

#[test]
fn a_sequence_says_how_far_it_came() {
    let test = Test::Sequence { feature: 4, within: Some(DAYS_7), idle: Some(Span::HOUR) };
    let what = "Product Viewed, then Product Added in the last 7d and no Order Completed since";
    assert_eq!(failed(&test, 1.0), format!("{what}: 1 of 2 steps"));
    assert_eq!(failed(&test, 2.0), format!("{what}: it happened, but longer ago"));
    assert_eq!(
        words_until(&test, 2.0, true, Truth::False, Timestamp(0)),
        format!("{what}: it happened, but less than 1h ago (until 1970-01-01T00:00:00.000Z)")
    );
    assert_eq!(unwanted(&test, 2.0), format!("{what}: it happened, wanted not"));
    assert_eq!(held(&test, 2.0), format!("{what}: it happened"));
}

#[test]
fn segments_and_stages_go_by_their_names() {
    let vip = Test::Segment(0);
    assert_eq!(failed(&vip, false), "not in the segment vip");
    assert_eq!(held(&vip, true), "in the segment vip");
    assert_eq!(unwanted(&vip, true), "in the segment vip, wanted not");
    let stage = |least, most| Test::Stage { least, most };
    assert_eq!(
        failed(&stage(1, 2), "looking"),
        r#"the stage is "looking", wanted "deciding" or later"#
    );
    assert_eq!(failed(&stage(1, 1), Value::Null), r#"in no stage, wanted "deciding""#);
    assert_eq!(
        failed(&stage(0, 1), "customer"),
        r#"the stage is "customer", wanted "deciding" or earlier"#
    );
    assert_eq!(
        unwanted(&stage(2, 2), "customer"),
        r#"the stage is "customer", wanted any but "customer""#
    );
}

#[test]
fn what_cannot_be_known_says_so() {
    assert_eq!(
        words(&views(3, None), 2.0, true, Truth::Unknown),
        "Product Viewed where category = \"tents\" in the last 7d: 2 of 3; unknown, because what \
         was seen does not reach back that far"
    );
}

#[test]
fn a_duration_has_its_two_largest_units() {
    for (ms, said) in [
        (0, "0s"),
        (250, "250ms"),
        (59_999, "59s"),
        (61_000, "1m 1s"),
        (7 * 86_400_000, "7d"),
        (3 * 86_400_000 + 2 * 3_600_000 + 5 * 60_000, "3d 2h"),
        (3 * 86_400_000 + 5_000, "3d"),
        (86_399_999, "23h 59m"),
    ] {
        assert_eq!(duration(Span(ms)), said);
    }
}
