// What the operator sets: nothing that everybody knows works where others can reach it, and what
// cannot be read is named and not shown.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { admin, ALL, ask, basic, device, EDGE, headline, post, problem, viewed } from "./edge.mjs";
import { DEMO, givePack, serve, start } from "./workerd.mjs";

const AWAY = { host: "shop.example" };
const TOKEN = { authorization: "Bearer a token of our own" };
const OWN = {
  WRITE_KEYS: JSON.stringify([{ key: "wk_own", basis: "browser" }, { key: "sk_own", basis: "server" }]),
  COOKIE_KEYS: JSON.stringify([{ id: "second", secret: "the second secret" }, { id: "first", secret: "the first secret" }]),
  ADMIN_TOKEN_SHA256: createHash("sha256").update("a token of our own").digest("hex"),
  SITE: "shop",
  ALLOWED_ORIGINS: JSON.stringify(["https://shop.example"]),
  SHARD_OBJECTS: "1",
};

let origin;
const edges = [];
const edgeWith = async (vars) => {
  const edge = await start({ vars: { ORIGIN_URL: origin.url, ...vars } });
  edges.push(edge);
  return edge.url;
};
before(async () => {
  const page = `<div data-waymark-slot="hero"><h1>The author's</h1></div>`;
  origin = await serve((_, answer) => answer.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(page));
});
after(() => Promise.all([...edges, origin].map((one) => one?.stop())));

test("the demonstration's keys open nothing but this machine", async () => {
  const calls = (headers) => [
    admin("/packs", { headers }),
    post("/v1/batch", { batch: [] }, { headers: { ...basic("sk_demo"), ...headers } }),
    post("/v1/decide", { anonymousId: "x" }, { headers: { ...basic("sk_demo"), ...headers } }),
    post("/v1/consent", { writeKey: "wk_demo", ...device(), consent: ALL }, { headers }),
  ];
  for (const host of ["shop.example", "localhost.example", "127.0.0.1.example:8787", "10.0.0.1"]) {
    for (const answer of await Promise.all(calls({ host }))) problem(answer, 403, "demo-settings");
    assert.notEqual(headline(await ask("/?utm_source=newsletter", { headers: { host } })), "Spring on the ridge");
  }
  for (const host of [`localhost:${new URL(EDGE).port}`, "127.0.0.1", "[::1]:1", "shop.localhost"]) {
    for (const answer of await Promise.all(calls({ host }))) assert.ok(answer.status < 300, `${host}: ${answer.text}`);
  }
});

test("an operator's own settings work anywhere, and the demonstration's do not", async () => {
  const edge = await edgeWith(OWN);
  const at = { edge, headers: { ...AWAY, ...TOKEN } };
  problem(await admin("/packs", { edge }), 401, "bad-token");
  problem(await post("/v1/batch", { writeKey: "wk_demo", batch: [] }, { edge }), 401, "unknown-write-key");
  const body = (await admin(`/packs/${(await admin("/packs")).json.active}`)).body;
  const { hash } = (await admin("/packs", { method: "PUT", body, ...at })).json;
  assert.equal((await admin(`/packs/${hash}/activate`, { method: "POST", ...at })).status, 200);
  assert.equal((await admin("/stats", at)).json.shards, 1);

  const me = device();
  const batch = [1, 2, 3].map(() => viewed(me.anonymousId));
  const taken = await post("/v1/batch", { writeKey: "wk_own", ...me, batch }, { edge, headers: AWAY });
  assert.equal(taken.json.accepted, 3, taken.text);

  const given = await post("/v1/consent", { writeKey: "wk_own", ...me, consent: ALL }, { edge, headers: AWAY });
  const [cookie] = given.headers["set-cookie"];
  assert.match(cookie, /^wm_v=v1\.second\..*; HttpOnly; SameSite=Lax; Secure$/);
  const headers = { ...AWAY, cookie: cookie.split(";")[0] };
  assert.equal(headline(await ask("/", { edge, headers })), "Find the tent for your next night out");

  const [signing] = JSON.parse(OWN.COOKIE_KEYS);
  const keys = (...all) => ({ COOKIE_KEYS: JSON.stringify(all) });
  for (const [changes, known] of [
    [keys({ id: "third", secret: "the third secret" }, signing), true],
    [keys({ ...signing, secret: "somebody else's" }), false],
    [keys({ ...signing, id: "third" }), false],
    [{ SITE: "another" }, false],
  ]) {
    const other = await edgeWith({ ...OWN, ...changes, ADMIN_TOKEN_SHA256: DEMO.ADMIN_TOKEN_SHA256 });
    await givePack(other);
    const { text } = await ask("/", { edge: other, headers: { cookie: headers.cookie } });
    assert.equal(text.includes("waymark-decision"), known, JSON.stringify(changes));
  }
});

test("only the origins that are allowed may read answers with credentials", async () => {
  const edge = await edgeWith(OWN);
  for (const [origin, echoed] of [
    ["https://shop.example", "https://shop.example"],
    ["https://other.example", undefined],
    ["null", undefined],
  ]) {
    for (const method of ["OPTIONS", "POST"]) {
      const { headers } = await ask("/v1/decide", { edge, method, headers: { origin } });
      assert.equal(headers["access-control-allow-origin"], echoed);
      assert.equal(headers["access-control-allow-credentials"], echoed && "true");
      assert.match(headers.vary, /\bOrigin\b/);
    }
  }
});

test("without a token's hash administration is off, without cookie keys no cookie is given", async () => {
  const edge = await edgeWith({ ...OWN, ADMIN_TOKEN_SHA256: "", COOKIE_KEYS: "" });
  for (const headers of [TOKEN, { authorization: "Bearer demo-admin" }, { authorization: "Bearer " }]) {
    problem(await admin("/packs", { edge, headers }), 403, "admin-off");
  }
  const refused = await post("/v1/consent", { writeKey: "wk_own", ...device(), consent: ALL }, { edge });
  assert.match(problem(refused, 500, "bad-configuration").detail, /COOKIE_KEYS/);
  assert.equal(headline(await ask("/", { edge })), "The author's");
});

test("a setting that cannot be read is named and not shown, and pages stay", async () => {
  const edge = await edgeWith({ ...OWN, WRITE_KEYS: "a secret that is not JSON" });
  for (const path of ["/healthz", "/v1/pack", "/admin/v1/packs"]) {
    const refused = problem(await ask(path, { edge }), 500, "bad-configuration");
    assert.match(refused.detail, /WRITE_KEYS/);
    assert.doesNotMatch(refused.detail, /secret that/);
  }
  assert.equal(headline(await ask("/?utm_source=newsletter", { edge })), "The author's");
});

test("each operator's token does what its role may, and nothing beyond it", async () => {
  const sha256 = (token) => createHash("sha256").update(token).digest("hex");
  const roles = ["owner", "publisher", "viewer"];
  const tokens = roles.map((role) => ({ name: `the ${role}`, sha256: sha256(`token of the ${role}`), role }));
  const edge = await edgeWith({ ...OWN, ADMIN_TOKENS: JSON.stringify(tokens) });
  const may = (role, path, options) => admin(path, { edge, ...options, headers: { ...AWAY, authorization: `Bearer token of the ${role}` } });
  const body = `{"pack": "of-the-publisher"}`;
  const erase = (role) => may(role, "/erase", { method: "POST", body: JSON.stringify({ visitor: "u:ann" }) });
  for (const role of roles) {
    assert.equal((await may(role, "/stats")).status, 200, role);
    assert.equal((await may(role, "/packs")).status, 200, role);
  }
  problem(await may("viewer", "/packs", { method: "PUT", body }), 403, "role-needed");
  const put = await may("publisher", "/packs", { method: "PUT", body });
  assert.equal(put.status, 201, put.text);
  problem(await may("viewer", `/packs/${put.json.hash}/activate`, { method: "POST" }), 403, "role-needed");
  for (const path of ["/packs/rollback", "/packs/deactivate", "/previews", "/evaluate"]) problem(await may("viewer", path, { method: "POST", body: "{}" }), 403, "role-needed");
  problem(await may("viewer", `/packs/${put.json.hash}`), 403, "role-needed");
  const activated = await may("publisher", `/packs/${put.json.hash}/activate`, { method: "POST" });
  assert.deepEqual([activated.status, activated.json.hash], [200, put.json.hash], activated.text);
  assert.match(activated.json.by, /^the publisher, token [0-9a-f]{8}$/);
  for (const role of ["viewer", "publisher"]) {
    problem(await erase(role), 403, "role-needed");
    for (const path of ["/events?visitor=u:ann", "/export", "/audit", "/events/stream", "/dead-letters"]) problem(await may(role, path), 403, "role-needed");
  }
  assert.ok((await erase("owner")).status < 300);
  assert.deepEqual((await may("owner", "/audit")).json.deeds.map(({ what }) => what), ["person-erase", "pack-activate", "pack-put"]);
  problem(await may("nobody", "/stats"), 401, "bad-token");
});

test("a write key for the pages of some origins is nobody else's", async () => {
  const own = "https://shop.example";
  const keys = [{ key: "wk_own", basis: "browser", origins: [own] }, { key: "sk_own", basis: "server" }];
  const edge = await edgeWith({ ...OWN, WRITE_KEYS: JSON.stringify(keys) });
  const me = device();
  const calls = (headers) => [
    ["/v1/batch", { batch: [viewed(me.anonymousId)] }],
    ["/v1/track", viewed(me.anonymousId)],
    ["/v1/consent", { anonymousId: me.anonymousId, consent: ALL }],
  ].map(([path, body]) => post(path, { writeKey: "wk_own", deviceKey: me.deviceKey, ...body }, { edge, headers: { ...AWAY, ...headers } }));
  for (const origin of ["https://evil.example", "http://shop.example", "https://shop.example:8443", "https://shop.example.evil.example", "null"]) {
    for (const answer of await Promise.all(calls({ origin }))) problem(answer, 403, "origin-not-allowed");
  }
  for (const answer of await Promise.all(calls({ origin: own }))) assert.ok(answer.status < 300, answer.text);
  const token = { headers: { ...AWAY, ...TOKEN }, edge };
  const kept = (await admin(`/events?visitor=${me.anonymousId}`, token)).text.split("\n").filter((line) => line.includes("Product Viewed"));
  assert.equal(kept.length, 2);
});
