//! What a visitor downloads, in brotli bytes, against the budget.

use anyhow::{Result, bail};

use crate::build::Browser;

/// Before the first paint can be personalised.
const LOADER: usize = 3 * 1024;
/// Loader, core and engine together. The goal is 38 KB.
const TOTAL: usize = 48 * 1024;
/// The engine of the packs that need more, in place of the lean one.
const WHOLE: usize = 68 * 1024;

pub fn report(built: &Browser) -> Result<()> {
    let mut total = 0;
    for asset in &built.assets {
        println!("{:>8}  {:>7} brotli  {}", asset.plain.len(), asset.brotli.len(), asset.path);
        let (part, gate) = match asset.path.as_str() {
            "/waymark.js" => ("loader", LOADER),
            path if path.starts_with("/waymark/engine-whole.") => ("whole engine", WHOLE),
            _ => ("part", TOTAL),
        };
        if asset.brotli.len() > gate {
            bail!("the {part} has {} brotli bytes; the gate is {gate}", asset.brotli.len());
        }
        if gate != WHOLE {
            total += asset.brotli.len();
        }
    }
    println!(
        "{:>8}  {total:>7} brotli  in all, of most packs (goal {}, gate {TOTAL})",
        "",
        38 * 1024
    );
    if total > TOTAL {
        bail!("{total} brotli bytes in all; the gate is {TOTAL}");
    }
    Ok(())
}
