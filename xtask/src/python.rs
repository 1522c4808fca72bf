//! Tools of Python's, each in an environment of its own under `target`.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::Result;

use crate::project::{command, root, run, write};

/// The environment that has the package; `None` where there is no Python 3 to make one with.
pub fn environment(package: &str, version: &str) -> Result<Option<PathBuf>> {
    let folder = root().join("target").join(package);
    let stamp = folder.join(format!("waymark-{version}"));
    if stamp.exists() {
        return Ok(Some(folder));
    }
    let made = command("python3")
        .args(["-m", "venv", "--clear"])
        .arg(&folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !made.is_ok_and(|status| status.success()) {
        return Ok(None);
    }
    eprintln!("setting up: {package} {version}");
    run(command(folder.join("bin/pip"))
        .args(["install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"])
        .arg(format!("{package}=={version}")))?;
    write(&stamp, "")?;
    Ok(Some(folder))
}
