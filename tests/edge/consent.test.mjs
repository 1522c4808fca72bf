// The visitor's cookie: given only to the device that it is of, and worthless when anybody changed it.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { before, test } from "node:test";
import {
  accepted, admin, ALL, ask, browser, cookieOf, device, looksAtTents, post, problem, server, viewed,
} from "./edge.mjs";
import { DEMO } from "./workerd.mjs";

const ME = device();
const consent = (body, options) => post("/v1/consent", { writeKey: "wk_demo", ...ME, ...body }, options);

const HERO = /Find the tent for your next night out/;
const page = async (cookie, headers) => (await ask("/", { headers: { ...headers, cookie } })).text;
let authors;
before(async () => {
  await looksAtTents(ME);
  authors = (await ask("/")).text;
});

test("a device that proves itself is given a signed cookie that scripts cannot read", async () => {
  const answer = await consent({ consent: ALL });
  assert.deepEqual([answer.status, answer.text, answer.headers["cache-control"]], [204, "", "no-store"]);
  const [cookie, ...more] = answer.headers["set-cookie"];
  assert.deepEqual(more, []);
  assert.match(cookie, /^wm_v=v1\.demo\.[\w-]+\.[\w-]{43}; Path=\/; Max-Age=34560000; HttpOnly; SameSite=Lax$/);
  assert.ok(cookie.length < 1_536);
  assert.match(await page(cookie.split(";")[0]), HERO);
});

test("the cookie is set for a page of another origin that may send credentials", async () => {
  const origin = "https://shop.example";
  const answer = await consent({ consent: ALL }, { headers: { origin, "content-type": "text/plain" } });
  assert.equal(answer.headers["access-control-allow-origin"], origin);
  assert.equal(answer.headers["access-control-allow-credentials"], "true");
});

test("a refusal takes the cookie away", async () => {
  const none = { analytics: false, personalization: false, marketing: false };
  for (const refusal of [none, {}, null, { personalization: "true" }, { categoryPreferences: none }]) {
    const answer = await consent({ consent: refusal });
    assert.deepEqual(answer.headers["set-cookie"], ["wm_v=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"], JSON.stringify(refusal));
  }
  const objects = await consent({ consent: ALL }, { headers: { "sec-gpc": "1" } });
  assert.match(objects.headers["set-cookie"][0], /^wm_v=; .*Max-Age=0/);
});

test("without proof, key or consent there is no cookie", async () => {
  const refused = async (body, status, code, options) => {
    const answer = await consent(body, options);
    assert.equal(answer.headers["set-cookie"], undefined);
    return problem(answer, status, code);
  };
  await refused({ consent: ALL, deviceKey: undefined }, 403, "no-proof");
  await refused({ consent: ALL, deviceKey: device().deviceKey }, 403, "no-proof");
  await refused({ consent: ALL, anonymousId: device().anonymousId }, 403, "no-proof");
  await refused({ consent: ALL }, 403, "no-proof", server);
  await refused({ consent: ALL, writeKey: undefined }, 401, "missing-write-key");
  await refused({ consent: ALL, writeKey: "other" }, 401, "unknown-write-key");
  assert.equal((await refused({ consent: ALL, anonymousId: undefined }, 400, "bad-request")).pointer, "/anonymousId");
  assert.equal((await refused({}, 400, "bad-request")).pointer, "/consent");
  assert.equal((await refused({ consent: "all" }, 400, "bad-request")).pointer, "/consent");
  problem(await post("/v1/consent", "[]", browser), 400, "bad-request");
});

test("a cookie without consent to personalization personalises nothing", async () => {
  assert.equal(await page(await cookieOf(ME, { analytics: true, marketing: true })), authors);
});

test("Sec-GPC overrides the consent in a cookie", async () => {
  assert.equal(await page(await cookieOf(ME), { "sec-gpc": "1" }), authors);
});

test("a forged or truncated cookie is no cookie", async () => {
  const genuine = await cookieOf(ME);
  const [version, key, payload, tag] = genuine.slice("wm_v=".length).split(".");
  const other = (await cookieOf(device())).split(".");
  const forged = {
    empty: "",
    truncated: genuine.slice("wm_v=".length, -1),
    "cut after the payload": `${version}.${key}.${payload}`,
    "with an empty signature": `${version}.${key}.${payload}.`,
    "with a signature cut short": `${version}.${key}.${payload}.${tag.slice(0, 22)}`,
    "with another's signature": `${version}.${key}.${payload}.${other[3]}`,
    "with another's payload": `${version}.${key}.${other[2]}.${tag}`,
    "of another key": `${version}.other.${payload}.${tag}`,
    "of another version": `v2.${key}.${payload}.${tag}`,
    "signed with a guess": signed(payload, "guess"),
    lengthened: `${genuine.slice("wm_v=".length)}${"A".repeat(2_000)}`,
  };
  for (const [how, value] of Object.entries(forged)) {
    assert.equal(await page(`wm_v=${value}`), authors, how);
    const headers = { ...browser.headers, cookie: `wm_v=${value}` };
    const refused = await post("/v1/decide", { anonymousId: ME.anonymousId }, { headers });
    if (value) problem(refused, 400, "bad-cookie");
    else problem(refused, 403, "no-proof");
  }
  assert.match(await page(`wm_v=forged; ${genuine}`), HERO);
});

test("a cookie of another site, of the future or too old is no cookie, though the key is the same", async () => {
  const payload = Buffer.from((await cookieOf(ME)).split(".")[2], "base64url");
  const [{ secret }] = JSON.parse(DEMO.COOKIE_KEYS);
  const { id, site, issued, consent } = fields(payload);
  const resigned = (changes) => `wm_v=${signed(packed({ id, site, issued, consent, ...changes }), secret)}`;
  assert.equal(id, ME.anonymousId);
  assert.match(await page(resigned({})), HERO);
  const days = 86_400_000;
  assert.match(await page(resigned({ issued: issued - 399 * days })), HERO);
  for (const changes of [{ site: "other" }, { issued: issued + days }, { issued: issued - 401 * days }]) {
    assert.equal(await page(resigned(changes)), authors, JSON.stringify(changes));
  }
});

// The cookie's own form, so that one can be made with the right key and the wrong content.

function signed(payload, secret) {
  const text = `v1.demo.${Buffer.isBuffer(payload) ? payload.toString("base64url") : payload}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
}

/** Of `[1][text id][text site][signed issued][byte consent]`. */
function fields(payload) {
  let at = 1;
  const unsigned = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = payload[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const text = () => {
    const length = Number(unsigned());
    at += length;
    return payload.toString("utf8", at - length, at);
  };
  const [id, site, issued] = [text(), text(), unsigned()];
  return { id, site, issued: Number((issued >> 1n) ^ -(issued & 1n)), consent: payload[at] };
}

function packed({ id, site, issued, consent }) {
  const unsigned = (value) => {
    const bytes = [];
    for (; value >= 0x80n; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
    return [...bytes, Number(value)];
  };
  const text = (value) => [...unsigned(BigInt(Buffer.byteLength(value))), ...Buffer.from(value)];
  return Buffer.from([1, ...text(id), ...text(site), ...unsigned(BigInt(issued) << 1n), consent]);
}

test("a withdrawal that asks for it erases what was kept of the device, and nothing of it is kept again", async () => {
  const gone = device();
  await looksAtTents(gone);
  const kept = async () => (await admin(`/events?visitor=${gone.anonymousId}`)).text;
  assert.match(await kept(), /Product Viewed/);
  const answer = await consent({ ...gone, consent: {}, erase: true });
  assert.equal(answer.status, 204);
  assert.match(answer.headers["set-cookie"][0], /Max-Age=0/);
  assert.equal((await kept()).trim(), "");
  await looksAtTents(gone).catch(() => undefined);
  assert.equal((await kept()).trim(), "");
  const stranger = await consent({ ...ME, deviceKey: gone.deviceKey, consent: {}, erase: true });
  assert.equal(stranger.status, 403);
});

test("a copy of a visitor's cookie is of no use once they have withdrawn", async () => {
  const gone = device();
  await looksAtTents(gone);
  const cookie = await cookieOf(gone);
  const decided = () => post("/v1/decide", { anonymousId: gone.anonymousId }, { headers: { ...browser.headers, cookie } });
  assert.equal((await decided()).json.seq, 3);
  assert.equal((await consent({ ...gone, consent: {}, erase: true })).status, 204);
  assert.equal((await decided()).json.seq, 0);
  const sent = await post("/v1/batch", { batch: [viewed(gone.anonymousId)] }, { headers: { ...browser.headers, cookie } });
  assert.deepEqual(accepted(sent), [0, 1, []]);
  assert.equal((await admin(`/events?visitor=${gone.anonymousId}`)).text.trim(), "");
});
