// Segment's calls and ours, before the SDK has come and after.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { withPack } from "../edge/edge.mjs";
import { EDGE, exported, launch, until, visitor } from "./browser.mjs";
import { ALL, asPerson, open, PERSON, site } from "./site.mjs";

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

const stored = async (id, count) => until(`${count} events`, async () => {
  const all = (await exported()).filter((event) => event.anonymousId === id);
  return all.length >= count && all;
}, 20_000);
const device = (page) => until("a device", () => page.evaluate(() => waymark.user().anonymousId()));

test("a site that has Segment's snippet goes on with its calls under its own name", async () => {
  const head = `<script>
    var analytics = window.analytics = window.analytics || [];
    analytics.load = () => {};
    analytics.push(["identify", "u-1", { plan: "pro" }]);
    analytics.push(["page", "Docs", "Start", { title: "Mine" }]);
    analytics.push(["track", "Signed Up", { plan: "pro" }, { timestamp: new Date(Date.now() - 60000), context: { app: { name: "site" } } }]);
    // As the snippet's own methods write it down.
    analytics.push(["track", "Buffered", { __t: "bpc", p: location.pathname, u: location.href, s: location.search, t: document.title, r: document.referrer }]);
  </script>`;
  const { url, stop } = await site({ head, attributes: 'data-as="analytics"' });
  const { context, page, seen } = await visitor(browser);
  await open(page, url);
  assert.ok(await page.evaluate(() => window.analytics === window.waymark));
  const heard = await page.evaluate(async (all) => {
    const heard = [];
    analytics.on("track", (event, properties, options) => heard.push(["track", event, properties, options.messageId]));
    analytics.once("group", (id, traits) => heard.push(["group", id, traits]));
    analytics.consent(all);
    analytics.track("Twice", { n: 1 }, { messageId: "same" }, () => heard.push(["called back"]));
    analytics.track("Twice", { n: 1 }, { messageId: "same" });
    analytics.group("acme", { seats: 5 });
    analytics.group("acme", { seats: 6 });
    analytics.screen("Settings");
    analytics.alias("u-2", "u-1");
    await analytics.ready();
    const traits = () => ({ ...analytics.user().traits() });
    const known = [traits()];
    for (const [id, more] of [["u-2", { seats: 1 }], [{ seats: 2 }], ["u-3", { name: "Mei" }], ["u-4"]]) {
      analytics.identify(id, more);
      known.push(traits());
    }
    analytics.alias("u-2");
    analytics.identify({ plan: "pro" });
    return { heard, known, user: [analytics.user().id(), analytics.user().traits()], group: analytics.group().id() };
  }, ALL);
  assert.deepEqual(heard.heard, [
    ["track", "Twice", { n: 1 }, "same"], ["called back"], ["track", "Twice", { n: 1 }, "same"], ["group", "acme", { seats: 5 }],
  ]);
  assert.deepEqual([heard.user, heard.group], [["u-2", { plan: "pro" }], "acme"]);
  // Another id is somebody else, whose traits are none of the former's.
  assert.deepEqual(heard.known, [{ plan: "pro" }, { plan: "pro", seats: 1 }, { plan: "pro", seats: 2 }, { name: "Mei" }, {}]);
  const events = await stored(await device(page), 15);
  const by = (type) => events.filter((event) => event.type === type);
  assert.deepEqual(by("track").map(({ event }) => event).sort(), ["Buffered", "Signed Up", "Twice"]);
  assert.deepEqual(by("track").find(({ event }) => event === "Buffered").properties ?? {}, {});
  assert.deepEqual(by("group").map(({ groupId, traits }) => [groupId, traits.seats]).sort(), [["acme", 5], ["acme", 6]]);
  assert.equal(by("alias")[0].previousId, "u-1");
  const [view] = by("page");
  assert.deepEqual([view.properties.category, view.properties.name, view.properties.title], ["Docs", "Start", "Mine"]);
  assert.equal(by("page").length, 1, "the page's own view stands for the automatic one");
  const signed = by("track").find(({ event }) => event === "Signed Up");
  assert.equal(signed.context.app.name, "site");
  assert.ok(Date.parse(view.timestamp) - Date.parse(signed.timestamp) > 50_000);
  assert.ok(events.every((event) => event.type === "identify" || event.userId === "u-1" || event.userId === "u-2"));
  assert.deepEqual(seen.errors, []);
  await context.close();
  await stop();
});

test("promises that were asked for before the SDK came are kept", async () => {
  const head = `<script>window.early = [];</script>`;
  const body = `<script>
    addEventListener("load", async () => {
      early.push(await waymark.segments(), await waymark.stage(), await waymark.slot("hero"));
      await waymark.ready(() => early.push("ready"));
    });
  </script><h1 data-waymark-slot="hero">author</h1>`;
  const { url, stop } = await site({ head, body, attributes: "", tag: undefined });
  const { context, page } = await visitor(browser);
  await open(page, url);
  const early = await until("the promises", () => page.evaluate(() => early.length === 4 && early));
  assert.deepEqual([early[0], early[1], early[2].content, early[3]], [[], null, early[2].content, "ready"]);
  await context.close();
  await stop();
});

test("an anonymous id of the page's own is used from then on", async () => {
  const { url, stop } = await site();
  const { context, page } = await visitor(browser);
  await open(page, url);
  await page.evaluate((all) => {
    waymark.setAnonymousId("from-my-server");
    waymark.consent(all);
    waymark.track("Mine");
  }, ALL);
  assert.equal(await device(page), "from-my-server");
  const sent = await until("its event", async () => {
    const all = (await exported()).filter((event) => event.event === "Mine" && event.anonymousId === "from-my-server");
    return all.length && all;
  }, 20_000);
  assert.equal(sent.length, 1);
  await context.close();
  await stop();
});

test("debug says in the console what happens", async () => {
  const { url, stop } = await site();
  const { context, page } = await visitor(browser);
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  await open(page, url);
  await page.evaluate(() => {
    waymark.debug();
    waymark.track("Loud");
    waymark.debug(false);
    waymark.track("Quiet");
  });
  assert.ok(said.some((text) => /waymark: track Loud/.test(text)), said.join("\n"));
  assert.ok(!said.some((text) => /Quiet/.test(text)));
  await context.close();
  await stop();
});

const COPY = {
  pack: `copy-${randomUUID()}`,
  experiments: { copy: { slot: "copy", variations: [{ id: "control", weight: 0 }, { id: "short", weight: 1, show: "short" }] } },
  slots: { copy: { default: "keep" } },
  content: { short: { slot: "copy", text: "Short" } },
  rules: [],
};

test("an exposure is told to the data layer once, however late the module comes that tells it, and to who listens late", () => withPack(COPY, async () => {
  const { url, stop } = await site({ attributes: 'data-bridge="datalayer"', body: '<p data-waymark-slot="copy">As the author wrote it</p>' });
  const { context, page, seen } = await visitor(browser, PERSON);
  await asPerson(context);
  let come;
  const late = new Promise((done) => { come = done; });
  await page.route("**/waymark/bridge.*", async (route) => {
    await late;
    await route.continue();
  });
  await open(page, url);
  await page.evaluate((all) => waymark.consent(all), ALL);
  await until("the variation", async () => (await page.locator("p").innerText()) === "Short");
  const layer = () => page.evaluate(() => (window.dataLayer ?? []).filter(({ event }) => event === "experience_impression"));
  await page.waitForTimeout(300);
  assert.deepEqual(await layer(), []);
  come();
  const [said] = await until("the entry", async () => (await layer()).length && layer());
  assert.deepEqual([said.experiment_id, said.variation_id, said.exp_variant_string], ["copy", "short", "copy-short"]);
  const heard = await page.evaluate(async () => {
    const heard = [];
    waymark.on("exposure", ({ variation_id }) => heard.push(variation_id));
    waymark.once("exposure", ({ variation_id }) => heard.push(`once ${variation_id}`));
    waymark.track("Something");
    await waymark.decide();
    return heard;
  });
  assert.deepEqual(heard, ["short", "once short"]);
  assert.equal((await layer()).length, 1);
  assert.deepEqual(seen.errors, []);
  await context.close();
  await stop();
}));

const EARLY = `<script>
  window.early = {};
  document.currentScript.previousElementSibling.addEventListener("load", async () => {
    early.user = [waymark.user().id(), waymark.user().anonymousId(), waymark.user().traits()];
    early.group = waymark.group().id();
    early.consent = waymark.consent();
    early.stop = typeof waymark.on("track", () => undefined);
    early.promised = await Promise.all([waymark.decide(), waymark.slot("hero"), waymark.segments(), waymark.stage(), waymark.explain(), waymark.ready()]);
  });
</script>`;

test("before the core has come, and where it does not, calls give what they say, and promises are kept", async () => {
  // The tag stands before the script that listens for it.
  const { url, stop } = await site({ tag: `<script async src="${EDGE}/waymark.js" data-write-key="wk_demo"></script>${EARLY}` });
  const { context, page, seen } = await visitor(browser);
  await page.route("**/waymark/core.*", async (route) => {
    await new Promise((done) => setTimeout(done, 500));
    await route.abort();
  });
  await page.goto(url);
  const early = await until("the promises", () => page.evaluate(() => early.promised && early));
  assert.deepEqual(early.user, [null, null, {}]);
  assert.equal(early.group, null);
  assert.deepEqual(early.consent, { decided: false });
  assert.equal(early.stop, "function");
  const [decision, ...rest] = early.promised;
  assert.deepEqual([decision.slots, decision.segments, decision.source], [{}, [], "none"]);
  assert.deepEqual(rest, [null, [], null, null, null]);
  // And afterwards.
  assert.equal(await page.evaluate(() => waymark.slot("hero")), null);
  assert.ok(await page.evaluate(() => document.documentElement.hasAttribute("data-waymark-ready")));
  assert.deepEqual(seen.errors, []);
  await context.close();
  await stop();
});
