// Whatever a customer does anywhere: each event that docs/operate/channels.md names is taken in, moves the profile of whose
// it is, and stands in the timeline of one person, whichever channel it came by.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { accepted, admin, post, publish, server } from "./edge.mjs";
import { start } from "./workerd.mjs";

const text = await readFile(new URL("../../docs/operate/channels.md", import.meta.url), "utf8");
const table = text.slice(text.indexOf("| channel |")).split("\n\n", 1)[0].split("\n").slice(2);
/** `[channel, event]`, of those that servers send. */
const named = table.map((row) => row.split("|").map((cell) => cell.trim()).slice(1, 3)).flatMap(([channel, events]) => {
  if (channel === "page and app") return [];
  // Names are in capitals; members and calls are not.
  return [...events.matchAll(/`([A-Z][^`]*)`/g)].map(([, event]) => [channel, event]);
});
const names = [...new Set(named.map(([, event]) => event))];
const segment = (event) => event.toLowerCase().replaceAll(/[^a-z]+/g, "-");

let edge;
before(async () => {
  edge = await start({ vars: {} });
  await publish(edge.url, {
    pack: "channels",
    segments: Object.fromEntries(names.map((event) => [segment(event), { when: { $did: { event } } }])),
    journey: { session: "30m", stages: [{ id: "customer", enter: { $did: { event: "Order Completed" } } }] },
  });
});
after(() => edge?.stop());

const person = async (visitor) => (await admin(`/profile?visitor=${encodeURIComponent(visitor)}`, { edge: edge.url })).json;

test("every channel's events land, and each moves the person that it is of", async () => {
  for (const channel of ["shop and ERP", "e-mail", "SMS and push", "store", "call centre", "live chat", "social media", "reviews", "tickets", "CRM"]) {
    assert.ok(named.some(([have]) => have === channel), `${channel} is described`);
  }
  const userId = randomUUID();
  for (const [at, [channel, event]] of named.entries()) {
    const before = await person(userId);
    const sent = { type: "track", event, userId, messageId: `${channel}-${event}-${userId}`, properties: { ref: String(at) }, context: { channel } };
    for (const times of [1, 0]) assert.deepEqual(accepted(await post("/v1/batch", { batch: [sent] }, { ...server, edge: edge.url })), [times, 1 - times, []], event);
    const now = await person(userId);
    assert.equal(now.events, (before.events ?? 0) + 1, `${channel}: ${event}`);
    assert.ok(now.segments.some((one) => (one.id ?? one) === segment(event)), `${channel}: ${event}`);
  }
  const { stage, timeline } = await person(userId);
  assert.equal(stage, "customer");
  assert.deepEqual(timeline.map(({ event }) => event).sort(), named.map(([, event]) => event).sort());
});

test("the example of a trait that was bought keeps where it is from", async () => {
  const [example] = /\{\s*"type": "identify"[\s\S]*?\n\}/.exec(text);
  const event = JSON.parse(example);
  assert.deepEqual(accepted(await post("/v1/batch", { batch: [event] }, { ...server, edge: edge.url })), [1, 0, []]);
  const { sources } = await person(event.userId);
  assert.deepEqual(sources.district, event.context.source);
});
