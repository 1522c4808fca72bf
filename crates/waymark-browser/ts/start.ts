// Starts the client and makes the calls that waited for it.

import { Client } from './client';
import { facade } from './facade';
import type { Parts } from './sdk';
import type { Boot, Core } from './types';

type Methods = Record<string, ((...args: unknown[]) => unknown) | undefined>;

export const start = (boot: Boot, parts: Parts): Core => caughtUp(new Client(boot, parts), boot);

export function caughtUp(client: Client, { calls, at, options }: Boot): Core {
  // One page view a load. The page's own goes before ours.
  if (options.autoPage !== 'false' && !calls.some(({ method }) => method === 'page')) {
    facade(client, () => at).page();
  }
  for (const { method, args, at, settle } of calls) {
    const run = (facade(client, () => at) as unknown as Methods)[method];
    if (typeof run === 'function') settle(run(...args));
    // An empty one was taken back before it could be made.
    else if (method) client.fail('unknown-method', `there is no ${method}()`);
  }
  return facade(client);
}
