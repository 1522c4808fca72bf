// Another address instead of this page.

type Navigated = { navigation?: { activation?: { navigationType?: string } | null } };

/**
 * Goes there, once: not to the page itself, not back to where the visitor came from, and not from a
 * page that a redirect has led to. Nothing is kept for it, so it works before consent.
 */
export function lead(target: string): boolean {
  const { href, protocol } = new URL(target, location.href);
  const led = (window as Navigated).navigation?.activation?.navigationType === 'replace';
  const before = [location.href, document.referrer].map(plain);
  if (led || !/^https?:$/.test(protocol) || before.includes(plain(href))) return false;
  location.replace(href);
  return true;
}

const plain = (url: string): string => url.split('#')[0]!;
