//! However events arrive, the profiles are those of the events themselves.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use waymark_engine::{Engine, Numerals};
use waymark_model::Event;
use waymark_wire::{format_timestamp, parse_line};

use crate::memory::{Fault, SERVER, START, World, faults, twice};

fn pack() -> Json {
    json!({
        "pack": "shop",
        "journey": { "session": "30m" },
        "features": { "spend": { "$sum": { "event": "Order Completed", "property": "revenue" } } },
        "segments": {
            "keen": { "when": { "$did": { "event": "Product Viewed", "count": { "$gte": 3 }, "within": "7d" } } },
            "left": { "when": { "$sequence": { "steps": [{ "event": "Product Viewed" }], "without": ["Order Completed"] } } },
            "spender": { "when": { "features.spend": { "$gte": 1.5 } } },
        },
    })
}

/// Visitor, minute, and what they did.
type Deed = (u8, u16, bool);

fn event((visitor, minute, bought): Deed, number: usize) -> Json {
    let at = START.plus(waymark_model::Span(-60_000 * i64::from(minute)));
    json!({
        "type": "track",
        "event": if bought { "Order Completed" } else { "Product Viewed" },
        "messageId": format!("m{number}"),
        "anonymousId": format!("v{visitor}"),
        "timestamp": format_timestamp(at),
        "properties": { "revenue": 0.3 },
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn disorder_doubles_and_faults_change_nothing(
        deeds in prop::collection::vec((0..5_u8, 0..600_u16, prop::bool::weighted(0.2)), 1..60),
        size in 1..9_usize,
        order in any::<prop::sample::Index>(),
        seed in any::<u64>(),
        faults in faults(60),
    ) {
        let world = World::new();
        world.publish(&pack());
        let events: Vec<Json> =
            deeds.iter().enumerate().map(|(number, deed)| event(*deed, number)).collect();
        let batches: Vec<Json> =
            events.chunks(size).map(|batch| json!({ "batch": batch })).collect();
        let mut queue = twice(batches.len(), seed);
        let middle = order.index(queue.len());
        queue.rotate_left(middle);
        *world.host.faults.borrow_mut() = faults;

        let mut tries = 0;
        for number in queue {
            loop {
                let (status, answer) = world.post("/v1/batch", SERVER, &batches[number]);
                if status == 200 {
                    break;
                }
                prop_assert_eq!(status, 503, "{}", answer);
                tries += 1;
                prop_assert!(tries < 200);
            }
        }

        let compiled = waymark_pack::compile(&pack().to_string()).unwrap();
        let engine = Engine::new(&compiled.program, Numerals::NATIVE);
        world.host.faults.borrow_mut().clear();
        let (_, stats) = world.get("/admin/v1/stats");
        let mut visitors = std::collections::BTreeMap::<String, Vec<Event>>::new();
        for event in &events {
            let event = parse_line(&event.to_string()).unwrap();
            visitors.entry(event.anonymous_id.clone().unwrap()).or_default().push(event);
        }
        prop_assert_eq!(&stats["events"], &json!(events.len()));
        prop_assert_eq!(&stats["visitors"], &json!(visitors.len()));
        let mut sessions = 0;
        for (id, mut own) in visitors {
            own.sort_by_key(Event::key);
            let mut state = engine.new_state();
            for event in &own {
                engine.apply(&mut state, event);
            }
            sessions += state.fold().sessions.count();
            // Beyond the tail what depends on order may be late, and is counted so.
            if own.len() <= 32 {
                let stored = world.host.state(&format!("a:{id}")).unwrap();
                prop_assert_eq!(stored, engine.write_state(&state), "{}", id);
            }
        }
        prop_assert_eq!(&stats["sessions"], &json!(sessions));
    }
}

#[test]
fn what_was_not_stored_is_not_acknowledged() {
    let world = World::new();
    world.publish(&pack());
    let batch = json!({ "batch": [event((1, 5, false), 1)] });
    for fault in [Fault::Away, Fault::Refused] {
        world.host.faults.borrow_mut().push(Some(fault));
        let (status, problem) = world.post("/v1/batch", SERVER, &batch);
        assert_eq!((status, &problem["code"]), (503, &json!("unavailable")), "{problem}");
        assert_eq!(world.get("/admin/v1/stats").1["events"], 0);
    }
    world.host.faults.borrow_mut().push(Some(Fault::Unheard));
    assert_eq!(world.post("/v1/batch", SERVER, &batch).0, 503);
    let (status, answer) = world.post("/v1/batch", SERVER, &batch);
    assert_eq!((status, &answer["accepted"], &answer["duplicates"]), (200, &json!(0), &json!(1)));
    assert_eq!(world.get("/admin/v1/stats").1["events"], 1);
}

#[test]
fn a_state_that_cannot_be_read_is_folded_from_the_events_again() {
    let world = World::new();
    world.publish(&pack());
    let send = |number| {
        let batch = json!({ "batch": [event((1, 5, false), number)] });
        assert_eq!(world.post("/v1/batch", SERVER, &batch).0, 200);
    };
    (0..3).for_each(send);
    world.host.spoil_state("a:v1");
    send(3);
    let (_, decision) = world.post("/v1/decide", SERVER, &json!({ "anonymousId": "v1" }));
    assert_eq!(decision["seq"], 4, "{decision}");
}

#[test]
fn a_worker_with_an_old_map_is_turned_away() {
    let mut world = World::new();
    let batch = json!({ "batch": [event((1, 5, false), 1)] });
    world.config.map = waymark_edge::shard_map::ShardMap::new(7, &[4]).unwrap();
    assert_eq!(world.post("/v1/batch", SERVER, &batch).0, 200);
    world.config.map = waymark_edge::shard_map::ShardMap::new(6, &[4]).unwrap();
    let (status, problem) = world.post("/v1/batch", SERVER, &batch);
    assert_eq!((status, &problem["code"]), (503, &json!("stale-map")));
}

#[test]
fn an_id_counts_again_after_two_weeks() {
    let world = World::new();
    let send = || world.post("/v1/batch", SERVER, &json!({ "batch": [event((1, 5, false), 1)] })).1;
    let days = |days: i64| START.plus(waymark_model::Span(days * waymark_model::Span::DAY.0));
    assert_eq!(send()["accepted"], 1);
    world.host.now.set(days(14));
    assert_eq!(send()["accepted"], 0);
    world.host.now.set(days(15));
    assert_eq!(send()["accepted"], 1);
}
