// Handlers of what happens. One that throws stops no other, and never the SDK.

import type { Events } from '../types';

/** Who subscribes late is told the latest value; of exposures, which are one each, all. */
const REPLAYED: { [name in keyof Events]?: number } = { ready: 1, consent: 1, decision: 1, exposure: 1_000 };

type Handler<Name extends keyof Events> = (...payload: Events[Name]) => void;
type Anyone = (...payload: unknown[]) => void;

export class Emitter {
  readonly #handlers = new Map<keyof Events, Set<Anyone>>();
  /** Whether all of it is said in the console, too. */
  talks = false;
  readonly #latest = new Map<keyof Events, unknown[][]>();

  on<Name extends keyof Events>(name: Name, handler: Handler<Name>): () => void {
    let all = this.#handlers.get(name);
    if (!all) this.#handlers.set(name, (all = new Set()));
    all.add(handler as Anyone);
    for (const payload of this.#latest.get(name) ?? []) {
      // Who wants one only has gone by the second.
      if (all.has(handler as Anyone)) call(handler as Anyone, payload);
    }
    return () => this.off(name, handler);
  }

  once<Name extends keyof Events>(name: Name, handler: Handler<Name>): () => void {
    const heard: Handler<Name> = (...payload) => {
      this.off(name, heard);
      handler(...payload);
    };
    return this.on(name, heard);
  }

  off<Name extends keyof Events>(name: Name, handler: Handler<Name>): void {
    this.#handlers.get(name)?.delete(handler as Anyone);
  }

  emit<Name extends keyof Events>(name: Name, ...payload: Events[Name]): void {
    if (this.talks) console.log(`waymark: ${name}`, ...payload);
    const most = REPLAYED[name];
    if (most) this.#latest.set(name, [...(this.#latest.get(name) ?? []), payload].slice(-most));
    for (const handler of [...(this.#handlers.get(name) ?? [])]) call(handler, payload);
  }

  /** Says what went wrong, to the developer and to whoever listens. */
  fail(code: string, message: string): void {
    console.error(`waymark: ${message} (${code})`);
    this.emit('error', { code, message });
  }
}

function call(handler: Anyone, payload: unknown[]): void {
  try {
    handler(...payload);
  } catch (error) {
    console.error('waymark: a handler threw', error);
  }
}
