// What the edge leaves in R2 and D1: every event once, sums that agree, and nobody who was erased.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { admin, post, publish, server } from "./edge.mjs";
import { start as startBucket } from "./bucket.mjs";
import { start } from "./miniflare.mjs";

const run = promisify(execFile);
const CLI = process.env.WAYMARK_CLI;
const SPARK = process.env.WAYMARK_SPARK;
const PACK = {
  pack: "shop",
  journey: { session: "30m", stages: [{ id: "customer", enter: { $did: { event: "Order Completed" } } }] },
  segments: { keen: { when: { $did: { event: "Order Completed", count: { $gte: 3 } } } } },
};
const PEOPLE = 12;
const EVENTS = 5;
let host;
/** The folder of tables that compacting made. */
let tables;

const order = (person, number) => ({
  type: "track", event: "Order Completed", userId: `person-${person}`, messageId: `order-${person}-${number}`,
  properties: { revenue: 10.5, currency: "EUR", order_id: `${person}-${number}` },
});

before(async () => {
  host = await start({ vars: { LAKE_SECONDS: "1" } });
  await publish(host.url, PACK);
  for (let number = 0; number < EVENTS; number++) {
    const batch = Array.from({ length: PEOPLE }, (_, person) => order(person, number));
    for (let again = 0; again < 2; again++) {
      const { status, text } = await post("/v1/batch", { batch }, { ...server, edge: host.url });
      assert.equal(status, 200, text);
    }
    await sleep(300);
  }
});
after(() => host?.stop());

const until = async (what, holds) => {
  for (let tries = 0; tries < 100; tries++) {
    if (await holds()) return;
    await sleep(200);
  }
  assert.fail(`not within 20 s: ${what}`);
};

/** Lines of the files that wait in a folder of the lake. */
async function lines(lake) {
  const names = (await readdir(lake, { recursive: true })).filter((name) => name.endsWith(".ndjson.gz"));
  const texts = await Promise.all(names.map(async (name) => gunzipSync(await readFile(join(lake, name))).toString()));
  return texts.join("").split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

async function query(sql) {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const rows = await (await connection.runAndReadAll(sql)).getRowObjectsJson();
  connection.closeSync();
  return rows;
}

const sums = () => host.rows(
  "SELECT measure, name, variant, sum(count) AS count, sum(amount) / 1000000.0 AS amount FROM tallies GROUP BY 1, 2, 3 HAVING count <> 0 ORDER BY 1, 2, 3",
);

test("every event arrives in the lake once, in files that are named by day and shard", async () => {
  let lake;
  await until("the events are in the lake", async () => {
    lake = await lines(await host.copy());
    return lake.length >= PEOPLE * EVENTS;
  });
  const ids = lake.map(({ messageId }) => messageId).sort();
  const sent = Array.from({ length: PEOPLE * EVENTS }, (_, at) => `order-${at % PEOPLE}-${Math.floor(at / PEOPLE)}`).sort();
  assert.deepEqual(ids, sent);
  for (const name of await host.files("events/")) {
    assert.match(name, /^events\/day=\d{4}-\d\d-\d\d\/shard=\d{4}\/[0-9a-f]+-\d{12}-\d{12}\.ndjson\.gz$/);
  }
  assert.equal(lake[0].kept.basis, "server");
});

test("reports have sums by day", async () => {
  await until("the sums are there", async () => (await sums()).find(({ measure }) => measure === "touchpoint")?.count === PEOPLE * EVENTS);
  assert.deepEqual(await sums(), [
    { measure: "conversion", name: "Order Completed", variant: "EUR", count: 60, amount: 630 },
    { measure: "segment", name: "keen", variant: "entered", count: 12, amount: 0 },
    { measure: "stage", name: "", variant: "customer", count: 12, amount: 0 },
    { measure: "touchpoint", name: "Order Completed", variant: "track", count: 60, amount: 0 },
  ]);
  const { text } = await admin("/../../metrics", { edge: host.url });
  assert.match(text, /waymark_lake_age_seconds\{shard="0"\} 0\n/);
});

test("DuckDB reads what compacting makes of it, as it is", async () => {
  const lake = await host.copy();
  const { stdout } = await run(CLI, ["lake", "compact", lake, "--before", "2999-01-01"]);
  tables = `${lake}/parquet`;
  assert.match(stdout, /^60 events of \d+ files into 1 tables/);
  const days = await query(`
    SELECT event, count(*) AS events, count(DISTINCT visitor) AS visitors,
      sum(CAST(json_extract(properties, '$.revenue') AS DECIMAL(12, 2))) AS revenue
    FROM read_parquet('${tables}/**/*.parquet', hive_partitioning = true)
    WHERE day >= DATE '2020-01-01' GROUP BY event`);
  assert.deepEqual(days, [{ event: "Order Completed", events: "60", visitors: "12", revenue: "630.00" }]);
  const [{ type }] = await query(
    `SELECT typeof(received_at) AS type FROM read_parquet('${tables}/**/*.parquet') LIMIT 1`);
  assert.equal(type, "TIMESTAMP WITH TIME ZONE");
});

test("and so does Spark", { skip: SPARK ? false : "Spark is not here: it takes Java 17, Python 3 with venv, and 450 MB from PyPI" }, async () => {
  const { stdout } = await run(SPARK, ["tests/edge/spark.py", tables], { timeout: 120_000 });
  const [rows, columns] = stdout.trim().split("\n").slice(-2).map((line) => JSON.parse(line));
  const days = [...new Set(rows.map(({ day }) => day))];
  for (const day of days) assert.match(day, /^\d{4}-\d\d-\d\d$/);
  const sum = (of) => rows.reduce((total, row) => total + Number(row[of]), 0);
  assert.deepEqual([sum("events"), sum("revenue")], [60, 630]);
  for (const { event, visitors } of rows) assert.deepEqual([event, visitors], ["Order Completed", 12]);
  assert.deepEqual([columns.day, columns.received_at, columns.visitor], ["date", "timestamp", "string"]);
});

test("of who is erased nothing is left: not at the edge, not in reports, and not in the lake once it is compacted", async () => {
  const { status } = await admin("/erase", { method: "POST", body: '{"visitor":"person-3"}', edge: host.url });
  assert.equal(status, 200);
  await until("the lake hears of it", async () => (await host.files("erased/")).length > 0);
  await until("so do reports", async () => (await sums())[0].count === 55);
  assert.deepEqual((await sums()).map(({ variant, count }) => [variant, count]), [
    ["EUR", 55], ["entered", 12], ["left", 1], ["customer", 12], ["", 1], ["track", 55],
  ]);
  const lake = await host.copy();
  await run(CLI, ["lake", "compact", lake, "--before", "2999-01-01"]);
  const { stdout } = await run(CLI, ["lake", "export", lake]);
  assert.equal(stdout.trim().split("\n").length, 55);
  const rest = [stdout, (await admin("/export?shard=0", { edge: host.url })).text];
  for (let shard = 0; shard < 16; shard++) rest.push((await admin(`/export?shard=${shard}`, { edge: host.url })).text);
  const rows = await query(`SELECT * FROM read_parquet('${lake}/parquet/**/*.parquet')`);
  rest.push(JSON.stringify(rows), JSON.stringify(await host.rows("SELECT * FROM tallies")), ...(await readdir(lake, { recursive: true })));
  assert.equal(rows.length, 55);
  for (const text of rest) assert.ok(!/person-3|order-3-/.test(text), text);
});

test("an edge that has nothing is rebuilt from the lake", async () => {
  const lake = await host.copy();
  const anew = await start({ vars: { LAKE_SECONDS: "1" } });
  try {
    await publish(anew.url, PACK);
    const restore = () => run(CLI, ["lake", "restore", lake, "--edge", anew.url], {
      env: { ...process.env, WAYMARK_ADMIN_TOKEN: "demo-admin" },
    });
    assert.equal((await restore()).stdout, "55 events restored; 0 were there\n");
    assert.equal((await restore()).stdout, "0 events restored; 55 were there\n");
    const profile = async (edge) => {
      const { pack, ...person } = (await admin("/profile?visitor=person-5", { edge })).json;
      return person;
    };
    assert.deepEqual(await profile(anew.url), await profile(host.url));
    const { segments, events } = (await admin("/stats", { edge: anew.url })).json;
    assert.deepEqual([segments.keen, events], [11, 55]);
    // They do not go to the lake a second time.
    await sleep(2_500);
    assert.deepEqual(await anew.files("events/"), []);
  } finally {
    await anew.stop();
  }
});

test("who was not heard of for the term is forgotten by the object's own alarm", async () => {
  const lake = await host.copy();
  const { stdout } = await run(CLI, ["lake", "export", lake]);
  // As if half of them had last been heard of long ago.
  const lines = stdout.trim().split("\n").map((line) => JSON.parse(line));
  const old = lines.filter(({ userId }) => Number(userId.split("-")[1]) % 2 === 0);
  for (const line of old) line.receivedAt = line.timestamp = "2026-01-01T00:00:00.000Z";
  const anew = await start({ vars: { LAKE_SECONDS: "1", KEEP_DAYS: "15" } });
  try {
    await publish(anew.url, PACK);
    const body = lines.map((line) => JSON.stringify(line)).join("\n");
    const restored = await admin("/restore", { method: "POST", body, edge: anew.url });
    assert.deepEqual(restored.json, { restored: 55, known: 0 });
    const left = async () => (await admin("/stats", { edge: anew.url })).json.events;
    await until("the old ones are forgotten", async () => (await left()) === lines.length - old.length);
    assert.equal((await admin("/profile?visitor=person-4", { edge: anew.url })).status, 404);
    assert.equal((await admin("/profile?visitor=person-5", { edge: anew.url })).status, 200);
  } finally {
    await anew.stop();
  }
});

test("a bucket is compacted where it is", async () => {
  const lake = await host.copy();
  const files = new Map();
  for (const name of (await readdir(lake, { recursive: true })).filter((name) => /\.\w+$/.test(name))) {
    files.set(`site/${name}`, await readFile(join(lake, name)));
  }
  const bucket = await startBucket("lake", files);
  const env = {
    ...process.env, AWS_ENDPOINT: bucket.url, AWS_ALLOW_HTTP: "true", AWS_ACCESS_KEY_ID: "key",
    AWS_SECRET_ACCESS_KEY: "secret", AWS_REGION: "auto",
  };
  try {
    await run(CLI, ["lake", "compact", "s3://lake/site", "--before", "2999-01-01"], { env });
    const left = [...files.keys()].map((name) => name.replace(/\d{4}-\d\d-\d\d/, "DAY"));
    assert.deepEqual(left.filter((name) => !name.includes("/erased/")), ["site/parquet/day=DAY/part-0000.parquet"]);
    const { stdout } = await run(CLI, ["lake", "export", "s3://lake/site"], { env });
    assert.equal(stdout.trim().split("\n").length, 55);
    // A wrong secret is said to be one.
    const wrong = run(CLI, ["lake", "export", "s3://lake/site"], { env: { ...env, AWS_ACCESS_KEY_ID: "other" } });
    await assert.rejects(wrong, ({ code, stderr }) => code === 2 && /lake-failed/.test(stderr));
  } finally {
    bucket.stop();
  }
});
