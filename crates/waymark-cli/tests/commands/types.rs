use std::path::Path;
use std::process::Command;

use crate::support::Folder;

const ODD: &str = r#"{
  "pack": "odd",
  "events": { "It's \"odd\" */": { "properties": { "a-b": "number", "order.id": "string", "order.at": "date", "tags": "array" } }, "Order Completed": {} },
  "attributes": { "traits.plan": { "type": "string" }, "traits.address.city": { "type": "string" } },
  "segments": { "vip": { "when": { "$did": { "event": "Order Completed" } } }, "secret": { "when": { "$did": { "event": "Order Completed" } }, "runs": "edge" } },
  "slots": { "hero": { "default": "keep" }, "my slot": { "default": "keep" } },
  "content": { "hi": { "slot": "hero", "text": "Hi" }, "yo": { "slot": "hero", "text": "Yo" }, "b": { "slot": "my slot", "text": "b" } },
  "rules": [{ "id": "r", "slot": "my slot", "show": "b" }],
  "experiments": { "x": { "slot": "hero", "variations": [{ "id": "short", "show": "hi" }, { "id": "long", "show": "yo" }] } },
}"#;

#[test]
fn a_pack_in_typescript() {
    let folder = Folder::new();
    folder.write("pack.jsonc", ODD);
    let ran = folder.run(&["types", "pack.jsonc"]);
    for line in [
        "  \"It's \\\"odd\\\" */\": { \"a-b\"?: number; order?: { at?: string | number; id?: string }; tags?: unknown[] } & Properties;",
        "  \"Order Completed\": Properties;",
        "export type Traits = { address?: { city?: string }; plan?: string } & Properties;",
        "export type Segment = \"vip\";",
        "export type Stage = never;",
        "  hero: \"hi\" | \"yo\" | null;",
        "  \"my slot\": \"b\" | null;",
        "  x: \"short\" | \"long\";",
    ] {
        assert!(ran.ok().contains(line), "{line} is not in:\n{}", ran.ok());
    }
    folder.run(&["types", "pack.jsonc", "--out", "pack.ts"]).ok();
    assert_eq!(std::fs::read_to_string(folder.path("pack.ts")).unwrap(), ran.ok());
}

#[test]
fn it_is_what_the_compiler_of_typescript_takes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tsc = root.join("node_modules/.bin/tsc");
    if !tsc.exists() {
        println!("skipped: node_modules has no TypeScript; `cargo xtask test` installs it");
        return;
    }
    let folder = Folder::new();
    folder.write("pack.jsonc", ODD);
    folder.run(&["types", "pack.jsonc", "--out", "pack.ts"]).ok();
    let compiles = |name: &str, code: &str| {
        folder.write(
            name,
            format!(
                "import type {{ Waymark }} from './pack';\ndeclare const w: Waymark;\n{code}\n"
            ),
        );
        let options = r#""noEmit": true, "strict": true, "types": [], "module": "esnext", "moduleResolution": "bundler", "target": "es2022""#;
        let project = format!(r#"{{ "compilerOptions": {{ {options} }}, "files": ["{name}"] }}"#);
        let project = folder.write("tsconfig.json", project);
        let ran = Command::new(&tsc).args(["--project", &project]).output().unwrap();
        ran.status.success()
    };
    assert!(compiles(
        "good.ts",
        "w.track('Order Completed', { a: 1 }); w.decide().then((d) => d.slots.hero?.content === 'hi' && d.segments.includes('vip'));"
    ));
    assert!(!compiles("event.ts", "w.track('Order Complete');"));
    assert!(!compiles("content.ts", "w.decide().then((d) => d.slots.hero?.content === 'b');"));
    assert!(!compiles("segment.ts", "w.decide().then((d) => d.segments.includes('secret'));"));
}
