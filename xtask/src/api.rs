//! Requests that `openapi.json` allows, and some that it does not, made at random by schemathesis: whatever comes in,
//! what goes out is what is described, and never the server's fault.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::edge::{ADMIN_TOKEN, Edge};
use crate::project::{command, root};
use crate::python;

const VERSION: &str = "4.32.5";
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,unsupported_method,ignored_auth";
/// What the tool cannot write, and what does not end.
const UNSUITED: &str = "(restore|stream)$";
const OPERATORS: &str = "^/(admin/|metrics)";

/// The tool; `None` where there is no Python 3 to run it with.
pub fn tool() -> Result<Option<PathBuf>> {
    let environment = python::environment("schemathesis", VERSION)?;
    Ok(environment.map(|folder| folder.join("bin/schemathesis")))
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
