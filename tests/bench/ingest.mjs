// What taking in a batch of 20 events costs a worker, beside workers that parse it only (d0), store it as 20 rows
// (d), or as one (d1): CPU of the runtime per batch, and how that changes with the number of stored visitors.
// `node ingest.mjs PEERS [ROUNDS] [VISITORS…]`, where PEERS is a copy of the shared workers that was built.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { admin, server as byServer } from '../edge/edge.mjs';
import { start } from '../edge/workerd.mjs';

const [, , peers, rounds = '3', ...counts] = process.argv;
const CONNECTIONS = 8;
const SECONDS = 4;
const EVENTS = 20;
const FILL = 250;
const TICK_MS = 10;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
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

function post(url, body, headers) {
  return new Promise((done, fail) => {
    const sent = request(url, { method: 'POST', agent, headers: { 'content-type': 'application/json', ...headers } }, (answer) => {
      answer.resume().on('end', () => (answer.statusCode < 300 ? done() : fail(new Error(`status ${answer.statusCode}`))));
    });
    sent.on('error', fail).end(body);
  });
}

/** Sends again where a kept connection was closed meanwhile; what arrived counts once. */
async function filled(url, body, headers, tries = 5) {
  try {
    await post(url, body, headers);
  } catch (error) {
    if (error.code !== 'ECONNRESET' || tries === 0) throw error;
    await filled(url, body, headers, tries - 1);
  }
}

/** User and system time of a process, in ms. */
async function cpu(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

async function load(pid, send, seconds) {
  const [before, began] = [await cpu(pid), Date.now()];
  let batches = 0;
  const one = async () => {
    while (Date.now() - began < seconds * 1_000) {
      await send();
      batches++;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
  const took = (Date.now() - began) / 1_000;
  return { cpu: ((await cpu(pid)) - before) * 1_000 / batches, events: batches * EVENTS / took };
}

async function peer(name) {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-peer-'));
  const args = ['serve', '--control-fd=3', `--directory-path=disk=${folder}`, '--socket-addr=http=127.0.0.1:0', `conf/${name}.capnp`];
  if (name === 'd0') args.splice(2, 1);
  const server = spawn('node_modules/@cloudflare/workerd-linux-64/bin/workerd', args, { cwd: peers, stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  const [line] = await once(server.stdio[3], 'data');
  const url = `http://127.0.0.1:${JSON.parse(String(line).split('\n')[0]).port}/v1/batch`;
  const body = await readFile(join(peers, 'dist/batch.json'));
  const send = () => post(url, body);
  await load(server.pid, send, 1);
  const measured = await load(server.pid, send, SECONDS);
  server.kill();
  await once(server, 'exit');
  await rm(folder, { recursive: true, force: true });
  return measured;
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
  await Promise.all(Array.from({ length: CONNECTIONS }, fill));
  const some = () => send(`v${Math.floor(Math.random() * visitors)}`);
  await load(edge.pid, some, 1);
  const measured = await load(edge.pid, some, SECONDS);
  await edge.stop();
  return measured;
}

const rows = {};
const sizes = counts.length ? counts.map(Number) : [1_000];
for (let round = 0; round < Number(rounds); round++) {
  for (const name of ['d0', 'd', 'd1']) (rows[name] ??= []).push(await peer(name));
  for (const visitors of sizes) (rows[`waymark, ${visitors} visitors`] ??= []).push(await waymark(visitors));
}
const median = (list, key) => list.map((one) => one[key]).sort((a, b) => a - b)[list.length >> 1];
const base = median(rows.d, 'cpu');
console.table(Object.fromEntries(Object.entries(rows).map(([name, list]) => [name, {
  'CPU a batch, us': median(list, 'cpu').toFixed(0),
  'beside d': (median(list, 'cpu') / base).toFixed(2),
  'events a second, here': median(list, 'events').toFixed(0),
}])));
