// A site of somebody else's, that loads the SDK from the edge by a tag.
import { createServer } from "node:http";
import { EDGE } from "./browser.mjs";

/** `{ url, stop }`. `attributes` are the tag's; `head` comes before it, `body` after. */
export async function site({ attributes = "", head = "", body = "", headers = {}, edge = EDGE, tag, route } = {}) {
  const script = tag ?? `<script async src="${edge}/waymark.js" data-write-key="wk_demo" ${attributes}></script>`;
  const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A site</title>
<meta name="viewport" content="width=device-width">${head}${script}</head><body>${body}</body></html>`;
  const server = createServer((request, response) => {
    if (route?.(request, response)) return;
    response.writeHead(200, { "content-type": "text/html", ...headers }).end(page);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  // A test that fails leaves it open.
  server.unref();
  const stop = () => {
    server.closeAllConnections();
    return new Promise((done) => server.close(done));
  };
  return { url: `http://localhost:${server.address().port}/`, stop };
}

/** Opens a page and stays until the SDK is there. */
export async function open(page, url) {
  await page.goto(url);
  await page.waitForFunction(() => globalThis.waymark?.stats);
}

export const ALL = { analytics: true, personalization: true, marketing: true };

/** A person: a machine's views are not counted, and an automated Chromium says that it is one. */
export const PERSON = {
  userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
};

export async function asPerson(context) {
  await context.addInitScript(() => Object.defineProperty(Navigator.prototype, "webdriver", { get: () => false }));
}

/** How many events wait on the device. In the page. */
export const waiting = async () => {
  const lines = Object.keys(localStorage).filter((key) => key.startsWith("waymark.outbox "));
  const kept = lines.reduce((sum, line) => sum + Number(line.split(" ")[3]), 0);
  if (!(await indexedDB.databases()).some(({ name }) => name === "waymark")) return kept;
  return kept + await new Promise((done, fail) => {
    const request = indexedDB.open("waymark");
    request.onerror = () => fail(request.error);
    request.onsuccess = () => {
      const keys = request.result.transaction("events").objectStore("events").getAllKeys();
      keys.onsuccess = () => {
        request.result.close();
        done(keys.result.reduce((sum, [, , count]) => sum + count, 0));
      };
    };
  });
};

/** The profile that is kept, or null. In the page. */
export const profile = async () => {
  if (!(await indexedDB.databases()).some(({ name }) => name === "waymark")) return null;
  return new Promise((done, fail) => {
    const request = indexedDB.open("waymark");
    request.onerror = () => fail(request.error);
    request.onsuccess = () => {
      const kept = request.result.transaction("state").objectStore("state").get(0);
      kept.onsuccess = () => {
        request.result.close();
        done(kept.result ?? null);
      };
    };
  });
};
