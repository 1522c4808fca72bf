// What a feed says of the catalogue is shown by the edge and by pages, in workerd.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { activate, admin, ask, browser, post, problem, server } from "./edge.mjs";

let active;
before(async () => ({ active } = (await admin("/packs")).json));
after(async () => {
  await admin("/catalog/reset", { method: "POST" });
  await activate(active);
});

const pack = JSON.stringify({
  pack: `catalog-${randomUUID()}`,
  catalog: {
    key: "sku", fields: { title: "string", stock: "number" },
    rows: [{ sku: "tent", title: "Tent", stock: 3 }, { sku: "boot", title: "Boot", stock: 0 }],
  },
  slots: { offers: { default: "list" } },
  content: {
    list: {
      slot: "offers", each: "<li>{{ item.title }}</li>",
      items: { from: "catalog", where: { stock: { $gt: 0 } }, max: 9 },
    },
  },
  rules: [],
});
const offers = async () => {
  const { json } = await post("/v1/decide", { anonymousId: "x" }, server);
  return { pack: json.pack, html: json.slots.offers.html };
};

test("stock that changes is shown at the edge and to pages, and no new pack is listed", async () => {
  const { hash } = (await admin("/packs", { method: "PUT", body: pack })).json;
  await activate(hash);
  assert.deepEqual(await offers(), { pack: hash, html: "<li>Tent</li>" });
  problem(await post("/v1/catalog", { rows: [] }, browser), 403, "server-key-needed");

  const feed = { rows: [{ sku: "boot", stock: 2 }, { sku: "tent", stock: "none" }], remove: ["tent"] };
  const answer = await post("/v1/catalog", feed, server);
  assert.equal(answer.status, 200, answer.text);
  const { accepted, changed, rejected } = answer.json;
  assert.deepEqual([accepted, changed, rejected.map(({ pointer }) => pointer)], [2, 2, ["/rows/1"]]);

  // Isolates may trust what they heard for five seconds.
  let shown;
  for (let tries = 0; tries < 40 && shown?.html !== "<li>Boot</li>"; tries += 1) {
    await new Promise((done) => setTimeout(done, 250));
    shown = await offers();
  }
  assert.equal(shown.html, "<li>Boot</li>");
  assert.notEqual(shown.pack, hash);
  const page = await ask(`/v1/pack/${shown.pack}`, { headers: { "accept-encoding": "gzip" } });
  assert.equal(page.status, 200);
  const program = gunzipSync(page.body);
  assert.deepEqual([program.includes("Boot"), program.includes("Tent")], [true, false]);
  assert.equal((await ask("/v1/pack")).headers.etag, `"${shown.pack}"`);

  const { packs, active: now } = (await admin("/packs")).json;
  assert.deepEqual([now, packs.some((row) => row.hash === shown.pack)], [hash, false]);
  const told = (await admin("/catalog?key=tent")).json;
  assert.deepEqual([told.rows, told.shown.upToDate, told.row.removed], [2, true, true]);
});
