// JSON as the edge reads it: what goes to the engine has to be what goes over the wire.

import type { Json } from '../types';

/** JSON text in which no half of a surrogate pair stands alone. Throws where there is no JSON. */
export function stringify(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  // `JSON.stringify` writes whole pairs as they are, so an escape in this range is a lone half.
  // Matching every escape keeps `\\ud800`, which is no such escape, apart.
  return text.includes('\\ud')
    ? text.replace(/\\(?:u(d[89a-f])..|.)/g, (all, half) => (half ? '\\ufffd' : all))
    : text;
}

/** What is left of a value when it has gone through JSON. */
export const plain = (value: unknown): Json => JSON.parse(stringify(value)) as Json;
