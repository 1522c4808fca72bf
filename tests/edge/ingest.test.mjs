// Events come in once, whole, and only with the visitor's consent; whatever is refused is named.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  accepted, admin, ALL, ask, basic, browser, device, EDGE, GRANTED, post, problem, server, stored, viewed,
} from "./edge.mjs";

const CALLS = { track: "t", page: "p", screen: "s", identify: "i", group: "g", alias: "a" };
const ORIGIN = "https://shop.example";

for (const [type, short] of Object.entries(CALLS)) {
  test(`a ${type} call is taken at its long and short address, with the key in the header or in the body`, async () => {
    const anonymousId = randomUUID();
    const keys = [[browser, {}], [{}, { writeKey: "wk_demo" }], [server, {}], [{}, { writeKey: "sk_demo" }]];
    for (const path of [type, short]) {
      for (const [options, keyed] of keys) {
        const call = { messageId: randomUUID(), anonymousId, context: GRANTED, ...keyed };
        if (type === "track") call.event = "Product Viewed";
        if (type === "group") call.groupId = "g1";
        if (type === "alias") call.previousId = "before";
        const answer = await post(`/v1/${path}`, call, options);
        assert.equal(answer.headers["content-type"], "application/json");
        assert.equal(answer.headers["cache-control"], "no-store");
        assert.deepEqual([answer.status, answer.json], [200, { success: true, accepted: 1, duplicates: 0, rejected: [] }]);
      }
    }
    for (const namespace of ["c", "a"]) {
      const types = (await stored(`${namespace}:${anonymousId}`)).map((event) => event.type);
      assert.deepEqual(types, Array(4).fill(type));
    }
  });
}

test("a batch of all kinds is taken at each address for batches, in its order", async () => {
  for (const path of ["batch", "b", "import", "beacon"]) {
    const anonymousId = randomUUID();
    const batch = Object.keys(CALLS).map((type) => ({ ...viewed(anonymousId), type }));
    assert.deepEqual(accepted(await post(`/v1/${path}`, { batch }, browser)), [6, 0, []]);
    const ids = (await stored(anonymousId)).map(({ messageId }) => messageId);
    assert.deepEqual(ids, batch.map(({ messageId }) => messageId), path);
  }
});

test("an event is stored as it was sent, with the time of its receipt", async () => {
  const event = viewed(randomUUID(), { properties: { name: "Alcove 2 – 露营", price: 0.1, tags: [null, { a: true }] } });
  const before = Date.now();
  await post("/v1/batch", { batch: [event] }, browser);
  const [{ timestamp, receivedAt, kept, ...rest }] = await stored(event.anonymousId);
  assert.deepEqual(rest, event);
  // A claim, which touches nobody's profile but its own.
  assert.deepEqual(kept, { visitor: `c:${event.anonymousId}`, basis: "browser" });
  assert.equal(timestamp, receivedAt);
  assert.ok(Math.abs(Date.parse(receivedAt) - before) < 10_000, receivedAt);
});

test("a clock that is an hour fast is corrected by sentAt", async () => {
  const at = (ms) => new Date(Date.now() + ms).toISOString();
  const event = viewed(randomUUID(), { timestamp: at(3_600_000 - 60_000) });
  await post("/v1/batch", { batch: [event], sentAt: at(3_600_000) }, browser);
  const [{ timestamp, receivedAt }] = await stored(event.anonymousId);
  assert.ok(Math.abs(Date.parse(receivedAt) - Date.parse(timestamp) - 60_000) < 5_000, timestamp);
});

// Exactly once ----------------------------------------------------------------------------------

const stats = async () => (await admin("/stats")).json;

test("the same batch counts once, sent twice or eight times at once", async () => {
  const anonymousId = randomUUID();
  const before = await stats();
  const body = { batch: Array.from({ length: 20 }, () => viewed(anonymousId)) };
  assert.deepEqual(accepted(await post("/v1/batch", body, browser)), [20, 0, []]);
  assert.deepEqual(accepted(await post("/v1/batch", body, browser)), [0, 20, []]);

  const other = { batch: Array.from({ length: 20 }, () => viewed(anonymousId)) };
  const answers = await Promise.all(Array.from({ length: 8 }, () => post("/v1/batch", other, browser)));
  const sum = (at) => answers.map((answer) => accepted(answer)[at]).reduce((a, b) => a + b);
  assert.deepEqual([sum(0), sum(1)], [20, 140]);

  assert.equal((await stored(anonymousId)).length, 40);
  const after = await stats();
  const more = (name) => after[name] - before[name];
  assert.deepEqual([more("events"), more("duplicates"), more("visitors")], [40, 160, 1]);
});

test("an event in two batches at once counts once, and so does what came with it", async () => {
  const visitors = Array.from({ length: 12 }, () => randomUUID());
  const shared = visitors.map((id) => viewed(id));
  const batches = [0, 1].map(() => [...shared, ...visitors.map((id) => viewed(id))]);
  const answers = await Promise.all(batches.map((batch) => post("/v1/batch", { batch }, browser)));
  const totals = answers.map(accepted).reduce((a, b) => [a[0] + b[0], a[1] + b[1]]);
  assert.deepEqual(totals, [36, 12]);
  for (const [at, id] of visitors.entries()) {
    const ids = (await stored(id)).map(({ messageId }) => messageId).sort();
    assert.deepEqual(ids, [shared[at], batches[0][12 + at], batches[1][12 + at]].map((e) => e.messageId).sort());
  }
});

test("an event twice in one batch counts once; the same id of two visitors counts for each", async () => {
  const [a, b] = [viewed(randomUUID()), viewed(randomUUID())];
  b.messageId = a.messageId;
  assert.deepEqual(accepted(await post("/v1/batch", { batch: [a, a, b] }, browser)), [2, 1, []]);
});

test("an event without an id is known again when it is sent again", async () => {
  const { messageId, ...event } = viewed(randomUUID(), { timestamp: new Date().toISOString() });
  const answers = [await post("/v1/track", event, browser), await post("/v1/track", event, browser)];
  assert.deepEqual(answers.map((answer) => accepted(answer).slice(0, 2)), [[1, 0], [0, 1]]);
});

// Bodies ----------------------------------------------------------------------------------------

test("a body may be packed with gzip, whole or in chunks", async () => {
  for (const more of [{}, { "transfer-encoding": "chunked" }]) {
    const anonymousId = randomUUID();
    const batch = Array.from({ length: 50 }, () => viewed(anonymousId));
    const headers = { ...browser.headers, "content-encoding": "gzip", ...more };
    assert.deepEqual(accepted(await post("/v1/batch", gzipSync(JSON.stringify({ batch })), { headers })), [50, 0, []]);
    assert.equal((await stored(anonymousId)).length, 50);
  }
});

test("a batch's context fills what its events lack, consent too", async () => {
  const anonymousId = randomUUID();
  const plain = viewed(anonymousId, { context: undefined });
  const own = viewed(anonymousId, { context: { locale: "zh", ...GRANTED } });
  const context = { locale: "en", library: { name: "test" }, ...GRANTED };
  assert.deepEqual(accepted(await post("/v1/batch", { batch: [plain, own], context }, browser)), [2, 0, []]);
  const [first, second] = await stored(anonymousId);
  assert.deepEqual(first.context, context);
  assert.deepEqual(second.context, { ...context, locale: "zh" });
});

test("a beacon's plain text is taken without a preflight and can be read by the page", async () => {
  const { deviceKey, anonymousId } = device();
  const body = { writeKey: "wk_demo", deviceKey, batch: [viewed(anonymousId)] };
  const headers = { "content-type": "text/plain;charset=UTF-8", origin: ORIGIN };
  const answer = await post("/v1/beacon", body, { headers });
  assert.deepEqual(accepted(answer), [1, 0, []]);
  assert.equal(answer.headers["access-control-allow-origin"], ORIGIN);
  assert.equal((await stored(`a:${anonymousId}`)).length, 1);
});

test("a preflight is answered for every public address, with the origin that asks", async () => {
  for (const path of ["track", "t", "batch", "import", "beacon", "consent", "decide"]) {
    const answer = await ask(`/v1/${path}`, {
      method: "OPTIONS",
      headers: {
        origin: ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });
    assert.equal(answer.status, 204);
    assert.equal(answer.headers["access-control-allow-origin"], ORIGIN);
    assert.equal(answer.headers["access-control-allow-credentials"], "true");
    assert.match(answer.headers["access-control-allow-methods"], /\bPOST\b/);
    assert.match(answer.headers["access-control-allow-headers"], /Authorization.*Content-Type/);
    assert.match(answer.headers.vary, /\bOrigin\b/);
  }
});

test("a page of another origin can read answers and refusals, but nothing of the operator's", async () => {
  const headers = { origin: ORIGIN };
  const refused = await post("/v1/batch", { writeKey: "nobody's", batch: [] }, { headers });
  assert.equal(refused.headers["access-control-allow-origin"], ORIGIN);
  const large = await heading("/v1/batch", { ...headers, "content-length": 512_001 });
  assert.deepEqual([large.status, large.headers["access-control-allow-origin"]], [413, ORIGIN]);
  for (const method of ["GET", "OPTIONS"]) {
    const answer = await admin("/stats", { method, headers });
    assert.equal(answer.headers["access-control-allow-origin"], undefined);
  }
});

// Keys and consent ------------------------------------------------------------------------------

test("without a key, or with one that nobody has, nothing is taken", async () => {
  const anonymousId = randomUUID();
  const batch = [viewed(anonymousId)];
  problem(await post("/v1/batch", { batch }), 401, "missing-write-key");
  problem(await post("/v1/batch", { batch, writeKey: "wk_other" }), 401, "unknown-write-key");
  problem(await post("/v1/batch", { batch, writeKey: "wk_demo" }, { headers: basic("wk_other") }), 401, "unknown-write-key");
  problem(await post("/v1/track", viewed(anonymousId)), 401, "missing-write-key");
  problem(await post("/v1/track", viewed(anonymousId), { headers: { authorization: "Bearer wk_demo" } }), 401, "missing-write-key");
  problem(await ask("/v1/projects/wk_other/settings"), 401, "unknown-write-key");
  assert.deepEqual(await stored(anonymousId), []);
});

test("with a browser key an event without consent is refused by its place, and the others land", async () => {
  const anonymousId = randomUUID();
  const consent = (categoryPreferences) => ({ context: { consent: { categoryPreferences } } });
  const batch = [
    viewed(anonymousId),
    viewed(anonymousId, { context: {} }),
    viewed(anonymousId, consent({ analytics: false })),
    viewed(anonymousId, consent({ analytics: "true" })),
    viewed(anonymousId, consent({ analytics: true })),
  ];
  const answer = await post("/v1/batch", { batch }, browser);
  assert.deepEqual(accepted(answer), [2, 0, ["no-consent", "no-consent", "no-consent"]]);
  const places = answer.json.rejected.map(({ index, pointer }) => [index, pointer]);
  assert.deepEqual(places, [[1, "/batch/1"], [2, "/batch/2"], [3, "/batch/3"]]);
  assert.equal((await stored(anonymousId)).length, 2);

  problem(await post("/v1/track", viewed(anonymousId, { context: undefined }), browser), 400, "no-consent");
  assert.deepEqual(accepted(await post("/v1/track", viewed(anonymousId, { context: undefined }), server)), [1, 0, []]);
});

test("Sec-GPC overrides every consent that a browser sends", async () => {
  const anonymousId = randomUUID();
  const headers = { ...browser.headers, "sec-gpc": "1" };
  const answer = await post("/v1/batch", { batch: [viewed(anonymousId), viewed(anonymousId)], context: GRANTED }, { headers });
  assert.deepEqual(accepted(answer), [0, 0, ["gpc", "gpc"]]);
  problem(await post("/v1/track", viewed(anonymousId), { headers }), 400, "gpc");
  assert.deepEqual(await stored(anonymousId), []);
});

test("only a server key may write history", async () => {
  const anonymousId = randomUUID();
  const old = viewed(anonymousId, { timestamp: new Date(Date.now() - 30 * 86_400_000).toISOString() });
  const answer = await post("/v1/batch", { batch: [viewed(anonymousId), old] }, browser);
  assert.deepEqual(accepted(answer), [1, 0, ["back-dated"]]);
  assert.equal(answer.json.rejected[0].pointer, "/batch/1/timestamp");
  assert.equal(problem(await post("/v1/track", old, browser), 400, "back-dated").pointer, "/timestamp");
  assert.deepEqual(accepted(await post("/v1/track", { ...old, writeKey: "sk_demo" })), [1, 0, []]);
  const [{ timestamp }] = await stored(`a:${anonymousId}`);
  assert.equal(timestamp, old.timestamp);
});

// Refusals --------------------------------------------------------------------------------------

const nested = (depth) => Array.from({ length: depth }).reduce((inner) => ({ inner }), {});

test("bad events of a batch are named by index, code and pointer, and the rest lands", async () => {
  const anonymousId = randomUUID();
  const batch = [
    viewed(anonymousId),
    viewed(anonymousId, { type: "trcak" }),
    viewed(undefined),
    viewed(anonymousId, { event: undefined }),
    viewed(anonymousId, { timestamp: "yesterday" }),
    viewed(anonymousId, { properties: nested(20) }),
    viewed(anonymousId, { messageId: "m".repeat(257) }),
    viewed(anonymousId, { properties: { text: "x".repeat(33_000) } }),
    "not an event",
    viewed(anonymousId),
  ];
  const answer = await post("/v1/batch", { batch }, server);
  assert.deepEqual(answer.json.rejected.map(({ index, code, pointer }) => [index, code, pointer]), [
    [1, "unknown-type", "/batch/1/type"],
    [2, "missing-identity", "/batch/2"],
    [3, "missing-event-name", "/batch/3/event"],
    [4, "bad-timestamp", "/batch/4/timestamp"],
    [5, "too-deep", "/batch/5/properties"],
    [6, "id-too-long", "/batch/6/messageId"],
    [7, "event-too-large", "/batch/7"],
    [8, "not-an-object", "/batch/8"],
  ]);
  const message = (index) => answer.json.rejected.find((item) => item.index === index).message;
  assert.match(message(5), /\b16\b/);
  assert.match(message(6), /\b256\b/);
  assert.match(message(7), /\b32768\b/);
  assert.equal(answer.json.accepted, 2);
  assert.equal((await stored(anonymousId)).length, 2);
});

test("a body beyond a limit is refused with the limit's name", async () => {
  const anonymousId = randomUUID();
  const many = { batch: Array(2_501).fill({}) };
  assert.match(problem(await post("/v1/batch", many, server), 400, "too-many-events").detail, /\b2500\b/);
  const long = viewed(anonymousId, { properties: { text: "x".repeat(33_000) } });
  assert.match(problem(await post("/v1/track", long, server), 413, "event-too-large").detail, /\b32768\b/);
  const deep = viewed(anonymousId, { properties: nested(20) });
  assert.match(problem(await post("/v1/track", deep, server), 400, "too-deep").detail, /\b16\b/);
  const wide = { batch: Array(2_000).fill({}), context: { text: "x".repeat(2_000) } };
  assert.match(problem(await post("/v1/batch", wide, server), 413, "context-too-large").detail, /\b1024000\b/);
  assert.deepEqual(await stored(anonymousId), []);
});

test("a body of more than 500 KiB is refused, announced, in chunks or packed", async () => {
  const large = (answer, limit = /\b512000\b/) => assert.match(problem(answer, 413, "body-too-large").detail, limit);
  large(await heading("/v1/batch", { ...server.headers, "content-length": 512_001 }));
  const headers = { ...server.headers, "transfer-encoding": "chunked" };
  large(await post("/v1/batch", Buffer.alloc(512_001, " "), { headers }));
  const tenMegabytes = gzipSync(Buffer.alloc(10_000_000));
  const bomb = Buffer.concat(Array(Math.floor(512_000 / tenMegabytes.length)).fill(tenMegabytes));
  const began = performance.now();
  large(await post("/v1/batch", bomb, { headers: { ...server.headers, "content-encoding": "gzip" } }));
  assert.ok(performance.now() - began < 1_500, "inflated beyond the limit");
  large(await heading("/v1/decide", { ...server.headers, "content-length": 32_769 }), /\b32768\b/);
});

test("a body that cannot be read is refused with the reason", async () => {
  const refused = async (body, status, code, headers = {}) => {
    return problem(await post("/v1/batch", body, { headers: { ...server.headers, ...headers } }), status, code);
  };
  await refused("", 400, "empty-body");
  await refused("{", 400, "bad-json");
  await refused("[".repeat(200_000), 400, "not-an-object");
  await refused(`{"batch":${"[".repeat(200_000)}`, 400, "bad-json");
  await refused(Buffer.from([0xff, 0xfe, 0x7b, 0x7d]), 400, "bad-json");
  await refused("{}", 400, "missing-batch");
  assert.equal((await refused({ batch: {} }, 400, "wrong-type")).pointer, "/batch");
  await refused("{}", 400, "bad-gzip", { "content-encoding": "gzip" });
  await refused("{}", 415, "unknown-content-encoding", { "content-encoding": "br" });
});

test("an unknown address is 404, a wrong method 405 with those that are allowed", async () => {
  for (const path of ["/v1/", "/v1/nothing", "/v1/batch/", "/v1/pack/a/b", "/admin/", "/admin/v2/stats", "/admin/v1/nothing"]) {
    problem(await ask(path), 404, "unknown-route");
  }
  for (const [method, path, allow] of [
    ["GET", "/v1/batch", "POST, OPTIONS"],
    ["DELETE", "/v1/track", "POST, OPTIONS"],
    ["GET", "/v1/decide", "POST, OPTIONS"],
    ["PUT", "/v1/consent", "POST, OPTIONS"],
    ["POST", "/v1/pack", "GET, HEAD, OPTIONS"],
    ["POST", "/healthz", "GET, HEAD, OPTIONS"],
    ["POST", "/admin/v1/packs", "GET, PUT, HEAD"],
    ["GET", "/admin/v1/packs/rollback", "POST"],
    ["PATCH", "/admin/v1/stats", "GET, HEAD"],
  ]) {
    const answer = await ask(path, { method });
    problem(answer, 405, "wrong-method");
    assert.equal(answer.headers.allow, allow, `${method} ${path}`);
  }
});

test("Segment's browser client finds its settings", async () => {
  const answer = await ask("/v1/projects/wk_demo/settings");
  assert.equal(answer.headers["access-control-allow-origin"], "*");
  const settings = answer.json.integrations["Segment.io"];
  assert.deepEqual(settings, { apiKey: "wk_demo", apiHost: `${new URL(EDGE).host}/v1`, protocol: "http" });
  assert.deepEqual((await ask("/healthz")).json, { ok: true });
});

/** Announces a body and sends none: what is refused for its length must not wait for it. */
function heading(path, headers) {
  return new Promise((done, fail) => {
    const asked = request(`${EDGE}${path}`, { method: "POST", headers, agent: false }, (answer) => {
      answer.setEncoding("utf8");
      answer.once("data", (text) => {
        asked.destroy();
        done({ status: answer.statusCode, headers: answer.headers, text, get json() { return JSON.parse(text); } });
      });
    });
    asked.on("error", fail);
    asked.flushHeaders();
  });
}
