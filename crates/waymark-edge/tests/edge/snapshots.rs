//! The cookie that spares a page its shard.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use waymark_edge::cookie::CookieKeys;
use waymark_edge::http::{Method, Request, Response};
use waymark_edge::pages::PageRequest;
use waymark_model::Span;

use crate::memory::{BROWSER, SERVER, World};
use crate::reading::{known, pack};

const URL: &str = "https://shop.example/";

/// What a browser has of cookies.
#[derive(Default, Clone)]
struct Jar {
    visitor: String,
    snapshot: Option<String>,
}

impl Jar {
    fn of(visitor: String) -> Self {
        Self { visitor, snapshot: None }
    }

    fn header(&self) -> String {
        match &self.snapshot {
            None => self.visitor.clone(),
            Some(snapshot) => format!("x=1; {}; wm_s={snapshot}", self.visitor),
        }
    }

    /// Takes a `Set-Cookie`; whether it was about the snapshot.
    fn take(&mut self, set: &str) -> bool {
        let Some(rest) = set.strip_prefix("wm_s=") else { return false };
        let (value, attributes) = rest.split_once(';').unwrap();
        let (kept, gone) = ("Max-Age=1800", "Max-Age=0");
        assert!(attributes.contains(if value.is_empty() { gone } else { kept }), "{set}");
        assert!(attributes.contains("; HttpOnly; SameSite=Lax; Secure"), "{set}");
        assert!(value.len() <= 1_536, "{} bytes", value.len());
        self.snapshot = Some(value.to_owned()).filter(|value| !value.is_empty());
        true
    }

    fn page(&mut self, world: &World) -> Json {
        let page = PageRequest {
            url: URL.to_owned(),
            cookie: Some(self.header()),
            visit: true,
            ..Default::default()
        };
        let plan = world.page(&page).unwrap();
        if let Some(set) = plan["cookie"].as_str() {
            assert!(self.take(set));
        }
        plan
    }

    fn track(&mut self, world: &World, batch: &Json) -> Response {
        let request = Request::new(Method::Post, "https://shop.example/v1/batch")
            .with_body(batch.to_string())
            .with_header("authorization", BROWSER)
            .with_header("cookie", &self.header());
        let answer = world.ask(&request);
        assert_eq!(answer.status, 200);
        for (_, set) in answer.headers.iter().filter(|(name, _)| *name == "Set-Cookie") {
            assert!(self.take(set));
        }
        answer
    }
}

fn shards_asked(world: &World) -> usize {
    world.asked().len()
}

fn event(id: &str, anonymous: &str, name: &str) -> Json {
    let all = json!({ "analytics": true, "personalization": true, "marketing": true });
    json!({
        "type": "track", "event": name, "messageId": id, "anonymousId": anonymous,
        "context": { "consent": { "categoryPreferences": all } },
    })
}

fn told(plan: &Json) -> Json {
    let mut told: Json = serde_json::from_str(plan["decision"].as_str().unwrap()).unwrap();
    told["now"].take();
    told
}

#[test]
fn the_second_page_asks_no_shard_and_says_the_same() {
    let world = World::new();
    world.publish(&pack());
    let (_, cookie) = known(&world, "a device");
    let mut jar = Jar::of(cookie);
    world.asked();
    let first = jar.page(&world);
    assert_eq!((shards_asked(&world), jar.snapshot.is_some()), (1, true));
    let second = jar.page(&world);
    assert_eq!(shards_asked(&world), 0);
    assert_eq!(second["cookie"], Json::Null);
    assert_eq!(second["slots"], first["slots"]);
    assert_eq!(second["slots"]["hero"]["content"], "back");
    assert_eq!((told(&second), &second["tag"]), (told(&first), &first["tag"]));
}

#[test]
fn one_holds_as_long_as_its_key_does() {
    let mut world = World::new();
    world.publish(&pack());
    let (_, cookie) = known(&world, "a device");
    let mut jar = Jar::of(cookie);
    jar.page(&world);
    let keys = |names: &[&str]| {
        let secret = |name: &str| if name == "k1" { "" } else { " and another" };
        let secret = |name: &str| format!("a secret of some length{}", secret(name)).into_bytes();
        let all = names.iter().map(|name| ((*name).to_owned(), secret(name)));
        CookieKeys::new(all.collect()).unwrap()
    };
    world.asked();
    world.config.cookies = keys(&["k2", "k1"]);
    jar.page(&world);
    assert_eq!(shards_asked(&world), 0);
    // Who sealed it is gone: so is the visitor's own cookie.
    world.config.cookies = keys(&["k2"]);
    let cookie = Some(jar.header());
    let page = PageRequest { url: URL.to_owned(), cookie, ..PageRequest::default() };
    assert_eq!((world.page(&page), shards_asked(&world)), (None, 0));
}

#[test]
fn what_happens_on_a_page_is_known_to_the_next_without_a_shard() {
    let world = World::new();
    world.publish(&json!({
        "pack": "shop",
        "segments": { "keen": { "when": { "$count": { "event": "Seen", "is": { "$gte": 3 } } } } },
        "slots": { "hero": { "default": "keep" } },
        "content": { "back": { "slot": "hero", "text": "Welcome back" } },
        "rules": [{ "id": "keen", "slot": "hero", "when": { "$segment": "keen" }, "show": "back" }],
    }));
    let (id, cookie) = known(&world, "a device");
    let mut jar = Jar::of(cookie);
    // Sites whose pages are not behind the edge have no snapshot, and are given none.
    jar.track(
        &world,
        &json!({ "writeKey": "w", "deviceKey": "a device", "batch": [event("m0", &id, "Seen")] }),
    );
    assert_eq!(jar.snapshot, None);
    assert_eq!(jar.page(&world)["slots"], json!({}));
    let batch =
        json!({ "writeKey": "w", "deviceKey": "a device", "batch": [event("m1", &id, "Seen")] });
    jar.track(&world, &batch);
    world.asked();
    let plan = jar.page(&world);
    assert_eq!(shards_asked(&world), 0);
    assert_eq!(plan["slots"]["hero"]["content"], "back");
    assert_eq!(told(&plan)["seq"], 3);
    // Nothing new, nothing to give.
    let again = jar.track(&world, &batch);
    assert_eq!(again.header("Set-Cookie"), None);
    // Another's events do not give this one anything.
    let (other, _) = known(&world, "another");
    let others =
        json!({ "writeKey": "w", "deviceKey": "another", "batch": [event("m2", &other, "Seen")] });
    assert_eq!(jar.track(&world, &others).header("Set-Cookie"), None);
}

#[test]
fn one_that_is_old_or_of_another_pack_is_asked_for_again() {
    let world = World::new();
    world.publish(&pack());
    let (_, cookie) = known(&world, "a device");
    let mut jar = Jar::of(cookie);
    jar.page(&world);
    world.host.now.set(world.host.now.get().plus(Span(30 * Span::MINUTE.0)));
    world.asked();
    jar.page(&world);
    assert_eq!(shards_asked(&world), 0);
    world.host.now.set(world.host.now.get().plus(Span(1)));
    jar.page(&world);
    assert_eq!(shards_asked(&world), 1);
    let mut other = pack();
    other["content"]["back"]["text"] = json!("Here again");
    world.publish(&other);
    world.asked();
    assert_eq!(jar.page(&world)["slots"]["hero"]["body"], "Here again");
    assert_eq!(shards_asked(&world), 1);
    jar.page(&world);
    assert_eq!(shards_asked(&world), 0);
}

#[test]
fn a_snapshot_is_its_visitors_and_of_their_last_consent() {
    let world = World::new();
    world.publish(&pack());
    let (_, keen) = known(&world, "a device");
    let mut keen = Jar::of(keen);
    keen.page(&world);
    let (id, consent) =
        (waymark_edge::identity::uuid_from_sha256("another"), json!({ "personalization": true }));
    let body =
        json!({ "writeKey": "w", "deviceKey": "another", "anonymousId": id, "consent": consent });
    let ask = |cookies: &str| {
        let request = Request::new(Method::Post, "https://shop.example/v1/consent");
        world.ask(&request.with_body(body.to_string()).with_header("cookie", cookies))
    };
    let set = ask("").header("Set-Cookie").unwrap().to_owned();
    let mut thief = Jar { visitor: set.split(';').next().unwrap().to_owned(), ..keen.clone() };
    world.asked();
    assert_eq!(thief.page(&world)["slots"], json!({}));
    assert_eq!(shards_asked(&world), 1);
    // Who answers anew begins anew.
    world.host.now.set(world.host.now.get().plus(Span(1)));
    let before = thief.header();
    let answered = ask(&before);
    let sets: Vec<_> = answered.headers.iter().filter(|(name, _)| *name == "Set-Cookie").collect();
    assert!(sets[1].1.starts_with("wm_s=; Path=/; Max-Age=0"), "{sets:?}");
    thief.visitor = sets[0].1.split(';').next().unwrap().to_owned();
    world.asked();
    thief.page(&world);
    assert_eq!(shards_asked(&world), 1);
}

#[test]
fn what_it_holds_cannot_be_read() {
    let world = World::new();
    let mut pack = pack();
    pack["rules"][1]["when"] = json!({ "traits.riskClass": "very bad risk" });
    world.publish(&pack);
    let (id, cookie) = known(&world, "a device");
    let traits = json!({ "riskClass": "very bad risk", "email": "ann@example.org" });
    let said = json!({ "type": "identify", "anonymousId": id, "messageId": "t", "traits": traits });
    assert_eq!(world.post("/v1/batch", SERVER, &json!({ "batch": [said] })).1["accepted"], 1);
    let mut jar = Jar::of(cookie);
    jar.page(&world);
    let value = jar.snapshot.unwrap();
    let sealed = value.rsplit_once('.').unwrap().1;
    let bytes = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, sealed).unwrap();
    for word in ["risk", "example", &id[..8]] {
        assert!(!bytes.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
    }
}

#[test]
fn a_profile_that_does_not_fit_is_asked_for_each_time() {
    let world = World::new();
    let mut pack = pack();
    let rules = pack["rules"].as_array_mut().unwrap();
    for number in 0..20 {
        let when = json!({ format!("traits.t{number}"): { "$exists": true } });
        rules.push(
            json!({ "id": format!("t{number}"), "slot": "hero", "when": when, "show": "letter" }),
        );
    }
    world.publish(&pack);
    let (id, cookie) = known(&world, "a device");
    let mut jar = Jar::of(cookie);
    jar.page(&world);
    assert!(jar.snapshot.is_some());
    // Words that do not repeat, so that they do not pack.
    let mut word = 1_u64;
    let mut long = || {
        let next = |_| {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            format!("{word:016x}")
        };
        (0..8).map(next).collect::<String>()
    };
    let traits: serde_json::Map<_, _> =
        (0..20).map(|number| (format!("t{number}"), long().into())).collect();
    let mut said = event("t", &id, "");
    said["type"] = "identify".into();
    said["traits"] = traits.into();
    jar.track(&world, &json!({ "writeKey": "w", "deviceKey": "a device", "batch": [said] }));
    assert_eq!(jar.snapshot, None);
    for _ in 0..2 {
        world.asked();
        jar.page(&world);
        assert_eq!((shards_asked(&world), jar.snapshot.is_some()), (1, false));
    }
}

proptest! {
    #[test]
    fn no_value_is_too_odd(value in "s2\\.k1\\.[A-Za-z0-9_-]{0,80}", at in 0_usize..400, byte in "[A-Za-z0-9._-]") {
        let world = World::new();
        world.publish(&pack());
        let (_, cookie) = known(&world, "a device");
        let mut jar = Jar::of(cookie);
        jar.page(&world);
        let good = jar.snapshot.clone().unwrap();
        let at = at % good.len();
        let mut forged = good.clone();
        forged.replace_range(at..=at, &byte);
        for value in [value, forged] {
            world.asked();
            let mut odd = Jar { snapshot: Some(value.clone()), ..jar.clone() };
            prop_assert_eq!(&odd.page(&world)["slots"]["hero"]["content"], "back");
            prop_assert_eq!(shards_asked(&world), usize::from(value != good));
        }
    }
}
