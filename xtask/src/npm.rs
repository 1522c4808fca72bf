//! The npm package in dist/npm: the SDK's sources as modules, with types, and the engines beside.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::browser::Browser;
use crate::build::{Stamp, target};
use crate::project::{self, command, dist, node_tool, read, root, run};

const ENTRIES: [&str; 4] = ["index", "testing", "openfeature", "ecommerce"];

/// Builds the package; gives its folder.
pub fn build(browser: &Browser) -> Result<PathBuf> {
    let crate_folder = root().join("crates/waymark-browser");
    let source = crate_folder.join("npm");
    let folder = dist().join("npm");
    let names: String = browser.assets.iter().map(|asset| asset.path.as_str()).collect();
    let fresh = Stamp::of(&format!("npm/{names}"), &[&source, &crate_folder.join("ts")])?;
    if fresh.is_current() && folder.exists() {
        return Ok(folder);
    }
    let _ = std::fs::remove_dir_all(&folder);
    let mut bundled = command(node_tool("esbuild"));
    bundled.args(ENTRIES.map(|entry| source.join(format!("{entry}.ts"))));
    // What is fetched when needed stays in files of its own, and so does what entries share.
    bundled.args(["--bundle", "--splitting", "--format=esm", "--target=es2022", "--charset=utf8"]);
    bundled.args(["--chunk-names=chunks/[name]-[hash]", "--log-level=warning"]);
    bundled.args(["--external:@openfeature/web-sdk", "--legal-comments=none"]);
    run(bundled.arg(format!("--outdir={}", folder.display())))?;
    run(command("node").current_dir(root()).arg(source.join("plain.mjs")).arg(&folder))?;
    types(&folder)?;
    for name in ["package.json", "README.md"] {
        project::write(&folder.join(name), read(&source.join(name))?)?;
    }
    for license in ["LICENSE-APACHE", "LICENSE-MIT"] {
        project::write(&folder.join(license), read(&root().join(license))?)?;
    }
    for name in ["engine.wasm", "engine-whole.wasm", "waymark.js", "waymark.css"] {
        let (stem, kind) = name.split_once('.').context("a file's kind")?;
        let asset = browser.assets.iter().find(|asset| {
            let (first, last) = (format!("/{stem}."), format!("/waymark/{stem}."));
            (asset.path.starts_with(&first) || asset.path.starts_with(&last))
                && asset.path.ends_with(kind)
        });
        let asset = asset.with_context(|| format!("{name} was not built"))?;
        project::write(&folder.join(name), &asset.plain)?;
    }
    fresh.keep()?;
    Ok(folder)
}

/// The entries' types, and what they rest on, side by side.
fn types(folder: &Path) -> Result<()> {
    let work = target()?.join("npm-types");
    let _ = std::fs::remove_dir_all(&work);
    let project = root().join("crates/waymark-browser/tsconfig.npm.json");
    let mut declared = command(node_tool("tsc"));
    run(declared.arg("--project").arg(project).arg("--outDir").arg(&work))?;
    let made = work.join("crates/waymark-browser");
    let entries = ENTRIES.iter().map(|entry| made.join(format!("npm/{entry}.d.ts")));
    for file in entries.chain([made.join("ts/types.d.ts")]) {
        let text = String::from_utf8(read(&file)?)?;
        // Node's own resolution wants names of files.
        let text = text.replace("'../ts/types'", "'./types.js'");
        let name = file.file_name().context("a file's name")?;
        project::write(&folder.join(name), text)?;
    }
    Ok(())
}
