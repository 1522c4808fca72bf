// What a page does by itself: a toast when something happens, told of once, and nothing of what is sent.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { withPack } from "../edge/edge.mjs";
import { events, exported, launch, look, until, visitor } from "./browser.mjs";
import { asPerson, PERSON } from "./site.mjs";

const ALL = { analytics: true, personalization: true, marketing: true };
const PACK = {
  pack: "triggers",
  journey: { stages: [{ id: "looking", enter: { $did: { event: "Page Viewed" } } }, { id: "customer", enter: { $did: { event: "Order Completed" } } }] },
  slots: { hero: { default: "keep" }, cross: { default: "keep" } },
  content: {
    thanks: { slot: "hero", text: "Thank you" },
    tents: { slot: "cross", text: "Still looking for a tent?" },
  },
  destinations: { "hush-email": { channel: "email" } },
  triggers: [
    { id: "bought", on: { stage: { to: "customer" } }, do: { show: "thanks", for: "2s" } },
    { id: "viewed", on: { event: "Product Viewed" }, do: { show: "tents" }, limit: { times: 1, per: "visitor" } },
    { id: "hush-mail", on: { event: "Order Completed" }, do: { send: "hush-email", message: "hush-receipt" } },
  ],
  journeys: {
    "hush-journey": { enter: { event: "Order Completed" }, steps: [{ id: "hush-wait", wait: "1d" }, { id: "hush-ask", send: "hush-email" }] },
  },
};

async function person() {
  const one = await visitor(browser, PERSON);
  await asPerson(one.context);
  return one;
}

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

const slot = (page, id) => page.locator(`[data-waymark-slot="${id}"]`).innerText();
const actions = (page) => page.evaluate(() => globalThis.actions.map(({ properties }) => properties.trigger_id));
const listen = (page) => page.evaluate(() => {
  globalThis.actions = [];
  waymark.on("action", (action) => globalThis.actions.push(action));
});

test("what a trigger shows is there at once, for as long as it says, and is logged once", async () => {
  await withPack(PACK, async () => {
    const { context, page, seen } = await person();
    await look(page, "/");
    const authors = [await slot(page, "hero"), await slot(page, "cross")];
    await page.evaluate((all) => waymark.consent(all), ALL);
    await listen(page);
    await page.evaluate(() => waymark.track("Product Viewed", { product_id: "t1" }));
    await until("the tent", async () => (await slot(page, "cross")) === "Still looking for a tent?");
    await page.evaluate(() => waymark.track("Order Completed", { order_id: "o1", revenue: 10 }));
    await until("the thanks", async () => (await slot(page, "hero")) === "Thank you");
    // Once more changes nothing: they are a customer already, and the tent was shown.
    await page.evaluate(() => waymark.track("Product Viewed", { product_id: "t2" }));
    await page.evaluate(() => waymark.track("Order Completed", { order_id: "o2", revenue: 10 }));
    await until("the end of the thanks", async () => (await slot(page, "hero")) === authors[0]);
    assert.deepEqual(await actions(page), ["viewed", "bought"]);

    const id = await page.evaluate(() => JSON.parse(localStorage.waymark).device.id);
    const logged = async () => (await exported())
      .filter((event) => event.anonymousId === id && event.event === "Content Triggered")
      .map((event) => [event.properties.trigger_id, event.properties.content_id]);
    await until("both in the log", async () => (await logged()).length >= 2, 15_000);
    assert.deepEqual(await logged(), [["viewed", "tents"], ["bought", "thanks"]]);

    // On the next page, which knows all of it, nothing is done once more.
    await look(page, "/");
    await listen(page);
    await page.evaluate(() => waymark.track("Product Viewed", { product_id: "t3" }));
    await page.evaluate(() => waymark.decide());
    assert.deepEqual(await actions(page), []);
    assert.deepEqual([...events(seen.sent).values()].filter(({ event }) => event === "Content Triggered").length, 2);
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
});

test("of what is sent, and of journeys, a page is told nothing", async () => {
  await withPack(PACK, async () => {
    const { context, page, seen } = await person();
    const bodies = [];
    page.on("response", (response) => bodies.push(response.body().catch(() => Buffer.alloc(0))));
    await look(page, "/");
    await page.evaluate((all) => waymark.consent(all), ALL);
    await listen(page);
    await page.evaluate(() => waymark.track("Order Completed", { order_id: "o1", revenue: 10 }));
    await until("the thanks", async () => (await slot(page, "hero")) === "Thank you");
    await look(page, "/");
    const told = (await Promise.all(bodies)).map((body) => body.toString("latin1")).join("\n");
    assert.match(told, /bought/);
    assert.doesNotMatch(told, /hush[-_ ]/i);
    const stored = await page.evaluate(() => JSON.stringify(localStorage));
    assert.doesNotMatch(stored, /hush[-_ ]/i);
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
});
