// Events of several kinds of people, sent until they are acknowledged, and what has to have come of them.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { admin, post, server } from "../edge/edge.mjs";

const SENDERS = 6;
const DEVICES = 40;
const USERS = 12;
/** 2026-01-01; every event has a second of its own, so that who was first is no question. */
const BEGAN = Date.now() - 3 * 86_400_000;
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
export const pick = (most) => Math.floor(Math.random() * most);

/** Until it is acknowledged; twice now and then, as clients do whose answer was lost. */
async function deliver(edge, batch) {
  for (let tries = 0; tries < 600; tries++) {
    try {
      const answer = await post("/v1/batch", { batch }, { ...server, edge });
      if (answer.status === 200) {
        if (pick(10) > 0) return;
      } else assert.ok(answer.status >= 500, answer.text);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
    }
    await sleep(20 + pick(60));
  }
  throw new Error("not acknowledged after 600 tries");
}

/** How many events each user's profile has, from all statements at once. */
function expected(events) {
  const owner = new Map();
  for (const { anonymousId, userId, timestamp } of events) {
    if (!anonymousId || !userId) continue;
    const first = owner.get(anonymousId);
    if (!first || timestamp < first.timestamp) owner.set(anonymousId, { userId, timestamp });
  }
  const counts = new Map();
  for (const { anonymousId, userId } of events) {
    const user = userId ?? owner.get(anonymousId)?.userId;
    if (user) counts.set(user, (counts.get(user) ?? 0) + 1);
  }
  return counts;
}

async function exported(edge) {
  const ids = [];
  for (let path = "/export"; path;) {
    const answer = await admin(path, { edge });
    for (const line of answer.text.split("\n").filter(Boolean)) ids.push(JSON.parse(line).messageId);
    path = /<\/admin\/v1(.*?)>/.exec(answer.headers.link ?? "")?.[1];
  }
  return ids;
}

/** Puts the shop's pack there. */
export async function publish(edge) {
  const pack = await readFile(new URL("../../examples/packs/outdoor-shop.jsonc", import.meta.url));
  const { hash } = (await admin("/packs", { method: "PUT", body: pack, edge })).json;
  assert.equal((await admin(`/packs/${hash}/activate`, { method: "POST", edge })).status, 200);
}

/** Senders at work: `{ events, over }`; `over` lets them finish. */
export function senders(edge) {
  const events = [];
  let done = false;
  const sender = async () => {
    while (!done) {
      const batch = Array.from({ length: 1 + pick(6) }, () => {
        const [device, user] = [pick(4) > 0, pick(3) === 0];
        const event = {
          type: "track",
          event: ["Product Viewed", "Product Added", "Order Completed"][pick(3)],
          messageId: `m${events.length}`,
          timestamp: new Date(BEGAN + events.length * 1_000).toISOString(),
          ...((device || !user) && { anonymousId: `d${pick(DEVICES)}` }),
          ...(user && { userId: `u${pick(USERS)}` }),
        };
        events.push(event);
        return event;
      });
      await deliver(edge, batch);
    }
  };
  const all = Promise.all(Array.from({ length: SENDERS }, sender));
  return { events, over: () => { done = true; return all; } };
}

/** Whether every event is there, once, and in the right profile; how many profiles that are. */
export async function allThere(edge, events) {
  // What one shard took in for another may be on its way to it still.
  const end = Date.now() + 60_000;
  let ids = await exported(edge);
  while (ids.length !== events.length && Date.now() < end) {
    await sleep(250);
    ids = await exported(edge);
  }
  assert.equal(new Set(ids).size, ids.length, "an event is there twice");
  assert.deepEqual(new Set(ids), new Set(events.map(({ messageId }) => messageId)));
  assert.equal((await admin("/stats", { edge })).json.events, events.length);
  // What shards had yet to tell each other they tell without being asked.
  const wanted = expected(events);
  for (const [userId, count] of wanted) {
    let seq;
    do {
      seq = (await post("/v1/decide", { userId }, { ...server, edge })).json.seq;
      if (seq === count) break;
      await sleep(250);
    } while (Date.now() < end);
    assert.equal(seq, count, userId);
  }
  return wanted.size;
}
