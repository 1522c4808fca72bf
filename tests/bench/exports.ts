// What the benchmarks import: the module's glue and the encoders of the page.

export { Bench, Engine, initSync } from 'waymark-engine';
export { encodeContext, encodeEvent } from '../../crates/waymark-browser/ts/encode';
