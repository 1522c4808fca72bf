// What is captured by itself: page views of applications, and what the tag asks for.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { events, launch, until, visitor } from "./browser.mjs";
import { ALL, open, site } from "./site.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

/** A page with consent, and everything of a name that it has sent or is about to. */
async function begin(options) {
  const { url, stop } = await site(options);
  const one = await visitor(browser);
  await open(one.page, `${url}${options.path ?? ""}`);
  await one.page.evaluate((all) => waymark.consent(all), ALL);
  const named = (name, count = 1) => until(`${count} of ${name}`, () => {
    const all = [...events(one.seen.sent).values()].filter((event) => (event.event ?? event.type) === name);
    return all.length >= count && all;
  }, 15_000);
  const end = async () => {
    assert.deepEqual(one.seen.errors, []);
    await one.context.close();
    await stop();
  };
  return { ...one, url, named, end };
}

test("each page of an application is a page view: by history, by hash, by going back", async () => {
  const { page, named, url, end } = await begin({ body: "<h1>App</h1>" });
  await page.evaluate(async () => {
    const turn = () => new Promise((done) => setTimeout(done, 30));
    history.pushState({}, "", "/products?id=1");
    document.title = "Product 1";
    await turn();
    // A page that tidies up its query stays where it is, and so does a place on it.
    history.replaceState({}, "", "/products?tidy");
    await turn();
    location.hash = "reviews";
    await turn();
    location.hash = "#/settings";
    await turn();
    history.back();
    await turn();
    history.replaceState({}, "", "/checkout");
    await turn();
  });
  const views = await named("page", 5);
  assert.deepEqual(views.map(({ properties }) => properties.path), ["/", "/products", "/products", "/products", "/checkout"]);
  assert.equal(views[1].properties.title, "Product 1");
  assert.equal(views[1].properties.referrer, url);
  assert.equal(new Set(views.map(({ messageId }) => messageId)).size, 5);
  await end();
});

test("where there is no Navigation API, history is listened to", async () => {
  const head = "<script>delete Window.prototype.navigation; delete window.navigation;</script>";
  const { page, named, end } = await begin({ head });
  assert.equal(await page.evaluate(() => "navigation" in window), false);
  await page.evaluate(async () => {
    history.pushState({}, "", "/a");
    await new Promise((done) => setTimeout(done, 30));
    history.back();
  });
  const views = await named("page", 3);
  assert.deepEqual(views.map(({ properties }) => properties.path), ["/", "/a", "/"]);
  await end();
});

test("page views can be the page's own affair", async () => {
  const { page, named, seen, end } = await begin({ attributes: 'data-auto-page="false"' });
  await page.evaluate(() => {
    history.pushState({}, "", "/a");
    waymark.track("Marker");
  });
  await named("Marker");
  assert.ok([...events(seen.sent).values()].every(({ type }) => type !== "page"));
  await end();
});

test("campaigns, click ids and personal data in the address", async () => {
  const { named, end } = await begin({ path: "?utm_source=news&utm_medium=email&gclid=abc&mail=jo%40example.com" });
  const [view] = await named("page");
  assert.deepEqual(view.context.campaign, { source: "news", medium: "email" });
  assert.deepEqual(view.context.referrer, { type: "gclid", id: "abc" });
  assert.match(view.properties.url, /mail=\[email\]/);
  assert.doesNotMatch(JSON.stringify(view), /jo(@|%40)example/);
  await end();
});

test("elements name their events themselves, forms too, and nothing that was written into them", async () => {
  const body = `
    <a id="deal" href="#deal" data-waymark-event="Promotion Clicked" data-waymark-properties='{"promotion_id": "p1"}'><b>Winter deal</b></a>
    <form id="newsletter" data-waymark-event="Newsletter Requested"><input name="email" value="jo@example.com"><button>Send</button></form>
    <x-card></x-card>
    <script>
      customElements.define("x-card", class extends HTMLElement {
        connectedCallback() { this.attachShadow({ mode: "open" }).innerHTML = '<button data-waymark-event="Card Clicked">In the shadow</button>'; }
      });
      document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
    </script>`;
  const { page, named, seen, end } = await begin({ body });
  await page.waitForLoadState("load");
  // The module that listens is fetched because the page has such elements.
  await until("the module", () => page.evaluate(() => performance.getEntriesByType("resource").some(({ name }) => /\/capture\./.test(name))));
  await page.waitForTimeout(200);
  await page.locator("#deal b").click();
  await page.locator("#newsletter button").click();
  await page.locator("x-card button").click();
  const [clicked] = await named("Promotion Clicked");
  assert.deepEqual(clicked.properties, { text: "Winter deal", href: clicked.properties.href, promotion_id: "p1" });
  const [requested] = await named("Newsletter Requested");
  assert.equal(requested.properties.form_id, "newsletter");
  await named("Card Clicked");
  assert.doesNotMatch(JSON.stringify([...events(seen.sent).values()]), /jo@example/);
  await end();
});

test("scrolling, engagement, anger, errors and vitals, when the tag asks for them", async () => {
  const body = `<h1 style="font-size: 4rem">A headline that is the largest thing</h1><button id="dead">Dead</button><div style="height: 4000px"></div>`;
  const { page, named, seen, end } = await begin({ body, attributes: 'data-capture="all"' });
  await page.waitForTimeout(300);
  for (let i = 0; i < 4; i++) await page.locator("#dead").click();
  await page.mouse.wheel(0, 10_000);
  await page.evaluate(() => {
    // The same one twice is told once.
    for (let i = 0; i < 2; i++) setTimeout(() => { throw new TypeError("broken for jo@example.com"); });
    void Promise.reject(new RangeError("also"));
  });
  const [rage] = await named("Rage Clicked");
  assert.match(rage.properties.selector, /button#dead$/);
  const marks = (await named("Page Scrolled", 5)).map(({ properties }) => properties.percent);
  assert.deepEqual(marks, [25, 50, 75, 90, 100]);
  const thrown = await named("JavaScript Error", 2);
  assert.deepEqual(thrown.map(({ properties }) => properties.type).sort(), ["RangeError", "TypeError"]);
  assert.match(thrown.find(({ properties }) => properties.type === "TypeError").properties.message, /broken for \[email\]/);
  await page.waitForTimeout(1_200);
  await page.evaluate(() => history.pushState({}, "", "/next"));
  const [engaged] = await named("Page Engaged");
  assert.ok(engaged.properties.engaged_ms >= 1_000, JSON.stringify(engaged.properties));
  assert.deepEqual([engaged.properties.path, engaged.properties.percent_scrolled], ["/", 100]);
  // Vitals are told when the page is hidden.
  await page.evaluate(() => {
    Object.defineProperty(document, "visibilityState", { get: () => "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  const vitals = await named("Web Vital Measured", 2);
  assert.ok(vitals.some(({ properties }) => properties.metric === "LCP" && properties.value > 0), JSON.stringify(vitals));
  assert.ok(vitals.some(({ properties }) => properties.metric === "CLS"));
  seen.errors.length = 0;
  await end();
});

test("what the tag does not know it says", async () => {
  const { url, stop } = await site({ attributes: 'data-capture="clicks mouse" data-consent="cookiebot" data-bridge="piwik"' });
  const { context, page } = await visitor(browser);
  const codes = page.waitForEvent("console", { predicate: (message) => /unknown-capture/.test(message.text()) });
  const signals = page.waitForEvent("console", { predicate: (message) => /unknown-consent/.test(message.text()) });
  const bridges = page.waitForEvent("console", { predicate: (message) => /unknown-bridge/.test(message.text()) });
  await open(page, url);
  await Promise.all([codes, signals, bridges]);
  await context.close();
  await stop();
});

test("a page from the back button's cache is a page view", async () => {
  const { page, named, url, end } = await begin({ body: '<a href="/other">Other</a>' });
  await named("page");
  const kept = await page.evaluate(() => {
    dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
    return location.href;
  });
  assert.equal(kept, url);
  await named("page", 2);
  await end();
});

test("a page that was made ahead is seen when it is shown, and not before", async () => {
  const { url, stop } = await site();
  const { context, page, seen } = await visitor(browser);
  await page.addInitScript(() => {
    window.ahead = true;
    Object.defineProperty(Document.prototype, "prerendering", { get: () => window.ahead });
  });
  await open(page, url);
  await page.evaluate((all) => waymark.consent(all), ALL);
  await page.waitForTimeout(2_000);
  assert.equal(events(seen.sent).size, 0);
  const shown = await page.evaluate(() => {
    window.ahead = false;
    document.dispatchEvent(new Event("prerenderingchange"));
    return Date.now();
  });
  const [view] = await until("the page view", () => {
    const all = [...events(seen.sent).values()];
    return all.length && all;
  }, 15_000);
  assert.equal(view.type, "page");
  assert.ok(Date.parse(view.timestamp) >= shown, "it happened when it was shown");
  await context.close();
  await stop();
});
