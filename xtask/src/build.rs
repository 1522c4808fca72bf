//! The browser's files and the edge's worker, from the crates to dist/; and the steps that builds
//! are made of.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use sha2::{Digest, Sha256};
use wasm_bindgen_cli_support::Bindgen;

use crate::assets::{self, Asset, short_hash};
use crate::project::{self, cargo, command, dist, node_tool, output, read, root, run};
use crate::{studio, tools};

/// What rustc's default wasm features are, so that wasm-opt may use and keep them.
const WASM_FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// What a page downloads.
pub struct Browser {
    pub assets: Vec<Asset>,
}

pub fn all() -> Result<Browser> {
    let browser = browser()?;
    edge(&browser)?;
    studio::build()?;
    cli()?;
    Ok(browser)
}

pub fn cli() -> Result<PathBuf> {
    run(cargo().args(["build", "--quiet", "--release", "--locked", "-p", "waymark-cli"]))?;
    Ok(target()?.join("release/waymark"))
}

/// The engines that a page can load, by the start of their file's name: most need the lean one only.
const ENGINES: [(&str, &str); 2] = [("engine", "lean"), ("engine-whole", "page")];

pub fn browser() -> Result<Browser> {
    tools::wasm_target()?;
    tools::node_modules()?;
    let sources = root().join("crates/waymark-browser/ts");
    let work = target()?.join("browser");
    let compiled = ENGINES
        .iter()
        .map(|(_, feature)| compile_with("waymark-browser", "wasm-browser", Some(feature)))
        .collect::<Result<Vec<_>>>()?;
    let [lean, whole] = &compiled[..] else { bail!("two engines were built") };
    let fresh = Stamp::of("browser", &[lean, whole, &sources])?;
    if !fresh.is_current() {
        let mut paths = Vec::new();
        for ((name, _), wasm) in ENGINES.iter().zip(&compiled) {
            let engine = read(&engine(wasm, &work.join(name))?)?;
            paths.push(format!("waymark/{name}.{}.wasm", short_hash(&engine)));
        }
        let glue = |name: &str| work.join(name).join("engine.js");
        if read(&glue("engine"))? != read(&glue("engine-whole"))? {
            bail!("the engines need glue of their own each");
        }
        let [engine_path, whole_path] = &paths[..] else { bail!("two engines were built") };
        bundle(
            &sources.join("core.ts"),
            &work.join("core.js"),
            &[
                "--format=esm".to_owned(),
                "--target=es2022".to_owned(),
                format!("--alias:waymark-engine={}", glue("engine").display()),
                format!("--define:__ENGINE__=\"{engine_path}\""),
                format!("--define:__WHOLE_ENGINE__=\"{whole_path}\""),
            ],
        )?;
        let core = read(&work.join("core.js"))?;
        let core_path = format!("waymark/core.{}.js", short_hash(&core));
        bundle(
            &sources.join("loader.ts"),
            &work.join("loader.js"),
            &[
                "--format=iife".to_owned(),
                "--target=es2020".to_owned(),
                format!("--define:__CORE__=\"{core_path}\""),
            ],
        )?;
        project::write(&work.join("paths"), format!("{core_path}\n{engine_path}\n{whole_path}\n"))?;
    }
    let paths = String::from_utf8(read(&work.join("paths"))?)?;
    let mut paths = paths.lines().map(|path| format!("/{path}"));
    let mut next = || paths.next().context("the built files' names");
    let (core, engine, whole) = (next()?, next()?, next()?);
    let script = "text/javascript; charset=utf-8";
    let wasm = |path: String, name: &str| -> Result<Asset> {
        Asset::new(path, "application/wasm", true, read(&work.join(name).join("engine.wasm"))?)
    };
    let assets = vec![
        Asset::new("/waymark.js".to_owned(), script, false, read(&work.join("loader.js"))?)?,
        Asset::new(core, script, true, read(&work.join("core.js"))?)?,
        wasm(engine, "engine")?,
        wasm(whole, "engine-whole")?,
    ];
    let folder = dist().join("browser");
    if !fresh.is_current() {
        let _ = std::fs::remove_dir_all(&folder);
        assets::write_plain(&assets, &folder)?;
        fresh.keep()?;
    }
    Ok(Browser { assets })
}

/// The glue beside it, and the module as small as it gets.
fn engine(wasm: &Path, folder: &Path) -> Result<PathBuf> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).web(true).map_err(|error| anyhow!("{error:?}"))?;
    bindgen.out_name("engine").typescript(false).omit_default_module_path(true);
    bindgen.generate(folder).map_err(|error| anyhow!("{error:?}"))?;
    // The lowest memory is the far end of the stack, which nothing reaches.
    let levels = ["-Oz", "--converge", "--low-memory-unused"];
    optimize(&folder.join("engine_bg.wasm"), &folder.join("engine.wasm"), &levels)?;
    Ok(folder.join("engine.wasm"))
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
