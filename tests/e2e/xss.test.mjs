// Everything that our engine makes of the attempts in tests/xss, shown by the SDK and inside whole
// pages in Chromium: nothing runs. The same attempts, shown as they are, prove that we would see it.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const HOST = "http://shop.example";
const PIXEL = Buffer.from("R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==", "base64");
/** Payloads that are in the page at the same time. */
const BATCH = 24;
/** How long images may take to fail and animations to begin. */
const PATIENCE = 100;
const LIMIT = { timeout: 60_000 };

/** What a patch could change, and what none may touch. */
const FIXTURE = `<div class="patched">
  <a class="part">x</a><a>y</a><img><button>b</button><input type="image"><video controls><source></video><form><input type="submit"></form>
  <svg><a><text y="9">z</text></a><use></use><image></image><animate></animate></svg><blockquote>q</blockquote><p>p</p>
  <iframe></iframe><object></object><embed><script type="text/plain"></script><link><template><a>t</a></template>
</div>`;

let browser;
let context;
let made;
let page;
const canary = [];
const documents = new Map();

before(async () => {
  made = JSON.parse(await readFile("target/xss/made.json", "utf8"));
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
  context = await browser.newContext();
  await context.addInitScript(detect);
  await context.route("**/*", (route) => {
    const { host, pathname } = new URL(route.request().url());
    if (host === "canary.example") canary.push(Number.parseInt(pathname.slice(1), 10));
    const html = host === "shop.example" ? documents.get(pathname) : undefined;
    if (html !== undefined) return route.fulfill({ contentType: "text/html; charset=utf-8", body: html });
    if (pathname === "/ok.png") return route.fulfill({ contentType: "image/gif", body: PIXEL });
    return route.fulfill({ status: 404, body: "" });
  });
  context.on("page", (opened) => opened.on("dialog", (dialog) => dialog.dismiss()));
  page = await context.newPage();
  documents.set("/", whole(`${FIXTURE}<main id="here"></main>`));
  documents.set("/empty", whole(""));
});
after(async () => { await browser?.close(); });

test("there are at least 200 payloads, of many techniques", () => {
  assert.ok(made.length >= 200, String(made.length));
  assert.ok(new Set(made.map(({ technique }) => technique)).size >= 10);
  assert.equal(new Set(made.map(({ payload }) => payload)).size, made.length);
  // Most of what a pack says is shown, and not refused.
  const shown = made.reduce((sum, one) => sum + one.shown.length, 0);
  console.log(`${made.length} payloads are shown in ${shown} ways`);
  assert.ok(shown > made.length * 15);
});

test("a payload that nobody cleans is seen to run", LIMIT, async () => {
  const seen = new Set();
  // Every other one is proof enough.
  const some = made.filter(({ number }) => number % 2 === 0);
  for (const batch of batches(some)) {
    // Each in a frame of its own, read with its page, and in another one, put in by a script.
    const frames = batch.flatMap(({ payload }) => [documentOf(`<div>${payload}</div>`), "/empty"]);
    await open(documentOf(frames.map((path) => `<iframe src="${path}"></iframe>`).join("")));
    await page.waitForTimeout(PATIENCE);
    const found = await page.evaluate(async ([list, patience]) => {
      const wait = () => new Promise((done) => setTimeout(done, patience));
      const frames = [...document.querySelectorAll("iframe")];
      const each = (work) => frames.forEach((frame, at) => {
        // A frame may be led to where nobody can look.
        try { work(frame.contentWindow, at); } catch { /* not ours any longer */ }
      });
      each((inside, at) => {
        if (at % 2 === 0) return;
        const { body } = inside.document;
        const [element, link] = [inside.document.createElement("div"), inside.document.createElement("a")];
        link.setAttribute("href", list[(at - 1) / 2]);
        body.append(element, link);
        element.innerHTML = list[(at - 1) / 2];
      });
      await wait();
      each((inside) => inside.provoke("body"));
      await wait();
      return globalThis.found;
    }, [batch.map(({ payload }) => payload), PATIENCE]);
    for (const what of found) seen.add(what);
  }
  for (const number of canary) seen.add(number);
  const executed = some.filter(({ number }) => seen.has(number));
  console.log(`${executed.length} of ${some.length} run where nothing cleans them`);
  assert.ok(executed.length > some.length / 3, String(executed.length));
  const techniques = new Set(executed.map(({ technique }) => technique));
  for (const technique of ["script elements", "event handlers", "addresses that run", "mutations", "frames and documents", "polyglots"]) {
    assert.ok(techniques.has(technique), `nothing of "${technique}" ran`);
  }
  // By each of the ways in which something can be seen.
  assert.ok(executed.some(({ number }) => number % 3 === 0), "no alert");
  assert.ok(executed.some(({ number }) => number % 3 !== 0), "no call");
  assert.ok(canary.length > 0, "no request");
});

test("shown by the SDK, nothing runs", LIMIT, async () => {
  await fresh();
  for (const batch of batches(made)) {
    const list = batch.flatMap(({ shown }) => shown.filter(({ redirect, patch }) => redirect === undefined && !patch));
    const failed = await page.evaluate((slots) => globalThis.shop.show(slots), list);
    assert.deepEqual(failed, []);
    await nothing(batch);
    await page.evaluate(() => document.getElementById("here").replaceChildren());
  }
});

test("inside a page as the edge sends it, nothing runs", LIMIT, async () => {
  await fresh();
  for (const batch of batches(made)) {
    const bodies = batch.flatMap(({ shown }) => shown.flatMap(({ html, text }) => {
      if (html !== undefined) return [`<div>${html}</div>`];
      return text === undefined ? [] : [`<div>${text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign])}</div>`];
    }));
    await open(documentOf(`<main id="here">${bodies.join("\n")}</main>`));
    await nothing(batch);
  }
});

test("a patch runs nothing, and can be taken back", LIMIT, async () => {
  await fresh();
  const author = await page.evaluate(() => document.querySelector(".patched").outerHTML);
  for (const batch of batches(made)) {
    const list = batch.flatMap(({ number, shown }) => shown.filter(({ patch }) => patch).map((slot) => [number, slot]));
    await page.evaluate((all) => {
      for (const [number, slot] of all) {
        globalThis.shop.patch(slot);
        globalThis.provoke(".patched");
        for (const name of ["iframe", "object", "embed", "script", "link"]) {
          const { attributes } = document.querySelector(`.patched ${name}`);
          if (attributes.length > (name === "script" ? 1 : 0)) globalThis.found.push(`${name} was touched by ${number}`);
        }
      }
    }, list);
    await page.waitForTimeout(PATIENCE);
    const found = await page.evaluate(() => globalThis.found.splice(0));
    assert.deepEqual([found, canary.splice(0)], [[], []]);
  }
  const after = await page.evaluate(() => {
    globalThis.shop.patch({ patch: [] });
    return document.querySelector(".patched").outerHTML;
  });
  assert.equal(after, author);
});

test("a redirect leads to a page of this site, or where its author said", () => {
  let led = 0;
  for (const { shown, payload } of made) {
    for (const { redirect } of shown) {
      if (redirect === undefined) continue;
      led += 1;
      assert.match(redirect, /^[\x21-\x7e]*$/, payload);
      const url = new URL(redirect, HOST);
      assert.ok(url.origin === HOST || redirect === payload, `${payload} leads to ${redirect}`);
      assert.match(url.protocol, /^https?:$/);
    }
  }
  assert.ok(led >= made.length);
});

function whole(body) {
  return `<!doctype html><html><head><meta charset="utf-8"><title>shop</title></head><body>${body}</body></html>`;
}

function documentOf(body) {
  const path = `/document-${documents.size}`;
  documents.set(path, whole(body));
  return path;
}

function* batches(list) {
  for (let at = 0; at < list.length; at += BATCH) yield list.slice(at, at + BATCH);
}

async function open(path) {
  await page.goto(HOST + path, { waitUntil: "domcontentloaded", timeout: 10_000 });
}

/** A page that has seen nothing of what came before, with the SDK's code in it. */
async function fresh() {
  await page.close();
  page = await context.newPage();
  await open("/");
  await page.addScriptTag({ path: "target/xss/page.js" });
  canary.length = 0;
}

async function nothing(batch) {
  await page.waitForTimeout(PATIENCE);
  await page.evaluate(() => globalThis.provoke("#here"));
  await page.waitForTimeout(PATIENCE);
  const found = [...(await page.evaluate(() => globalThis.found.splice(0))), ...canary.splice(0)];
  const named = found.map((what) => batch.find(({ number }) => number === what) ?? what);
  assert.deepEqual(named, []);
}

/** Runs in every document, before anything else. */
function detect() {
  const found = [];
  const report = (what) => { (globalThis.top.found ?? found).push(what); };
  for (const name of ["alert", "confirm", "prompt", "print", "pwned"]) globalThis[name] = report;
  globalThis.found = found;
  // Links that lead to other pages would end the test; those that run something are let go.
  const stays = (event) => {
    const link = event.target?.closest?.("a, area");
    const href = link?.href?.baseVal ?? link?.href ?? "";
    if (event.type === "submit" || !/^\s*javascript:/i.test(href)) event.preventDefault();
  };
  for (const type of ["click", "submit"]) document.addEventListener(type, stays);

  const FORBIDDEN = /^(script|style|iframe|frame|frameset|object|embed|applet|base|meta|link|form|input|textarea|select|svg|math|template|noscript|portal|marquee)$/;
  const URLS = ["href", "src", "action", "formaction", "cite", "poster", "xlink:href", "data", "ping", "background"];
  /** Looks at every element, and touches it in every way. */
  globalThis.provoke = (within) => {
    const strict = within === "#here";
    for (const element of document.querySelectorAll(`${within}, ${within} *`)) {
      if (strict && FORBIDDEN.test(element.localName)) report(`<${element.localName}>`);
      for (const { name, value } of within === "body" ? [] : element.attributes) {
        if (/^on|^style$|^srcdoc$/i.test(name)) report(`${name}="${value}"`);
        if (!URLS.includes(name.toLowerCase())) continue;
        // What is no address leads nowhere.
        if (!URL.canParse(value, "http://shop.example/")) continue;
        const { protocol } = new URL(value, "http://shop.example/");
        if (!/^(https?|mailto):$/.test(protocol)) report(`${name}="${value}"`);
      }
      for (const type of ["mouseover", "mouseenter", "mousemove", "pointerenter", "pointerover", "mousedown", "focus", "focusin", "keydown", "toggle", "wheel", "animationstart", "transitionend", "beforeinput", "close", "scrollend"]) {
        element.dispatchEvent(new Event(type, { bubbles: type !== "focus" }));
      }
      if (element.isConnected) element.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, composed: true }));
    }
  };
}
