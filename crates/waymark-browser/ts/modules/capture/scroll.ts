// How far down a page was seen.

import type { Sdk } from '../../sdk';

const MARKS = [25, 50, 75, 90, 100];

let most = 0;

/** The percent of the page that was in sight at the furthest. */
export const furthest = (): number => {
  look();
  return most;
};

function look(): void {
  const { scrollHeight } = document.documentElement;
  const seen = scrollY + innerHeight;
  most = Math.max(most, Math.min(100, Math.round((seen / Math.max(scrollHeight, 1)) * 100)));
}

export function scroll(sdk: Sdk): void {
  let told = 0;
  let waiting = false;
  const tell = (): void => {
    waiting = false;
    look();
    for (const percent of MARKS) {
      if (percent <= told || percent > most) continue;
      told = percent;
      sdk.log('Page Scrolled', { percent });
    }
  };
  const soon = (): void => {
    if (!waiting) setTimeout(tell, 200);
    waiting = true;
  };
  addEventListener('scroll', soon, { passive: true, capture: true });
  sdk.emitter.on('page', () => {
    told = most = 0;
  });
}
