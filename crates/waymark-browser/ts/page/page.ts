// The page as events and decisions see it, by the rules of the edge (`waymark-edge/src/pages.rs`).

import { masked } from '../call/mask';
import { plain } from '../engine/json';
import type { JsonObject } from '../types';

const VERSION = '0.1.0';

export interface PageSnapshot {
  page: { path: string; url: string; title: string; referrer: string; search: string };
  /** From `utm_*`; empty when there is none. */
  campaign: { [key: string]: string };
  /** What of it events say: with personal data masked, and the click that led here. */
  safe: JsonObject;
  /** The language that the path begins with, else the visitor's first choice. */
  locale: string;
  /** What of it decisions may read. */
  values: JsonObject;
}

const CAMPAIGN = {
  utm_source: 'source',
  utm_medium: 'medium',
  utm_campaign: 'name',
  utm_term: 'term',
  utm_content: 'content',
};

/** What advertisers add to an address, so that they know the click again. */
const CLICKS =
  'gclid gbraid wbraid dclid fbclid msclkid ttclid twclid li_fat_id yclid rdt_cid bd_vid'.split(' ');

/** The words of `waymark-edge/src/pages.rs`. */
const BOT = /bot|crawl|spider|slurp|headless|lighthouse|facebookexternalhit/i;

let latest: { href: string; title: string; snapshot: PageSnapshot } | undefined;

/** The fragment never reaches an edge, so it is no part of it. */
export function snapshot(mask: boolean): PageSnapshot {
  const { href } = location;
  const { title } = document;
  if (latest?.href !== href || latest.title !== title) {
    const { origin, pathname, search } = location;
    const { referrer } = document;
    const campaign: PageSnapshot['campaign'] = {};
    const query = new URLSearchParams(search);
    for (const [parameter, key] of Object.entries(CAMPAIGN)) {
      const value = query.get(parameter);
      if (value) campaign[key] = value;
    }
    const url = (origin === 'null' ? 'file://' : origin) + pathname + search;
    const page = { path: pathname, url, title, referrer, search };
    const clicked = CLICKS.find((name) => query.get(name));
    const click = clicked && { type: clicked, id: query.get(clicked) };
    const about = { page, ...(Object.keys(campaign).length && { campaign }), ...(click && { referrer: click }) };
    const taken = plain({ page, campaign, locale: localeOf(pathname) }) as unknown as PageSnapshot;
    taken.values = groups(taken);
    taken.safe = (mask ? masked(plain(about)) : plain(about)) as JsonObject;
    latest = { href, title, snapshot: taken };
  }
  return latest.snapshot;
}

const localeOf = (path: string): string =>
  /^\/([a-z]{2}(?:-(?:[A-Za-z]{2}|[A-Za-z]{4}))?)(?:\/|$)/.exec(path)?.[1] ??
  navigator.language ??
  '';

function groups({ page, campaign }: PageSnapshot): JsonObject {
  const type = /Mobi|Android|iPhone|iPad/.test(navigator.userAgent) ? 'mobile' : 'desktop';
  const device: JsonObject = { type };
  if (navigator.webdriver || BOT.test(navigator.userAgent)) device['bot'] = true;
  const values: JsonObject = { page, device };
  if (Object.keys(campaign).length) values['campaign'] = campaign;
  return values;
}

/** What of an event's context is the same for the whole page. */
export function surroundings(zone: string): JsonObject {
  return plain({
    userAgent: navigator.userAgent,
    timezone: zone.split(' ')[0],
    library: { name: 'waymark', version: VERSION },
  }) as JsonObject;
}

/**
 * The device's zone by name, and how its clock stands. To ask `Intl` for the name takes a browser longer than
 * all else here: it is not where `Temporal` knows it, nor where one is kept that still fits.
 */
export function zoneName(kept: string | undefined): string {
  const clock = ` ${new Date().getTimezoneOffset()}`;
  if (kept?.endsWith(clock)) return kept;
  return (window.Temporal?.Now.timeZoneId() ?? Intl.DateTimeFormat().resolvedOptions().timeZone) + clock;
}
