// What a public key says is a claim: it reaches no profile that a device proved or a server named.
import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { test } from "node:test";
import {
  accepted, admin, ALL, ask, browser, cookieOf, device, GRANTED, looksAtTents, operator, post, problem, server, stored, summed, viewed,
} from "./edge.mjs";
import { givePack, start } from "./workerd.mjs";

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
  assert.equal((await stored(`a:${mine.anonymousId}`)).length, 4);
  assert.equal((await stored(`c:${mine.anonymousId}`)).length, 0);
  assert.equal((await shownTo(mine)).slots.hero.content, "hero-tents");
});

test("a proof covers the device's own id in a batch and no other", async () => {
  const [mine, other] = [device(), device()];
  const batch = [viewed(mine.anonymousId), viewed(other.anonymousId)];
  assert.deepEqual(accepted(await post("/v1/batch", { deviceKey: mine.deviceKey, batch }, browser)), [2, 0, []]);
  assert.equal((await stored(`a:${mine.anonymousId}`)).length, 1);
  assert.equal((await stored(`a:${other.anonymousId}`)).length, 0);
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
    [{ batch: [viewed(`a:${id}`)] }],
    [{ batch: [viewed(undefined, { userId: `a:${id}` })] }],
  ];
  for (const [body, headers] of attempts) {
    assert.deepEqual(accepted(await post("/v1/batch", body, { headers: { ...browser.headers, ...headers } })), [1, 0, []]);
  }
  assert.deepEqual(await shownTo(victim), before);
  assert.equal((await stored(`a:${id}`)).length, 3);
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
  problem(await asks({ visitor: `a:${anonymousId}` }), 400, "bad-request");
  problem(await asks({ userId: anonymousId }), 400, "bad-request");
  const own = await asks({ visitor: `a:${anonymousId}`, userId: anonymousId, ...thief });
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
  assert.deepEqual(await ask({ visitor: `a:${anonymousId}` }), await ask({ anonymousId: randomUUID() }));
});

test("a token that the site's server signed makes a device the user's, and no other token does", async () => {
  const secret = "the site's secret, which no page has";
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const keys = [
    { id: "old", alg: "HS256", secret },
    { id: "new", alg: "EdDSA", publicKey: publicKey.export({ format: "jwk" }).x },
  ];
  const edge = await start({ vars: { USER_TOKEN_KEYS: JSON.stringify(keys) } });
  const { url } = edge;
  await givePack(url);
  const base64 = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = (header, claims, seal) => {
    const text = `${base64(header)}.${base64({ exp: Math.floor(Date.now() / 1_000) + 600, ...claims })}`;
    return `${text}.${seal(Buffer.from(text)).toString("base64url")}`;
  };
  const hs256 = (text) => createHmac("sha256", secret).update(text).digest();
  const eddsa = (text) => sign(null, text, privateKey);
  const userId = randomUUID();
  const seq = async () => (await post("/v1/decide", { userId }, { ...server, edge: url })).json.seq;
  const say = async (device, userToken) => {
    const event = viewed(device.anonymousId, { userId, context: { ...GRANTED, userToken } });
    const answer = await post("/v1/batch", { writeKey: "wk_demo", deviceKey: device.deviceKey, batch: [event] }, { edge: url });
    assert.equal(answer.json.accepted, 1, answer.text);
    return answer.json.doubts?.map(({ code }) => code);
  };
  const [phone, laptop, thief] = [device(), device(), device()];
  await looksAtTents(phone, url);
  for (const forged of [
    token({ alg: "HS256" }, { sub: userId }, (text) => createHmac("sha256", "guess").update(text).digest()),
    token({ alg: "none" }, { sub: userId }, () => Buffer.alloc(0)),
    token({ alg: "HS256" }, { sub: userId, exp: 1 }, hs256),
    // What everybody may know is no secret to sign with.
    token({ alg: "HS256", kid: "new" }, { sub: userId }, (text) => createHmac("sha256", keys[1].publicKey).update(text).digest()),
    "no token",
  ]) assert.deepEqual(await say(thief, forged), ["untrusted-user"], forged);
  // Another user's own token does not make them this one.
  assert.deepEqual(await say(thief, token({ alg: "HS256" }, { sub: "thief" }, hs256)), undefined);
  assert.equal(await seq(), 0);
  assert.equal(await say(phone, token({ alg: "HS256" }, { sub: userId }, hs256)), undefined);
  assert.equal(await seq(), 4);
  assert.equal(await say(laptop, token({ alg: "EdDSA", kid: "new" }, { sub: userId }, eddsa)), undefined);
  assert.equal(await seq(), 5);
  // What one device did reaches the other.
  const asks = { writeKey: "wk_demo", ...laptop, consent: ALL };
  const { json } = await post("/v1/decide", asks, { edge: url });
  assert.ok(json.segments.includes("tent-shopper"), JSON.stringify(json.segments));
  const userToken = token({ alg: "EdDSA" }, { sub: userId }, eddsa);
  assert.equal((await post("/v1/decide", { writeKey: "wk_demo", userToken, consent: ALL }, { edge: url })).json.seq, 5);
  problem(await post("/v1/decide", { writeKey: "wk_demo", userToken: "no token", consent: ALL }, { edge: url }), 403, "no-proof");
  const whole = (await admin(`/profile?visitor=${laptop.anonymousId}`, { edge: url })).json;
  assert.deepEqual(whole.ids, [`u:${userId}`, ...[`a:${phone.anonymousId}`, `a:${laptop.anonymousId}`].sort()]);
  assert.deepEqual([whole.events, whole.timeline.length], [5, 5]);
  // Forgotten by one id, they are forgotten under all.
  const erased = await admin("/erase", { method: "POST", body: JSON.stringify({ visitor: laptop.anonymousId }), edge: url });
  assert.equal(erased.json.events, 5, erased.text);
  assert.equal(await seq(), 0);
  assert.equal((await stored(`a:${phone.anonymousId}`, url)).length, 0);
  await edge.stop();
});

test("metrics are for whoever has the token, and tell of every shard", async () => {
  problem(await ask("/metrics"), 401, "bad-token");
  const { status, headers, text } = await ask("/metrics", operator);
  assert.equal(status, 200, text);
  assert.match(headers["content-type"], /^text\/plain; version=0\.0\.4/);
  const lines = text.trim().split("\n");
  for (const line of lines) assert.match(line, /^(# (HELP|TYPE) waymark_\w+ .+|waymark_\w+\{shard="\d+"\} [\d.]+|waymark_catalog_\w+ [\d.]+|waymark_\w+_total\{\w+="[\w-]+"\} \d+)$/);
  assert.equal(lines.filter((line) => /^waymark_shard_up\{shard="\d+"\} 1$/.test(line)).length, 16);
  assert.ok(await summed("waymark_events_total") > 0);
});

test("events that come too late to be put in order are counted", async () => {
  const late = () => summed("waymark_late_total");
  const send = async (batch) => accepted(await post("/v1/batch", { batch }, server));
  const before = await late();
  const anonymousId = randomUUID();
  const seen = (minutes) => ({
    type: "track", event: "Seen", anonymousId, messageId: randomUUID(),
    timestamp: new Date(Date.now() - minutes * 60_000).toISOString(),
  });
  await send(Array.from({ length: 40 }, (_, minutes) => seen(minutes)));
  await send([seen(20.5)]);
  assert.equal(await late(), before);
  const old = seen(600);
  const again = await summed("waymark_duplicates_total");
  assert.deepEqual(await send([old]), [1, 0, []]);
  assert.deepEqual(await send([old]), [0, 1, []]);
  assert.deepEqual([await late(), await summed("waymark_duplicates_total")], [before + 1, again + 1]);
  // All that is settled waits for nobody, and has its size.
  assert.equal(await summed("waymark_outbox_age_seconds"), 0);
  assert.ok(await summed("waymark_shard_bytes") > 16 * 4_096);
});
