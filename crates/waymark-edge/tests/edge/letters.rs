//! Triggers and journeys as the alarms take them: what is sent to other servers, how often, and what becomes of it.

use futures_util::FutureExt as _;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use waymark_edge::actions;
use waymark_edge::http::{Method, Request};
use waymark_edge::ports::{Call, Called, Unavailable};
use waymark_edge::shard_map::ShardMap;
use waymark_model::{Span, Timestamp};

use crate::identity::all_settled;
use crate::lake::drained;
use crate::memory::{BROWSER, OPERATOR, SERVER, START, World, faults};
use crate::moves::slots_settled;

fn pack() -> Json {
    json!({
        "pack": "letters",
        "features": { "cart": { "$items": { "add": "Product Added", "clear": "Order Completed", "key": "product_id" } } },
        "destinations": {
            "email": {
                "channel": "email", "url": "https://api.mail.example/send/{{ message.name }}", "secret": "MAIL",
                "headers": { "X-Journey": "{{ message.journey }}" },
                "body": { "to": "{{ traits.email }}", "items": "{{ features.cart }}", "link": "{{ message.link }}" }
            },
            "desk": { "channel": "desk", "purpose": "analytics", "url": "https://api.mail.example/desk", "secret": "MAIL" },
            "lead": { "channel": "desk", "purpose": "analytics", "url": "https://api.mail.example/lead", "secret": "MAIL" },
            "evil": { "channel": "email", "url": "https://evil.example/", "secret": "MAIL" },
            "log": { "channel": "log" }
        },
        "surveys": {
            "nps": { "question": { "en": "Would you <recommend> us?", "zh": "您会推荐我们吗？" }, "where": ["link"], "send": "email" }
        },
        "triggers": [
            { "id": "welcome", "on": { "event": "Signed Up" }, "do": { "send": "email", "message": "welcome" } },
            { "id": "call", "on": { "event": "Called" }, "do": { "send": "desk", "message": "call-back", "task": { "due": "2d", "escalate": "lead" } } },
            { "id": "evil", "on": { "event": "Evil" }, "do": { "send": "evil" } },
            { "id": "log", "on": { "event": "Logged" }, "do": { "send": "log" } },
            { "id": "back", "on": { "since": { "event": "Order Completed", "reaches": "60d" } }, "do": { "send": "email", "message": "miss-you" } }
        ],
        "journeys": {
            "cart": {
                "enter": { "event": "Product Added" }, "reenter": { "after": "7d" },
                "exit": [{ "event": "Order Completed" }],
                "steps": [
                    { "id": "hour", "wait": "1h" },
                    { "id": "first", "send": "email", "message": "still-there" },
                    { "id": "day", "wait": "1d" },
                    { "id": "second", "send": "email", "message": "last-call" }
                ]
            },
            "nps": {
                "enter": { "event": "Order Delivered" }, "key": "order_id",
                "steps": [
                    { "id": "ask", "survey": "nps" },
                    { "id": "answer", "wait": { "event": "Survey Answered", "where": { "survey_id": "nps" }, "upTo": "14d" } },
                    { "id": "route", "branch": [{ "when": { "event.score": { "$lte": 6 } }, "steps": [{ "id": "alert", "send": "desk", "message": "detractor" }] }] }
                ]
            }
        }
    })
}

fn world() -> World {
    let world = World::new();
    world.publish(&pack());
    world
}

fn say(world: &World, event: &Json) {
    let (status, answer) = world.post("/v1/batch", SERVER, &json!({ "batch": [event] }));
    assert_eq!((status, &answer["rejected"]), (200, &json!([])), "{answer}");
}

fn did(user: &str, event: &str, properties: &Json) -> Json {
    json!({ "type": "track", "event": event, "userId": user, "messageId": format!("{user}-{event}"), "properties": properties })
}

/// What the alarms do now. Gives when the next is set for.
fn alarms(world: &World) -> Option<Timestamp> {
    let act = |object| actions::act(&world.edge(), object).now_or_never().unwrap();
    let dues = (0..world.config.map.all_objects()).map(act);
    dues.filter_map(Result::unwrap).min()
}

/// Lets time pass, with alarms whenever one is set.
fn pass(world: &World, span: Span) {
    let end = world.host.now.get().plus(span);
    while let Some(due) = alarms(world).filter(|due| *due <= end) {
        world.host.now.set(due.max(world.host.now.get().plus(Span(1))));
    }
    world.host.now.set(end);
    alarms(world);
}

fn sent(world: &World) -> Vec<Call> {
    world.host.calls.take()
}

fn header<'c>(call: &'c Call, name: &str) -> &'c str {
    call.headers.iter().find(|(have, _)| have == name).map_or("", |(_, value)| value)
}

fn urls(calls: &[Call]) -> Vec<&str> {
    calls.iter().map(|call| call.url.as_str()).collect()
}

#[test]
fn a_journey_sends_what_it_says_when_it_is_due_and_once() {
    let world = world();
    say(
        &world,
        &json!({ "type": "identify", "userId": "ann", "messageId": "i", "traits": { "email": "ann\"@shop.example" } }),
    );
    say(&world, &did("ann", "Product Added", &json!({ "product_id": "boots" })));
    assert_eq!(alarms(&world), Some(START.plus(Span::HOUR)));
    assert_eq!(sent(&world), []);
    pass(&world, Span::HOUR);
    let calls = sent(&world);
    assert_eq!(urls(&calls), ["https://api.mail.example/send/still-there"]);
    let body: Json = serde_json::from_str(&calls[0].body).unwrap();
    assert_eq!(body["to"], "ann\"@shop.example");
    assert!(body["items"].as_str().unwrap().contains("boots"));
    assert_eq!(calls[0].method, "POST");
    assert_eq!(header(&calls[0], "authorization"), "Bearer abc");
    assert_eq!(header(&calls[0], "x-journey"), "cart");
    assert!(header(&calls[0], "webhook-id").starts_with("act-"));
    assert!(header(&calls[0], "webhook-signature").starts_with("v1,"));
    pass(&world, Span::HOUR);
    assert_eq!(sent(&world), [], "once");
    pass(&world, Span::DAY);
    assert_eq!(urls(&sent(&world)), ["https://api.mail.example/send/last-call"]);
    pass(&world, Span(7 * Span::DAY.0));
    assert_eq!(sent(&world), []);
    // What was done is among the person's events, and in reports.
    let (_, person) = world.get("/admin/v1/profile?visitor=ann");
    let timeline = person["timeline"].as_array().unwrap();
    let requested = timeline.iter().filter(|event| event["event"] == "Message Requested");
    assert_eq!(requested.count(), 2);
}

#[test]
fn who_orders_or_withdraws_marketing_hears_nothing_more() {
    let world = world();
    for user in ["ann", "bea"] {
        say(&world, &did(user, "Product Added", &json!({ "product_id": "boots" })));
    }
    pass(&world, Span::HOUR);
    assert_eq!(sent(&world).len(), 2);
    say(&world, &did("ann", "Order Completed", &json!({})));
    let mut no = did("bea", "Page Viewed", &json!({}));
    no["context"] =
        json!({ "consent": { "categoryPreferences": { "analytics": true, "marketing": false } } });
    say(&world, &no);
    pass(&world, Span(2 * Span::DAY.0));
    assert_eq!(sent(&world), []);
}

#[test]
fn what_time_alone_makes_true_is_done_though_nothing_happens() {
    let world = World::new();
    // Before there was a pack that asks for it.
    world.publish(&json!({ "pack": "letters" }));
    say(&world, &did("ann", "Order Completed", &json!({})));
    world.publish(&pack());
    alarms(&world);
    pass(&world, Span(59 * Span::DAY.0));
    assert_eq!(sent(&world), []);
    pass(&world, Span(2 * Span::DAY.0));
    // A feature that is new reaches back to what is kept of her.
    assert_eq!(urls(&sent(&world)), ["https://api.mail.example/send/miss-you"]);
}

#[test]
fn while_no_pack_is_active_nothing_is_sent_and_nothing_given_up() {
    let world = world();
    let hash = world.get("/admin/v1/packs").1["active"].as_str().unwrap().to_owned();
    say(&world, &did("ann", "Product Added", &json!({ "product_id": "boots" })));
    alarms(&world);
    assert_eq!(world.post("/admin/v1/packs/deactivate", OPERATOR, &Json::Null).0, 200);
    pass(&world, Span(2 * Span::HOUR.0));
    assert_eq!(sent(&world), []);
    let path = format!("/admin/v1/packs/{hash}/activate");
    assert_eq!(world.post(&path, OPERATOR, &Json::Null).0, 200);
    pass(&world, Span::MINUTE);
    assert_eq!(urls(&sent(&world)), ["https://api.mail.example/send/still-there"]);
}

#[test]
fn what_nobody_has_proven_sends_nothing() {
    let world = world();
    let consent =
        json!({ "consent": { "categoryPreferences": { "analytics": true, "marketing": true } } });
    let mut event = did("ann", "Signed Up", &json!({}));
    event["context"] = consent;
    event["anonymousId"] = json!("somebody");
    let (status, _) = world.post("/v1/batch", BROWSER, &json!({ "batch": [event] }));
    assert_eq!(status, 200);
    pass(&world, Span::DAY);
    assert_eq!(sent(&world), []);
}

/// The last first.
fn answers(world: &World, statuses: &[u16]) {
    let answers = statuses.iter().map(|status| Ok(Called { status: *status, retry_after: None }));
    *world.host.answers.borrow_mut() = answers.collect();
}

fn dead(world: &World) -> Vec<Json> {
    let request = Request::new(Method::Get, "https://edge.example/admin/v1/dead-letters");
    let body = world.ask(&request.with_header("Authorization", OPERATOR)).body;
    let text = String::from_utf8(body).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn who_puts_it_off_again_and_again_does_so_for_a_day() {
    let world = world();
    let later = || Ok(Called { status: 503, retry_after: Some("50000".to_owned()) });
    *world.host.answers.borrow_mut() = (0..8).map(|_| later()).collect();
    say(&world, &did("ann", "Signed Up", &json!({})));
    pass(&world, Span(23 * Span::HOUR.0));
    assert_eq!(dead(&world), [] as [Json; 0]);
    pass(&world, Span(2 * Span::HOUR.0));
    assert_eq!((sent(&world).len(), dead(&world).len()), (3, 1));
}

#[test]
fn what_does_not_arrive_is_tried_again_later_and_later_for_a_day() {
    let world = world();
    let busy = Ok(Called { status: 503, retry_after: Some("600".to_owned()) });
    *world.host.answers.borrow_mut() = vec![busy, Ok(Called { status: 500, retry_after: None })];
    say(&world, &did("ann", "Signed Up", &json!({})));
    let first = alarms(&world).unwrap();
    assert!((5_000..=5_500).contains(&first.since(START).0), "{first:?}");
    world.host.now.set(first);
    let second = alarms(&world).unwrap();
    assert!(second.since(first) >= Span(600_000), "as it was asked to");
    world.host.now.set(second);
    alarms(&world);
    let calls = sent(&world);
    assert_eq!(calls.len(), 3);
    let ids: Vec<&str> = calls.iter().map(|call| header(call, "webhook-id")).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(dead(&world), [] as [Json; 0]);

    let away = || Err(Unavailable("It did not answer.".to_owned()));
    *world.host.answers.borrow_mut() = (0..8).map(|_| away()).collect();
    say(&world, &did("bea", "Signed Up", &json!({})));
    let began = world.host.now.get();
    pass(&world, Span(23 * Span::HOUR.0));
    assert_eq!(dead(&world), [] as [Json; 0]);
    pass(&world, Span(4 * Span::HOUR.0));
    assert_eq!(sent(&world).len(), 8);
    let letters = dead(&world);
    assert_eq!((&letters[0]["tries"], &letters[0]["visitor"]), (&json!(8), &json!("u:bea")));
    assert_eq!(letters[0]["why"], "It did not answer.");
    assert!(world.host.now.get().since(began) < Span(2 * Span::DAY.0));

    // An operator has it sent again; all that are dead, where none is named.
    let ids = json!({ "ids": [letters[0]["id"]] });
    *world.host.answers.borrow_mut() = vec![Ok(Called { status: 410, retry_after: None })];
    assert_eq!(world.post("/admin/v1/dead-letters/replay", OPERATOR, &ids).1["letters"], 1);
    alarms(&world);
    assert_eq!((sent(&world).len(), dead(&world).len()), (1, 1));
    let all = json!({ "all": true });
    assert_eq!(world.post("/admin/v1/dead-letters/replay", OPERATOR, &all).1["letters"], 1);
    alarms(&world);
    assert_eq!(sent(&world).len(), 1);
    assert_eq!(dead(&world), [] as [Json; 0]);
}

#[test]
fn what_will_never_be_taken_is_dead_at_once_with_its_reason() {
    let world = world();
    answers(&world, &[302, 422]);
    for (user, event) in [("a", "Signed Up"), ("b", "Signed Up"), ("c", "Evil"), ("d", "Logged")] {
        say(&world, &did(user, event, &json!({})));
        alarms(&world);
    }
    let mut whys: Vec<String> =
        dead(&world).iter().map(|letter| letter["why"].as_str().unwrap().to_owned()).collect();
    whys.sort();
    assert_eq!(
        whys,
        [
            "It was answered 302, and redirects are not followed.",
            "It was answered 422.",
            "WEBHOOKS does not allow \"MAIL\" the host that the pack sends to.",
        ]
    );
    assert_eq!(sent(&world).len(), 2, "nothing goes to a host that the operator does not name");
    let all = json!({ "all": true });
    assert_eq!(world.post("/admin/v1/dead-letters/drop", OPERATOR, &all).1["letters"], 3);
    assert_eq!(dead(&world), [] as [Json; 0]);
    let (status, problem) = world.post("/admin/v1/dead-letters/replay", OPERATOR, &json!({}));
    assert_eq!((status, &problem["code"]), (400, &json!("bad-request")));
}

#[test]
fn who_is_erased_is_sent_nothing_and_no_trace_of_a_letter_stays() {
    let mut world = world();
    world.host.has_no_lake.set(true);
    answers(&world, &[500, 500]);
    say(&world, &did("ann", "Signed Up", &json!({})));
    say(&world, &did("ann", "Called", &json!({})));
    alarms(&world);
    // Her letters wait where they were asked for.
    world.config.map = ShardMap::new(1, &[4, 9]).unwrap();
    assert!(world.host.kept().contains("act-"));
    assert_eq!(world.post("/admin/v1/erase", OPERATOR, &json!({ "visitor": "ann" })).0, 200);
    assert!(!world.host.kept().contains("u:ann"));
    sent(&world);
    pass(&world, Span(3 * Span::DAY.0));
    assert_eq!(sent(&world), []);
}

fn tasks(world: &World) -> Vec<Json> {
    let request = Request::new(Method::Get, "https://edge.example/admin/v1/tasks");
    let body = world.ask(&request.with_header("Authorization", OPERATOR)).body;
    let text = String::from_utf8(body).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_task_that_is_not_done_in_time_is_escalated_once() {
    let world = world();
    for user in ["ann", "bea", "cid"] {
        say(&world, &did(user, "Called", &json!({})));
    }
    alarms(&world);
    let calls = sent(&world);
    assert_eq!(urls(&calls), ["https://api.mail.example/desk"; 3]);
    let body: Json = serde_json::from_str(&calls[0].body).unwrap();
    assert_eq!(body["type"], "message.requested");
    assert_eq!(body["data"]["message"]["due"], "2026-03-03T00:00:00.000Z");
    let id = |user: &str| {
        let open = tasks(&world);
        let task = open.iter().find(|task| task["visitor"] == format!("u:{user}"));
        task.map(|task| task["id"].as_str().unwrap().to_owned())
    };
    // One the help desk has done, one an operator says was done.
    say(&world, &did("ann", "Task Completed", &json!({ "task_id": id("ann") })));
    let bea = json!({ "ids": [id("bea")] });
    assert_eq!(world.post("/admin/v1/tasks/complete", OPERATOR, &bea).1["tasks"], 1);
    assert_eq!(world.post("/admin/v1/tasks/complete", OPERATOR, &bea).1["tasks"], 0);
    pass(&world, Span(3 * Span::DAY.0));
    let calls = sent(&world);
    assert_eq!(urls(&calls), ["https://api.mail.example/lead"]);
    let body: Json = serde_json::from_str(&calls[0].body).unwrap();
    assert_eq!(
        (&body["type"], &body["data"]["message"]["overdue"]),
        (&json!("task.overdue"), &json!(true))
    );
    let open = tasks(&world);
    assert_eq!(
        (open.len(), &open[0]["late"], &open[0]["visitor"]),
        (1, &json!(true), &json!("u:cid"))
    );
    pass(&world, Span(3 * Span::DAY.0));
    assert_eq!(sent(&world), []);
}

/// The page behind a link.
fn open(world: &World, method: Method, link: &str, body: &str) -> (u16, String) {
    let request = Request::new(method, link)
        .with_header("Content-Type", "application/x-www-form-urlencoded")
        .with_header("Accept-Language", "en")
        .with_body(body.to_owned());
    let answer = world.ask(&request);
    (answer.status, String::from_utf8(answer.body).unwrap())
}

#[test]
fn a_survey_is_answered_by_its_link_once_and_the_journey_goes_on() {
    let world = world();
    say(&world, &did("ann", "Order Delivered", &json!({ "order_id": "o1" })));
    pass(&world, Span::MINUTE);
    let calls = sent(&world);
    let body: Json = serde_json::from_str(&calls[0].body).unwrap();
    let link = body["link"].as_str().unwrap().to_owned();
    assert!(link.starts_with("https://edge.example/v1/survey/s1.k1."), "{link}");
    // A mail program that opens it answers nothing.
    for _ in 0..3 {
        let (status, page) = open(&world, Method::Get, &link, "");
        assert_eq!(status, 200);
        assert!(page.contains("Would you &lt;recommend&gt; us?"), "{page}");
    }
    assert_eq!(open(&world, Method::Post, &link, "score=11").0, 422);
    assert_eq!(open(&world, Method::Post, &link, "comment=hm").0, 422);
    let (status, page) = open(&world, Method::Post, &link, "score=2&comment=too+%3Cslow%3E");
    assert!((status, page.contains("Thank you")) == (200, true), "{page}");
    assert_eq!(open(&world, Method::Post, &link, "score=9").0, 200);
    pass(&world, Span::MINUTE);
    assert_eq!(urls(&sent(&world)), ["https://api.mail.example/desk"]);
    let (_, person) = world.get("/admin/v1/profile?visitor=ann");
    let timeline = person["timeline"].as_array().unwrap();
    let mut answers = timeline.iter().filter(|event| event["event"] == "Survey Answered");
    let answer = answers.next().unwrap();
    assert_eq!(
        answer["properties"],
        json!({ "survey_id": "nps", "score": 2, "comment": "too <slow>" })
    );
    assert_eq!(answers.next(), None);

    // Changed, or too old.
    let forged = link.replace("s1.k1.", "s1.k1.A");
    assert_eq!(open(&world, Method::Get, &forged, "").0, 403);
    assert_eq!(open(&world, Method::Post, &forged, "score=2").0, 403);
    world.host.now.set(world.host.now.get().plus(Span(91 * Span::DAY.0)));
    assert_eq!(open(&world, Method::Post, &link, "score=2").0, 410);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever fails and wherever slots go, each message is sent, and to whoever gets it twice it is the same.
    #[test]
    fn each_action_is_taken_once_and_arrives(
        users in prop::collection::vec(0..6_u8, 1..12),
        faults in faults(120),
        maps in prop::collection::vec(1..9_u16, 0..3),
    ) {
        let mut world = world();
        *world.host.faults.borrow_mut() = faults;
        let (mut history, mut maps) = (vec![4], maps.into_iter());
        for (number, user) in users.iter().enumerate() {
            let event = json!({ "batch": [{
                "type": "track", "event": "Signed Up", "userId": format!("p{user}"),
                "messageId": format!("m{number}"),
            }] });
            while world.post("/v1/batch", SERVER, &event).0 != 200 {}
            for object in 0..world.config.map.all_objects() {
                let _ = actions::act(&world.edge(), object).now_or_never().unwrap();
            }
            world.host.now.set(world.host.now.get().plus(Span(3_000)));
            if let Some(objects) = maps.next() {
                history.push(objects);
                world.config.map = ShardMap::new(1, &history).unwrap();
            }
        }
        world.host.faults.borrow_mut().clear();
        all_settled(&world);
        for _ in 0..3 {
            slots_settled(&world);
            drained(&world);
        }
        pass(&world, Span::HOUR);
        let mut wanted: Vec<u8> = users.clone();
        wanted.sort_unstable();
        wanted.dedup();
        let calls = sent(&world);
        let mut ids: Vec<&str> = calls.iter().map(|call| header(call, "webhook-id")).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut all = 0;
        for user in &wanted {
            let (_, person) = world.get(&format!("/admin/v1/profile?visitor=p{user}"));
            let timeline = person["timeline"].as_array().unwrap();
            let asked: Vec<&str> = timeline
                .iter()
                .filter(|event| event["event"] == "Message Requested")
                .map(|event| event["messageId"].as_str().unwrap())
                .collect();
            let signed = timeline.iter().filter(|event| event["event"] == "Signed Up").count();
            // While the first was not sent yet, a second was no other.
            prop_assert!((1..=signed).contains(&asked.len()));
            for id in &asked {
                let of_it = |sent: &&str| sent.starts_with(&format!("{id}-"));
                prop_assert!(ids.iter().any(of_it));
            }
            all += asked.len();
        }
        prop_assert_eq!(ids.len(), all);
    }
}
