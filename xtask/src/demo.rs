//! The outdoor shop behind the edge: to look at, or driven by a browser.

use anyhow::Result;

use crate::edge::{self, Running};
use crate::project::{command, root, run};
use crate::{build, tools};

pub fn serve(port: u16) -> Result<()> {
    build::all()?;
    let running = Running::start(port, &root().join("target/demo-state"))?;
    let at = running.edge.url("/");
    println!(
        "\nThe outdoor shop is open at {at}\n\n\
         What to try\n\
         1. Look around before you answer the banner: the browser stores and sends nothing.\n\
         2. Choose \"Accept all\", then look at three tents. Go back to the front page: its hero is\n\
         \u{20}  about tents now. \"What Waymark knows\", at the foot of the page, says why.\n\
         3. Reload with JavaScript off: the edge wrote the same hero into the page.\n\
         4. Put a tent into the cart and order it: the stage moves to customer.\n\
         5. {at}zh/ is the same shop in Chinese. A private window is another visitor.\n\
         6. Change {pack}, then publish it:\n\
         \u{20}  WAYMARK_ADMIN_TOKEN={token} target/release/waymark publish {pack} --edge {edge} --activate\n\n\
         Ctrl-C stops it.\n",
        pack = edge::DEMO_PACK,
        token = edge::ADMIN_TOKEN,
        edge = running.edge.url(""),
    );
    running.wait()
}

/// Drives the demo in headless Chromium.
pub fn check() -> Result<()> {
    build::all()?;
    let state = root().join("target/demo-check-state");
    let _ = std::fs::remove_dir_all(&state);
    let running = Running::start(edge::free_port()?, &state)?;
    let mut node = command("node");
    node.args(["--test", "--test-reporter=spec", "tests/e2e/demo.test.mjs"])
        .env("WAYMARK_EDGE", running.edge.url(""))
        .env("CHROMIUM", tools::chromium()?);
    run(&mut node)
}
