use crate::support::{Folder, lines, track};

const BEFORE: &str = r#"{
  "pack": "shop", // comments are no change
  "journey": { "stages": [{ "id": "a", "enter": { "$did": { "event": "A" } } }, { "id": "b", "enter": { "$did": { "event": "B" } } }] },
  "features": { "spend": { "$sum": { "event": "Order", "property": "revenue", "within": "90d" } } },
  "segments": { "vip": { "when": { "features.spend": { "$gte": 300 } } } },
  "slots": { "hero": { "default": "keep" }, "side": { "default": "keep" } },
  "content": { "hi": { "slot": "hero", "text": "Hi" }, "yo": { "slot": "side", "text": "Yo" } },
  "rules": [{ "id": "vips", "slot": "hero", "when": { "$segment": "vip" }, "show": "hi" }],
  "experiments": { "x": { "slot": "side", "seed": "one", "variations": [{ "id": "n" }, { "id": "y", "show": "yo" }] } },
  "destinations": { "email": { "channel": "email" } },
  "journeys": { "j": { "enter": { "event": "A" }, "steps": [{ "id": "day", "wait": "1d" }, { "id": "mail", "send": "email" }] } },
  "contact": { "limit": { "times": 3, "per": "7d" } },
}"#;

fn after() -> String {
    BEFORE
        .replace("\"$gte\": 300", "\"$gte\": 500")
        .replace("\"within\": \"90d\"", "\"within\": \"30d\"")
        .replace("\"show\": \"hi\" }]", "\"show\": \"hi\", \"priority\": 10 }, { \"id\": \"all\", \"slot\": \"hero\", \"show\": \"hi\" }]")
        .replace("\"seed\": \"one\"", "\"seed\": \"two\"")
        .replace("{ \"id\": \"day\", \"wait\": \"1d\" }, ", "")
        .replace("\"times\": 3", "\"times\": 2")
        .replace("\"text\": \"Yo\"", "\"text\": \"Yo!\"")
}

#[test]
fn a_pack_does_not_differ_from_itself() {
    let folder = Folder::new();
    folder.write("a.jsonc", BEFORE);
    folder.write("b.jsonc", BEFORE.replace(" // comments are no change", ""));
    assert_eq!(folder.run(&["diff", "a.jsonc", "b.jsonc"]).ok(), "nothing changes\n");
}

#[test]
fn what_changes_and_what_it_does_to_visitors() {
    let folder = Folder::new();
    folder.write("a.jsonc", BEFORE);
    folder.write("b.jsonc", after());
    let ran = folder.run(&["diff", "a.jsonc", "b.jsonc"]);
    for line in [
        "~ the segment vip asks for features.spend ≥ 500, and asked for features.spend ≥ 300",
        "~ the rule vips: `priority` is new: 10",
        "+ the rule all is new: {\"show\":\"hi\",\"slot\":\"hero\"}, for everybody",
        "~ the content yo: `text` is \"Yo!\", was \"Yo\"",
        "~ the journey j: `steps.day` is gone; it was {\"id\":\"day\",\"wait\":\"1d\"}",
        "~ `contact`: `limit.times` is 2, was 3",
        "! visitors of the experiment x may come to another variation",
        "! the feature spend remembers something else",
        "! whoever waits at the step day of the journey j leaves it when it is due",
    ] {
        assert!(ran.ok().contains(line), "{line} is not in:\n{}", ran.ok());
    }
    // The other way round.
    let back = folder.run(&["diff", "b.jsonc", "a.jsonc"]);
    assert!(back.ok().contains("- the rule all is gone"), "{}", back.ok());
    let json = folder.run(&["diff", "a.jsonc", "b.jsonc", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(json.ok()).unwrap();
    let changes = json["changes"].as_array().unwrap();
    let notes = changes.iter().filter(|change| change["what"] == "note").count();
    assert_eq!(notes, 3);
}

#[test]
fn for_whom_it_changes() {
    let folder = Folder::new();
    folder.write("a.jsonc", BEFORE);
    folder.write("b.jsonc", after());
    let order = |visitor: &str, revenue: u32| {
        let page = r#"{"type":"page","messageId":"p-VISITOR","anonymousId":"VISITOR","timestamp":"2026-01-01T01:00:00Z","properties":{}}"#;
        [
            track(
                &format!("o-{visitor}"),
                visitor,
                1,
                "Order",
                &format!(r#"{{"revenue":{revenue}}}"#),
            ),
            page.replace("VISITOR", visitor),
        ]
    };
    let events: Vec<String> = [("ann", 400), ("bob", 600), ("cid", 10)]
        .into_iter()
        .flat_map(|(visitor, revenue)| order(visitor, revenue))
        .collect();
    folder.write("events.ndjson", lines(&events));
    let args = ["diff", "a.jsonc", "b.jsonc", "--events", "events.ndjson"];
    let said = folder.run(&args);
    // Ann is no longer one of them; Ann and Cid see what everybody sees.
    assert!(said.ok().contains("WHAT CHANGES"), "{}", said.ok());
    let json = folder.run(&[&args[..], &["--format", "json"]].concat()).json();
    let changes = &json["forWhom"]["changes"];
    let vip = &changes["segments"][0];
    assert_eq!((&vip["before"], &vip["after"]), (&2.into(), &1.into()));
    let hero = changes["slots"].as_array().unwrap().iter().find(|slot| slot["id"] == "hero");
    assert_eq!(hero.unwrap()["visitors"], 1);
    let made_up = folder.run(&["diff", "a.jsonc", "b.jsonc", "--generate", "50"]);
    assert!(made_up.ok().contains("made up"), "{}", made_up.ok());
    let alone = folder.run(&["diff", "a.jsonc", "b.jsonc", "--until", "2026-01-02T00:00:00Z"]);
    alone.refused(2, &["--events <FILE>|--generate <NUMBER>"]);
}
