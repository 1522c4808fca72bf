// A page never breaks: whatever fails, the author's content stays.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { admin, EDGE, events, launch, look, until, visitor } from "./browser.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

const hero = (page) => page.locator("[data-waymark-slot=hero]");

test("where wasm is refused events still go out and the author's content stays", async () => {
  const { context, page, seen } = await visitor(browser);
  await page.route("**/*.html", (route) => withPolicy(route));
  await page.route(`${EDGE}/`, (route) => withPolicy(route));
  await page.goto("/");
  await page.locator("[data-consent=all]").click();
  for (const tent of ["tent-alcove-2", "tent-meridian-3", "tent-cirrus-1"]) await look(page, `/products/${tent}.html`);
  await page.goto("/");
  await until("events", () => [...events(seen.sent).values()].filter((event) => event.event === "Product Viewed").length === 3);
  const decision = await page.evaluate(() => globalThis.waymark.decide());
  assert.equal(decision.source, "none");
  assert.match(await hero(page).innerText(), /Sleep under the stars/i);
  await context.close();

  async function withPolicy(route) {
    // The page as its author wrote it: no cookie, so the edge decides nothing.
    const response = await route.fetch({ headers: { ...route.request().headers(), cookie: "" } });
    const headers = { ...response.headers(), "content-security-policy": "script-src 'self'; object-src 'none'" };
    await route.fulfill({ response, headers });
  }
});

test("a Program that cannot be read leaves the page as it is", async () => {
  const { context, page, seen } = await visitor(browser);
  await page.route("**/v1/pack**", (route) => route.fulfill({ status: 200, body: "not a program" }));
  await page.goto("/");
  await page.locator("[data-consent=all]").click();
  await until("a page view", () => [...events(seen.sent).values()].some((event) => event.type === "page"));
  assert.match(await hero(page).innerText(), /Sleep under the stars/i);
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("a Program with bytes that were changed on the way breaks neither the page nor what is tracked", async () => {
  const { context, page, seen } = await visitor(browser);
  let turn = 0;
  await page.route("**/v1/pack**", async (route) => {
    const body = await (await route.fetch()).body();
    // Behind the header, at places that differ from turn to turn.
    for (let flip = 0; flip < 4; flip++) body[21 + ((turn * 977 + flip * 389) % (body.length - 21))] ^= 1 << (turn + flip) % 8;
    await route.fulfill({ status: 200, body });
  });
  await page.goto("/");
  await page.locator("[data-consent=all]").click();
  for (turn = 1; turn <= 16; turn++) {
    await page.goto(`/?turn=${turn}`);
    const viewed = (event) => event.type === "page" && event.context.page.search === `?turn=${turn}`;
    await until("a page view", () => [...events(seen.sent).values()].some(viewed));
    assert.ok(await hero(page).isVisible());
  }
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("state that was spoiled on the device starts anew and breaks nothing", async () => {
  const { context, page, seen } = await visitor(browser);
  await page.goto("/");
  await page.locator("[data-consent=all]").click();
  await until("something stored", () => page.evaluate(() => localStorage.length > 0));
  await page.waitForTimeout(600);
  await page.evaluate(() => {
    for (const key of Object.keys(localStorage)) {
      if (!/consent/.test(localStorage[key])) localStorage[key] = "%%% spoiled %%%";
    }
  });
  await page.goto("/tents.html");
  await page.goto("/");
  assert.match(await hero(page).innerText(), /Sleep under the stars/i);
  assert.deepEqual(seen.errors, []);
  await context.close();
});

test("a pack with errors is refused with the place of each, and the live one stays", async () => {
  const before = await (await fetch(`${EDGE}/v1/pack`)).arrayBuffer();
  const answer = await admin("/admin/v1/packs", {
    method: "PUT",
    body: `{ "pack": "broken", "rules": [{ "id": "r", "slot": "hero", "show": "nothing" }] }`,
  });
  assert.equal(answer.status, 422);
  const problem = await answer.json();
  const [first] = problem.diagnostics;
  for (const member of ["code", "pointer", "line", "column", "message"]) assert.ok(member in first, member);
  assert.deepEqual(await (await fetch(`${EDGE}/v1/pack`)).arrayBuffer(), before);
});
