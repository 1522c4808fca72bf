// What a page shows so many times only, what it leaves as the edge put it there, and which engine it loads.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { withPack } from "../edge/edge.mjs";
import { events, exported, launch, look, until, visitor } from "./browser.mjs";
import { asPerson, PERSON } from "./site.mjs";

const ALL = { analytics: true, personalization: true, marketing: true };
const once = (more) => ({
  pack: "limits",
  slots: { hero: { default: "keep" }, cross: { default: "keep" } },
  content: { welcome: { slot: "hero", text: "Welcome, once" } },
  rules: [{ id: "welcome", slot: "hero", when: { $did: { event: "Product Viewed" } }, show: "welcome", limit: { times: 1, per: "visitor" } }],
  ...more,
});

async function person() {
  const one = await visitor(browser, PERSON);
  await asPerson(one.context);
  return one;
}

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

const slot = (page, id) => page.locator(`[data-waymark-slot="${id}"]`);
const engines = (page) => page.evaluate(() => performance.getEntriesByType("resource")
  .map(({ name }) => /\/(engine|engine-whole)\.[^/]*\.wasm$/.exec(name)?.[1]).filter(Boolean));

test("content with a limit stays for as long as its page, counts once, and is gone on the next", async () => {
  await withPack(once(), async () => {
    const { context, page, seen } = await person();
    await look(page, "/");
    const authors = await slot(page, "hero").innerText();
    await page.evaluate((all) => waymark.consent(all), ALL);
    await page.evaluate(() => waymark.track("Product Viewed", { product_id: "t1", category: "tents" }));
    await until("the welcome", async () => (await slot(page, "hero").innerText()) === "Welcome, once");
    // More happens, and it is decided anew each time.
    for (let times = 0; times < 3; times += 1) {
      await page.evaluate(async () => {
        waymark.track("Product Viewed", { product_id: "t2", category: "tents" });
        await waymark.decide();
      });
    }
    assert.equal(await slot(page, "hero").innerText(), "Welcome, once");
    const id = await page.evaluate(() => JSON.parse(localStorage.waymark).device.id);
    const viewed = async () => (await exported()).filter((event) => event.anonymousId === id && event.event === "Content Viewed");
    await until("the view", async () => (await viewed()).length > 0, 15_000);
    await look(page, "/");
    assert.equal(await slot(page, "hero").innerText(), authors);
    assert.equal((await viewed()).length, 1);
    const [{ properties }] = await viewed();
    assert.deepEqual([properties.rule_id, properties.content_id, properties.slot], ["welcome", "welcome", "hero"]);
    assert.equal([...events(seen.sent).values()].filter(({ event }) => event === "Content Viewed").length, 1);
    assert.deepEqual(seen.errors, []);
    assert.deepEqual([...new Set(await engines(page))], ["engine"]);
    await context.close();
  });
});

test("what the edge alone decides stays in the page while the device decides the rest", async () => {
  const content = {
    welcome: { slot: "hero", text: "Welcome, once" },
    secret: { slot: "cross", text: "From the edge", runs: "edge" },
  };
  const [rule] = once().rules;
  const secret = { id: "secret", slot: "cross", when: { $did: { event: "Product Viewed" } }, show: "secret", runs: "edge" };
  await withPack(once({ content, rules: [{ ...rule, limit: undefined }, secret] }), async () => {
    const { context, page, seen } = await person();
    await look(page, "/");
    await page.evaluate((all) => waymark.consent(all), ALL);
    await page.evaluate(() => waymark.track("Product Viewed", { product_id: "t1", category: "tents" }));
    await until("the welcome", async () => (await slot(page, "hero").innerText()) === "Welcome, once");
    assert.notEqual(await slot(page, "cross").innerText(), "From the edge", "no page knows it");
    const id = await page.evaluate(() => JSON.parse(localStorage.waymark).device.id);
    await until("the event", async () => (await exported()).some((event) => event.anonymousId === id && event.event === "Product Viewed"), 15_000);
    await look(page, "/");
    const slots = await page.evaluate(async () => {
      waymark.track("Product Viewed", { product_id: "t2", category: "tents" });
      return (await waymark.decide()).slots;
    });
    assert.equal(await slot(page, "cross").innerText(), "From the edge");
    assert.equal(await slot(page, "hero").innerText(), "Welcome, once");
    assert.deepEqual([slots.cross.content, slots.hero.content], ["secret", "welcome"]);
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
});

test("a pack that needs the whole engine has pages load it", async () => {
  const when = { $distinct: { event: "Product Viewed", property: "product_id", is: { $gte: 2 } } };
  await withPack(once({ rules: [{ id: "welcome", slot: "hero", when, show: "welcome" }] }), async () => {
    const { context, page, seen } = await person();
    await look(page, "/");
    await page.evaluate((all) => waymark.consent(all), ALL);
    await page.evaluate(() => {
      for (const product_id of ["t1", "t1", "t2"]) waymark.track("Product Viewed", { product_id });
    });
    await until("the welcome", async () => (await slot(page, "hero").innerText()) === "Welcome, once");
    assert.ok((await engines(page)).includes("engine-whole"));
    assert.deepEqual(seen.errors, []);
    await context.close();
  });
});
