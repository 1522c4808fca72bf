//! The marketers' page: built into dist/studio, and served to this machine.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;

use crate::build::{Stamp, bundle, compile, optimize, target};
use crate::project::{self, dist, read, root};
use crate::tools;

/// All of the page, with the types that a server says they are.
const FILES: [(&str, &str); 7] = [
    ("index.html", "text/html; charset=utf-8"),
    ("studio.css", "text/css; charset=utf-8"),
    ("studio.js", "text/javascript; charset=utf-8"),
    ("studio.wasm", "application/wasm"),
    ("outdoor-shop.jsonc", "text/plain; charset=utf-8"),
    ("example.ndjson", "text/plain; charset=utf-8"),
    ("notices.txt", "text/plain; charset=utf-8"),
];

pub fn build() -> Result<()> {
    tools::wasm_target()?;
    tools::node_modules()?;
    let sources = root().join("www/studio");
    let example = root().join("examples/packs/outdoor-shop.jsonc");
    let work = target()?.join("studio");
    let folder = dist().join("studio");
    let wasm = compile("waymark-studio", "wasm-browser")?;
    let steps = root().join("xtask/src/studio.rs");
    let fresh = Stamp::of("studio", &[&wasm, &sources, &example, &steps])?;
    if fresh.is_current() && FILES.iter().all(|(name, _)| folder.join(name).exists()) {
        return Ok(());
    }
    let mut bindgen = Bindgen::new();
    bindgen.input_path(&wasm).web(true).map_err(|error| anyhow!("{error:?}"))?;
    bindgen.out_name("studio").typescript(false).omit_default_module_path(true);
    bindgen.generate(&work).map_err(|error| anyhow!("{error:?}"))?;
    optimize(&work.join("studio_bg.wasm"), &work.join("studio.wasm"), &["-Oz"])?;
    let script = work.join("page.js");
    bundle(
        &sources.join("studio.ts"),
        &script,
        &[
            "--format=esm".to_owned(),
            "--target=es2022".to_owned(),
            format!("--alias:waymark-studio={}", work.join("studio.js").display()),
            format!("--metafile={}", work.join("parts.json").display()),
        ],
    )?;
    project::write(&work.join("notices.txt"), notices(&work.join("parts.json"))?)?;
    let _ = std::fs::remove_dir_all(&folder);
    for (name, _) in FILES {
        let from = match name {
            "studio.js" => script.clone(),
            "studio.wasm" | "notices.txt" => work.join(name),
            "outdoor-shop.jsonc" => example.clone(),
            _ => sources.join(name),
        };
        project::write(&folder.join(name), read(&from)?)?;
    }
    fresh.keep()
}

/// The licences of the packages that are part of the script, which have to go with it.
fn notices(parts: &Path) -> Result<String> {
    const MODULES: &str = "node_modules/";
    let parts: serde_json::Value = serde_json::from_slice(&read(parts)?)?;
    let files = parts["inputs"].as_object().context("what esbuild bundled")?;
    let packages: BTreeSet<String> = files
        .keys()
        .filter_map(|file| file.strip_prefix(MODULES))
        .map(|file| {
            let length = if file.starts_with('@') { 2 } else { 1 };
            file.split('/').take(length).collect::<Vec<_>>().join("/")
        })
        .collect();
    let mut notices = String::new();
    for package in packages {
        let licence = read(&root().join(MODULES).join(&package).join("LICENSE"))?;
        let _ = writeln!(notices, "{package}\n\n{}\n", String::from_utf8(licence)?.trim());
    }
    Ok(notices)
}

pub fn serve(port: u16) -> Result<()> {
    build()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("could not listen on port {port}"))?;
    println!("\nThe studio is open at http://{}/\nCtrl-C stops it.\n", listener.local_addr()?);
    for visit in listener.incoming() {
        let visit = visit?;
        // Who breaks off is not answered.
        thread::spawn(move || answer(&visit));
    }
    Ok(())
}

/// One request a connection, for one of [`FILES`].
fn answer(mut visit: &TcpStream) -> Result<()> {
    const HEAD_BYTES: u64 = 32 * 1024;
    const PATIENCE: Duration = Duration::from_secs(10);
    visit.set_read_timeout(Some(PATIENCE))?;
    visit.set_write_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(visit.take(HEAD_BYTES)).lines();
    let request = lines.next().context("no request")??;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let (status, media_type, body) = match asked_for(&request) {
        Some((name, media_type)) => {
            ("200 OK", media_type, read(&dist().join("studio").join(name))?)
        }
        None => ("404 Not Found", "text/plain", b"Not here.\n".to_vec()),
    };
    let length = body.len();
    write!(
        visit,
        "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\
         cache-control: no-cache\r\nx-content-type-options: nosniff\r\n\
         content-security-policy: frame-ancestors 'none'\r\nconnection: close\r\n\r\n"
    )?;
    if !request.starts_with("HEAD ") {
        visit.write_all(&body)?;
    }
    Ok(())
}

/// The file that a request line such as `GET /studio.css HTTP/1.1` names.
fn asked_for(request: &str) -> Option<(&'static str, &'static str)> {
    let mut words = request.split(' ');
    let method = words.next().filter(|method| ["GET", "HEAD"].contains(method));
    let path = words.next().and_then(|path| path.split('?').next()).filter(|_| method.is_some())?;
    let name = if path == "/" { "/index.html" } else { path }.strip_prefix('/')?;
    FILES.into_iter().find(|(file, _)| *file == name)
}

#[cfg(test)]
mod tests {
    use super::asked_for;

    #[test]
    fn only_the_pages_own_files_are_served() {
        let name = |request: &str| asked_for(request).map(|(name, _)| name);
        assert_eq!(name("GET / HTTP/1.1"), Some("index.html"));
        assert_eq!(name("GET /studio.wasm?v=2 HTTP/1.1"), Some("studio.wasm"));
        assert_eq!(name("HEAD /studio.css HTTP/1.1"), Some("studio.css"));
        for other in
            ["GET /../Cargo.toml HTTP/1.1", "GET //index.html", "POST / HTTP/1.1", "GET", "", " "]
        {
            assert_eq!(name(other), None, "{other}");
        }
    }
}
