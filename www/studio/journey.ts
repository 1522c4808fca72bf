// The visitor's journey as text: one event a line, NDJSON.

import { isObject } from './outline';
import type { Json } from './types';

const VISITOR = 'visitor-1';

export type Sent = { [key: string]: Json };

export interface Line {
  /** From 1, among all lines. */
  number: number;
  event: Sent;
}

/** The lines that are objects. Whether they are events is for the engine to say. */
export function lines(text: string): Line[] {
  return text.split('\n').flatMap((line, at) => {
    try {
      const event = JSON.parse(line) as Json;
      return isObject(event) ? [{ number: at + 1, event }] : [];
    } catch {
      return [];
    }
  });
}

/** When the newest event happened; null when there is none. */
export function newest(text: string): number | null {
  const times = lines(text).map(({ event }) => Date.parse(String(event['timestamp'])));
  const known = times.filter((time) => !Number.isNaN(time));
  return known.length > 0 ? known.reduce((latest, time) => Math.max(latest, time)) : null;
}

/** The text with one more event, so much later than the newest. */
export function withEvent(text: string, name: string, likely: Sent, gap: number): string {
  const time = (newest(text) ?? Date.now() - gap) + gap;
  const who = lines(text).at(-1)?.event ?? {};
  const event = kindOf(name);
  const id = who['anonymousId'] ?? (who['userId'] ? null : VISITOR);
  if (id !== null) event['anonymousId'] = id;
  if (who['userId']) event['userId'] = who['userId'];
  event['timestamp'] = instantOf(time);
  if (Object.keys(likely).length > 0) event[payload(event)] = likely;
  const before = text.trimEnd();
  return `${before}${before ? '\n' : ''}${JSON.stringify(event)}\n`;
}

function kindOf(name: string): Sent {
  switch (name) {
    case 'Page Viewed': return { type: 'page' };
    case 'Screen Viewed': return { type: 'screen' };
    case 'Identified': return { type: 'identify' };
    default: return { type: 'track', event: name };
  }
}

/** Where an event carries what it says. */
export function payload(event: Sent): 'traits' | 'properties' {
  return event['type'] === 'identify' || event['type'] === 'group' ? 'traits' : 'properties';
}

/** What it says. */
export function saidBy(event: Sent): Sent {
  const said = event[payload(event)];
  return isObject(said) ? said : {};
}

/** As Segment's SDKs write it, without needless zeros. */
export function instantOf(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}

export function withoutLine(text: string, number: number): string {
  return text.split('\n').toSpliced(number - 1, 1).join('\n');
}

export function withLine(text: string, number: number, event: Sent): string {
  return text.split('\n').with(number - 1, JSON.stringify(event)).join('\n');
}
