// Segment's own library for servers, unmodified: every event arrives once.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { Analytics } from "@segment/analytics-node";
import { EDGE, stored } from "./edge.mjs";

test("@segment/analytics-node delivers each of its calls once", async () => {
  const analytics = new Analytics({ writeKey: "sk_demo", host: EDGE, path: "/v1/batch", flushAt: 3 });
  const failures = [];
  analytics.on("error", (error) => failures.push(error));
  const [userId, anonymousId] = [randomUUID(), randomUUID()];
  analytics.identify({ userId, anonymousId, traits: { plan: "pro", born: new Date(0) } });
  analytics.track({ userId, event: "Order Completed", properties: { revenue: 12.5 } });
  analytics.page({ userId, name: "Home", properties: { url: "https://shop.example/" } });
  analytics.screen({ userId, name: "Basket" });
  analytics.group({ userId, groupId: "acme", traits: { seats: 5 } });
  const previousId = randomUUID();
  analytics.alias({ userId, previousId });
  analytics.track({ anonymousId, event: "Product Viewed", properties: {} });
  await analytics.closeAndFlush();
  assert.deepEqual(failures, []);
  const known = await stored(`u:${userId}`);
  const seen = known.map(({ type, event }) => event ?? type).sort();
  assert.deepEqual(seen, ["Order Completed", "alias", "group", "identify", "page", "screen"]);
  assert.equal(new Set(known.map(({ messageId }) => messageId)).size, 6);
  assert.deepEqual(known.find(({ type }) => type === "identify").traits, { plan: "pro", born: "1970-01-01T00:00:00.000Z" });
  assert.deepEqual((await stored(`a:${anonymousId}`)).map(({ event }) => event), ["Product Viewed"]);
});
