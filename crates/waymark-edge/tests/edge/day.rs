//! A day of a shop, minute by minute, in which a call in ten goes wrong and the clock jumps.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::FutureExt as _;
use serde_json::{Value as Json, json};
use waymark_edge::lake::drain;
use waymark_edge::merges::settle;
use waymark_engine::{Engine, Numerals};
use waymark_model::{Event, Span};
use waymark_wire::parse_line;

use crate::lake::{lake, reports, size_of};
use crate::memory::{Fault, SERVER, START, World};

const MINUTES: i64 = 24 * 60;
const PEOPLE: usize = 120;

fn pack() -> Json {
    json!({
        "pack": "shop",
        "journey": { "session": "30m", "stages": [
            { "id": "looking", "enter": { "$did": { "event": "Product Viewed" } } },
            { "id": "customer", "enter": { "$did": { "event": "Order Completed" } } },
        ] },
        "features": { "spend": { "$sum": { "event": "Order Completed", "property": "revenue" } } },
        "segments": {
            "keen": { "when": { "$did": { "event": "Product Viewed", "count": { "$gte": 3 } } } },
            "buyer": { "when": { "features.spend": { "$gte": 20 } } },
        },
    })
}

/// Numbers that look random and are the same every day.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// What somebody does: on one of two devices, known or not, seldom under a second user.
fn does(dice: &mut Dice, number: usize) -> Json {
    let person = dice.roll(PEOPLE);
    let device = format!("d{person}-{}", dice.roll(2));
    let known = dice.roll(3) == 0;
    let user =
        known.then(|| format!("p{}", if dice.roll(20) == 0 { dice.roll(PEOPLE) } else { person }));
    let mut event = json!({
        "type": "track", "event": "Product Viewed", "messageId": format!("m{number}"), "anonymousId": device,
        "userId": user, "properties": { "product_id": dice.roll(50).to_string() },
    });
    if dice.roll(8) == 0 {
        event["event"] = "Order Completed".into();
        event["properties"] = json!({ "revenue": dice.roll(40), "currency": "EUR" });
    }
    event
}

/// Calls of which one in ten goes wrong.
fn spoil(world: &World, dice: &mut Dice) {
    let faults = (0..40).map(|_| match dice.roll(30) {
        0 => Some(Fault::Away),
        1 => Some(Fault::Refused),
        2 => Some(Fault::Unheard),
        _ => None,
    });
    *world.host.faults.borrow_mut() = faults.collect();
}

/// Everything that alarms do.
fn alarms(world: &World, age: Span) -> bool {
    let objects: BTreeSet<u16> = (0..world.config.map.objects()).collect();
    let mut well = settle(&world.edge(), objects.clone()).now_or_never().unwrap().is_ok();
    for object in objects {
        well &= drain(&world.edge(), object, age).now_or_never().unwrap().is_ok();
    }
    well
}

#[test]
fn a_day_in_which_much_goes_wrong_loses_nothing_and_counts_nothing_twice() {
    let world = World::new();
    world.publish(&pack());
    let mut dice = Dice(20_261_130);
    let mut sent: Vec<Json> = Vec::new();
    let (mut acknowledged, mut refusals) = (0_u64, 0_u32);
    for minute in 0..MINUTES {
        // The clock of the platform is set right now and then, by up to ten minutes.
        let jump = if dice.roll(60) == 0 {
            60_000 * (i64::try_from(dice.roll(20)).unwrap() - 10)
        } else {
            0
        };
        world.host.now.set(START.plus(Span(60_000 * minute + jump)));
        let mut batch: Vec<Json> =
            (0..dice.roll(4)).map(|more| does(&mut dice, sent.len() + more)).collect();
        sent.extend(batch.clone());
        // Some are sent again, long after they arrived, and not in their order.
        for _ in 0..dice.roll(3).min(sent.len()) {
            batch.push(sent[dice.roll(sent.len())].clone());
        }
        batch.reverse();
        while !batch.is_empty() {
            spoil(&world, &mut dice);
            let (status, answer) = world.post("/v1/batch", SERVER, &json!({ "batch": batch }));
            if status == 200 {
                acknowledged += answer["accepted"].as_u64().unwrap();
                break;
            }
            refusals += 1;
        }
        if minute % 5 == 0 {
            spoil(&world, &mut dice);
            alarms(&world, Span(300_000));
        }
    }
    world.host.faults.borrow_mut().clear();
    assert!(alarms(&world, Span(0)));

    let (_, stats) = world.get("/admin/v1/stats");
    assert_eq!(stats["events"].as_u64().unwrap(), sent.len() as u64);
    // An acknowledgement that was lost is not counted by the client, so it has heard of no more than there are.
    assert!(acknowledged <= sent.len() as u64);
    let lines = lake(&world);
    let ids: BTreeSet<&str> =
        lines.iter().map(|line| line["messageId"].as_str().unwrap()).collect();
    assert_eq!((lines.len(), ids.len()), (sent.len(), sent.len()));

    // Reports agree with the events, and memberships with the profiles.
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for event in &sent {
        *counts.entry(event["event"].as_str().unwrap()).or_default() += 1;
    }
    let sums = reports(&world);
    for (name, count) in &counts {
        let key = ("touchpoint", (*name).to_owned(), "track".to_owned());
        assert_eq!(sums[&key].0, *count, "{name}");
    }
    for segment in ["keen", "buyer"] {
        assert_eq!(
            size_of(&world, segment),
            stats["segments"][segment].as_i64().unwrap(),
            "{segment}"
        );
    }

    // Each profile is what its events come to at once, in their order.
    let compiled = waymark_pack::compile(&pack().to_string()).unwrap();
    let engine = Engine::new(&compiled.program, Numerals::NATIVE);
    let mut of_profile: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for line in &lines {
        let key = line["kept"]["visitor"].as_str().unwrap();
        let (status, person) = world.get(&format!("/admin/v1/profile?visitor={key}"));
        assert_eq!(status, 200, "{key}");
        let profile = person["profile"].as_str().unwrap().to_owned();
        of_profile.entry(profile).or_default().push(parse_line(&line.to_string()).unwrap());
    }
    let profiles = world.host.profiles();
    let late: u64 = of_profile
        .into_iter()
        .map(|(key, events)| {
            let at_once = engine.refolded(events, []);
            let found = engine.read_state(&profiles[&key]).unwrap();
            assert_eq!((found.seq, found.stage()), (at_once.seq, at_once.stage()), "{key}");
            assert!(found.segments().eq(at_once.segments()), "{key}");
            found.late
        })
        .sum();
    println!(
        "{} events of a day, {refusals} calls that failed, {late} late, {} profiles, {} files",
        sent.len(),
        profiles.len(),
        world.host.lake.borrow().len(),
    );
    assert!(refusals > 200 && sent.len() > 1_500);
}
