//! What a visitor downloads, in brotli bytes at level 11, against the budget.

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Map, json};

use crate::assets::Asset;
use crate::browser::{Browser, MODULES};
use crate::project::{read, root};

/// Before the first paint can be personalised.
const LOADER: usize = 3 * 1024;
/// Loader, glue and engine together. The goal is 38 KB.
const TOTAL: usize = 39_200;
/// The engine of the packs that need more, in place of the lean one.
const WHOLE: usize = 62 * 1024;
/// A module that is fetched when needed.
const MODULE: usize = 15 * 1024;
/// Whose page's Program is measured.
const PACK: &str = "examples/packs/outdoor-shop.jsonc";

/// Prints the figures and fails over a gate. `wasm` is the lean engine, which most packs need only.
pub fn report(built: &Browser, as_json: bool) -> Result<()> {
    let size = |path: &str| -> Result<usize> {
        let found = built.assets.iter().find(|asset| asset.path.starts_with(path));
        Ok(found.with_context(|| format!("{path} was not built"))?.brotli.len())
    };
    let (loader, glue) = (size("/waymark.js")?, size("/waymark/core.")?);
    let (wasm, whole) = (size("/waymark/engine.")?, size("/waymark/engine-whole.")?);
    let total = loader + glue + wasm;
    let mut modules = Map::new();
    for (name, _) in MODULES {
        modules.insert(name.to_owned(), size(&format!("/waymark/{name}."))?.into());
    }
    let program = program()?;
    if as_json {
        let all = json!({
            "loader": loader, "glue": glue, "wasm": wasm, "total": total,
            "whole": whole, "modules": modules, "program": program,
        });
        println!("{all}");
    } else {
        println!("{loader:>7}  loader: before the first paint (gate {LOADER})");
        println!("{glue:>7}  glue: tracking, consent, delivery, slots");
        println!("{wasm:>7}  wasm: the engine that most packs need");
        println!("{total:>7}  total (goal {}, gate {TOTAL})", 38 * 1024);
        println!("{whole:>7}  wasm of packs that need more (gate {WHOLE})");
        for (name, size) in &modules {
            println!("{size:>7}  {name}, when needed (gate {MODULE})");
        }
        println!("{program:>7}  the page's Program of {PACK}");
    }
    let parts =
        [("loader", loader, LOADER), ("total", total, TOTAL), ("whole engine", whole, WHOLE)];
    let parts = parts.into_iter().map(|(name, size, gate)| (name.to_owned(), size, gate));
    let modules = modules.iter().filter_map(|(name, size)| {
        Some((format!("module {name}"), usize::try_from(size.as_u64()?).ok()?, MODULE))
    });
    for (name, size, gate) in parts.chain(modules) {
        if size > gate {
            bail!("the {name} has {size} brotli bytes; the gate is {gate}");
        }
    }
    Ok(())
}

/// A pack's Program as a page downloads it.
fn program() -> Result<usize> {
    let source = String::from_utf8(read(&root().join(PACK))?)?;
    let compiled = waymark_pack::compile(&source).map_err(|_| anyhow!("{PACK} has errors"))?;
    let page = compiled.program.page_projection().encode();
    Ok(Asset::new(String::new(), "", true, page)?.brotli.len())
}
