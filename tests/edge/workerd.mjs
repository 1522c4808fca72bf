// An edge of a test's own: the built worker before an origin of the test's, with other settings, or
// with its module changed.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { admin } from "./edge.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WORKERD = join(ROOT, "node_modules/@cloudflare/workerd-linux-64/bin/workerd");
/** Without the signal by which a process that may write no more would end. */
const BEARS_IT = ["-c", `trap "" XFSZ; exec "$0" "$@"`];

/** Settings as `.dev.vars` has them. */
export const DEMO = Object.fromEntries(
  (await readFile(join(ROOT, ".dev.vars"), "utf8")).split("\n")
    .map((line) => /^(\w+)='?(.*?)'?$/.exec(line)?.slice(1))
    .filter(Boolean),
);

/**
 * Starts the built worker: `{ url, pid, folder, kill, stop, mayWrite, log }`. `wasm` gets the module's bytes and gives others.
 * With the folder of one that was killed it goes on from what that one had stored, at the same port if told.
 */
export async function start({ vars, wasm = (bytes) => bytes, folder: before, port = 0 }) {
  const folder = before ?? await mkdtemp(join(tmpdir(), "waymark-edge-"));
  const dist = join(ROOT, "dist/edge");
  await cp(dist, folder, { recursive: true });
  await mkdir(join(folder, "objects"), { recursive: true });
  await writeFile(join(folder, "index_bg.wasm"), wasm(await readFile(join(dist, "index_bg.wasm"))));
  const file = join(folder, "own.capnp");
  await writeFile(file, await config(folder, { ...DEMO, ...vars }, port));

  // It tells on the third descriptor which port it was given.
  const server = spawn("sh", [...BEARS_IT, WORKERD, "serve", "--control-fd=3", file], { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  let log = "";
  server.stderr.on("data", (chunk) => { log += chunk; });
  const ended = once(server, "exit");
  const end = () => server.kill("SIGKILL");
  process.once("exit", end);
  const kill = async () => {
    process.off("exit", end);
    end();
    await ended;
  };
  const stop = async () => {
    await kill();
    await rm(folder, { recursive: true, force: true });
  };
  // As when the disk is full: each write fails, and reads do not.
  const mayWrite = (may) => promisify(execFile)("prlimit", [`--pid=${server.pid}`, `--fsize=${may ? "unlimited" : 0}:`]);
  const listening = once(createInterface({ input: server.stdio[3] }), "line");
  const line = await Promise.race([listening, ended]);
  if (server.exitCode !== null) {
    await stop();
    throw new Error(`workerd ended: ${log}`);
  }
  return { url: `http://127.0.0.1:${JSON.parse(line[0]).port}`, pid: server.pid, folder, kill, stop, mayWrite, log: () => log };
}

/** Gives an edge the pack of the edge under test. */
export async function givePack(edge) {
  const { active } = (await admin("/packs")).json;
  const { body } = await admin(`/packs/${active}`);
  const { hash } = (await admin("/packs", { method: "PUT", body, edge })).json;
  await admin(`/packs/${hash}/activate`, { method: "POST", edge });
}

/** An origin that answers by a function of node's: `{ url, stop }`. */
export async function serve(answer) {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}

async function config(folder, vars, port) {
  const date = /^compatibility_date = (".*")/m.exec(await readFile(join(ROOT, "wrangler.toml"), "utf8"))[1];
  const assets = (await readdir(join(folder, "assets"))).filter((name) => /\.(br|gz)$/.test(name));
  const modules = [
    `(name = "index.js", esModule = embed "index.js")`,
    `(name = "index_bg.wasm", wasm = embed "index_bg.wasm")`,
    ...assets.map((name) => `(name = "assets/${name}", data = embed "assets/${name}")`),
  ];
  const bindings = [
    `(name = "SHARD", durableObjectNamespace = "Shard")`,
    `(name = "REGISTRY", durableObjectNamespace = "Registry")`,
    ...Object.entries(vars).map(([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`),
  ];
  // A worker may call this machine only where it is told so.
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "internet", network = (allow = ["local"])),
    (name = "objects", disk = (path = "${folder}/objects", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "edge")]
);
const edge :Workerd.Worker = (
  modules = [${modules}],
  compatibilityDate = ${date},
  durableObjectNamespaces = [
    (className = "Shard", uniqueKey = "waymark-shard", enableSql = true),
    (className = "Registry", uniqueKey = "waymark-registry", enableSql = true)
  ],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [${bindings}]
);
`;
}
