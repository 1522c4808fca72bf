// A decision as data: for whoever may ask, from what they may have remembered.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import {
  accepted, admin, ALL, browser, cookieOf, device, looksAtTents, operator, post, problem, server, viewed,
} from "./edge.mjs";

const NEWSLETTER = { context: { campaign: { source: "newsletter" } } };
const decide = (body, options = browser) => post("/v1/decide", body, options);
const decided = async (body, options) => {
  const answer = await decide(body, options);
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
};

/** A visitor of the server's who looked at three tents. */
async function tentShopper(who = { anonymousId: randomUUID() }) {
  const batch = [1, 2, 3].map(() => viewed(undefined, who));
  assert.deepEqual(accepted(await post("/v1/batch", { batch }, server)), [3, 0, []]);
  return who;
}

test("a server key is answered for whom it names, with content and reasons", async () => {
  const who = await tentShopper();
  const answer = await decide(who, server);
  assert.equal(answer.headers["cache-control"], "no-store");
  const { pack, seq, now, validUntil, segments, stage, slots, ...rest } = answer.json;
  assert.deepEqual(rest, {});
  assert.equal(pack, (await admin("/packs")).json.active);
  assert.equal(seq, 3);
  assert.ok(Math.abs(Date.parse(now) - Date.now()) < 10_000 && Date.parse(validUntil) > Date.parse(now), validUntil);
  assert.deepEqual([segments, stage], [["newcomer", "tent-shopper"], "consideration"]);
  assert.deepEqual(Object.keys(slots).sort(), ["cart-note", "cross", "hero", "shipping"]);
  const { html, ...hero } = slots.hero;
  assert.deepEqual(hero, { content: "hero-tents", rule: "tent-shoppers", reason: "rule" });
  assert.match(html, /You looked at Alcove 2\./);
  assert.deepEqual(slots.cross, { content: null, rule: null, reason: "no-match" });
});

test("a server key may name a user, and finds a device's profile where it has none itself", async () => {
  const user = await tentShopper({ userId: randomUUID() });
  const mine = device();
  await looksAtTents(mine);
  for (const who of [user, { anonymousId: mine.anonymousId }]) {
    assert.equal((await decided(who, server)).slots.hero.content, "hero-tents");
  }
  assert.equal((await decided({ anonymousId: randomUUID() }, server)).slots.hero.content, null);
});

test("a browser is answered for itself, by its device key or its cookie", async () => {
  const mine = device();
  await looksAtTents(mine);
  const byKey = await decided({ ...mine, consent: ALL });
  assert.equal(byKey.slots.hero.content, "hero-tents");
  const withCookie = { headers: { ...browser.headers, cookie: await cookieOf(mine) } };
  for (const body of [{}, { anonymousId: mine.anonymousId }]) {
    const byCookie = await decided(body, withCookie);
    assert.deepEqual([byCookie.seq, byCookie.slots], [byKey.seq, byKey.slots]);
  }
  assert.equal((await decided({ writeKey: "wk_demo", ...mine, consent: ALL }, {})).slots.hero.content, "hero-tents");
});

test("without consent only rules that read nothing kept decide", async () => {
  const mine = device();
  await looksAtTents(mine);
  for (const refusal of [{}, { consent: {} }, { consent: { ...ALL, personalization: false } }, { consent: { personalization: "true" } }]) {
    const { seq, segments, stage, slots } = await decided({ ...mine, ...refusal, ...NEWSLETTER });
    assert.deepEqual([seq, segments, stage, slots.hero.content], [0, [], null, "hero-spring"], JSON.stringify(refusal));
  }
  const cookie = await cookieOf(mine);
  const objects = { headers: { ...browser.headers, cookie, "sec-gpc": "1" } };
  assert.equal((await decided({ ...mine, consent: ALL, ...NEWSLETTER }, objects)).slots.hero.content, "hero-spring");
  const taken = { headers: { ...browser.headers, cookie } };
  assert.equal((await decided({ consent: { personalization: false }, ...NEWSLETTER }, taken)).slots.hero.content, "hero-spring");
  assert.equal((await decided({ ...mine, consent: { personalization: true }, ...NEWSLETTER })).slots.hero.content, "hero-tents");
});

test("a server key's word on consent counts, and silence is consent", async () => {
  const who = await tentShopper();
  assert.equal((await decided({ ...who, consent: { personalization: false } }, server)).slots.hero.content, null);
  assert.equal((await decided({ ...who, consent: { categoryPreferences: ALL } }, server)).slots.hero.content, "hero-tents");
});

test("a cookie that cannot be trusted is said to be so, unless the device proves itself", async () => {
  const mine = device();
  const headers = { ...browser.headers, cookie: "wm_v=v1.demo.AAAA.AAAA" };
  const refused = problem(await decide({ anonymousId: mine.anonymousId }, { headers }), 400, "bad-cookie");
  assert.match(refused.detail, /\/v1\/consent/);
  problem(await decide({}, { headers }), 400, "bad-cookie");
  await decided({ ...mine, consent: ALL }, { headers });
});

test("only the asked slots are answered", async () => {
  const who = { anonymousId: randomUUID() };
  assert.deepEqual(Object.keys((await decided({ ...who, slots: ["hero", "unknown"] }, server)).slots), ["hero"]);
  assert.equal(Object.keys((await decided({ ...who, slots: [] }, server)).slots).length, 4);
  for (const slots of ["hero", [1], {}]) {
    assert.equal(problem(await decide({ ...who, slots }, server), 400, "bad-request").pointer, "/slots");
  }
});

test("the operator's token gives the reasons, and nothing else does", async () => {
  const who = await tentShopper();
  const explained = await post("/v1/decide?explain=true", who, operator);
  assert.equal(explained.status, 200, explained.text);
  const { explanation, slots } = explained.json;
  const { rules } = explanation;
  assert.equal(slots.hero.content, "hero-tents");
  assert.deepEqual(rules.map(({ slot, rule, outcome }) => [slot, rule, outcome]).sort(), [
    ["cart-note", "newcomers", "won"],
    ["cross", "cart-left", "failed"],
    ["hero", "customers", "failed"],
    ["hero", "from-newsletter", "outranked"],
    ["hero", "tent-shoppers", "won"],
    ["shipping", "big-spenders", "failed"],
  ]);
  const [{ segment, truth, because }] = rules.find(({ rule }) => rule === "big-spenders").because;
  assert.deepEqual([segment, truth], ["big-spender", "false"]);
  assert.deepEqual([because[0].feature.name, because[0].actual, because[0].is], ["spend-90d", 0, { op: "gte", value: 500 }]);

  problem(await post("/v1/decide?explain=true", who, server), 401, "bad-token");
  problem(await post("/v1/decide?explain=true", who, { headers: { authorization: "Bearer other" } }), 401, "bad-token");
  assert.equal((await decided(who, server)).explanation, undefined);
});

test("a body that nests too deeply is refused with the limit", async () => {
  const body = `{"anonymousId":"x","context":${'{"a":'.repeat(200)}1${"}".repeat(200)}}`;
  assert.match(problem(await post("/v1/decide", body, server), 400, "too-deep").detail, /127/);
  const context = { page: Array.from({ length: 30 }).reduce((inner) => ({ inner }), {}) };
  assert.match(problem(await decide({ anonymousId: "x", context }, server), 400, "too-deep").detail, /16/);
});

test("a server key may choose the time; a browser may not", async () => {
  const who = await tentShopper();
  const inNineDays = Date.now() + 9 * 86_400_000;
  for (const now of [inNineDays, new Date(inNineDays).toISOString()]) {
    const { segments, slots } = await decided({ ...who, now }, server);
    assert.deepEqual([segments, slots.hero.content], [["newcomer"], null]);
  }
  assert.equal(problem(await decide({ ...who, now: "soon" }, server), 400, "bad-request").pointer, "/now");
  assert.equal(problem(await decide({ ...device(), now: inNineDays }), 400, "bad-request").pointer, "/now");
});

test("content is in the asked language, and what a visitor sent stands in it as text", async () => {
  const anonymousId = randomUUID();
  const batch = [
    viewed(anonymousId, { event: "Order Completed", properties: { revenue: 10 } }),
    viewed(anonymousId, { type: "identify", traits: { firstName: `<img src=x onerror="alert(1)">` } }),
  ];
  assert.deepEqual(accepted(await post("/v1/batch", { batch }, server)), [2, 0, []]);
  const { html } = (await decided({ anonymousId }, server)).slots.hero;
  assert.match(html, /Welcome back, &lt;img src=x onerror=/);
  assert.doesNotMatch(html, /<img/);
  assert.match((await decided({ anonymousId, locale: "zh-CN" }, server)).slots.hero.html, /欢迎回来/);
});

test("nobody, no key, and what is no request are refused", async () => {
  problem(await decide({}), 400, "bad-request");
  problem(await decide({}, server), 400, "bad-request");
  problem(await decide({ anonymousId: "x" }, {}), 401, "missing-write-key");
  problem(await decide({ anonymousId: "x", writeKey: "other" }, {}), 401, "unknown-write-key");
  problem(await decide("{", server), 400, "bad-request");
  problem(await decide("[]", server), 400, "bad-request");
  problem(await decide("[".repeat(30_000), server), 400, "too-deep");
  assert.equal(problem(await decide({ anonymousId: "x", consent: "yes" }, server), 400, "bad-request").pointer, "/consent");
  assert.equal(problem(await decide({ anonymousId: "x", context: [] }, server), 400, "wrong-type").pointer, "/context");
});
