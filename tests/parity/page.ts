// What a page does with the cases: its own encoder, the packed module, and the bytes that come out.

import init, { Engine } from 'waymark-engine';

import { fromBase64, toBase64, toHex } from '../../crates/waymark-browser/ts/bytes';
import { decodeActed } from '../../crates/waymark-browser/ts/decode';
import { encodeContext, encodeEvent, type Kind } from '../../crates/waymark-browser/ts/encode';
import { plain } from '../../crates/waymark-browser/ts/json';
import type { JsonObject } from '../../crates/waymark-browser/ts/types';

interface Touchpoint {
  type: Kind;
  messageId: string;
  timestamp: string;
  anonymousId: string;
  userId?: string;
  event?: string;
  properties?: JsonObject;
  traits?: JsonObject;
  context?: JsonObject;
  receivedAt?: string;
}

interface Case {
  events: Touchpoint[];
  decide: {
    now: number;
    locale?: string;
    consent?: { categoryPreferences: { [purpose: string]: boolean } };
    context?: JsonObject;
    anonymousId?: string;
    shown?: string[];
  };
}

const NAMES: { [kind: string]: string } = {
  page: 'Page Viewed',
  screen: 'Screen Viewed',
  identify: 'Identified',
};

export async function load(module: string): Promise<void> {
  await init({ module_or_path: module });
}

interface Outcome {
  decision: string;
  actions: { messageId: string; event: string; at: string; properties: JsonObject }[];
  state: string;
}

/** Every case's decision in base64, what was done, and its state's SHA-256. `acts` says whether the
 * Program does anything by itself. */
export async function run(program: string, acts: boolean, cases: Case[]): Promise<Outcome[]> {
  const bytes = fromBase64(program);
  return Promise.all(cases.map((one) => evaluate(bytes, acts, one)));
}

async function evaluate(program: Uint8Array, acts: boolean, { events, decide }: Case): Promise<Outcome> {
  const engine = new Engine(program, new Uint8Array(0));
  try {
    const { analytics = false, personalization = false, marketing = false } = decide.consent?.categoryPreferences ?? {};
    const context = encodeContext({
      values: plain(decide.context ?? {}) as JsonObject,
      consent: { analytics, personalization, marketing },
      locale: decide.locale ?? '',
      anonymousId: decide.anonymousId,
      shown: decide.shown,
    });
    const actions: Outcome['actions'] = [];
    // A host that never sleeps.
    const until = (now: number): void => {
      for (let due = -Infinity; acts && due <= now; ) {
        due = engine.due();
        const at = Math.min(due, now);
        engine.advance(at);
        const acted = decodeActed(engine.act(context, at));
        for (const { id: messageId, event, properties } of acted) {
          actions.push({ messageId, event, at: new Date(at).toISOString(), properties });
        }
        if (!acted.length && engine.due() <= due) break;
      }
    };
    let clock = -Infinity;
    for (const event of events) {
      clock = Math.max(clock, Date.parse(event.receivedAt ?? event.timestamp));
      until(clock);
      engine.apply(encoded(event));
      until(clock);
    }
    until(Math.max(clock, decide.now));
    const decision = toBase64(engine.decide(context, decide.now));
    const digest = await crypto.subtle.digest('SHA-256', engine.snapshot() as BufferSource);
    return { decision, actions, state: toHex(new Uint8Array(digest)) };
  } finally {
    engine.free();
  }
}

const encoded = (event: Touchpoint): Uint8Array =>
  encodeEvent({
    id: event.messageId,
    kind: event.type,
    name: event.event ?? NAMES[event.type]!,
    time: Date.parse(event.timestamp),
    anonymousId: event.anonymousId,
    userId: event.userId,
    properties: plain(event.properties ?? event.traits ?? {}) as JsonObject,
    context: plain(event.context ?? {}) as JsonObject,
  });
