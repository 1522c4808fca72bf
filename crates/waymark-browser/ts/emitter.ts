// Handlers of what happens. One that throws stops no other, and never the SDK.

import type { Events } from './types';

type Handler = (payload: never) => void;

export class Emitter {
  private readonly handlers = new Map<keyof Events, Set<Handler>>();
  private readonly latest = new Map<keyof Events, unknown>();

  /** Who subscribes late is told the latest value. */
  static readonly REPLAYED: ReadonlySet<keyof Events> = new Set([
    'ready',
    'consent',
    'decision',
  ] as const);

  on<Name extends keyof Events>(name: Name, handler: (payload: Events[Name]) => void): () => void {
    let all = this.handlers.get(name);
    if (!all) this.handlers.set(name, (all = new Set()));
    all.add(handler);
    if (this.latest.has(name)) call(handler, this.latest.get(name));
    return () => all.delete(handler);
  }

  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    if (Emitter.REPLAYED.has(name)) this.latest.set(name, payload);
    for (const handler of [...(this.handlers.get(name) ?? [])]) call(handler, payload);
  }

  /** Says what went wrong, to the developer and to whoever listens. */
  fail(code: string, message: string): void {
    console.error(`waymark: ${message} (${code})`);
    this.emit('error', { code, message });
  }
}

function call(handler: Handler, payload: unknown): void {
  try {
    handler(payload as never);
  } catch (error) {
    console.error('waymark: a handler threw', error);
  }
}
