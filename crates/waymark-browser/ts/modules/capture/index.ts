// What happens on a page, told as events without code of the page's own.

import type { Sdk } from '../../sdk';
import { clicks, forms } from './declared';
import { engagement } from './engagement';
import { errors } from './errors';
import { rageClicks } from './rage';
import { scroll } from './scroll';
import { vitals } from './vitals';

const CAPTURES = { clicks, forms, scroll, engagement, 'rage-clicks': rageClicks, errors, vitals };
type Name = keyof typeof CAPTURES;

/** What elements ask for with an attribute of their own needs no other. */
const DECLARED = 'clicks forms';

export function start(sdk: Sdk): void {
  const names = new Set((sdk.options.capture ?? DECLARED).split(/[\s,]+/).filter(Boolean));
  if (names.has('all')) for (const name of Object.keys(CAPTURES)) names.add(name);
  for (const name of names) {
    if (name === 'all' || name === 'none') continue;
    const capture = CAPTURES[name as Name];
    if (capture) capture(sdk);
    else {
      const known = Object.keys(CAPTURES).join(', ');
      sdk.fail('unknown-capture', `data-capture knows ${known}, all and none, not ${name}`);
    }
  }
}
