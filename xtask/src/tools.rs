//! What the build calls, set up when it is missing: the wasm target, the pinned npm packages, Chromium.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::project::{self, command, output, root, run};

pub fn wasm_target() -> Result<()> {
    const TARGET: &str = "wasm32-unknown-unknown";
    let sysroot = output(command("rustc").args(["--print", "sysroot"]))?;
    if PathBuf::from(sysroot.trim()).join("lib/rustlib").join(TARGET).exists() {
        return Ok(());
    }
    eprintln!("setting up: the {TARGET} target");
    run(command("rustup").args(["target", "add", TARGET]))
        .context("Rust has to be set up by rustup")
}

/// `npm ci`, when the lock file is not the one that was installed.
pub fn node_modules() -> Result<()> {
    let lock = project::read(&root().join("package-lock.json"))?;
    let wanted = hex(&Sha256::digest(&lock));
    let stamp = root().join("node_modules/.waymark-lock");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    eprintln!("setting up: npm packages");
    run(command("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
        .context("Node 20 or newer with npm is needed")?;
    project::write(&stamp, wanted)
}

/// A Chromium: one named in CHROMIUM, one that is installed, or Debian's.
pub fn chromium() -> Result<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the one setting that a machine may need")]
    if let Ok(named) = std::env::var("CHROMIUM") {
        return Ok(named.into());
    }
    let known = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
        "/usr/bin/google-chrome-stable",
    ];
    let installed = || known.iter().map(PathBuf::from).find(|path| path.exists());
    if let Some(found) = installed() {
        return Ok(found);
    }
    eprintln!("setting up: Chromium");
    let sudo = output(command("id").arg("-u"))?.trim() != "0";
    for words in [
        &["apt-get", "update", "-q"][..],
        &[
            "apt-get",
            "install",
            "-y",
            "-q",
            "--no-install-recommends",
            "chromium",
            "fonts-noto-cjk",
        ],
    ] {
        let mut call = if sudo { command("sudo") } else { command(words[0]) };
        call.args(if sudo { words } else { &words[1..] }).env("DEBIAN_FRONTEND", "noninteractive");
        run(call.stdout(std::process::Stdio::null()))?;
    }
    match installed() {
        Some(found) => Ok(found),
        None => bail!("no Chromium was found; install one, or name it in CHROMIUM"),
    }
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
