//! What a page downloads: the loader, the core, the engines, and the modules that few pages fetch.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use waymark_engine::Program;

use crate::assets::{self, Asset, short_hash};
use crate::build::{Stamp, bundle, compile_with, optimize, target};
use crate::project::{self, command, dist, node_tool, read, root, run};
use crate::tools;

/// What a page downloads.
pub struct Browser {
    pub assets: Vec<Asset>,
}

/// The engines that a page can load, by the start of their file's name: most need the lean one only.
const ENGINES: [(&str, &str); 2] = [("engine", "lean"), ("engine-whole", "page")];

/// Flattened, an optimized module can be optimized again, and gets 1% smaller. Functions that are alike have
/// names that are, and side by side they compress better. The lowest memory is the far end of the stack, which
/// nothing reaches.
const SMALLEST: [&str; 12] = [
    "--one-caller-inline-max-function-size=0",
    "--low-memory-unused",
    "-Oz",
    "--flatten",
    "--rereloop",
    "-Oz",
    "--flatten",
    "--rereloop",
    "-Oz",
    "-Oz",
    "--converge",
    "--reorder-functions-by-name",
];

/// Fetched when needed, by name: each is an entry in `ts/modules`.
pub const MODULES: [(&str, &str); 10] = [
    ("capture", "capture/index.ts"),
    ("signals", "signals/index.ts"),
    ("bridge", "bridge.ts"),
    ("overlay", "overlay.ts"),
    ("patches", "patches.ts"),
    ("inspector", "inspector.ts"),
    ("authors", "authors.ts"),
    ("devices", "devices.ts"),
    ("whole", "whole.ts"),
    ("preview", "preview.ts"),
];

/// Properties of the core's own objects, which no page, module or browser sees: they get short names.
const OWN: &str = "acted|after|appeared|author|beacon|callback|cancel|contests|\
                   duplicate|embedded|encoded|end|forget|keep|kind|leave|load|\
                   mayKeep|names|nodes|ofPage|onChange|optionalText|payload|place|raw|record|rejoin|\
                   release|restoreAll|safe|schedule|seen|show|talks|tell|tick|unsigned|wakeAt";

pub fn build() -> Result<Browser> {
    tools::wasm_target()?;
    tools::node_modules()?;
    let sources = root().join("crates/waymark-browser/ts");
    let words = root().join("www/studio");
    let work = target()?.join("browser");
    let compiled = ENGINES
        .iter()
        .map(|(_, feature)| compile_with("waymark-browser", "wasm-browser", Some(feature)))
        .collect::<Result<Vec<_>>>()?;
    let [lean, whole] = &compiled[..] else { bail!("two engines were built") };
    let fresh = Stamp::of("browser", &[lean, whole, &sources, &words])?;
    if !fresh.is_current() {
        files(&compiled, &sources, &work)?;
    }
    let paths = String::from_utf8(read(&work.join("paths"))?)?;
    let assets = paths
        .lines()
        .map(|path| {
            let file = path.rsplit('/').next().unwrap_or_default();
            let (name, kind) = (file.split('.').next().unwrap_or_default(), extension(file));
            let media_type = match kind {
                "js" => "text/javascript; charset=utf-8",
                "css" => "text/css; charset=utf-8",
                _ => "application/wasm",
            };
            let plain = read(&work.join(format!("{name}.{kind}")))?;
            Asset::new(format!("/{path}"), media_type, path.contains('/'), plain)
        })
        .collect::<Result<Vec<_>>>()?;
    if !fresh.is_current() {
        let folder = dist().join("browser");
        let _ = std::fs::remove_dir_all(&folder);
        assets::write_plain(&assets, &folder)?;
        fresh.keep()?;
    }
    Ok(Browser { assets })
}

/// Builds the files into `work` under plain names, and `paths`, where the edge serves them.
fn files(engines: &[PathBuf], sources: &Path, work: &Path) -> Result<()> {
    let _ = std::fs::remove_dir_all(work);
    let mut paths = Vec::new();
    for ((name, _), wasm) in ENGINES.iter().zip(engines) {
        let file = work.join(format!("{name}.wasm"));
        engine(wasm, &file)?;
        paths.push(format!("waymark/{name}.{}.wasm", short_hash(&read(&file)?)));
    }
    let [engine_path, whole_path] = &paths[..] else { bail!("two engines were built") };
    let mut built = Vec::new();
    for (name, entry) in MODULES {
        let file = work.join(format!("{name}.js"));
        script(&sources.join("modules").join(entry), &file, "esm", "es2022", &[])?;
        built.extend(read(&file)?);
    }
    // One hash for all: they come from one version of the core.
    let modules = short_hash(&built);
    let core = work.join("core.js");
    let format = Program::FORMAT.to_string();
    let defines = [
        ("__WHOLE_ENGINE__", whole_path.as_str()),
        ("__MODULES__", &modules),
        ("__FORMAT__", &format),
    ];
    script(&sources.join("core.ts"), &core, "esm", "es2022", &defines)?;
    let core_path = format!("waymark/core.{}.js", short_hash(&read(&core)?));
    let loader = work.join("waymark.js");
    let begun = [("__CORE__", core_path.as_str()), ("__ENGINE__", engine_path)];
    script(&sources.join("loader.ts"), &loader, "iife", "es2020", &begun)?;
    project::write(&work.join("waymark.css"), read(&sources.join("hold.css"))?)?;
    paths.splice(0..0, ["waymark.js".to_owned(), core_path]);
    paths.extend(MODULES.iter().map(|(name, _)| format!("waymark/{name}.{modules}.js")));
    paths.push("waymark.css".to_owned());
    project::write(&work.join("paths"), paths.join("\n") + "\n")
}

/// The module as small as it gets.
pub fn engine(wasm: &Path, out: &Path) -> Result<()> {
    let folder = out.parent().context("a file's folder")?;
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    optimize(wasm, out, &SMALLEST)
}

/// A script of an entry and what it imports, as small as it gets.
fn script(
    entry: &Path,
    out: &Path,
    format: &str,
    level: &str,
    defines: &[(&str, &str)],
) -> Result<()> {
    let mut words = vec![format!("--format={format}"), format!("--target={level}")];
    words.extend(defines.iter().map(|(name, text)| format!("--define:{name}=\"{text}\"")));
    bundle(entry, out, &words)?;
    let mut terser = command(node_tool("terser"));
    terser.arg(out).args(["--ecma", level.trim_start_matches("es"), "--mangle"]);
    terser.args([
        "--compress",
        "passes=3,unsafe_arrows=true,keep_fargs=false,hoist_funs=true,pure_getters=true,\
         sequences=false",
    ]);
    if format == "esm" {
        terser.arg("--module");
    }
    if entry.ends_with("core.ts") {
        terser.args(["--mangle-props", &format!("regex=/^({OWN})$/")]);
    }
    run(terser.arg("--output").arg(out))
}

fn extension(file: &str) -> &str {
    file.rsplit('.').next().unwrap_or_default()
}
