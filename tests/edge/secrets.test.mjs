// What runs at the edge only: shown in pages, and told to none of them.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { accepted, ALL, ask, browser, cookieOf, device, GRANTED, post, server, withPack } from "./edge.mjs";

const PACK = {
  pack: "secrets",
  attributes: { "traits.kept_margin": { type: "number", visible: "edge" } },
  segments: { "kept-segment": { when: { "traits.kept_margin": { $gte: 0.3 } }, runs: "edge" } },
  slots: { hero: { default: "keep" } },
  content: {
    gift: { slot: "hero", text: "A gift for you", runs: "edge" },
    "kept-content": { slot: "hero", text: "Kept words", runs: "edge" },
  },
  rules: [
    { id: "gift", slot: "hero", when: { $segment: "kept-segment" }, show: "gift", priority: 1, runs: "edge" },
    { id: "kept-rule", slot: "hero", when: { "traits.kept_margin": { $lt: 0.1 } }, show: "kept-content", runs: "edge" },
  ],
};
const KEPT = /kept[-_ ]/i;

const margin = (who) => ({
  type: "identify", messageId: randomUUID(), traits: { kept_margin: 0.5 }, context: GRANTED, ...who,
});

test("a page shows what the edge decides, and is not told why", async () => {
  await withPack(PACK, async (hash) => {
    const mine = device();
    const batch = [margin({ anonymousId: mine.anonymousId })];
    assert.deepEqual(accepted(await post("/v1/batch", { writeKey: "wk_demo", deviceKey: mine.deviceKey, batch })), [1, 0, []]);
    const page = await ask("/", { headers: { accept: "text/html", cookie: await cookieOf(mine) } });
    assert.match(page.text, /data-waymark-slot="hero"[^>]*>A gift for you</);
    assert.match(page.text, /"segments":\[\]/);
    assert.doesNotMatch(page.text, KEPT);
    const asked = await post("/v1/decide", { ...mine, consent: ALL }, browser);
    assert.equal(asked.json.slots.hero.content, "gift");
    assert.doesNotMatch(asked.text, KEPT);
    for (const path of ["/v1/pack", `/v1/pack/${hash}`]) {
      const program = await ask(path);
      assert.equal(program.status, 200);
      assert.match(program.text, /secrets/);
      assert.doesNotMatch(program.text, KEPT, path);
      assert.doesNotMatch(program.text, /gift/i, path);
    }
    // It is there: who holds the server's key is told.
    const who = { userId: randomUUID() };
    assert.deepEqual(accepted(await post("/v1/batch", { batch: [margin(who)] }, server)), [1, 0, []]);
    const told = await post("/v1/decide", who, server);
    assert.deepEqual([told.json.segments, told.json.slots.hero.content], [["kept-segment"], "gift"]);
  });
});

test("of journeys and of what is sent no page, Program of a page or browser's decision says anything", async () => {
  const journeys = {
    pack: "journeys",
    slots: { hero: { default: "keep" } },
    content: { thanks: { slot: "hero", text: "Thank you" } },
    destinations: { "kept-email": { channel: "kept-channel" } },
    surveys: { "kept-survey": { question: "kept question", where: ["link"] } },
    triggers: [
      { id: "thanks", on: { event: "Order Completed" }, do: { show: "thanks", for: "1h" } },
      { id: "kept-mail", on: { event: "Order Completed" }, do: { send: "kept-email", message: "kept-message" } },
    ],
    journeys: {
      "kept-journey": {
        enter: { event: "Order Completed" },
        steps: [{ id: "kept-wait", wait: "1d" }, { id: "kept-ask", survey: "kept-survey" }],
      },
    },
  };
  await withPack(journeys, async (hash) => {
    const mine = device();
    const order = { type: "track", event: "Order Completed", messageId: randomUUID(), anonymousId: mine.anonymousId, properties: { revenue: 1 }, context: GRANTED };
    const batch = { writeKey: "wk_demo", deviceKey: mine.deviceKey, batch: [order] };
    assert.deepEqual(accepted(await post("/v1/batch", batch)), [1, 0, []]);
    const page = await ask("/", { headers: { accept: "text/html", cookie: await cookieOf(mine) } });
    assert.equal(page.status, 200);
    const asked = await post("/v1/decide", { ...mine, consent: ALL }, browser);
    assert.equal(asked.status, 200);
    const programs = await Promise.all(["/v1/pack", `/v1/pack/${hash}`].map((path) => ask(path)));
    for (const { text } of [page, asked, ...programs]) assert.doesNotMatch(text, KEPT);
    for (const { text } of programs) assert.match(text, /thanks/);
  });
});
