// A page of somebody else's site: one tag, an attribute, and the calls.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { EDGE, exported, launch, look, until, visitor } from "./browser.mjs";
import { waiting } from "./site.mjs";

const ALL = { analytics: true, personalization: true, marketing: true };
let browser;
let server;
let site;

before(async () => {
  browser = await launch();
  const page = `<!doctype html><html lang="en"><title>Blog</title>
<script>
  window.waymark = window.waymark || [];
  waymark.push(["track", "Product Viewed", { product_id: "t1", name: "First tent", category: "tents" }]);
</script>
<script async src="${EDGE}/waymark.js" data-write-key="wk_demo"></script>
<h1 data-waymark-slot="hero">As the author wrote it</h1>`;
  server = createServer((_, response) => response.writeHead(200, { "content-type": "text/html" }).end(page));
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  site = `http://localhost:${server.address().port}/`;
});
after(async () => {
  await browser?.close();
  server?.close();
});

async function open() {
  const one = await visitor(browser);
  await one.page.goto(site);
  await one.page.waitForFunction(() => globalThis.waymark?.stats);
  return one;
}

const stored = async (id) => (await exported()).filter((event) => event.anonymousId === id);
const device = (page) => page.evaluate(() => JSON.parse(localStorage.waymark).device?.id);

test("one tag and one attribute personalise a page of another origin", async () => {
  const { context, page, seen } = await open();
  await page.evaluate((all) => waymark.consent(all), ALL);
  await page.evaluate(() => {
    for (const name of ["Second tent", "Third tent"]) {
      waymark.push(["track", "Product Viewed", { product_id: name, name, category: "tents" }]);
    }
  });
  await until("the hero", async () => /You looked at Third tent/.test(await page.locator("h1, section").first().innerText()));
  const id = await device(page);
  // The call made before the loader came, the page view and the two others, once each.
  const events = await until("four events", async () => {
    const all = await stored(id);
    return all.length >= 4 && all;
  }, 20_000);
  const names = events.map((event) => event.event ?? event.type);
  assert.deepEqual(names.sort(), ["Product Viewed", "Product Viewed", "Product Viewed", "page"]);
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("handlers hear what happens, those who come late the latest", async () => {
  const { context, page } = await open();
  const heard = await page.evaluate(async (all) => {
    const heard = [];
    const stop = waymark.on("effects", ({ entered, stage }) => heard.push([...entered, stage?.to]));
    waymark.on("consent", ({ decided, analytics }) => heard.push(["consent", decided, analytics]));
    waymark.consent(all);
    await waymark.decide();
    stop();
    waymark.track("Order Completed", { order_id: "o1", revenue: 600 });
    const decision = await waymark.decide();
    const late = await new Promise((done) => waymark.on("decision", done));
    return { heard, stage: decision.stage, segments: decision.segments, late: late.stage, source: decision.source };
  }, ALL);
  assert.deepEqual(heard.heard.filter(([first]) => first === "consent"), [["consent", false, false], ["consent", true, true]]);
  assert.ok(heard.heard.some((entered) => entered.includes("awareness")), JSON.stringify(heard));
  assert.ok(!heard.heard.some((entered) => entered.includes("customer")), "stopped handlers are silent");
  assert.ok(heard.segments.includes("big-spender"));
  assert.deepEqual([heard.stage, heard.late, heard.source], ["customer", "customer", "device"]);
  await context.close();
});

test("identify names the visitor, reset makes another of them", async () => {
  const { context, page } = await open();
  await page.evaluate((all) => {
    waymark.consent(all);
    waymark.identify("u-1", { firstName: "Mei" });
    waymark.track("Order Completed", { order_id: "o1", revenue: 10 });
  }, ALL);
  await until("the name in the hero", async () => /Welcome back, Mei/.test(await page.locator("body").innerText()));
  const first = await device(page);
  await until("the user at the edge", async () => (await stored(first)).some((event) => event.userId === "u-1"), 20_000);
  await page.evaluate(() => waymark.reset());
  const second = await until("a new device", async () => {
    const id = await device(page);
    return id !== first && id;
  });
  await until("the author's", async () => /As the author wrote it/.test(await page.locator("h1[data-waymark-slot]").innerText()));
  await page.evaluate(() => waymark.track("Something Else"));
  const events = await until("the other's event", async () => {
    const all = await stored(second);
    return all.length > 0 && all;
  }, 20_000);
  assert.ok(events.every((event) => event.userId === undefined));
  await context.close();
});

test("the last events of a page that is left go out with it", async () => {
  const { context, page } = await open();
  await page.evaluate((all) => waymark.consent(all), ALL);
  const id = await until("a device", () => device(page));
  await page.evaluate(() => waymark.track("Last Word"));
  await page.goto("about:blank");
  await until("the last word", async () => (await stored(id)).some((event) => event.event === "Last Word"));
  await context.close();
});

test("events that could not be sent are sent again, and count once", async () => {
  const { context, page } = await open();
  let refused = 0;
  await page.route("**/v1/batch", async (route) => {
    refused += 1;
    if (refused === 1) return route.abort();
    // Stored, but nobody heard of it.
    if (refused === 2) await route.fetch();
    return refused <= 3 ? route.fulfill({ status: 503, body: "" }) : route.continue();
  });
  await page.evaluate((all) => {
    waymark.consent(all);
    waymark.track("Once");
  }, ALL);
  await until("a fourth attempt", () => refused > 3, 60_000);
  await until("an empty outbox", () => page.evaluate(waiting).then((count) => count === 0), 30_000);
  const id = await device(page);
  const names = (await stored(id)).map((event) => event.event ?? event.type).sort();
  assert.deepEqual(names, ["Once", "Product Viewed", "page"]);
  await context.close();
});

test("a bad call is reported and never thrown into the page", async () => {
  const { context, page, seen } = await open();
  const codes = await page.evaluate(async (all) => {
    const codes = [];
    waymark.on("error", ({ code }) => codes.push(code));
    waymark.consent(all);
    const deep = {};
    let at = deep;
    for (let level = 0; level < 20; level += 1) at = at.a = {};
    const round = {};
    round.round = round;
    waymark.track("");
    waymark.track("x", "not an object");
    waymark.track("x", round);
    waymark.track("x", deep);
    waymark.track("x", { big: "y".repeat(40_000) });
    waymark.identify(true);
    waymark.consent("yes");
    waymark.on("decision");
    await waymark.decide();
    await new Promise((done) => setTimeout(done, 50));
    return codes;
  }, ALL);
  assert.deepEqual(codes.sort(), [
    "bad-consent", "bad-event-name", "bad-handler", "bad-id", "bad-properties", "bad-properties",
    "event-too-large", "too-deep",
  ]);
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("what a person's other device did, and a server told, reaches this one", async () => {
  const { context, page } = await open();
  await page.evaluate((all) => waymark.consent(all), ALL);
  const user = `ann-${Date.now()}`;
  await page.evaluate((user) => { waymark.identify(user); waymark.track("Mine"); }, user);
  const id = await device(page);
  await until("its events", async () => (await stored(id)).some(({ event }) => event === "Mine"), 20_000);
  const authorization = `Basic ${btoa("sk_demo:")}`;
  const batch = [
    { type: "identify", userId: user, anonymousId: id, messageId: `i-${user}` },
    { type: "track", event: "Order Completed", userId: user, anonymousId: `other-${user}`, messageId: `o-${user}`, properties: { order_id: "o9", revenue: 900 } },
  ];
  const answer = await fetch(`${EDGE}/v1/batch`, { method: "POST", headers: { authorization }, body: JSON.stringify({ batch }) });
  assert.equal(answer.status, 200, await answer.text());
  const before = await page.evaluate(() => waymark.decide());
  assert.equal(before.stage, "awareness");
  // The next page asks, and what this one does meanwhile is counted once.
  await page.goto(site);
  await page.waitForFunction(() => globalThis.waymark?.stats);
  await until("the other's order", () => page.evaluate(async () => (await waymark.decide()).stage === "customer"));
  const after = await page.evaluate(() => waymark.decide());
  assert.ok(after.segments.includes("big-spender"), JSON.stringify(after));
  await page.evaluate(() => { waymark.track("Mine again"); waymark.track("And again"); });
  await until("all is at the edge", async () => (await stored(id)).some(({ event }) => event === "Mine again"), 20_000);
  // It is kept, and nothing of it was taken in twice: device and edge count the same.
  await page.goto(site);
  await page.waitForFunction(() => globalThis.waymark?.stats);
  await until("both count the same", async () => {
    const own = await page.evaluate(() => waymark.decide());
    const known = await fetch(`${EDGE}/v1/decide`, { method: "POST", headers: { authorization }, body: JSON.stringify({ anonymousId: id }) });
    const { seq } = await known.json();
    return own.stage === "customer" && own.seq === seq;
  }, 20_000);
  await context.close();
});

test("behind the edge, too, a page ends with what the edge knew when it made it", async () => {
  const { context, page, seen } = await visitor(browser);
  await look(page, "/");
  await page.evaluate((all) => waymark.consent(all), ALL);
  await page.evaluate(() => waymark.track("Mine"));
  const id = await device(page);
  await until("its events", async () => (await stored(id)).some(({ event }) => event === "Mine"), 20_000);
  const order = { type: "track", event: "Order Completed", anonymousId: id, messageId: `s-${id}`, properties: { order_id: "o7", revenue: 900 } };
  const authorization = `Basic ${btoa("sk_demo:")}`;
  const answer = await fetch(`${EDGE}/v1/batch`, { method: "POST", headers: { authorization }, body: JSON.stringify({ batch: [order] }) });
  assert.equal(answer.status, 200, await answer.text());
  await until("its cookie", async () => (await context.cookies()).length > 0);
  // What the page does before it has an engine is neither lost nor counted twice.
  await page.addInitScript(() => { window.waymark = [["track", "Early"], ["page"], ["track", "Late"]]; });
  await look(page, "/");
  const embedded = await page.evaluate(() => JSON.parse(document.querySelector("script#waymark-decision").textContent));
  assert.equal(embedded.stage, "customer");
  const own = await page.evaluate(() => waymark.decide());
  assert.deepEqual([own.stage, own.source], ["customer", "device"]);
  assert.equal(own.slots.hero?.content, embedded.slots.hero?.content);
  await until("both count the same", async () => {
    const { seq } = await page.evaluate(() => waymark.decide());
    const known = await fetch(`${EDGE}/v1/decide`, { method: "POST", headers: { authorization }, body: JSON.stringify({ anonymousId: id }) });
    const told = await known.json();
    return (await stored(id)).some(({ event }) => event === "Late") && seq === told.seq;
  }, 20_000);
  assert.deepEqual(seen.errors, []);
  await context.close();
});
