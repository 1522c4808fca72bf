//! The browser's files and the edge's worker, from the crates to dist/; and the steps that builds
//! are made of.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::assets::{self, Asset};
use crate::browser::{self, Browser};
use crate::project::{self, cargo, command, dist, node_tool, output, read, root, run};
use crate::{npm, studio, tools};

/// What rustc's default wasm features are, so that wasm-opt may use and keep them.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

pub fn all() -> Result<Browser> {
    let browser = browser::build()?;
    edge(&browser)?;
    npm::build(&browser)?;
    studio::build()?;
    cli()?;
    Ok(browser)
}

pub fn cli() -> Result<PathBuf> {
    run(cargo().args(["build", "--quiet", "--release", "--locked", "-p", "waymark-cli"]))?;
    Ok(target()?.join("release/waymark"))
}

/// The worker in dist/edge: `index.js`, `index_bg.wasm` and the browser's files.
pub fn edge(browser: &Browser) -> Result<()> {
    let source = root().join("crates/waymark-edge/js");
    let work = target()?.join("edge");
    let folder = dist().join("edge");
    let wasm = compile("waymark-edge", "wasm-edge")?;
    let names: String = browser.assets.iter().map(|asset| asset.path.as_str()).collect();
    let fresh = Stamp::of(&format!("edge{names}"), &[&wasm, &source, &dist().join("browser")])?;
    if fresh.is_current() {
        return Ok(());
    }
    let mut bindgen = Bindgen::new();
    bindgen.input_path(&wasm).module(true).map_err(|error| anyhow!("{error:?}"))?;
    bindgen.out_name("index").typescript(false);
    bindgen.reset_state_function(true).force_enable_abort_handler(true);
    bindgen.generate(&work).map_err(|error| anyhow!("{error:?}"))?;
    import_plainly(&work.join("index.js"))?;
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder)?;
    // What is thrown into the module is caught at its borders.
    let levels = ["-O2", "--enable-exception-handling"];
    optimize(&work.join("index_bg.wasm"), &folder.join("index_bg.wasm"), &levels)?;
    assets::write_packed(&browser.assets, &folder.join("assets"))?;
    project::write(&work.join("assets.js"), assets_module(&browser.assets))?;
    bundle(
        &source.join("entry.js"),
        &folder.join("index.js"),
        &[
            "--format=esm".to_owned(),
            "--target=es2022".to_owned(),
            format!("--alias:waymark-edge={}", work.join("index.js").display()),
            format!("--alias:waymark-assets={}", work.join("assets.js").display()),
            "--external:./index_bg.wasm".to_owned(),
            "--external:cloudflare:*".to_owned(),
            "--external:*.br".to_owned(),
            "--external:*.gz".to_owned(),
        ],
    )?;
    fresh.keep()
}

/// Workers import a wasm file as a compiled module by the plain form; bundlers know no other yet.
fn import_plainly(glue: &Path) -> Result<()> {
    let text = String::from_utf8(read(glue)?)?;
    let (source, plain) = ("import source wasmModule from", "import wasmModule from");
    if !text.contains(source) {
        bail!("{}: wasm-bindgen imports the module in another way now", glue.display());
    }
    project::write(glue, text.replacen(source, plain, 1))
}

/// A module that maps paths to what the edge answers with.
fn assets_module(assets: &[Asset]) -> String {
    use std::fmt::Write;
    let mut imports = String::new();
    let mut entries = String::new();
    for (number, asset) in assets.iter().enumerate() {
        let name = asset.file_name();
        let _ = writeln!(imports, "import br{number} from \"./assets/{name}.br\";");
        let _ = writeln!(imports, "import gzip{number} from \"./assets/{name}.gz\";");
        let entry = serde_json::json!({
            "type": asset.media_type,
            "immutable": asset.immutable,
            "etag": asset.etag(),
        });
        let _ = writeln!(
            entries,
            "  {:?}: {{ ...{entry}, br: br{number}, gzip: gzip{number} }},",
            asset.path
        );
    }
    format!("{imports}export default {{\n{entries}}};\n")
}

pub fn target() -> Result<PathBuf> {
    let text =
        output(cargo().args(["metadata", "--format-version", "1", "--no-deps", "--locked"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&text)?;
    Ok(metadata["target_directory"].as_str().context("cargo's target directory")?.into())
}

/// A crate's module and nothing else: one that is also built as a library keeps all that another
/// crate could call.
pub fn compile(package: &str, profile: &str) -> Result<PathBuf> {
    compile_with(package, profile, None)
}

/// One with a feature is built beside the plain one.
pub fn compile_with(package: &str, profile: &str, feature: Option<&str>) -> Result<PathBuf> {
    let wasm = "wasm32-unknown-unknown";
    let module = ["-p", package, "--lib", "--crate-type", "cdylib"];
    let shape = ["--profile", profile, "--target", wasm];
    let folder = feature.map_or_else(target, |feature| Ok(target()?.join(feature)))?;
    let mut build = cargo();
    build.args(["rustc", "--quiet", "--locked", "--target-dir"]).arg(&folder);
    run(build.args(module).args(shape).args(feature.map(|name| format!("--features={name}"))))?;
    let file = format!("{}.wasm", package.replace('-', "_"));
    Ok(folder.join(wasm).join(profile).join(file))
}

pub fn optimize(from: &Path, to: &Path, levels: &[&str]) -> Result<()> {
    let mut command = command(node_tool("wasm-opt"));
    command.arg(from).arg("-o").arg(to).args(levels).args(WASM_FEATURES);
    run(command.args(["--strip-debug", "--strip-producers", "--strip-target-features"]))
}

/// One file of an entry and what it imports.
pub fn bundle(entry: &Path, out: &Path, words: &[String]) -> Result<()> {
    let mut command = Command::new(node_tool("esbuild"));
    command.arg(entry).args([
        "--bundle",
        "--minify",
        "--log-level=warning",
        "--legal-comments=none",
    ]);
    run(command.current_dir(root()).args(words).arg(format!("--outfile={}", out.display())))
}

/// Knows whether a step's inputs are those of its last run.
pub struct Stamp {
    file: PathBuf,
    hash: String,
}

impl Stamp {
    pub fn of(step: &str, inputs: &[&Path]) -> Result<Self> {
        let mut hash = Sha256::new();
        hash.update(step);
        // The steps themselves, and the tools that they call.
        hash.update(include_bytes!("build.rs"));
        hash.update(include_bytes!("browser.rs"));
        hash.update(include_bytes!("npm.rs"));
        hash.update(read(&root().join("package-lock.json"))?);
        for input in inputs {
            add(&mut hash, input)?;
        }
        let name = step.split('/').next().unwrap_or_default();
        let file = target()?.join(format!("{name}.stamp"));
        Ok(Self { file, hash: tools::hex(&hash.finalize()) })
    }

    pub fn is_current(&self) -> bool {
        std::fs::read_to_string(&self.file).is_ok_and(|have| have == self.hash) && dist().exists()
    }

    pub fn keep(&self) -> Result<()> {
        project::write(&self.file, &self.hash)
    }
}

fn add(hash: &mut Sha256, path: &Path) -> Result<()> {
    if path.is_dir() {
        let mut entries = std::fs::read_dir(path)?.collect::<std::io::Result<Vec<_>>>()?;
        entries.sort_by_key(std::fs::DirEntry::file_name);
        return entries.iter().try_for_each(|entry| add(hash, &entry.path()));
    }
    hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
    hash.update(read(path)?);
    Ok(())
}
