// What the visitor allowed. Nothing is, until they say so; a browser that says no for them
// (Global Privacy Control) is not overruled by what they said before.

import type { Consent, Purposes } from '../types';

export const PURPOSES = ['analytics', 'personalization', 'marketing'] as const;

export const NONE: Readonly<Purposes> = {
  analytics: false,
  personalization: false,
  marketing: false,
};

export const any = (purposes: Purposes): boolean => PURPOSES.some((purpose) => purposes[purpose]);

export const same = (one: Consent, other: Consent): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Whether nothing may be kept any longer of what was kept so far. */
export const refused = (purposes: Purposes): boolean =>
  !purposes.analytics && !purposes.personalization;

/** Only `true` is a yes, and what is not named is a no. `undefined` where this is no answer. */
export function read(answer: unknown): Purposes | undefined {
  if (typeof answer !== 'object' || !answer) return undefined;
  const said = answer as { [purpose: string]: unknown };
  return {
    analytics: said['analytics'] === true,
    personalization: said['personalization'] === true,
    marketing: said['marketing'] === true,
  };
}

/** What holds, given what was stored. */
export function standing(stored: Purposes | undefined, gpc: boolean): Consent {
  if (gpc) return { ...NONE, decided: true };
  return { ...(stored ?? NONE), decided: !!stored };
}
