// Our engine for the harness of the peers' rule benchmarks (`shared/bench/rules/run.mjs --extra`): the
// page's wasm module, as it is built for pages, with the visitors loaded before the clock runs.
// `cargo xtask bench` builds what this imports.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const BUILT = new URL('../../target/bench/', import.meta.url);
const { Bench, encodeContext, start } = await import(new URL('engine.js', BUILT).href);
/** As pages call it. */
export const { memory, engine } = start(readFileSync(new URL('engine.wasm', BUILT)));

export const pkg = null;
export const version = '0.1.0';

const CONSENT = { analytics: true, personalization: true, marketing: true };
const NONE = 2 ** 32 - 1;
const SLOTS = 5;

/** The pack, compiled, as text: what a page downloads. */
export function config(rules) {
  const slot = (number) => `s${number}`;
  const bySlot = (make) => Object.fromEntries(Array.from({ length: SLOTS }, (_, at) => [slot(at), make(at)]));
  const pack = {
    pack: 'bench',
    slots: bySlot(() => ({ default: 'keep' })),
    // What is shown is not measured here: one text a slot.
    content: bySlot((at) => ({ slot: slot(at), text: 'x' })),
    rules: rules.map(({ id, slot: at, conds }) => ({
      id: `r${id}`, slot: slot(at), show: slot(at), priority: -id,
      when: Object.fromEntries(conds.map(({ op, a, v }) => [`page.${a}`, comparison(op, v)])),
    })),
  };
  const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'));
  try {
    writeFileSync(join(folder, 'pack.json'), JSON.stringify(pack));
    const command = fileURLToPath(new URL('../release/waymark', BUILT));
    const out = join(folder, 'pack.wmp');
    execFileSync(command, ['compile', join(folder, 'pack.json'), '-o', out], { stdio: ['ignore', 'ignore', 'ignore'] });
    // By slot, then from the highest priority down: the order of the Program.
    const ids = rules.map(({ id, slot: at }) => [at, id]).sort((a, b) => a[0] - b[0] || a[1] - b[1]).map(([, id]) => id);
    return JSON.stringify({ program: readFileSync(out).toString('base64'), ids });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function comparison(op, value) {
  switch (op) {
    case 'eq': return value;
    case 'in': return { $in: value };
    case 'ge': return { $gte: value };
    default: return { $in: [value] };
  }
}

// The visitor's `id` goes along: nobody asks for it.
export const context = (page) => encodeContext({ values: { page }, consent: CONSENT, locale: '' });

let bench;
const loaded = new Map();

export function create(text) {
  const { program, ids } = JSON.parse(text);
  bench = new Bench(new Uint8Array(Buffer.from(program, 'base64')));
  loaded.clear();
  let view = new Uint32Array(0);
  const found = (count) => {
    const at = bench.found_at();
    if (view.buffer !== memory.buffer || view.byteOffset !== at || view.length < count) {
      view = new Uint32Array(memory.buffer, at, Math.max(count, 1));
    }
    return view;
  };
  return {
    indexBytes: bench.index_bytes(),
    all(visitor) {
      const count = bench.all(visitor);
      const rules = found(count);
      let sum = 0;
      for (let i = 0; i < count; i++) sum += ids[rules[i]] + 1;
      return sum;
    },
    slots(visitor) {
      const rules = found(bench.first(visitor));
      const first = [];
      for (let slot = 0; slot < SLOTS; slot++) first.push(rules[slot] === NONE ? -1 : ids[rules[slot]]);
      return first;
    },
    /** A visitor whose attributes are brought over first. */
    turn(visitor, values) {
      bench.turn(visitor, context(values));
    },
    turnTo(visitor, bytes) { bench.turn(visitor, bytes); },
    close: () => bench.free(),
  };
}

/** Loads the visitor into the module; the harness converts each once, untimed, after `create`. */
export function profile(values) {
  return bench.visitor(context(values));
}
