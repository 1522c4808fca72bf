// Libraries for pages that exist today, unmodified: every event arrives once. Each is bundled as its users do.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { ALL, EDGE, stored } from "../edge/edge.mjs";
import { serve } from "../edge/workerd.mjs";
import { launch, until } from "./browser.mjs";

const LIBRARIES = {
  "@segment/analytics-next": `
    import { AnalyticsBrowser } from "@segment/analytics-next";
    window.begin = (edge, id) => {
      const analytics = AnalyticsBrowser.load({ writeKey: "wk_demo", cdnURL: edge });
      analytics.setAnonymousId(id);
      return analytics;
    };`,
  "@rudderstack/analytics-js": `
    import { RudderAnalytics } from "@rudderstack/analytics-js/bundled";
    window.begin = (edge, id) => {
      const analytics = new RudderAnalytics();
      analytics.load("wk_demo", edge, { configUrl: location.origin, logLevel: "ERROR", anonymousIdOptions: {} });
      analytics.setAnonymousId(id);
      return analytics;
    };`,
};

/** What RudderStack's control plane would say. */
const CONFIG = {
  source: {
    id: "s", name: "n", writeKey: "wk_demo", enabled: true, workspaceId: "w", connections: [], destinations: [], dataplanes: {},
    config: { statsCollection: { errors: { enabled: false }, metrics: { enabled: false } } },
  },
  updatedAt: "2026-01-01T00:00:00Z",
};

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

for (const [name, contents] of Object.entries(LIBRARIES)) {
  test(`${name} delivers each of its calls once`, async () => {
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: import.meta.dirname }, bundle: true, write: false, format: "iife", target: "es2020",
      define: { "process.env.NODE_ENV": '"production"' }, logLevel: "error",
    });
    const site = await serve((request, response) => {
      const [type, body] = request.url.startsWith("/library.js") ? ["text/javascript", outputFiles[0].text]
        : request.url.startsWith("/sourceConfig") ? ["application/json", JSON.stringify(CONFIG)]
        : ["text/html", "<!doctype html><title>Shop</title><script src=/library.js></script>"];
      response.writeHead(200, { "content-type": type }).end(body);
    });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(site.url.replace("127.0.0.1", "localhost"));
    const id = randomUUID();
    await page.evaluate(([edge, id, consents]) => {
      const analytics = window.begin(edge, id);
      // A browser key's events need a consent; where it stands is each library's own matter.
      const options = { context: { consent: { categoryPreferences: consents } }, consent: { categoryPreferences: consents } };
      analytics.page("Shop", "Home", { from: "test" }, options);
      analytics.track("Product Viewed", { price: 12.5 }, options);
      analytics.identify("u1", { plan: "pro" }, options);
      analytics.group("acme", { seats: 5 }, options);
      analytics.track("Product Added", {}, options);
    }, [EDGE, id, ALL]);
    const calls = async () => (await stored(`c:${id}`)).map(({ type, event }) => event ?? type).sort();
    const all = ["Product Added", "Product Viewed", "group", "identify", "page"];
    await until("five events", async () => (await calls()).length >= all.length, 20_000);
    await page.waitForTimeout(1_000);
    assert.deepEqual(await calls(), all);
    await context.close();
    await site.stop();
  });
}
