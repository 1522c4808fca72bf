//! The built worker under workerd, with the outdoor shop as its origin.

use std::fmt::Write;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::build;
use crate::project::{self, command, dist, read, root};

pub const ADMIN_TOKEN: &str = "demo-admin";
pub const DEMO_PACK: &str = "examples/packs/outdoor-shop.jsonc";

/// Builds, then becomes the server: whoever stops this process stops the edge.
pub fn serve(port: u16, state: Option<PathBuf>) -> Result<()> {
    build::all()?;
    let state = state.unwrap_or_else(|| root().join("target/edge-state"));
    let mut server = workerd(port, &state)?;
    // Says `ready` from beside, since this process is about to be the server.
    command(std::env::current_exe()?).args(["edge-ready", "--port", &port.to_string()]).spawn()?;
    Err(server.exec()).context("could not start workerd")
}

/// Waits for the edge on this port; sees that it has a pack; says so.
pub fn announce(port: u16) -> Result<()> {
    let edge = Edge { port };
    edge.wait()?;
    edge.give_pack()?;
    println!("ready");
    Ok(())
}

/// An edge on this machine.
#[derive(Clone, Copy)]
pub struct Edge {
    pub port: u16,
}

impl Edge {
    pub fn url(self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn wait(self) -> Result<()> {
        for _ in 0..300 {
            if agent().get(self.url("/healthz")).call().is_ok_and(|answer| answer.status() == 200) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        bail!("the edge on port {} did not answer within 30 s", self.port)
    }

    /// Gives an edge without an active pack the demo's.
    pub fn give_pack(self) -> Result<()> {
        if agent().get(self.url("/v1/pack")).call()?.status() == 200 {
            return Ok(());
        }
        let pack = read(&root().join(DEMO_PACK))?;
        let put = as_admin(agent().put(self.url("/admin/v1/packs")), &pack)?;
        let hash = put["hash"].as_str().context("the edge named no hash")?.to_owned();
        as_admin(agent().post(self.url(&format!("/admin/v1/packs/{hash}/activate"))), b"")?;
        Ok(())
    }
}

fn as_admin(
    request: ureq::RequestBuilder<ureq::typestate::WithBody>,
    body: &[u8],
) -> Result<serde_json::Value> {
    let mut answer = request.header("authorization", format!("Bearer {ADMIN_TOKEN}")).send(body)?;
    let text = answer.body_mut().read_to_string()?;
    if !answer.status().is_success() {
        bail!("the edge answered {}: {text}", answer.status());
    }
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

/// Answers of any status are answers.
pub fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into()
}

/// An edge that ends with this value.
pub struct Running {
    pub edge: Edge,
    child: Child,
}

impl Running {
    pub fn start(port: u16, state: &Path) -> Result<Self> {
        let child = workerd(port, state)?.spawn().context("could not start workerd")?;
        let running = Self { edge: Edge { port }, child };
        running.edge.wait()?;
        running.edge.give_pack()?;
        Ok(running)
    }

    pub fn wait(mut self) -> Result<()> {
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn workerd(port: u16, state: &Path) -> Result<Command> {
    std::fs::create_dir_all(state.join("objects"))?;
    let state = state.canonicalize()?;
    if TcpListener::bind(("127.0.0.1", port)).is_err() {
        bail!("port {port} is taken; choose another with --port");
    }
    // Modules are named from where the file lies, so it lies beside them.
    let file = dist().join(format!("edge/workerd-{port}.capnp"));
    project::write(&file, config(port, &state)?)?;
    let mut server = command(root().join("node_modules/@cloudflare/workerd-linux-64/bin/workerd"));
    server.arg("serve").arg(&file).stdin(Stdio::null());
    Ok(server)
}

fn config(port: u16, state: &Path) -> Result<String> {
    let mut modules = String::new();
    let assets = dist().join("edge/assets");
    let mut names = std::fs::read_dir(&assets)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<Vec<_>>>()?;
    names.sort();
    for name in names {
        let _ =
            write!(modules, ",\n    (name = \"assets/{name}\", data = embed \"assets/{name}\")");
    }
    let mut vars = String::new();
    for (name, value) in dev_vars()? {
        let _ = write!(vars, ",\n    (name = {}, text = {})", quoted(&name), quoted(&value));
    }
    let shop = root().join("examples/storefront");
    project::write(&dist().join("edge/shop.js"), read(&shop.join("origin.js"))?)?;
    Ok(format!(
        r#"# Written by `cargo xtask edge`.
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "shop", worker = .shop),
    (name = "files", disk = (path = {site}, writable = false)),
    (name = "objects", disk = (path = {objects}, writable = true)),
  ],
  sockets = [ (name = "http", address = "127.0.0.1:{port}", http = (), service = "edge") ]
);
const edge :Workerd.Worker = (
  modules = [
    (name = "index.js", esModule = embed "index.js"),
    (name = "index_bg.wasm", wasm = embed "index_bg.wasm"){modules}
  ],
  compatibilityDate = "2026-04-01",
  durableObjectNamespaces = [
    (className = "Shard", uniqueKey = "waymark-shard", enableSql = true),
    (className = "Registry", uniqueKey = "waymark-registry", enableSql = true)
  ],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
    (name = "SHARD", durableObjectNamespace = "Shard"),
    (name = "REGISTRY", durableObjectNamespace = "Registry"),
    (name = "ORIGIN", service = "shop"){vars}
  ]
);
const shop :Workerd.Worker = (
  modules = [ (name = "shop.js", esModule = embed "shop.js") ],
  compatibilityDate = "2026-04-01",
  bindings = [ (name = "FILES", service = "files") ]
);
"#,
        site = quoted(&shop.join("site").to_string_lossy()),
        objects = quoted(&state.join("objects").to_string_lossy()),
    ))
}

/// Settings and secrets for development, by `.dev.vars`; made from the example when there is none.
fn dev_vars() -> Result<Vec<(String, String)>> {
    let file = root().join(".dev.vars");
    if !file.exists() {
        std::fs::copy(root().join(".dev.vars.example"), &file)?;
    }
    let text = String::from_utf8(read(&file)?)?;
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) =
                line.split_once('=').with_context(|| format!(".dev.vars: {line}"))?;
            let value = value.trim();
            let bare = value
                .strip_prefix('\'')
                .and_then(|rest| rest.strip_suffix('\''))
                .or_else(|| value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')));
            Ok((name.trim().to_owned(), bare.unwrap_or(value).to_owned()))
        })
        .collect()
}

/// A Cap'n Proto text literal.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
