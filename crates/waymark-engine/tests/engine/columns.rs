//! Rules found by the values that they ask for are those found by asking each.

use proptest::prelude::*;
use waymark_engine::program::{
    Action, Body, Compare, Cond, CondId, Content, Logs, Order, Path, Presentation, Root, Rule,
    Slot, Source, Test, Type,
};
use waymark_engine::{Context, Engine, Numerals, Program};
use waymark_model::{Event, Kind, Object, Purpose, Purposes, Span, Timestamp, Value};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// Single values of which some are constants and some lie between.
fn single() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3_i32..6).prop_map(|n| Value::Number(f64::from(n) / 2.0)),
        prop::sample::select(vec!["", "a", "ab", "b", "B", "\u{ff5e}", "\u{1f600}", "帐"])
            .prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => single(),
        2 => prop::collection::vec(
            prop_oneof![9 => single(), 1 => single().prop_map(|v| Value::Array(vec![v]))],
            0..4
        )
        .prop_map(Value::Array),
        1 => single().prop_map(|v| Value::Object([("k", v)].into_iter().collect())),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    prop::sample::select(vec![Order::Lt, Order::Lte, Order::Gt, Order::Gte])
}

fn compare() -> impl Strategy<Value = Compare> {
    prop_oneof![
        value().prop_map(Compare::Is),
        (order(), single()).prop_map(|(order, value)| Compare::Order(order, value)),
        prop::collection::vec(single(), 0..4).prop_map(Compare::In),
        Just(Compare::Exists),
        prop::sample::select(Type::ALL.to_vec()).prop_map(Compare::Type),
        Just(Compare::InFolded(vec![Value::from("b")])),
    ]
}

/// A condition as a tree, over few paths.
#[derive(Debug, Clone)]
enum Tree {
    Test(usize, Compare),
    Not(Box<Tree>),
    All(Vec<Tree>),
    Any(Vec<Tree>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = (0_usize..4, compare()).prop_map(|(path, compare)| Tree::Test(path, compare));
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|tree| Tree::Not(Box::new(tree))),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Tree::All),
            prop::collection::vec(inner, 0..3).prop_map(Tree::Any),
        ]
    })
}

const PATHS: [(Root, &str); 4] =
    [(Root::Traits, "a"), (Root::Traits, "b"), (Root::Page, "a"), (Root::Device, "type")];

fn add(tree: &Tree, conds: &mut Vec<Cond>) -> CondId {
    let cond = match tree {
        Tree::Test(path, compare) => {
            let (root, key) = PATHS[*path];
            let path = Path { root, keys: vec![key.to_owned()] };
            Cond::Test(Test::Compare { source: Source::Path(path), compare: compare.clone() })
        }
        Tree::Not(inner) => Cond::Not(add(inner, conds)),
        Tree::All(parts) => Cond::All(parts.iter().map(|part| add(part, conds)).collect()),
        Tree::Any(parts) => Cond::Any(parts.iter().map(|part| add(part, conds)).collect()),
    };
    let id = conds.iter().position(|have| *have == cond).unwrap_or_else(|| {
        conds.push(cond);
        conds.len() - 1
    });
    CondId(u32::try_from(id).unwrap())
}

fn program(rules: &[Tree]) -> Program {
    let mut program = Program { session_gap: Span::HOUR, ..Program::default() };
    program.slots = vec![Slot {
        id: "s".to_owned(),
        default: None,
        edge: false,
        contact: None,
        presentation: Presentation::InPlace,
    }];
    program.contents = vec![Content { id: "c".to_owned(), body: Body::Text, variants: Vec::new() }];
    for (number, tree) in rules.iter().enumerate() {
        let when = add(tree, &mut program.conds);
        program.rules.push(Rule {
            id: format!("r{number:03}"),
            slot: 0,
            action: Action::Show(0),
            priority: 0,
            purpose: Purpose::Personalization,
            when,
            stateless: false,
            shares: Vec::new(),
            needs: Vec::new(),
            holdouts: Vec::new(),
            limit: None,
            exclusive: None,
            logs: Logs::default(),
        });
    }
    Program::decode(&program.indexed().encode()).unwrap()
}

fn found(program: &Program, traits: &Object, context: &Context) -> Vec<u32> {
    let engine = Engine::new(program, Numerals::NATIVE);
    let mut state = engine.new_state();
    let mut event = Event::new("m", Kind::Identify, "Identified", NOW);
    event.properties = traits.clone();
    engine.apply(&mut state, &event);
    let prepared = engine.prepare(&state, context);
    let mut found = Vec::new();
    engine.eligible(&prepared, &state, context, NOW, &mut found);
    let decision = engine.decide(&state, context, NOW);
    let first = decision.slots[0].rule.as_ref();
    assert_eq!(first, found.first().map(|rule| &program.rules[*rule as usize].id));
    // To tell why, every rule is asked.
    assert_eq!(engine.explain(&state, context, NOW).decision, decision);
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn rules_found_by_value_are_those_that_hold(
        trees in prop::collection::vec(tree(), 1..150),
        visitors in prop::collection::vec([value(), value(), value(), value()], 1..4),
    ) {
        let whole = program(&trees);
        for [a, b, page, device] in visitors {
            let traits: Object = [("a", a), ("b", b)].into_iter().collect();
            let mut context = Context { consent: Purposes::ALL, ..Context::default() };
            let group = |key: &str, value| Value::Object([(key, value)].into_iter().collect());
            context.values.insert("page", group("a", page));
            context.values.insert("device", group("type", device));
            // A rule alone is asked.
            let asked: Vec<u32> = (0..).zip(&trees).filter(|(_, tree)| {
                found(&program(std::slice::from_ref(*tree)), &traits, &context) == [0]
            }).map(|(number, _)| number).collect();
            prop_assert_eq!(found(&whole, &traits, &context), asked);
        }
    }
}
