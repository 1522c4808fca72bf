// What taking in a batch of 20 events costs a worker, beside workers that parse it only (d0), store it as 20 rows
// (d), or as one (d1): CPU of the runtime per batch, and how that changes with the number of stored visitors.
// `node ingest.mjs PEERS [ROUNDS] [VISITORS…]`, where PEERS is a copy of the shared workers that was built.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { admin, server as byServer } from '../edge/edge.mjs';
import { start } from '../edge/workerd.mjs';
import { measured, peer, post, table, together } from './workers.mjs';

const [, , peers, rounds = '3', ...counts] = process.argv;
const EVENTS = 20;
const FILL = 250;
const pack = await readFile(new URL('../../examples/packs/outdoor-shop.jsonc', import.meta.url));

let made = 0;
/** A visitor's twenty events; every event of ours is new, as the peers' all are. */
const ours = (visitor) => {
  const at = Date.now();
  const batch = Array.from({ length: EVENTS }, (_, i) => ({
    type: 'track',
    event: ['Page Viewed', 'Product Viewed', 'Clicked', 'Product Added'][i % 4],
    messageId: `m${(made++).toString(36)}`,
    timestamp: new Date(at - (EVENTS - i) * 1_000).toISOString(),
    properties: { path: `/p/${i}`, category: `c${i % 20}`, price: i * 3.17, title: `Product number ${i}`, qty: i % 3 },
  }));
  return JSON.stringify({ sentAt: new Date(at).toISOString(), batch: batch.map((event) => ({ ...event, anonymousId: visitor })) });
};

/** Sends again where a kept connection was closed meanwhile; what arrived counts once. */
async function filled(url, body, headers, tries = 5) {
  try {
    await post(url, body, headers);
  } catch (error) {
    if (error.code !== 'ECONNRESET' || tries === 0) throw error;
    await filled(url, body, headers, tries - 1);
  }
}

async function waymark(visitors) {
  const edge = await start({ vars: { SHARD_OBJECTS: '1' } });
  const { hash } = (await admin('/packs', { method: 'PUT', body: pack, edge: edge.url })).json;
  await admin(`/packs/${hash}/activate`, { method: 'POST', edge: edge.url });
  const { headers } = byServer;
  const send = (visitor) => post(`${edge.url}/v1/batch`, ours(visitor), headers);
  // Of each one event, many in a request.
  let next = 0;
  const fill = async () => {
    while (next < visitors) {
      const first = next;
      next = Math.min(visitors, first + FILL);
      const timestamp = new Date().toISOString();
      const batch = Array.from({ length: next - first }, (_, i) => (
        { type: 'page', messageId: `f${first + i}`, anonymousId: `v${first + i}`, timestamp, properties: {} }
      ));
      await filled(`${edge.url}/v1/batch`, JSON.stringify({ batch }), headers);
    }
  };
  await together(fill);
  const result = await measured(edge.pid, () => send(`v${Math.floor(Math.random() * visitors)}`));
  await edge.stop();
  return result;
}

const body = await readFile(join(peers, 'dist/batch.json'));
const rows = {};
const sizes = counts.length ? counts.map(Number) : [1_000];
for (let round = 0; round < Number(rounds); round++) {
  for (const name of ['d0', 'd', 'd1']) {
    const how = { path: '/v1/batch', disk: name !== 'd0' };
    (rows[name] ??= []).push(await peer(peers, name, how, (url) => post(url, body)));
  }
  for (const visitors of sizes) (rows[`waymark, ${visitors} visitors`] ??= []).push(await waymark(visitors));
}
console.log('\na batch of 20 events');
table(rows, 'd', 'events a second, here', EVENTS);
