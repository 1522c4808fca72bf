use serde_json::{Value, json};

use crate::support::Folder;

const PACK: &str = r#"{
    "pack": "shop",
    "events": {
        "Order Completed": { "purpose": ["analytics"], "properties": { "revenue": "number" } },
        "Search": {}
    },
    "attributes": {
        "traits.plan": { "type": "string", "purpose": ["personalization"], "sensitivity": "internal" },
        "traits.risk": { "type": "number", "visible": "edge" }
    },
    "features": { "spend": { "$sum": { "event": "Order Completed", "property": "revenue" } } },
    "segments": {
        "vip": { "when": { "features.spend": { "$gte": 500 } } },
        "risky": { "when": { "traits.risk": { "$gt": 5 } }, "runs": "edge" }
    },
    "slots": { "hero": { "default": "keep" } },
    "content": { "hi": { "slot": "hero", "text": "Hi {{ traits.plan }}" } },
    "rules": [
        { "id": "vip", "slot": "hero", "when": { "$segment": "vip", "geo.country": "SG" }, "show": "hi", "purpose": "analytics" }
    ],
    "metrics": { "searches": { "event": "Search", "kind": "count" } }
}"#;

#[test]
fn everything_that_is_read_of_visitors_is_listed_with_who_reads_it() {
    let folder = Folder::new();
    folder.write("pack.json", PACK);
    let ran = folder.run(&["data-map", "pack.json", "--format", "json"]);
    let all: Value = serde_json::from_str(ran.ok()).unwrap();
    let of = |name: &str| {
        let all = all.as_array().unwrap();
        all.iter().find(|datum| datum["name"] == name).unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(
        *of("Order Completed"),
        json!({
            "kind": "event", "name": "Order Completed", "purposes": ["analytics"],
            "sensitivity": null, "properties": ["revenue"], "kept": "remembered",
            "readers": ["feature spend", "rule vip", "segment vip"],
        })
    );
    assert_eq!(
        (&of("Search")["kept"], &of("Search")["readers"]),
        (&json!("log"), &json!(["metric searches"]))
    );
    let plan = of("traits.plan");
    assert_eq!(
        (&plan["kept"], &plan["sensitivity"], &plan["readers"]),
        (&json!("device-and-edge"), &json!("internal"), &json!(["rule vip"]))
    );
    let risk = of("traits.risk");
    assert_eq!((&risk["kept"], &risk["purposes"]), (&json!("edge"), &json!(null)));
    assert_eq!(risk["readers"], json!(["segment risky"]));
    assert_eq!(of("geo.country")["kept"], "nowhere");
    let text = folder.run(&["data-map", "pack.json"]).ok().to_owned();
    let part = "trait traits.risk\n  collected for: the pack does not say\n  kept: at the edge only\n  read by: segment risky\n";
    assert!(text.contains(part), "{text}");
    folder.write("broken.json", "{}");
    folder.run(&["data-map", "broken.json"]).refused(2, &["pack-has-errors"]);
}
