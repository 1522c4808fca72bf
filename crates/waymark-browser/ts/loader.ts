// The script tag. Takes calls from the first moment on, fetches the core, and hands it the calls.
// Nothing here waits for anything, and nothing here may throw into the page.

import type { Boot, Call, Core, Method } from './types';

const METHODS: Method[] = ['page', 'track', 'identify', 'reset', 'consent', 'decide', 'on'];

type Live = Record<string, (...args: unknown[]) => unknown>;
type Page = { waymark?: unknown };

function load(): void {
  const page = window as unknown as Page;
  const before: unknown = page.waymark ?? [];
  if (!Array.isArray(before)) return;

  const script = (document.currentScript ??
    document.querySelector('script[data-write-key]')) as HTMLScriptElement | null;
  const at = Date.now();
  const calls: Call[] = [];
  let live: Live | undefined;

  const hold = (method: string, args: unknown[]): unknown => {
    let result: unknown;
    let settle = (value: unknown): void => {
      result = value;
    };
    let answer: unknown;
    if (method === 'decide') {
      answer = new Promise((resolve) => {
        settle = resolve;
      });
    }
    const call: Call = { method, args, at: Date.now(), settle: (value) => settle(value) };
    calls.push(call);
    if (method === 'on') {
      // Unsubscribed before it could be subscribed.
      answer = () => {
        call.method = '';
        (result as (() => void) | undefined)?.();
      };
    }
    return answer;
  };

  const waymark: Live = {};
  for (const method of METHODS) {
    waymark[method] = (...args) => (live ? live[method]!(...args) : hold(method, args));
  }
  // As the array did that stood here before.
  waymark['push'] = (...calls) => {
    for (const call of calls) if (Array.isArray(call)) waymark[String(call[0])]!(...call.slice(1));
  };
  page.waymark = waymark;
  for (const call of before as unknown[]) {
    if (Array.isArray(call)) hold(String(call[0]), call.slice(1));
  }

  const writeKey = script?.dataset['writeKey'];
  if (!script || !writeKey) {
    console.error('waymark: the script tag has no data-write-key (no-write-key)');
    return;
  }
  const origin = new URL(script.src).origin;
  const autoPage = script.dataset['autoPage'] !== 'false';
  const boot: Boot = { writeKey, origin, autoPage, at, calls };
  import(`${origin}/${__CORE__}`).then(
    (core: { start(boot: Boot): Core }) => {
      const { stats, ...methods } = core.start(boot);
      live = methods as unknown as Live;
      waymark['stats'] = stats as never;
    },
    // What was called stays in memory; the page keeps its author's content.
    (error: unknown) => console.error('waymark: the core did not load (core-unavailable)', error),
  );
}

try {
  load();
} catch (error) {
  console.error('waymark:', error);
}
