// How long a page was really looked at: in front, in focus, and with a sign of life in the last half minute.

import type { Sdk } from '../../sdk';
import { furthest } from './scroll';

const IDLE = 30_000;
const LEAST = 1_000;
const SIGNS = ['pointerdown', 'pointermove', 'keydown', 'scroll', 'touchstart'];

export function engagement(sdk: Sdk): void {
  let engaged = 0;
  /** When the visitor was last seen to be here; 0 while they are away. */
  let since = isHere() ? performance.now() : 0;
  let life = performance.now();
  /** Where: what is told of it is told when the visitor is elsewhere. */
  let path = location.pathname;

  const count = (): void => {
    const now = performance.now();
    if (since) engaged += Math.max(0, Math.min(now, life + IDLE) - since);
    since = isHere() ? now : 0;
  };
  const alive = (): void => {
    count();
    life = performance.now();
  };
  const tell = (): void => {
    count();
    if (engaged >= LEAST) {
      sdk.log('Page Engaged', { path, engaged_ms: Math.round(engaged), percent_scrolled: furthest() });
      engaged = 0;
    }
    path = location.pathname;
  };
  for (const sign of SIGNS) addEventListener(sign, alive, { passive: true, capture: true });
  addEventListener('focus', alive);
  addEventListener('blur', count);
  document.addEventListener('visibilitychange', () => (document.hidden ? tell() : alive()), true);
  addEventListener('pagehide', tell, true);
  // A page of an application ends where the next begins.
  sdk.emitter.on('page', tell);
}

const isHere = (): boolean => !document.hidden && document.hasFocus();
