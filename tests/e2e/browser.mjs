// A headless Chromium and pages that record what they store and send.
import { chromium } from "playwright-core";

/** The edge under test, as `cargo xtask` started it. */
export const EDGE = process.env.WAYMARK_EDGE?.replace(/\/$/, "");

export async function launch() {
  if (!EDGE) throw new Error("WAYMARK_EDGE is not set; run this by `cargo xtask test` or `cargo xtask demo --check`");
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
}

/** A visitor of their own, with everything they send and every error of their pages. */
export async function visitor(browser, options = {}) {
  const context = await browser.newContext({ baseURL: EDGE, locale: "en-GB", ...options });
  const seen = { errors: [], sent: [] };
  context.on("request", (request) => {
    const { pathname } = new URL(request.url());
    if (request.method() !== "GET" && request.method() !== "HEAD") {
      seen.sent.push({ path: pathname, body: request.postData() ?? "" });
    }
  });
  const page = await context.newPage();
  page.on("pageerror", (error) => seen.errors.push(error.message));
  return { context, page, seen };
}

/** Opens a page and stays until the SDK has arrived and decided. */
export async function look(page, path) {
  await page.goto(path);
  await page.waitForFunction(() => globalThis.waymark?.stats);
  await page.evaluate(() => globalThis.waymark.decide());
}

/** What the visitor's device holds. */
export async function stored(context, page) {
  const cookies = await context.cookies();
  const storage = await page.evaluate(async () => ({
    local: Object.keys(localStorage),
    session: Object.keys(sessionStorage),
    databases: (await indexedDB.databases()).map((database) => database.name),
  }));
  return { cookies: cookies.map((cookie) => cookie.name), ...storage };
}

/** Until `check` gives something true. */
export async function until(what, check, ms = 8_000) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    last = await check();
    if (last) return last;
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Messages sent as events, by id, whatever way they took. */
export function events(sent) {
  const all = new Map();
  for (const { path, body } of sent) {
    if (path !== "/v1/batch" && path !== "/v1/beacon") continue;
    for (const event of JSON.parse(body).batch) all.set(event.messageId, event);
  }
  return all;
}

export async function admin(path, init = {}) {
  const headers = { authorization: `Bearer ${process.env.WAYMARK_ADMIN_TOKEN ?? "demo-admin"}`, ...init.headers };
  return fetch(`${EDGE}${path}`, { ...init, headers });
}

/** Every event that the edge has stored. */
export async function exported() {
  const all = [];
  let next = "/admin/v1/export";
  while (next) {
    const response = await admin(next);
    if (!response.ok) throw new Error(`${next}: ${response.status} ${await response.text()}`);
    const text = await response.text();
    all.push(...text.split("\n").filter(Boolean).map((line) => JSON.parse(line)));
    next = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
  }
  return all;
}
