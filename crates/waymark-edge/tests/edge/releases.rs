//! While a release is deployed, workers and objects of two releases run beside each other; what one has stored the other
//! may not know.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use waymark_edge::http::{Method, Request};
use waymark_model::Span;

use crate::identity::{all_settled, event, pack, profiles_are_right, statement};
use crate::lake::{drained, each_is_there_once};
use crate::memory::{OPERATOR, REGISTRY, SERVER, World, twice};

/// The isolates of the worker have gone, and with them what they knew of packs.
fn restarted(world: &mut World) {
    world.packs = waymark_edge::packs::PackCache::default();
    world.host.forget_programs();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn while_a_release_is_deployed_nothing_is_lost_and_nothing_counts_twice(
        statements in prop::collection::vec(statement(), 1..20),
        seed in any::<u64>(),
        objects in prop::collection::vec(prop::collection::btree_set(0..4_u16, 0..4), 40),
        stored in prop::collection::vec(any::<bool>(), 40),
    ) {
        let mut world = World::new();
        world.publish(&pack());
        let events: Vec<Json> =
            statements.iter().enumerate().map(|(number, one)| event(*one, number)).collect();
        for (place, number) in twice(events.len(), seed).into_iter().enumerate() {
            *world.host.of_another_release.borrow_mut() = objects[place].clone();
            if stored[place] {
                world.host.is_stored_by_another_release();
                restarted(&mut world);
            }
            let body = json!({ "batch": [&events[number]] });
            let (mut status, mut problem) = world.post("/v1/batch", SERVER, &body);
            if status != 200 {
                prop_assert_eq!(status, 503, "{}", problem);
                let said = problem["detail"].as_str().unwrap_or_default();
                prop_assert!(said.contains("release of the edge is being deployed"), "{}", said);
                drained(&world);
                // The deploy is through, and the client asks again.
                world.host.of_another_release.borrow_mut().clear();
                (status, problem) = world.post("/v1/batch", SERVER, &body);
            }
            prop_assert_eq!(status, 200, "{}", problem);
        }
        world.host.of_another_release.borrow_mut().clear();
        all_settled(&world);
        world.host.is_stored_by_another_release();
        restarted(&mut world);
        for _ in 0..3 {
            world.host.now.set(world.host.now.get().plus(Span::MINUTE));
            prop_assert!(drained(&world));
        }
        // Whoever is asked for is folded anew.
        for key in world.host.profiles().into_keys() {
            let (space, id) = key.split_at(2);
            let who = match space {
                "u:" => json!({ "userId": id }),
                "a:" => json!({ "anonymousId": id }),
                _ => continue,
            };
            prop_assert_eq!(world.post("/v1/decide", SERVER, &who).0, 200, "{}", key);
        }
        let (_, stats) = world.get("/admin/v1/stats");
        prop_assert_eq!(&stats["events"], &json!(events.len()));
        profiles_are_right(&world, &events)?;
        each_is_there_once(&world, events.len())?;
    }
}

fn decided(world: &World) -> Json {
    let (status, answer) = world.post("/v1/decide", SERVER, &json!({ "userId": "ann" }));
    assert_eq!(status, 200, "{answer}");
    answer
}

fn page(world: &World, hash: &str) -> Vec<u8> {
    let url = format!("https://edge.example/v1/pack/{hash}");
    let answer = world.ask(&Request::new(Method::Get, &url));
    assert_eq!(answer.status, 200);
    answer.body
}

#[test]
fn what_another_release_has_stored_is_made_anew_from_what_it_was_made_of() {
    let mut world = World::new();
    let hash = world.publish(&pack());
    let order = json!({
        "type": "track", "event": "Order Completed", "userId": "ann", "messageId": "m1",
        "properties": { "revenue": 1 },
    });
    world.post("/v1/batch", SERVER, &json!({ "batch": [order] }));
    let (before, program, state) =
        (decided(&world), page(&world, &hash), world.host.state("u:ann"));

    world.host.is_stored_by_another_release();
    restarted(&mut world);
    assert_ne!(world.host.state("u:ann"), state);
    assert_eq!(decided(&world), before);
    assert_eq!(page(&world, &hash), program);
    assert_eq!(world.host.state("u:ann"), state, "and kept");
    assert_eq!(world.get("/admin/v1/stats").1["visitors"], 1);
    // What was published is as it was.
    let (_, source) = world.get(&format!("/admin/v1/packs/{hash}"));
    assert_eq!(source, pack());
}

#[test]
fn a_registry_of_another_release_is_not_asked_and_what_it_said_last_counts() {
    let world = World::new();
    world.publish(&pack());
    let before = decided(&world);
    world.host.of_another_release.borrow_mut().insert(REGISTRY);
    world.host.now.set(world.host.now.get().plus(Span(8_000)));
    assert_eq!(decided(&world)["pack"], before["pack"]);
    let (status, problem) = world.get_as(OPERATOR, "/admin/v1/packs");
    assert_eq!(status, 503);
    let said = problem["detail"].as_str().unwrap();
    assert!(said.contains("Another release of the edge is being deployed"), "{said}");
}
