// What a page does with the cases: its own encoder, the packed module, and the bytes that come out.

import { fromBase64, toBase64, toHex } from '../../crates/waymark-browser/ts/engine/bytes';
import { decodeActed } from '../../crates/waymark-browser/ts/engine/decode';
import { encodeContext, encodeEvent, type Kind } from '../../crates/waymark-browser/ts/engine/encode';
import { Engine } from '../../crates/waymark-browser/ts/engine/engine';
import { plain } from '../../crates/waymark-browser/ts/engine/json';
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

interface Part {
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

let engine: Engine;

export async function load(module: string): Promise<void> {
  const response = await fetch(module);
  engine = await Engine.from(await WebAssembly.compile(await response.arrayBuffer()));
}

interface Case extends Part {
  before: (Part & { pack: Packed })[];
}

interface Outcome {
  decision: string;
  actions: { messageId: string; event: string; at: string; properties: JsonObject }[];
  state: string;
}

/** A page's Program in base64, and whether it does anything by itself. */
interface Packed {
  page: string;
  acts: boolean;
}

const programs = new Map<string, Uint8Array>();

/** The same bytes for the same Program: the engine reads it once. */
function programOf(page: string): Uint8Array {
  const program = programs.get(page) ?? fromBase64(page);
  programs.set(page, program);
  return program;
}

/** Every case's decision in base64, what was done, and its state's SHA-256. */
export const run = (pack: Packed, cases: Case[]): Promise<Outcome[]> =>
  Promise.all(cases.map((one) => evaluate(pack, one)));

async function evaluate(pack: Packed, { before, ...last }: Case): Promise<Outcome> {
  let state: Uint8Array<ArrayBufferLike> = new Uint8Array(0);
  let decision = '';
  let clock = -Infinity;
  const actions: Outcome['actions'] = [];
  for (const part of [...before, { ...last, pack }]) {
    engine.open(programOf(part.pack.page), state);
    decision = goOn(part.pack.acts, part, clock, actions);
    clock = part.decide.now;
    state = engine.snapshot();
  }
  const digest = await crypto.subtle.digest('SHA-256', state);
  return { decision, actions, state: toHex(new Uint8Array(digest)) };
}

function goOn(
  acts: boolean,
  { events, decide }: Part,
  clock: number,
  actions: Outcome['actions'],
): string {
  const { analytics = false, personalization = false, marketing = false } = decide.consent?.categoryPreferences ?? {};
  const context = encodeContext({
    values: plain(decide.context ?? {}) as JsonObject,
    consent: { analytics, personalization, marketing },
    locale: decide.locale ?? '',
    anonymousId: decide.anonymousId,
    shown: decide.shown,
  });
  // A host that never sleeps.
  const until = (now: number): void => {
    for (let due = -Infinity; acts && due <= now; ) {
      due = engine.due();
      const at = Math.min(Math.max(due, clock), now);
      engine.advance(at);
      const acted = decodeActed(engine.act(context, at));
      for (const { id: messageId, event, properties } of acted) {
        actions.push({ messageId, event, at: new Date(at).toISOString(), properties });
      }
      if (!acted.length && engine.due() <= due) break;
    }
    clock = now;
  };
  for (const event of events) {
    until(Math.max(clock, Date.parse(event.receivedAt ?? event.timestamp)));
    engine.apply(encoded(event));
    until(clock);
  }
  until(Math.max(clock, decide.now));
  return toBase64(engine.decide(context, decide.now));
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
