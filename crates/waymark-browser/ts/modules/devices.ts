// What the visitor's other devices did, and what servers told of them: the edge knows it, and this device goes on
// from there, with what the edge has not heard from it yet.

import { fromBase64 } from '../engine/bytes';
import { encodeEvent, type EngineEvent, type Kind } from '../engine/encode';
import { NAMES } from '../call/envelope';
import { post } from '../delivery/outbox';
import { Store } from '../visitor/storage';
import type { Sdk } from '../sdk';
import type { JsonObject } from '../types';

/** A page that the edge has made waits for it. */
const PATIENCE = 1_500;
const MOST = 100;

export async function start(sdk: Sdk): Promise<void> {
  const { decider, outbox } = sdk;
  if (!sdk.consent().personalization) return;
  try {
    if (!(await delivered(sdk))) return;
    const state = await known(sdk);
    if (!state || !sdk.consent().personalization) return;
    decider.hold();
    try {
      const { lines } = await outbox.queue.first(MOST);
      decider.resume(state);
      for (const { text } of lines) {
        for (const event of JSON.parse(`[${text}]`) as JsonObject[]) decider.apply(encodeEvent(read(event)));
      }
    } finally {
      decider.catchUp();
      decider.decideSoon();
      decider.save();
    }
  } catch {
    // The next page asks again.
  }
}

/** Whether the edge has all that has waited: of the rest nobody could say whether its state has it, too. */
async function delivered({ outbox }: Sdk): Promise<boolean> {
  const before = new Set((await outbox.queue.first(MOST)).lines.map(({ id }) => id));
  await Promise.race([outbox.flush(), new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  const after = await outbox.queue.first(MOST);
  return !after.lines.some(({ id }) => before.has(id));
}

/** Nothing where this device has heard of as much as the edge. */
async function known(sdk: Sdk): Promise<Uint8Array | undefined> {
  const { device } = Store.ofPage(sdk.options.storage !== 'memory').record();
  if (!device) return undefined;
  const seq = sdk.decider.decideAt(Date.now())?.seq ?? 0;
  const body = JSON.stringify({
    writeKey: sdk.options.writeKey,
    deviceKey: device.key,
    anonymousId: device.id,
    consent: sdk.consent(),
    state: true,
  });
  const response = await fetch(`${sdk.origin}/v1/decide`, { ...post(body), signal: AbortSignal.timeout(PATIENCE) });
  const { state, seq: theirs } = (await response.json()) as { state?: string; seq?: number };
  return response.ok && state && theirs! > seq ? fromBase64(state) : undefined;
}

/** An event of the queue as the engine takes it. */
function read(event: JsonObject): EngineEvent {
  const { type, messageId, event: name, timestamp, anonymousId, userId, groupId, previousId } = event as {
    [member: string]: string | undefined;
  };
  const said = (event['properties'] ?? event['traits'] ?? {}) as JsonObject;
  return {
    id: messageId!,
    kind: type as Kind,
    name: NAMES[type as Kind] ?? name!,
    time: Date.parse(timestamp!),
    anonymousId,
    userId,
    properties: { ...said, ...(groupId && { groupId }), ...(previousId && { previousId }) },
    context: event['context'] as JsonObject,
  };
}
