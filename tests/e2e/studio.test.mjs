// The studio as a marketer uses it, served from dist/studio by this file itself.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { until } from "./browser.mjs";

const FOLDER = new URL("../../dist/studio/", import.meta.url);
const TYPES = {
  html: "text/html; charset=utf-8", css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8",
  wasm: "application/wasm", jsonc: "text/plain; charset=utf-8", ndjson: "text/plain; charset=utf-8",
};
const FILES = ["/", "/studio.css", "/studio.js", "/studio.wasm", "/outdoor-shop.jsonc", "/example.ndjson"];

let browser;
let server;
let address;
const asked = [];
before(async () => {
  server = createServer(async (request, response) => {
    asked.push(request.url);
    const name = request.url === "/" ? "index.html" : request.url.slice(1);
    const body = FILES.includes(request.url) ? await readFile(new URL(name, FOLDER)).catch(() => null) : null;
    response.writeHead(body ? 200 : 404, { "content-type": TYPES[name.split(".").pop()] ?? "text/plain" });
    response.end(body ?? "");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  address = `http://127.0.0.1:${server.address().port}/`;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu"],
  });
});
after(async () => {
  await browser?.close();
  server?.close();
});

/** The studio, opened and ready, with everything that its console says. */
async function studio(options = {}) {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: "en-GB", ...options });
  const said = [];
  page.on("pageerror", (error) => said.push(error.message));
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) said.push(message.text()); });
  await page.goto(address);
  await page.locator("#state:not([data-state=wait])").waitFor();
  return { page, said };
}

const stage = (page) => page.locator("#stages [aria-current=step]");
const slot = (page, id) => page.locator(`.slot[data-slot="${id}"]`);
const rule = (page, id) => page.locator(`[data-rule="${id}"]`);
const segment = (page, id) => page.locator(`[data-segment="${id}"]`);
const shown = (page, id) => slot(page, id).frameLocator("iframe").locator("body");
const event = (page, name) => page.locator("#timeline > li", { hasText: name }).last();

const example = () => readFile(new URL("outdoor-shop.jsonc", FOLDER), "utf8");

/** Opens a pack as a file. */
async function open(page, text, name = "test.jsonc") {
  await page.locator("#file").setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(text) });
  await page.locator("#file-name", { hasText: name }).waitFor();
}

test("it opens with an example that has no errors, and the console stays silent", async () => {
  const { page, said } = await studio();
  assert.equal(await page.locator("#state").getAttribute("data-state"), "ok");
  assert.match(await page.locator("#problems").innerText(), /None found/);
  assert.match(await page.locator("#page-bytes").innerText(), /\d/);
  assert.match(await page.locator(".cm-content").innerText(), /"pack": "outdoor-shop"/);
  await shown(page, "hero").waitFor();
  assert.deepEqual(said, []);
  await page.close();
});

test("the example journey shows the tents, and says why each rule won or lost", async () => {
  const { page, said } = await studio();
  assert.match(await shown(page, "hero").innerText(), /Find the tent[^]*You looked at Cirrus 1\./);
  assert.equal(await slot(page, "hero").getAttribute("data-content"), "hero-tents");
  assert.equal(await rule(page, "tent-shoppers").getAttribute("data-outcome"), "won");
  assert.match(
    await rule(page, "tent-shoppers").innerText(),
    /in the segment tent-shopper\s+Product Viewed where category = "tents" in the last 7 days: at least 3/,
  );
  assert.match(
    await rule(page, "customers").innerText(),
    /does not hold[^]*the stage is consideration, wanted customer or later\s+Order Completed: 0 of 1/,
  );
  assert.match(await rule(page, "from-newsletter").innerText(), /campaign\.source: missing, wanted "newsletter"/);
  assert.match(await segment(page, "big-spender").innerText(), /not in[^]*features\.spend-90d: 0, wanted ≥ 500 \(short by 500\)/);
  assert.equal(await stage(page).innerText(), "consideration");
  assert.match(await page.locator("#stands").innerText(), /until 27 Nov 2026, 09:02 UTC/);
  assert.match(await event(page, "Product Viewed").innerText(), /Product page · Cirrus 1[^]*enters tent-shopper/);
  // What has content comes first.
  assert.equal(await page.locator(".slot").first().getAttribute("data-slot"), "hero");
  assert.match(await slot(page, "cross").innerText(), /The author’s content stays/);
  assert.deepEqual(said, []);
  await page.close();
});

test("an event that is added and changed by form moves stage, segments and slots, and can be taken back", async () => {
  const { page, said } = await studio();
  await page.getByRole("button", { name: "Order Completed", exact: true }).click();
  assert.equal(await stage(page).innerText(), "customer");
  assert.match(await shown(page, "hero").innerText(), /Welcome back, friend/);
  assert.match(await rule(page, "tent-shoppers").innerText(), /holds too, but customers comes first/);
  assert.match(await segment(page, "big-spender").innerText(), /short by 400/);

  const order = event(page, "Order Completed");
  await order.locator("summary").click();
  await order.getByLabel("revenue").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("620");
  assert.equal(await order.getByLabel("revenue").inputValue(), "620");
  assert.match(await segment(page, "big-spender").innerText(), /^✓\s+big-spender in/);
  assert.match(await shown(page, "shipping").innerText(), /you spent S\$620/);
  assert.match(await order.innerText(), /enters big-spender/);
  assert.match(await page.locator("#journey").inputValue(), /"revenue":620/);

  // Of a later time: the sum's window has passed by then.
  await page.locator("#moment").selectOption({ label: "90 days later" });
  assert.match(await segment(page, "big-spender").innerText(), /not in/);
  await page.locator("#moment").selectOption({ label: "right after" });

  await order.getByRole("button", { name: "Remove Order Completed" }).click();
  assert.equal(await stage(page).innerText(), "consideration");
  assert.equal(await page.locator("#timeline > li").count(), 5);
  await page.getByRole("button", { name: "Start over" }).click();
  assert.match(await page.locator("#timeline").innerText(), /Nothing has happened yet/);
  assert.equal(await stage(page).count(), 0);
  assert.deepEqual(said, []);
  await page.close();
});

test("the journey can be written as text, and lines that are no events are named", async () => {
  const { page, said } = await studio();
  await page.locator("#raw summary").click();
  const line = (name, at, more) => JSON.stringify({ type: "track", event: name, anonymousId: "v", timestamp: at, ...more });
  await page.locator("#journey").fill([
    line("Product Added", "2026-11-20T10:00:00Z", { properties: { product_id: "p" } }),
    "nonsense",
    line("Cart Viewed", "soon"),
  ].join("\n"));
  await page.locator("#rejected li").nth(1).waitFor();
  assert.match(await page.locator("#rejected li[data-code=not-an-object]").innerText(), /Line 2/);
  assert.match(await page.locator("#rejected li[data-code=bad-timestamp]").innerText(), /Line 3/);
  assert.equal(await page.locator("#timeline > li").count(), 1);
  assert.match(await shown(page, "cross").innerText(), /Your cart is waiting/);
  assert.deepEqual(said, []);
  await page.close();
});

test("consent and the page that the visitor is on decide, too", async () => {
  const { page, said } = await studio();
  await page.getByLabel("campaign.source").fill("newsletter");
  await until("the rule holds", async () => /holds too, but tent-shoppers/.test(await rule(page, "from-newsletter").innerText()));
  await page.getByLabel("Personalization").uncheck();
  assert.match(await shown(page, "hero").innerText(), /Spring on the ridge/);
  assert.match(await rule(page, "tent-shoppers").innerText(), /there is no consent for Personalization/);
  assert.match(await segment(page, "tent-shopper").innerText(), /not looked at without consent/);
  await page.getByLabel("Visitor’s language").selectOption("zh");
  assert.match(await shown(page, "hero").innerText(), /山脊之春/);
  assert.deepEqual(said, []);
  await page.close();
});

test("an error is named with code, line, column and mend, in the list and in the editor; the last result stays", async () => {
  const { page, said } = await studio();
  await page.locator(".cm-line").nth(2).click();
  await page.keyboard.press("End");
  await page.keyboard.insertText("\n  \"slotz\": {},");
  const problem = page.locator("#problems [data-code=unknown-key]");
  await problem.waitFor();
  assert.match(await problem.innerText(), /unknown-key\s+line 4, column 3\s+a pack has no key "slotz"\s+(→ )?did you mean "slots"\?/);
  assert.equal(await page.locator(".cm-lintRange-error").innerText(), "\"slotz\"");
  assert.equal(await page.locator("#state-words").innerText(), "1 error");
  assert.equal(await page.locator("#costs").isVisible(), false);
  // The visitor's side is that of the last good pack, and can still be driven.
  assert.match(await page.locator("#stale").innerText(), /has errors/);
  assert.match(await shown(page, "hero").innerText(), /Find the tent/);
  await page.getByRole("button", { name: "Order Completed", exact: true }).click();
  assert.equal(await stage(page).innerText(), "customer");

  await problem.getByRole("button").click();
  assert.equal(await page.evaluate(() => getSelection().toString()), "\"slotz\"");
  await page.locator(".cm-lintRange-error").hover();
  assert.match(await page.locator(".cm-tooltip").innerText(), /a pack has no key "slotz"\s+→ did you mean "slots"\?/);

  await page.locator(".cm-content").press("Control+z");
  await page.locator("#state[data-state=ok]").waitFor();
  assert.equal(await page.locator("#stale").isVisible(), false);
  assert.deepEqual(said, []);
  await page.close();
});

test("a file is opened, checked and saved; one that never was right has no result", async () => {
  const { page, said } = await studio();
  await open(page, "{ \"pack\": \"mine\", ", "mine.jsonc");
  assert.match(await page.locator("#no-result").innerText(), /Mend the errors/);
  assert.equal(await page.locator("#outcome").isVisible(), false);
  const text = (await example()).replace("\"timezone\"", "// 帐篷 🏕\n  \"timezone\"");
  await open(page, text, "ours.jsonc");
  await page.locator("#state[data-state=ok]").waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save" }).click()]);
  assert.equal(download.suggestedFilename(), "ours.jsonc");
  assert.equal(await readFile(await download.path(), "utf8"), text);
  await page.locator("#file").setInputFiles({ name: "no.jsonc", mimeType: "application/json", buffer: Buffer.from([0xff, 0xfe, 0]) });
  assert.match(await page.getByRole("alert").innerText(), /no\.jsonc could not be read/);
  await page.locator("#file").setInputFiles({ name: "big.jsonc", mimeType: "application/json", buffer: Buffer.alloc(3_000_000) });
  assert.match(await page.getByRole("alert").innerText(), /big\.jsonc is larger/);
  assert.equal(await page.locator("#file-name").innerText(), "ours.jsonc");
  assert.deepEqual(said, []);
  await page.close();
});

test("in Chinese the page says nothing in English", async () => {
  const { page, said } = await studio();
  await page.getByRole("link", { name: "中文" }).click();
  assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
  await page.getByLabel("访客语言").selectOption("zh");
  assert.match(await shown(page, "hero").innerText(), /为下一次露营挑一顶帐篷/);
  assert.match(await rule(page, "tent-shoppers").innerText(), /胜出[^]*属于人群 tent-shopper/);
  await page.locator("#timeline summary").first().click();
  await page.locator("#raw summary").click();
  assert.deepEqual(await english(page), []);
  // With everything wrong.
  await page.locator("#journey").fill(`${await page.locator("#journey").inputValue()}\nnonsense\n`);
  await page.getByLabel(/规则包，带注释/).click();
  await page.keyboard.press("Control+End");
  await page.keyboard.insertText("\n,");
  await page.keyboard.press("Control+f");
  await page.locator("#rejected li").waitFor();
  await page.locator("#problems [data-code]").first().waitFor();
  assert.match(await page.locator("#problems").innerText(), /JSON 语法有误\s+第 \d+ 行第 \d+ 列/);
  assert.match(await page.locator("#rejected").innerText(), /第 7 行 应为 JSON 对象/);
  assert.deepEqual(await english(page), []);
  await page.getByLabel("个性化").uncheck();
  await page.getByRole("button", { name: "重新开始" }).click();
  assert.deepEqual(await english(page), []);
  await page.locator("#language").click();
  // The address changes first, and the page follows it.
  await page.locator("html[lang=en]").waitFor();
  assert.equal(await page.locator("#result-title").innerText(), "What they see");
  assert.deepEqual(said, []);
  await page.close();
});

/** English words that the page says or labels something with, other than the pack's and the journey's own. */
function english(page) {
  return page.evaluate(async () => {
    const pack = await (await fetch("outdoor-shop.jsonc")).text();
    const own = new Set(`${pack} ${document.querySelector("#journey").value} ${document.querySelector("#file-name").textContent}`.split(/[^A-Za-z]+/));
    for (const name of ["Waymark", "NDJSON", "JSON", "UTC", "KB", "English", "Page", "Viewed", "Identified", "session", "number"]) own.add(name);
    const left = new Set();
    const add = (text) => text?.match(/[A-Za-z]{2,}/g)?.filter((word) => !own.has(word)).forEach((word) => left.add(word));
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const element = node.parentElement;
      if ((node instanceof Element ? node : element).closest("[lang=en], .cm-scroller, noscript, textarea, .problem__code, #rejected code")) continue;
      if (node instanceof Element) ["aria-label", "title", "placeholder", "alt"].forEach((name) => add(node.getAttribute(name)));
      else if (element.checkVisibility() || element.closest(".sr, option")) add(node.data);
    }
    return [...left];
  });
}

test("every kind of reason is put into words, in both languages", async () => {
  const { page, said } = await studio();
  const kinds = {
    never: [{ $didNot: { event: "A" } }, "A: 1, wanted none", "A：1 次，需要没有"],
    few: [{ $did: { event: "A", count: { $lte: 0 }, in: "session" } }, "A in this session: at least 1, wanted none", "A，本次会话中：至少 1 次，需要没有"],
    old: [{ $last: { event: "A", age: { $gte: "60d" } } }, "last A: 0 seconds ago, wanted at least 60 days ago", "最近一次 A：0 秒前，需要至少 60 天前"],
    said: [{ $first: { event: "A", property: "size", is: { $in: ["L", "M"] } } }, 'size of the first A: "S", wanted one of "L", "M"', '首次 A 的 size："S"，需要 以下之一 "L", "M"'],
    steps: [{ $sequence: { steps: [{ event: "A" }, { event: "B" }], within: "7d" } }, "A, then B in the last 7 days: 1 of 2 steps", "A，然后 B，最近 7 天内：走了 1 步，共 2 步"],
    named: [{ "features.spent": { $lt: 5 } }, "features.spent: 9, wanted < 5 (over by 4)", "features.spent：9，需要 < 5（超出 4）"],
    there: [{ "page.kind": { $exists: true } }, "page.kind: missing, wanted some value", "page.kind：没有值，需要 有值"],
    not: [{ $not: { $segment: "some" } }, "in the segment some, wanted not", "属于人群 some，需要不属于"],
    staged: [{ $stage: "first" }, "the stage is last, wanted first", "阶段是 last，需要 first"],
  };
  await open(page, JSON.stringify({
    pack: "reasons",
    events: { A: { properties: { size: "string", worth: "number" } }, B: {} },
    journey: { stages: [{ id: "first", enter: { $did: { event: "B" } } }, { id: "last", enter: { $did: { event: "A" } } }] },
    features: { spent: { $sum: { event: "A", property: "worth" } } },
    segments: { some: { when: { $did: { event: "A" } } } },
    slots: { s: { default: "keep" } },
    content: { c: { slot: "s", text: "c" } },
    rules: Object.entries(kinds).map(([id, [when]]) => ({ id, slot: "s", when, show: "c" })),
  }));
  await page.locator("#state[data-state=ok]").waitFor({ timeout: 5_000 }).catch(async () => assert.fail(await page.locator("#problems").innerText()));
  await page.locator("#raw summary").click();
  await page.locator("#journey").fill(JSON.stringify({
    type: "track", event: "A", anonymousId: "v", timestamp: "2026-11-20T10:00:00Z", properties: { size: "S", worth: 9 },
  }));
  await rule(page, "named").getByText("9").waitFor();
  for (const [at, link] of [[1, "中文"], [2, "English"]]) {
    for (const [id, kind] of Object.entries(kinds)) {
      const said = () => rule(page, id).locator(".because > li").first().evaluate((item) => item.firstChild.textContent);
      await until(kind[at], async () => (await said()) === kind[at]);
    }
    await page.getByRole("link", { name: link }).click();
  }
  assert.deepEqual(said, []);
  await page.close();
});

test("everything is done by keyboard, and the focus is seen", async () => {
  const { page, said } = await studio();
  const tabTo = async (what, wanted) => {
    for (let step = 0; step < 60; step += 1) {
      await page.keyboard.press("Tab");
      const { found, visible, name } = await page.evaluate(async (selector) => {
        await new Promise((done) => setTimeout(done, 30)); // The editor marks itself a little later.
        const at = document.activeElement;
        const style = getComputedStyle(at.closest(".cm-editor") ?? at);
        return { found: at.matches(selector), visible: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0, name: at.outerHTML.slice(0, 80) };
      }, wanted);
      assert.ok(visible, `the focus is not seen on ${name}`);
      if (found) return;
    }
    assert.fail(`${what} is not reached`);
  };
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "result");
  await page.keyboard.press("End");
  await until("it scrolls", () => page.evaluate(() => document.querySelector("#result").scrollTop > 0));

  await page.evaluate(() => document.activeElement.blur());
  await page.locator("body").press("Home");
  await page.goto(`${address}#lang=en`);
  await page.reload();
  await page.locator("#state[data-state=ok]").waitFor();
  await tabTo("the editor", ".cm-content");
  await page.keyboard.press("Control+Home");
  await page.keyboard.type("x");
  await page.locator("#problems [data-code=bad-json]").waitFor();
  await tabTo("the problem", "#problems button");
  await page.keyboard.press("Enter");
  await page.locator(".cm-editor.cm-focused").waitFor();
  await page.keyboard.press("Control+z");
  await page.locator("#state[data-state=ok]").waitFor();
  await tabTo("an event", "#timeline summary");
  await page.keyboard.press("Enter");
  await tabTo("a field", "#timeline .field input[type=text]");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("/tents.html");
  await tabTo("the way to remove it", "#timeline .drop");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#timeline > li").count(), 4);
  assert.ok(await page.evaluate(() => document.activeElement.matches(".drop")));
  await tabTo("an event to add", "#events button:nth-child(8)");
  await page.keyboard.press("Enter");
  assert.equal(await stage(page).innerText(), "customer");
  await tabTo("consent", "#consent input");
  await page.keyboard.press("Space");
  assert.match(await rule(page, "customers").innerText(), /no consent/);
  await tabTo("the result", "#result");
  assert.deepEqual(said, []);
  await page.close();
});

test("what a pack or a journey brings is shown and never run", async () => {
  const { page, said } = await studio();
  const harm = "fetch('/harm');top.harmed=parent.harmed=globalThis.harmed=1";
  const image = `<img src=x onerror="${harm}">`;
  const html = `<h1 onclick="${harm}">Still here</h1>${image}<script>${harm}</script><svg onload="${harm}"></svg>`
    + `<iframe srcdoc="<script>${harm}</script>"></iframe><a href="javascript:${harm}">go</a><img src="/pixel.png" alt="A tent">`
    + "<form action='/harm'><button>send</button></form><style>@import '/harm'</style><p>{{ traits.firstName }}</p>";
  const pack = JSON.stringify({
    pack: "hostile",
    events: { [image]: { touchpoint: "t", properties: { [image]: "string" } } },
    journey: { touchpoints: { t: { channel: "web", label: { en: image, zh: image } } } },
    attributes: { "traits.firstName": { type: "string", purpose: ["personalization"] } },
    slots: { hero: { default: "keep" } },
    content: { hero: { slot: "hero", html } },
    rules: [
      { id: "all", slot: "hero", when: { "page.__proto__.polluted": { $exists: false } }, show: "hero" },
      { id: "none", slot: "hero", when: { "page.kind": image, $did: { event: image, where: { [image]: image } } }, show: "hero" },
    ],
  });
  asked.length = 0;
  await open(page, pack, `${image}.jsonc`);
  await until("the content", async () => (await slot(page, "hero").count()) === 1, 5_000)
    .catch(async () => assert.fail(await page.locator("#problems").innerText()));
  const line = (more) => JSON.stringify({ anonymousId: "v", timestamp: "2026-11-20T10:00:00Z", ...more });
  await page.locator("#raw summary").click();
  await page.locator("#journey").fill([
    line({ type: "track", event: image, properties: { [image]: image } }),
    line({ type: "identify", traits: { firstName: image } }),
    line({ type: image }),
  ].join("\n"));
  await page.locator("#rejected li").waitFor();
  const body = shown(page, "hero");
  assert.match(await body.innerText(), /Still here/);
  assert.ok((await body.innerText()).includes(image), "the trait is text");
  assert.match(await body.innerText(), /A tent/);
  await event(page, image).locator("summary").click();
  await slot(page, "hero").frameLocator("iframe").getByText("Still here").click();
  const frame = slot(page, "hero").locator("iframe");
  assert.equal(await frame.getAttribute("sandbox"), "allow-same-origin");
  assert.match(await frame.getAttribute("srcdoc"), /Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/);
  assert.equal(await body.locator("script, iframe, form, style, svg, [onclick], [onerror], a[href], img").count(), 0);
  await page.getByLabel("page.__proto__.polluted").fill("1");
  await rule(page, "all").getByText("does not hold").waitFor();

  assert.equal(await page.evaluate(() => globalThis.harmed), undefined);
  assert.equal(await page.evaluate(() => ({}).polluted), undefined);
  assert.equal(await page.locator("#timeline img, #slots > * img, #problems img, #rejected img, header img").count(), 0);
  // Nothing was fetched, so there was nothing for the policy to refuse either.
  assert.deepEqual(asked, []);
  assert.deepEqual(said, []);
  await page.close();
});

test("the frame runs no script even if some got into it", async () => {
  const { page } = await studio();
  await page.locator(".slot iframe").first().evaluate((frame) => new Promise((done) => {
    frame.addEventListener("load", done, { once: true });
    frame.srcdoc = "<p>there</p><script>top.harmed = 1</script><img src=x onerror='top.harmed = 1'>";
  }));
  await page.waitForTimeout(300);
  assert.equal(await page.evaluate(() => globalThis.harmed), undefined);
  await page.close();
});

test("on a phone nothing is cut off, in either language", async () => {
  for (const [language, colorScheme] of [["en", "light"], ["zh", "dark"]]) {
    const { page, said } = await studio({ viewport: { width: 390, height: 844 }, hasTouch: true, colorScheme, locale: language });
    await page.locator("#timeline summary").nth(2).click();
    await page.locator("#raw summary").click();
    const cut = await page.evaluate(() => {
      const out = [];
      if (document.documentElement.scrollWidth > innerWidth) out.push("the page");
      for (const element of document.querySelectorAll("button, a, input, select, summary, h1, h2, h3, p, li, iframe")) {
        if (!element.checkVisibility() || element.closest(".sr, .skip, .cm-editor")) continue;
        const { left, right } = element.getBoundingClientRect();
        if (left < 0 || right > innerWidth) out.push(element.outerHTML.slice(0, 90));
      }
      return out;
    });
    assert.deepEqual(cut, [], language);
    await page.locator(".jumps a").last().click();
    await until("the heading is in view", () => page.evaluate(() => {
      const { top, bottom } = document.querySelector("#result-title").getBoundingClientRect();
      const header = document.querySelector(".top").getBoundingClientRect().bottom;
      return top >= header && bottom <= innerHeight;
    }));
    assert.deepEqual(said, []);
    await page.close();
  }
});
