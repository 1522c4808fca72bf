// The script tag. Takes calls from the first moment on, fetches the core, and hands it the calls.
// Nothing here waits for anything, and nothing here may throw into the page.

import type { Boot, Call, Core, Options } from './types';

const METHODS =
  'page screen track identify group alias reset user setAnonymousId debug consent on once off'.split(' ');
/** Those that give a promise, which waits for the core. */
const PROMISES = 'decide slot segments stage explain preview ready'.split(' ');

/** What the others give until then; and what all do if it does not come. */
const nobody = (): null => null;
const user = { id: nobody, anonymousId: nobody, traits: () => ({}) };
const NOTHING: Record<string, unknown> = {
  user,
  group: user,
  consent: { decided: false },
  decide: { slots: {}, segments: [], source: 'none' },
  segments: [],
};

type Live = Record<string, (...args: unknown[]) => unknown>;

function load(): void {
  const page = window as unknown as Record<string, unknown>;
  const script = (document.currentScript ??
    document.querySelector('script[data-write-key]')) as HTMLScriptElement | null;
  const options = { ...script?.dataset } as Partial<Options>;
  const names = ['waymark', ...(options.as ? [options.as] : [])];
  // Loaded twice, it stays as it is.
  if (page['waymark'] && !Array.isArray(page['waymark'])) return;

  const at = Date.now();
  const calls: Call[] = [];
  let live: Live | undefined;
  let failed = false;

  const hold = (method: string, args: unknown[]): unknown => {
    let result: unknown;
    let settle = (value: unknown): void => {
      result = value;
    };
    let answer = NOTHING[method];
    if (PROMISES.includes(method)) {
      answer = new Promise((resolve) => {
        settle = resolve;
      });
    }
    const call: Call = { method, args, at: Date.now(), settle: (value) => settle(value) };
    if (failed) settle(NOTHING[method] ?? null);
    else calls.push(call);
    if (method === 'on' || method === 'once') {
      // Unsubscribed before it could be subscribed.
      answer = () => {
        call.method = '';
        (result as (() => void) | undefined)?.();
      };
    }
    return answer;
  };

  const waymark: Live = {};
  for (const method of [...METHODS, ...PROMISES]) {
    waymark[method] = (...args) => (live ? live[method]!(...args) : hold(method, args));
  }
  // As the array did that stood here before.
  waymark['push'] = (...calls) => {
    for (const call of calls) if (Array.isArray(call)) waymark[String(call[0])]!(...call.slice(1));
  };
  for (const name of names) {
    const before = page[name];
    page[name] = waymark;
    if (!Array.isArray(before)) continue;
    for (const call of before as unknown[]) {
      // What Segment's snippet does itself is done.
      if (Array.isArray(call) && call[0] !== 'load') hold(String(call[0]), call.slice(1));
    }
  }

  // The page keeps its author's content.
  const fail = (why: string, error?: unknown): void => {
    failed = true;
    for (const { method, settle } of calls.splice(0)) settle(NOTHING[method] ?? null);
    document.documentElement.setAttribute('data-waymark-ready', '');
    console.error(`waymark: ${why}`, error);
  };
  const { writeKey } = options;
  if (!script || !writeKey) return fail('no data-write-key (no-write-key)');
  const origin = new URL(options.edge ?? script.src, location.href).origin;
  const fetched = (path: string): Promise<Response> => {
    const response = fetch(`${origin}/${path}`, { credentials: 'omit' });
    response.catch(() => undefined);
    return response;
  };
  const boot: Boot = {
    options: { ...options, writeKey },
    origin,
    at,
    calls,
    engine: fetched(__ENGINE__),
    // Where the edge has decided, its Program is the one that is asked for.
    program: document.getElementById('waymark-decision') ? undefined : fetched('v1/pack'),
  };
  import(`${origin}/${__CORE__}`)
    .then((core: { start(boot: Boot, live: (core: Core) => void): Promise<void> }) =>
      core.start(boot, ({ stats, ...methods }) => {
        live = methods as unknown as Live;
        waymark['stats'] = stats as never;
      }),
    )
    .catch((error: unknown) => fail('the core did not load (core-unavailable)', error));
}

try {
  load();
} catch (error) {
  console.error('waymark:', error);
}
