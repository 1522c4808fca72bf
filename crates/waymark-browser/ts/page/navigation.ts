// Page views of applications that never load a second page.

/** Calls whenever the visitor has come to another page, with the address of the one before. */
export function onNavigation(moved: (from: string) => void): void {
  let [at, from] = [page(), location.href];
  const look = (how?: string): void => {
    const [before, path] = [at, at.split('?')[0]];
    const left = from;
    [at, from] = [page(), location.href];
    // A page that tidies up its own query stays where it is.
    if (at === before || (how?.startsWith('replace') && at.split('?')[0] === path)) return;
    // Its code has yet to set its title.
    setTimeout(() => moved(left));
  };
  const { navigation } = window as { navigation?: EventTarget };
  if (navigation) {
    navigation.addEventListener('currententrychange', (event) =>
      look((event as Event & { navigationType?: string }).navigationType),
    );
  }
  else {
    for (const name of ['pushState', 'replaceState'] as const) {
      const original = history[name];
      history[name] = function (...args) {
        original.apply(this, args);
        look(name);
      };
    }
    addEventListener('popstate', () => look());
    addEventListener('hashchange', () => look());
  }
  // Back from where pages are kept for the back button.
  addEventListener('pageshow', ({ persisted }) => persisted && moved(document.referrer));
}

/** What makes it another page: of a fragment only what looks like a path. */
function page(): string {
  const { pathname, search, hash } = location;
  return pathname + search + (/^#!?\//.test(hash) ? hash : '');
}

/** When a page that was made ahead is shown, if ever; nothing for one that is already. */
export const activated = (): Promise<unknown> | undefined =>
  (document as { prerendering?: boolean }).prerendering
    ? new Promise((resolve) => document.addEventListener('prerenderingchange', resolve, { once: true }))
    : undefined;
