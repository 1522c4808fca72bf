// What the module imports of a page; its memory is there once it is.

import { Numerals } from '../../crates/waymark-browser/ts/engine/engine';

export const numerals = new Numerals();
export const { parse, print } = numerals.imports;
