// The visitor's profile as it is kept: one for all tabs, which tell each other when they have changed it.

import type { Database } from './database';
import { STATE, type Store } from './storage';

/** Events that may wait for an engine, on all pages together. */
const MOST_KEPT = 100;

export class Vault {
  readonly #store: Store;
  readonly #database: Database;
  #channel: BroadcastChannel | undefined;

  constructor(store: Store, database: Database) {
    this.#store = store;
    this.#database = database;
  }

  /** A state in base64, and after it events that are not in it yet, a line each. */
  async get(): Promise<string | null> {
    return this.#whole(await this.#database.read('state', (state) => state.get(0)));
  }

  /** Puts what is made of what is kept, and has all that in it. No other tab writes meanwhile: it is one transaction. */
  change(made: (kept: string | null) => string | undefined, done?: () => void): void {
    let state: string | undefined;
    const make = (stored: unknown): string | undefined => (state = made(this.#whole(stored)));
    const settled = (stored: boolean): void => {
      if (stored) state && this.#channel?.postMessage(0);
      else if (state ?? make(null)) this.#store.set(STATE, state!);
      done?.();
    };
    const write = (states: IDBObjectStore): boolean => {
      const reading = states.get(0);
      reading.onsuccess = () => {
        if (!make(reading.result)) return;
        states.put(state, 0);
        this.#store.remove(STATE);
      };
      return true;
    };
    if (!this.#database.write('state', write, settled)) settled(false);
  }

  /** Events for whoever comes next: done at once, and whoever else is writing. */
  append(events: string[]): void {
    const lines = [...(this.#store.get(STATE) ?? '').split('\n'), ...events];
    this.#store.set(STATE, [lines[0], ...lines.slice(1).slice(-MOST_KEPT)].join('\n'));
  }

  remove(): void {
    this.#store.remove(STATE);
    this.#database.write('state', (state) => void state.clear());
  }

  #whole(stored: unknown): string | null {
    const kept = typeof stored === 'string' ? stored : null;
    const here = this.#store.get(STATE);
    return here?.startsWith('\n') ? (kept ?? '') + here : here ?? kept;
  }

  /** Another tab has put one. */
  onChange(changed: () => void): void {
    if (typeof BroadcastChannel !== 'function') return;
    this.#channel = new BroadcastChannel('waymark');
    this.#channel.onmessage = changed;
  }
}
