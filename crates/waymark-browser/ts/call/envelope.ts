// A call as it was made, and the event it becomes once its sender may be known.

import { byteLength } from '../engine/bytes';
import { encodeObject, type EngineEvent, type Kind } from '../engine/encode';
import { stringify } from '../engine/json';
import { masked } from './mask';
import type { PageSnapshot } from '../page/page';
import { messageId } from '../visitor/identity';
import type { Device } from '../visitor/storage';
import type { JsonObject, Purposes } from '../types';

/** Bytes of one event: `waymark_model::limits::EVENT_BYTES`. */
const EVENT_BYTES = 32 * 1024;
/** Bytes of an id or a name: `waymark_model::limits`. */
const ID_BYTES = 256;

/** A call with everything that could change before its event is made. */
export interface Held {
  kind: Kind;
  /** Where there is none it gets one as it becomes an event. */
  id: string | undefined;
  at: number;
  /** Of a `track`. */
  event?: string;
  /** Of a `group`. */
  groupId?: string | undefined;
  /** Of an `alias`. */
  previousId?: string | undefined;
  userId?: string | undefined;
  /** What the call adds to the context, as JSON. */
  context?: string | undefined;
  /** The properties or traits, as JSON: the page may go on changing its objects. */
  payload: string;
  seen: PageSnapshot;
}

export interface Made {
  json: string;
  engine: EngineEvent;
}

/** `waymark_model::Kind::event_name`. */
export const NAMES: { [kind in Kind]?: string } = {
  page: 'Page Viewed',
  screen: 'Screen Viewed',
  identify: 'Identified',
  group: 'Grouped',
  alias: 'Aliased',
};

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
  mask: boolean,
): Made {
  const { kind, id = messageId(), at, userId, seen, groupId, previousId } = held;
  const said = JSON.parse(held.payload) as JsonObject;
  const isTraits = kind === 'identify' || kind === 'group';
  // Traits are what the page means to tell.
  const payload = mask && !isTraits ? masked(said, held.payload) : said;
  const around = contextOf(seen, surroundings, consent);
  const anonymousId = device.id;
  const name = NAMES[kind] ?? held.event!;
  const timestamp = new Date(at).toISOString();
  const head = JSON.stringify({ type: kind, messageId: id, timestamp, anonymousId, userId, event: held.event, groupId, previousId });
  const text = payload === said ? held.payload : JSON.stringify(payload);
  const { context, json, bytes } = held.context ? widened(around, held.context, mask) : around;
  const whole = `${head.slice(0, -1)},"${isTraits ? 'traits' : 'properties'}":${text},"context":${json}}`;
  if (whole.length * 3 > EVENT_BYTES && byteLength(whole) > EVENT_BYTES) {
    throw new BadCall('event-too-large', `${name} has more than ${EVENT_BYTES} bytes`);
  }
  // Where the edge's reader keeps the id beside the visitor's own.
  const properties = { ...payload, ...(groupId && { groupId }), ...(previousId && { previousId }) };
  return { json: whole, engine: { id, kind, name, time: at, anonymousId, userId, properties, context, encoded: bytes } };
}

/** What events say of where they happened: the same for all of a page. */
interface Context {
  seen: PageSnapshot;
  consent: Purposes;
  context: JsonObject;
  json: string;
  bytes: Uint8Array;
}

/** With what a call says besides, except of consent. */
function widened({ context }: Context, said: string, mask: boolean): Pick<Context, 'context' | 'json' | 'bytes'> {
  const more = JSON.parse(said) as JsonObject;
  const all = { ...context, ...(mask ? masked(more, said) : more), consent: context['consent']! };
  return { context: all, json: JSON.stringify(all), bytes: encodeObject(all) };
}

let latest: Context | undefined;

function contextOf(seen: PageSnapshot, surroundings: JsonObject, consent: Purposes): Context {
  if (latest?.seen !== seen || latest.consent !== consent) {
    const context: JsonObject = {
      locale: seen.locale,
      ...surroundings,
      ...seen.safe,
      consent: { categoryPreferences: { ...consent } },
    };
    latest = { seen, consent, context, json: JSON.stringify(context), bytes: encodeObject(context) };
  }
  return latest;
}

/** Properties or traits as JSON. */
export function payloadOf(properties: unknown, more?: JsonObject): string {
  properties ??= {};
  let text: string | false;
  try {
    const isObject = typeof properties === 'object' && !Array.isArray(properties);
    text = isObject && stringify(more ? { ...more, ...(properties as object) } : properties);
  } catch (error) {
    throw new BadCall('bad-properties', `this is no JSON: ${String(error)}`);
  }
  // Its `toJSON` may have made anything of it.
  if (text && text.startsWith('{')) return text;
  throw new BadCall('bad-properties', 'properties and traits are objects');
}

export function eventName(name: unknown): string {
  if (typeof name !== 'string' || !name) {
    throw new BadCall('bad-event-name', 'track() needs an event name');
  }
  return bounded(name, 'bad-event-name');
}

/** `undefined` where there is none. */
export function idOf(id: unknown): string | undefined {
  if (id === null || id === undefined || id === '') return undefined;
  if (typeof id !== 'string' && !(typeof id === 'number' && Number.isFinite(id))) {
    throw new BadCall('bad-id', 'an id is text or a number');
  }
  return bounded(String(id), 'bad-id');
}

/** Of a call that means nothing without one. */
export function neededId(id: unknown): string {
  const known = idOf(id);
  if (known === undefined) throw new BadCall('bad-id', 'this call needs an id');
  return known;
}

export function messageIdOf(id: unknown): string | undefined {
  const text = idOf(id);
  if (text && /\s/.test(text)) throw new BadCall('bad-id', 'a messageId has no spaces');
  return text;
}

/** Milliseconds since 1970. */
export function instant(time: Date | number | string): number {
  const at = new Date(time).getTime();
  if (at !== at) throw new BadCall('bad-timestamp', 'a timestamp is a Date, ms or ISO 8601');
  return at;
}

function bounded(text: string, code: string): string {
  const length = byteLength(text);
  if (length > ID_BYTES) throw new BadCall(code, `it has more than ${ID_BYTES} bytes`);
  // A half of a surrogate pair has no UTF-8.
  return length === text.length ? text : text.replace(/\p{Cs}/gu, '\ufffd');
}
