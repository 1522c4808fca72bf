//! What was acknowledged is in the lake once, and counted once in reports, whatever fails on the way there.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::GzDecoder;
use futures_util::FutureExt as _;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use waymark_edge::http::{Method, Request};
use waymark_edge::lake::drain;
use waymark_edge::tally::Measure;
use waymark_engine::{Engine, Numerals};
use waymark_model::{Span, Timestamp};
use waymark_wire::Problem;

use crate::identity::{all_settled, event, pack, statement};
use crate::memory::{OPERATOR, SERVER, World, faults, twice};

/// Every object is seen to until nothing is left; gives whether all of it went well.
pub fn drained(world: &World) -> bool {
    let objects = 0..world.config.map.all_objects();
    objects.fold(true, |well, object| {
        let mut drains =
            std::iter::repeat_with(|| drain(&world.edge(), object, Span(0)).now_or_never().unwrap());
        // An alarm that has not done all goes off again at once.
        let is_last = |due: &Result<Option<Timestamp>, Problem>| {
            !matches!(due, Ok(Some(due)) if *due <= world.host.now.get())
        };
        well & drains.find(is_last).is_some_and(|last| last.is_ok())
    })
}

/// The lines of all files.
pub fn lake(world: &World) -> Vec<Json> {
    let files = world.host.lake.borrow();
    let files = files.iter().filter(|(name, _)| name.starts_with("events/"));
    files
        .flat_map(|(_, bytes)| {
            let mut text = String::new();
            GzDecoder::new(bytes.as_slice()).read_to_string(&mut text).unwrap();
            let lines: Vec<Json> =
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            lines
        })
        .collect()
}

/// Whether the lake has the events `m0`, `m1` and so on, each once.
pub fn each_is_there_once(world: &World, events: usize) -> Result<(), TestCaseError> {
    let lines = lake(world);
    let mut ids: Vec<&str> = lines.iter().map(|line| line["messageId"].as_str().unwrap()).collect();
    ids.sort_unstable();
    let mut expected: Vec<String> = (0..events).map(|at| format!("m{at}")).collect();
    expected.sort();
    prop_assert_eq!(ids, expected);
    Ok(())
}

/// By measure, name and variant, over all days and shards; those that are not nought.
pub fn reports(world: &World) -> BTreeMap<(&'static str, String, String), (i64, i64)> {
    let mut sums: BTreeMap<_, (i64, i64)> = BTreeMap::new();
    for ((counted, _), (sum, _)) in world.host.reports.borrow().iter() {
        let key = (counted.measure.name(), counted.name.clone(), counted.variant.clone());
        let total = sums.entry(key).or_default();
        total.0 += sum.count;
        total.1 += sum.amount;
    }
    sums.retain(|_, total| *total != (0, 0));
    sums
}

pub fn size_of(world: &World, segment: &str) -> i64 {
    let sums = reports(world);
    let how = |how: &str| {
        let key = (Measure::Segment.name(), segment.to_owned(), how.to_owned());
        sums.get(&key).map_or(0, |total| total.0)
    };
    how("entered") - how("left")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_fails_on_the_way_each_event_is_in_the_lake_once_and_counted_once(
        statements in prop::collection::vec(statement(), 1..28),
        seed in any::<u64>(),
        size in 1..4_usize,
        faults in faults(200),
    ) {
        let world = World::new();
        world.publish(&pack());
        let events: Vec<Json> =
            statements.iter().enumerate().map(|(number, one)| event(*one, number)).collect();
        *world.host.faults.borrow_mut() = faults;
        for numbers in twice(events.len(), seed).chunks(size) {
            let batch: Vec<&Json> = numbers.iter().map(|number| &events[*number]).collect();
            let body = json!({ "batch": batch });
            // As clients do, until it is acknowledged.
            while world.post("/v1/batch", SERVER, &body).0 != 200 {}
            // A day may end at any time.
            world.host.now.set(world.host.now.get().plus(Span(Span::DAY.0 / 5)));
            drained(&world);
        }
        world.host.faults.borrow_mut().clear();
        all_settled(&world);
        prop_assert!(drained(&world));

        each_is_there_once(&world, events.len())?;

        let mut counts: BTreeMap<_, (i64, i64)> = BTreeMap::new();
        for event in &events {
            let kind = event["type"].as_str().unwrap();
            let name = event["event"].as_str().unwrap_or(kind);
            counts.entry(("touchpoint", name.to_owned(), kind.to_owned())).or_default().0 += 1;
            if kind == "track" {
                let total = counts.entry(("conversion", name.to_owned(), String::new())).or_default();
                *total = (total.0 + 1, total.1 + 100_000);
            }
        }
        let mut sums = reports(&world);
        sums.retain(|(measure, ..), _| *measure != "segment");
        prop_assert_eq!(sums, counts);
        let (_, stats) = world.get("/admin/v1/stats");
        prop_assert_eq!(size_of(&world, "keen"), stats["segments"]["keen"].as_i64().unwrap());

        // Nothing is left to do, and doing it again changes nothing.
        let files = world.host.lake.borrow().clone();
        prop_assert!(drained(&world));
        prop_assert_eq!(&files, &*world.host.lake.borrow());
    }
}

fn order(user: &str, number: usize) -> Json {
    json!({
        "type": "track", "event": "Order Completed", "userId": user, "messageId": format!("{user}{number}"),
        "properties": { "revenue": 10, "currency": "EUR" },
    })
}

#[test]
fn files_are_named_by_day_and_shard_and_say_whose_an_event_is() {
    let world = World::new();
    world.publish(&pack());
    for day in 0..2 {
        world.post("/v1/batch", SERVER, &json!({ "batch": [order("ann", day)] }));
        world.host.now.set(world.host.now.get().plus(Span::DAY));
    }
    assert!(drained(&world));
    let files = world.host.lake.borrow();
    let days: Vec<&str> = files.keys().map(|name| name.split('/').nth(1).unwrap()).collect();
    assert_eq!(days, ["day=2026-03-01", "day=2026-03-02"]);
    assert!(files.keys().all(|name| name.contains("/shard=000") && name.ends_with(".ndjson.gz")));
    assert_eq!(
        lake(&world)[0]["kept"],
        json!({ "visitor": "u:ann", "basis": "server", "user": "u:ann" })
    );
    assert_eq!(lake(&world)[0]["receivedAt"], "2026-03-01T00:00:00.000Z");
}

#[test]
fn what_has_not_waited_long_enough_stays_and_says_when_it_is_due() {
    let world = World::new();
    world.publish(&pack());
    world.post("/v1/batch", SERVER, &json!({ "batch": [order("ann", 0)] }));
    let began = world.host.now.get();
    let dues: Vec<_> = (0..world.config.map.objects())
        .map(|object| drain(&world.edge(), object, Span(60_000)).now_or_never().unwrap().unwrap())
        .collect();
    assert_eq!(dues.iter().flatten().collect::<Vec<_>>(), [&began.plus(Span(60_000))]);
    assert!(lake(&world).is_empty());
}

#[test]
fn who_is_erased_is_taken_out_of_the_sums_and_written_down_for_the_lake() {
    let world = World::new();
    world.publish(&pack());
    for number in 0..3 {
        let batch = json!({ "batch": [order("ann", number), order("bob", number)] });
        world.post("/v1/batch", SERVER, &batch);
    }
    assert!(drained(&world));
    assert_eq!(size_of(&world, "keen"), 2);
    assert_eq!(world.post("/admin/v1/erase", OPERATOR, &json!({ "visitor": "ann" })).0, 200);
    assert!(drained(&world));

    let sums = reports(&world);
    let conversions = ("conversion", "Order Completed".to_owned(), "EUR".to_owned());
    assert_eq!(sums[&conversions], (3, 30_000_000));
    assert_eq!(size_of(&world, "keen"), 1);
    assert!(!world.host.kept().contains("ann"));
    let lake = world.host.lake.borrow();
    // The SHA-256 of "u:ann".
    let name = "erased/c782ae854b6ad02798c80eccc0f9e44a30feea3ff400becd76c6b495b20ef61f.json";
    assert!(lake.contains_key(name));
}

#[test]
fn who_is_erased_where_everything_was_lost_is_written_down_for_the_lake_too() {
    let world = World::new();
    world.publish(&pack());
    world.post("/v1/batch", SERVER, &json!({ "batch": [order("ann", 0), order("bob", 0)] }));
    assert!(drained(&world));
    for object in 0..world.config.map.objects() {
        world.host.lose(object);
    }
    assert_eq!(world.post("/admin/v1/erase", OPERATOR, &json!({ "visitor": "ann" })).0, 200);
    assert!(drained(&world));
    let name = "erased/c782ae854b6ad02798c80eccc0f9e44a30feea3ff400becd76c6b495b20ef61f.json";
    assert!(world.host.lake.borrow().contains_key(name));
    assert!(!world.host.kept().contains("ann"));
}

/// Profiles that have events.
fn profiles(world: &World) -> BTreeMap<String, Vec<u8>> {
    let compiled = waymark_pack::compile(&pack().to_string()).unwrap();
    let engine = Engine::new(&compiled.program, Numerals::NATIVE);
    let mut profiles = world.host.profiles();
    profiles.retain(|_, state| engine.read_state(state).unwrap().seq > 0);
    profiles
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn shards_that_lost_everything_come_back_from_the_lake_as_they_were(
        statements in prop::collection::vec(statement(), 1..20),
        seed in any::<u64>(),
        lost in prop::collection::vec(0..4_u16, 1..4),
        faults in faults(60),
    ) {
        let world = World::new();
        world.publish(&pack());
        let events: Vec<Json> =
            statements.iter().enumerate().map(|(number, one)| event(*one, number)).collect();
        for number in twice(events.len(), seed) {
            let (status, _) = world.post("/v1/batch", SERVER, &json!({ "batch": [events[number]] }));
            prop_assert_eq!(status, 200);
        }
        all_settled(&world);
        prop_assert!(drained(&world));
        let before = (profiles(&world), lake(&world), reports(&world));

        for object in &lost {
            world.host.lose(*object);
        }
        let lines: Vec<String> = lake(&world).iter().map(Json::to_string).collect();
        *world.host.faults.borrow_mut() = faults;
        for numbers in twice(lines.len(), seed).chunks(3) {
            let body: Vec<&str> = numbers.iter().map(|number| lines[*number].as_str()).collect();
            let body = body.join("\n");
            // As the command does, until it is answered.
            while !restored(&world, &body) {}
        }
        world.host.faults.borrow_mut().clear();
        all_settled(&world);
        prop_assert!(drained(&world));
        prop_assert_eq!(profiles(&world), before.0);
        prop_assert_eq!(lake(&world), before.1);
        // Flows count again, since it is not known any more when they were.
        let touchpoints = |sums: &BTreeMap<(&'static str, String, String), (i64, i64)>| {
            let mut sums = sums.clone();
            sums.retain(|(measure, ..), _| *measure != "segment");
            sums
        };
        prop_assert_eq!(touchpoints(&reports(&world)), touchpoints(&before.2));
        let (_, stats) = world.get("/admin/v1/stats");
        prop_assert_eq!(size_of(&world, "keen"), stats["segments"]["keen"].as_i64().unwrap());
        prop_assert_eq!(stats["events"].as_u64().unwrap(), events.len() as u64);
        // What clients send once more is known.
        let (_, again) = world.post("/v1/batch", SERVER, &json!({ "batch": events }));
        prop_assert_eq!(&again["accepted"], &json!(0));
    }
}

fn restored(world: &World, body: &str) -> bool {
    let request = Request::new(Method::Post, "https://edge.example/admin/v1/restore")
        .with_header("Authorization", OPERATOR)
        .with_body(body.to_owned());
    world.ask(&request).status == 200
}

#[test]
fn a_line_that_is_none_of_a_lake_is_named() {
    let world = World::new();
    world.publish(&pack());
    let good = json!({ "type": "page", "messageId": "m", "anonymousId": "d", "timestamp": "2026-03-01T00:00:00Z" });
    for (line, what) in [
        ("{", "no JSON"),
        (r#"{"type":"page"}"#, "Line 1"),
        (good.to_string().as_str(), "`receivedAt` is missing"),
    ] {
        let request = Request::new(Method::Post, "https://edge.example/admin/v1/restore")
            .with_header("Authorization", OPERATOR)
            .with_body(line.to_owned());
        let response = world.ask(&request);
        let said = String::from_utf8(response.body).unwrap();
        assert!(response.status == 400 && said.contains(what), "{said}");
    }
}

#[test]
fn who_came_back_from_the_lake_and_is_erased_is_forgotten_there_too() {
    let world = World::new();
    world.publish(&pack());
    world.post("/v1/batch", SERVER, &json!({ "batch": [order("ann", 0)] }));
    assert!(drained(&world));
    (0..world.config.map.objects()).for_each(|object| world.host.lose(object));
    let lines: Vec<String> = lake(&world).iter().map(Json::to_string).collect();
    assert!(restored(&world, &lines.join("\n")));
    // Nothing has left this object yet, and what it has is in the lake nevertheless.
    assert_eq!(world.post("/admin/v1/erase", OPERATOR, &json!({ "visitor": "ann" })).0, 200);
    assert!(drained(&world));
    assert!(world.host.lake.borrow().keys().any(|name| name.starts_with("erased/")));
}

#[test]
fn names_that_anybody_can_make_up_have_so_many_rows_and_are_counted_nevertheless() {
    let world = World::new();
    world.publish(&pack());
    let named = |number: usize| json!({ "type": "track", "event": format!("Event {number}"), "userId": "ann", "messageId": format!("n{number}") });
    for part in 0..3 {
        let batch: Vec<Json> = (0..1_000).map(|number| named(1_000 * part + number)).collect();
        assert_eq!(world.post("/v1/batch", SERVER, &json!({ "batch": batch })).0, 200);
    }
    world.post(
        "/v1/batch",
        SERVER,
        &json!({ "batch": [order("bob", 0), order("bob", 1), order("bob", 2)] }),
    );
    assert!(drained(&world));
    let sums = reports(&world);
    let count = |sums: &BTreeMap<(&str, String, String), (i64, i64)>| -> (usize, i64) {
        let of = sums.iter().filter(|((measure, ..), _)| *measure == "touchpoint");
        (of.clone().count(), of.map(|(_, (count, _))| count).sum())
    };
    let (rows, events) = count(&sums);
    assert!(rows <= 2 * 2_001 && events == 3_003, "{rows} rows of {events} events");
    assert_eq!(sums[&("touchpoint", "(other)".to_owned(), String::new())].0, 1_000);
    // Who is in a segment is counted whatever others send.
    assert_eq!(size_of(&world, "keen"), 1);
    world.post("/admin/v1/erase", OPERATOR, &json!({ "visitor": "ann" }));
    assert!(drained(&world));
    assert_eq!(count(&reports(&world)).1, 3);
}
