//! Requests that `openapi.json` allows, and some that it does not, made at random by schemathesis: whatever comes in,
//! what goes out is what is described, and never the server's fault.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Result, bail};

use crate::edge::{ADMIN_TOKEN, Edge};
use crate::project::{command, root, run};

const VERSION: &str = "4.32.5";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,unsupported_method,ignored_auth";
/// What the tool cannot write, and what does not end.
const UNSUITED: &str = "(restore|stream)$";
const OPERATORS: &str = "^/(admin/|metrics)";

/// The tool, in an environment of its own; `None` where there is no Python 3 to make one with.
pub fn tool() -> Result<Option<PathBuf>> {
    let folder = root().join("target/schemathesis");
    let tool = folder.join("bin/schemathesis");
    let stamp = folder.join(format!("waymark-{VERSION}"));
    if stamp.exists() {
        return Ok(Some(tool));
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
    eprintln!("setting up: schemathesis {VERSION}");
    let package = format!("schemathesis=={VERSION}");
    run(command(folder.join("bin/pip")).args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        &package,
    ]))?;
    crate::project::write(&stamp, "")?;
    Ok(Some(tool))
}

/// As an operator, and as everybody else with a server's key. The edge must have a pack.
pub fn fuzz(tool: &PathBuf, edge: Edge) -> Result<()> {
    let bearer = format!("Authorization: Bearer {ADMIN_TOKEN}");
    let roles = [
        ["--include-path-regex", OPERATORS, "--exclude-path-regex", UNSUITED, "-H", &bearer],
        ["--exclude-path-regex", OPERATORS, "--exclude-path", "/", "-a", "sk_demo:"],
    ];
    for role in roles {
        let mut schemathesis = command(tool);
        schemathesis
            // It leaves a folder of its own behind.
            .current_dir(root().join("target/schemathesis"))
            .arg("run")
            .arg(edge.url("/openapi.json"))
            .args(["--checks", CHECKS, "--phases", "coverage,fuzzing", "--max-examples", "25"])
            .args(["--seed", "1", "--no-color", "--warnings", "off", "--continue-on-failure"])
            .args(role);
        let output = schemathesis.output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            bail!("the edge does not answer as openapi.json says:\n{text}");
        }
        let counts = text.lines().find(|line| line.contains(" generated, "));
        println!("{}", counts.unwrap_or_default().trim());
    }
    Ok(())
}
