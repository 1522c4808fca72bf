// The demo's promises, driven as a visitor would.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { EDGE, events, exported, launch, look, stored, until, visitor } from "./browser.mjs";

const TENTS = ["tent-alcove-2", "tent-meridian-3", "tent-cirrus-1"];
let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

const hero = (page) => page.locator("[data-waymark-slot=hero]");

test("before consent nothing is stored and nothing is sent", async () => {
  const { context, page, seen } = await visitor(browser);
  const heard = (await exported()).length;
  await page.goto("/");
  await page.locator("#consent").waitFor({ state: "visible" });
  for (const tent of TENTS) await look(page, `/products/${tent}.html`);
  await page.goto("/tents.html");
  await page.waitForTimeout(1_500);
  assert.deepEqual(await stored(context, page), { cookies: [], local: [], session: [], databases: [] });
  assert.deepEqual(seen.sent, []);
  assert.equal((await exported()).length, heard);
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("before consent a rule that reads only the address decides, on the device and at the edge", async () => {
  const { context, page } = await visitor(browser);
  await page.goto("/?utm_source=newsletter");
  await until("the newsletter's hero", async () => (await hero(page).innerText()).includes("Spring on the ridge"));
  const html = await (await fetch(`${EDGE}/?utm_source=newsletter`)).text();
  assert.match(html, /Spring on the ridge/);
  const answer = await fetch(`${EDGE}/?utm_source=newsletter`);
  assert.equal(answer.headers.get("set-cookie"), null);
  await answer.text();
  await context.close();
});

test("a refusal is kept and nothing else", async () => {
  const { context, page, seen } = await visitor(browser);
  await page.goto("/");
  await page.locator("[data-consent=necessary]").click();
  await page.locator("#consent").waitFor({ state: "hidden" });
  await page.goto("/tents.html");
  await page.waitForTimeout(1_000);
  assert.equal(await page.locator("#consent").isVisible(), false);
  const device = await stored(context, page);
  assert.deepEqual(device.cookies, []);
  assert.ok(device.local.length <= 1, `stored: ${device.local}`);
  assert.equal(events(seen.sent).size, 0);
  await context.close();
});

test("a visitor's journey changes the page on the device, at the edge, and nobody else's", async () => {
  const { context, page, seen } = await visitor(browser);
  await context.addInitScript(noteWhatIsSent);
  await page.goto("/");
  await page.locator("[data-consent=all]").click();
  await until("the cookie", async () => (await context.cookies()).some((cookie) => cookie.name === "wm_v"));
  const cookie = (await context.cookies()).find((cookie) => cookie.name === "wm_v");
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, "Lax");

  for (const tent of TENTS.slice(0, 2)) await look(page, `/products/${tent}.html`);
  await page.goto("/");
  assert.match(await hero(page).innerText(), /Sleep under the stars/i);

  // The third tent, with the network gone: the device decides alone.
  await until("the engine", () => page.evaluate(() => globalThis.waymark.decide().then((d) => d.source === "device")));
  await context.setOffline(true);
  await page.evaluate(() => {
    globalThis.waymark.track("Product Viewed", {
      product_id: "tent-cirrus-1", name: "Cirrus 1", category: "tents", price: 279, currency: "SGD",
    });
  });
  await until("the hero", async () => /Find the tent/i.test(await hero(page).innerText()));
  assert.match(await hero(page).innerText(), /Cirrus 1/);
  await context.setOffline(false);

  // The edge knows as much once the events have arrived, and writes it into the page.
  const asFetched = async () => {
    // The answer to the events renews what a page is decided by.
    const cookie = (await context.cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
    return fetch(`${EDGE}/`, { headers: { cookie, "accept-language": "en" } });
  };
  const html = await until("the edge's hero", async () => {
    const text = await (await asFetched()).text();
    return text.includes("Find the tent") && text;
  }, 15_000);
  assert.match(html, /<script type="application\/json" id="waymark-decision">/);
  const answer = await asFetched();
  assert.match(answer.headers.get("cache-control"), /private/);
  await answer.text();

  // With scripts off the same page is already personal.
  const plain = await browser.newContext({ baseURL: EDGE, javaScriptEnabled: false, locale: "en-GB" });
  await plain.addCookies(await context.cookies());
  const still = await plain.newPage();
  await still.goto("/");
  assert.match(await still.locator("[data-waymark-slot=hero]").innerText(), /Find the tent/i);
  await plain.close();

  // The browser adopts what the edge decided.
  await page.goto("/");
  const source = await page.evaluate(() => new Promise((done) => globalThis.waymark.on("decision", (d) => done(d.source))));
  assert.equal(source, "edge");

  // A second visitor sees the author's page.
  const other = await visitor(browser);
  await other.page.goto("/");
  assert.match(await hero(other.page).innerText(), /Sleep under the stars/i);
  assert.doesNotMatch(await (await fetch(`${EDGE}/`)).text(), /Find the tent/);
  await other.context.close();

  // An order moves the stage.
  await page.goto("/products/tent-meridian-3.html");
  await page.locator("[data-add] button").click();
  await page.goto("/cart.html");
  await page.goto("/checkout.html");
  await page.locator("#name").fill("Mei Tan");
  await page.locator("#email").fill("mei@example.com");
  await page.locator("[data-checkout] [type=submit]").click();
  await page.waitForURL(/thanks/);
  await page.goto("/");
  await until("the customer's hero", async () => /Welcome back, Mei/i.test(await hero(page).innerText()));
  const stage = await page.evaluate(() => globalThis.waymark.decide().then((d) => d.stage));
  assert.equal(stage, "customer");

  // What the edge stored is exactly what was sent.
  const mine = (all, anonymousId) => all.filter((event) => event.anonymousId === anonymousId);
  const ids = (all) => all.map((event) => event.messageId).sort();
  const atEdge = await until("at the edge exactly what was sent", async () => {
    const sent = await page.evaluate(() => Object.values(JSON.parse(localStorage.getItem("sent") ?? "{}")));
    const stored = sent.length > 0 && mine(await exported(), sent[0].anonymousId);
    return stored && ids(stored).join() === ids(sent).join() && stored;
  }, 20_000);
  const names = atEdge.map((event) => event.event ?? event.type);
  for (const name of ["page", "Product Viewed", "Product Added", "Checkout Started", "identify", "Order Completed"]) {
    assert.ok(names.includes(name), `${name} among ${names}`);
  }
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("the Chinese shop gets Chinese content", async () => {
  const { context, page } = await visitor(browser, { locale: "zh-CN" });
  await page.goto("/zh/");
  await page.locator("[data-consent=all]").click();
  for (const tent of TENTS) await look(page, `/zh/products/${tent}.html`);
  await page.goto("/zh/");
  await until("the hero", async () => (await hero(page).innerText()).includes("挑一顶帐篷"));
  await context.close();
});

test("withdrawing wipes the device and gives the author's page back", async () => {
  const { context, page } = await visitor(browser);
  await page.goto("/");
  await page.locator("[data-consent=all]").click();
  for (const tent of TENTS) await look(page, `/products/${tent}.html`);
  await page.goto("/");
  await until("the hero", async () => /Find the tent/i.test(await hero(page).innerText()));
  await page.evaluate(() => globalThis.waymark.consent({ analytics: false, personalization: false, marketing: false }));
  await until("no cookie", async () => !(await context.cookies()).some((cookie) => cookie.name === "wm_v"));
  const kept = await page.evaluate(() => JSON.stringify(localStorage));
  assert.doesNotMatch(kept, /anonymousId|state|outbox|deviceKey/);
  await page.reload();
  assert.match(await hero(page).innerText(), /Sleep under the stars/i);
  await context.close();
});

/** Keeps each event as it leaves the page: beacons of a page that is going are reported to nobody. */
function noteWhatIsSent() {
  const note = (url, body) => {
    if (!/\/v1\/(batch|beacon)$/.test(String(url))) return;
    const sent = JSON.parse(localStorage.getItem("sent") ?? "{}");
    for (const event of JSON.parse(body).batch) sent[event.messageId] = event;
    localStorage.setItem("sent", JSON.stringify(sent));
  };
  const { fetch, navigator } = globalThis;
  const beacon = navigator.sendBeacon.bind(navigator);
  globalThis.fetch = (url, init) => {
    note(url, init?.body);
    return fetch(url, init);
  };
  navigator.sendBeacon = (url, body) => {
    note(url, body);
    return beacon(url, body);
  };
}
