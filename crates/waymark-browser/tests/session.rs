//! The engine as a page runs it, on a native target.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use waymark_browser::Session;
use waymark_engine::program::{
    Action, Body, Cond, CondId, Content, Feature, FeatureKind, Logs, Matcher, PackHash, Part,
    Presentation, Program, Rule, Segment, Slot, Template, Test, Variant,
};
use waymark_engine::{Context, Decision, Numerals};
use waymark_model::{Event, Kind, Purpose, Purposes, Span, Timestamp};

const T0: i64 = 1_700_000_000_000;

/// Who viewed two products within an hour sees a greeting.
fn program() -> Vec<u8> {
    let program = Program {
        hash: PackHash([7; 16]),
        pack: "test".to_owned(),
        session_gap: Span(30 * Span::MINUTE.0),
        events: vec!["Product Viewed".to_owned()],
        features: vec![Feature {
            fingerprint: 1,
            kind: FeatureKind::Times { on: Matcher { event: Some(0), condition: None }, keep: 2 },
        }],
        conds: vec![
            Cond::Test(Test::Count {
                feature: 0,
                within: Some(Span::HOUR),
                session: false,
                least: 2,
                most: None,
            }),
            Cond::Test(Test::Segment(0)),
        ],
        segments: vec![Segment { id: "looking".to_owned(), when: CondId(0), edge: false }],
        stage_after: 1,
        slots: vec![Slot {
            id: "hero".to_owned(),
            default: None,
            edge: false,
            contact: None,
            presentation: Presentation::InPlace,
        }],
        contents: vec![Content {
            id: "hello".to_owned(),
            body: Body::Text,
            variants: vec![Variant {
                locale: "en".to_owned(),
                template: Template(vec![Part::Literal("Still looking?".to_owned())]),
            }],
        }],
        rules: vec![Rule {
            id: "greet".to_owned(),
            slot: 0,
            action: Action::Show(0),
            priority: 0,
            purpose: Purpose::Personalization,
            when: CondId(1),
            stateless: false,
            shares: Vec::new(),
            needs: Vec::new(),
            holdouts: Vec::new(),
            limit: None,
            exclusive: None,
            logs: Logs::default(),
        }],
        ..Program::default()
    };
    program.indexed().encode()
}

fn viewed(id: &str, ms: i64) -> Vec<u8> {
    Event::new(id, Kind::Track, "Product Viewed", Timestamp(T0 + ms)).encode()
}

fn session(state: Option<&[u8]>) -> Session {
    Session::new(Session::program(&program()).unwrap(), state, Numerals::NATIVE).unwrap()
}

#[expect(clippy::cast_precision_loss, reason = "instants are exact")]
fn decision(session: &mut Session, ms: i64) -> Decision {
    let context = Context { consent: Purposes::ALL, ..Context::default() };
    Decision::decode(&session.decide(&context.encode(), (T0 + ms) as f64).unwrap()).unwrap()
}

#[test]
fn a_snapshot_goes_on_where_it_was_taken() {
    let mut first = session(None);
    first.apply(&viewed("m1", 0)).unwrap();
    first.apply(&viewed("m2", 1_000)).unwrap();
    let mut second = session(Some(&first.snapshot()));
    let decided = decision(&mut second, 2_000);
    assert_eq!(decided, decision(&mut first, 2_000));
    assert_eq!(decided.slots[0].content.as_deref(), Some("hello"));
    assert_eq!((decided.seq, decided.segments), (2, vec!["looking".to_owned()]));
}

#[test]
fn time_alone_ends_a_membership_and_says_so() {
    let mut session = session(None);
    session.apply(&viewed("m1", 0)).unwrap();
    session.apply(&viewed("m2", 1_000)).unwrap();
    let until = decision(&mut session, 2_000).valid_until;
    assert_eq!(until, Timestamp(T0 + Span::HOUR.0));
    let effects = session.advance(until.to_js()).unwrap();
    // In order, two events known, nobody entered, one left.
    assert_eq!(&effects[..5], [0, 2, 0, 1, 7]);
    assert_eq!(&effects[5..12], b"looking");
    assert_eq!(decision(&mut session, Span::HOUR.0).slots[0].content, None);
}

#[test]
fn an_event_that_was_known_changes_nothing() {
    let mut session = session(None);
    session.apply(&viewed("m1", 0)).unwrap();
    assert_eq!(session.apply(&viewed("m1", 0)).unwrap()[..2], [3, 1]);
}

#[test]
fn whatever_cannot_be_read_is_refused_by_name() {
    let code = |result: Result<Vec<u8>, waymark_model::DecodeError>| result.unwrap_err().code;
    assert_eq!(Session::program(b"").unwrap_err().code, "truncated");
    assert_eq!(Session::program(b"WASM").unwrap_err().code, "not-a-program");
    let program = Session::program(&program()).unwrap();
    let spoiled = Session::new(program, Some(b"spoiled"), Numerals::NATIVE);
    assert_eq!(spoiled.unwrap_err().code, "unknown-state-format");
    let mut session = session(None);
    assert_eq!(code(session.apply(b"{}")), "unknown-event-format");
    assert_eq!(code(session.advance(f64::NAN)), "bad-time");
    assert_eq!(code(session.decide(b"", 0.0)), "truncated");
    let context = Context::default().encode();
    assert_eq!(code(session.decide(&context, f64::INFINITY)), "bad-time");
}

#[test]
fn every_cut_of_a_program_is_refused() {
    let program = program();
    for length in 0..program.len() {
        assert!(Session::program(&program[..length]).is_err(), "{length}");
    }
}
