// Pages on their way through: changed where a rule wins, and otherwise the author's to the last byte.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { admin, ask, browser, cookieOf, device, looksAtTents, post, stored, viewed, withPack } from "./edge.mjs";

const file = (path) => readFileSync(new URL(`../../examples/storefront/site${path}`, import.meta.url));
const INDEX = file("/index.html");
const NEWSLETTER = "/?utm_source=newsletter";
const decisionIn = (html) => {
  const scripts = [...html.matchAll(/<script type="application\/json" id="waymark-decision">(.*?)<\/script>/gs)];
  assert.equal(scripts.length, 1);
  return scripts[0];
};

/** The page as its author wrote it, but for one slot and the decision. */
function others(html, slot) {
  const open = new RegExp(`<div class="[^"]*" data-waymark-slot="${slot}"[^>]*>`);
  const [before, rest] = html.replace(decisionIn(html)[0], "").split(open);
  return [before, rest.slice(rest.indexOf("</div>"))];
}

const ME = device();
let cookie;
before(async () => {
  await looksAtTents(ME);
  cookie = await cookieOf(ME);
});

test("before consent a page is the author's to the last byte", async () => {
  for (const [path, written] of [
    ["/", INDEX],
    ["/zh/", file("/zh/index.html")],
    ["/tents.html", file("/tents.html")],
    ["/?utm_source=other", INDEX],
  ]) {
    const answer = await ask(path, { headers: { accept: "text/html", "accept-encoding": "gzip, br" } });
    assert.ok(answer.body.equals(written), path);
    assert.equal(answer.headers["cache-control"], "public, max-age=0, must-revalidate");
    assert.equal(answer.headers["set-cookie"], undefined);
    assert.equal(answer.headers["content-encoding"], undefined);
  }
});

test("a rule that reads only the address fills its slot and nothing else", async () => {
  const answer = await ask(NEWSLETTER);
  assert.equal(answer.status, 200);
  assert.match(answer.text, /data-waymark-slot="hero" data-waymark-content="hero-spring"><p class="wm-eyebrow">From our newsletter/);
  const original = INDEX.toString();
  const hero = /(<div class="[^"]*" data-waymark-slot="hero">)(.*?)(?=<\/div>)/s.exec(original);
  assert.deepEqual(others(answer.text, "hero"), [original.slice(0, hero.index), original.slice(hero.index + hero[0].length)]);
  assert.equal(answer.headers["set-cookie"], undefined);
});

test("a changed page is nobody else's to keep", async () => {
  for (const { headers } of [await ask(NEWSLETTER), await ask("/", { headers: { cookie } })]) {
    assert.equal(headers["cache-control"], "private, no-cache");
    assert.match(headers.vary, /\bCookie\b/);
    assert.ok(headers["content-security-policy"]);
  }
});

test("the page carries the decision, without content, as JSON that its browser can adopt", async () => {
  const { pack, slots, segments, stage, now, seq } = JSON.parse(decisionIn((await ask("/", { headers: { cookie } })).text)[1]);
  assert.equal(pack, (await admin("/packs")).json.active);
  assert.deepEqual([seq, segments, stage], [3, ["newcomer", "tent-shopper"], "consideration"]);
  assert.deepEqual(slots.hero, { content: "hero-tents", rule: "tent-shoppers", reason: "rule" });
  assert.ok(Math.abs(Date.parse(now) - Date.now()) < 10_000);
  assert.doesNotMatch(JSON.stringify(slots), /<p|<h1/);
});

test("a visitor sees what the edge knows of them, and another visitor does not", async () => {
  const other = await cookieOf(device());
  const pages = await Promise.all([cookie, other, undefined].map((cookie) => ask("/", { headers: cookie ? { cookie } : {} })));
  const [mine, others, nobodys] = pages.map(({ text }) => text);
  assert.match(mine, /Find the tent for your next night out/);
  assert.match(mine, /You looked at (Alcove 2|Meridian 3|Cirrus 1)\./);
  assert.doesNotMatch(others, /Find the tent/);
  assert.match(others, /Sleep under the stars/);
  assert.deepEqual(JSON.parse(decisionIn(others)[1]).segments, ["newcomer"]);
  assert.equal(nobodys, INDEX.toString());
});

test("the next event is in the next page", async () => {
  const visitor = device();
  const headers = { cookie: await cookieOf(visitor) };
  await looksAtTents(visitor);
  assert.match((await ask("/", { headers })).text, /Find the tent/);
  const order = viewed(visitor.anonymousId, { event: "Order Completed", properties: { revenue: 900 } });
  await post("/v1/batch", { ...visitor, batch: [order] }, browser);
  const { text } = await ask("/", { headers });
  assert.match(text, /Welcome back, friend/);
  assert.equal(JSON.parse(decisionIn(text)[1]).stage, "customer");
});

test("what a visitor sent of themselves stands in the page as text", async () => {
  const visitor = device();
  const traits = { firstName: `</p><script>alert("1")</script>` };
  const batch = [
    viewed(visitor.anonymousId, { event: "Order Completed", properties: { revenue: 1 } }),
    viewed(visitor.anonymousId, { type: "identify", traits }),
  ];
  await post("/v1/batch", { ...visitor, batch }, browser);
  const { text } = await ask("/", { headers: { cookie: await cookieOf(visitor) } });
  assert.match(text, /Welcome back, &lt;\/p&gt;&lt;script&gt;alert/);
  assert.doesNotMatch(text, /<script>alert/);
});

test("the page's language chooses the content's", async () => {
  assert.match((await ask(`/zh/${NEWSLETTER.slice(1)}`)).text, /山脊之春/);
  assert.match((await ask(NEWSLETTER, { headers: { "accept-language": "zh-CN,zh;q=0.9" } })).text, /山脊之春/);
  assert.match((await ask(NEWSLETTER, { headers: { "accept-language": "de" } })).text, /Spring on the ridge/);
});

test("what is no page goes through as it is", async () => {
  const css = await ask("/assets/shop.css?utm_source=newsletter", { headers: { cookie } });
  assert.ok(css.body.equals(file("/assets/shop.css")));
  assert.deepEqual([css.headers["content-type"], css.headers["cache-control"]], ["text/css; charset=utf-8", "public, max-age=300"]);
  const missing = await ask("/nothing.html?utm_source=newsletter", { headers: { cookie } });
  assert.equal(missing.status, 404);
  assert.ok(missing.body.equals(file("/404.html")));
  const post = await ask(NEWSLETTER, { method: "POST", body: "a=b", headers: { cookie } });
  assert.deepEqual([post.status, post.text], [405, "Method not allowed\n"]);
  const head = await ask(NEWSLETTER, { method: "HEAD", headers: { cookie } });
  assert.deepEqual([head.status, head.body.length, head.headers["cache-control"]], [200, 0, "public, max-age=0, must-revalidate"]);
  for (const headers of [{ "sec-fetch-dest": "script" }, { accept: "image/avif,image/webp" }]) {
    assert.ok((await ask(NEWSLETTER, { headers: { cookie, ...headers } })).body.equals(INDEX));
  }
  for (const headers of [{ "sec-fetch-dest": "document" }, { "sec-fetch-dest": "iframe" }, { accept: "*/*" }]) {
    assert.ok(!(await ask(NEWSLETTER, { headers })).body.equals(INDEX));
  }
});

test("names and content of any pack stand in the page as data", async () => {
  const evil = `"'></script><script>alert(1)</script><img src=x onerror=alert(1)>&lt;&\u2028é`;
  const pack = {
    pack: "evil",
    slots: { hero: { default: "keep" }, cross: { default: "keep" } },
    segments: { [evil]: { when: {} } },
    content: {
      [evil]: { slot: "hero", text: evil },
      html: { slot: "cross", html: `<b title="é–山">é–山</b><script>alert(2)</script>` },
    },
    rules: [
      { id: evil, slot: "hero", when: {}, show: evil },
      { id: "html", slot: "cross", when: {}, show: "html" },
    ],
  };
  const { text } = await withPack(pack, () => ask("/", { headers: { cookie } }));
  const [script, json] = decisionIn(text);
  assert.doesNotMatch(json, /[<\u007f-\uffff]/);
  const { segments, slots } = JSON.parse(json);
  assert.deepEqual([segments, slots.hero.rule, slots.hero.content], [[evil], evil, evil]);
  const [slot, content, body] = /data-waymark-slot="hero" data-waymark-content="([^"]*)">(.*?)<\/div>/s.exec(text);
  assert.equal(unescaped(content), evil);
  assert.doesNotMatch(body, /</);
  assert.equal(unescaped(body), evil);
  assert.match(text, /<b title="é–山">é–山<\/b><\/div>/);
  assert.doesNotMatch(text.replace(script, "").replace(slot, ""), /alert/);
});

function unescaped(html) {
  const names = { lt: "<", gt: ">", quot: '"', "#39": "'", amp: "&" };
  return html.replace(/&(lt|gt|quot|#39|amp);/g, (_, name) => names[name]);
}

test("who is led elsewhere is counted when they go there, and not when a browser asks ahead", async () => {
  const pack = {
    pack: "led",
    slots: { "page:home": { default: "keep" }, hero: { default: "keep" } },
    experiments: {
      home: { slot: "page:home", when: { "page.path": "/" }, variations: [{ id: "control", weight: 0 }, { id: "tents", weight: 1, show: "to-tents" }] },
      copy: { slot: "hero", variations: [{ id: "control", weight: 0 }, { id: "short", weight: 1, show: "short" }] },
    },
    content: { "to-tents": { slot: "page:home", redirect: "/tents.html" }, short: { slot: "hero", text: "Short" } },
    rules: [],
  };
  const me = device();
  const own = await cookieOf(me);
  const visit = { cookie: own, accept: "text/html", "sec-fetch-dest": "document" };
  const exposures = async () => (await stored(me.anonymousId)).filter(({ event }) => event === "Experiment Viewed").length;
  await withPack(pack, async () => {
    for (const ahead of [{ "sec-purpose": "prefetch" }, { "sec-purpose": "prefetch;prerender" }, { purpose: "prefetch" }]) {
      const answer = await ask("/", { headers: { ...visit, ...ahead } });
      assert.deepEqual([answer.status, answer.json.code], [503, "not-ahead"]);
      assert.match(answer.headers["cache-control"], /no-store/);
    }
    assert.equal(await exposures(), 0);
    const answer = await ask("/", { headers: visit });
    assert.deepEqual([answer.status, answer.headers.location], [302, "/tents.html"]);
    assert.equal(await exposures(), 1);
    // What stays on its page is made ready ahead, and the page counts it when it is seen.
    const ready = await ask("/tents.html", { headers: { ...visit, "sec-purpose": "prefetch" } });
    assert.equal(ready.status, 200);
    assert.match(ready.text, /id="waymark-decision"/);
    assert.equal(await exposures(), 1);
    // Machines are led nowhere.
    const bot = await ask("/", { headers: { ...visit, cookie: "", "user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)" } });
    assert.equal(bot.status, 200);
  });
});

test("a machine with a visitor's cookie is not led, and sees the control", async () => {
  const pack = {
    pack: "halves",
    slots: { "page:home": { default: "keep" }, hero: { default: "keep" } },
    experiments: {
      home: { slot: "page:home", when: { "page.path": "/" }, variations: [{ id: "control", weight: 0.5 }, { id: "tents", weight: 0.5, show: "to-tents" }] },
      copy: { slot: "hero", variations: [{ id: "control", weight: 0 }, { id: "short", weight: 1, show: "short" }] },
    },
    content: { "to-tents": { slot: "page:home", redirect: "/tents.html" }, short: { slot: "hero", text: "Short" } },
    rules: [],
  };
  await withPack(pack, async () => {
    const visit = { accept: "text/html", "sec-fetch-dest": "document", "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0" };
    let [led, stays] = [];
    for (let tries = 0; tries < 40 && !(led && stays); tries += 1) {
      const me = device();
      const own = await cookieOf(me);
      const { status, text } = await ask("/", { headers: { ...visit, cookie: own } });
      if (status === 302) led ??= { ...me, cookie: own };
      else stays ??= text;
    }
    assert.ok(led, "one of forty is led");
    assert.match(stays, />Short</);
    const viewed = async () => (await stored(led.anonymousId)).filter(({ event }) => event === "Experiment Viewed").length;
    assert.equal(await viewed(), 1);
    for (const machine of ["Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "facebookexternalhit/1.1", "Mozilla/5.0 HeadlessChrome/140.0"]) {
      const { status, headers, text } = await ask("/", { headers: { ...visit, cookie: led.cookie, "user-agent": machine } });
      assert.deepEqual([status, headers.location], [200, undefined], machine);
      assert.equal(text.replace(decisionIn(text)[0], ""), INDEX.toString(), machine);
    }
    assert.equal(await viewed(), 1, "and it is not counted");
    const again = await ask("/", { headers: { ...visit, cookie: led.cookie } });
    assert.deepEqual([again.status, again.headers.location], [302, "/tents.html"]);
  });
});

test("what an address says leads nowhere but where the pack says, and into no header of its own", async () => {
  const when = (path) => ({ "page.path": path });
  const pack = {
    pack: "ways",
    slots: { "page:a": { default: "keep" }, "page:b": { default: "keep" }, "page:c": { default: "keep" } },
    content: {
      path: { slot: "page:a", redirect: { to: "/from/{{ campaign.source }}/x.html", keepQuery: true } },
      first: { slot: "page:b", redirect: { to: "/{{ campaign.source }}", keepQuery: true } },
      query: { slot: "page:c", redirect: { to: "/tents.html?from={{ campaign.source }}#{{ campaign.source }}", keepQuery: true } },
    },
    rules: [
      { id: "a", slot: "page:a", when: when("/a.html"), show: "path" },
      { id: "b", slot: "page:b", when: when("/b.html"), show: "first" },
      { id: "c", slot: "page:c", when: when("/c.html"), show: "query" },
    ],
  };
  const usual = ["cache-control", "connection", "content-length", "date", "location", "transfer-encoding", "vary"];
  const hostile = [
    "%0d%0aSet-Cookie:%20x=1", "%0d%0a%0d%0a<script>alert(1)</script>", "//evil.example", "https://evil.example", "javascript:alert(1)",
    "/evil.example", "%5c%5cevil.example", "/%5cevil.example", "%09//evil.example", "..//evil.example", "../..//evil.example", "@evil.example",
    ":80@evil.example", ".evil.example", "%e2%80%a8//evil.example", "%00", "%ff", "", "%252f%252fevil.example", "evil.example%23", "x%3fy=z",
  ];
  let led = 0;
  await withPack(pack, async () => {
    for (const path of ["/a.html", "/b.html", "/c.html"]) {
      for (const source of hostile) {
        const at = `${path}?utm_source=${source}&next=//evil.example`;
        const { status, headers } = await ask(at, { headers: { accept: "text/html", "sec-fetch-dest": "document" } });
        // Where no address comes of it, the page stays; the shop has none of these.
        assert.ok(status === 302 || status === 404, `${at}: ${status}`);
        assert.equal(headers["set-cookie"], undefined, at);
        if (status === 404) continue;
        led += 1;
        const { location } = headers;
        assert.match(location, /^\/(?![\/\\])[\x21-\x7e]*$/, at);
        const here = "https://shop.example";
        assert.equal(new URL(location, here).origin, here, `${at}: ${location}`);
        assert.ok(new URL(location, here).pathname.startsWith({ "/a.html": "/from/", "/b.html": "/", "/c.html": "/tents.html" }[path]), `${at}: ${location}`);
        assert.deepEqual(Object.keys(headers).filter((name) => !usual.includes(name)), [], at);
      }
    }
  });
  assert.ok(led > hostile.length, `${led}`);
});
