// What happens on a page, told as events without code of the page's own.

import type { Sdk } from '../../sdk';
import { words } from '../words';
import { clicks, forms } from './declared';
import { engagement } from './engagement';
import { errors } from './errors';
import { rageClicks } from './rage';
import { scroll } from './scroll';
import { vitals } from './vitals';

const CAPTURES = { clicks, forms, engagement, scroll, 'rage-clicks': rageClicks, errors, vitals };
type Name = keyof typeof CAPTURES;

/** What elements ask for with an attribute of their own needs no other. */
const DECLARED = 'clicks forms';

export function start(sdk: Sdk): void {
  const all = Object.keys(CAPTURES) as Name[];
  const named = words(sdk, 'capture', [...all, 'all', 'none'], sdk.options.capture ?? DECLARED);
  for (const name of all) if (named.has(name) || named.has('all')) CAPTURES[name](sdk);
}
