// What a page stores and sends, in every state of consent, and what others say of it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { events, exported, launch, stored, until, visitor } from "./browser.mjs";
import { ALL, open, profile, site } from "./site.mjs";

const NOTHING = { cookies: [], local: [], session: [], databases: [] };

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

async function begin({ path = "", ...options } = {}, context = {}) {
  const { url, stop } = await site(options);
  const one = await visitor(browser, context);
  const asked = [];
  one.context.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname.replace(/\.[0-9a-f]{16}\./, ".")}`));
  await open(one.page, url + path);
  const end = async () => {
    assert.deepEqual(one.seen.errors, []);
    await one.context.close();
    await stop();
  };
  return { ...one, url, asked, end };
}

test("before an answer nothing is stored and nothing is sent", async () => {
  const { page, context, asked, end } = await begin({ attributes: 'data-capture="all"', body: "<h1>Site</h1>" });
  await page.evaluate(async () => {
    waymark.identify("u-1", { email: "jo@example.com" });
    waymark.track("Before");
    await waymark.decide();
    await new Promise((done) => setTimeout(done, 1_500));
  });
  assert.deepEqual(await stored(context, page), NOTHING);
  const gets = new Set(asked);
  assert.deepEqual([...gets].filter((line) => !line.startsWith("GET ")), [], "only files are fetched");
  for (const line of gets) assert.match(line, /^GET (\/|\/waymark\.js|\/waymark\/[\w-]+\.(js|wasm)|\/v1\/pack(\/\w+)?|\/favicon\.ico)$/);
  await end();
});

test("a refusal keeps the answer alone, and drops what was held for good", async () => {
  const { page, context, seen, end } = await begin();
  await page.evaluate(async () => {
    waymark.track("Before");
    waymark.consent({});
    waymark.track("After");
    await new Promise((done) => setTimeout(done, 1_500));
  });
  assert.deepEqual(await stored(context, page), { ...NOTHING, local: ["waymark"] });
  assert.deepEqual(JSON.parse(await page.evaluate(() => localStorage.waymark)), {
    consent: { analytics: false, personalization: false, marketing: false },
  });
  assert.deepEqual(seen.sent, []);
  // An answer that comes later brings nothing of it back.
  await page.evaluate((all) => waymark.consent(all), ALL);
  await page.evaluate(() => waymark.track("Granted"));
  await until("what came later", () => [...events(seen.sent).values()].some(({ event }) => event === "Granted"), 15_000);
  await page.waitForTimeout(1_000);
  assert.deepEqual([...events(seen.sent).values()].map(({ event }) => event).filter((event) => /Before|After/.test(event)), []);
  await end();
});

test("analytics alone sends events and keeps no profile", async () => {
  const { page, context, seen, end } = await begin();
  await page.evaluate(() => waymark.consent({ analytics: true }));
  await until("the page view", () => events(seen.sent).size > 0, 15_000);
  const [event] = events(seen.sent).values();
  assert.deepEqual(event.context.consent.categoryPreferences, { analytics: true, personalization: false, marketing: false });
  await page.waitForTimeout(500);
  assert.deepEqual((await stored(context, page)).local, ["waymark"]);
  assert.equal(await page.evaluate(profile), null);
  await end();
});

test("a withdrawal wipes the device and asks the edge to erase", async () => {
  const { page, context, seen, end } = await begin();
  await page.evaluate((all) => waymark.consent(all), ALL);
  const id = await until("a device", () => page.evaluate(() => waymark.user().anonymousId()));
  await page.evaluate(() => waymark.track("Kept"));
  await until("its events", async () => (await exported()).some(({ anonymousId }) => anonymousId === id), 15_000);
  await until("a profile", () => page.evaluate(profile));
  await until("a database", async () => (await stored(context, page)).databases.length > 0);
  await page.evaluate(() => waymark.consent({}));
  await until("an empty device", async () => {
    const { local, databases } = await stored(context, page);
    return local.join() === "waymark" && databases.length === 0;
  });
  const asked = await until("the edge to be asked", () =>
    seen.sent.filter(({ path }) => path === "/v1/consent").map(({ body }) => JSON.parse(body)).find(({ erase }) => erase));
  assert.ok(asked.deviceKey);
  await until("an edge that has forgotten", async () => (await exported()).every(({ anonymousId }) => anonymousId !== id));
  await until("no cookie", async () => (await context.cookies()).every(({ name }) => name !== "wm_v"));
  await end();
});

test("a withdrawal in one tab empties the others, which send nothing more", async () => {
  const { page, context, url, end } = await begin();
  await page.evaluate((all) => waymark.consent(all), ALL);
  const other = await context.newPage();
  await open(other, url);
  await until("the other's profile", () => other.evaluate(profile));
  let late = 0;
  await page.evaluate(() => waymark.consent({}));
  await until("that it was heard", () => other.evaluate(() => !waymark.consent().analytics));
  other.on("request", (request) => { if (/\/v1\/(batch|beacon)/.test(request.url())) late += 1; });
  await other.evaluate(() => waymark.track("After"));
  await other.waitForTimeout(7_000);
  assert.equal(late, 0);
  const { local, databases } = await stored(context, other);
  assert.deepEqual([local, databases], [["waymark"], []]);
  await end();
});

test("a browser that says no (GPC) is not overruled, and is remembered nowhere", async () => {
  const { context, page, seen } = await visitor(browser);
  await context.addInitScript(() => Object.defineProperty(navigator, "globalPrivacyControl", { get: () => true }));
  const { url, stop } = await site();
  await open(page, url);
  const consent = await page.evaluate((all) => waymark.consent(all), ALL);
  assert.deepEqual(consent, { analytics: false, personalization: false, marketing: false, decided: true });
  await page.evaluate(() => waymark.track("No"));
  await page.waitForTimeout(1_500);
  assert.deepEqual(await stored(context, page), NOTHING);
  assert.deepEqual(seen.sent, []);
  await context.close();
  await stop();
});

test("a refusal while the browser says no (GPC) wipes what was kept before, and holds when the browser says nothing more", async () => {
  const { page, context, seen, url, end } = await begin();
  await page.evaluate((all) => waymark.consent(all), ALL);
  await until("a profile", () => page.evaluate(profile));
  const told = () => seen.sent.filter(({ path }) => path === "/v1/consent").map(({ body }) => JSON.parse(body));
  const private_ = await context.newPage();
  await private_.addInitScript(() => Object.defineProperty(navigator, "globalPrivacyControl", { get: () => true }));
  await page.close();
  await open(private_, url);
  assert.ok(told().every(({ erase }) => !erase));
  await private_.evaluate(() => waymark.consent({}));
  await until("an empty device", async () => {
    const { local, databases } = await stored(context, private_);
    return local.join() === "waymark" && databases.length === 0;
  });
  await until("the edge to be asked", () => told().some(({ erase }) => erase));
  await until("that it was", () => private_.evaluate(() => !JSON.parse(localStorage.waymark).untold));
  const said = told().length;
  const after = await context.newPage();
  await open(after, url);
  assert.deepEqual(await consentOf(after), [true, false, false, false]);
  await after.waitForTimeout(1_000);
  assert.equal(told().length, said, "nothing is told that was said before the refusal");
  assert.deepEqual(JSON.parse(await after.evaluate(() => localStorage.waymark)), {
    consent: { analytics: false, personalization: false, marketing: false },
  });
  await end();
});

test("without cookies and storage events arrive, and the device keeps nothing", async () => {
  const { page, context, seen, end } = await begin({ attributes: 'data-storage="memory"' });
  await page.evaluate((all) => waymark.consent(all), ALL);
  await page.evaluate(() => waymark.track("Product Viewed", { product_id: "t1", category: "tents" }));
  await until("the events", () => events(seen.sent).size >= 2, 15_000);
  assert.deepEqual(await stored(context, page), NOTHING);
  assert.ok(seen.sent.every(({ path }) => path !== "/v1/consent"));
  const decision = await page.evaluate(() => waymark.decide());
  assert.equal(decision.source, "device");
  await end();
});

const consentOf = (page) => page.evaluate(() => {
  const { analytics, personalization, marketing, decided } = waymark.consent();
  return [decided, analytics, personalization, marketing];
});

test("TCF: what the platform says is what holds, and a change is heard", async () => {
  const head = `<script>
    window.answer = () => {};
    setTimeout(() => {
      window.__tcfapi = (command, version, callback) => {
        const say = (eventStatus, consents) => callback({ eventStatus, gdprApplies: true, purpose: { consents }, publisher: { consents: {} } }, true);
        say("cmpuishown", {});
        window.answer = (...purposes) => say("useractioncomplete", Object.fromEntries(purposes.map((number) => [number, true])));
      };
    }, 300);
  </script>`;
  const { page, end } = await begin({ head, attributes: 'data-consent="tcf"' });
  await page.waitForTimeout(800);
  assert.deepEqual(await consentOf(page), [false, false, false, false], "asking is no answer");
  await page.evaluate(() => answer(1, 5, 6, 7, 8));
  assert.deepEqual(await consentOf(page), [true, true, true, false]);
  await page.evaluate(() => answer());
  assert.deepEqual(await consentOf(page), [true, false, false, false]);
  await end();
});

test("GPP: an opt-out of sale is one of marketing", async () => {
  const head = `<script>
    window.__gpp = (command, callback) => callback({ eventName: "signalStatus", pingData: { signalStatus: "ready", gppString: "DBABLA~CEAVAAAAAACA.QA" } }, true);
  </script>`;
  const { page, end } = await begin({ head, attributes: 'data-consent="gpp"' });
  await until("the answer", async () => (await consentOf(page))[0]);
  assert.deepEqual(await consentOf(page), [true, true, true, false]);
  await end();
});

test("Google's consent mode: a default that denies is no answer, an update is", async () => {
  const head = `<script>
    window.dataLayer = window.dataLayer || [];
    function gtag() { dataLayer.push(arguments); }
    gtag("consent", "default", { analytics_storage: "denied", ad_storage: "denied", ad_user_data: "denied", ad_personalization: "denied", personalization_storage: "denied" });
  </script>`;
  const { page, end } = await begin({ head, attributes: 'data-consent="google"' });
  await page.waitForTimeout(500);
  assert.deepEqual(await consentOf(page), [false, false, false, false]);
  await page.evaluate(() => gtag("consent", "update", { analytics_storage: "granted", personalization_storage: "granted" }));
  assert.deepEqual(await consentOf(page), [true, true, true, false]);
  await page.evaluate(() => gtag("consent", "update", { ad_storage: "granted", ad_user_data: "granted", ad_personalization: "granted" }));
  assert.deepEqual(await consentOf(page), [true, true, true, true]);
  await end();
});

