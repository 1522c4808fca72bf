// What another server says, in a page: cleaned, and only where the operator allows the server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { admin, ask } from "./edge.mjs";
import { serve, start } from "./workerd.mjs";

const SAYS = {
  "/html": ["text/html; charset=utf-8", `<p onclick="alert(1)">Five stars</p><script>alert(1)</script>`],
  "/plain": ["text/plain", "Five <b>stars</b>"],
  "/json": ["application/json", "{}"],
  "/large": ["text/html", "x".repeat(70_000)],
  "/slow": null,
};
const stops = [];
let edge;
let asked;

before(async () => {
  asked = [];
  const remote = await serve((request, response) => {
    asked.push(request.url);
    const [path] = request.url.split("?");
    if (path === "/away") return response.writeHead(302, { location: "/html" }).end();
    if (SAYS[path] === null) return undefined;
    const [type, body] = SAYS[path] ?? ["text/html", "?"];
    return response.writeHead(200, { "content-type": type }).end(body);
  });
  const origin = await serve((_, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(`<html><head></head><body><div data-waymark-slot="s">the author's</div></body></html>`);
  });
  const other = await serve((_, response) => response.end("never"));
  const running = await start({ vars: { ORIGIN_URL: origin.url, REMOTE_ORIGINS: JSON.stringify([remote.url]) } });
  stops.push(running.stop, remote.stop, origin.stop, other.stop);
  edge = running.url;
  const paths = [...Object.keys(SAYS), "/away"];
  const content = Object.fromEntries(paths.map((path) => [path, { slot: "s", remote: `${remote.url}${path}?of={{ page.path }}` }]));
  content["/other"] = { slot: "s", remote: `${other.url}/` };
  const rules = Object.keys(content).map((path) => ({ id: path, slot: "s", when: { "page.path": path }, show: path }));
  const pack = { pack: "remote", slots: { s: { default: "keep" } }, content, rules };
  const { hash } = (await admin("/packs", { method: "PUT", body: JSON.stringify(pack), edge })).json;
  await admin(`/packs/${hash}/activate`, { method: "POST", edge });
});
after(async () => { for (const stop of stops) await stop(); });

const slot = async (path) => /<div data-waymark-slot="s"[^>]*>(.*)<\/div>/s.exec((await ask(path, { edge, headers: { accept: "text/html" } })).text)[1];

test("HTML is cleaned as a pack's own is", async () => {
  assert.equal(await slot("/html"), "<p>Five stars</p>");
  assert.ok(asked.includes("/html?of=%2Fhtml"));
});

test("text is text", async () => {
  assert.equal(await slot("/plain"), "Five &lt;b&gt;stars&lt;/b&gt;");
});

test("for anything else the author's content stays", async () => {
  for (const path of ["/json", "/large", "/slow", "/away", "/other"]) assert.equal(await slot(path), "the author's", path);
  assert.ok(!asked.includes("/html"), "a redirect was followed");
});
