// The client as a page sees it: a bad call is reported, and never thrown into the page.

import type { Client } from './client';
import type { Core, Waymark } from './types';

export function facade(client: Client, now: () => number = Date.now): Core {
  const guarded =
    <Args extends unknown[], Result>(run: (...args: Args) => Result, otherwise: () => Result) =>
    (...args: Args): Result => {
      try {
        return run(...args);
      } catch (error) {
        const { name, message } = error as Error;
        client.fail(name, message);
        return otherwise();
      }
    };
  const nothing = (): void => undefined;
  const call = (run: (args: unknown[], at: number) => unknown): ((...args: unknown[]) => unknown) =>
    guarded((...args: unknown[]) => run(args, now()), nothing);
  const listen = (how: 'on' | 'once' | 'off') =>
    guarded((name: unknown, handler: unknown) => client.on(name, handler, how), () => nothing);
  const methods = {
    page: call((args, at) => client.page('page', args, at)),
    screen: call((args, at) => client.page('screen', args, at)),
    track: call((args, at) => client.track(args, at)),
    identify: call((args, at) => client.identify(args, at)),
    group: call((args, at) => client.group(args, at)),
    alias: call((args, at) => client.alias(args, at)),
    reset: call(() => client.reset()),
    user: () => client.user(),
    setAnonymousId: call(([id]) => client.setAnonymousId(id)),
    debug: (on = true) => {
      client.emitter.talks = on;
    },
    consent: guarded((purposes: unknown) => client.consent(purposes), () => client.consent()),
    decide: () => client.decide(),
    slot: async (id: string, element?: Element) => {
      if (element) client.place(id, element);
      return (await client.decide()).slots[id] ?? null;
    },
    segments: async () => (await client.decide()).segments,
    stage: async () => (await client.decide()).stage,
    explain: (slot?: string) => client.explain(slot),
    preview: (token: string | null) => client.preview(token),
    ready: (callback?: unknown) => client.ready(callback),
    on: listen('on'),
    once: listen('once'),
    off: listen('off'),
    stats: client.stats,
  } satisfies { [Name in keyof Omit<Waymark, 'push'>]: unknown };
  return methods as Core;
}
