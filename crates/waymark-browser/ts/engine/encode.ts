// Events and contexts as `waymark_model::Event::encode` and `waymark_engine::Context::encode` write
// them, byte for byte (`test/golden.json`).

import { encoded, putByte, putNumber, putOptional, putRaw, putText, putUnsigned, toHex, written } from './bytes';
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
  /** Only Programs of the whole engine ask for it. */
  zone?: Zone | undefined;
  /** The device's id, once there is consent. */
  anonymousId: string | undefined;
  /** Rules whose content this page has shown: their limits are not asked. */
  shown?: string[];
}

export function encodeEvent(event: EngineEvent): Uint8Array {
  return written(() => {
    putByte(FORMAT);
    putByte(KINDS.indexOf(event.kind));
    putText(event.id);
    putText(event.name);
    putNumber(event.time);
    putOptional(event.anonymousId);
    putOptional(event.userId);
    putObject(event.properties, DEPTH);
    if (event.encoded) putRaw(event.encoded);
    else putObject(event.context, DEPTH);
  });
}

export const encodeObject = (object: JsonObject): Uint8Array => written(() => putObject(object, DEPTH));

export function encodeContext(context: DecisionContext): Uint8Array {
  const { values, consent, locale, zone, anonymousId, shown = [] } = context;
  return written(() => {
    putByte(+consent.analytics | (+consent.personalization << 1) | (+consent.marketing << 2));
    putText(locale);
    putByte(zone ? 1 : 0);
    if (zone) {
      putNumber(zone.offset);
      putNumber(zone.until);
    }
    putObject(values, DEPTH);
    putOptional(anonymousId);
    // What the page's address forces, the engine finds there.
    putUnsigned(0);
    putUnsigned(shown.length);
    shown.forEach(putText);
  });
}

function putValue(value: Json, depth: number): void {
  if (value === null) putByte(0);
  else if (typeof value === 'boolean') putByte(value ? 2 : 1);
  else if (typeof value === 'number') putNumeral(value);
  else if (typeof value === 'string') {
    putByte(4);
    putText(value);
  } else if (Array.isArray(value)) {
    putByte(5);
    const inner = below(depth);
    putUnsigned(value.length);
    for (const item of value) putValue(item, inner);
  } else {
    putByte(6);
    putObject(value, depth);
  }
}

function putNumeral(number: number): void {
  if (Number.isInteger(number) && Math.abs(number) < 2 ** 30) {
    putByte(7);
    putUnsigned(((number << 1) ^ (number >> 31)) >>> 0);
  } else {
    putByte(3);
    putNumber(number);
  }
}

function putObject(object: JsonObject, depth: number): void {
  const inner = below(depth);
  const keys = Object.keys(object).sort();
  // JavaScript's own order differs where there are surrogates.
  if (/[\ud800-\uffff]/.test(keys.join())) keys.sort(byCodePoint);
  putUnsigned(keys.length);
  for (const key of keys) {
    putText(key);
    putValue(object[key]!, inner);
  }
}

function below(depth: number): number {
  if (depth === 0) {
    const error = new Error(`nested deeper than ${DEPTH}`);
    error.name = 'too-deep';
    throw error;
  }
  return depth - 1;
}

/** The order of the UTF-8 bytes, of texts that differ. */
export const byCodePoint = (a: string, b: string): number => (toHex(encoded(a)) < toHex(encoded(b)) ? -1 : 1);
