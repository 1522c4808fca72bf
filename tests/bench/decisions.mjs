// Whole decisions as a page asks for them, from the bytes of its context to the bytes of what five
// slots show: made anew, and given again because nothing that it rests on has changed.
// `node decisions.mjs PEERS`, PEERS being the shared `workload.mjs`, whose rules and visitors these are.

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { config, context, engine } from './engine.mjs';

const { makeProfiles, makeRules } = await import(pathToFileURL(process.argv[2]).href);
const BUILT = new URL('../../target/bench/', import.meta.url);
const { Bench, encodeEvent } = await import(new URL('engine.js', BUILT).href);

const NOW = 1_700_000_000_000;
const TURNS = 50_000;

const asked = makeProfiles().map(context);
const table = {};
for (const rules of [10, 100, 1000]) {
  const { program } = JSON.parse(config(makeRules(rules)));
  const bytes = new Uint8Array(Buffer.from(program, 'base64'));
  engine.open(bytes, new Uint8Array());
  const inside = new Bench(bytes);
  const visitor = inside.visitor(asked[0]);
  const event = (at) => encodeEvent({
    id: `m${at}`, kind: 'track', name: 'Button Clicked', time: NOW + at, properties: {}, context: {},
  });
  const events = Array.from({ length: 2 * TURNS }, (_, at) => event(at));
  const anew = measured((at) => engine.decide(asked[at % asked.length], NOW));
  const again = measured(() => engine.decide(asked[0], NOW));
  const within = measured(() => inside.decide(visitor));
  const applied = measured((at) => engine.apply(events[at]));
  inside.free();
  table[`N=${rules}`] = {
    'anew, µs': anew.toFixed(2), 'again, µs': again.toFixed(2), 'anew / again': (anew / again).toFixed(1),
    'again, inside the module, µs': within.toFixed(2),
    'an event that nothing reads, µs': applied.toFixed(2),
  };
}
console.log('\na decision of five slots');
console.table(table);

function measured(turn) {
  let at = 0;
  while (at < TURNS) turn(at++);
  const before = process.cpuUsage();
  while (at < 2 * TURNS) turn(at++);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / TURNS;
}
