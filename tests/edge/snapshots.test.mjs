// The usual page reads no storage: what its rules need comes with a cookie; and what others were shown is used again.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { admin, ALL, ask, cookieOf, device, headline, looksAtTents, operator, post, viewed } from "./edge.mjs";
import { givePack, serve, start } from "./workerd.mjs";

const FOUND = "Find the tent for your next night out";
const PAGE = `<!doctype html><html lang=en><head><title>x</title></head><body>
<div data-waymark-slot="hero"><h1>The author's</h1></div></body></html>`;

let asked = [];
let origin;
let edge;
before(async () => {
  origin = await serve((request, answer) => {
    asked.push(request.headers);
    const kept = request.url.startsWith("/kept") ? { "cache-control": "public, max-age=60" } : {};
    answer.writeHead(200, { "content-type": "text/html; charset=utf-8", ...kept }).end(PAGE);
  });
  edge = await start({ vars: { ORIGIN_URL: origin.url } });
  await givePack(edge.url);
});
after(() => Promise.all([edge?.stop(), origin?.stop()]));

const page = (path, cookie, headers = {}) => ask(path, { edge: edge.url, headers: { cookie, accept: "text/html", ...headers } });

const snapshotOf = (answer) => {
  const set = (answer.headers["set-cookie"] ?? []).find((one) => one.startsWith("wm_s="));
  return set?.split(";")[0];
};

async function figure(series) {
  const { text } = await ask("/metrics", { edge: edge.url, headers: operator.headers });
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  assert.ok(line, `${series} in ${text}`);
  return Number(line.split(" ").at(-1));
}

const snapshots = (cookie) => figure(`waymark_snapshots_total{cookie="${cookie}"}`);

test("the second page goes by the cookie that the first one set, and the origin sees neither", async () => {
  const me = device();
  await looksAtTents(me, edge.url);
  const cookie = await cookieOf(me, undefined, edge.url);
  const first = await page("/", cookie);
  assert.equal(headline(first), FOUND);
  const snapshot = snapshotOf(first);
  assert.match(snapshot, /^wm_s=s2\.\w+\.[\w-]{60,}$/);
  const before = await snapshots("fresh");
  asked = [];
  const second = await page("/", `a=b; ${snapshot}; ${cookie}`);
  assert.equal(headline(second), FOUND);
  assert.equal(second.headers["set-cookie"], undefined);
  assert.equal(asked[0].cookie, "a=b");
  assert.equal(await snapshots("fresh"), before + 1);
  // What happens on the page reaches the next one by the answer to its events.
  const event = viewed(me.anonymousId, { properties: { category: "packs", name: "Ridge" } });
  const sent = await post("/v1/batch", { writeKey: "wk_demo", deviceKey: me.deviceKey, batch: [event] }, {
    edge: edge.url, headers: { cookie: `${cookie}; ${snapshot}` },
  });
  const moved = snapshotOf(sent);
  assert.ok(moved && moved !== snapshot, sent.text);
  const third = await page("/", `${cookie}; ${moved}`);
  assert.equal(third.headers["set-cookie"], undefined);
  const seq = ({ text }) => JSON.parse(/id="waymark-decision">(.*?)<\/script>/.exec(text)[1]).seq;
  assert.deepEqual([seq(second), seq(third)], [3, 4]);
  // One that is nobody's counts as none.
  const forged = await page("/", `${cookie}; wm_s=${"s2.demo." + "A".repeat(200)}`);
  assert.equal(headline(forged), FOUND);
  assert.ok(snapshotOf(forged));
  // Who takes everything back keeps nothing.
  const refused = await post("/v1/consent", {
    writeKey: "wk_demo", ...me, consent: { ...ALL, analytics: false, personalization: false, marketing: false },
  }, { edge: edge.url, headers: { cookie: `${cookie}; ${moved}` } });
  assert.deepEqual(refused.headers["set-cookie"].map((set) => set.split(";")[0]), ["wm_v=", "wm_s="]);
});

/** The same with a hero that says nothing of who sees it. */
async function giveConstantPack() {
  const pack = {
    pack: "constant",
    segments: { keen: { when: { $count: { event: "Product Viewed", is: { $gte: 3 } } } } },
    slots: { hero: { default: "everybody" } },
    content: { tents: { slot: "hero", html: `<h1>${FOUND}</h1>` }, everybody: { slot: "hero", html: "<h1>For everybody</h1>" } },
    rules: [{ id: "keen", slot: "hero", when: { $segment: "keen" }, show: "tents" }],
  };
  const put = await admin("/packs", { method: "PUT", body: JSON.stringify(pack), edge: edge.url });
  assert.equal(put.status, 201, put.text);
  await admin(`/packs/${put.json.hash}/activate`, { method: "POST", edge: edge.url });
}

test("what others were shown of a kept page is put together once", async () => {
  await giveConstantPack();
  const cookies = [];
  for (const looks of [true, true, true, false]) {
    const me = device();
    if (looks) await looksAtTents(me, edge.url);
    cookies.push(await cookieOf(me, undefined, edge.url));
  }
  const shown = async (cookie) => {
    const answer = await page("/kept", cookie);
    await setTimeout(60);
    return [headline(answer), answer.text.replace(/"(seq|now|validUntil)":[^,}]+/g, ""), snapshotOf(answer) !== undefined];
  };
  const first = await shown(cookies[0]);
  const variants = async () => [await figure('waymark_variants_total{was="page-made"}'), await figure('waymark_variants_total{was="page-used"}')];
  assert.deepEqual(await variants(), [0, 0]);
  assert.equal(first[0], FOUND);
  for (const cookie of cookies.slice(0, 3)) assert.deepEqual(await shown(cookie), first);
  assert.deepEqual(await variants(), [1, 2]);
  assert.equal((await shown(cookies[3]))[0], "For everybody");
  assert.deepEqual(await variants(), [2, 2]);
  assert.ok(await figure('waymark_pages_total{became="personal"}') >= 5);
});

test("who is nobody has a plan with everybody whose requests rules cannot tell apart", async () => {
  const was = (how) => figure(`waymark_variants_total{was="plan-${how}"}`);
  const [made, used] = [await was("made"), await was("used")];
  for (let time = 0; time < 3; time += 1) assert.equal((await page(`/?time=${time}`, "a=b")).status, 200);
  assert.deepEqual([await was("made"), await was("used")], [made + 1, used + 2]);
});

test("a page that is sent is counted by what became of it, also when its origin is away", async () => {
  const became = (what) => figure(`waymark_pages_total{became="${what}"}`);
  const failures = await figure('waymark_failures_total{of="origin"}');
  const unchanged = await became("unchanged");
  const lonely = await start({ vars: { ORIGIN_URL: "http://127.0.0.1:1" }, folder: undefined });
  try {
    assert.equal((await ask("/", { edge: lonely.url })).status, 502);
    const { text } = await ask("/metrics", { edge: lonely.url, headers: operator.headers });
    assert.match(text, /^waymark_failures_total\{of="origin"\} 1$/m);
    assert.match(text, /^waymark_pages_total\{became="unchanged"\} 1$/m);
  } finally {
    await lonely.stop();
  }
  assert.deepEqual([await figure('waymark_failures_total{of="origin"}'), await became("unchanged")], [failures, unchanged]);
});

test("objects are asked for where the law wants them, and nowhere else", async () => {
  const european = await start({ vars: { ORIGIN_URL: origin.url, JURISDICTION: "eu" } });
  try {
    // The runtime has no such places on one machine: it says so, and no other object is asked instead.
    const answer = await ask("/admin/v1/packs", { edge: european.url, headers: operator.headers });
    assert.equal(answer.status, 503, answer.text);
    assert.match(answer.text, /urisdiction/);
    assert.equal((await ask("/", { edge: european.url })).text, PAGE);
  } finally {
    await european.stop();
  }
  const unknown = await start({ vars: { ORIGIN_URL: origin.url, JURISDICTION: "moon" } });
  try {
    const answer = await ask("/healthz", { edge: unknown.url });
    assert.match(answer.text, /JURISDICTION must be eu or fedramp/, answer.text);
  } finally {
    await unknown.stop();
  }
});
