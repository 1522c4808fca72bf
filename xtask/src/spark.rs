//! Apache Spark, which reads the lake's tables in a test as operators' clusters would.

use std::path::PathBuf;

use anyhow::Result;

use crate::project::command;
use crate::python;

const VERSION: &str = "4.3.0";
/// What that release runs on.
const JAVA: u32 = 17;

/// The Python that has it; `None` where there is no Java, or no Python 3, to run it with.
pub fn python() -> Result<Option<PathBuf>> {
    if java().is_none_or(|version| version < JAVA) {
        return Ok(None);
    }
    let environment = python::environment("pyspark", VERSION)?;
    Ok(environment.map(|folder| folder.join("bin/python")))
}

/// `openjdk 17.0.15 2025-04-15` on the first line.
fn java() -> Option<u32> {
    let output = command("java").arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().nth(1)?.split('.').next()?.parse().ok()
}
