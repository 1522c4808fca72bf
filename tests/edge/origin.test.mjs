// The edge before an origin of any kind: what it asks of it, and what it must leave as it is.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { ask, cookieOf, device, headline, looksAtTents, problem } from "./edge.mjs";
import { givePack, serve, start } from "./workerd.mjs";

const AUTHORS = `<!doctype html><html><head><title>é</title></head><body>
<div data-waymark-slot="hero"><h1>The author's</h1></div>
</body></html>`;
const UTF8 = "text/html; charset=utf-8";
const NEWSLETTER = "utm_source=newsletter";

/** What the origin answers by path, and what it was asked. */
const pages = new Map();
const asked = [];
let origin;
let edge;
let cookie;
before(async () => {
  origin = await serve((request, answer) => {
    const { pathname } = new URL(request.url, "http://origin");
    asked.push({ path: pathname, method: request.method, url: request.url, headers: request.headers });
    const page = pages.get(pathname) ?? { headers: { "content-type": UTF8 }, body: AUTHORS };
    if (typeof page === "function") return page(request, answer);
    answer.writeHead(page.status ?? 200, page.headers).end(page.body);
  });
  edge = await start({ vars: { ORIGIN_URL: origin.url } });
  await givePack(edge.url);
  const me = device();
  await looksAtTents(me, edge.url);
  cookie = await cookieOf(me, undefined, edge.url);
});
after(() => Promise.all([edge?.stop(), origin?.stop()]));

const get = (path, headers = {}) => ask(path, { edge: edge.url, headers });
const lastAsked = () => asked.at(-1);

test("the origin never sees the visitor's cookie, and all others", async () => {
  for (const [sent, seen] of [
    [cookie, undefined],
    [`a=1; ${cookie}; b=2`, "a=1; b=2"],
    [`${cookie}; wm_v=forged`, undefined],
    [`wm_vx=1; ${cookie}`, "wm_vx=1"],
    [` wm_v = x ;c=3`, "c=3"],
    ["a=1", "a=1"],
  ]) {
    for (const [method, path] of [["GET", "/"], ["GET", "/style.css"], ["HEAD", "/"], ["POST", "/form"]]) {
      await ask(path, { method, edge: edge.url, headers: { cookie: sent } });
      assert.deepEqual([lastAsked().path, lastAsked().headers.cookie], [path, seen], `${method} ${path} ${sent}`);
    }
  }
});

test("the origin is asked for the same address, and told by which it was reached", async () => {
  await get(`/a%20b/?q=1&${NEWSLETTER}`, { "x-own": "1", "user-agent": "test" });
  const { url, headers } = lastAsked();
  assert.equal(url, `/a%20b/?q=1&${NEWSLETTER}`);
  assert.equal(headers.host, new URL(origin.url).host);
  assert.deepEqual([headers["x-forwarded-host"], headers["x-forwarded-proto"]], [new URL(edge.url).host, "http"]);
  assert.deepEqual([headers["x-own"], headers["user-agent"]], ["1", "test"]);
});

test("a body and its answer go through as they are", async () => {
  pages.set("/form", (request, answer) => {
    answer.writeHead(201, { "content-type": UTF8, "set-cookie": ["s=1; Path=/", "t=2; Path=/"] });
    request.pipe(answer);
  });
  const body = Buffer.alloc(300_000, AUTHORS);
  const answer = await ask(`/form?${NEWSLETTER}`, { method: "POST", edge: edge.url, body, headers: { cookie, "content-type": UTF8 } });
  assert.equal(answer.status, 201);
  assert.ok(answer.body.equals(body));
  assert.deepEqual(answer.headers["set-cookie"], ["s=1; Path=/", "t=2; Path=/"]);
});

test("a personal page has nothing of the origin's that would let it be kept or compared", async () => {
  pages.set("/kept", {
    headers: {
      "content-type": UTF8,
      "content-length": Buffer.byteLength(AUTHORS),
      "cache-control": "public, max-age=3600",
      etag: `"author's"`,
      "last-modified": "Mon, 02 Nov 2026 00:00:00 GMT",
      expires: "Mon, 02 Nov 2030 00:00:00 GMT",
      "accept-ranges": "bytes",
      age: "5",
      vary: "Accept-Language",
      "set-cookie": "s=1",
      "x-own": "1",
    },
    body: AUTHORS,
  });
  const conditions = {
    "if-none-match": `"author's"`,
    "if-modified-since": "Mon, 02 Nov 2026 00:00:00 GMT",
    "if-range": `"author's"`,
    range: "bytes=0-9",
  };
  const answer = await get("/kept", { cookie, "accept-encoding": "br, gzip", ...conditions });
  assert.deepEqual([answer.status, headline(answer)], [200, "Find the tent for your next night out"]);
  const { headers } = answer;
  assert.equal(headers["cache-control"], "private, no-cache");
  assert.equal(headers.vary, "Accept-Language, Cookie");
  const [theirs, own] = headers["set-cookie"];
  assert.deepEqual([theirs, own.split("=")[0], headers["x-own"]], ["s=1", "wm_s", "1"]);
  for (const name of ["content-length", "etag", "last-modified", "expires", "accept-ranges", "age"]) {
    assert.equal(headers[name], undefined, name);
  }
  for (const name of Object.keys(conditions)) assert.equal(lastAsked().headers[name], undefined, name);
  assert.equal(lastAsked().headers["accept-encoding"], "identity");
});

test("a page that stays the author's keeps its headers, and is not sent to whom has it", async () => {
  const answer = await get("/kept");
  assert.equal(answer.text, AUTHORS);
  const { etag, vary } = answer.headers;
  assert.deepEqual([etag, vary, answer.headers["cache-control"]], [`"author's"`, "Accept-Language", "public, max-age=3600"]);
  const again = await get("/kept", { "if-none-match": `"author's"` });
  assert.deepEqual([again.status, again.body.length, again.headers.etag], [304, 0, `"author's"`]);
  assert.equal((await get("/kept", { "if-none-match": `"other"` })).text, AUTHORS);
});

test("what is no whole HTML page in a known encoding goes through byte for byte", async () => {
  const utf16 = Buffer.from(`\ufeff${AUTHORS}`, "utf16le");
  const others = {
    text: { headers: { "content-type": "text/plain" }, body: AUTHORS },
    xhtml: { headers: { "content-type": "application/xhtml+xml" }, body: AUTHORS },
    json: { headers: { "content-type": "application/json" }, body: JSON.stringify(AUTHORS) },
    nothing: { headers: {}, body: AUTHORS },
    "utf-16": { headers: { "content-type": "text/html; charset=UTF-16LE" }, body: utf16 },
    "no-transform": { headers: { "content-type": UTF8, "cache-control": "public, no-transform" }, body: AUTHORS },
    missing: { status: 404, headers: { "content-type": UTF8 }, body: AUTHORS },
    failed: { status: 500, headers: { "content-type": UTF8 }, body: AUTHORS },
    "content-encoding": { headers: { "content-type": UTF8, "content-encoding": "gzip" }, body: gzipSync(AUTHORS) },
    "no content": { status: 204, headers: {} },
  };
  for (const [name, page] of Object.entries(others)) {
    pages.set("/other", page);
    const answer = await get(`/other?${NEWSLETTER}`, { cookie, "accept-encoding": "gzip" });
    assert.equal(answer.status, page.status ?? 200, name);
    assert.ok(answer.body.equals(Buffer.from(page.body ?? "")), name);
    for (const [header, value] of Object.entries(page.headers)) assert.equal(answer.headers[header], value, `${name}: ${header}`);
  }
});

test("redirects go through, and those to the origin itself point to the edge", async () => {
  for (const [location, seen] of [
    [`${origin.url}/new?a=1`, `${edge.url}/new?a=1`],
    [origin.url, edge.url],
    ["/relative", "/relative"],
    ["https://elsewhere.example/", "https://elsewhere.example/"],
    [`${origin.url}0/`, `${origin.url}0/`],
  ]) {
    for (const status of [301, 303, 307]) {
      pages.set("/old", { status, headers: { location, "content-type": UTF8 }, body: AUTHORS });
      const answer = await get(`/old?${NEWSLETTER}`, { cookie });
      assert.deepEqual([answer.status, answer.headers.location, answer.text], [status, seen, AUTHORS]);
    }
  }
});

test("content survives any encoding that ASCII can be written into", async () => {
  const latin = (text) => Buffer.from(text, "latin1");
  for (const type of ["text/html; charset=iso-8859-1", "text/html;charset=windows-1252", "text/html"]) {
    pages.set("/zh/", { headers: { "content-type": type }, body: latin(AUTHORS) });
    const answer = await get(`/zh/?${NEWSLETTER}`);
    assert.equal(answer.headers["content-type"], type);
    const text = answer.body.toString("latin1");
    assert.match(text, /<title>é<\/title>/);
    const [, title] = /<h1[^>]*>(.*?)<\/h1>/.exec(text);
    assert.equal(title.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(code)), "山脊之春");
    assert.match(title, /^[\x20-\x7e]*$/);
  }
});

test("a page without a head carries the decision at its end", async () => {
  pages.set("/short", { headers: { "content-type": UTF8 }, body: `<div data-waymark-slot="hero">author</div>` });
  const { text } = await get(`/short?${NEWSLETTER}`);
  assert.match(text, /<\/div><script type="application\/json" id="waymark-decision">\{.*\}<\/script>$/s);
});

test("a page is passed on while its origin still writes it", async () => {
  let end;
  pages.set("/slowly", (_, answer) => {
    const [start, rest] = AUTHORS.split("<body>");
    answer.writeHead(200, { "content-type": UTF8 }).write(start);
    end = () => answer.end(`<body>${rest}`);
  });
  for (const headers of [{}, { cookie }]) {
    const [answer] = await once(request(`${edge.url}/slowly`, { headers, agent: false }).end(), "response");
    let text = "";
    for await (const chunk of answer.setEncoding("utf8")) {
      text += chunk;
      if (!text.includes("</title>") || !end) continue;
      assert.doesNotMatch(text, /<body>/);
      end();
      end = undefined;
    }
    assert.match(headline({ text }), headers.cookie ? /Find the tent/ : /The author's/);
  }
});

test("an origin slower than the deadline for thinking still gets its page personalised", async () => {
  pages.set("/late", async (_, answer) => {
    await setTimeout(2_300);
    answer.writeHead(200, { "content-type": UTF8 }).end(AUTHORS);
  });
  const answers = await Promise.all([get("/late"), get("/late", { cookie })]);
  assert.deepEqual(answers.map(headline), ["The author's", "Find the tent for your next night out"]);
});

test("an origin that breaks off or is gone is said to be so, and the edge goes on", async () => {
  pages.set("/broken", (request) => request.socket.destroy());
  for (const headers of [{}, { cookie }, { accept: "image/webp" }]) {
    problem(await get(`/broken?${NEWSLETTER}`, headers), 502, "origin-unreachable");
  }
  assert.equal(headline(await get("/", { cookie })), "Find the tent for your next night out");
});

test("without an origin only pages are missing", async () => {
  const alone = await start({ vars: {} });
  try {
    problem(await ask("/", { edge: alone.url }), 503, "unavailable");
    assert.equal((await ask("/healthz", { edge: alone.url })).status, 200);
    assert.equal((await ask("/waymark.js", { edge: alone.url })).status, 200);
  } finally {
    await alone.stop();
  }
});
