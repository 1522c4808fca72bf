// The visitor's journey: NDJSON text, and the list of it that people read.

import { make } from './dom';
import type { Effect, Json } from './types';
import { type Language, instant, words } from './words';

const VISITOR = 'visitor-1';

interface Line {
  /** From 1, among all lines. */
  number: number;
  event: { [key: string]: Json };
}

/** The lines that are objects. Whether they are events is for the engine to say. */
function lines(text: string): Line[] {
  return text.split('\n').flatMap((line, at) => {
    try {
      const event = JSON.parse(line) as Json;
      return typeof event === 'object' && event !== null && !Array.isArray(event) ? [{ number: at + 1, event }] : [];
    } catch {
      return [];
    }
  });
}

/** When the newest event happened; null when there is none. */
export function newest(text: string): number | null {
  const times = lines(text).map(({ event }) => Date.parse(String(event['timestamp'])));
  const known = times.filter((time) => !Number.isNaN(time));
  return known.length > 0 ? Math.max(...known) : null;
}

/** The text with one more event, so much later than the newest. */
export function withEvent(text: string, name: string, likely: Record<string, Json>, gap: number): string {
  const time = (newest(text) ?? Date.now() - gap) + gap;
  const who = lines(text).at(-1)?.event ?? {};
  const id = who['anonymousId'] ?? (who['userId'] ? null : VISITOR);
  const event: { [key: string]: Json } = kindOf(name);
  if (id !== null) event['anonymousId'] = id;
  if (who['userId']) event['userId'] = who['userId'];
  event['timestamp'] = new Date(time).toISOString().replace('.000Z', 'Z');
  if (Object.keys(likely).length > 0) event[event['type'] === 'identify' ? 'traits' : 'properties'] = likely;
  const before = text.trimEnd();
  return `${before}${before ? '\n' : ''}${JSON.stringify(event)}\n`;
}

function kindOf(name: string): { [key: string]: Json } {
  switch (name) {
    case 'Page Viewed': return { type: 'page' };
    case 'Screen Viewed': return { type: 'screen' };
    case 'Identified': return { type: 'identify' };
    default: return { type: 'track', event: name };
  }
}

export function withoutLine(text: string, number: number): string {
  const all = text.split('\n');
  all.splice(number - 1, 1);
  return all.join('\n');
}

/** What each event was, and what it changed. */
export function timeline(
  text: string,
  effects: Effect[],
  language: Language,
  remove: (number: number) => void,
): HTMLLIElement[] {
  const say = words[language];
  const byLine = new Map(lines(text).map((line) => [line.number, line.event]));
  return effects.map((effect) => {
    const about = gist(byLine.get(effect.line) ?? {});
    const drop = make('button', { type: 'button', class: 'drop', 'aria-label': say.remove(effect.event) }, '×');
    drop.addEventListener('click', () => remove(effect.line));
    const marks = [
      ...effect.entered.map((id) => make('span', { class: 'mark mark--in' }, say.entered(id))),
      ...effect.left.map((id) => make('span', { class: 'mark mark--out' }, say.left(id))),
      ...(effect.stage ? [make('span', { class: 'mark mark--stage' }, say.moved(effect.stage.to))] : []),
      ...(effect.applied === 'in-order' ? [] : [make('span', { class: 'mark' }, say[effect.applied])]),
    ];
    return make('li', {},
      make('div', { class: 'event' },
        make('strong', {}, effect.event),
        about !== '' && make('span', { class: 'quiet' }, about),
        effect.time !== null && make('time', { datetime: effect.time, title: say.utc }, instant(effect.time, language)),
      ),
      drop,
      marks.length > 0 && make('p', { class: 'marks' }, ...marks),
    );
  });
}

/** The few properties by which a person knows one event from another. */
function gist(event: { [key: string]: Json }): string {
  const said = event['type'] === 'identify' ? event['traits'] : event['properties'];
  if (typeof said !== 'object' || said === null || Array.isArray(said)) return '';
  const known = ['name', 'category', 'path', 'revenue', 'value', 'firstName', 'order_id', 'price']
    .map((key) => said[key])
    .filter((value) => typeof value === 'string' || typeof value === 'number');
  return known.slice(0, 2).join(' · ');
}
