// What the page offers of a pack: its events with likely properties, the parts of a page's context
// that it reads, and its languages. Whether the pack is right is for the compiler to say.

import type { Json } from './types';

export interface Outline {
  events: Map<string, Offer>;
  /** What an `identify` call may say. */
  traits: Offer;
  /** Paths such as `campaign.source`, with the values that the pack compares them to. */
  context: Map<string, Json[]>;
  locales: string[];
}

/** An event as one might send it. */
export interface Offer {
  /** Where a visitor meets it, by language. */
  touchpoint: Map<string, string>;
  /** Declared types, by property. */
  types: Map<string, string>;
  /** Values that are likely to matter. */
  likely: { [property: string]: Json };
}

const CONTEXT = /^(?:page|campaign|device|geo)\.[^\s.][^\s]*$/;
const INSERT = /\{\{\s*((?:page|campaign|device|geo)\.[\w.-]+)/g;

/** Null while the text is no pack at all. */
export function outline(source: string): Outline | null {
  try {
    const pack = JSON.parse(bare(source)) as Json;
    return isObject(pack) ? outlined(pack) : null;
  } catch {
    return null;
  }
}

function outlined(pack: { [key: string]: Json }): Outline {
  const found: Outline = { events: new Map(), traits: offer(), context: new Map(), locales: [] };
  const tested = new Map<string, Map<string, Json>>();
  walk(pack, found, tested);

  const currency = typeof pack['currency'] === 'string' ? pack['currency'] : 'USD';
  const journey = isObject(pack['journey']) ? pack['journey'] : {};
  const touchpoints = new Map(entries(journey['touchpoints']));
  for (const [name, event] of entries(pack['events'])) {
    const declared = isObject(event) ? event : {};
    const types = entries(declared['properties']).map(([key, type]): [string, string] => [key, String(type)]);
    const likely = types.map(([key, type]): [string, Json] => [key, sample(key, type, currency)]);
    const touchpoint = touchpoints.get(String(declared['touchpoint']));
    found.events.set(name, {
      touchpoint: labels(isObject(touchpoint) ? touchpoint['label'] : undefined),
      types: new Map(types),
      likely: Object.fromEntries([...likely, ...(tested.get(name) ?? [])]),
    });
  }
  const traits = entries(pack['attributes']).flatMap(([path, attribute]): [string, string][] => {
    const name = /^traits\.([^.]+)$/.exec(path)?.[1];
    return name ? [[name, isObject(attribute) ? String(attribute['type']) : '']] : [];
  });
  found.traits.types = new Map(traits);
  found.traits.likely = Object.fromEntries(traits.map(([name, type]) => [name, sample(name, type, currency)]));
  return found;
}

function offer(): Offer {
  return { touchpoint: new Map(), types: new Map(), likely: {} };
}

function labels(label: Json | undefined): Map<string, string> {
  return new Map(entries(label).map(([tag, text]) => [tag, String(text)]));
}

/** Without comments and trailing commas. */
function bare(source: string): string {
  const without = (pattern: RegExp, text: string): string =>
    text.replace(pattern, (found) => (found.startsWith('"') ? found : ' '));
  const plain = without(/"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*(?:[^]*?\*\/|[^]*)/g, source);
  return without(/"(?:[^"\\\n]|\\.)*"|,(?=\s*[}\]])/g, plain);
}

function walk(value: Json, found: Outline, tested: Map<string, Map<string, Json>>): void {
  if (typeof value === 'string') {
    for (const [, path] of value.matchAll(INSERT)) if (path) found.context.set(path, found.context.get(path) ?? []);
  } else if (Array.isArray(value)) {
    for (const item of value) walk(item, found, tested);
  } else if (isObject(value)) {
    const event = value['event'];
    if (typeof event === 'string' && isObject(value['where'])) {
      const properties = tested.get(event) ?? new Map<string, Json>();
      for (const [path, wanted] of entries(value['where'])) {
        const [first] = literals(wanted);
        if (first !== undefined && /^[^$.]+$/.test(path) && !properties.has(path)) properties.set(path, first);
      }
      tested.set(event, properties);
    }
    for (const [key, member] of entries(value)) {
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
  return ['$eq', '$in', '$gte', '$lte', '$gt', '$lt'].flatMap((operator) => literals(wanted[operator] ?? null));
}

function sample(name: string, type: string, currency: string): Json {
  switch (type) {
    case 'number': return name === 'quantity' ? 1 : 100;
    case 'boolean': return true;
    case 'date': return '2026-11-20T09:00:00Z';
    case 'array': return [];
    case 'object': return {};
    default: break;
  }
  if (name === 'currency') return currency;
  if (/(?:first|given|full)_?name$/i.test(name)) return 'Mei';
  if (/(?:last|family)_?name$/i.test(name)) return 'Tan';
  if (/email/i.test(name)) return 'mei@example.com';
  return `${name.replace(/_?id$/i, '') || name}-1`;
}

export function isObject(value: Json | undefined): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function entries(value: Json | undefined): [string, Json][] {
  return isObject(value) ? Object.entries(value) : [];
}
