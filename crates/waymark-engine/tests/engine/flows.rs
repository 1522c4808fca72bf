//! Triggers and journeys: what fires, and what does not.

use proptest::prelude::*;
use waymark_engine::program::{
    Act, Compare, Cond, CondId, Cue, Does, Entrance, Feature, FeatureKind, Flow, Matcher, Order,
    PackHash, Path, Program, Root, Source, Step, Test,
};
use waymark_engine::{Acted, Context, Ended, Engine, Numerals, State, Stepped};
use waymark_model::{Event, Kind, Object, Purpose, Purposes, Span, Timestamp, Value};

const HOUR: i64 = Span::HOUR.0;
const DAY: i64 = Span::DAY.0;
const ANSWERED: u32 = 0;
const CLEARED: u32 = 1;
const ORDERED: u32 = 2;
const ADDED: u32 = 3;

/// Conditions of every Program here.
const ALWAYS: CondId = CondId(0);
const BOUGHT_TWICE: CondId = CondId(1);
const FROM_NOON: CondId = CondId(2);
const LOW_SCORE: CondId = CondId(3);
const BOUGHT: CondId = CondId(4);
/// 1970-01-03T12:00:00Z
const NOON: i64 = 2 * DAY + 12 * HOUR;

fn on(event: u32) -> Matcher {
    Matcher { event: Some(event), condition: None }
}

fn step(id: &str, does: Does) -> Step {
    Step { id: id.to_owned(), does }
}

fn act(id: &str) -> Step {
    acting(id, None)
}

fn acting(id: &str, quiet: Option<CondId>) -> Step {
    let event = "Message Requested".to_owned();
    let properties = vec![("journey_id".to_owned(), "cart".to_owned())];
    let purpose = Purpose::Marketing;
    step(id, Does::Act(Act { event, purpose, properties, quiet, limit: None }))
}

fn wait(id: &str, ms: i64) -> Step {
    step(id, Does::Wait(Span(ms)))
}

/// A reminder after an hour and another after a day, unless they order or clear the cart.
fn cart() -> Flow {
    Flow {
        id: "cart".to_owned(),
        edge: true,
        enter: vec![Entrance { cue: Cue::Event(on(ADDED)), when: ALWAYS }],
        key: None,
        reenter: Some(Span(30 * DAY)),
        exit: vec![on(ORDERED), on(CLEARED)],
        over: None,
        existing: false,
        entry: Vec::new(),
        answer: Vec::new(),
        steps: vec![wait("hour", HOUR), act("first"), wait("day", DAY), act("second")],
    }
}

fn program(flows: Vec<Flow>) -> Program {
    let count = |least| Test::Count { feature: 0, within: None, session: false, least, most: None };
    let score = Path { root: Root::Item, keys: vec!["event".to_owned(), "score".to_owned()] };
    let low = Compare::Order(Order::Lte, Value::Number(6.0));
    let hash = flows.iter().flat_map(|flow| &flow.steps).fold(1_u8, |hash, step| {
        step.id.bytes().fold(hash, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte))
    });
    let program = Program {
        hash: PackHash([hash; 16]),
        session_gap: Span(30 * Span::MINUTE.0),
        events: ["Answered", "Cart Cleared", "Order Completed", "Product Added"]
            .map(str::to_owned)
            .to_vec(),
        features: vec![Feature {
            fingerprint: 7,
            kind: FeatureKind::Times { on: on(ORDERED), keep: 2 },
        }],
        conds: vec![
            Cond::All(Vec::new()),
            Cond::Test(count(2)),
            Cond::Test(Test::Scheduled { from: Timestamp(NOON), until: Timestamp::MAX }),
            Cond::Test(Test::Compare { source: Source::Path(score), compare: low }),
            Cond::Test(count(1)),
        ],
        watches: vec![BOUGHT_TWICE],
        flows,
        ..Program::default()
    };
    Program::decode(&program.encode()).expect("a legal program")
}

struct Visitor<'p> {
    engine: Engine<'p>,
    state: State,
    consent: Purposes,
    sent: usize,
}

impl<'p> Visitor<'p> {
    fn new(program: &'p Program) -> Self {
        let engine = Engine::new(program, Numerals::NATIVE);
        Self { engine, state: engine.new_state(), consent: Purposes::ALL, sent: 0 }
    }

    fn event(&mut self, event: u32, time: i64) {
        self.sent += 1;
        let id = format!("m{}", self.sent);
        self.take(&of(self.engine.program, &id, event, time));
    }

    fn take(&mut self, event: &Event) {
        self.engine.apply(&mut self.state, event);
    }

    /// The clock stands at `now`; what is done.
    fn clock(&mut self, now: i64) -> Vec<Acted> {
        let context = Context { consent: self.consent, ..Context::default() };
        self.engine.advance(&mut self.state, Timestamp(now));
        self.engine.act(&mut self.state, &context, Timestamp(now))
    }

    fn steps(&mut self, now: i64) -> Vec<String> {
        self.clock(now).iter().map(step_of).collect()
    }

    /// Goes on under another pack, from what was stored.
    fn under<'q>(&self, program: &'q Program) -> Visitor<'q> {
        let engine = Engine::new(program, Numerals::NATIVE);
        let bytes = self.engine.write_state(&self.state);
        let state = engine.read_state(&bytes).expect("a legal state");
        Visitor { engine, state, consent: self.consent, sent: self.sent }
    }
}

fn of(program: &Program, id: &str, event: u32, time: i64) -> Event {
    Event::new(id, Kind::Track, &program.events[event as usize], Timestamp(time))
}

fn step_of(acted: &Acted) -> String {
    let step = acted.event.properties.get("step_id").and_then(Value::as_text);
    step.unwrap_or_default().to_owned()
}

#[test]
fn a_forgotten_cart_is_recalled_after_an_hour_and_after_a_day() {
    let program = program(vec![cart()]);
    let mut visitor = Visitor::new(&program);
    visitor.event(ADDED, 0);
    assert_eq!(visitor.state.valid_until(), Timestamp(HOUR));
    assert!(visitor.clock(HOUR - 1).is_empty());
    let acted = visitor.clock(HOUR);
    let [Acted { event, .. }] = &acted[..] else { panic!("{acted:?}") };
    assert_eq!((event.name.as_str(), event.time), ("Message Requested", Timestamp(HOUR)));
    assert_eq!(event.properties.get("journey_id"), Some(&Value::from("cart")));
    assert_eq!(visitor.state.seq, 2);
    assert_eq!(visitor.state.valid_until(), Timestamp(HOUR + DAY));
    assert_eq!(visitor.steps(HOUR + DAY), ["second"]);
    assert_eq!(visitor.state.valid_until(), Timestamp::MAX);
    assert!(visitor.clock(100 * DAY).is_empty());
}

#[test]
fn an_order_ends_it_and_so_does_one_that_is_heard_of_late() {
    let program = program(vec![cart()]);
    let mut visitor = Visitor::new(&program);
    visitor.event(ADDED, 0);
    visitor.event(ORDERED, HOUR / 2);
    assert!(visitor.clock(30 * DAY).is_empty());
    let mut visitor = Visitor::new(&program);
    visitor.event(ADDED, 0);
    assert_eq!(visitor.steps(HOUR), ["first"]);
    // It happened before what is not taken back, and after they came in.
    visitor.event(ORDERED, HOUR / 2);
    assert!(visitor.clock(30 * DAY).is_empty());
    let mut visitor = Visitor::new(&program);
    visitor.event(ADDED, HOUR);
    visitor.event(ORDERED, HOUR / 2);
    assert_eq!(visitor.steps(2 * HOUR), ["first"], "an order before it does not end it");
}

#[test]
fn nothing_is_done_twice_and_nobody_comes_in_again_too_soon() {
    let program = program(vec![cart()]);
    let mut visitor = Visitor::new(&program);
    let added = of(&program, "m", ADDED, 0);
    visitor.take(&added);
    visitor.take(&added);
    visitor.event(ADDED, HOUR / 4);
    let acted = visitor.clock(HOUR);
    assert_eq!(acted.len(), 1);
    // The host logs it, and hears of it again.
    visitor.take(&acted[0].event);
    assert!(visitor.clock(HOUR).is_empty());
    assert_eq!(visitor.steps(HOUR + DAY), ["second"]);
    visitor.event(ADDED, 29 * DAY);
    assert!(visitor.clock(30 * DAY - 1).is_empty());
    visitor.event(ADDED, 30 * DAY);
    assert_eq!(visitor.steps(30 * DAY + HOUR), ["first"]);
}

#[test]
fn what_is_too_late_moves_nobody() {
    let program = program(vec![cart()]);
    let mut visitor = Visitor::new(&program);
    visitor.event(ANSWERED, 10 * DAY);
    visitor.event(ADDED, 7 * DAY - 1);
    assert!(visitor.clock(11 * DAY).is_empty());
    // Three days are not too late: what it waited for is over.
    visitor.event(ADDED, 7 * DAY);
    assert_eq!(visitor.steps(11 * DAY), ["first"]);
}

#[test]
fn without_consent_it_ends_before_the_next_action() {
    let program = program(vec![cart()]);
    let mut visitor = Visitor::new(&program);
    visitor.event(ADDED, 0);
    assert_eq!(visitor.steps(HOUR), ["first"]);
    visitor.consent = Purposes::NONE;
    assert!(visitor.clock(HOUR + DAY).is_empty());
    visitor.consent = Purposes::ALL;
    assert!(visitor.clock(3 * DAY).is_empty());
}

#[test]
fn an_action_waits_while_it_is_quiet() {
    let flow = Flow { steps: vec![acting("first", Some(FROM_NOON))], ..cart() };
    let program = program(vec![flow]);
    let mut visitor = Visitor::new(&program);
    visitor.event(ADDED, NOON - 5 * HOUR);
    assert!(visitor.clock(NOON - 5 * HOUR).is_empty());
    assert_eq!(visitor.state.valid_until(), Timestamp(NOON));
    assert_eq!(visitor.steps(NOON), ["first"]);
    // They order while it waits.
    let mut visitor = Visitor::new(&program);
    visitor.event(ADDED, NOON - 5 * HOUR);
    assert!(visitor.clock(NOON - 5 * HOUR).is_empty());
    visitor.event(ORDERED, NOON - HOUR);
    assert!(visitor.clock(NOON).is_empty());
}

#[test]
fn what_is_over_or_limited_is_not_done() {
    let over = Flow { exit: Vec::new(), over: Some(BOUGHT), ..cart() };
    let of_over = program(vec![over]);
    let mut visitor = Visitor::new(&of_over);
    visitor.event(ADDED, 0);
    visitor.event(ORDERED, 1);
    assert!(visitor.clock(30 * DAY).is_empty());
    let mut limited = Flow { exit: Vec::new(), ..cart() };
    if let Does::Act(first) = &mut limited.steps[1].does {
        first.limit = Some(BOUGHT);
    }
    let of_limited = program(vec![limited]);
    let mut visitor = Visitor::new(&of_limited);
    visitor.event(ADDED, 0);
    assert!(visitor.clock(HOUR).is_empty());
    assert_eq!(visitor.steps(HOUR + DAY), ["second"], "it goes on behind what is left out");
}

fn keyed(order: &str, event: u32, time: i64, id: &str, program: &Program) -> Event {
    let mut event = of(program, id, event, time);
    event.properties.insert("order_id", Value::from(order));
    event
}

#[test]
fn each_key_has_a_run_of_its_own() {
    let key = Some(vec!["order_id".to_owned()]);
    let flow = Flow { key, reenter: None, steps: vec![wait("hour", HOUR), act("ask")], ..cart() };
    let program = program(vec![flow]);
    let mut visitor = Visitor::new(&program);
    for (number, order) in ["a", "b", "c"].into_iter().enumerate() {
        let id = format!("in-{order}");
        visitor.take(&keyed(order, ADDED, i64::try_from(number).unwrap(), &id, &program));
    }
    visitor.take(&of(&program, "without", ADDED, 5));
    visitor.take(&keyed("b", ORDERED, 10, "out-b", &program));
    let keys = |acted: &[Acted]| -> Vec<Value> {
        acted.iter().filter_map(|one| one.event.properties.get("key").cloned()).collect()
    };
    assert_eq!(keys(&visitor.clock(2 * HOUR)), [Value::from("a"), Value::from("c")]);
    visitor.take(&keyed("a", ADDED, 2 * DAY, "again", &program));
    assert!(visitor.clock(3 * DAY).is_empty(), "once is all, unless it says otherwise");
    // An exit that names no key ends all.
    visitor.take(&keyed("d", ADDED, 3 * DAY, "in-d", &program));
    visitor.take(&of(&program, "out", ORDERED, 3 * DAY + 1));
    assert!(visitor.clock(4 * DAY).is_empty());
}

#[test]
fn runs_that_are_forgotten_do_not_come_again() {
    let key = Some(vec!["order_id".to_owned()]);
    let flow = Flow { key, reenter: None, steps: vec![act("ask")], ..cart() };
    let program = program(vec![flow]);
    let mut visitor = Visitor::new(&program);
    for number in 0..40_i64 {
        let order = format!("o{number}");
        visitor.take(&keyed(&order, ADDED, number, &order, &program));
        assert_eq!(visitor.clock(number).len(), 1, "{number}");
    }
    let mut visitor = visitor.under(&program);
    // The first is no longer among those that are remembered.
    visitor.take(&keyed("o0", ADDED, 3, "again", &program));
    assert!(visitor.clock(50).is_empty());
}

/// Asks, waits for the answer, and tells somebody if it is bad.
fn survey() -> Flow {
    let awaits =
        Does::Await { on: vec![on(ANSWERED)], until: None, most: Some(Span(14 * DAY)), missed: 2 };
    let branch = Does::Branch { arms: vec![(LOW_SCORE, 3)], otherwise: 4 };
    Flow {
        id: "survey".to_owned(),
        answer: vec![vec!["score".to_owned()]],
        exit: Vec::new(),
        steps: vec![act("ask"), step("answer", awaits), step("route", branch), act("alert")],
        ..cart()
    }
}

#[test]
fn an_answer_decides_where_it_goes_on() {
    let program = program(vec![survey()]);
    let answered = |score: Option<f64>| {
        let mut visitor = Visitor::new(&program);
        visitor.event(ADDED, 0);
        assert_eq!(visitor.steps(0), ["ask"]);
        if let Some(score) = score {
            let mut answer = of(&program, "answer", ANSWERED, DAY);
            answer.properties.insert("score", Value::Number(score));
            visitor.take(&answer);
        }
        // What was answered is kept in what is stored.
        let mut visitor = visitor.under(&program);
        visitor.steps(20 * DAY)
    };
    assert_eq!(answered(Some(3.0)), ["alert"]);
    assert!(answered(Some(9.0)).is_empty());
    assert!(answered(None).is_empty());
}

#[test]
fn whoever_waits_for_a_condition_goes_on_when_it_holds() {
    let awaits =
        Does::Await { on: Vec::new(), until: Some(BOUGHT), most: Some(Span(5 * DAY)), missed: 2 };
    let steps = vec![step("until", awaits), act("thanks"), act("last")];
    let program = program(vec![Flow { exit: Vec::new(), steps, ..cart() }]);
    let mut visitor = Visitor::new(&program);
    visitor.event(ADDED, 0);
    assert!(visitor.clock(0).is_empty());
    visitor.event(ORDERED, DAY);
    assert_eq!(visitor.steps(DAY), ["thanks", "last"]);
    let mut visitor = Visitor::new(&program);
    visitor.event(ADDED, 0);
    assert!(visitor.clock(0).is_empty());
    assert_eq!(visitor.state.valid_until(), Timestamp(5 * DAY));
    assert_eq!(visitor.steps(5 * DAY), ["last"]);
}

fn loyal(existing: bool) -> Flow {
    Flow {
        enter: vec![Entrance { cue: Cue::Becomes(0), when: ALWAYS }],
        exit: Vec::new(),
        steps: vec![act("thanks")],
        existing,
        ..cart()
    }
}

#[test]
fn what_begins_to_hold_lets_in_and_activation_is_silent() {
    let with = program(vec![loyal(false)]);
    let mut visitor = Visitor::new(&with);
    visitor.event(ORDERED, 0);
    assert!(visitor.clock(0).is_empty());
    visitor.event(ORDERED, HOUR);
    assert_eq!(visitor.steps(HOUR), ["thanks"]);

    let without = program(vec![cart()]);
    let mut visitor = Visitor::new(&without);
    visitor.event(ORDERED, 0);
    visitor.event(ORDERED, HOUR);
    assert!(visitor.under(&with).clock(2 * HOUR).is_empty());
    let included = program(vec![loyal(true), survey()]);
    let mut visitor = visitor.under(&included);
    assert_eq!(visitor.steps(2 * HOUR), ["thanks"]);
    assert!(visitor.under(&included).clock(3 * HOUR).is_empty());
}

#[test]
fn a_condition_that_holds_because_of_a_late_event_lets_nobody_in() {
    let program = program(vec![loyal(false)]);
    let mut visitor = Visitor::new(&program);
    visitor.event(ORDERED, HOUR);
    visitor.event(ORDERED, 0);
    assert!(visitor.clock(2 * HOUR).is_empty());
}

#[test]
fn events_of_one_moment_are_all_in_time() {
    let program = program(vec![loyal(false)]);
    for turn in 0..8 {
        let mut visitor = Visitor::new(&program);
        visitor.sent = turn * 10;
        visitor.event(ORDERED, HOUR);
        visitor.event(ORDERED, HOUR);
        assert_eq!(visitor.steps(HOUR), ["thanks"]);
    }
}

#[test]
fn packs_change_in_the_middle_of_a_journey() {
    let before = program(vec![cart()]);
    let mut visitor = Visitor::new(&before);
    visitor.event(ADDED, 0);
    assert_eq!(visitor.steps(HOUR), ["first"]);
    // Another step in front: who waits at "day" still does.
    let mut longer = cart();
    longer.steps.insert(0, act("hello"));
    let longer = program(vec![longer]);
    assert_eq!(visitor.under(&longer).steps(HOUR + DAY), ["second"]);
    // Without the step, it is over; and it stays over when the pack is rolled back after that.
    let shorter = program(vec![Flow { steps: vec![act("second")], ..cart() }]);
    let mut over = visitor.under(&shorter);
    assert!(over.clock(HOUR + DAY).is_empty());
    assert!(over.under(&before).clock(5 * DAY).is_empty());
    // A pack without the journey, rolled back in time: nothing is lost.
    let none = program(Vec::new());
    assert_eq!(visitor.under(&none).under(&before).steps(HOUR + DAY), ["second"]);
}

#[test]
fn a_pack_that_carries_what_another_remembered_hears_its_own_events() {
    let former = Program {
        events: vec!["An Event".to_owned(), "Product".to_owned()],
        features: vec![Feature { fingerprint: 8, kind: FeatureKind::Times { on: on(0), keep: 1 } }],
        ..Program::default()
    };
    let both = program(vec![cart()]).carrying(&former);
    let mut visitor = Visitor::new(&both);
    let event =
        |name: &str, time| Event::new(&format!("m{time}"), Kind::Track, name, Timestamp(time));
    visitor.take(&event("Product Added", 0));
    assert_eq!(visitor.steps(HOUR), ["first"]);
    visitor.take(&event("Cart Cleared", 2 * HOUR));
    assert!(visitor.clock(3 * DAY).is_empty());
}

#[test]
fn what_another_host_has_done_is_not_done_again() {
    let program = program(vec![cart()]);
    let mut here = Visitor::new(&program);
    here.event(ADDED, 0);
    let mut there = here.under(&program);
    let done = there.clock(HOUR);
    assert_eq!(done.len(), 1);
    // It is heard of before it is due here, or when it is.
    let mut before = here.under(&program);
    before.take(&done[0].event);
    assert!(before.clock(HOUR).is_empty());
    assert_eq!(before.steps(HOUR + DAY), ["second"]);
    here.clock(HOUR - 1);
    here.take(&done[0].event);
    assert_eq!(here.steps(2 * DAY), ["second"]);
}

#[test]
fn what_we_do_is_no_visit_and_not_among_any_events() {
    let any = Matcher { event: None, condition: None };
    let times = FeatureKind::Times { on: any, keep: 1 };
    let program = program(vec![cart()]);
    let features = vec![Feature { fingerprint: 9, kind: times }];
    let program = Program { features, watches: Vec::new(), conds: Vec::new(), ..program };
    let program = Program { conds: vec![Cond::All(Vec::new())], ..program };
    let program = Program::decode(&program.encode()).expect("a legal program");
    let mut visitor = Visitor::new(&program);
    visitor.event(ADDED, 0);
    assert_eq!(visitor.clock(DAY).len(), 1);
    assert_eq!(visitor.state.fold().sessions.count(), 1);
    assert_eq!(visitor.state.seq, 2);
}

#[test]
fn no_page_is_told_of_what_the_edge_does() {
    let page = |flow: Flow| program(vec![flow]).page_projection();
    let edge = page(Flow { edge: true, ..loyal(false) });
    assert!(edge.flows.is_empty() && edge.watches.is_empty() && edge.features.is_empty());
    let both = page(Flow { edge: false, ..loyal(false) });
    let both = Program::decode(&both.encode()).expect("a legal program");
    assert!(both.needs_whole());
    let mut visitor = Visitor::new(&both);
    let order =
        |time| Event::new(&format!("m{time}"), Kind::Track, "Order Completed", Timestamp(time));
    visitor.take(&order(0));
    visitor.take(&order(1));
    assert_eq!(visitor.steps(1), ["thanks"]);
}

#[test]
fn a_program_whose_steps_go_back_is_refused() {
    let back = Flow { steps: vec![act("a"), step("b", Does::Go(0))], ..cart() };
    let program = Program { flows: vec![back], ..program(Vec::new()) };
    assert_eq!(Program::decode(&program.encode()).unwrap_err().code, "step-goes-back");
}

#[test]
fn a_program_with_two_of_one_name_is_refused() {
    let code = |flows| {
        let program = Program { flows, ..program(Vec::new()) };
        Program::decode(&program.encode()).unwrap_err().code
    };
    assert_eq!(code(vec![cart(), cart()]), "duplicate-flow");
    assert_eq!(code(vec![Flow { steps: vec![act("a"), act("a")], ..cart() }]), "duplicate-step");
}

#[derive(Debug, Clone, Copy)]
enum Input {
    /// What, and when it happened.
    Event(u32, i64),
    /// One of those that came before, once more.
    Again(usize),
    /// What was done, heard of again.
    Echo(usize),
    Clock(i64),
    Stored,
}

fn inputs() -> impl Strategy<Value = Vec<Input>> {
    let quarter = HOUR / 4;
    let one = prop_oneof![
        4 => (0_u32..4, 0_i64..400).prop_map(move |(event, at)| Input::Event(event, at * quarter)),
        1 => (0_usize..40).prop_map(Input::Again),
        1 => (0_usize..10).prop_map(Input::Echo),
        4 => (0_i64..400).prop_map(move |at| Input::Clock(at * quarter)),
        1 => Just(Input::Stored),
    ];
    prop::collection::vec(one, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_action_is_taken_twice_or_after_its_end(inputs in inputs(), mut late: bool) {
        let program = program(vec![cart()]);
        let mut visitor = Visitor::new(&program);
        let (mut known, mut moving): (Vec<Event>, Vec<Event>) = (Vec::new(), Vec::new());
        let mut done: Vec<Acted> = Vec::new();
        let mut clock = 0;
        for (number, input) in inputs.into_iter().enumerate() {
            match input {
                Input::Event(event, time) => {
                    // In order, or as it comes.
                    let time = if late { time } else { clock + time / 40 };
                    let event = of(&program, &format!("e{number}"), event, time);
                    visitor.take(&event);
                    // What is older by more than three days moves nobody.
                    if event.time >= visitor.state.fold().newest.time.minus(Span(3 * DAY)) {
                        moving.push(event.clone());
                    }
                    known.push(event);
                }
                Input::Again(at) => {
                    if let Some(event) = known.get(at) {
                        visitor.take(event);
                    }
                }
                Input::Echo(at) => {
                    if let Some(acted) = done.get(at) {
                        visitor.take(&acted.event);
                    }
                }
                Input::Clock(at) => {
                    clock = clock.max(at);
                    let now = visitor.clock(clock);
                    // All of it is done at once.
                    prop_assert!(visitor.state.valid_until() > Timestamp(clock) || now.is_empty());
                    for acted in &now {
                        let event = &acted.event;
                        prop_assert!(done.iter().all(|one| one.event.id != event.id));
                        // Someone came in before, and since the latest time nothing has ended it.
                        let newest = |names: [&str; 2]| {
                            let all = moving.iter().filter(|event| names.contains(&event.name.as_str()));
                            all.map(Event::key).max()
                        };
                        let entered = newest(["Product Added", ""]);
                        prop_assert!(entered.is_some());
                        let ended = newest(["Order Completed", "Cart Cleared"]);
                        prop_assert!(ended < entered, "{ended:?} {entered:?}");
                    }
                    done.extend(now);
                }
                Input::Stored => {
                    visitor = visitor.under(&program);
                    late = !late;
                }
            }
        }
        let firsts = done.iter().filter(|one| step_of(one) == "first").count();
        let seconds = done.iter().filter(|one| step_of(one) == "second").count();
        prop_assert!(seconds <= firsts);
    }

    #[test]
    fn any_run_is_read_or_refused(bytes: Vec<u8>, at in 0_usize..400) {
        let program = program(vec![survey()]);
        let mut visitor = Visitor::new(&program);
        visitor.event(ADDED, 0);
        visitor.clock(0);
        let mut stored = visitor.engine.write_state(&visitor.state);
        let at = at % stored.len();
        stored.splice(at.., bytes);
        if let Ok(mut state) = visitor.engine.read_state(&stored) {
            visitor.engine.act(&mut state, &Context::default(), Timestamp(DAY));
        }
    }
}

/// Only so that what the tests above rest on is seen to hold.
#[test]
fn what_is_kept_of_an_event_is_bounded() {
    let flow = Flow { entry: vec![vec!["long".to_owned()], vec!["short".to_owned()]], ..cart() };
    let program = program(vec![flow]);
    let mut visitor = Visitor::new(&program);
    let mut event = of(&program, "m", ADDED, 0);
    let values = [("long", "x".repeat(10_000)), ("short", "x".to_owned())];
    event.properties = values
        .into_iter()
        .map(|(key, text)| (key.to_owned(), Value::Text(text)))
        .collect::<Object>();
    let before = visitor.engine.write_state(&visitor.state).len();
    visitor.take(&event);
    let tail = event.encode().len();
    let after = visitor.engine.write_state(&visitor.state).len();
    assert!(after - before < tail + program.runs_bound(), "{}", after - before - tail);
}

#[test]
fn the_way_of_a_run_can_be_followed_step_by_step() {
    let program = program(vec![cart()]);
    let mut visitor = Visitor::new(&program);
    visitor.event(ADDED, 0);
    let now = Timestamp(HOUR);
    visitor.engine.advance(&mut visitor.state, now);
    let context = Context { consent: Purposes::ALL, ..Context::default() };
    let at = |visitor: &Visitor<'_>| {
        let standing = visitor.engine.standings(&visitor.state).next().expect("a run");
        assert_eq!((standing.flow, standing.entered), (0, Timestamp(0)));
        standing.step
    };
    let mut way = vec![at(&visitor)];
    while let Some(stepped) = visitor.engine.act_once(&mut visitor.state, &context, now) {
        assert_eq!((stepped.acted.is_some(), stepped.ended), (way.len() == 2, None));
        way.push(at(&visitor));
    }
    assert_eq!(way, [Some(0), Some(1), Some(2)]);
    let later = Timestamp(HOUR + DAY);
    visitor.engine.advance(&mut visitor.state, later);
    visitor.engine.act_once(&mut visitor.state, &context, later);
    let nothing = Context::default();
    let last = visitor.engine.act_once(&mut visitor.state, &nothing, later);
    assert_eq!(last, Some(Stepped { acted: None, ended: Some(Ended::NoConsent) }));
    assert_eq!(at(&visitor), None);
}
