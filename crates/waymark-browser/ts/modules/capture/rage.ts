// Clicks in anger: three within a second on one spot.

import type { Sdk } from '../../sdk';

const CLICKS = 3;
const WITHIN = 1_000;
/** Pixels. */
const AROUND = 30;

interface Click {
  x: number;
  y: number;
  at: number;
}

export function rageClicks(sdk: Sdk): void {
  let recent: Click[] = [];
  document.addEventListener(
    'click',
    ({ clientX: x, clientY: y, target }) => {
      const at = performance.now();
      const near = (one: Click): boolean =>
        at - one.at <= WITHIN && Math.hypot(one.x - x, one.y - y) <= AROUND;
      recent = [...recent.filter(near), { x, y, at }];
      if (recent.length !== CLICKS) return;
      sdk.log('Rage Clicked', { selector: selector(target), x: Math.round(x), y: Math.round(y) });
    },
    true,
  );
}

/** Enough to find it again, and nothing that a visitor wrote. */
function selector(target: EventTarget | null): string {
  const parts: string[] = [];
  for (let at = target instanceof Element ? target : null; at && parts.length < 4; at = at.parentElement) {
    const id = at.id ? `#${at.id}` : '';
    const classes = [...at.classList].slice(0, 2).map((name) => `.${name}`).join('');
    parts.unshift(at.localName + (id || classes));
    if (id) break;
  }
  return parts.join(' > ');
}
