// Google's consent mode: `gtag('consent', 'default' | 'update', {…})`.

import type { Purposes } from '../../types';

type Said = { [signal: string]: unknown };

/** Takes what passes through the data layer; gives what is known by then, where that is an answer. */
export function consentMode(): (entry: unknown) => Purposes | undefined {
  const defaults: Said = {};
  /** Denied for visitors of some regions. Nobody knows here where this one is. */
  const somewhere = new Set<string>();
  const updates: Said = {};
  let answered = false;
  return (entry) => {
    const [command, how, signals] = Array.from((entry ?? []) as ArrayLike<unknown>);
    if (command !== 'consent' || (how !== 'default' && how !== 'update')) return undefined;
    const { region, ...said } = (signals ?? {}) as Said;
    if (how === 'update') Object.assign(updates, said);
    else if (region === undefined) Object.assign(defaults, said);
    else for (const name of Object.keys(said)) if (said[name] !== 'granted') somewhere.add(name);
    const granted = (...names: string[]): boolean =>
      names.every((name) => (updates[name] ?? (somewhere.has(name) ? 'denied' : defaults[name])) === 'granted');
    const purposes = {
      analytics: granted('analytics_storage'),
      personalization: granted('personalization_storage'),
      marketing: granted('ad_storage', 'ad_user_data', 'ad_personalization'),
    };
    // What holds until the visitor is asked is no refusal, unless it takes back what another default gave.
    answered ||= how === 'update' || Object.values(purposes).some(Boolean);
    return answered ? purposes : undefined;
  };
}
