// The platform's rate limits, as an operator binds them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { ask, browser, post, problem, server, viewed } from "./edge.mjs";
import { start } from "./miniflare.mjs";

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
