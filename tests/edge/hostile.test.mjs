// Who means harm: origins that lie, addresses and headers that are meant for somebody else, and an edge without its
// storage. Whatever comes, the page is whole, and nobody is led or asked elsewhere.
import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { accepted, ask, browser, cookieOf, device, headline, looksAtTents, post, problem, stored, viewed } from "./edge.mjs";
import { givePack, serve, start } from "./workerd.mjs";

const UTF8 = "text/html; charset=utf-8";
const PAGE = `<!doctype html><html><head></head><body><div data-waymark-slot="hero"><h1>The author's</h1></div></body></html>`;
const pages = new Map();
let asked = [];
let origin, edge, cookie;

before(async () => {
  origin = await serve((request, answer) => {
    asked.push({ url: request.url, host: request.headers.host });
    const page = pages.get(request.url) ?? { body: PAGE };
    if (typeof page === "function") return page(request, answer);
    answer.writeHead(200, { "content-type": UTF8, ...page.headers }).end(page.body);
  });
  edge = await start({ vars: { ORIGIN_URL: origin.url, SHARD_OBJECTS: "4" } });
  await givePack(edge.url);
  const me = device();
  await looksAtTents(me, edge.url);
  cookie = await cookieOf(me, undefined, edge.url);
});
after(() => Promise.all([edge?.stop(), origin?.stop()]));

/** A request as its bytes say, which no client would send. */
const raw = (lines) => new Promise((done, fail) => {
  const { hostname, port } = new URL(edge.url);
  let text = "";
  const socket = connect(Number(port), hostname, () => socket.end(`${lines.join("\r\n")}\r\nConnection: close\r\n\r\n`));
  socket.setTimeout(10_000, () => socket.destroy(new Error("no answer within 10 s")));
  socket.on("data", (chunk) => { text += chunk; }).on("end", () => done(text)).on("error", fail);
});

/** What comes of an answer, whether it ends or not. */
const begun = (path, headers) => new Promise((done, fail) => {
  const asking = request(`${edge.url}${path}`, { headers, agent: false }, (answer) => {
    let text = "";
    answer.setEncoding("utf8").on("data", (chunk) => { text += chunk; });
    answer.on("error", () => {}).on("close", () => done({ status: answer.statusCode, text, complete: answer.complete }));
  });
  asking.on("error", fail).end();
});

test("an address is the origin's own, however it is written, and never another host's", async () => {
  const ours = new URL(origin.url).host;
  for (const target of [
    "//evil.example/x", "///evil.example", "/\\evil.example/", "/%5cevil.example", "/@evil.example", "/.//evil.example",
    "/%2f%2fevil.example", "/x%0d%0aSet-Cookie:%20a=b", "/?u=//evil.example%0d%0aLocation:%20//evil.example", "/;//evil.example",
  ]) {
    asked = [];
    const text = await raw([`GET ${target} HTTP/1.1`, `Host: ${new URL(edge.url).host}`, `Cookie: ${cookie}`]);
    assert.match(text, /^HTTP\/1\.1 (200|4\d\d) /, target);
    const [head] = text.split("\r\n\r\n");
    assert.ok(!/^(set-cookie: a=b|location:)/im.test(head), `${target}: ${head}`);
    assert.ok(asked.every(({ host }) => host === ours), `${target}: ${JSON.stringify(asked)}`);
  }
});

test("no way through the pages leads to what takes a token", async () => {
  for (const path of ["/x/../admin/v1/packs", "/v1/..%2fadmin/v1/packs", "/%61dmin/v1/packs", "/admin/v1/packs/", "//admin/v1/packs", "/ADMIN/v1/packs"]) {
    const text = await raw([`GET ${path} HTTP/1.1`, `Host: ${new URL(edge.url).host}`]);
    assert.ok(!text.includes('"activations"'), `${path}: ${text.slice(0, 300)}`);
  }
});

test("what a client says of itself is in no header and no page as it came", async () => {
  const script = `"><script>alert(1)</script>`;
  const { status, text, headers } = await ask(`/?utm_source=${encodeURIComponent(script)}`, {
    edge: edge.url,
    headers: { cookie, referer: `https://evil.example/${script}`, "accept-language": script, "x-forwarded-host": "evil.example", forwarded: "host=evil.example", "user-agent": script },
  });
  assert.equal(status, 200);
  assert.ok(!text.includes("<script>alert(1)"), text);
  assert.ok(!JSON.stringify(headers).includes("evil.example"));
});

test("an origin that lies about what it sends harms nobody but its own page", async () => {
  const deep = "<div>".repeat(20_000);
  for (const [path, page, holds] of [
    ["/utf7", { headers: { "content-type": "text/html; charset=utf-7" }, body: PAGE }, (text) => text === PAGE],
    ["/binary", { body: Buffer.from([0, 255, 254, 60, 104, 0, 1]) }, () => true],
    ["/unclosed", { body: `<html><head></head><body><!-- <div data-waymark-slot="hero">` }, (text) => text.includes("<!-- <div data-waymark-slot")],
    ["/script", { body: `<html><head></head><body><script>'<div data-waymark-slot="hero"></div>'</script></body></html>` }, (text) => text.includes(`'<div data-waymark-slot="hero"></div>'`)],
    ["/deep", { body: `<html><head></head><body>${deep}<div data-waymark-slot="hero">x</div></body></html>` }, (text) => text.includes("<div><div><div>")],
    ["/many", { body: `<html><head></head><body>${`<p data-waymark-slot="hero">a</p>`.repeat(3_000)}</body></html>` }, (text) => text.split("data-waymark-slot").length > 3_000],
    ["/nested", { body: `<html><head></head><body><div data-waymark-slot="hero"><div data-waymark-slot="hero">x</div></div></body></html>` }, (text) => text.endsWith("</body></html>")],
    ["/forged", { body: PAGE.replace("<head>", `<head><script type="application/json" id="waymark-decision">{"pack":"x"}</script>`) }, (text) => text.includes("</html>")],
    ["/private", { headers: { "cache-control": "public, max-age=60", "set-cookie": "s=1" }, body: PAGE }, (text) => text.includes("</html>")],
  ]) {
    pages.set(path, page);
    for (const headers of [{}, { cookie }]) {
      const answer = await ask(path, { edge: edge.url, headers });
      assert.equal(answer.status, 200, path);
      assert.ok(holds(answer.text), `${path}: ${answer.text.slice(0, 300)}`);
    }
  }
});

test("an origin that breaks its own promises is said to be so, in time", async () => {
  // Says gzip and is not; says more than there is; talks for ever without a word.
  pages.set("/gzip", { headers: { "content-encoding": "gzip" }, body: PAGE });
  pages.set("/short", (_, answer) => {
    answer.writeHead(200, { "content-type": UTF8, "content-length": "100000" });
    answer.write(PAGE);
    answer.destroy();
  });
  pages.set("/header", (request, answer) => {
    answer.socket.end("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Bad\x00: 1\r\n\r\nhello");
    request.resume();
  });
  for (const path of ["/gzip", "/short", "/header"]) {
    const began = Date.now();
    const outcome = await ask(path, { edge: edge.url, headers: { cookie } }).then(({ status }) => status, (error) => error.code ?? "broken");
    assert.ok(Date.now() - began < 10_000, path);
    assert.ok([200, 502, "ECONNRESET", "broken", "HPE_INVALID_EOF_STATE"].includes(outcome), `${path}: ${outcome}`);
  }
  assert.equal((await ask("/", { edge: edge.url, headers: { cookie } })).status, 200, "and the edge goes on");
});

test("a page that breaks off is nobody's to keep, and what came of it is its own beginning", async () => {
  const whole = PAGE.replace("</body>", `<p>${"of its own ".repeat(2_000)}</p><p>The end.</p></body>`);
  const half = whole.slice(0, whole.length / 2);
  const everybodys = { "content-type": UTF8, "cache-control": "public, max-age=60" };
  const others = { headers: everybodys, body: PAGE.replace("</body>", "<p>Another page.</p></body>") };
  pages.set("/another", others);
  for (const said of [{ "content-length": `${Buffer.byteLength(whole)}` }, { "transfer-encoding": "chunked" }]) {
    const [how] = Object.keys(said);
    const path = `/breaks-off?${how}`;
    pages.set(path, (_, answer) => {
      answer.writeHead(200, { ...everybodys, ...said });
      answer.write(half, () => answer.socket.destroy());
    });
    for (const headers of [{ cookie }, { cookie }, {}]) {
      const [broken, another] = await Promise.all([begun(path, headers), ask("/another", { edge: edge.url, headers: { cookie } })]);
      assert.match(another.text, /Another page/);
      assert.doesNotMatch(broken.text, /Another page|The end/, how);
      // A body without a length workerd ends as if it were whole, whatever the worker does: one that is everybody's has it.
      if (how === "content-length" && !headers.cookie) assert.equal(broken.complete, false);
      if (broken.status === 200) assert.ok(half.endsWith(broken.text.slice(-200)), `${how}: ${broken.text.slice(-300)}`);
      else assert.equal(broken.status, 502, how);
      await setTimeout(60);
    }
    asked = [];
    pages.set(path, { headers: everybodys, body: whole });
    const { status, text } = await ask(path, { edge: edge.url, headers: { cookie } });
    assert.deepEqual([status, asked.length], [200, 1], how);
    assert.match(text, /id="waymark-decision".*Find the tent.*The end\.<\/p><\/body><\/html>$/s, how);
    await setTimeout(60);
    assert.match((await ask(path, { edge: edge.url, headers: { cookie } })).text, /The end\./);
    assert.equal(asked.length, 1, "and that one is kept");
  }
});

test("pages are whole while the storage refuses, and events are refused and not lost", async () => {
  const { folder } = edge;
  const port = Number(new URL(edge.url).port);
  await edge.kill();
  // A map of objects that cannot be: each object says so, and nothing is read or written.
  edge = await start({ vars: { ORIGIN_URL: origin.url, SHARD_OBJECTS: "7" }, folder, port });
  const page = await ask("/", { edge: edge.url, headers: { cookie } });
  assert.deepEqual([page.status, page.text.includes("The author's")], [200, true]);
  const me = device();
  const event = { type: "track", event: "Seen", messageId: "m1", anonymousId: me.anonymousId, context: { consent: { categoryPreferences: { analytics: true } } } };
  const statuses = [];
  for (let tries = 0; tries < 12; tries++) {
    const { status } = await post("/v1/batch", { deviceKey: me.deviceKey, batch: [{ ...event, messageId: `m${tries}`, userId: `u${tries}` }] }, { ...browser, edge: edge.url });
    statuses.push(status);
  }
  assert.ok(statuses.every((status) => status === 200 || status === 503), `${statuses}`);
  await edge.kill();
  edge = await start({ vars: { ORIGIN_URL: origin.url, SHARD_OBJECTS: "4" }, folder, port });
  // The first page may come while the module still starts.
  for (const end = Date.now() + 10_000; ;) {
    const { status, text } = await ask("/", { edge: edge.url, headers: { cookie } });
    assert.equal(status, 200);
    if (!text.includes("The author's")) break;
    assert.ok(Date.now() < end, "and personal again");
  }
});

test("where nothing can be written events are refused, pages are whole, and later all is there once", async () => {
  const FOUND = "Find the tent for your next night out";
  const page = async (sent) => {
    const answer = await ask("/", { edge: edge.url, headers: { cookie: sent } });
    assert.equal(answer.status, 200);
    assert.match(answer.text, /<\/html>$/);
    return answer;
  };
  const snapshot = (await page(cookie)).headers["set-cookie"].find((one) => one.startsWith("wm_s=")).split(";")[0];
  const visitors = Array.from({ length: 20 }, () => {
    const { deviceKey, anonymousId } = device();
    return { id: `a:${anonymousId}`, body: { writeKey: "wk_demo", deviceKey, batch: [1, 2, 3].map(() => viewed(anonymousId)) } };
  });
  const send = ({ body }) => post("/v1/batch", body, { edge: edge.url });
  // The disk fills up while they send.
  const [under, later] = [visitors.slice(0, 10), visitors.slice(10)];
  const [answers] = await Promise.all([Promise.all(under.map(send)), edge.mayWrite(false)]);
  for (const visitor of later) answers.push(await send(visitor));
  const taken = (answer) => answer.status === 200;
  for (const answer of answers) {
    if (taken(answer)) assert.deepEqual(accepted(answer), [3, 0, []]);
    else assert.ok(Number(problem(answer, 503, "unavailable") && answer.headers["retry-after"]) > 0);
  }
  assert.ok(answers.slice(10).every((answer) => !taken(answer)), "nobody is told that what cannot be written is there");
  // Of whom an object would have to be asked the page is the author's; who brings what it needs has their own.
  assert.equal(headline(await page(cookie)), "The author's");
  assert.equal(headline(await page(`${cookie}; ${snapshot}`)), FOUND);
  assert.equal((await ask("/", { edge: edge.url })).text, PAGE);

  await edge.mayWrite(true);
  for (const [at, visitor] of visitors.entries()) {
    const [events, again, rejected] = accepted(await send(visitor));
    assert.deepEqual([events + again, rejected], [3, []]);
    if (taken(answers[at])) assert.equal(again, 3);
  }
  // The runtime has lines of its own there.
  const said = edge.log();
  assert.match(said, /^\{"level":"error","at":"page",.*\}$/m);
  for (const secret of [cookie.split("=")[1], ...visitors.flatMap(({ id, body }) => [id.slice(2), body.deviceKey])]) assert.ok(!said.includes(secret), said);
  assert.equal(headline(await page(cookie)), FOUND);
  const { folder, url } = edge;
  await edge.kill();
  edge = await start({ vars: { ORIGIN_URL: origin.url, SHARD_OBJECTS: "4" }, folder, port: Number(new URL(url).port) });
  for (const { id } of visitors) assert.equal((await stored(id, edge.url)).length, 3);
});
