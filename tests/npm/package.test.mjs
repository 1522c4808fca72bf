// The npm package as sites take it: packed, installed, bundled by each bundler, and run in Chromium.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { EDGE, events, launch, until, visitor } from "../e2e/browser.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WORK = join(ROOT, "target/npm");
const BIN = join(ROOT, "node_modules/.bin");
const TYPES = { ".js": "text/javascript", ".html": "text/html", ".wasm": "application/wasm" };

let browser;
before(async () => {
  browser = await launch();
  await rm(WORK, { recursive: true, force: true });
  await mkdir(join(WORK, "node_modules/@waymark"), { recursive: true });
  // As `npm install` would have it from a registry: the packed files and nothing else.
  const [{ filename, files }] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", WORK], { cwd: join(ROOT, "dist/npm") }));
  execFileSync("tar", ["xzf", join(WORK, filename), "-C", WORK]);
  await cp(join(WORK, "package"), join(WORK, "node_modules/@waymark/browser"), { recursive: true });
  packed = files.map(({ path }) => path);
});
after(async () => { await browser?.close(); });

let packed;

const APP = `
import { load } from "@waymark/browser";
import { ecommerce } from "@waymark/browser/ecommerce";

const waymark = window.sdk = load({ writeKey: "wk_demo", edge: ${JSON.stringify(EDGE)}, capture: ["clicks"] });
waymark.consent({ analytics: true, personalization: true, marketing: true });
const shop = ecommerce(waymark);
for (const product_id of ["t1", "t2", "t3"]) shop.productViewed({ product_id, name: "Tent " + product_id, category: "tents" });
`;
const PAGE = (script) => `<!doctype html><html lang="en"><title>App</title><h1 data-waymark-slot="hero">author</h1>
<button data-waymark-event="Clicked">Click</button>${script}</html>`;

async function project(name, files) {
  const folder = join(WORK, name);
  await mkdir(folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(folder, file), text);
  return folder;
}

/** Serves a folder and looks whether the app in it decides on the device and delivers. */
async function works(folder) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://h").pathname;
    const file = join(folder, path === "/" ? "index.html" : path);
    const bytes = await readFile(file).catch(() => undefined);
    response.writeHead(bytes ? 200 : 404, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(bytes);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  await runs(`http://localhost:${server.address().port}/`);
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
}

async function runs(url) {
  const { context, page, seen } = await visitor(browser);
  await page.goto(url);
  await until("the hero", async () => /You looked at Tent t3/.test(await page.locator("body").innerText()), 15_000);
  const decision = await page.evaluate(() => window.sdk.decide());
  assert.equal(decision.source, "device");
  // A module that is fetched when needed, from where the bundler put it.
  await page.waitForTimeout(300);
  await page.locator("button").click();
  await until("the click", () => [...events(seen.sent).values()].some(({ event }) => event === "Clicked"), 15_000);
  assert.deepEqual(seen.errors, []);
  await context.close();
}

test("what is packed is what a site needs", () => {
  for (const path of ["package.json", "README.md", "index.js", "index.d.ts", "types.d.ts", "testing.js", "testing.d.ts", "openfeature.js", "ecommerce.js", "engine.wasm", "engine-whole.wasm", "waymark.js", "waymark.css", "LICENSE-MIT"]) {
    assert.ok(packed.includes(path), `${path} is not in ${packed.join(", ")}`);
  }
  assert.ok(packed.every((path) => !/test|tsconfig|\.map$/.test(path) || path.startsWith("testing")), packed.join(", "));
});

test("Vite", async () => {
  const folder = await project("vite", { "main.js": APP, "index.html": PAGE('<script type="module" src="./main.js"></script>') });
  execFileSync(join(BIN, "vite"), ["build", "--logLevel", "error"], { cwd: folder, stdio: "inherit" });
  await works(join(folder, "dist"));
});

test("Vite's development server, which moves packages, and one that is told to leave this one where it is", async () => {
  const { createServer: vite } = await import("vite");
  for (const exclude of [[], ["@waymark/browser"]]) {
    const folder = await project(`vite-dev-${exclude.length}`, {
      "main.js": APP, "package.json": '{"type": "module"}', "index.html": PAGE('<script type="module" src="./main.js"></script>'),
    });
    await cp(join(WORK, "package"), join(folder, "node_modules/@waymark/browser"), { recursive: true });
    const server = await vite({ root: folder, configFile: false, logLevel: "error", server: { host: "127.0.0.1", port: 0 }, optimizeDeps: { exclude } });
    try {
      await server.listen();
      await runs(`http://localhost:${server.httpServer.address().port}/`);
    } finally {
      await server.close();
    }
  }
});

test("webpack", async () => {
  const folder = await project("webpack", {
    "main.js": APP,
    "webpack.config.cjs": `module.exports = { mode: "production", entry: "./main.js", output: { path: __dirname + "/dist", publicPath: "/" }, performance: false };`,
  });
  execFileSync(join(BIN, "webpack"), ["--config", "webpack.config.cjs"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  await writeFile(join(folder, "dist/index.html"), PAGE('<script src="/main.js"></script>'));
  await works(join(folder, "dist"));
});

test("esbuild for browsers before ES2022, with the engines put beside the bundle", async () => {
  const folder = await project("esbuild", { "main.js": APP });
  execFileSync(join(BIN, "esbuild"), ["main.js", "--bundle", "--splitting", "--format=esm", "--target=es2020", "--outdir=dist", "--log-level=warning"], { cwd: folder, stdio: "inherit" });
  // Each private name would be one, and every event slower.
  assert.doesNotMatch(await readFile(join(folder, "dist/main.js"), "utf8"), /WeakMap/);
  for (const name of ["engine.wasm", "engine-whole.wasm"]) {
    await cp(join(WORK, "node_modules/@waymark/browser", name), join(folder, "dist", name));
  }
  await writeFile(join(folder, "dist/index.html"), PAGE('<script type="module" src="/main.js"></script>'));
  await works(join(folder, "dist"));
});

test("a plain script from the package, with the edge elsewhere", async () => {
  const folder = await project("plain", {
    "index.html": PAGE(`<script>window.waymark = window.waymark || []; window.sdk = new Proxy({}, { get: (_, name) => window.waymark[name] });
      waymark.push(["consent", { analytics: true, personalization: true, marketing: true }]);
      for (const product_id of ["t1", "t2", "t3"]) waymark.push(["track", "Product Viewed", { product_id, name: "Tent " + product_id, category: "tents" }]);</script>
      <script async src="/waymark.js" data-write-key="wk_demo" data-edge="${EDGE}"></script>`),
  });
  await cp(join(WORK, "node_modules/@waymark/browser/waymark.js"), join(folder, "waymark.js"));
  await works(folder);
});

test("ES modules without a bundler", async () => {
  const folder = await project("modules", {});
  await cp(join(WORK, "node_modules/@waymark/browser"), join(folder, "waymark"), { recursive: true });
  const map = JSON.stringify({ imports: { "@waymark/browser": "/waymark/index.js", "@waymark/browser/ecommerce": "/waymark/ecommerce.js" } });
  await writeFile(join(folder, "index.html"), PAGE(`<script type="importmap">${map}</script><script type="module" src="/main.js"></script>`));
  await writeFile(join(folder, "main.js"), APP);
  await works(folder);
});

test("its types hold under tsc, by a bundler's resolution and by Node's", async () => {
  const app = `
import { load, type Decision, type SlotDecision, type Waymark } from "@waymark/browser";
import { ecommerce } from "@waymark/browser/ecommerce";
import { WaymarkProvider } from "@waymark/browser/openfeature";
import { fake } from "@waymark/browser/testing";

const waymark: Waymark = load({ writeKey: "wk", edge: "https://edge.example", capture: ["clicks", "vitals"] });
waymark.track("Signed Up", { plan: "pro" }, { timestamp: new Date() }, () => undefined);
waymark.page("Docs", "Start", { a: 1 });
waymark.identify({ plan: "pro" });
const stop: () => void = waymark.on("decision", (decision: Decision) => decision.slots["hero"]);
waymark.on("track", (event: string, properties) => [event.length, properties["x"]]);
waymark.on("effects", ({ entered, stage }) => [entered.length, stage?.to]);
const hero: Promise<SlotDecision | null> = waymark.slot("hero");
ecommerce(waymark).orderCompleted({ order_id: "o1", revenue: 12, products: [{ product_id: "p", quantity: 2 }] });
new WaymarkProvider(fake({ segments: ["vip"] }));
void stop; void hero;
// @ts-expect-error an order has an id
ecommerce(waymark).orderCompleted({ revenue: 12 });
// @ts-expect-error there is no such handler
waymark.on("decisions", () => undefined);
// @ts-expect-error there is no such capture
load({ writeKey: "wk", edge: "https://edge.example", capture: ["mouse"] });
`;
  for (const [name, module, moduleResolution] of [["bundler", "esnext", "bundler"], ["node", "nodenext", "nodenext"]]) {
    const folder = await project(`types-${name}`, {
      "app.ts": app,
      "package.json": '{"type": "module"}',
      "tsconfig.json": JSON.stringify({
        compilerOptions: { strict: true, noEmit: true, skipLibCheck: false, exactOptionalPropertyTypes: true, target: "es2022", module, moduleResolution, lib: ["es2022", "dom"], types: [] },
        files: ["app.ts"],
      }),
    });
    execFileSync(join(BIN, "tsc"), ["--project", folder], { stdio: "inherit" });
  }
});

test("on a server it can be imported, and its calls do nothing", async () => {
  const folder = await project("server", {
    "main.mjs": `import { load } from "@waymark/browser";
const waymark = load({ writeKey: "wk", edge: "https://edge.example" });
waymark.track("Nothing"); waymark.push(["track", "Nothing"]);
console.log(JSON.stringify(await waymark.decide()));`,
  });
  const said = execFileSync("node", [join(folder, "main.mjs")], { encoding: "utf8" });
  assert.equal(JSON.parse(said).source, "none");
});

test("the fake says what it was asked and answers what it is told", async () => {
  const { fake } = await import(join(WORK, "node_modules/@waymark/browser/testing.js"));
  const waymark = fake({ segments: ["vip"] });
  const heard = [];
  waymark.on("decision", ({ stage }) => heard.push(stage));
  waymark.track("Bought", { n: 1 });
  waymark.push(["identify", "u-1"]);
  assert.deepEqual(waymark.calls, [{ method: "track", args: ["Bought", { n: 1 }] }, { method: "identify", args: ["u-1"] }]);
  assert.deepEqual([await waymark.segments(), waymark.user().id()], [["vip"], "u-1"]);
  waymark.decides({ stage: "buyer" });
  assert.deepEqual([heard, await waymark.stage()], [["buyer"], "buyer"]);
});

test("OpenFeature's web SDK evaluates slots and experiments as flags", async () => {
  const { OpenFeature } = await import("@openfeature/web-sdk");
  const { fake } = await import(join(WORK, "node_modules/@waymark/browser/testing.js"));
  const { WaymarkProvider } = await import(join(WORK, "node_modules/@waymark/browser/openfeature.js"));
  const assignment = { id: "copy", variation: "short", number: 1, included: true, counted: true, forced: false, sticky: false, conflict: false };
  const waymark = fake({
    pack: "abc",
    slots: {
      hero: { content: "hero-vip", rule: "vip", reason: "rule", html: "<h1>VIP</h1>" },
      theme: { content: "dark", rule: "night", reason: "rule", json: { dark: true } },
      cross: { content: null, rule: null, reason: "no-match" },
      title: { content: "short", rule: "copy", reason: "experiment", text: "Hi", experiment: assignment },
    },
  });
  await OpenFeature.setProviderAndWait(new WaymarkProvider(waymark), { targetingKey: "u-7" });
  const client = OpenFeature.getClient();
  assert.deepEqual(waymark.calls, [{ method: "identify", args: ["u-7"] }]);
  assert.equal(client.getBooleanValue("hero", false), true);
  assert.equal(client.getBooleanValue("cross", true), false);
  assert.equal(client.getStringValue("hero", "none"), "hero-vip");
  assert.deepEqual(client.getObjectValue("theme", {}), { dark: true });
  assert.equal(client.getStringValue("copy", "control"), "short");
  assert.equal(client.getNumberValue("copy", 0), 1);
  const details = client.getStringDetails("copy", "control");
  assert.deepEqual([details.reason, details.variant], ["SPLIT", "short"]);
  assert.deepEqual([client.getStringDetails("hero", "").reason, client.getStringDetails("hero", "").flagMetadata], ["TARGETING_MATCH", { pack: "abc", rule: "vip" }]);
  assert.equal(client.getStringDetails("none", "x").errorCode, "FLAG_NOT_FOUND");
  assert.equal(client.getObjectDetails("hero", {}).errorCode, "TYPE_MISMATCH");
  const changed = new Promise((done) => client.addHandler("PROVIDER_CONFIGURATION_CHANGED", (event) => done(event?.flagsChanged)));
  waymark.decides({ slots: { hero: { content: null, rule: null, reason: "no-match" } } });
  assert.deepEqual(await changed, ["hero"]);
  assert.equal(client.getBooleanValue("hero", true), false);
  await OpenFeature.close();
});
