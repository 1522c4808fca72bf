// A call as it was made, and the event it becomes once its sender may be known.

import { byteLength } from './bytes';
import type { EngineEvent } from './encode';
import { stringify } from './json';
import type { PageSnapshot } from './page';
import type { Device } from './storage';
import type { JsonObject, Purposes } from './types';

/** Bytes of one event: `waymark_model::limits::EVENT_BYTES`. */
const EVENT_BYTES = 32 * 1024;
/** Bytes of an id or a name: `waymark_model::limits`. */
const ID_BYTES = 256;

/** A call with everything that could change before its event is made. */
export interface Held {
  kind: 'track' | 'page' | 'identify';
  id: string;
  at: number;
  /** Of a `track`. */
  event?: string;
  userId?: string | undefined;
  /** The properties or traits, as JSON: the page may go on changing its objects. */
  payload: string;
  seen: PageSnapshot;
}

export interface Made {
  json: string;
  engine: EngineEvent;
}

const NAMES = { page: 'Page Viewed', identify: 'Identified' };

export class BadCall extends Error {
  constructor(code: string, message: string) {
    super(message);
    this.name = code;
  }
}

/** The event in Segment's shape, and the same one for the engine. */
export function make(
  held: Held,
  device: Device,
  consent: Purposes,
  surroundings: JsonObject,
): Made {
  const { kind, id, at, userId, seen } = held;
  const payload = JSON.parse(held.payload) as JsonObject;
  const context: JsonObject = {
    page: seen.page,
    locale: seen.locale,
    ...surroundings,
    consent: { categoryPreferences: { ...consent } },
  };
  if (Object.keys(seen.campaign).length) context['campaign'] = seen.campaign;
  const anonymousId = device.id;
  const name = kind === 'track' ? held.event! : NAMES[kind];
  const json = JSON.stringify({
    type: kind,
    messageId: id,
    timestamp: new Date(at).toISOString(),
    anonymousId,
    userId,
    event: held.event,
    [kind === 'identify' ? 'traits' : 'properties']: payload,
    context,
  });
  if (byteLength(json) > EVENT_BYTES) {
    throw new BadCall('event-too-large', `${name} has more than ${EVENT_BYTES} bytes`);
  }
  return {
    json,
    engine: { id, kind, name, time: at, anonymousId, userId, properties: payload, context },
  };
}

/** Properties or traits as JSON. */
export function payloadOf(properties: unknown, more?: JsonObject): string {
  if (properties === undefined || properties === null) properties = {};
  if (typeof properties !== 'object' || Array.isArray(properties)) {
    throw new BadCall('bad-properties', 'properties and traits have to be objects');
  }
  try {
    const text = stringify(more ? { ...more, ...properties } : properties);
    if (text.startsWith('{')) return text;
  } catch (error) {
    throw new BadCall('bad-properties', `these cannot be written as JSON: ${String(error)}`);
  }
  throw new BadCall('bad-properties', 'properties and traits have to be objects');
}

export function eventName(name: unknown): string {
  if (typeof name !== 'string' || !name) {
    throw new BadCall('bad-event-name', 'track() needs the name of an event');
  }
  return bounded(name, 'bad-event-name');
}

/** `undefined` leaves the visitor as anonymous as they were. */
export function userIdOf(id: unknown): string | undefined {
  if (id === null || id === undefined || id === '') return undefined;
  if (typeof id !== 'string' && !(typeof id === 'number' && Number.isFinite(id))) {
    throw new BadCall('bad-user-id', 'identify() needs a user id that is text, or null');
  }
  return bounded(String(id), 'bad-user-id');
}

function bounded(text: string, code: string): string {
  if (byteLength(text) > ID_BYTES) throw new BadCall(code, `it has more than ${ID_BYTES} bytes`);
  // A half of a surrogate pair has no UTF-8.
  return text.replace(/\p{Cs}/gu, '\ufffd');
}
