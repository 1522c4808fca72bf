use crate::support::Folder;

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
        "~ the segment vip: `when` is {\"features.spend\":{\"$gte\":500}}, was {\"features.spend\":{\"$gte\":300}}",
        "~ the rule vips: `priority` is new: 10",
        "+ the rule all is new: {\"id\":\"all\",\"show\":\"hi\",\"slot\":\"hero\"}",
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
    let notes = json.as_array().unwrap().iter().filter(|change| change["what"] == "note").count();
    assert_eq!(notes, 3);
}
