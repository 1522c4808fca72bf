// What developers and marketers see over a page: why it shows what it shows, and packs that are not live.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { admin } from "../edge/edge.mjs";
import { launch, look, until, visitor } from "./browser.mjs";
import { ALL, open, profile, site, waiting } from "./site.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

test("?waymark=debug says who the visitor is, and for each slot who won and which clause the others failed", async () => {
  const { url, stop } = await site({ body: '<h1 data-waymark-slot="hero">author</h1>' });
  const { context, page, seen } = await visitor(browser);
  await open(page, `${url}?waymark=debug`);
  const panel = page.getByRole("complementary", { name: "Waymark" });
  await panel.waitFor();
  await until("nobody", async () => /nobody: there is no consent/.test(await panel.innerText()));
  await page.evaluate((all) => {
    waymark.consent(all);
    for (const id of ["t1", "t2", "t3"]) waymark.track("Product Viewed", { product_id: id, name: `Tent ${id}`, category: "tents" });
  }, ALL);
  const id = await until("a device", () => page.evaluate(() => waymark.user().anonymousId()));
  const text = await until("the tents", async () => {
    const text = await panel.innerText();
    return text.includes(id) && /tent-shopper/.test(text) && text;
  });
  assert.match(text, /hero-tents/);
  const failed = await panel.locator("li.lost li").allInnerTexts();
  assert.ok(failed.length > 0, text);
  await panel.getByRole("button", { name: "Close" }).click();
  assert.equal(await panel.count(), 0);
  assert.deepEqual(seen.errors, []);
  await context.close();
  await stop();
});

test("explain() gives the same to code", async () => {
  const { url, stop } = await site();
  const { context, page } = await visitor(browser);
  await open(page, url);
  const explained = await page.evaluate((all) => {
    waymark.consent(all);
    waymark.track("Order Completed", { order_id: "o1", revenue: 900 });
    return waymark.explain("hero");
  }, ALL);
  assert.ok(explained.rules.every(({ slot }) => slot === "hero"));
  assert.ok(explained.segments.some(({ id, truth }) => id === "big-spender" && truth === "true"));
  await context.close();
  await stop();
});

test("a preview link shows its pack until it expires, tells nobody, and can be left", async () => {
  const source = JSON.stringify({
    pack: "draft",
    slots: { hero: { default: "draft" } }, content: { draft: { slot: "hero", html: "<h1>A draft</h1>" } },
  });
  const { hash } = (await admin("/packs", { method: "PUT", body: source })).json;
  const made = await admin("/previews", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ pack: hash }) });
  const { query } = made.json;
  const { context, page, seen } = await visitor(browser);
  await look(page, "/");
  const before = await page.locator('[data-waymark-slot="hero"]').innerText();
  // Who has agreed on an earlier page is not tracked in a preview either.
  await page.evaluate((all) => waymark.consent(all), ALL);
  await until("the page view", () => seen.sent.some(({ path }) => path === "/v1/batch"), 15_000);
  // One that was left before it heard of that would have the next page send it again.
  await until("its answer", async () => (await page.evaluate(waiting)) === 0);
  seen.sent.length = 0;
  await look(page, `/${query}`);
  const bar = page.getByRole("complementary", { name: /Preview of the pack/ });
  await bar.waitFor();
  await until("the draft", async () => /A draft/.test(await page.locator('[data-waymark-slot="hero"]').innerText()));
  await page.evaluate(() => waymark.track("Quiet"));
  await page.waitForTimeout(1_500);
  assert.ok(seen.sent.every(({ path }) => path !== "/v1/batch"), JSON.stringify(seen.sent));
  const kept = await page.evaluate(profile);
  await page.evaluate(() => dispatchEvent(new Event("pagehide")));
  assert.equal(await page.evaluate(profile), kept);
  await bar.getByRole("button", { name: "Leave" }).click();
  await page.waitForURL((url) => !url.search);
  await page.waitForFunction(() => globalThis.waymark?.stats);
  await until("the live page", async () => (await page.locator('[data-waymark-slot="hero"]').innerText()) === before);
  await context.close();
});

test("a preview link that was changed is said to be none", async () => {
  const { context, page } = await visitor(browser);
  const said = page.waitForEvent("console", { predicate: (message) => /bad-preview/.test(message.text()) });
  await page.goto("/?waymark_preview=p1.x.y.z");
  assert.match((await said).text(), /another edge signed it/);
  await context.close();
});
