// Waymark as the trackers' benchmark calls it: events are tracked, kept and delivered, and the engine keeps
// a profile of them and decides, which no tracker does.

import { load } from '@waymark/browser';

let waymark;
window.setup = async (origin) => {
  // The benchmark's server knows no packs.
  const asked = window.fetch;
  window.fetch = (url, init) => asked(String(url).includes('/v1/pack') ? '/dist/program' : url, init);
  const engine = (whole) => `/dist/${whole ? 'engine-whole' : 'engine'}.wasm`;
  waymark = load({ writeKey: 'wk', edge: origin, autoPage: false, engine });
  waymark.consent({ analytics: true, personalization: true, marketing: true });
  await waymark.ready();
  if ((await waymark.decide()).source !== 'device') throw new Error('the engine does not decide');
};
window.track = (name, properties) => waymark.track(name, properties);
