// The page as events and decisions see it.

import { plain } from './json';
import type { JsonObject } from './types';

export interface PageSnapshot {
  page: { path: string; url: string; title: string; referrer: string; search: string };
  /** From `utm_*`; empty when there is none. */
  campaign: { [key: string]: string };
  /** The page's own language, else the visitor's. */
  locale: string;
}

const CAMPAIGN = {
  utm_source: 'source',
  utm_medium: 'medium',
  utm_campaign: 'name',
  utm_term: 'term',
  utm_content: 'content',
};

let latest: { href: string; title: string; snapshot: PageSnapshot } | undefined;

/** The fragment never reaches an edge, so it is no part of it. */
export function snapshot(): PageSnapshot {
  const { href, origin, pathname, search } = location;
  const { title, referrer, documentElement } = document;
  if (latest?.href !== href || latest.title !== title) {
    const campaign: PageSnapshot['campaign'] = {};
    const query = new URLSearchParams(search);
    for (const [parameter, key] of Object.entries(CAMPAIGN)) {
      const value = query.get(parameter);
      if (value) campaign[key] = value;
    }
    const url = (origin === 'null' ? 'file://' : origin) + pathname + search;
    const page = { path: pathname, url, title, referrer, search };
    const locale = documentElement.lang || navigator.language || '';
    const taken = plain({ page, campaign, locale }) as unknown as PageSnapshot;
    latest = { href, title, snapshot: taken };
  }
  return latest.snapshot;
}

/** The edge reads the same header the same way. */
export function deviceClass(userAgent: string): 'tablet' | 'mobile' | 'desktop' {
  if (/iPad|Tablet|Android(?!.*Mobi)/.test(userAgent)) return 'tablet';
  return userAgent.includes('Mobi') ? 'mobile' : 'desktop';
}

/** What of an event's context is the same for the whole page. */
export function surroundings(): JsonObject {
  return plain({
    userAgent: navigator.userAgent,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    library: { name: 'waymark', version: __VERSION__ },
  }) as JsonObject;
}
