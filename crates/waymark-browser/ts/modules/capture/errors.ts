// What went wrong in the page's own code.

import type { Sdk } from '../../sdk';
import type { JsonObject } from '../../types';

/** Of one page; of each error one. */
const MOST = 10;

export function errors(sdk: Sdk): void {
  const told = new Set<string>();
  const tell = (about: JsonObject): void => {
    const key = JSON.stringify(about);
    if (told.size >= MOST || told.has(key)) return;
    told.add(key);
    sdk.log('JavaScript Error', about);
  };
  addEventListener('error', ({ message, filename, lineno, colno, error }) => {
    // Images that do not load are no errors of a script.
    if (!message) return;
    const type = (error as Error | undefined)?.name ?? 'Error';
    tell({ type, message: short(message), source: filename ?? '', line: lineno ?? 0, column: colno ?? 0 });
  });
  addEventListener('unhandledrejection', ({ reason }) => {
    const type = (reason as Error | undefined)?.name ?? 'Rejection';
    tell({ type, message: short(String((reason as Error | undefined)?.message ?? reason)), promise: true });
  });
}

const short = (message: string): string => message.slice(0, 300);
