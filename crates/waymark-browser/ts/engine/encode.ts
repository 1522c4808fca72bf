// Events and contexts as `waymark_model::Event::encode` and `waymark_engine::Context::encode` write
// them, byte for byte (`test/golden.json`).

import { Writer } from './bytes';
import type { Json, JsonObject, Purposes } from '../types';
import type { Zone } from './zone';

/** Objects and arrays inside each other: `waymark_model::limits::DEPTH`. */
const DEPTH = 16;
const FORMAT = 1;

/** `waymark_model::Kind`. */
export const KINDS = ['track', 'page', 'screen', 'identify', 'group', 'alias'] as const;
export type Kind = (typeof KINDS)[number];

/** A touchpoint as the engine knows it. Everything in it has gone through JSON. */
export interface EngineEvent {
  id: string;
  kind: Kind;
  name: string;
  time: number;
  anonymousId?: string | undefined;
  userId?: string | undefined;
  properties: JsonObject;
  context: JsonObject;
  /** The context as it is written, where it has been already. */
  encoded?: Uint8Array | undefined;
}

export interface DecisionContext {
  /** The groups `page`, `campaign`, `device` and `geo`. */
  values: JsonObject;
  consent: Purposes;
  locale: string;
  zone?: Zone;
  /** The device's id, once there is consent. */
  anonymousId: string | undefined;
  /** Rules whose content this page has shown: their limits are not asked. */
  shown?: string[];
}

export function encodeEvent(event: EngineEvent): Uint8Array {
  const out = new Writer();
  out.byte(FORMAT);
  out.byte(KINDS.indexOf(event.kind));
  out.text(event.id);
  out.text(event.name);
  out.number(event.time);
  out.optionalText(event.anonymousId);
  out.optionalText(event.userId);
  writeObject(out, event.properties, DEPTH);
  if (event.encoded) out.raw(event.encoded);
  else writeObject(out, event.context, DEPTH);
  return out.bytes();
}

export function encodeObject(object: JsonObject): Uint8Array {
  const out = new Writer();
  writeObject(out, object, DEPTH);
  return out.bytes();
}

export function encodeContext(context: DecisionContext): Uint8Array {
  const { values, consent, locale, zone, anonymousId, shown = [] } = context;
  const out = new Writer();
  out.byte(+consent.analytics | (+consent.personalization << 1) | (+consent.marketing << 2));
  out.text(locale);
  out.byte(zone ? 1 : 0);
  if (zone) {
    out.number(zone.offset);
    out.number(zone.until);
  }
  writeObject(out, values, DEPTH);
  out.optionalText(anonymousId);
  // What the page's address forces, the engine finds there.
  out.unsigned(0);
  out.unsigned(shown.length);
  for (const rule of shown) out.text(rule);
  return out.bytes();
}

function writeValue(out: Writer, value: Json, depth: number): void {
  if (value === null) out.byte(0);
  else if (typeof value === 'boolean') out.byte(value ? 2 : 1);
  else if (typeof value === 'number') writeNumber(out, value);
  else if (typeof value === 'string') {
    out.byte(4);
    out.text(value);
  } else if (Array.isArray(value)) {
    out.byte(5);
    const inner = below(depth);
    out.unsigned(value.length);
    for (const item of value) writeValue(out, item, inner);
  } else {
    out.byte(6);
    writeObject(out, value, depth);
  }
}

function writeNumber(out: Writer, number: number): void {
  if (Number.isInteger(number) && Math.abs(number) < 2 ** 30) {
    out.byte(7);
    out.unsigned(((number << 1) ^ (number >> 31)) >>> 0);
  } else {
    out.byte(3);
    out.number(number);
  }
}

function writeObject(out: Writer, object: JsonObject, depth: number): void {
  const inner = below(depth);
  const keys = Object.keys(object).sort(byCodePoint);
  out.unsigned(keys.length);
  for (const key of keys) {
    out.text(key);
    writeValue(out, object[key]!, inner);
  }
}

function below(depth: number): number {
  if (depth === 0) {
    const error = new Error(`objects and arrays nest deeper than ${DEPTH}`);
    error.name = 'too-deep';
    throw error;
  }
  return depth - 1;
}

/** The order of the UTF-8 bytes. JavaScript's own order differs where there are surrogates. */
export function byCodePoint(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Moves the surrogates behind every other code unit. */
const rank = (unit: number): number =>
  unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
