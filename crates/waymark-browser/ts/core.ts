// What the loader fetches. The rest comes from where it came from, when it is needed.

import { start as begin } from './start';
import type { Boot, Core } from './types';

export const start = (boot: Boot): Core =>
  begin(boot, {
    module: (name) => import(`${boot.origin}/waymark/${name}.${__MODULES__}.js`),
    engine: (whole) => `${boot.origin}/${whole ? __WHOLE_ENGINE__ : __ENGINE__}`,
  });
