// What a public key says is a claim: it reaches no profile that a device proved or a server named.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import {
  accepted, browser, cookieOf, device, GRANTED, looksAtTents, post, problem, server, stored, viewed,
} from "./edge.mjs";

/** What a device is shown, and everything that its decision says of it. */
async function shownTo({ deviceKey, anonymousId }) {
  const answer = await post("/v1/decide", { deviceKey, anonymousId, consent: { personalization: true } }, browser);
  assert.equal(answer.status, 200, answer.text);
  const { seq, segments, stage, slots } = answer.json;
  return { seq, segments, stage, slots };
}

test("a device proves its id with the key that the id was made from, or with its cookie", async () => {
  const mine = device();
  await looksAtTents(mine);
  const headers = { ...browser.headers, cookie: await cookieOf(mine) };
  assert.deepEqual(accepted(await post("/v1/track", viewed(mine.anonymousId), { headers })), [1, 0, []]);
  assert.equal((await stored(`d:${mine.anonymousId}`)).length, 4);
  assert.equal((await stored(`c:${mine.anonymousId}`)).length, 0);
  assert.equal((await shownTo(mine)).slots.hero.content, "hero-tents");
});

test("a proof covers the device's own id in a batch and no other", async () => {
  const [mine, other] = [device(), device()];
  const batch = [viewed(mine.anonymousId), viewed(other.anonymousId)];
  assert.deepEqual(accepted(await post("/v1/batch", { deviceKey: mine.deviceKey, batch }, browser)), [2, 0, []]);
  assert.equal((await stored(`d:${mine.anonymousId}`)).length, 1);
  assert.equal((await stored(`d:${other.anonymousId}`)).length, 0);
  assert.equal((await stored(`c:${other.anonymousId}`)).length, 1);
});

test("no claim moves a profile that a device proved", async () => {
  const [victim, thief] = [device(), device()];
  await looksAtTents(victim);
  const before = await shownTo(victim);
  const id = victim.anonymousId;
  const order = () => viewed(id, { event: "Order Completed", properties: { revenue: 900 } });
  const thiefs = await cookieOf(thief);
  const attempts = [
    [{ batch: [order()] }],
    [{ batch: [order()], deviceKey: thief.deviceKey }],
    [{ batch: [order()], deviceKey: id }],
    [{ batch: [order()] }, { cookie: thiefs }],
    [{ batch: [order()] }, { cookie: `${thiefs}x` }],
    [{ batch: [viewed(thief.anonymousId, { type: "alias", previousId: id })], deviceKey: thief.deviceKey }],
    [{ batch: [viewed(thief.anonymousId, { type: "identify", userId: id })], deviceKey: thief.deviceKey }],
    [{ batch: [viewed(`d:${id}`)] }],
    [{ batch: [viewed(undefined, { userId: `d:${id}` })] }],
  ];
  for (const [body, headers] of attempts) {
    assert.deepEqual(accepted(await post("/v1/batch", body, { headers: { ...browser.headers, ...headers } })), [1, 0, []]);
  }
  assert.deepEqual(await shownTo(victim), before);
  assert.equal((await stored(`d:${id}`)).length, 3);
});

test("no claim moves a profile that a server named", async () => {
  const [anonymousId, userId] = [randomUUID(), randomUUID()];
  const order = (more) => viewed(undefined, { event: "Order Completed", properties: { revenue: 900 }, ...more });
  await post("/v1/batch", { batch: [viewed(anonymousId), order({ userId })] }, server);
  const stages = async () => Promise.all([{ anonymousId }, { userId }].map(async (who) => {
    return (await post("/v1/decide", who, server)).json.stage;
  }));
  const before = await stages();
  assert.equal(before[1], "customer");
  const claims = [{ anonymousId }, { userId }, { userId: "x", anonymousId }, { anonymousId: `a:${anonymousId}` }].map(order);
  assert.deepEqual(accepted(await post("/v1/batch", { batch: claims }, browser)), [4, 0, []]);
  assert.deepEqual(await stages(), before);
  for (const key of [`a:${anonymousId}`, `u:${userId}`]) assert.equal((await stored(key)).length, 1, key);
  assert.equal((await stored(`cu:${userId}`)).length, 1);
});

test("no claim learns what is shown to another", async () => {
  const [victim, thief] = [device(), device()];
  await looksAtTents(victim);
  const { anonymousId } = victim;
  await post("/v1/batch", { batch: [viewed(undefined, { userId: anonymousId })] }, server);
  const cookie = await cookieOf(thief);
  const asks = (who, headers) => {
    return post("/v1/decide", { consent: { personalization: true }, ...who }, { headers: { ...browser.headers, ...headers } });
  };
  problem(await asks({ anonymousId }), 403, "no-proof");
  problem(await asks({ anonymousId, deviceKey: thief.deviceKey }), 403, "no-proof");
  problem(await asks({ anonymousId, deviceKey: "" }), 403, "no-proof");
  problem(await asks({ anonymousId }, { cookie }), 403, "no-proof");
  problem(await asks({ visitor: `d:${anonymousId}` }), 400, "bad-request");
  problem(await asks({ userId: anonymousId }), 400, "bad-request");
  const own = await asks({ visitor: `d:${anonymousId}`, userId: anonymousId, ...thief });
  assert.deepEqual([own.status, own.json.seq, own.json.slots.hero.content], [200, 0, null]);
});

test("no claim gets another's cookie", async () => {
  const [victim, thief] = [device(), device()];
  const body = { writeKey: "wk_demo", consent: { personalization: true }, anonymousId: victim.anonymousId };
  const cookie = await cookieOf(victim);
  for (const [proof, headers] of [[{}], [{ deviceKey: thief.deviceKey }], [{ deviceKey: victim.anonymousId }], [{}, { cookie }]]) {
    const answer = await post("/v1/consent", { ...body, ...proof }, { headers });
    problem(answer, 403, "no-proof");
    assert.equal(answer.headers["set-cookie"], undefined);
  }
});

test("a claimed profile is one of its own, that a server can ask for", async () => {
  const anonymousId = randomUUID();
  await post("/v1/batch", { batch: [1, 2, 3].map(() => viewed(anonymousId)), context: GRANTED }, browser);
  const ask = async (who) => (await post("/v1/decide", who, server)).json.segments;
  assert.ok((await ask({ visitor: `c:${anonymousId}` })).includes("tent-shopper"));
  assert.deepEqual(await ask({ visitor: `d:${anonymousId}` }), await ask({ anonymousId: randomUUID() }));
});
