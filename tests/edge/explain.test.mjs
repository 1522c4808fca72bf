// Why a page shows what it shows, from what the page tells; and looks at packs that are not live.
import assert from "node:assert/strict";
import { test } from "node:test";
import { admin, ask, post } from "./edge.mjs";

const SITUATION = {
  writeKey: "wk_demo", pack: null, state: null, locale: "en",
  consent: { analytics: true, personalization: true, marketing: true },
  context: { page: { path: "/", url: "https://shop.example/", search: "", referrer: "" }, device: { type: "desktop" } },
};

test("a page's situation is explained: each rule that lost, with the clause that made it lose", async () => {
  const { status, json, headers } = await post("/v1/explain", SITUATION);
  assert.equal(status, 200);
  assert.equal(headers["access-control-allow-origin"], "*");
  assert.match(headers["cache-control"], /^no-store/);
  const lost = json.rules.filter(({ outcome }) => outcome === "failed");
  assert.ok(lost.length > 0);
  assert.ok(lost.every(({ because }) => because.some(({ met }) => met === false)));
  assert.deepEqual(Object.keys(json.decision.slots).sort(), [...new Set(json.rules.map(({ slot }) => slot))].sort());
  const one = await post("/v1/explain", { ...SITUATION, slots: ["hero"] });
  assert.deepEqual(Object.keys(one.json.decision.slots), ["hero"]);
  assert.ok(one.json.rules.every(({ slot }) => slot === "hero"));
});

test("what cannot be explained is refused with a reason", async () => {
  for (const [change, status, code] of [
    [{ writeKey: "wk_other" }, 401, "unknown-write-key"],
    [{ writeKey: undefined }, 401, "missing-write-key"],
    [{ pack: "nonsense" }, 404, "unknown-pack"],
    [{ pack: "00".repeat(16) }, 404, "unknown-pack"],
    [{ state: "%%%" }, 400, "bad-request"],
    [{ state: "AAAA" }, 400, "bad-request"],
    [{ consent: "yes" }, 400, "bad-request"],
    [{ context: "page" }, 400, "wrong-type"],
  ]) {
    const answer = await post("/v1/explain", { ...SITUATION, ...change });
    assert.deepEqual([answer.status, answer.json.code], [status, code], JSON.stringify(change));
  }
});

const previews = (body) => admin("/previews", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

test("a preview's token opens its pack's page Program until it expires, and no other", async () => {
  const source = JSON.stringify({ pack: "draft", slots: { hero: { default: "draft" } }, content: { draft: { slot: "hero", text: "A draft" } } });
  const { hash } = (await admin("/packs", { method: "PUT", body: source })).json;
  const made = await previews({ pack: hash, expiresIn: 2 });
  assert.equal(made.status, 201);
  const { token, query, expires } = made.json;
  assert.equal(query, `?waymark_preview=${token}`);
  assert.ok(Math.abs(Date.parse(expires) - Date.now() - 2_000) < 1_500);
  const opened = await ask(`/v1/preview/${token}`);
  assert.equal(opened.status, 200);
  assert.equal(opened.headers["cache-control"], "private, no-store");
  assert.ok(Date.parse(opened.headers.expires) > Date.now() - 1_000);
  assert.deepEqual(opened.body, (await ask(`/v1/pack/${hash}`)).body);
  for (let at = 0; at < token.length; at += 7) {
    const forged = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
    const answer = await ask(`/v1/preview/${forged}`);
    assert.deepEqual([answer.status, answer.json.code], [403, "bad-preview"], forged);
  }
  await new Promise((done) => setTimeout(done, 2_100));
  const old = await ask(`/v1/preview/${token}`);
  assert.deepEqual([old.status, old.json.code], [410, "old-preview"]);
});

test("previews are made by who may, of packs that are there, for a time that is one", async () => {
  const { active } = (await admin("/packs")).json;
  assert.equal((await ask("/admin/v1/previews", { method: "POST", body: "{}" })).status, 401);
  for (const [body, code] of [
    [{}, "bad-request"], [{ pack: "00".repeat(16) }, "unknown-pack"], [{ pack: active, expiresIn: 0 }, "bad-request"],
    [{ pack: active, expiresIn: 1e12 }, "bad-request"], [{ pack: active, expiresIn: "1d" }, "bad-request"],
  ]) {
    assert.equal((await previews(body)).json.code, code, JSON.stringify(body));
  }
});

test("a visitor's cookie is no preview and a preview no cookie", async () => {
  const { active } = (await admin("/packs")).json;
  const { token } = (await previews({ pack: active })).json;
  const answer = await ask("/", { headers: { cookie: `wm_v=${token}`, accept: "text/html" } });
  assert.equal(answer.status, 200);
  const decided = await post("/v1/decide", { writeKey: "wk_demo" }, { headers: { cookie: `wm_v=${token}` } });
  assert.equal(decided.json.code, "bad-cookie");
});

test("a page that is previewed comes as its author made it", async () => {
  const { active } = (await admin("/packs")).json;
  const { query } = (await previews({ pack: active })).json;
  const page = await ask(`/${query}&utm_source=newsletter`, { headers: { accept: "text/html" } });
  assert.equal(page.status, 200);
  assert.doesNotMatch(page.text, /waymark-decision/);
  assert.match((await ask("/?utm_source=newsletter", { headers: { accept: "text/html" } })).text, /waymark-decision/, "and otherwise decided");
});
