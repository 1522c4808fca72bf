// What the loader fetches. The rest comes from where it came from, when it is needed.

import { Client } from './client';
import { caughtUp } from './start';
import { pause } from './engine/pause';
import type { Boot, Core } from './types';

export async function start(boot: Boot, live: (core: Core) => void): Promise<void> {
  // Several short tasks rather than a long one: the page may have something to do.
  await pause();
  const client = new Client(boot, {
    module: (name) => import(`${boot.origin}/waymark/${name}.${__MODULES__}.js`),
    engine: (whole) => (whole ? fetch(`${boot.origin}/${__WHOLE_ENGINE__}`) : boot.engine!),
    program: boot.program,
  });
  await pause();
  live(caughtUp(client, boot));
}
