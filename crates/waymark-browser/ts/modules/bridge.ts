// Exposures told to Google's tag: `dataLayer.push` for a tag manager, `gtag` for Analytics.

import type { Sdk } from '../sdk';
import { words } from './words';

interface Page {
  dataLayer?: unknown[];
  gtag?: (...args: unknown[]) => void;
}

/** As Google Analytics names them for experiments of other tools. */
const EVENT = 'experience_impression';

export function start(sdk: Sdk): void {
  const names = words(sdk, 'bridge', ['datalayer', 'gtag'], sdk.options.bridge);
  const page = window as unknown as Page;
  sdk.emitter.on('exposure', (exposure) => {
    const { experiment_id, variation_id, slot } = exposure;
    const about = { experiment_id, variation_id, slot, exp_variant_string: `${String(experiment_id)}-${String(variation_id)}` };
    if (names.has('datalayer')) (page.dataLayer ??= []).push({ event: EVENT, ...about });
    if (names.has('gtag')) page.gtag?.('event', EVENT, about);
  });
}
