// The edge under test as its clients see it: answers as they came, with nothing inflated, followed
// or retried on the way.
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { request } from "node:http";

/** As `cargo xtask` started it. */
export const EDGE = process.env.WAYMARK_EDGE?.replace(/\/$/, "");
if (!EDGE) throw new Error("WAYMARK_EDGE is not set; run this by `cargo xtask test`");

export const ALL = { analytics: true, personalization: true, marketing: true };
/** A context by which a browser says that everything is allowed. */
export const GRANTED = { consent: { categoryPreferences: ALL } };

/** Asks an edge: `{ status, headers, body }`, the headers by lower-case name. */
export function ask(path, { method = "GET", headers = {}, body, edge = EDGE } = {}) {
  return new Promise((done, fail) => {
    const asked = request(`${edge}${path}`, { method, headers, agent: false }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", fail);
      answer.on("end", () => done(new Answer(answer, Buffer.concat(chunks))));
    });
    asked.on("error", fail);
    asked.end(body);
  });
}

class Answer {
  constructor({ statusCode, headers }, body) {
    Object.assign(this, { status: statusCode, headers, body });
  }

  get text() {
    return this.body.toString();
  }

  get json() {
    return JSON.parse(this.text);
  }
}

/** POSTs JSON; text and bytes as they are. */
export function post(path, body, { headers, ...rest } = {}) {
  const plain = typeof body === "string" || Buffer.isBuffer(body);
  return ask(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: plain ? body : JSON.stringify(body),
    ...rest,
  });
}

export const basic = (key) => ({ authorization: `Basic ${Buffer.from(`${key}:`).toString("base64")}` });
export const browser = { headers: basic("wk_demo") };
export const server = { headers: basic("sk_demo") };
export const operator = { headers: { authorization: `Bearer ${process.env.WAYMARK_ADMIN_TOKEN ?? "demo-admin"}` } };

export function admin(path, { headers, ...rest } = {}) {
  return ask(`/admin/v1${path}`, { headers: { ...operator.headers, ...headers }, ...rest });
}

/** A device of its own, with the key that proves its id: the id is the key's hash as a UUID. */
export function device() {
  const deviceKey = randomUUID();
  const hash = createHash("sha256").update(deviceKey).digest().subarray(0, 16);
  hash[6] = (hash[6] & 0x0f) | 0x80;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  const hex = hash.toString("hex");
  const anonymousId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  return { deviceKey, anonymousId };
}

/** A track call's event. */
export function viewed(anonymousId, more = {}) {
  return {
    type: "track",
    event: "Product Viewed",
    messageId: randomUUID(),
    anonymousId,
    properties: { category: "tents", name: "Alcove 2" },
    context: GRANTED,
    ...more,
  };
}

/** Has a device look at three tents, which puts it into the segment of the tents' hero. */
export async function looksAtTents({ deviceKey, anonymousId }, edge = EDGE) {
  const batch = ["Alcove 2", "Meridian 3", "Cirrus 1"].map((name) => {
    return viewed(anonymousId, { properties: { category: "tents", name } });
  });
  const answer = await post("/v1/batch", { writeKey: "wk_demo", deviceKey, batch }, { edge });
  assert.deepEqual(accepted(answer), [3, 0, []]);
}

/** The cookie that a device is given, as a browser would send it back. */
export async function cookieOf({ deviceKey, anonymousId }, consent = ALL, edge = EDGE) {
  const answer = await post("/v1/consent", { writeKey: "wk_demo", deviceKey, anonymousId, consent }, { edge });
  assert.equal(answer.status, 204, answer.text);
  return answer.headers["set-cookie"][0].split(";")[0];
}

/** What an answer to events says: accepted, duplicates, and the code of each rejection. */
export function accepted(answer) {
  assert.equal(answer.status, 200, answer.text);
  const { success, accepted, duplicates, rejected } = answer.json;
  assert.equal(success, true);
  return [accepted, duplicates, rejected.map(({ code }) => code)];
}

/** A visitor's events as they are stored; of one namespace if the id names one. */
export async function stored(visitor, edge = EDGE) {
  const answer = await admin(`/events?visitor=${encodeURIComponent(visitor)}`, { edge });
  assert.equal(answer.status, 200, answer.text);
  return answer.text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

/** The headline of the hero in a page. */
export const headline = ({ text }) => /data-waymark-slot="hero".*?<h1[^>]*>(.*?)<\/h1>/s.exec(text)?.[1];

/** Publishes a pack for as long as `during` runs, then gives the edge back the one that it had. */
export async function withPack(pack, during) {
  const { active } = (await admin("/packs")).json;
  const put = await admin("/packs", { method: "PUT", body: JSON.stringify(pack) });
  assert.equal(put.status, 201, put.text);
  try {
    await activate(put.json.hash);
    return await during(put.json.hash);
  } finally {
    await activate(active);
  }
}

/** Puts a pack and makes it the live one. */
export async function publish(edge, pack) {
  const put = await admin("/packs", { method: "PUT", body: JSON.stringify(pack), edge });
  assert.equal(put.status, 201, put.text);
  const active = await admin(`/packs/${put.json.hash}/activate`, { method: "POST", edge });
  assert.equal(active.status, 200, active.text);
}

/** Makes a pack the active one, or none. */
export async function activate(hash) {
  const answer = await admin(hash ? `/packs/${hash}/activate` : "/packs/deactivate", { method: "POST" });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

/** Asserts that an answer is a problem document of this kind, and gives it. */
export function problem(answer, status, code) {
  const document = /json/.test(answer.headers["content-type"] ?? "") ? answer.json : answer.text;
  assert.deepEqual([answer.status, document.code], [status, code], answer.text);
  assert.equal(answer.headers["content-type"], "application/problem+json");
  assert.equal(document.status, status);
  assert.equal(document.type, `https://waymark.dev/problems/${code}`);
  assert.ok(document.title && document.detail, answer.text);
  return document;
}

/** What all objects count together, as `/metrics` tells it. */
export async function summed(name, edge) {
  const { text } = await ask("/metrics", { ...operator, edge });
  const lines = text.split("\n").filter((line) => line.startsWith(`${name}{shard=`));
  assert.ok(lines.length > 0, `${name} in ${text}`);
  return lines.reduce((sum, line) => sum + Number(line.split(" ")[1]), 0);
}
