// Where content goes: places that come later, in shadow roots, and above the page; and what keeps the
// page from flickering until there is a decision.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { withPack } from "../edge/edge.mjs";
import { EDGE, events, launch, until, visitor } from "./browser.mjs";
import { ALL, asPerson, open, PERSON, site } from "./site.mjs";

const PACK = {
  pack: "places",
  slots: {
    hero: { default: "keep" }, note: { default: "keep", as: "toast" }, strip: { default: "keep", as: "banner" },
    offer: { default: "keep", as: "modal" }, data: { default: "keep", as: "modal" },
  },
  content: {
    ours: { slot: "hero", html: "<h1>Ours</h1>" },
    toast: { slot: "note", text: "Thank you for looking" },
    banner: { slot: "strip", html: "<strong>Free shipping</strong> <a href=\"/shipping\">More</a>" },
    modal: { slot: "offer", html: "<h2>Ten percent off</h2><p><a href=\"/deal\">Take it</a> <button value=\"close\">Not now</button></p>" },
    json: { slot: "data", json: { theme: "dark" } },
  },
  rules: [
    { id: "r-hero", slot: "hero", when: { $did: { event: "Page Viewed" } }, show: "ours" },
    { id: "r-note", slot: "note", when: { $did: { event: "Looked" } }, show: "toast" },
    { id: "r-strip", slot: "strip", when: { $did: { event: "Strip" } }, show: "banner" },
    { id: "r-offer", slot: "offer", when: { $did: { event: "Offered" } }, show: "modal", limit: { times: 1, per: "visitor" } },
    { id: "r-data", slot: "data", when: { $did: { event: "Data" } }, show: "json" },
  ],
};

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

async function begin({ path = "", ...options } = {}, settings = {}) {
  const { url, stop } = await site(options);
  const one = await visitor(browser, { ...PERSON, ...settings });
  await asPerson(one.context);
  await open(one.page, url + path);
  await one.page.evaluate((all) => waymark.consent(all), ALL);
  const end = async () => {
    assert.deepEqual(one.seen.errors, []);
    await one.context.close();
    await stop();
  };
  return { ...one, end };
}

test("slots that come later are filled, in the page and in shadow roots", () => withPack(PACK, async () => {
  const { page, end } = await begin({ body: '<main></main><x-card></x-card>' });
  await until("a decision", () => page.evaluate(async () => (await waymark.slot("hero"))?.content === "ours"));
  const shown = await page.evaluate(async () => {
    const turn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const main = document.querySelector("main");
    main.innerHTML = '<section><div data-waymark-slot="hero">author</div></section>';
    await turn();
    const later = main.textContent;
    customElements.define("x-card", class extends HTMLElement {
      constructor() {
        super();
        this.attachShadow({ mode: "open" }).innerHTML = '<div data-waymark-slot="hero">author</div>';
      }
    });
    const added = document.createElement("x-card");
    document.body.append(added);
    await turn();
    const open = added.shadowRoot.textContent;
    const closed = document.createElement("div").attachShadow({ mode: "closed" });
    closed.innerHTML = '<div>author</div>';
    document.body.append(closed.host);
    await waymark.slot("hero", closed.firstElementChild);
    await turn();
    return { later, open, closed: closed.textContent };
  });
  assert.deepEqual(shown, { later: "Ours", open: "Ours", closed: "Ours" });
  await end();
}));

test("an element that is defined late is looked into, and one that is named a slot late is filled", () => withPack(PACK, async () => {
  const { page, end } = await begin({ body: '<x-late></x-late><font-face></font-face><p>author</p>' });
  await until("a decision", () => page.evaluate(async () => (await waymark.slot("hero"))?.content === "ours"));
  const shown = await page.evaluate(async () => {
    const turn = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    customElements.define("x-inner", class extends HTMLElement {
      constructor() {
        super();
        this.attachShadow({ mode: "open" }).innerHTML = '<div data-waymark-slot="hero">author</div>';
      }
    });
    customElements.define("x-late", class extends HTMLElement {
      connectedCallback() {
        this.attachShadow({ mode: "open" }).innerHTML = '<x-inner></x-inner><x-later></x-later>';
      }
    });
    const { shadowRoot } = document.querySelector("x-late");
    await turn();
    const late = shadowRoot.querySelector("x-inner").shadowRoot.textContent;
    customElements.define("x-later", class extends customElements.get("x-inner") {});
    await turn();
    const later = shadowRoot.querySelector("x-later").shadowRoot.textContent;
    document.querySelector("p").dataset.waymarkSlot = "hero";
    await turn();
    return { late, later, named: document.querySelector("p").textContent };
  });
  assert.deepEqual(shown, { late: "Ours", later: "Ours", named: "Ours" });
  await end();
}));

test("the page decides again at the moment that a decision names, and not before", () => withPack({
  ...PACK,
  pack: "moments",
  rules: [{ id: "r-hero", slot: "hero", when: { $did: { event: "Looked", within: "1h" } }, show: "ours" }],
}, async () => {
  const { url, stop } = await site({ body: '<div data-waymark-slot="hero">author</div>' });
  const { context, page } = await visitor(browser, PERSON);
  await asPerson(context);
  await page.clock.install();
  await open(page, url);
  await page.evaluate((all) => waymark.consent(all), ALL);
  const hero = () => page.locator("[data-waymark-slot]").innerText();
  await page.evaluate(() => waymark.track("Looked"));
  await until("ours", async () => (await hero()) === "Ours");
  const { validUntil } = await page.evaluate(() => waymark.decide());
  const wait = validUntil - await page.evaluate(() => Date.now());
  assert.ok(wait > 3_500_000 && wait <= 3_600_000, `${wait} ms`);
  await page.clock.pauseAt(validUntil - 1);
  assert.equal(await page.evaluate(() => Date.now()), validUntil - 1);
  assert.equal(await hero(), "Ours");
  await page.clock.runFor(1);
  assert.equal(await hero(), "author");
  await context.close();
  await stop();
}));

test("a page that writes a slot anew gets its content again, and is left alone when it insists", () => withPack(PACK, async () => {
  const { page, end } = await begin({ body: '<div data-waymark-slot="hero">author</div>' });
  const hero = page.locator('[data-waymark-slot="hero"]');
  await until("ours", async () => (await hero.innerText()) === "Ours");
  const result = await page.evaluate(async () => {
    const errors = [];
    waymark.on("error", ({ code }) => errors.push(code));
    const element = document.querySelector("[data-waymark-slot]");
    const turn = () => new Promise((done) => setTimeout(done, 20));
    element.innerHTML = "rendered anew";
    await turn();
    const again = element.textContent;
    // A framework that takes it back at once, for ever.
    let writes = 0;
    new MutationObserver(() => {
      if (element.textContent === "Ours" && writes++ < 100) element.innerHTML = "mine";
    }).observe(element, { childList: true });
    element.innerHTML = "mine";
    await new Promise((done) => setTimeout(done, 300));
    return { again, writes, errors: [...new Set(errors)], text: element.textContent };
  });
  assert.equal(result.again, "Ours");
  assert.deepEqual([result.errors, result.text], [["slot-contested"], "mine"]);
  assert.ok(result.writes <= 6, `${result.writes} writes`);
  await end();
}));

test("a dialog takes the focus, closes by Escape and gives the focus back", () => withPack(PACK, async () => {
  const { page, seen, end } = await begin({ body: '<button id="before">Before</button>' });
  await page.locator("#before").focus();
  await page.evaluate(() => waymark.track("Offered"));
  const dialog = page.getByRole("dialog", { name: "Ten percent off" });
  await dialog.waitFor();
  assert.ok(await page.evaluate(() => document.activeElement !== document.querySelector("#before")));
  // What is behind cannot be reached by keyboard.
  for (let i = 0; i < 5; i++) {
    await page.keyboard.press("Tab");
    assert.notEqual(await page.evaluate(() => document.activeElement?.id), "before");
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement?.id), "before");
  await until("that it was dismissed", () => [...events(seen.sent).values()].some(({ event }) => event === "Content Dismissed"), 15_000);
  const views = [...events(seen.sent).values()].filter(({ event, properties }) => event === "Content Viewed" && properties.rule_id === "r-offer");
  assert.equal(views.length, 1);
  // Once a visitor: the next page shows it no more.
  await page.reload();
  await page.waitForFunction(() => globalThis.waymark?.stats);
  await page.evaluate(() => waymark.track("Offered"));
  await page.evaluate(() => waymark.decide());
  assert.equal(await dialog.count(), 0);
  await end();
}));

test("a banner and a toast leave the focus where it is, and move nothing", () => withPack(PACK, async () => {
  const { page, seen, end } = await begin({ body: '<h1>Page</h1><input id="field">' }, { viewport: { width: 360, height: 640 } });
  await page.locator("#field").focus();
  await page.evaluate(() => {
    window.shift = 0;
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shift += entry.value; }).observe({ type: "layout-shift", buffered: true });
    waymark.track("Strip");
    waymark.track("Looked");
  });
  const banner = page.getByRole("region", { name: "Free shipping" });
  const toast = page.getByRole("status");
  await banner.waitFor();
  await toast.waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "field");
  assert.equal(await page.evaluate(() => window.shift), 0);
  const { width } = await banner.boundingBox();
  assert.ok(width <= 360 && await page.evaluate(() => document.documentElement.scrollWidth) <= 360);
  const close = banner.getByRole("button", { name: "Close" });
  const box = await close.boundingBox();
  assert.ok(box.width >= 44 && box.height >= 44, "large enough for a finger");
  await close.click();
  await banner.waitFor({ state: "detached" });
  await page.getByText("Thank you for looking").waitFor();
  assert.equal(await toast.count(), 1);
  assert.ok(seen.errors.length === 0);
  await end();
}));

test("the page can show it in its own way, and data is its own affair", () => withPack(PACK, async () => {
  const { page, end } = await begin();
  const shown = await page.evaluate(async () => {
    const shown = [];
    document.addEventListener("waymark:present", (event) => {
      shown.push([event.detail.slot, event.detail.content, event.detail.json ?? event.detail.text ?? event.detail.html.slice(0, 4)]);
      event.preventDefault();
    });
    waymark.track("Data");
    waymark.track("Looked");
    for (let i = 0; i < 100 && shown.length < 2; i++) await new Promise((done) => setTimeout(done, 50));
    return shown;
  });
  assert.deepEqual(shown.sort(), [["data", "json", { theme: "dark" }], ["note", "toast", "Thank you for looking"]]);
  assert.equal(await page.locator("waymark-overlay").count(), 0);
  await end();
}));

test("held back until there is a decision: in its place, for as long as it says at most, and counted as painted", () => withPack(PACK, async () => {
  const head = `<link rel="stylesheet" href="${EDGE}/waymark.css">`;
  const body = '<div data-waymark-slot="hero" style="height: 200px; font-size: 60px">The author’s words</div><p>Below</p>';
  const { url, stop } = await site({ head, body });
  const { context, page } = await visitor(browser, PERSON);
  await asPerson(context);
  // The SDK's core comes late.
  let release;
  const held = new Promise((done) => { release = done; });
  await page.route("**/waymark/core.*", async (route) => {
    await held;
    await route.continue();
  });
  await page.addInitScript(() => {
    window.painted = [];
    window.shift = 0;
    new PerformanceObserver((list) => window.painted.push(...list.getEntries().map(({ startTime, size }) => [startTime, size]))).observe({ type: "largest-contentful-paint", buffered: true });
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shift += entry.value; }).observe({ type: "layout-shift", buffered: true });
  });
  await page.goto(url);
  const visible = () => page.evaluate(() => getComputedStyle(document.querySelector("[data-waymark-slot]")).visibility);
  assert.equal(await visible(), "hidden");
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector("p")).visibility), "visible", "only slots");
  assert.equal(await page.evaluate(() => document.querySelector("[data-waymark-slot]").getBoundingClientRect().height), 200);
  await until("the end of its time", async () => (await visible()) === "visible", 3_000);
  await until("its paint", () => page.evaluate(() => window.painted.some(([, size]) => size > 5_000)), 3_000);
  assert.equal(await page.evaluate(() => window.shift), 0);
  release();
  await page.waitForFunction(() => globalThis.waymark?.stats);
  await until("ready", () => page.evaluate(() => document.documentElement.hasAttribute("data-waymark-ready")));
  assert.equal(await visible(), "visible");
  await context.close();
  await stop();
}));

test("events in quick succession are few decisions, and the last of them counts", () => withPack(PACK, async () => {
  const { url, stop } = await site();
  const { context, page, seen } = await visitor(browser, PERSON);
  await page.addInitScript(() => {
    globalThis.decisions = 0;
    const instantiate = WebAssembly.instantiate;
    WebAssembly.instantiate = async (...given) => {
      const { exports } = await instantiate(...given);
      return { exports: { ...exports, decide: (now) => ++decisions && exports.decide(now) } };
    };
  });
  await open(page, url);
  const [times, took] = await page.evaluate(async (all) => {
    waymark.consent(all);
    await waymark.decide();
    const before = [decisions, performance.now()];
    for (let n = 0; n < 40; n++) {
      waymark.track("Step", { n });
      await new Promise((done) => setTimeout(done, 10));
    }
    waymark.track("Data");
    await new Promise((done) => waymark.on("decision", ({ slots }) => slots.data.content === "json" && done()));
    return [decisions - before[0], performance.now() - before[1]];
  }, ALL);
  // What time has made due comes between, no faster than every 50 ms.
  assert.ok(times > 1 && times <= took / 50 + 1, `${times} decisions in ${took} ms`);
  assert.deepEqual(seen.errors, []);
  await context.close();
  await stop();
}));
