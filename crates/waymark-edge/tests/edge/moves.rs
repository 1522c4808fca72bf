//! Slots move between objects while events come in, and whatever fails meanwhile, nothing is lost or counted twice.

use futures_util::FutureExt as _;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use waymark_edge::moves::{Left, settle};
use waymark_edge::shard_map::{ShardMap, slot_of};
use waymark_model::Span;

use crate::identity::{all_settled, event, pack, profiles_are_right, statement};
use crate::lake::{drained, each_is_there_once, reports, size_of};
use crate::memory::{OPERATOR, SERVER, World, faults, twice};

/// What alarms do until every slot is where it belongs, or waits for the lake.
pub fn slots_settled(world: &World) {
    for object in 0..world.config.map.all_objects() {
        let settled = || settle(&world.edge(), object).now_or_never().unwrap();
        while settled().is_ok_and(|left| left == Left::More) {}
    }
}

/// The sum of a metric over all objects.
fn metric(world: &World, name: &str) -> f64 {
    let request = waymark_edge::http::Request::new(
        waymark_edge::http::Method::Get,
        "https://edge.example/metrics",
    );
    let text = world.ask(&request.with_header("Authorization", OPERATOR)).body;
    let text = String::from_utf8(text).unwrap();
    let lines = text.lines().filter(|line| line.starts_with(&format!("{name}{{")));
    lines.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_fails_while_slots_move_each_event_counts_once_in_its_profile_and_in_the_lake(
        statements in prop::collection::vec(statement(), 1..28),
        seed in any::<u64>(),
        size in 1..4_usize,
        faults in faults(300),
        maps in prop::collection::vec((0..30_usize, 1..9_u16), 1..4),
        drains in prop::collection::vec(any::<bool>(), 60),
    ) {
        let mut world = World::new();
        world.publish(&pack());
        let events: Vec<Json> =
            statements.iter().enumerate().map(|(number, one)| event(*one, number)).collect();
        *world.host.faults.borrow_mut() = faults;
        let mut history = vec![4];
        for (place, numbers) in twice(events.len(), seed).chunks(size).enumerate() {
            for (_, objects) in maps.iter().filter(|(at, _)| *at == place) {
                history.push(*objects);
                world.config.map = ShardMap::new(1, &history).unwrap();
            }
            let batch: Vec<&Json> = numbers.iter().map(|number| &events[*number]).collect();
            let body = json!({ "batch": batch });
            let mut tries = 0;
            while world.post("/v1/batch", SERVER, &body).0 != 200 {
                // A slot that comes back may have to wait until what it left behind has gone to the lake.
                drained(&world);
                tries += 1;
                prop_assert!(tries < 400);
            }
            if drains[place] {
                world.host.now.set(world.host.now.get().plus(Span(Span::DAY.0 / 5)));
                drained(&world);
            }
        }
        world.host.faults.borrow_mut().clear();
        slots_settled(&world);
        all_settled(&world);
        for _ in 0..3 {
            world.host.now.set(world.host.now.get().plus(Span::MINUTE));
            prop_assert!(drained(&world));
            slots_settled(&world);
        }
        prop_assert!(metric(&world, "waymark_slots_moving") < 1.0);
        profiles_are_right(&world, &events)?;

        each_is_there_once(&world, events.len())?;
        let touchpoints: i64 = reports(&world)
            .iter()
            .filter(|((measure, ..), _)| *measure == "touchpoint")
            .map(|(_, (count, _))| count)
            .sum();
        prop_assert_eq!(touchpoints, i64::try_from(events.len()).unwrap());
        let (_, stats) = world.get("/admin/v1/stats");
        prop_assert_eq!(&stats["events"], &json!(events.len()));
        prop_assert_eq!(size_of(&world, "keen"), stats["segments"]["keen"].as_i64().unwrap());
    }
}

fn order(user: &str, id: &str) -> Json {
    json!({
        "type": "track", "event": "Order Completed", "userId": user, "messageId": id,
        "properties": { "revenue": 1 },
    })
}

fn send(world: &World, batch: &[Json]) -> Json {
    let (status, answer) = world.post("/v1/batch", SERVER, &json!({ "batch": batch }));
    assert_eq!(status, 200, "{answer}");
    answer
}

fn with_map(world: &mut World, history: &[u16]) {
    world.config.map = ShardMap::new(1, history).unwrap();
}

/// People whose slots move from four objects to eight.
fn movers() -> Vec<String> {
    let (before, after) = (ShardMap::new(1, &[4]).unwrap(), ShardMap::new(1, &[4, 8]).unwrap());
    let people = (0..200).map(|number| format!("p{number}"));
    let moves = |user: &String| {
        let slot = slot_of(&format!("u:{user}"));
        before.object_of(slot) != after.object_of(slot)
    };
    people.filter(moves).take(5).collect()
}

#[test]
fn who_is_asked_for_is_there_at_once_and_all_others_soon() {
    let mut world = World::new();
    world.publish(&pack());
    let people = movers();
    let events: Vec<Json> = people.iter().map(|user| order(user, &format!("m-{user}"))).collect();
    send(&world, &events);
    with_map(&mut world, &[4, 8]);
    let seq = |world: &World, user: &str| {
        world.post("/v1/decide", SERVER, &json!({ "userId": user })).1["seq"].clone()
    };
    assert_eq!(seq(&world, &people[0]), 1);
    // It is known there that the event came before.
    assert_eq!(send(&world, &events[..1])["duplicates"], 1);
    send(&world, &[order(&people[0], "later")]);
    assert_eq!(seq(&world, &people[0]), 2);
    assert!(metric(&world, "waymark_slots_moving") > 100.0);
    slots_settled(&world);
    assert!(metric(&world, "waymark_slots_moving") < 1.0);
    for user in &people[1..] {
        assert_eq!(seq(&world, user), 1);
    }
    assert_eq!(world.get("/admin/v1/stats").1["visitors"], 5);
    let (_, lines) = world.get("/admin/v1/export");
    assert_eq!(lines, Json::Null, "lines are no JSON");
}

#[test]
fn who_is_erased_before_or_after_a_move_leaves_no_trace_and_stays_away() {
    let mut world = World::new();
    world.publish(&pack());
    let people = movers();
    for user in &people {
        send(&world, &[order(user, &format!("m-{user}"))]);
    }
    let erase = |world: &World, user: &str| {
        let (status, answer) = world.post("/admin/v1/erase", OPERATOR, &json!({ "visitor": user }));
        assert_eq!(status, 200, "{answer}");
        answer["events"].clone()
    };
    assert_eq!(erase(&world, &people[0]), 1);
    with_map(&mut world, &[4, 8]);
    assert_eq!(erase(&world, &people[1]), 1);
    with_map(&mut world, &[4, 8, 3]);
    slots_settled(&world);
    assert_eq!(erase(&world, &people[2]), 1);
    for user in &people[..3] {
        assert_eq!(send(&world, &[order(user, "again")])["accepted"], 0, "{user}");
        assert!(!world.host.kept().contains(&format!("m-{user}")), "{user}");
    }
    for user in &people[3..] {
        assert_eq!(send(&world, &[order(user, "again")])["accepted"], 1, "{user}");
    }
}

#[test]
fn a_map_that_forgets_what_was_before_is_refused() {
    let mut world = World::new();
    world.publish(&pack());
    send(&world, &[order("ann", "m1")]);
    world.config.map = ShardMap::new(2, &[8]).unwrap();
    // Whoever has her now has never heard of another map; the object that had her has.
    let asked: Vec<u16> = (0..50)
        .map(|number| {
            world
                .post("/v1/batch", SERVER, &json!({ "batch": [order(&format!("p{number}"), "x")] }))
                .0
        })
        .collect();
    assert!(asked.contains(&503), "{asked:?}");
    let (status, problem) = world.post("/v1/decide", SERVER, &json!({ "userId": "ann" }));
    let said = problem["detail"].as_str().unwrap_or_default();
    assert!(status == 200 || said.contains("\"4,8\""), "{problem}");
}
