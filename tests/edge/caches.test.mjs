// Caches between the edge and visitors: whatever the origin tells them of its page, they are told nothing of a visitor's.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { ask, cookieOf, device, headline, looksAtTents, problem } from "./edge.mjs";
import { givePack, serve, start } from "./workerd.mjs";

const PAGE = '<!doctype html><title>t</title><div data-waymark-slot="hero"><h1>The author\'s</h1></div>';
const TYPE = { "content-type": "text/html; charset=utf-8" };
const FOUND = "Find the tent for your next night out";
const TARGETED = {
  "cdn-cache-control": "max-age=600", "cloudflare-cdn-cache-control": "max-age=600", "surrogate-control": "max-age=600",
  "edge-control": "max-age=600", "x-accel-expires": "600", "x-litespeed-cache-control": "public",
};
const DIGESTS = { "content-digest": "sha-256=:abc:", "repr-digest": "sha-256=:abc:", digest: "sha-256=abc", "content-md5": "abc" };

const pages = new Map();
let asked = [];
let origin;
let edge;
let cookie;
before(async () => {
  origin = await serve((request, answer) => {
    const { pathname } = new URL(request.url, "http://origin");
    asked.push(pathname);
    const page = pages.get(pathname);
    if (typeof page === "function") return page(request, answer);
    answer.writeHead(200, { ...TYPE, ...page }).end(PAGE);
  });
  edge = await start({ vars: { ORIGIN_URL: origin.url, ORIGIN_SECONDS: "1" } });
  await givePack(edge.url);
  const me = device();
  await looksAtTents(me, edge.url);
  cookie = await cookieOf(me, undefined, edge.url);
});
after(() => Promise.all([edge?.stop(), origin?.stop()]));

const get = (path, headers = {}) => ask(path, { edge: edge.url, headers: { cookie, accept: "text/html", ...headers } });

test("a visitor's page has nothing that lets a cache keep it, nor the digest of another one", async () => {
  for (const [path, headers] of [["/kept", { "cache-control": "public, max-age=60" }], ["/passed", {}]]) {
    pages.set(path, { ...headers, ...TARGETED, ...DIGESTS, "x-own": "1" });
    for (let time = 0; time < 2; time += 1) {
      const answer = await get(path);
      assert.equal(headline(answer), FOUND);
      assert.equal(answer.headers["cache-control"], "private, no-cache");
      assert.equal(answer.headers["x-own"], "1");
      for (const name of Object.keys({ ...TARGETED, ...DIGESTS })) assert.equal(answer.headers[name], undefined, `${path} ${name}`);
      await setTimeout(60);
    }
  }
});

test("a page that caches are told not to keep is not kept here either", async () => {
  for (const [at, forbids] of [["cdn-cache-control", "no-store"], ["surrogate-control", "private"], ["cloudflare-cdn-cache-control", "no-cache"]].entries()) {
    const path = `/forbidden-${at}`;
    pages.set(path, { "cache-control": "public, max-age=60", [forbids[0]]: forbids[1] });
    asked = [];
    for (let time = 0; time < 3; time += 1) {
      await get(path);
      await setTimeout(60);
    }
    assert.equal(asked.filter((one) => one === path).length, 3, forbids.join(": "));
  }
});

test("an origin that says later what its page depends on is taken at its word", async () => {
  const etag = { etag: '"1"', "cache-control": "public, max-age=0, s-maxage=1" };
  pages.set("/varies", (request, answer) => {
    if (request.headers["if-none-match"]) answer.writeHead(304, { ...etag, vary: "Accept-Language" }).end();
    else answer.writeHead(200, { ...TYPE, ...etag }).end(PAGE.replace("<title>t", `<title>${request.headers["accept-language"]}`));
  });
  const title = async (language) => /<title>(.*?)<\/title>/.exec((await get("/varies", { "accept-language": language })).text)[1];
  assert.equal(await title("en"), "en");
  await setTimeout(1_100);
  assert.equal(await title("en"), "en");
  assert.equal(await title("de"), "de");
});

test("a page as long as a book comes as it is", async () => {
  const book = PAGE + "x".repeat(9 * 1024 * 1024);
  pages.set("/book", (_, answer) => answer.writeHead(200, { ...TYPE, "content-length": book.length }).end(book));
  assert.equal((await get("/book")).text, book);
});

test("an origin that says nothing is given up, and says so", async () => {
  pages.set("/silent", () => {});
  problem(await get("/silent"), 504, "origin-late");
  const posted = await ask("/silent", { edge: edge.url, method: "POST", body: "x" });
  problem(posted, 504, "origin-late");
  // What has begun may take its time.
  pages.set("/slow", async (_, answer) => {
    answer.writeHead(200, TYPE).write(PAGE.slice(0, 20));
    await setTimeout(1_500);
    answer.end(PAGE.slice(20));
  });
  assert.equal(headline(await get("/slow")), FOUND);
});
