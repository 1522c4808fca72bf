// The platform's rate limits, as an operator binds them, and how many events a day a key may send.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { accepted, ask, basic, browser, device, post, problem, server, viewed } from "./edge.mjs";
import { start } from "./miniflare.mjs";
import { start as startWorkerd } from "./workerd.mjs";

test("who asks too much is told when to come again, and what is sent then is there once", async () => {
  const simple = (limit) => ({ simple: { limit, period: 60 } });
  const edge = await start({ vars: {}, ratelimits: { CLIENT_LIMIT: simple(3), SERVER_LIMIT: simple(5) } });
  try {
    const send = (from, options, event = viewed(randomUUID())) =>
      post("/v1/batch", { batch: [event] }, { headers: { ...options.headers, "cf-connecting-ip": from }, edge: edge.url });
    for (let time = 0; time < 3; time += 1) assert.equal((await send("203.0.113.7", browser)).status, 200);
    const late = viewed(randomUUID());
    const refused = await send("203.0.113.7", browser, late);
    problem(refused, 429, "too-many-requests");
    assert.equal(refused.headers["retry-after"], "10");
    assert.equal((await send("203.0.113.8", browser, late)).json.accepted, 1);
    // A server's key has its own, wherever it asks from.
    for (let time = 0; time < 5; time += 1) assert.equal((await send(`203.0.113.${20 + time}`, server)).status, 200);
    problem(await send("203.0.113.30", server), 429, "too-many-requests");
    // What is only looked up costs nobody anything.
    for (let time = 0; time < 5; time += 1) {
      assert.equal((await ask("/healthz", { headers: { "cf-connecting-ip": "203.0.113.7" }, edge: edge.url })).status, 200);
    }
  } finally {
    await edge.stop();
  }
});

test("a key that has sent what it may in a day comes again tomorrow, and another goes on", async () => {
  const keys = [{ key: "wk_five", basis: "browser", daily: 5 }, { key: "wk_many", basis: "browser", daily: 1_000 }, { key: "sk_any", basis: "server" }];
  const edge = await startWorkerd({ vars: { WRITE_KEYS: JSON.stringify(keys) } });
  try {
    const { deviceKey, anonymousId } = device();
    const events = (count) => Array.from({ length: count }, () => viewed(anonymousId));
    const send = (key, batch) => post("/v1/batch", { deviceKey, batch }, { headers: basic(key), edge: edge.url });
    // What begins within the quota lands whole.
    for (const count of [3, 3]) assert.deepEqual(accepted(await send("wk_five", events(count))), [count, 0, []]);
    const late = events(2);
    for (let time = 0; time < 2; time += 1) {
      const refused = await send("wk_five", late);
      problem(refused, 429, "quota-used-up");
      const seconds = 86_400 - (Date.now() / 1_000) % 86_400;
      assert.ok(Math.abs(Number(refused.headers["retry-after"]) - seconds) < 10, refused.headers["retry-after"]);
    }
    problem(await post("/v1/track", { writeKey: "wk_five", deviceKey, ...late[0] }, { edge: edge.url }), 429, "quota-used-up");
    assert.deepEqual(accepted(await send("wk_many", late)), [2, 0, []], "nothing of it was kept");
    assert.deepEqual(accepted(await send("sk_any", events(9))), [9, 0, []]);
    problem(await send("wk_five", events(1)), 429, "quota-used-up");
  } finally {
    await edge.stop();
  }
});
