// OpenFeature's own providers, as they are published, evaluate slots and experiments by OFREP.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
import { OpenFeature as Server } from "@openfeature/server-sdk";
import { OpenFeature as Web } from "@openfeature/web-sdk";
import { activate, admin, ask, basic, cookieOf, device, EDGE, looksAtTents, post, server, viewed, withPack } from "./edge.mjs";

const pack = {
  pack: `flags-${randomUUID()}`,
  segments: { tents: { when: { $did: { event: "Product Viewed", where: { category: "tents" }, count: { $gte: 3 } } } } },
  experiments: {
    copy: {
      slot: "copy", variations: [{ id: "control", weight: 0 }, { id: "short", weight: 1, show: "short" }],
    },
  },
  slots: {
    hero: { default: "keep" }, limit: { default: "few" }, fast: { default: "keep" }, layout: { default: "plain" }, copy: { default: "keep" },
  },
  content: {
    tent: { slot: "hero", html: "<h1>Tents</h1>" },
    few: { slot: "limit", json: 3 }, many: { slot: "limit", json: 12 },
    on: { slot: "fast", json: true },
    plain: { slot: "layout", json: { columns: 1 } }, wide: { slot: "layout", json: { columns: 2 } },
    short: { slot: "copy", text: "Short" },
  },
  rules: [
    { id: "tents-hero", slot: "hero", when: { $segment: "tents" }, show: "tent" },
    { id: "tents-limit", slot: "limit", when: { $segment: "tents" }, show: "many" },
    { id: "tents-fast", slot: "fast", when: { $segment: "tents" }, show: "on" },
    { id: "wide", slot: "layout", when: { "page.path": "/wide" }, show: "wide" },
  ],
};
let active;
const user = `u-${randomUUID()}`;
before(async () => {
  ({ active } = (await admin("/packs")).json);
  const put = await admin("/packs", { method: "PUT", body: JSON.stringify(pack) });
  assert.equal(put.status, 201, put.text);
  await activate(put.json.hash);
  const batch = [1, 2, 3].map(() => viewed(undefined, { userId: user }));
  assert.equal((await post("/v1/batch", { batch }, server)).json.accepted, 3);
});
after(async () => {
  await Promise.all([Server.close(), Web.close()]);
  await activate(active);
});

const key = (name) => ({ "x-api-key": name });
const flags = (context, headers = key("sk_demo"), path = "") => post(`/ofrep/v1/evaluate/flags${path}`, { context }, { headers });

test("the server's provider evaluates flags of every type", async () => {
  await Server.setProviderAndWait(new OFREPProvider({ baseUrl: EDGE, headers: [["Authorization", "Bearer sk_demo"]] }));
  const client = Server.getClient();
  const me = { targetingKey: user };
  assert.equal(await client.getBooleanValue("fast", false, me), true);
  assert.equal(await client.getNumberValue("limit", 0, me), 12);
  assert.deepEqual(await client.getObjectValue("layout", {}, me), { columns: 1 });
  const hero = await client.getStringDetails("hero", "none", me);
  assert.deepEqual([hero.value, hero.variant, hero.reason, hero.flagMetadata.rule], ["tent", "tent", "TARGETING_MATCH", "tents-hero"]);
  const copy = await client.getStringDetails("copy", "none", me);
  assert.deepEqual([copy.value, copy.variant, copy.reason], ["short", "short", "SPLIT"]);
  // Somebody of whom nothing is known.
  const nobody = { targetingKey: randomUUID() };
  assert.equal(await client.getNumberValue("limit", 0, nobody), 3);
  assert.equal(await client.getBooleanValue("fast", false, nobody), false);
  assert.equal(await client.getStringValue("hero", "mine", nobody), "mine");
  const unknown = await client.getStringDetails("nothing", "mine", me);
  assert.deepEqual([unknown.value, unknown.errorCode], ["mine", "FLAG_NOT_FOUND"]);
  const missing = await client.getStringDetails("hero", "mine", {});
  assert.deepEqual([missing.value, missing.errorCode], ["mine", "TARGETING_KEY_MISSING"]);
});

test("the browser's provider evaluates all flags at once, for the visitor who has the cookie", async () => {
  const me = device();
  await looksAtTents(me);
  const cookie = await cookieOf(me);
  const asked = [];
  // As a browser would, which this runtime is not.
  const fetchImplementation = async (request, init) => {
    const sent = new Request(request, init);
    sent.headers.set("cookie", cookie);
    const answer = await fetch(sent);
    asked.push(answer.status);
    return answer;
  };
  const provider = new OFREPWebProvider({ baseUrl: EDGE, headers: [["X-API-Key", "wk_demo"]], fetchImplementation, pollInterval: 0 });
  await Web.setContext({ targetingKey: me.anonymousId });
  await Web.setProviderAndWait(provider);
  const client = Web.getClient();
  assert.equal(client.getBooleanValue("fast", false), true);
  assert.equal(client.getNumberValue("limit", 0), 12);
  assert.deepEqual(client.getObjectValue("layout", {}), { columns: 1 });
  assert.equal(client.getStringValue("hero", "none"), "tent");
  assert.ok(asked.length > 0 && asked.every((status) => status === 200), String(asked));
});

test("flags that are the same are not sent again", async () => {
  const first = await flags({ targetingKey: user });
  assert.equal(first.status, 200, first.text);
  const { etag } = first.headers;
  const again = await flags({ targetingKey: user }, { ...key("sk_demo"), "if-none-match": etag });
  assert.deepEqual([again.status, again.body.length, again.headers.etag], [304, 0, etag]);
  const other = await flags({ targetingKey: randomUUID() }, { ...key("sk_demo"), "if-none-match": etag });
  assert.equal(other.status, 200);
  // What is asked about counts, and by which pack.
  const known = { ...key("sk_demo"), "if-none-match": etag };
  const asked = async (context) => (await flags({ targetingKey: user, ...context }, known)).status;
  assert.deepEqual([await asked({ page: { path: "/" } }), await asked({ page: { path: "/wide" } })], [304, 200]);
  await withPack({ ...pack, content: { ...pack.content, many: { slot: "limit", json: 13 } } }, async () => {
    assert.equal(await asked({}), 200);
  });
  assert.equal(await asked({}), 304);
  const ids = first.json.flags.map(({ key: id }) => id);
  assert.deepEqual(ids.sort(), ["copy", "fast", "hero", "layout", "limit"]);
});

test("a public key sees its own visitor's flags and nobody else's", async () => {
  const me = device();
  await looksAtTents(me);
  const own = await flags({ targetingKey: me.anonymousId, deviceKey: me.deviceKey, consent: { personalization: true } }, key("wk_demo"), "/limit");
  assert.deepEqual([own.status, own.json.value], [200, 12], own.text);
  assert.equal((await flags({ targetingKey: me.anonymousId }, key("wk_demo"))).status, 403);
  assert.equal((await flags({ targetingKey: user }, key("wk_demo"))).status, 403);
  assert.equal((await flags({ targetingKey: user }, key("unknown"))).status, 401);
  assert.equal((await flags({ targetingKey: user }, {})).status, 401);
  assert.equal((await flags({ targetingKey: user }, basic("sk_demo"))).status, 200);
});

test("what cannot be answered is said in OpenFeature's words", async () => {
  const said = async (body, path = "") => {
    const answer = await post(`/ofrep/v1/evaluate/flags${path}`, body, { headers: key("sk_demo") });
    return [answer.status, answer.json.errorCode, answer.json.key];
  };
  assert.deepEqual(await said({ context: {} }), [400, "TARGETING_KEY_MISSING", undefined]);
  assert.deepEqual(await said({ context: 3 }, "/hero"), [400, "INVALID_CONTEXT", "hero"]);
  assert.deepEqual(await said("{", "/hero"), [400, "PARSE_ERROR", "hero"]);
  assert.deepEqual(await said({ context: { targetingKey: user } }, "/none"), [404, "FLAG_NOT_FOUND", "none"]);
  const preflight = await ask("/ofrep/v1/evaluate/flags", { method: "OPTIONS", headers: { origin: "https://shop.example" } });
  assert.match(preflight.headers["access-control-allow-headers"], /X-API-Key, If-None-Match/);
  assert.equal((await flags({ targetingKey: user }, { ...key("sk_demo"), origin: "https://shop.example" })).headers["access-control-expose-headers"], "ETag, Retry-After");
});
