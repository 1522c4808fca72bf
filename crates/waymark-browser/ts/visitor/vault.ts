// The visitor's profile as it is kept: one for all tabs, which tell each other when they have changed it.

import type { Database } from './database';
import { STATE, type Store } from './storage';

/** Events that may wait for an engine, on all pages together. */
const MOST_KEPT = 100;

export class Vault {
  readonly #store: Store;
  readonly #database: Database;
  #channel: BroadcastChannel | undefined;
  /** Of what stands in the store, what was last given. */
  #seen: string | null = null;

  constructor(store: Store, database: Database) {
    this.#store = store;
    this.#database = database;
  }

  /** A state in base64, and after it events that are not in it yet, a line each. */
  async get(): Promise<string | null> {
    const stored: unknown = await this.#database.read('state', (state) => state.get(0));
    const kept = typeof stored === 'string' ? stored : null;
    const here = (this.#seen = this.#store.get(STATE));
    return here?.startsWith('\n') ? (kept ?? '') + here : here ?? kept;
  }

  /** A state that has in it all that `get` gave. */
  put(state: string): void {
    const elsewhere = (): void => this.#store.set(STATE, state);
    const settled = (done: boolean): void => (done ? this.#channel?.postMessage(0) : elsewhere());
    if (!this.#database.write('state', (store) => store.put(state, 0), settled)) elsewhere();
    else if (this.#store.get(STATE) === this.#seen) this.#store.remove(STATE);
  }

  /** Events for whoever comes next: done at once, and whoever else is writing. */
  append(events: string[]): void {
    const lines = [...(this.#store.get(STATE) ?? '').split('\n'), ...events];
    this.#store.set(STATE, [lines[0], ...lines.slice(1).slice(-MOST_KEPT)].join('\n'));
  }

  remove(): void {
    this.#store.remove(STATE);
    this.#database.write('state', (state) => state.clear());
  }

  /** Another tab has put one. */
  onChange(changed: () => void): void {
    if (typeof BroadcastChannel !== 'function') return;
    this.#channel = new BroadcastChannel('waymark');
    this.#channel.onmessage = changed;
  }
}
