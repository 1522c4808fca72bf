// Workers that are measured side by side: the peers', each in a runtime of its own, and how much of the processor the
// runtime takes for a request.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CONNECTIONS = 8;
const SECONDS = 4;
/** Until the runtime has compiled a module for speed: it takes thousands of requests. */
const WARM_UP = 6;
const TICK_MS = 10;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

/** The whole answer's length. */
export function asked(url, { method = 'GET', headers, body } = {}) {
  return new Promise((done, fail) => {
    const sent = request(url, { method, agent, headers }, (answer) => {
      let length = 0;
      answer.on('data', (part) => { length += part.length; });
      answer.on('end', () => (answer.statusCode < 300 ? done(length) : fail(new Error(`status ${answer.statusCode}`))));
    });
    sent.on('error', fail).end(body);
  });
}

export const post = (url, body, headers) =>
  asked(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });

/** User and system time of a process, in ms. */
async function cpu(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** Many at once, as many as there are connections. */
export const together = (one) => Promise.all(Array.from({ length: CONNECTIONS }, one));

async function load(pid, send, seconds) {
  const [before, began] = [await cpu(pid), Date.now()];
  let requests = 0;
  await together(async () => {
    while (Date.now() - began < seconds * 1_000) {
      await send();
      requests++;
    }
  });
  const took = (Date.now() - began) / 1_000;
  return { cpu: ((await cpu(pid)) - before) * 1_000 / requests, rate: requests / took };
}

/** What a request costs a process, in µs, once it is warm, and how many it answers in a second. */
export async function measured(pid, send) {
  await load(pid, send, WARM_UP);
  return load(pid, send, SECONDS);
}

/** Measures a peer's worker: `send` is given its address. */
export async function peer(peers, name, { path = '/', disk = false }, send) {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-peer-'));
  const args = ['serve', '--control-fd=3', ...(disk ? [`--directory-path=disk=${folder}`] : []), '--socket-addr=http=127.0.0.1:0', `conf/${name}.capnp`];
  const server = spawn('node_modules/@cloudflare/workerd-linux-64/bin/workerd', args, { cwd: peers, stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
  const [line] = await once(server.stdio[3], 'data');
  const url = `http://127.0.0.1:${JSON.parse(String(line).split('\n')[0]).port}${path}`;
  const result = await measured(server.pid, () => send(url));
  server.kill();
  await once(server, 'exit');
  await rm(folder, { recursive: true, force: true });
  return result;
}

/** Medians of rounds, beside one row. */
export function table(rows, base, rate, times = 1) {
  const median = (list, key) => list.map((one) => one[key]).sort((a, b) => a - b)[list.length >> 1];
  const beside = median(rows[base], 'cpu');
  console.table(Object.fromEntries(Object.entries(rows).map(([name, list]) => [name, {
    'CPU, us': median(list, 'cpu').toFixed(0),
    [`beside ${base}`]: (median(list, 'cpu') / beside).toFixed(2),
    [rate]: (times * median(list, 'rate')).toFixed(0),
  }])));
}
