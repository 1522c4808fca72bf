// Pages that HTTP lets anybody keep are kept in pieces; what is put between them is one visitor's, and nobody else's.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { accepted, ask, cookieOf, device, headline, looksAtTents, operator, post, publish, viewed } from "./edge.mjs";
import { givePack, serve, start } from "./workerd.mjs";

const UTF8 = "text/html; charset=utf-8";
const AUTHORS = `<!doctype html><html lang=en><head><title>é</title></head><body class=a>
<div class='b' data-waymark-slot="hero"><h1>The author's</h1><p data-waymark-slot=inner>In it</p></div>
<section data-waymark-slot="nobody's">Nobody's <b>own</b></section>
</body></html>`;
const FOUND = "Find the tent for your next night out";

/** What the origin answers by path, and what it was asked. */
const pages = new Map();
let asked = [];
let origin;
let edge;
let cookies;
before(async () => {
  origin = await serve((request, answer) => {
    const { pathname } = new URL(request.url, "http://origin");
    asked.push({ path: pathname, headers: request.headers });
    const page = pages.get(pathname);
    if (typeof page === "function") return page(request, answer);
    answer.writeHead(200, { "content-type": UTF8, ...page.headers }).end(page.body ?? AUTHORS);
  });
  edge = await start({ vars: { ORIGIN_URL: origin.url } });
  await givePack(edge.url);
  cookies = [];
  for (const looks of [true, false]) {
    const me = device();
    if (looks) await looksAtTents(me, edge.url);
    cookies.push(await cookieOf(me, undefined, edge.url));
  }
});
after(() => Promise.all([edge?.stop(), origin?.stop()]));

const get = (path, headers = {}) => ask(path, { edge: edge.url, headers: { cookie: cookies[0], ...headers } });

/** How often the origin was asked for a page while somebody asked for it so often. */
async function count(path, headers, times = 3) {
  asked = [];
  for (let time = 0; time < times; time += 1) {
    const answer = await get(path, typeof headers === "function" ? headers(time) : headers);
    assert.equal(headline(answer), FOUND, path);
    // It is kept after the answer has gone.
    await setTimeout(60);
  }
  return asked.filter((one) => one.path === path).length;
}

/** Without what is of the moment. */
const timeless = (text) => text.replace(/"(now|validUntil)":[^,}]+/g, "");

test("a page that may be kept is asked for once, and is what it is on its way through", async () => {
  pages.set("/kept", { headers: { "cache-control": "public, max-age=60", "x-own": "1", etag: `"1"` } });
  pages.set("/passed", { headers: { "x-own": "1" } });
  assert.equal(await count("/kept", {}, 4), 1);
  assert.equal(await count("/passed", {}, 3), 3);
  for (const cookie of [...cookies, `${cookies[0]}; other=1`]) {
    const [kept, passed] = [await get("/kept", { cookie }), await get("/passed", { cookie })];
    assert.equal(timeless(kept.text), timeless(passed.text));
    assert.match(kept.text, /id="waymark-decision">\{.*"pack"/s);
    const { headers } = kept;
    assert.deepEqual(
      [headers["content-type"], headers["cache-control"], headers.vary, headers["x-own"], headers["last-modified"]],
      [UTF8, "private, no-cache", "Cookie", "1", undefined],
    );
  }
});

test("two visitors see each their own, and nobody who has not agreed sees either", async () => {
  pages.set("/two", { headers: { "cache-control": "public, max-age=60" } });
  assert.equal(await count("/two", {}, 2), 1);
  const [looked, other] = [await get("/two"), await get("/two", { cookie: cookies[1] })];
  assert.deepEqual([headline(looked), headline(other) === FOUND], [FOUND, false]);
  assert.equal((await get("/two", { cookie: "" })).text, AUTHORS);
  assert.equal((await get("/two", { "sec-gpc": "1" })).text, AUTHORS);
});

test("pages of any shape are the same in pieces as on their way through", async () => {
  const shapes = {
    "no head": `<div data-waymark-slot="hero"><h1>x</h1></div>`,
    "twice": `<head></head><div data-waymark-slot=hero><h1>x</h1></div><DIV DATA-WAYMARK-SLOT='hero'><h1>y</h1></DIV>`,
    "one in the other": `<head></head><div data-waymark-slot=other><h1>a</h1><div data-waymark-slot=hero><h1>x</h1></div>b</div>`,
    "one in what is replaced": `<head></head><div data-waymark-slot=hero><h1>x</h1><div data-waymark-slot=hero><h1>y</h1></div></div>z`,
    "never closed": `<head></head><h1>t</h1><p data-waymark-slot=hero>x<p>y`,
    "void": `<head></head><h1>t</h1><img data-waymark-slot=hero><br>`,
    "marked already": `<head></head><div data-waymark-slot=hero data-waymark-content=old><h1>x</h1></div>`,
    "two heads": `<head></head><div data-waymark-slot=hero><h1>x</h1></div><head></head>`,
    "empty": ``,
    "bytes that are no UTF-8": Buffer.from([0x3c, 0x68, 0x31, 0x3e, 0xff, 0xfe, 0x80, 0x3c, 0x2f, 0x68, 0x31, 0x3e]),
  };
  for (const [name, body] of Object.entries(shapes)) {
    const path = `/shape/${name.replaceAll(" ", "-")}`;
    pages.set(path, { headers: { "cache-control": "public, max-age=60" }, body });
    pages.set(`${path}-passed`, { body });
    const first = await get(path);
    await setTimeout(60);
    const [again, passed] = [await get(path), await get(`${path}-passed`)];
    assert.equal(timeless(again.body.toString("latin1")), timeless(passed.body.toString("latin1")), name);
    assert.equal(timeless(first.body.toString("latin1")), timeless(passed.body.toString("latin1")), name);
  }
});

test("content survives any encoding that ASCII can be written into", async () => {
  pages.set("/latin", { headers: { "content-type": "text/html; charset=iso-8859-1", "cache-control": "public, max-age=60" }, body: Buffer.from(AUTHORS, "latin1") });
  assert.equal(await count("/latin", {}, 3), 1);
  assert.ok((await get("/latin")).body.includes(Buffer.from("<title>é</title>", "latin1")));
});

test("what is not everybody's is not kept, whatever else is said", async () => {
  const everybodys = "public, max-age=60";
  const refused = {
    "nothing said": {},
    "no time": { "cache-control": "public" },
    "no time left": { "cache-control": "public, max-age=60", age: "60" },
    "no number": { "cache-control": "public, max-age=soon" },
    "zero for shared caches": { "cache-control": "public, max-age=60, s-maxage=0" },
    "private": { "cache-control": "private, max-age=60" },
    "private fields": { "cache-control": `public, max-age=60, private="x"` },
    "no-store": { "cache-control": "max-age=60, No-Store, public" },
    "no-cache": { "cache-control": `public, max-age=60, no-cache="set-cookie"` },
    "a cookie": { "cache-control": everybodys, "set-cookie": "session=1" },
    "by cookie": { "cache-control": everybodys, vary: "Accept, COOKIE" },
    "by anything": { "cache-control": everybodys, vary: "*" },
    "by authorization": { "cache-control": everybodys, vary: "Authorization" },
    "expired": { expires: "Mon, 02 Nov 2020 00:00:00 GMT" },
    "expires never": { expires: "0" },
  };
  for (const [name, headers] of Object.entries(refused)) {
    const path = `/refused/${name.replaceAll(" ", "-")}`;
    pages.set(path, { headers });
    assert.equal(await count(path, {}), 3, name);
  }
  pages.set("/asked", { headers: { "cache-control": everybodys } });
  assert.equal(await count("/asked", { authorization: "Basic eDp5" }), 3);
  assert.equal(await count("/asked", { "cache-control": "no-store" }), 3);
  // A header that no browser sends, and of which the origin says nothing, may have made the page what it is.
  assert.equal(await count("/asked", { "x-forwarded-scheme": "http" }), 3);
  assert.equal(await count("/asked", { "x-original-url": "/evil" }), 3);
  pages.set("/unsaid", { headers: { "cache-control": "max-age=60" } });
  assert.equal(await count("/unsaid", { cookie: `${cookies[0]}; session=1` }), 3);
  assert.equal(await count("/unsaid", {}), 1);
});

test("what a page depends on is told apart", async () => {
  pages.set("/vary", { headers: { "cache-control": "public, max-age=60", vary: "Accept-Language, Accept-Encoding" } });
  assert.equal(await count("/vary", (time) => ({ "accept-language": ["en", "en-GB"][time % 2] }), 6), 2);
  pages.set("/query", { headers: { "cache-control": "public, max-age=60" } });
  assert.equal(await count("/query", {}, 2), 1);
  asked = [];
  await get("/query?a=1");
  await get("/query?a=2");
  assert.equal(asked.length, 2);
});

test("a page that is old is asked for again, and is the same where the origin says so", async () => {
  let [body, tag] = [AUTHORS, `"1"`];
  pages.set("/old", (request, answer) => {
    const headers = { "content-type": UTF8, "cache-control": "public, max-age=1", etag: tag };
    if (request.headers["if-none-match"] === tag) return answer.writeHead(304, headers).end();
    answer.writeHead(200, headers).end(body);
  });
  assert.equal(await count("/old", {}, 2), 1);
  await setTimeout(1_100);
  assert.equal(await count("/old", {}, 3), 1);
  assert.equal(asked.at(-1).headers["if-none-match"], `"1"`);
  // Who reloads wants to know now.
  assert.equal(await count("/old", { "cache-control": "no-cache" }, 2), 2);
  [body, tag] = [AUTHORS.replace("Nobody's <b>", "Somebody's <b>"), `"2"`];
  await setTimeout(1_100);
  assert.match((await get("/old")).text, /Somebody's/);
  await setTimeout(60);
  assert.match((await get("/old")).text, /Somebody's/);
  // The origin is away: it is said so, and not that the page is still the same.
  pages.set("/old", (request) => request.socket.destroy());
  await setTimeout(1_100);
  assert.equal((await get("/old")).status, 502);
});

test("a page that is not everybody's any more is let go, and nobody hears of it in the log", async () => {
  let said = "public, max-age=1";
  pages.set("/turned", (request, answer) => {
    const headers = { "content-type": UTF8, "cache-control": said, etag: `"1"` };
    if (request.headers["if-none-match"] === `"1"`) return answer.writeHead(304, headers).end();
    answer.writeHead(200, headers).end(AUTHORS);
  });
  assert.equal(await count("/turned", {}, 2), 1);
  said = "private, max-age=60";
  await setTimeout(1_100);
  // Whether it is the same, then the whole, and from then on each time.
  assert.equal(await count("/turned", {}, 1), 2);
  assert.equal(await count("/turned", {}, 2), 2);
  assert.equal((await get("/turned", { cookie: "" })).text, AUTHORS);
  assert.doesNotMatch(edge.log(), /"at":"page"/);
});

test("a visitor who has the page is told that it is the same, and not when another is shown", async () => {
  pages.set("/tag", { headers: { "cache-control": "public, max-age=60", etag: `"1"` } });
  await get("/tag");
  await setTimeout(60);
  const { etag } = (await get("/tag")).headers;
  assert.match(etag, /^"[0-9a-f]{16}-[0-9a-f]{16}"$/);
  const same = await get("/tag", { "if-none-match": etag });
  assert.deepEqual([same.status, same.body.length, same.headers.etag], [304, 0, etag]);
  assert.equal((await get("/tag", { "if-none-match": `"1"` })).status, 200);
  const other = await get("/tag", { "if-none-match": etag, cookie: cookies[1] });
  assert.equal(other.status, 200);
});

test("pages that were used longest ago make room", async () => {
  const long = `${AUTHORS}${"x".repeat(1_900_000)}`;
  for (let page = 0; page < 14; page += 1) {
    pages.set(`/long/${page}`, { headers: { "cache-control": "public, max-age=60" }, body: long });
    await get(`/long/${page}`);
  }
  await setTimeout(300);
  asked = [];
  await get("/long/13");
  assert.equal(asked.length, 0);
  await get("/long/0");
  assert.equal(asked.length, 1);
  pages.set("/huge", { headers: { "cache-control": "public, max-age=60" }, body: `${AUTHORS}${"x".repeat(2_200_000)}` });
  assert.equal(await count("/huge", {}, 2), 2);
});

test("what a header that no browser sends did to a page is in nobody else's", async () => {
  const echo = (request, answer) => {
    answer.writeHead(200, { "content-type": UTF8, "cache-control": "public, max-age=60" });
    answer.end(`${AUTHORS}<!-- ${JSON.stringify(request.headers)} -->`);
  };
  // The last two are told by the edge itself.
  const names = ["via", "cf-foo", "sec-foo", "if-foo", "x-forwarded-for", "x-real-ip", "x-anything", "forwarded", "x-host", "x-original-url", "x-rewrite-url", "true-client-ip", "x-forwarded-port", "x-forwarded-host", "x-forwarded-proto"];
  for (const name of names) {
    pages.set(`/echo/${name}`, echo);
    const sent = await get(`/echo/${name}`, { [name]: "harm.example" });
    if (!/-(host|proto)$/.test(name)) assert.match(sent.text, /harm\.example/, `${name} is passed on`);
    await setTimeout(60);
    for (const cookie of cookies) assert.doesNotMatch((await get(`/echo/${name}`, { cookie })).text, /harm\.example/, name);
  }
  // Where the platform says whose request it is, nobody else does.
  pages.set("/echo/client", echo);
  const said = await get("/echo/client", { "cf-connecting-ip": "203.0.113.7", "x-forwarded-for": "harm.example", "x-real-ip": "harm.example" });
  assert.doesNotMatch(said.text, /harm\.example/);
  assert.match(said.text, /"x-forwarded-for":"203\.0\.113\.7"/);
});

test("many who ask for one page at once see each their own, and get nobody else's snapshot", async () => {
  const teams = Array.from({ length: 16 }, (_, at) => `team-${at};`);
  const pack = {
    pack: "teams",
    attributes: { "traits.team": { type: "string" }, "traits.name": { type: "string" } },
    slots: { hero: { default: "keep" }, name: { default: "keep" } },
    content: {
      ...Object.fromEntries(teams.map((team) => [team, { slot: "hero", html: `<h1>${team}</h1>` }])),
      name: { slot: "name", text: "I am {{ traits.name }}" },
    },
    rules: [
      ...teams.map((team) => ({ id: team, slot: "hero", when: { "traits.team": team }, show: team })),
      { id: "name", slot: "name", when: { "traits.name": { $exists: true } }, show: "name" },
    ],
  };
  await publish(edge.url, pack);
  // Every other one is called by a name; the last are of the same teams as the first.
  const visitors = await Promise.all(Array.from({ length: 23 }, async (_, at) => {
    const traits = { team: teams[at % teams.length], ...(at % 2 && { name: `name-${at};` }) };
    const { deviceKey, anonymousId } = device();
    const batch = [viewed(anonymousId, { type: "identify", traits })];
    assert.deepEqual(accepted(await post("/v1/batch", { writeKey: "wk_demo", deviceKey, batch }, { edge: edge.url })), [1, 0, []]);
    return { at, ...traits, cookie: await cookieOf({ deviceKey, anonymousId }, undefined, edge.url) };
  }));
  const body = AUTHORS.replace("</body>", `<p data-waymark-slot="name">Nobody</p></body>`);
  pages.set("/many", { headers: { "cache-control": "public, max-age=60" }, body });
  pages.set("/many-passed", { body });
  await get("/many", { cookie: visitors[0].cookie });
  await setTimeout(60);
  const snapshots = async (was) => {
    const { text } = await ask("/metrics", { ...operator, edge: edge.url });
    return Number(new RegExp(`^waymark_snapshots_total\\{cookie="${was}"\\} (\\d+)`, "m").exec(text)?.[1] ?? 0);
  };
  const before = { fresh: await snapshots("fresh"), invalid: await snapshots("invalid") };
  asked = [];
  await Promise.all([...visitors, { at: 23 }].map(async ({ at, team, name, cookie }) => {
    let snapshot;
    for (let time = 0; time < 20; time += 1) {
      const { status, text, headers } = await get((at + time) % 2 ? "/many" : "/many-passed", { cookie: [cookie, snapshot].filter(Boolean).join("; ") });
      assert.equal(status, 200);
      const set = (headers["set-cookie"] ?? []).find((one) => one.startsWith("wm_s="))?.split(";")[0];
      if (!team) {
        assert.deepEqual([text, set], [body, undefined]);
        continue;
      }
      assert.equal(set === undefined, snapshot !== undefined, "it is set once");
      snapshot ??= set;
      const said = (pattern) => [...new Set(text.match(pattern))];
      assert.deepEqual([said(/team-\d+;/g), said(/name-\d+;/g)], [[team], name ? [name] : []]);
      assert.match(text, new RegExp(`<h1>${team}</h1>`));
      assert.match(text, name ? new RegExp(`>I am ${name}<`) : />Nobody</);
    }
  }));
  assert.equal(asked.filter(({ path }) => path === "/many").length, 10, "only whom nobody knows gets the origin's own");
  assert.deepEqual({ fresh: await snapshots("fresh"), invalid: await snapshots("invalid") }, { ...before, fresh: before.fresh + 19 * visitors.length });
});
