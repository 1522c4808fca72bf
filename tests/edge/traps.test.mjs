// When the module traps, pages are the origin's own, everything else is asked to come again, and
// the next request finds a new module.
//
// The module here is the built one with a tripwire: a page whose address has one of the lengths
// below arms it, and it then executes `unreachable` as a fault would.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import binaryen from "../../node_modules/binaryen/index.js";
import { accepted, ask, cookieOf, device, headline, looksAtTents, operator, post, problem, publish, stored, viewed } from "./edge.mjs";
import { givePack, serve, start } from "./workerd.mjs";

const INDEX = readFileSync(new URL("../../examples/storefront/site/index.html", import.meta.url));
const NEWSLETTER = "/?utm_source=newsletter";
/** What the build lets the module use. */
const FEATURES = [
  "BulkMemory", "BulkMemoryOpt", "ExceptionHandling", "Multivalue", "MutableGlobals", "NontrappingFPToInt",
  "ReferenceTypes", "SignExt",
];
/** Where it traps, or does nothing any more, by the length of the address. */
const LENGTHS = { plan: 4_001, "plan, later": 4_002, answer: 4_003, "answer, later": 4_004, shard_answered: 4_005, silence: 4_006, nowhere: 4_007 };

const me = device();
let origin;
let edge;
let url;
let cookie;
before(async () => {
  origin = await serve((_, answer) => {
    const headers = { "content-type": "text/html; charset=utf-8", "cache-control": "public, max-age=60", etag: `"author's"` };
    answer.writeHead(200, headers).end(INDEX);
  });
  edge = await start({ vars: { ORIGIN_URL: origin.url }, wasm: withTripwire });
  ({ url } = edge);
  await givePack(url);
  await looksAtTents(me, url);
  cookie = await cookieOf(me, undefined, url);
});
after(() => Promise.all([edge?.stop(), origin?.stop()]));

/** A page for which the newsletter's rule wins, at an address that arms the tripwire. */
function armed(where, edge = url) {
  const path = `${NEWSLETTER}&x=`;
  return path + "x".repeat(LENGTHS[where] - edge.length - path.length);
}

const personal = async () => {
  const [stateless, mine] = await Promise.all([ask(NEWSLETTER, { edge: url }), ask("/", { edge: url, headers: { cookie } })]);
  assert.deepEqual([headline(stateless), headline(mine)], ["Spring on the ridge", "Find the tent for your next night out"]);
};

const timed = async (most, during) => {
  const began = performance.now();
  const answer = await during();
  const took = performance.now() - began;
  assert.ok(took < most, `took ${took} ms`);
  return answer;
};

test("where nothing traps the changed module is as good as the built one", async () => {
  await personal();
  const address = `${NEWSLETTER}&x=${"x".repeat(3_900)}`;
  assert.equal(headline(await ask(address, { edge: url })), "Spring on the ridge");
});

test("a page is the origin's own when planning it traps, and the next one is personal again", async () => {
  for (let time = 0; time < 3; time++) {
    const answer = await timed(1_900, () => ask(armed("plan"), { edge: url, headers: { cookie } }));
    assert.equal(answer.status, 200);
    assert.ok(answer.body.equals(INDEX));
    assert.deepEqual([answer.headers["cache-control"], answer.headers.etag], ["public, max-age=60", `"author's"`]);
    await personal();
  }
});

test("a page is the origin's own when planning it traps later, and nobody waits for the deadline", async () => {
  const answer = await timed(1_900, () => ask(armed("plan, later"), { edge: url, headers: { cookie } }));
  assert.ok(answer.body.equals(INDEX));
  await personal();
});

for (const where of ["answer", "answer, later", "shard_answered"]) {
  test(`a call that traps in ${where} is to be sent again, and then counts once`, async () => {
    const batch = Array.from({ length: 5 }, () => viewed(me.anonymousId));
    const body = { writeKey: "wk_demo", deviceKey: me.deviceKey, batch };
    await ask(armed(where), { edge: url });
    const origin = "https://shop.example";
    const answer = await timed(5_000, () => post("/v1/batch", body, { edge: url, headers: { origin } }));
    problem(answer, 503, "unavailable");
    assert.ok(Number(answer.headers["retry-after"]) > 0);
    assert.equal(answer.headers["access-control-allow-origin"], origin);
    assert.deepEqual(accepted(await post("/v1/batch", body, { edge: url })), [5, 0, []]);
    assert.deepEqual(accepted(await post("/v1/batch", body, { edge: url })), [0, 5, []]);
    await personal();
  });
}

test("whoever else is under way when the module traps is answered, and no event is lost or counted twice", async () => {
  const visitors = Array.from({ length: 30 }, () => device());
  const bodies = visitors.map(({ deviceKey, anonymousId }) => {
    return { writeKey: "wk_demo", deviceKey, batch: Array.from({ length: 10 }, () => viewed(anonymousId)) };
  });
  const sent = () => bodies.map((body) => post("/v1/batch", body, { edge: url }));
  const [answers] = await timed(5_000, () => Promise.all([
    Promise.all(sent()),
    ...["plan, later", "plan", "plan, later"].map((where) => ask(armed(where), { edge: url })),
  ]));
  for (const answer of answers) {
    if (answer.status === 200) assert.deepEqual(accepted(answer), [10, 0, []]);
    else problem(answer, 503, "unavailable");
  }
  for (const answer of await Promise.all(sent())) assert.equal(accepted(answer)[0] + accepted(answer)[1], 10);
  for (const { anonymousId } of visitors) assert.equal((await stored(`a:${anonymousId}`, url)).length, 10);
});

test("a module that falls silent keeps a page for two seconds and no longer", async () => {
  const silent = await start({ vars: { ORIGIN_URL: origin.url }, wasm: withTripwire });
  try {
    await givePack(silent.url);
    // For whom the module has to ask a shard, there is something that may never come.
    const answer = await timed(4_000, () => ask(armed("silence", silent.url), { edge: silent.url, headers: { cookie } }));
    assert.ok(answer.body.equals(INDEX));
    assert.equal((await ask("/style.css", { edge: silent.url, headers: { "sec-fetch-dest": "style" } })).status, 200);
    assert.equal((await ask("/waymark.js", { edge: silent.url })).status, 200);
    // It speaks again, and says how many pages missed the deadline.
    const late = async () => {
      await ask(armed("nowhere", silent.url), { edge: silent.url });
      const { text } = await ask("/metrics", { ...operator, edge: silent.url });
      return Number(/^waymark_pages_total\{became="late"\} (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    assert.equal(await late(), 1);
    await ask(armed("silence", silent.url), { edge: silent.url, headers: { cookie } });
    assert.equal(await late(), 2);
  } finally {
    await silent.stop();
  }
});

/** The module with the tripwire. What is armed is forgotten with the instance that traps. */
function withTripwire(bytes) {
  const module = binaryen.readBinary(bytes);
  module.setFeatures(FEATURES.reduce((all, name) => all | binaryen.Features[name], 0));
  module.addGlobal("armed", binaryen.i32, true, module.i32.const(0));
  const { global, i32 } = module;
  const isArmed = (where) => i32.eq(global.get("armed", binaryen.i32), i32.const(LENGTHS[where]));
  const trap = (where) => module.if(isArmed(where), module.unreachable());

  const behind = (name) => {
    const { value } = binaryen.getExportInfo(module.getExport(name));
    return binaryen.getFunctionInfo(module.getFunction(value));
  };
  const before = (name, ...steps) => {
    const { name: inner, params, results } = behind(name);
    const given = binaryen.expandType(params).map((type, at) => module.local.get(at, type));
    const body = module.block(null, [...steps, module.call(inner, given, results)], results);
    module.removeExport(name);
    module.addFunction(`tripwire ${name}`, params, results, [], body);
    module.addFunctionExport(`tripwire ${name}`, name);
  };
  const length = () => module.local.get(2, binaryen.i32);
  before("plan", module.if(i32.gt_u(length(), i32.const(4_000)), global.set("armed", length())), trap("plan"));
  before("answer", trap("answer"), module.if(isArmed("answer, later"), global.set("armed", i32.const(LENGTHS["plan, later"]))));
  before("shard_answered", trap("shard_answered"));
  const names = Array.from({ length: module.getNumExports() }, (_, at) => {
    return binaryen.getExportInfo(module.getExportByIndex(at)).name;
  });
  for (const name of names.filter((name) => name.includes("closures_____invoke"))) {
    const isVoid = behind(name).results === binaryen.none;
    before(name, trap("plan, later"), ...(isVoid ? [module.if(isArmed("silence"), module.return())] : []));
  }
  return module.emitBinary();
}

test("what went wrong is in the log, a line of JSON each, and nobody's request with it", async () => {
  await ask(armed("plan"), { edge: url, headers: { cookie } });
  const lines = edge.log().split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  const page = lines.find(({ at }) => at === "page");
  assert.deepEqual([page?.level, typeof page?.message], ["error", "string"], edge.log());
  for (const secret of [cookie, cookie.split("=")[1], "utm_source", me.deviceKey, me.anonymousId]) assert.ok(!edge.log().includes(secret), secret);
});

test("whatever part fails, its line in the log is one JSON object and has nothing of anybody in it", async () => {
  const ways = [
    (_, answer) => answer.writeHead(500, { "content-type": "text/plain" }).end("no"),
    (request) => request.socket.destroy(),
    () => {},
  ];
  const waiting = [...ways];
  const remote = await serve((request, answer) => waiting.shift()(request, answer));
  const gone = await serve((request, answer) => {
    if (request.url.startsWith("/gone")) return request.socket.destroy();
    answer.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(INDEX);
  });
  const noisy = await start({ vars: { ORIGIN_URL: gone.url, REMOTE_ORIGINS: JSON.stringify([remote.url]) }, wasm: withTripwire });
  try {
    const pack = {
      pack: "noisy",
      attributes: { "traits.email": { type: "string" } },
      slots: { hero: { default: "keep" } },
      content: { said: { slot: "hero", remote: `${remote.url}/for/{{ traits.email }}?of={{ page.path }}` } },
      rules: [{ id: "said", slot: "hero", when: { "traits.email": { $exists: true } }, show: "said" }],
    };
    await publish(noisy.url, pack);
    const { deviceKey, anonymousId } = device();
    const email = "ann.secret@mail.example";
    const words = "a-search-for-something";
    const own = await cookieOf({ deviceKey, anonymousId }, undefined, noisy.url);
    const headers = { cookie: own, referer: `https://search.example/?q=${words}`, "user-agent": "Agent of somebody", "cf-connecting-ip": "203.0.113.77" };
    const batch = () => [
      viewed(anonymousId, { type: "identify", traits: { email } }),
      viewed(anonymousId, { event: "Products Searched", properties: { query: words } }),
    ];
    const send = () => post("/v1/batch", { writeKey: "wk_demo", deviceKey, batch: batch() }, { headers, edge: noisy.url });
    const page = (path) => ask(path, { headers, edge: noisy.url });
    assert.deepEqual(accepted(await send()), [2, 0, []]);

    for (const where of ["answer", "shard_answered"]) {
      await ask(armed(where, noisy.url), { edge: noisy.url });
      problem(await send(), 503, "unavailable");
    }
    assert.ok((await page(armed("plan", noisy.url))).body.equals(INDEX));
    for (const _ of ways) {
      const searched = await page(`/?q=${words}`);
      assert.deepEqual([searched.status, searched.text.includes("data-waymark-content")], [200, false]);
    }
    assert.deepEqual(waiting, []);
    problem(await page(`/gone?q=${words}`), 502, "origin-unreachable");

    const lines = noisy.log().split("\n").filter(Boolean);
    const told = lines.map((line) => JSON.parse(line));
    for (const at of ["api", "Shard", "page", "remote", "origin"]) {
      const line = told.find((one) => one.at === at);
      assert.deepEqual([line?.level, typeof line?.message], ["error", "string"], `${at} in ${noisy.log()}`);
    }
    assert.deepEqual(told.filter(({ at }) => at === "remote").map((line) => line.origin), ways.map(() => remote.url));
    const theirs = [
      anonymousId, deviceKey, own, ...own.split(/[=.]/).filter((part) => part.length > 8), email, "ann.secret", encodeURIComponent(email), words,
      "utm_source", "xxxxx", "Agent of somebody", "search.example", "203.0.113.77", "wk_demo",
    ];
    for (const secret of theirs) assert.ok(!noisy.log().includes(secret), `${secret} in ${noisy.log()}`);
  } finally {
    await Promise.all([noisy.stop(), remote.stop(), gone.stop()]);
  }
});
