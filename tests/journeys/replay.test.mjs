// Real journeys: the native engine and the edge's storage count the same, also when every batch is
// sent twice, batches arrive in any order, and the worker is killed in the middle.
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const FILE = "target/journeys/wiki_readers.ndjson";
const PACK = "examples/packs/outdoor-shop.jsonc";
const KNOWN = { events: 63_524, visitors: 10_000, sessions: 22_226 };
const BATCH = 100;
const AT_ONCE = 8;

test("the native engine counts the readers' sessions", async () => {
  const { stdout } = await promisify(execFile)(process.env.WAYMARK_CLI, ["replay", FILE, "--pack", PACK, "--json"]);
  const result = JSON.parse(stdout);
  console.log(`native replay: ${Math.round(result.events_per_second)} events/s`);
  assert.deepEqual(counts(result), KNOWN);
  assert.equal(result.duplicates, 0);
  assert.equal(result.rejected, 0);
});

test("the edge stores the same, doubled, disordered and killed", { timeout: 600_000 }, async () => {
  const lines = (await readFile(FILE, "utf8")).trimEnd().split("\n");
  const batches = [];
  for (let at = 0; at < lines.length; at += BATCH) {
    batches.push(`{"writeKey":"sk_demo","batch":[${lines.slice(at, at + BATCH).join(",")}]}`);
  }
  const order = shuffled([...batches.keys(), ...batches.keys()]);
  const state = await mkdtemp(join(tmpdir(), "waymark-journeys-"));
  const port = await freePort();
  let edge = await start(port, state);
  const kills = [Math.floor(order.length / 3), Math.floor((2 * order.length) / 3)];
  let next = 0;
  let retries = 0;
  const began = Date.now();
  const send = async () => {
    for (let at = next++; at < order.length; at = next++) {
      if (kills.includes(at)) {
        edge.kill("SIGKILL");
        await new Promise((done) => edge.once("exit", done));
        edge = await start(port, state);
      }
      for (;;) {
        const answer = await fetch(`http://127.0.0.1:${port}/v1/batch`, { method: "POST", body: batches[order[at]] })
          .then(async (response) => ({ status: response.status, text: await response.text() }))
          .catch((error) => ({ status: 0, text: String(error) }));
        if (answer.status === 200) break;
        assert.ok(answer.status === 0 || answer.status >= 500, `${answer.status} ${answer.text}`);
        retries += 1;
        assert.ok(retries < 2_000, "the edge does not come back");
        await new Promise((done) => setTimeout(done, 50));
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, send));
    const seconds = (Date.now() - began) / 1_000;
    console.log(`${order.length} batches in ${seconds.toFixed(1)} s, 2 kills, ${retries} retries`);
    const response = await fetch(`http://127.0.0.1:${port}/admin/v1/stats`, {
      headers: { authorization: "Bearer demo-admin" },
    });
    assert.equal(response.status, 200);
    assert.deepEqual(counts(await response.json()), KNOWN);
  } finally {
    edge.kill("SIGKILL");
    await rm(state, { recursive: true, force: true });
  }
});

function counts({ events, visitors, sessions }) {
  return { events, visitors, sessions };
}

/** `xtask edge` becomes the server, so killing it kills the worker. */
async function start(port, state) {
  const edge = spawn(process.env.WAYMARK_XTASK, ["edge", "--port", String(port), "--state", state], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((done, failed) => {
    edge.once("exit", () => failed(new Error("the edge did not start")));
    edge.stdout.on("data", (data) => String(data).includes("ready") && done());
  });
  return edge;
}

/** Fisher and Yates, with a fixed seed. */
function shuffled(items) {
  let seed = 20_261_122;
  const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  for (let at = items.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [items[at], items[other]] = [items[other], items[at]];
  }
  return items;
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}
