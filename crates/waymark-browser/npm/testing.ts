// The SDK's interface for tests: no network, no storage, no engine; it says what it was asked and answers
// what it is told.

import { Emitter } from '../ts/call/emitter';
import type { Consent, Decision, Events, Purposes, Waymark } from '../ts/types';

export interface Fake extends Waymark {
  /** What was called, in order. */
  readonly calls: { method: string; args: unknown[] }[];
  /** Decides this from now on, and tells whoever listens. */
  decides(decision: Partial<Decision>): void;
  /** Calls the handlers of an event. */
  emit<Name extends keyof Events>(name: Name, ...payload: Events[Name]): void;
}

const NOBODY: Decision = {
  slots: {}, segments: [], stage: null, validUntil: null, pack: null, seq: 0, source: 'none',
};

export function fake(first: Partial<Decision> = {}): Fake {
  const emitter = new Emitter();
  const calls: Fake['calls'] = [];
  let decision: Decision = { ...NOBODY, ...first };
  let consent: Consent = { analytics: false, personalization: false, marketing: false, decided: false };
  let userId: string | null = null;
  const taken = (method: string) => (...args: unknown[]): never => {
    calls.push({ method, args });
    return undefined as never;
  };
  const one: Omit<Fake, 'push'> = {
    page: taken('page'),
    screen: taken('screen'),
    track: taken('track'),
    group: ((...args: unknown[]) => {
      if (!args.length) return { id: () => null };
      return taken('group')(...args);
    }) as Fake['group'],
    alias: taken('alias'),
    identify: (...args: unknown[]) => {
      if (typeof args[0] === 'string' || typeof args[0] === 'number') userId = String(args[0]);
      taken('identify')(...args);
    },
    reset: () => {
      userId = null;
      taken('reset')();
    },
    setAnonymousId: taken('setAnonymousId'),
    debug: taken('debug'),
    user: () => ({ id: () => userId, anonymousId: () => null, traits: () => ({}) }),
    consent: (purposes?: Partial<Purposes>) => {
      if (purposes) {
        taken('consent')(purposes);
        consent = { analytics: false, personalization: false, marketing: false, ...purposes, decided: true };
        emitter.emit('consent', consent);
      }
      return consent;
    },
    decide: async () => decision,
    slot: async (id) => decision.slots[id] ?? null,
    segments: async () => decision.segments,
    stage: async () => decision.stage,
    explain: async () => ({}),
    preview: async () => undefined,
    ready: async (callback) => callback?.(),
    on: (name, handler) => emitter.on(name, handler),
    once: (name, handler) => emitter.once(name, handler),
    off: (name, handler) => emitter.off(name, handler),
    stats: { mismatch: 0, stale: 0, dropped: 0 },
    calls,
    decides: (next) => {
      decision = { ...decision, ...next };
      emitter.emit('decision', decision);
    },
    emit: (name, ...payload) => emitter.emit(name, ...payload),
  };
  return Object.assign(one, {
    push: (...queued: [string, ...unknown[]][]) => {
      for (const [method, ...args] of queued) (one as unknown as Record<string, (...args: unknown[]) => void>)[method]?.(...args);
    },
  });
}
