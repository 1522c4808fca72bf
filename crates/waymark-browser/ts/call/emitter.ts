// Handlers of what happens. One that throws stops no other, and never the SDK.

import type { Events } from '../types';

/** Who subscribes late is told the latest value. */
const REPLAYED: readonly (keyof Events)[] = ['ready', 'consent', 'decision'];

type Handler<Name extends keyof Events> = (...payload: Events[Name]) => void;
type Anyone = (...payload: unknown[]) => void;

export class Emitter {
  readonly #handlers = new Map<keyof Events, Set<Anyone>>();
  /** Whether all of it is said in the console, too. */
  talks = false;
  readonly #latest = new Map<keyof Events, unknown[]>();

  on<Name extends keyof Events>(name: Name, handler: Handler<Name>): () => void {
    let all = this.#handlers.get(name);
    if (!all) this.#handlers.set(name, (all = new Set()));
    all.add(handler as Anyone);
    const latest = this.#latest.get(name);
    if (latest) call(handler as Anyone, latest);
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
    if (REPLAYED.includes(name)) this.#latest.set(name, payload);
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
