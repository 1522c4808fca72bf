// Delivery under harm, in Chromium: whatever is killed, cut off or full, exactly the events that were
// tracked arrive, once.
import assert from "node:assert/strict";
import { createServer, request as ask } from "node:http";
import { after, before, test } from "node:test";
import { admin } from "../edge/edge.mjs";
import { start, givePack } from "../edge/workerd.mjs";
import { EDGE, exported, launch, until, visitor } from "./browser.mjs";
import { ALL, open, site, waiting } from "./site.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

async function begin(options = {}) {
  const { url, stop } = await site(options);
  const one = await visitor(browser);
  await open(one.page, url);
  await one.page.evaluate((all) => waymark.consent(all), ALL);
  const id = await until("a device", () => one.page.evaluate(() => waymark.user().anonymousId()));
  const end = async () => {
    await one.context.close();
    await stop();
  };
  return { ...one, url, id, end };
}

/** What was tracked with a number, as the edge has it; sorted. */
async function numbers(id, from = exported) {
  const all = (await from()).filter((event) => event.anonymousId === id && event.event === "Step");
  return all.map(({ properties }) => properties.n).sort((a, b) => a - b);
}

const upTo = (count) => Array.from({ length: count }, (_, n) => n);
const track = (page, from, to) => page.evaluate(([from, to]) => {
  for (let n = from; n < to; n++) waymark.track("Step", { n });
}, [from, to]);
const allOf = (id, count, from) => until(`${count} steps`, async () => (await numbers(id, from)).length >= count, 60_000)
  .then(() => numbers(id, from));

test("an hour without a network: everything goes out when it is back, in few requests", async () => {
  const { context, page, seen, id, end } = await begin();
  await until("the page view", async () => (await page.evaluate(waiting)) === 0, 20_000);
  await context.setOffline(true);
  // An hour of use by the page's own clock, an event every six seconds.
  await page.clock.install();
  for (let minute = 0; minute < 60; minute += 1) {
    await track(page, minute * 10, minute * 10 + 10);
    await page.clock.runFor(60_000);
  }
  assert.equal(await page.evaluate(() => waymark.stats.dropped), 0);
  assert.ok((await page.evaluate(waiting)) >= 600);
  const before = seen.sent.filter(({ path }) => path === "/v1/batch").length;
  await context.setOffline(false);
  await page.clock.runFor(120_000);
  await page.clock.resume();
  assert.deepEqual(await allOf(id, 600), upTo(600));
  const requests = seen.sent.filter(({ path }) => path === "/v1/batch").length - before;
  assert.ok(requests <= 12, `${requests} requests for 600 events`);
  await until("an empty queue", async () => (await page.evaluate(waiting)) === 0, 20_000);
  await end();
});

test("a tab that is killed has lost nothing that was tracked before", async () => {
  const { context, page, url, id, end } = await begin();
  await until("the page view", async () => (await page.evaluate(waiting)) === 0, 20_000);
  await page.route("**/v1/{batch,beacon}", (route) => route.abort());
  await track(page, 0, 50);
  // The next task has handed them over; nothing is told on leaving.
  await page.evaluate(() => new Promise((done) => setTimeout(done, 20)));
  const session = await context.newCDPSession(page);
  const crashed = page.waitForEvent("crash");
  session.send("Page.crash").catch(() => undefined);
  await crashed;
  const next = await context.newPage();
  await open(next, url);
  assert.deepEqual(await allOf(id, 50), upTo(50));
  await end();
});

test("a tab that is killed after an attempt failed has lost neither what was tried nor what came since", async () => {
  const { context, page, url, id, end } = await begin();
  await until("the page view", async () => (await page.evaluate(waiting)) === 0, 20_000);
  await page.route("**/v1/{batch,beacon}", (route) => route.abort());
  await track(page, 0, 30);
  const stored = () => page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("waymark.outbox ")).length);
  await until("a failed attempt", async () => (await stored()) === 0 && (await page.evaluate(waiting)) === 30, 20_000);
  await track(page, 30, 50);
  await page.evaluate(() => new Promise((done) => setTimeout(done, 20)));
  assert.equal(await page.evaluate(waiting), 50);
  const session = await context.newCDPSession(page);
  const crashed = page.waitForEvent("crash");
  session.send("Page.crash").catch(() => undefined);
  await crashed;
  const next = await context.newPage();
  await open(next, url);
  assert.deepEqual(await allOf(id, 50), upTo(50));
  await until("an empty queue", async () => (await next.evaluate(waiting)) === 0, 20_000);
  await end();
});

test("an edge that is killed and comes back has everything, once", async () => {
  // An edge of our own behind a fixed port, so that it can be killed.
  let edge = await start({ vars: {} });
  const { folder } = edge;
  const port = Number(new URL(edge.url).port);
  await givePack(edge.url);
  const from = async () => {
    const all = [];
    for (let next = "/export"; next;) {
      const { text, headers } = await admin(next, { edge: edge.url });
      all.push(...text.split("\n").filter(Boolean).map((line) => JSON.parse(line)));
      next = /<\/admin\/v1([^>]+)>; rel="next"/.exec(headers.link ?? "")?.[1];
    }
    return all;
  };
  const { page, id, end } = await begin({ edge: edge.url });
  for (let round = 0; round < 5; round++) {
    await track(page, round * 40, round * 40 + 40);
    // In the middle of a request, before it, or after it.
    await page.waitForTimeout(300 * round + 700);
    await edge.kill();
    await page.waitForTimeout(300);
    edge = await start({ folder, port, vars: {} });
  }
  assert.deepEqual(await allOf(id, 200, from), upTo(200));
  await page.waitForTimeout(1_000);
  assert.deepEqual(await numbers(id, from), upTo(200));
  await end();
  await edge.stop();
});

test("five tabs at once are one visitor, one queue and one sender", async () => {
  const { context, page, url, id, end } = await begin();
  const pages = [page];
  for (let i = 0; i < 4; i++) {
    const other = await context.newPage();
    await open(other, url);
    pages.push(other);
  }
  let flying = 0;
  let most = 0;
  context.on("request", (request) => { if (request.url().endsWith("/v1/batch")) most = Math.max(most, ++flying); });
  for (const name of ["requestfinished", "requestfailed"]) {
    context.on(name, (request) => { if (request.url().endsWith("/v1/batch")) flying--; });
  }
  await Promise.all(pages.map((one, at) => track(one, at * 60, at * 60 + 60)));
  assert.deepEqual(await allOf(id, 300), upTo(300));
  assert.ok(most <= 1, `${most} requests at once`);
  // Their profile is one, too: each tab knows of the others' events.
  const seqs = await until("one profile", async () => {
    const all = await Promise.all(pages.map((one) => one.evaluate(async () => (await waymark.decide()).seq)));
    return new Set(all).size === 1 && all;
  }, 20_000);
  assert.ok(seqs[0] >= 305, `${seqs[0]} events in the profile`);
  await end();
});

test("with storage full events wait in memory and arrive", async () => {
  const { context, page, url } = await begin();
  await page.close();
  const full = await context.newPage();
  await full.addInitScript(() => {
    const refuse = () => { throw new DOMException("full", "QuotaExceededError"); };
    Storage.prototype.setItem = refuse;
    IDBObjectStore.prototype.put = refuse;
  });
  await open(full, url);
  await full.evaluate((all) => waymark.consent(all), ALL);
  const id = await full.evaluate(() => waymark.user().anonymousId());
  await track(full, 0, 20);
  assert.deepEqual(await allOf(id, 20), upTo(20));
  await full.evaluate(() => waymark.track("Step", { n: 20 }));
  // Gone at once: what is in memory only goes out with the page.
  await full.goto("about:blank");
  assert.deepEqual(await allOf(id, 21), upTo(21));
  await context.close();
});

test("an edge that is overloaded is asked again when it says, and a refusal is final", async () => {
  const { page, id, end } = await begin();
  await until("the page view", async () => (await page.evaluate(waiting)) === 0, 20_000);
  const times = [];
  await page.route("**/v1/batch", async (route) => {
    times.push(Date.now());
    if (times.length === 1) return route.fulfill({ status: 429, headers: { "retry-after": "7", "access-control-allow-origin": new URL(page.url()).origin, "access-control-allow-credentials": "true", "access-control-expose-headers": "retry-after" }, body: "" });
    if (times.length === 2) return route.fulfill({ status: 400, headers: { "access-control-allow-origin": new URL(page.url()).origin, "access-control-allow-credentials": "true" }, body: "{}" });
    return route.continue();
  });
  await track(page, 0, 1);
  await until("a second attempt", () => times.length >= 2, 20_000);
  assert.ok(times[1] - times[0] >= 7_000, `${times[1] - times[0]} ms`);
  await track(page, 1, 2);
  assert.deepEqual(await allOf(id, 1), [1]);
  assert.equal(await page.evaluate(waiting), 0);
  await end();
});

test("requests need no preflight, and a device whose clock is wrong is corrected", async () => {
  // Browsers tell nobody of their preflights: what comes is counted where it arrives.
  const methods = [];
  const edge = createServer((request, response) => {
    methods.push(`${request.method} ${request.url}`);
    const { host } = new URL(EDGE);
    const onward = ask(EDGE + request.url, { method: request.method, headers: { ...request.headers, host } }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  await new Promise((done) => edge.listen(0, "127.0.0.1", done));
  edge.unref();
  const { url, stop } = await site({ edge: `http://127.0.0.1:${edge.address().port}` });
  const { context, page } = await visitor(browser);
  // Two hours ahead.
  await page.clock.install({ time: Date.now() + 2 * 3_600_000 });
  await open(page, url);
  await page.evaluate((all) => waymark.consent(all), ALL);
  await page.evaluate(() => waymark.track("Step", { n: 0 }));
  await page.clock.resume();
  const id = await until("a device", () => page.evaluate(() => waymark.user().anonymousId()));
  assert.deepEqual(await allOf(id, 1), [0]);
  const [event] = (await exported()).filter((one) => one.anonymousId === id && one.event === "Step");
  assert.ok(Math.abs(Date.parse(event.timestamp) - Date.now()) < 60_000, event.timestamp);
  assert.deepEqual(methods.filter((line) => line.startsWith("OPTIONS")), []);
  assert.ok(methods.some((line) => line.startsWith("POST /v1/batch")) && methods.some((line) => line.startsWith("POST /v1/consent")), methods.join());
  // One that needs a preflight would have been seen.
  await page.evaluate(async (at) => fetch(`${at}/v1/batch`, { method: "POST", headers: { "content-type": "application/json" }, body: "{}" }).catch(() => undefined), `http://127.0.0.1:${edge.address().port}`);
  assert.equal(methods.filter((line) => line === "OPTIONS /v1/batch").length, 1);
  await context.close();
  edge.closeAllConnections();
  edge.close();
  await stop();
});
