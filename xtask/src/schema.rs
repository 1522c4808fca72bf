//! The published JSON Schema of packs, written from the compiler's own description of the language.

use std::fs;

use anyhow::{Context, Result};

use crate::project;

/// Where it lies; a test of the compiler says when it is stale.
const PATH: &str = "www/schema/pack-1.json";

pub fn write() -> Result<()> {
    let path = project::root().join(PATH);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, waymark_pack::language::schema())
        .with_context(|| format!("writing {PATH}"))?;
    println!("{PATH}");
    Ok(())
}
