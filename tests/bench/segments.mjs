// 100 behavioural segments, worked out again with each event: our module beside JavaScript that keeps
// just what it needs, in the same rounds. `node segments.mjs PEERS ROUNDS`, PEERS being the shared
// `segments.mjs`, whose history and segments these are.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const [, , peers, rounds = '3'] = process.argv;
const { makeHistory, makeSegments } = await import(pathToFileURL(peers).href);
const BUILT = new URL('../../target/bench/', import.meta.url);
const { Bench, encodeContext, encodeEvent, start } = await import(new URL('engine.js', BUILT).href);
start(readFileSync(new URL('engine.wasm', BUILT)));

const DAY = 86_400_000;
const EVENTS = 20_000;
/** Occurrences that can be told apart inside a window. */
const COUNTED = 128;

const span = (ms) => (ms % DAY === 0 ? `${ms / DAY}d` : `${ms / 60_000}m`);

/** The same question in the pack's words. */
function condition(segment) {
  const within = segment.win && span(segment.win);
  switch (segment.k) {
    case 'count': return happened(segment.type, segment.min, within, segment.cat && { category: segment.cat });
    case 'recency': return { [segment.neg ? '$didNot' : '$did']: { event: segment.type, within } };
    case 'seq': return { $sequence: { steps: [{ event: segment.a }, { event: segment.b }], within } };
    case 'sum': return { $sum: { event: segment.type, property: 'price', within, is: { $gte: segment.min } } };
    default: return {
      ...happened(segment.type, segment.min, within),
      $didNot: { event: segment.no, within: span(segment.nowin) },
    };
  }
}

function happened(event, least, within, where) {
  const rest = { event, within, ...(where && { where }) };
  return least <= COUNTED ? { $did: { ...rest, count: { $gte: least } } } : { $count: { ...rest, is: { $gte: least } } };
}

function compiled(segments) {
  const pack = {
    pack: 'bench',
    segments: Object.fromEntries(segments.map((segment, at) => [`s${at}`, { when: condition(segment) }])),
  };
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'));
  try {
    const [from, to] = [join(folder, 'pack.json'), join(folder, 'pack.wmp')];
    writeFileSync(from, JSON.stringify(pack));
    execFileSync(fileURLToPath(new URL('../release/waymark', BUILT)), ['compile', from, '-o', to], { stdio: 'ignore' });
    return readFileSync(to);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const encoded = ({ t, type, props }, at) => encodeEvent({
  id: `m${at}`, kind: 'track', name: type, time: t, properties: props, context: {},
});

const joined = (all) => Buffer.concat(all.flatMap((event) => [Uint8Array.of(event.length & 255, event.length >> 8), event]));

const CONTEXT = encodeContext({
  values: {}, consent: { analytics: true, personalization: true, marketing: true }, locale: '',
});

const cpu = () => Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e3;
const median = (all) => all.sort((a, b) => a - b)[all.length >> 1];

const table = {};
for (const known of [1_000, 10_000, 100_000]) {
  const history = makeHistory(known, EVENTS);
  const program = compiled(makeSegments(known));
  const events = history.map(encoded);
  const inside = [];
  const across = [];
  for (let round = 0; round < Number(rounds); round++) {
    const bench = new Bench(program);
    const visitor = bench.visitor(CONTEXT);
    for (const event of events.slice(0, known)) bench.apply(visitor, event);
    // Inside the module: events that are decoded already.
    const first = bench.hold(joined(events.slice(known, known + EVENTS / 2)));
    let began = cpu();
    bench.apply_held(visitor);
    inside.push((cpu() - began) / first);
    began = cpu();
    for (const event of events.slice(known + EVENTS / 2)) bench.apply(visitor, event);
    across.push((cpu() - began) / (EVENTS / 2));
    bench.free();
  }
  table[`after ${known} events`] = {
    'inside the module': `${median(inside).toFixed(2)} us`,
    'brought over from JavaScript': `${median(across).toFixed(2)} us`,
  };
}
console.log('\nmicroseconds of CPU an event, 100 segments; JavaScript, for the ratio:');
console.table(table);
execFileSync('node', [peers, '--reps', rounds], { stdio: 'inherit' });
