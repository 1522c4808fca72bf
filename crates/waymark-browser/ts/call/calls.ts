// Calls as Segment's libraries take them: what may be left out is told apart by what it is.

import type { CallOptions, JsonObject } from '../types';

export interface Read {
  /** Names and ids, those that were left out too. */
  names: unknown[];
  /** Whatever stands where properties or traits do. */
  payload: unknown;
  options: CallOptions;
  callback: (() => void) | undefined;
}

/** `names` may stand before the payload. */
export function read(args: unknown[], names: number): Read {
  const callback = args.find((arg) => typeof arg === 'function') as Read['callback'];
  // What Segment's snippet adds to calls that wait is where they were made.
  const rest = args.filter((arg) => arg !== callback && (arg as { __t?: string } | null)?.__t !== 'bpc');
  const first = rest.findIndex((arg) => typeof arg === 'object' && arg !== null);
  const at = Math.min(first < 0 ? names : first, names);
  const options = rest[at + 1];
  return {
    names: rest.slice(0, at),
    payload: rest[at],
    options: typeof options === 'object' && options ? (options as CallOptions) : {},
    callback,
  };
}

/** `page([category,] [name,] …)`, and what the names are in its properties. */
export function pageNames(names: unknown[]): JsonObject {
  const said = names.filter((name) => name !== undefined && name !== null && name !== '').map(String);
  const name = said.pop();
  const category = said.pop();
  return { ...(category !== undefined && { category }), ...(name !== undefined && { name }) };
}
