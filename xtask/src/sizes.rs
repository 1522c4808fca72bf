//! What a visitor downloads, in brotli bytes, against the budget.

use anyhow::{Result, bail};

use crate::build::Browser;

/// Before the first paint can be personalised.
const LOADER: usize = 3 * 1024;
/// Loader, core and engine together. The goal is 38 KB, and 48 KB is what it may come to once lists,
/// dates and calendars are a module that is loaded by the packs that use them.
const TOTAL: usize = 60 * 1024;

pub fn report(built: &Browser) -> Result<()> {
    let mut total = 0;
    for asset in &built.assets {
        println!("{:>8}  {:>7} brotli  {}", asset.plain.len(), asset.brotli.len(), asset.path);
        total += asset.brotli.len();
    }
    println!("{:>8}  {total:>7} brotli  in all (goal {}, gate {TOTAL})", "", 38 * 1024);
    let loader = built.assets.iter().find(|asset| asset.path == "/waymark.js");
    match loader {
        None => bail!("no loader was built"),
        Some(loader) if loader.brotli.len() > LOADER => {
            bail!("the loader has {} brotli bytes; the gate is {LOADER}", loader.brotli.len())
        }
        Some(_) if total > TOTAL => bail!("{total} brotli bytes in all; the gate is {TOTAL}"),
        Some(_) => Ok(()),
    }
}
