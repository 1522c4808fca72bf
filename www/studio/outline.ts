// What the page offers of a pack: its events with likely properties, the parts of a page's context
// that it reads, and its languages. Whether the pack is right is for the compiler to say.

import type { Json } from './types';

export interface Outline {
  /** By name, with properties that are likely to matter. */
  events: Map<string, Record<string, Json>>;
  traits: Record<string, Json>;
  /** Paths such as `campaign.source`, with the values that the pack compares them to. */
  context: Map<string, Json[]>;
  locales: string[];
}

const CONTEXT = /^(?:page|campaign|device|geo)\.[^\s.][^\s]*$/;
const INSERT = /\{\{\s*((?:page|campaign|device|geo)\.[\w.-]+)/g;

/** Null while the text is not JSON. */
export function outline(source: string): Outline | null {
  let pack: Json;
  try {
    pack = JSON.parse(bare(source)) as Json;
  } catch {
    return null;
  }
  if (!isObject(pack)) return null;
  const found: Outline = { events: new Map(), traits: {}, context: new Map(), locales: [] };
  const tested = new Map<string, Record<string, Json>>();
  walk(pack, found, tested);

  const currency = typeof pack['currency'] === 'string' ? pack['currency'] : 'USD';
  for (const [name, event] of entries(pack['events'])) {
    const likely: Record<string, Json> = {};
    for (const [property, type] of entries(isObject(event) ? event['properties'] : null)) {
      likely[property] = sample(property, type, currency);
    }
    found.events.set(name, { ...likely, ...tested.get(name) });
  }
  for (const [path, attribute] of entries(pack['attributes'])) {
    const name = /^traits\.([^.]+)$/.exec(path)?.[1];
    if (name) found.traits[name] = sample(name, isObject(attribute) ? attribute['type'] : null, currency);
  }
  return found;
}

/** Without comments and trailing commas. */
function bare(source: string): string {
  const without = (pattern: RegExp, text: string): string =>
    text.replace(pattern, (found) => (found.startsWith('"') ? found : ' '));
  const plain = without(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g, source);
  return without(/"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])/g, plain);
}

function walk(value: Json, found: Outline, tested: Map<string, Record<string, Json>>): void {
  if (typeof value === 'string') {
    for (const [, path] of value.matchAll(INSERT)) if (path) found.context.set(path, found.context.get(path) ?? []);
  } else if (Array.isArray(value)) {
    for (const item of value) walk(item, found, tested);
  } else if (isObject(value)) {
    const event = value['event'];
    if (typeof event === 'string' && isObject(value['where'])) {
      const properties = tested.get(event) ?? {};
      for (const [path, wanted] of Object.entries(value['where'])) {
        const [first] = literals(wanted);
        if (first !== undefined && /^[^$.]+$/.test(path)) properties[path] ??= first;
      }
      tested.set(event, properties);
    }
    for (const [key, member] of Object.entries(value)) {
      if (CONTEXT.test(key)) {
        const known = found.context.get(key) ?? [];
        found.context.set(key, [...new Set([...known, ...literals(member)])]);
      }
      if (key === 'locales') {
        for (const [tag] of entries(member)) if (!found.locales.includes(tag)) found.locales.push(tag);
      }
      walk(member, found, tested);
    }
  }
}

/** The values that a comparison names: `5`, `{"$gte": 5}`, `{"$in": [5]}`. */
function literals(wanted: Json): Json[] {
  if (Array.isArray(wanted)) return wanted.flatMap(literals);
  if (!isObject(wanted)) return wanted === null ? [] : [wanted];
  const named = ['$eq', '$in', '$gte', '$lte', '$gt', '$lt'].filter((operator) => operator in wanted);
  return named.flatMap((operator) => literals(wanted[operator] ?? null));
}

function sample(name: string, type: Json | undefined, currency: string): Json {
  switch (type) {
    case 'number': return name === 'quantity' ? 1 : 100;
    case 'boolean': return true;
    case 'date': return '2026-11-20T09:00:00Z';
    case 'array': return [];
    case 'object': return {};
    default: break;
  }
  if (name === 'currency') return currency;
  if (/name$/i.test(name)) return 'Mei';
  if (/email/i.test(name)) return 'mei@example.com';
  return `${name.replace(/_?id$/i, '') || name}-1`;
}

function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entries(value: Json | undefined): [string, Json][] {
  return isObject(value) ? Object.entries(value) : [];
}
