// What the benchmarks import: the module, as they and as pages call it, and the encoders of the page.

import { initSync } from 'waymark-bench';

import { Engine } from '../../crates/waymark-browser/ts/engine/engine';
import { numerals } from './page';

export { Bench } from 'waymark-bench';
export { encodeContext, encodeEvent } from '../../crates/waymark-browser/ts/engine/encode';

/** Gives the module's memory, and the engine as pages call it. */
export function start(module: BufferSource): { memory: WebAssembly.Memory; engine: Engine } {
  const exports = initSync({ module });
  numerals.memory = exports.memory;
  return { memory: exports.memory, engine: new Engine(exports) };
}
