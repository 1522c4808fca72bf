// Pages that allow little: content security policies, trusted types, integrity.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { EDGE, events, launch, until, visitor } from "./browser.mjs";
import { ALL, open, site } from "./site.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

/** No inline script, no inline style, nobody else's anything. */
const STRICT = (wasm, more = "") =>
  `default-src 'none'; base-uri 'none'; object-src 'none'; script-src ${EDGE}${wasm ? " 'wasm-unsafe-eval'" : ""}; ` +
  `connect-src ${EDGE}; img-src 'self' ${EDGE}; style-src ${EDGE}; form-action 'self'${more}`;

async function begin(policy, options = {}) {
  const { url, stop } = await site({ headers: { "content-security-policy": policy }, ...options });
  const one = await visitor(browser);
  const [violations, said] = [[], []];
  one.page.on("console", (message) => said.push(message.text()));
  one.page.on("console", (message) => /Content Security Policy|Trusted/i.test(message.text()) && violations.push(message.text()));
  await open(one.page, url);
  const end = async () => {
    await one.context.close();
    await stop();
  };
  return { ...one, violations, said, end };
}

const HERO = '<h1 data-waymark-slot="hero">As the author wrote it</h1>';
const tents = (page) => page.evaluate((all) => {
  waymark.consent(all);
  for (const id of ["t1", "t2", "t3"]) waymark.track("Product Viewed", { product_id: id, name: `Tent ${id}`, category: "tents" });
}, ALL);

test("a strict policy with 'wasm-unsafe-eval' has everything, without inline script and without a violation", async () => {
  const { page, seen, violations, end } = await begin(STRICT(true), { body: HERO, attributes: 'data-capture="all"' });
  await tents(page);
  await until("the hero", async () => /You looked at Tent t3/.test(await page.locator("h1, section").first().innerText()));
  await until("the events", () => [...events(seen.sent).values()].filter(({ event }) => event === "Product Viewed").length === 3, 15_000);
  assert.deepEqual(violations, []);
  assert.deepEqual(seen.errors, []);
  await end();
});

test("without it events still arrive, the author's content stays, and the reason is said", async () => {
  const { page, seen, said, end } = await begin(STRICT(false), { body: HERO });
  await page.evaluate(() => waymark.ready());
  await tents(page);
  await until("the events", () => [...events(seen.sent).values()].filter(({ event }) => event === "Product Viewed").length === 3, 15_000);
  assert.equal(await page.locator("h1").innerText(), "As the author wrote it");
  const decision = await page.evaluate(() => waymark.decide());
  assert.equal(decision.source, "none");
  assert.deepEqual(seen.errors, []);
  const reasons = said.filter((text) => /\(engine-unavailable\)/.test(text));
  assert.equal(reasons.length, 1, said.join("\n"));
  assert.match(reasons[0], /WebAssembly|unsafe-eval/);
  await end();
});

test("where trusted types are required, content comes through a policy of ours", async () => {
  const policy = STRICT(true, "; require-trusted-types-for 'script'; trusted-types waymark");
  const { page, seen, violations, end } = await begin(policy, { body: HERO });
  await tents(page);
  await until("the hero", async () => /You looked at Tent t3/.test(await page.locator("h1, section").first().innerText()));
  assert.deepEqual(violations, []);
  assert.deepEqual(seen.errors, []);
  await end();
});

test("the script tag takes an integrity, and a changed file does not run", async () => {
  const loader = Buffer.from(await (await fetch(`${EDGE}/waymark.js`)).arrayBuffer());
  const integrity = `sha384-${createHash("sha384").update(loader).digest("base64")}`;
  const tag = (hash) => `<script async src="${EDGE}/waymark.js" integrity="${hash}" crossorigin="anonymous" data-write-key="wk_demo"></script>`;
  const { url, stop } = await site({ tag: tag(integrity) });
  const { context, page } = await visitor(browser);
  await open(page, url);
  await context.close();
  await stop();
  const other = await site({ tag: tag(`sha384-${"A".repeat(64)}`) });
  const second = await visitor(browser);
  await second.page.goto(other.url);
  await second.page.waitForTimeout(500);
  assert.equal(await second.page.evaluate(() => typeof waymark), "undefined");
  await second.context.close();
  await other.stop();
});
