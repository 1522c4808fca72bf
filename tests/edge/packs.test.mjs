// Packs are put by whoever has the token, become active at once, and can be taken back.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { accepted, activate, admin, ask, browser, cookieOf, device, post, problem, server, stored, viewed } from "./edge.mjs";

let active;
before(async () => {
  ({ active } = (await admin("/packs")).json);
  assert.ok(active, "the demo's pack is active");
});
beforeEach(() => activate(active));
after(() => activate(active));

const NAME = `edge-test-${randomUUID()}`;
const greeting = (text, pack = NAME) => JSON.stringify({
  pack,
  slots: { hero: { default: "keep" } },
  content: { greeting: { slot: "hero", text } },
  rules: [{ id: "everybody", slot: "hero", when: {}, show: "greeting" }],
});
const put = async (body, options) => admin("/packs", { method: "PUT", body, ...options });
const hashOf = async (body) => {
  const answer = await put(body);
  assert.equal(answer.status, 201, answer.text);
  return answer.json.hash;
};
const hero = async () => (await post("/v1/decide", { anonymousId: "x" }, server)).json.slots.hero.text;

test("a pack is put under its hash, once, and is not active yet", async () => {
  const first = await put(greeting("one"));
  assert.deepEqual([first.status, first.json.created, first.json.warnings], [201, true, []]);
  assert.match(first.json.hash, /^[0-9a-f]{32}$/);
  assert.ok(first.json.cost.stateBytes >= 0 && first.json.cost.pageBytes > 0, first.text);
  const again = await put(greeting("one"));
  assert.deepEqual([again.status, again.json.created, again.json.hash], [201, false, first.json.hash]);
  assert.notEqual(await hashOf(greeting("two")), first.json.hash);
  const packed = await put(gzipSync(greeting("one")), { headers: { "content-encoding": "gzip" } });
  assert.equal(packed.json.hash, first.json.hash);

  const { packs, active: now } = (await admin("/packs")).json;
  assert.equal(now, active);
  const listed = packs.filter(({ hash }) => hash === first.json.hash);
  assert.deepEqual(listed.map(({ name, active }) => [name, active]), [[NAME, false]]);
  assert.ok(Math.abs(Date.parse(listed[0].created) - Date.now()) < 60_000);
  assert.deepEqual(packs.filter(({ active }) => active).map(({ hash }) => hash), [active]);
});

test("a pack's source comes back as it was put", async () => {
  const source = `// for people\n${greeting("with a comment")}\n`;
  const answer = await admin(`/packs/${await hashOf(source)}`);
  assert.deepEqual([answer.status, answer.headers["content-type"], answer.text], [200, "text/plain; charset=utf-8", source]);
  problem(await admin(`/packs/${"0".repeat(32)}`), 404, "unknown-pack");
  problem(await admin("/packs/nonsense"), 404, "unknown-pack");
});

test("a broken pack is refused with each fault, its place and its remedy, and nothing changes", async () => {
  const before = (await admin("/packs")).text;
  const broken = `{\n  "pack": "broken",\n  "rules": [{ "id": "r", "slot": "nowhere", "when": {}, "show": "nothing" }],\n}`;
  const { diagnostics } = problem(await put(broken), 422, "broken-pack");
  for (const found of diagnostics) {
    assert.deepEqual(["code", "pointer", "line", "column", "message"].filter((member) => !(member in found)), []);
  }
  const errors = diagnostics.filter(({ severity }) => severity === "error");
  assert.ok(errors.some(({ pointer, line, column }) => pointer === "/rules/0/slot" && line === 3 && column > 1), JSON.stringify(errors));
  assert.ok(errors.some(({ pointer }) => pointer === "/rules/0/show"), JSON.stringify(errors));
  for (const body of ["", "{", "[]", `{"pack":${"[".repeat(500_000)}`]) problem(await put(body), 422, "broken-pack");
  problem(await put(Buffer.from([0xff, 0xfe])), 400, "bad-request");
  const bomb = gzipSync(Buffer.alloc(50_000_000, " "));
  const refused = problem(await put(bomb, { headers: { "content-encoding": "gzip" } }), 413, "body-too-large");
  assert.match(refused.detail, /\b2097152\b/);
  assert.equal((await admin("/packs")).text, before);
});

test("a pack decides as soon as it is active, and a roll-back is as quick", async () => {
  const [one, two] = [await hashOf(greeting("one")), await hashOf(greeting("two"))];
  const first = await activate(one);
  assert.deepEqual([first.hash, first.restores], [one, null]);
  assert.match(first.by, /^token [0-9a-f]{8}$/);
  assert.equal(await hero(), "one");
  const second = await activate(two);
  assert.deepEqual([second.activation, await hero()], [first.activation + 1, "two"]);
  assert.equal((await activate(two)).activation, second.activation);

  const back = async () => admin("/packs/rollback", { method: "POST" });
  const third = (await back()).json;
  assert.deepEqual([third.activation, third.hash, third.restores], [second.activation + 1, one, first.activation]);
  assert.equal(await hero(), "one");
  assert.equal((await back()).json.hash, active);
  const { activations } = (await admin("/packs")).json;
  assert.deepEqual(activations.slice(0, 4).map(({ hash }) => hash), [active, one, two, one]);
  problem(await admin(`/packs/${"0".repeat(32)}/activate`, { method: "POST" }), 404, "unknown-pack");
});

test("without an active pack pages are the author's, nothing is decided, and events still count", async () => {
  const shown = "/?utm_source=newsletter";
  assert.match((await ask(shown)).text, /Spring on the ridge/);
  assert.equal((await activate(null)).hash, null);
  assert.doesNotMatch((await ask(shown)).text, /Spring on the ridge|waymark-decision/);
  problem(await ask("/v1/pack"), 404, "no-active-pack");
  problem(await post("/v1/decide", { anonymousId: "x" }, server), 404, "no-active-pack");
  assert.equal((await admin("/packs")).json.active, null);
  const anonymousId = randomUUID();
  const batch = [1, 2, 3].map(() => viewed(anonymousId));
  assert.deepEqual(accepted(await post("/v1/batch", { batch }, browser)), [3, 0, []]);
  assert.equal((await stored(anonymousId)).length, 3);
  await activate(active);
  const { segments } = (await post("/v1/decide", { visitor: `c:${anonymousId}` }, server)).json;
  assert.deepEqual(segments, ["newcomer", "tent-shopper"]);
});

test("a visitor's counts outlive a pack that does not ask for them", async () => {
  const anonymousId = randomUUID();
  const look = async () => accepted(await post("/v1/batch", { batch: [viewed(undefined, { anonymousId })] }, server));
  await look();
  await look();
  await activate(await hashOf(greeting("between")));
  await look();
  await activate(active);
  const { segments } = (await post("/v1/decide", { anonymousId }, server)).json;
  assert.ok(segments.includes("tent-shopper"), segments);
});

test("only the operator's token opens administration", async () => {
  const asked = [
    ["GET", "/packs"], ["PUT", "/packs"], ["GET", `/packs/${active}`], ["POST", `/packs/${active}/activate`],
    ["POST", "/packs/deactivate"], ["POST", "/packs/rollback"], ["GET", "/stats"], ["GET", "/events?visitor=x"],
    ["GET", "/export"], ["POST", "/evaluate"],
  ];
  const before = (await admin("/packs")).text;
  for (const [method, path] of asked) {
    for (const authorization of [undefined, "Bearer", "Bearer ", "Bearer demo", "Bearer demo-admin2", "Basic ZGVtby1hZG1pbjo="]) {
      const headers = authorization === undefined ? {} : { authorization };
      problem(await ask(`/admin/v1${path}`, { method, headers, body: method === "GET" ? undefined : "{}" }), 401, "bad-token");
    }
  }
  assert.equal((await admin("/packs")).text, before);
});

// What pages download ---------------------------------------------------------------------------

test("the page's Program is served for a minute, and by its hash for ever", async () => {
  for (const [path, cache] of [
    ["/v1/pack", "public, max-age=60"],
    [`/v1/pack/${active}`, "public, max-age=31536000, immutable"],
  ]) {
    const plain = await ask(path);
    assert.deepEqual([plain.status, plain.headers["content-type"]], [200, "application/octet-stream"]);
    assert.equal(plain.headers["content-encoding"], undefined);
    assert.equal(plain.headers["cache-control"], cache);
    assert.equal(plain.headers.etag, `"${active}"`);
    assert.equal(plain.headers["access-control-allow-origin"], "*");
    assert.equal(plain.headers.vary, "Accept-Encoding");

    const packed = await ask(path, { headers: { "accept-encoding": "br, gzip;q=0.5" } });
    assert.equal(packed.headers["content-encoding"], "gzip");
    assert.ok(packed.body.length < plain.body.length);
    assert.deepEqual(gunzipSync(packed.body), plain.body);
    for (const refusal of ["identity", "br", "gzip;q=0"]) {
      const answer = await ask(path, { headers: { "accept-encoding": refusal } });
      assert.deepEqual([answer.headers["content-encoding"], answer.body.equals(plain.body)], [undefined, true], refusal);
    }
    const head = await ask(path, { method: "HEAD" });
    assert.deepEqual([head.status, head.body.length, head.headers.etag], [200, 0, `"${active}"`]);
  }
});

test("who has the page's Program is told so", async () => {
  for (const path of ["/v1/pack", `/v1/pack/${active}`]) {
    for (const tags of [`"${active}"`, `W/"${active}"`, `"other", "${active}"`]) {
      const answer = await ask(path, { headers: { "if-none-match": tags } });
      assert.deepEqual([answer.status, answer.body.length, answer.headers.etag], [304, 0, `"${active}"`]);
      assert.ok(answer.headers["cache-control"]);
    }
    assert.equal((await ask(path, { headers: { "if-none-match": `"other"` } })).status, 200);
  }
});

test("a Program that was active before is still served by its hash, an unknown one is not", async () => {
  const other = await hashOf(greeting("by hash"));
  assert.equal((await ask(`/v1/pack/${other}`)).headers.etag, `"${other}"`);
  assert.equal((await ask("/v1/pack")).headers.etag, `"${active}"`);
  for (const hash of ["0".repeat(32), "nonsense", active.slice(1), `${active}0`]) {
    const answer = await ask(`/v1/pack/${hash}`, { headers: { "if-none-match": `"${hash}"` } });
    problem(answer, 404, "unknown-pack");
    assert.equal(answer.headers["cache-control"], "no-store");
  }
});

test("what operators have had done is on record, and how often somebody looked is not", async () => {
  const hash = await hashOf(greeting("on record"));
  await activate(hash);
  const { json } = await admin("/audit");
  const [activated, put] = json.deeds;
  assert.deepEqual([activated.what, activated.of, put.what], ["pack-activate", hash, "pack-put"]);
  assert.match(activated.by, /^token [0-9a-f]{8}$/);
  assert.ok(Math.abs(Date.parse(activated.at) - Date.now()) < 60_000);
  const again = (await admin(`/audit?before=${activated.number}`)).json;
  assert.equal(again.deeds[0].number, put.number);
});

test("a pack for half of the visitors is each page's for the same ones, and the others keep the old one", async () => {
  const [old, half] = [await hashOf(greeting("old")), await hashOf(greeting("half"))];
  await activate(old);
  const given = await admin(`/packs/${half}/activate`, { method: "POST", body: JSON.stringify({ percent: 50 }) });
  assert.deepEqual([given.status, given.json.hash, given.json.percent], [200, half, 50], given.text);
  const seen = async (headers) => {
    const { text } = await ask("/", { headers });
    const { pack, slots } = JSON.parse(/id="waymark-decision">(.*?)<\/script>/s.exec(text)[1]);
    const [, shown] = /data-waymark-slot="hero" data-waymark-content="greeting">(\w+)</.exec(text);
    assert.equal(shown, { [old]: "old", [half]: "half" }[pack], "what is shown is of the pack that is named");
    assert.equal(slots.hero.rule, "everybody");
    return pack;
  };
  const visitors = await Promise.all(Array.from({ length: 40 }, async () => ({ cookie: await cookieOf(device()) })));
  const first = await Promise.all(visitors.map(seen));
  const count = (pack) => first.filter((one) => one === pack).length;
  assert.equal(count(old) + count(half), 40);
  // One run of five million has fewer than five of either.
  assert.ok(count(old) >= 5 && count(half) >= 5, `${count(old)} and ${count(half)}`);
  for (let time = 0; time < 3; time += 1) assert.deepEqual(await Promise.all(visitors.map(seen)), first);
  assert.equal(await seen({}), old, "who is nobody has what all had");
  // Who has the pack of a tenth is among those of a half.
  await admin(`/packs/${half}/activate`, { method: "POST", body: JSON.stringify({ percent: 10 }) });
  for (const [at, pack] of (await Promise.all(visitors.map(seen))).entries()) assert.ok(pack === old || first[at] === half);
  await admin("/packs/rollback", { method: "POST" });
  assert.deepEqual(new Set(await Promise.all(visitors.map(seen))), new Set([old]));
});
