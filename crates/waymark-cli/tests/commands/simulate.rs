use serde_json::{Value, json};

use crate::support::{Folder, lines, track};

/// Two of whose rules are never shown; with a limit, an experiment, a trigger and a journey.
const PACK: &str = r#"{
  "pack": "small",
  "journey": {
    "session": "30m",
    "stages": [
      { "id": "looking", "enter": { "$did": { "event": "Page Viewed" } } },
      { "id": "customer", "enter": { "$did": { "event": "Order Completed" } } },
    ],
  },
  "features": { "spend": { "$sum": { "event": "Order Completed", "property": "revenue", "within": "90d" } } },
  "segments": {
    "buyers": { "when": { "$did": { "event": "Order Completed" } } },
    "big": { "when": { "features.spend": { "$gte": 100 } } },
    "keen": { "when": { "$did": { "event": "Product Viewed", "within": "1d" } } },
  },
  "slots": { "hero": { "default": "keep" }, "note": { "default": "keep", "contact": "popup" }, "button": { "default": "keep" } },
  "content": {
    "thanks": { "slot": "hero", "text": "Thank you" },
    "welcome": { "slot": "hero", "text": "Welcome" },
    "nag": { "slot": "note", "text": "Buy now" },
    "now": { "slot": "button", "text": "Now" },
  },
  "contact": { "limit": { "times": 2, "per": "7d" } },
  "destinations": { "email": { "channel": "email", "purpose": "marketing" } },
  "rules": [
    { "id": "thank", "slot": "hero", "when": { "$segment": "buyers" }, "show": "thanks", "priority": 20 },
    { "id": "greet", "slot": "hero", "when": { "page.path": "/" }, "show": "welcome", "priority": 10, "limit": { "times": 1, "per": "visitor" } },
    { "id": "beaten", "slot": "hero", "when": { "$segment": "big" }, "show": "welcome", "priority": 5 },
    { "id": "nowhere", "slot": "hero", "when": { "page.path": "/nowhere" }, "show": "welcome", "priority": 1 },
    { "id": "nag", "slot": "note", "when": { "$segment": "keen" }, "show": "nag" },
  ],
  "experiments": {
    "copy": { "slot": "button", "variations": [{ "id": "control" }, { "id": "short", "show": "now" }] },
  },
  "triggers": [
    { "id": "first", "on": { "stage": "customer" }, "do": { "send": "email", "message": "thanks" } },
  ],
  "journeys": {
    "cart": {
      "enter": { "event": "Product Added" },
      "exit": { "event": "Order Completed" },
      "steps": [
        { "id": "hour", "wait": "1h" },
        { "id": "kind", "branch": [{ "when": { "$segment": "big" }, "steps": [{ "id": "vip", "send": "email", "message": "cart-vip" }] }],
          "else": [{ "id": "plain", "send": "email", "message": "cart" }] },
        { "id": "day", "wait": "1d" },
        { "id": "last", "send": "email", "message": "cart-last" },
      ],
    },
  },
}"#;

/// A page view, `minute` minutes after 2026-01-01, with what else its context says.
fn page(id: &str, visitor: &str, minute: u32, path: &str, more: &str) -> String {
    let event = track(id, visitor, minute, "", "{}");
    let event = event.replace(r#""type":"track","event":"""#, r#""type":"page""#);
    let context = format!(r#""context":{{"page":{{"path":"{path}"}}{more}}}}}"#);
    event.replace(r#""properties":{}}"#, &context)
}

/// Ten visitors: what becomes of each is worked out in the tests below.
fn visitors() -> String {
    let no_marketing =
        r#","consent":{"categoryPreferences":{"analytics":true,"personalization":true}}"#;
    let nothing = r#","consent":{"categoryPreferences":{}}"#;
    lines(&[
        page("a1", "ann", 0, "/", ""),
        // Greeted once.
        page("b1", "bob", 0, "/", ""),
        page("b2", "bob", 10, "/", ""),
        // Two contacts in a week, and no third.
        page("c1", "cat", 0, "/c", ""),
        track("c2", "cat", 1, "Product Viewed", "{}"),
        page("c3", "cat", 2, "/c", ""),
        page("c4", "cat", 3, "/c", ""),
        page("c5", "cat", 4, "/c", ""),
        // The whole journey: after an hour, and after a day.
        page("d1", "dan", 0, "/", ""),
        track("d2", "dan", 5, "Product Added", "{}"),
        // An order ends it.
        page("e1", "eve", 0, "/", ""),
        track("e2", "eve", 5, "Product Added", "{}"),
        track("e3", "eve", 30, "Order Completed", r#"{"revenue":50}"#),
        page("e4", "eve", 40, "/", ""),
        // A big order, then the other arm; the third message in a week is left out.
        page("f1", "fay", 0, "/f", ""),
        track("f2", "fay", 1, "Order Completed", r#"{"revenue":200}"#),
        page("f3", "fay", 2, "/f", ""),
        track("f4", "fay", 10, "Product Added", "{}"),
        // Without consent to marketing the journey ends before its first message.
        page("g1", "gus", 0, "/g", no_marketing),
        track("g2", "gus", 5, "Product Added", "{}"),
        // What was logged under another pack is not played.
        track("h0", "hal", 0, "Content Viewed", r#"{"rule_id":"greet","content_id":"welcome"}"#),
        track(
            "h1",
            "hal",
            0,
            "Experiment Viewed",
            r#"{"experiment_id":"copy","variation_id":"short"}"#,
        ),
        page("h2", "hal", 1, "/", ""),
        // Whoever allows nothing is counted nowhere, and nothing is sent.
        page("i1", "ian", 0, "/i", nothing),
        track("i2", "ian", 1, "Order Completed", r#"{"revenue":10}"#),
        page("i3", "ian", 2, "/i", ""),
        // The last event of all: an hour has not passed.
        track("j1", "joe", 2_880, "Product Added", "{}"),
    ])
}

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("pack.jsonc", PACK);
    folder.write("events.ndjson", visitors());
    folder
}

const RECORDED: [&str; 4] = ["simulate", "pack.jsonc", "--events", "events.ndjson"];

fn found<'a>(list: &'a Value, id: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|one| one["id"] == id);
    found.unwrap_or_else(|| panic!("{id} is not in {list}"))
}

/// A count of looks and of visitors.
fn count(looks: u64, visitors: u64) -> Value {
    json!({ "looks": looks, "visitors": visitors })
}

#[test]
fn what_becomes_of_each_visitor_is_counted() {
    let folder = folder();
    let report = folder.run(&[&RECORDED[..], &["--json"]].concat()).json();
    assert_eq!(
        report["journeys"],
        json!({
            "source": "recorded", "file": "events.ndjson", "look": "page-view",
            "from": "2026-01-01T00:00:00.000Z", "until": "2026-01-03T00:00:00.000Z",
            "duplicates": 0, "rejected": 0, "leftOut": 2,
        })
    );
    let pack = &report["pack"];
    let all = ["visitors", "events", "looks", "noStage"].map(|key| pack[key].as_u64().unwrap());
    assert_eq!(all, [10, 25, 16, 1]);
    assert_eq!(
        pack["segments"],
        json!([
            { "id": "big", "end": 1, "ever": 1 },
            { "id": "buyers", "end": 3, "ever": 3 },
            // A day after the product was viewed.
            { "id": "keen", "end": 0, "ever": 1 },
        ])
    );
    assert_eq!(
        pack["overlaps"],
        json!([{ "a": "big", "b": "buyers", "both": 1, "either": 3, "jaccard": 0.3333, "share": 0.1 }])
    );
    // Eve's 30 minutes, and one each of Fay and of Ian.
    let days = json!(0.0007);
    assert_eq!(
        pack["stages"],
        json!([
            { "id": "looking", "end": 6, "ever": 9, "medianDays": days, "stays": 3 },
            { "id": "customer", "end": 3, "ever": 3, "medianDays": null, "stays": 0 },
        ])
    );
    assert_eq!(
        pack["stageMoves"],
        json!([
            { "from": null, "to": "looking", "times": 9, "visitors": 9 },
            { "from": "looking", "to": "customer", "times": 3, "visitors": 3 },
        ])
    );
}

#[test]
fn a_rule_is_shown_or_it_is_said_why_not() {
    let folder = folder();
    let report = folder.run(&[&RECORDED[..], &["--json"]].concat()).json();
    let rules = &report["pack"]["rules"];
    let facts = |id: &str| {
        let rule = found(rules, id);
        ["held", "shown", "beaten", "capped", "noConsent"].map(|key| rule[key].clone())
    };
    let none = || count(0, 0);
    // Ian has bought, and is not to be known.
    assert_eq!(facts("thank"), [count(3, 3), count(2, 2), none(), none(), count(1, 1)]);
    // Bob was greeted before; Eve is thanked.
    assert_eq!(facts("greet"), [count(7, 5), count(5, 5), count(1, 1), count(1, 1), none()]);
    assert_eq!(facts("nag"), [count(3, 1), count(2, 1), none(), count(1, 1), none()]);
    assert_eq!(found(rules, "greet")["beatenBy"], "thank");
    let never = |id: &str| found(rules, id)["never"].clone();
    assert_eq!(never("beaten"), json!({ "reason": "beaten", "words": "always beaten by thank" }));
    let words = "its condition never held";
    assert_eq!(never("nowhere"), json!({ "reason": "never-held", "words": words }));
    assert_eq!(never("greet"), Value::Null);
    assert_eq!(
        found(&report["pack"]["slots"], "hero")["contents"],
        json!([
            { "content": "keep", "looks": 9, "visitors": 5 },
            { "content": "welcome", "looks": 5, "visitors": 5 },
            { "content": "thanks", "looks": 2, "visitors": 2 },
        ])
    );
    // Of 14 page views of eight visitors; the same visitor sees the same.
    let variations = found(&report["pack"]["experiments"], "copy")["variations"].clone();
    let sum = |key: &str| -> u64 {
        variations.as_array().unwrap().iter().map(|one| one[key].as_u64().unwrap()).sum()
    };
    assert_eq!((sum("visitors"), sum("exposures")), (8, 14));
    assert!(found(&variations, "short")["visitors"].as_u64().unwrap() > 0);
}

#[test]
fn journeys_are_followed_step_by_step() {
    let folder = folder();
    let report = folder.run(&[&RECORDED[..], &["--json"]].concat()).json();
    let pack = &report["pack"];
    let flow = |id: &str| {
        let flow = found(&pack["flows"], id);
        ["entered", "visitors", "completed", "left", "still"].map(|key| flow[key].as_u64().unwrap())
    };
    // Ian's ends for want of consent.
    assert_eq!(flow("first"), [3, 3, 2, 1, 0]);
    // Dan and Fay go to the end, Eve orders, Gus does not consent, and Joe has just come in.
    assert_eq!(flow("cart"), [5, 5, 2, 2, 1]);
    let steps = found(&pack["flows"], "cart")["steps"].as_array().unwrap();
    let steps: Vec<Value> = steps
        .iter()
        .map(|step| {
            let keys = ["id", "came", "taken", "leftOut", "exited", "noConsent", "still"];
            keys.map(|key| step[key].clone()).to_vec().into()
        })
        .collect();
    assert_eq!(
        steps,
        [
            json!(["hour", 5, null, null, 1, 0, 1]),
            json!(["kind", 3, null, null, 0, 0, 0]),
            json!(["vip", 1, 1, 0, 0, 0, 0]),
            json!(["plain", 2, 1, 0, 0, 1, 0]),
            json!(["day", 2, null, null, 0, 0, 0]),
            json!(["last", 2, 1, 1, 0, 0, 0]),
        ]
    );
    let send = |id: &str, times: u64| json!({ "kind": "send", "destination": "email", "id": id, "times": times, "visitors": times });
    let sent = [send("cart", 1), send("cart-last", 1), send("cart-vip", 1), send("thanks", 2)];
    assert_eq!(pack["actions"], json!(sent));
    let spread = |of: &Value| -> Vec<(u64, u64)> {
        let each = of.as_array().unwrap().iter();
        each.map(|one| (one["number"].as_u64().unwrap(), one["visitors"].as_u64().unwrap()))
            .collect()
    };
    assert_eq!(spread(&pack["messages"]), [(0, 7), (1, 1), (2, 2)]);
    // Cat saw two notes; Dan and Fay had two messages, Eve one.
    let contacts = &pack["contacts"];
    assert_eq!(spread(&contacts["spread"]), [(0, 6), (1, 1), (2, 3)]);
    assert_eq!((&contacts["all"], &contacts["mostIn7Days"]), (&json!(7), &json!(2)));
    assert_eq!(contacts["meanIn7Days"], json!(0.7));
}

#[test]
fn two_packs_are_compared_at_every_look() {
    let folder = folder();
    let other = PACK
        .replace(r#""priority": 20"#, r#""priority": 7"#)
        .replace(r#""$gte": 100"#, r#""$gte": 40"#)
        .replace("Thank you", "Thanks")
        .replace("cart-last", "cart-end");
    folder.write("other.jsonc", other);
    let args = ["simulate", "other.jsonc", "--against", "pack.jsonc", "--events", "events.ndjson"];
    let report = folder.run(&[&args[..], &["--json"]].concat()).json();
    assert_eq!(report["pack"]["file"], "other.jsonc");
    let alone = folder.run(&[&RECORDED[..], &["--json"]].concat()).json();
    assert_eq!(report["against"], alone["pack"]);
    let changes = &report["changes"];
    // Eve was greeted before, so she is thanked still, and Fay; in other words.
    assert_eq!((&changes["looks"], &changes["visitors"]), (&json!(2), &json!(2)));
    let hero = found(&changes["slots"], "hero");
    assert_eq!((&hero["looks"], &hero["reworded"]), (&json!(0), &count(2, 2)));
    assert_eq!(
        found(&changes["segments"], "big"),
        &json!({ "id": "big", "before": 1, "after": 2, "gained": 1, "lost": 0 })
    );
    let last = |id: &str| {
        let action = found(&changes["actions"], id);
        [&action["before"], &action["after"]].map(|number| number.as_u64().unwrap())
    };
    assert_eq!((last("cart-last"), last("cart-end")), ([1, 0], [0, 1]));
    // The other way round, with another content.
    folder.write("other.jsonc", PACK.replace(r#""show": "nag""#, r#""show": "keep""#));
    let report = folder.run(&[&args[..], &["--json"]].concat()).json();
    let note = found(&report["changes"]["slots"], "note");
    let way = json!([{ "from": "nag", "to": "keep", "looks": 2, "visitors": 1 }]);
    assert_eq!((&note["top"], &note["looks"]), (&way, &json!(2)));
    let said = folder.run(&args);
    let words = "From pack.jsonc to other.jsonc: something else is seen at 2 of 16 page views, by 1 of 10 visitors.";
    assert!(said.ok().contains(words), "{}", said.out());
}

#[test]
fn a_day_is_looked_at_and_the_end_may_be_another() {
    let folder = folder();
    let args = [&RECORDED[..], &["--look", "day", "--json"]].concat();
    let report = folder.run(&args).json();
    // On three days, from the first minute on; Hal came a minute later, and Joe on the last day.
    assert_eq!(report["pack"]["looks"], 8 * 3 + 2 + 1);
    let args = [&RECORDED[..], &["--until", "2026-01-01T00:00:00Z", "--json"]].concat();
    let report = folder.run(&args).json();
    assert_eq!((&report["pack"]["looks"], &report["pack"]["events"]), (&json!(8), &json!(8)));
    let args = [&RECORDED[..], &["--until", "2026-02-01T00:00:00Z", "--json"]].concat();
    let report = folder.run(&args).json();
    let cart = found(&report["pack"]["flows"], "cart");
    assert_eq!((&cart["completed"], &cart["still"]), (&json!(3), &json!(0)));
}

#[test]
fn journeys_are_made_up_alike_from_one_seed() {
    let folder = folder();
    let run = |more: &[&str]| {
        let args = ["simulate", "pack.jsonc", "--generate", "150", "--days", "10"];
        folder.run(&[&args[..], more].concat()).ok().to_owned()
    };
    let json = run(&["--json"]);
    assert_eq!(json, run(&["--json", "--seed", "1"]));
    assert_ne!(json, run(&["--json", "--seed", "2"]));
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&report["journeys"]["source"], &report["journeys"]["until"], &report["pack"]["visitors"]),
        (&json!("generated"), &json!("2026-01-11T00:00:00.000Z"), &json!(150))
    );
    // What the pack asks for is met, and not by everybody.
    for (list, key) in [("segments", "ever"), ("flows", "entered"), ("actions", "visitors")] {
        for one in report["pack"][list].as_array().unwrap() {
            let met = one[key].as_u64().unwrap();
            assert!(met > 0 && met < 150, "{one}");
        }
    }
    assert!(run(&[]).contains("These journeys are made up: nobody did any of this."));
}

/// Tags that are open at the end of a page, or the one that closes what is not open.
fn unbalanced(html: &str) -> Vec<String> {
    const VOID: [&str; 2] = ["meta", "!doctype"];
    let (head, rest) = html.split_once("<style>").unwrap();
    let (style, rest) = rest.split_once("</style>").unwrap();
    assert!(!style.contains('<'));
    let mut open: Vec<String> = Vec::new();
    for part in [head, rest].concat().split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        assert!(!text.contains('>'), "{text}");
        let name = tag.split_whitespace().next().unwrap().to_lowercase();
        if let Some(name) = name.strip_prefix('/') {
            if open.pop().as_deref() != Some(name) {
                return vec![name.to_owned()];
            }
        } else if !VOID.contains(&name.as_str()) {
            open.push(name);
        }
    }
    open
}

#[test]
fn the_page_stands_alone_and_what_it_shows_is_text() {
    let folder = folder();
    let odd = PACK.replace("\"thanks\" } }", "\"<img src=x onerror='a()'>&\" } }");
    assert_ne!(odd, PACK);
    let file = "<b>&\"'.jsonc";
    folder.write(file, odd);
    let args = ["simulate", file, "--against", "pack.jsonc", "--events", "events.ndjson"];
    let ran = folder.run(&[&args[..], &["--html", "report.html"]].concat());
    assert!(ran.ok().contains("SEGMENTS"));
    let html = std::fs::read_to_string(folder.path("report.html")).unwrap();
    assert_eq!(unbalanced(&html), [""; 0]);
    for part in [
        "&lt;b&gt;&amp;&quot;&#39;.jsonc",
        "&lt;img src=x onerror=&#39;a()&#39;&gt;&amp;",
        "<html lang=\"en\">",
        "<caption",
        "scope=\"col\"",
        "scope=\"row\"",
        "tabindex=\"0\"",
        "prefers-color-scheme: dark",
        "@media print",
    ] {
        assert!(html.contains(part), "{part:?} is not in the page");
    }
    for part in ["<script", "<img", "<b>&", "http:", "https:", "@import", "url("] {
        assert!(!html.contains(part), "{part:?} is in the page");
    }
    assert!(!html.contains("made up"));
    let args = ["simulate", "pack.jsonc", "--generate", "20", "--json", "--html", "made-up.html"];
    folder.run(&args).ok();
    let html = std::fs::read_to_string(folder.path("made-up.html")).unwrap();
    assert_eq!(unbalanced(&html), [""; 0]);
    assert!(html.contains("These journeys are made up"));
}

#[test]
fn journeys_come_from_one_place() {
    let folder = folder();
    folder.run(&["simulate", "pack.jsonc"]).refused(2, &["--events <FILE>"]);
    let both = [&RECORDED[..], &["--generate", "5"]].concat();
    folder.run(&both).refused(2, &["--generate", "--events"]);
    folder.run(&[&RECORDED[..], &["--seed", "5"]].concat()).refused(2, &["--seed"]);
    folder.run(&["simulate", "pack.jsonc", "--generate", "0"]).refused(2, &["--generate"]);
    let nobody = ["simulate", "pack.jsonc", "--events", "-", "--json"];
    assert_eq!(folder.run(&nobody).json()["pack"]["visitors"], 0);
    let unwritable = [&RECORDED[..], &["--html", "no/such/folder.html"]].concat();
    folder.run(&unwritable).refused(2, &["unwritable-file"]);
}
